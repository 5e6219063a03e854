"""What is near a benchmark's clips, over batches: the same in any order, and only where something changed is anything made anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from tests.batches.made_vectors import embed, made_step, signature
from tests.place import ledger
from video_assets.batches.contamination import find_contamination
from video_assets.batches.duplicates import find_duplicates, group_duplicates
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.schemas import CLIPS, CONTAMINATION, DUPLICATE_GROUPS, RAW_VIDEOS
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS

# In degrees: 8 are a cosine of 0.9903. A chain leads from the benchmark's clip to a1, b1 and c1; all others are far.
FOOTAGE = {
    "a": {"a1": 0.0, "a2": 90.0},
    "b": {"b1": 7.0},
    "c": {"c1": 14.0, "c2": 180.0},
    "d": {"d1": 270.0},
}
BENCHMARK = {"x1": -5.0, "x2": 45.0}


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return made_step(tmp_path)


def take_in(step: Step, batch: str, clips: Mapping[str, float], benchmark: str | None = None) -> list[str]:
    """Bring a batch through the comparison; returns the batches whose contamination changed beside it."""
    # A benchmark's clips are the larger: as rivals they would win.
    widths = [2000 if benchmark else 1000] * len(clips)
    embed(step, batch, {c: signature(angle) for c, angle in clips.items()}, widths)
    name(step, batch, clips, benchmark)
    find_duplicates(step, batch)
    group_duplicates(step, batch)
    return [made.batch for made in find_contamination(step, batch)][1:]


def name(step: Step, batch: str, clips: Mapping[str, float], benchmark: str | None) -> None:
    """Say of the batch's videos, each of one clip of its name, that they are a benchmark's."""
    rows = RAW_VIDEOS.frame([{"batch": batch, "video_id": clip, "benchmark": benchmark} for clip in clips])
    step.lake.commit([Replacement(RAW_VIDEOS, [batch], rows)], [], message="raw_videos")


def without_signature(step: Step, batch: str, clip: str) -> None:
    """Put a batch of one clip there, which could not be embedded."""
    keys: dict[str, object] = {"batch": batch, "clip_id": clip, "video_id": clip}
    embed(step, batch, {})
    failed = CLIP_EMBEDDINGS.table.frame([keys | {"reason": "model_failed"}], version=step.version("clip_embeddings"))
    clips = CLIPS.frame([keys | {"crop_width": 9, "crop_height": 9, "duration_s": 5.0}])
    step.lake.commit(
        [Replacement(CLIPS, [batch], clips), Replacement(CLIP_EMBEDDINGS.table, [batch], failed)], [], message="x"
    )
    name(step, batch, {clip: 0}, None)
    find_contamination(step, batch)


def found(step: Step) -> dict[str, tuple[bool | None, str | None, str | None, str | None]]:
    columns = ("clip_id", "near_benchmark", "benchmark", "benchmark_clip", "benchmark_through")
    return {clip: tuple(rest) for clip, *rest in step.lake.read(CONTAMINATION).select(columns).rows()}


CLEAN = (False, None, None, None)
NEAR = {
    "a1": (True, "bench", "x1", None), "b1": (True, "bench", "x1", "a1"), "c1": (True, "bench", "x1", "a1"),
    "a2": CLEAN, "c2": CLEAN, "d1": CLEAN,
}  # fmt: skip


def test_without_benchmarks_every_clip_is_clean_even_one_that_was_not_compared(step: Step) -> None:
    for batch, clips in FOOTAGE.items():
        assert take_in(step, batch, clips) == []
    without_signature(step, "e", "e1")
    assert set(found(step).values()) == {CLEAN}
    assert len(found(step)) == 7


def test_a_benchmark_that_comes_later_changes_the_batches_of_what_is_near_it_and_no_others(step: Step) -> None:
    for batch, clips in FOOTAGE.items():
        take_in(step, batch, clips)
    groups, before = step.lake.read(DUPLICATE_GROUPS), ledger(step.lake)
    assert take_in(step, "x", BENCHMARK, "bench") == ["a", "b", "c"]
    assert found(step) == NEAR
    # As a rival it would have made a1 a duplicate; nothing else of the old batches was written again.
    assert_frame_equal(step.lake.read(DUPLICATE_GROUPS, [*FOOTAGE]), groups)
    after = ledger(step.lake)
    assert {n for n in before if after[n] != before[n]} == {"contamination@a", "contamination@b", "contamination@c"}


def test_footage_that_comes_later_finds_the_benchmark_there(step: Step) -> None:
    assert take_in(step, "x", BENCHMARK, "bench") == []
    # The chain is known as soon as its links are: c1 is near nothing until b1 comes.
    assert [take_in(step, batch, FOOTAGE[batch]) for batch in "cadb"] == [[], [], [], ["c"]]
    assert found(step) == NEAR
    cosines = step.lake.read(CONTAMINATION).filter(near_benchmark=True)["benchmark_cosine"].to_list()
    assert cosines == pytest.approx([0.99619] * 3, abs=1e-5)


def test_with_the_first_benchmark_it_is_not_known_any_more_whether_a_clip_without_signature_is_clean(
    step: Step,
) -> None:
    without_signature(step, "e", "e1")
    take_in(step, "d", FOOTAGE["d"])
    assert take_in(step, "x", BENCHMARK, "bench") == ["e"]
    assert found(step) == {"d1": CLEAN, "e1": (None, None, None, None)}
    # With the second benchmark there is nothing new to say of it.
    assert take_in(step, "y", {"y1": 135.0}, "other") == []


def test_videos_that_are_no_benchmarks_any_more_are_footage_and_nobody_is_near_them(step: Step) -> None:
    take_in(step, "a", FOOTAGE["a"])
    without_signature(step, "e", "e1")
    take_in(step, "x", BENCHMARK, "bench")
    name(step, "x", BENCHMARK, None)
    group_duplicates(step, "x")
    assert [made.batch for made in find_contamination(step, "x")] == ["x", "a", "e"]
    assert found(step) == dict.fromkeys(["a1", "a2", "e1", "x1", "x2"], CLEAN)
    assert step.lake.read(DUPLICATE_GROUPS).filter("duplicate")["clip_id"].to_list() == ["a1"]


def test_of_several_benchmarks_the_nearest_is_named(step: Step) -> None:
    take_in(step, "x", BENCHMARK, "bench")
    take_in(step, "y", {"y1": 2.0}, "other")
    take_in(step, "a", FOOTAGE["a"])
    assert found(step)["a1"] == (True, "other", "y1", None)
