"""What a model does in its worker costs the clips that it was doing it to, and only what is missing is measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batches.misbehaving_models import Awkward, Unloadable
from tests.place import Place
from video_assets.batches.pictures import score_with, spread
from video_assets.batches.scores import score
from video_assets.batches.step import Step
from video_assets.curate.tiers import load_tiers
from video_assets.lake.lake import Replacement
from video_assets.lake.plan import Why, plan
from video_assets.measurements import measurements
from video_assets.scorers.safety import SAFETY_SCORES
from video_assets.scorers.text import TEXT_SCORES
from video_assets.settings import ModelSettings, WorkerSettings

# The three clips: of bunny_720p.mp4 (1280 wide) and two of three_shots_fades.mp4.
WIDTH = 1280


@pytest.fixture
def step(curated_few: Place, tmp_path: Path) -> Step:
    """Give a step over a copy of the few files' lake whose version of the safety scores is raised."""
    return at(curated_few.copy(tmp_path), WorkerSettings(attempts=2, idle_seconds=2.0))


def at(place: Place, workers: WorkerSettings, each: float = 60.0) -> Step:
    """Give a step over that lake, with these limits and so many CPU seconds for each picture."""
    lake = place.lake(workers=workers, models=ModelSettings(cpu_seconds_per_picture=each))
    order = measurements(lake.settings, load_tiers(lake.settings.sql_folder / "tiers")[0])
    return Step(lake, order | {"safety_scores": replace(order["safety_scores"], version="raised")})


def batch(step: Step) -> str:
    return str(step.lake.query("SELECT any_value(batch) FROM clips").item())


def scores(step: Step) -> dict[int, set[tuple[str | None, float | None]]]:
    """By width of the clip: reasons and scores."""
    sql = "SELECT crop_width, s.reason, nsfw_score FROM safety_scores AS s JOIN clips USING (batch, clip_id)"
    found: dict[int, set[tuple[str | None, float | None]]] = {}
    for width, reason, nsfw in step.lake.query(sql).iter_rows():
        found.setdefault(width, set()).add((reason, nsfw))
    return found


@pytest.mark.parametrize(
    ("what", "reason", "said"),
    [
        ("raise", "model_failed", "RuntimeError: no such operator"),
        ("not a number", "model_failed", "The model gave nan for nsfw_score."),
        ("crash", "model_failed", "The worker died of SIGSEGV."),
        ("killed", "worker_lost", "The worker ended with exit code -9."),
        ("hang", "model_timeout", "It hung: for 2 s it did nothing."),
    ],
)
def test_a_model_that_fails_leaves_null_and_a_reason_and_the_other_clips_unharmed(
    step: Step, what: str, reason: str, said: str
) -> None:
    made = score_with(step, "safety_scores", batch(step), Awkward(what, WIDTH), 2)
    found = scores(step)
    assert found.pop(WIDTH) == {(reason, None)}
    assert set().union(*found.values()) == {(None, 0.01)}
    assert made.failures == 1
    message = step.lake.query("SELECT message FROM safety_scores WHERE reason IS NOT NULL").item()
    assert message == said


def test_a_model_that_cannot_be_loaded_leaves_every_clip_with_its_reason(step: Step) -> None:
    made = score_with(step, "safety_scores", batch(step), Unloadable(), 2)
    rows = step.lake.query("SELECT DISTINCT reason, message, nsfw_score FROM safety_scores").rows()
    assert rows == [("model_failed", "ValueError: bad magic number", None)]
    assert made.failures == made.rows == step.lake.query("SELECT count(*) FROM candidates WHERE candidate").item()


def test_a_clip_whose_model_was_killed_is_due_again_and_only_that_clip_is_measured(step: Step) -> None:
    here = batch(step)
    score_with(step, "safety_scores", here, Awkward("killed", WIDTH), 2)
    (due,) = [d for d in plan(step.lake, step.order) if d.asset == "safety_scores"]
    assert (due.why, due.detail) == (Why.FAILED, "1 failed for a passing reason")
    # Everything that is measured now is 1280 wide, or raises.
    others = set(scores(step)) - {WIDTH}
    score_with(step, "safety_scores", here, Awkward("raise", others.pop()), 2)
    assert set().union(*scores(step).values()) == {(None, 0.01)}


@pytest.mark.parametrize(
    ("what", "workers", "each", "reason", "by"),
    [
        (
            "toil", WorkerSettings(cpu_seconds_base=1.0), 0.1, "model_timeout",
            "workers.cpu_seconds_base = 1, models.cpu_seconds_per_picture = 0.1",
        ),
        ("fill", WorkerSettings(memory_mib=1024), 60.0, "out_of_memory", "workers.memory_mib = 1024"),
    ],
)  # fmt: skip
def test_a_clip_whose_model_reached_a_limit_is_measured_when_the_limit_is_another_and_no_other_clip_is(
    curated_few: Place, tmp_path: Path, what: str, workers: WorkerSettings, each: float, reason: str, by: str
) -> None:
    place = curated_few.copy(tmp_path)
    narrow = at(place, workers, each)
    here = batch(narrow)
    score_with(narrow, "safety_scores", here, Awkward(what, WIDTH), 2)
    assert scores(narrow)[WIDTH] == {(reason, None)}
    assert narrow.lake.query("SELECT DISTINCT limited_by FROM safety_scores WHERE reason IS NOT NULL").rows() == [(by,)]
    assert [d for d in plan(narrow.lake, narrow.order) if d.asset == "safety_scores"] == []

    wide = at(place, WorkerSettings())
    (due,) = [d for d in plan(wide.lake, wide.order) if d.asset == "safety_scores"]
    assert (due.why, due.detail, due.rows) == (Why.FAILED, "1 failed at a limit that is another now", 1)
    others = set(scores(wide)) - {WIDTH}
    seen: list[int] = []
    counted = replace(wide, progress=lambda _asset, _done, total: seen.append(total))
    score_with(counted, "safety_scores", here, Awkward("raise", others.pop()), 2)
    assert seen[0] == 1
    assert set().union(*scores(wide).values()) == {(None, 0.01)}
    assert [d for d in plan(wide.lake, wide.order) if d.asset == "safety_scores"] == []


