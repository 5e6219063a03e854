"""Near-duplicates over batches: the groups do not depend on the order, and old batches are not compared again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from tests.batches.made_vectors import Vector, embed, made_step, signature
from tests.place import Place, ledger
from video_assets.batches import duplicates
from video_assets.batches.duplicates import find_duplicates, group_duplicates
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.plan import plan
from video_assets.lake.schemas import DUPLICATE_GROUPS, NEAR_DUPLICATES
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS

# In degrees: 8 are a cosine of 0.9903. Clip b2 joins a1 and c1, which are not near each other.
BATCHES = {
    "a": {"a1": (0.0, 1000), "a2": (90.0, 1000)},
    "b": {"b1": (91.0, 2000), "b2": (7.0, 500), "b3": (180.0, 1000)},
    "c": {"c1": (14.0, 900), "c2": (92.0, 700)},
}


def take_in(step: Step, batch: str) -> list[str]:
    """Bring a batch to its groups; returns the batches that changed beside it."""
    clips = BATCHES[batch]
    embed(step, batch, {c: signature(angle) for c, (angle, _) in clips.items()}, [w for _, w in clips.values()])
    find_duplicates(step, batch)
    return [made.batch for made in group_duplicates(step, batch)][1:]


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return made_step(tmp_path)


def found(step: Step) -> dict[str, tuple[str, int, str | None]]:
    rows = step.lake.read(DUPLICATE_GROUPS).sort("clip_id")
    return {
        c: (g, n, of) for c, g, n, of in rows.select("clip_id", "duplicate_group", "duplicates", "duplicate_of").rows()
    }


def test_a_new_batch_joins_old_groups_and_the_best_of_all_batches_stays(step: Step) -> None:
    assert take_in(step, "a") == []
    assert take_in(step, "c") == ["a"]
    assert found(step) == {
        "a1": ("a1", 1, None), "a2": ("a2", 2, None), "c1": ("c1", 1, None), "c2": ("a2", 2, "a2"),
    }  # fmt: skip
    before = ledger(step.lake)
    assert take_in(step, "b") == ["a", "c"]
    # The old batches' pairs were not written again.
    assert all(ledger(step.lake)[f"near_duplicates@{old}"] == before[f"near_duplicates@{old}"] for old in "ac")
    assert found(step) == {
        "a1": ("a1", 3, None), "b2": ("a1", 3, "a1"), "c1": ("a1", 3, None),
        "a2": ("a2", 3, "b1"), "b1": ("a2", 3, None), "c2": ("a2", 3, "b1"),
        "b3": ("b3", 1, None),
    }  # fmt: skip


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Step:
    """Give what becomes of the batches one after the other."""
    step = made_step(tmp_path_factory.mktemp("in-order"))
    for batch in "abc":
        take_in(step, batch)
    return step


@pytest.mark.parametrize("order", ["cab", "bca"])
def test_the_groups_do_not_depend_on_the_order_in_which_batches_come(
    order: str, tmp_path: Path, in_order: Step
) -> None:
    other = made_step(tmp_path)
    for batch in "cab":
        take_in(other, batch)
    assert_frame_equal(other.lake.read(DUPLICATE_GROUPS), in_order.lake.read(DUPLICATE_GROUPS))


def test_batches_that_are_compared_after_all_came_have_the_same_groups(tmp_path: Path, in_order: Step) -> None:
    other = made_step(tmp_path)
    for work in (None, find_duplicates, group_duplicates):
        for batch, clips in BATCHES.items():
            if work is None:
                embed(other, batch, {c: signature(a) for c, (a, _) in clips.items()}, [w for _, w in clips.values()])
            else:
                work(other, batch)
    assert_frame_equal(other.lake.read(DUPLICATE_GROUPS), in_order.lake.read(DUPLICATE_GROUPS))


def test_an_old_batchs_sheet_is_due_only_where_its_groups_changed(step: Step) -> None:
    from video_assets.batches.sheet import write_sheet

    for batch in ("a", "c"):
        take_in(step, batch)
        write_sheet(step, batch)
    embed(step, "far", {"far1": signature(270.0)})
    find_duplicates(step, "far")
    assert [made.batch for made in group_duplicates(step, "far")] == ["far"]
    write_sheet(step, "a")
    assert due(step) == set()
    embed(step, "near", {"near1": signature(7.0)}, [3000])
    find_duplicates(step, "near")
    assert [made.batch for made in group_duplicates(step, "near")] == ["near", "a", "c"]
    assert due(step) == {"a", "c"}


def due(step: Step) -> set[str]:
    """The old batches whose sheet is due because their groups changed."""
    found = plan(step.lake, step.order)
    return {d.batch for d in found if d.asset == "clip_sheet" and d.detail == "duplicate_groups changed"}


def test_a_clip_that_is_gone_leaves_no_group_behind(step: Step) -> None:
    for batch in "abc":
        take_in(step, batch)
    embed(step, "b", {"b3": signature(180.0)})
    find_duplicates(step, "b")
    assert [made.batch for made in group_duplicates(step, "b")] == ["b", "a", "c"]
    assert found(step) == {
        "a1": ("a1", 1, None), "a2": ("a2", 2, None), "c1": ("c1", 1, None), "c2": ("a2", 2, "a2"), "b3": ("b3", 1, None),
    }  # fmt: skip


def walk(seed: int, values: int = 150) -> Vector:
    """Curves of light, contrast and motion that go on at random."""
    random = np.random.default_rng(seed)
    light = random.normal(size=(2, values)).cumsum(axis=1)
    return np.concatenate([light, np.abs(random.normal(size=(1, values)))]).astype(np.float32)


WALK = walk(1)
# Of one scene, 20 degrees apart (a cosine of 0.94): a copy of "old" that starts 2 s later, and another clip.
SCENE = {
    "x": ({"old": signature(0.0)}, [1000], {"old": WALK}),
    "y": (
        {"copy": signature(20.0), "other": signature(-20.0)},
        [500, 400],
        {"copy": WALK[:, 25:], "other": walk(2)},
    ),
}


@pytest.mark.parametrize("order", ["xy", "yx"])
def test_a_copy_that_starts_at_another_moment_is_known_by_its_course_in_time(order: str, step: Step) -> None:
    for batch in order:
        embed(step, batch, *SCENE[batch])
        find_duplicates(step, batch)
        group_duplicates(step, batch)
    assert found(step) == {"old": ("copy", 2, None), "copy": ("copy", 2, "old"), "other": ("other", 1, None)}
    rows = step.lake.read(DUPLICATE_GROUPS).sort("clip_id").select("clip_id", "duplicate", "duplicate_cosine").rows()
    assert rows == [
        ("copy", True, pytest.approx(np.cos(np.radians(20)))), ("old", False, 0.0), ("other", False, 0.0)
    ]  # fmt: skip
    (pair,) = step.lake.read(NEAR_DUPLICATES).iter_rows(named=True)
    assert (pair["batch"], pair["mirrored"]) == (order[1], False)
    # The same moment is 2 s later in the clip that starts earlier.
    assert pair["offset_s"] == pytest.approx(2.0 if pair["clip_id"] == "old" else -2.0)
    assert pair["correlation"] == pytest.approx(1.0, abs=1e-4)


def test_clips_whose_course_nobody_recorded_are_compared_by_their_signatures_alone(step: Step) -> None:
    embed(step, "x", {"a": signature(0.0), "b": signature(20.0), "c": signature(5.0)}, courses={"a": WALK})
    find_duplicates(step, "x")
    rows = step.lake.read(NEAR_DUPLICATES).select("clip_id", "other_id", "correlation", "offset_s").rows()
    assert rows == [("a", "c", None, None)]


def test_batches_of_flat_pictures_alone_are_passed_over(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_BATCHES_AT_ONCE", 1)
    flat = CLIP_EMBEDDINGS.table.frame(
        [{"batch": "flat", "clip_id": "f", "video_id": "f"}], version=step.version("clip_embeddings")
    )
    step.lake.commit([Replacement(CLIP_EMBEDDINGS.table, ["flat"], flat)], [], message="flat")
    embed(step, "x", {"a": signature(0.0), "b": signature(3.0)})
    assert find_duplicates(step, "x").rows == 1


def test_real_clips_keep_their_rows_when_their_groups_are_formed_again(curated_few: Place, tmp_path: Path) -> None:
    lake = curated_few.copy(tmp_path).lake()
    step = made_step(tmp_path)
    (batch,) = lake.read(CLIP_EMBEDDINGS.table)["batch"].unique()
    before = lake.read(DUPLICATE_GROUPS), lake.made()["duplicate_groups", batch]["data_version"]
    find_duplicates(step, batch)
    (made,) = group_duplicates(step, batch)
    assert_frame_equal(lake.read(DUPLICATE_GROUPS), before[0])
    assert made.data_version == before[1]
    assert before[0]["duplicate_cosine"].to_list() == [0.0] * before[0].height