def test_a_library_that_gets_no_memory_is_no_fault_of_the_model(step: Step) -> None:
    score_with(step, "safety_scores", batch(step), Awkward("fill in torch", WIDTH), 2)
    assert scores(step)[WIDTH] == {("out_of_memory", None)}


def test_a_clip_that_is_no_candidate_any_more_is_not_tried_again_for_ever(step: Step) -> None:
    here = batch(step)
    score_with(step, "safety_scores", here, Awkward("killed", WIDTH), 2)
    with step.lake.cursor() as cursor:
        cursor.execute("UPDATE candidates SET candidate = FALSE")
    assert [d.why for d in plan(step.lake, step.order) if d.asset == "safety_scores"] == [Why.FAILED]
    score_with(step, "safety_scores", here, Awkward("nothing", 0), 2)
    assert WIDTH not in scores(step)
    assert [d for d in plan(step.lake, step.order) if d.asset == "safety_scores"] == []


def test_a_clip_that_failed_for_good_is_not_tried_again_by_the_same_version(step: Step) -> None:
    here = batch(step)
    score_with(step, "safety_scores", here, Awkward("raise", WIDTH), 2)
    assert [d for d in plan(step.lake, step.order) if d.asset == "safety_scores"] == []
    score_with(step, "safety_scores", here, Awkward("nothing", 0), 2)
    assert scores(step)[WIDTH] == {("model_failed", None)}


def test_only_clips_without_a_good_row_are_read_and_the_rest_keep_theirs(curated_few: Place, tmp_path: Path) -> None:
    lake = curated_few.copy(tmp_path).lake()
    order = measurements(lake.settings, {})
    here, before = batch(Step(lake, order)), lake.read(TEXT_SCORES.table)
    kept = before.with_columns(text_read=pl.lit("kept")).head(before.height - 1)
    lake.commit([Replacement(TEXT_SCORES.table, [here], kept)], [], message="one row less")
    seen: list[int] = []
    score(Step(lake, order, progress=lambda _asset, _done, total: seen.append(total)), "text_scores", here)
    after = lake.read(TEXT_SCORES.table)
    assert seen[0] == 1
    assert after.drop("text_read", "compute_seconds").equals(before.drop("text_read", "compute_seconds"))
    assert after["text_read"].to_list().count("kept") == before.height - 1


def test_measuring_again_gives_the_same_numbers(step: Step) -> None:
    before = step.lake.read(SAFETY_SCORES.table).drop("version", "compute_seconds")
    made = score(step, "safety_scores", batch(step))
    assert step.lake.read(SAFETY_SCORES.table).drop("version", "compute_seconds").equals(before)
    assert made.compute_seconds is not None
    assert made.compute_seconds > 0


def test_no_video_is_opened_again(curated_few: Place, tmp_path: Path) -> None:
    lake = curated_few.copy(tmp_path).lake()
    here = batch(Step(lake, {}))
    with lake.cursor() as cursor:
        cursor.execute("UPDATE source_files SET uri = '/nowhere'")
        cursor.execute("UPDATE raw_videos SET uri = '/nowhere'")
    order = measurements(lake.settings, {})
    raised = order | {"safety_scores": replace(order["safety_scores"], version="raised")}
    assert score(Step(lake, raised), "safety_scores", here).failures == 0


def test_a_clip_without_a_keyframe_is_not_measured_and_says_so(step: Step) -> None:
    here = batch(step)
    with step.lake.cursor() as cursor:
        cursor.execute("DELETE FROM keyframes")
    score_with(step, "safety_scores", here, Awkward("nothing", 0), 2)
    rows = step.lake.query("SELECT DISTINCT reason, message FROM safety_scores").rows()
    assert rows == [("not_measured", "No keyframe lies inside the clip.")]


@given(st.lists(st.integers(0, 10_000), max_size=60, unique=True).map(sorted), st.integers(1, 8))
def test_sampled_frames_are_spread_over_the_clip(frames: list[int], most: int) -> None:
    found = spread(frames, most)
    assert len(found) == min(len(frames), most)
    assert sorted(set(found)) == list(found)
    assert set(found) <= set(frames)


def test_of_sixteen_frames_four_stand_in_the_middle_of_their_quarters() -> None:
    assert spread(range(16), 4) == (2, 6, 10, 14)
