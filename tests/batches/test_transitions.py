"""What a network does in its worker costs a video its scores, never its shots, and only what is missing is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.batches.misbehaving_networks import AwkwardNetwork
from tests.place import Place
from video_assets.batches.segments import segment_shots
from video_assets.batches.step import Step
from video_assets.batches.transitions import score_transitions, score_with
from video_assets.lake.plan import Why, plan
from video_assets.lake.schemas import SHOTS, TRANSITION_SCORES
from video_assets.measurements import measurements
from video_assets.settings import ShotSettings, TransitionSettings, WorkerSettings


@pytest.fixture
def step(curated_few: Place, tmp_path: Path) -> Step:
    """Give a step over a copy of the few files' lake whose version of the scores is raised.

    Of its three videos one has frames in doubt: three_shots_fades.mp4.
    """
    return at(curated_few.copy(tmp_path), WorkerSettings(attempts=2, idle_seconds=2.0))


def at(place: Place, workers: WorkerSettings, each: float = 0.5) -> Step:
    """Give a step over that lake, with these limits and so many CPU seconds for each frame."""
    lake = place.lake(workers=workers, transitions=TransitionSettings(cpu_seconds_per_frame=each))
    order = measurements(lake.settings, {})
    return Step(lake, order | {"transition_scores": replace(order["transition_scores"], version="raised")})


def batch(step: Step) -> str:
    return str(step.lake.query("SELECT any_value(batch) FROM clips").item())


@pytest.mark.parametrize(
    ("what", "reason", "said"),
    [
        ("raise", "model_failed", "RuntimeError: no such operator"),
        ("not a number", "model_failed", "The model gave a score that is no number."),
        ("crash", "model_failed", "The worker died of SIGSEGV."),
        ("killed", "worker_lost", "The worker ended with exit code -9."),
        ("hang", "model_timeout", "It hung: for 2 s it did nothing."),
    ],
)
def test_a_network_that_fails_leaves_null_and_a_reason_and_the_detectors_alone_decide(
    step: Step, what: str, reason: str, said: str
) -> None:
    here = batch(step)
    doubtful = step.lake.query("SELECT sum(frames)::BIGINT FROM shot_frames WHERE doubtful").item()
    made = score_with(step, here, AwkwardNetwork(what))
    rows = step.lake.read(TRANSITION_SCORES)
    assert rows.select("reason", "message", "boundary_score", "transition_score").unique().rows() == [
        (reason, said, None, None)
    ]
    assert made.failures == made.rows == doubtful
    segment_shots(step, here)
    shots = step.lake.read(SHOTS)
    assert set(shots.filter(video_id=rows["video_id"][0])["found_by"]) == {"detectors"}
    assert set(shots.filter(pl.col("video_id") != rows["video_id"][0])["found_by"]) == {"detectors and network"}
    assert [end for end in shots["ends"] if end == "fade"] == ["fade"] * 2


def test_a_video_whose_network_was_killed_is_due_again_and_one_that_failed_for_good_is_not(step: Step) -> None:
    here = batch(step)
    score_with(step, here, AwkwardNetwork("killed"))
    (due,) = [d for d in plan(step.lake, step.order) if d.asset == "transition_scores"]
    assert due.why == Why.FAILED
    score_with(step, here, AwkwardNetwork("raise"))
    assert [d for d in plan(step.lake, step.order) if d.asset == "transition_scores"] == []
    score_with(step, here, AwkwardNetwork("nothing"))
    assert set(step.lake.read(TRANSITION_SCORES)["reason"]) == {"model_failed"}


@pytest.mark.parametrize(
    ("what", "workers", "each", "reason"),
    [
        ("toil", WorkerSettings(cpu_seconds_base=1.0), 0.001, "model_timeout"),
        ("fill", WorkerSettings(memory_mib=1024), 0.5, "out_of_memory"),
    ],
)
def test_a_video_whose_network_reached_a_limit_is_scored_when_the_limit_is_another(
    curated_few: Place, tmp_path: Path, what: str, workers: WorkerSettings, each: float, reason: str
) -> None:
    place = curated_few.copy(tmp_path)
    narrow, wide = at(place, workers, each), at(place, WorkerSettings())
    score_with(narrow, batch(narrow), AwkwardNetwork(what))
    assert set(narrow.lake.read(TRANSITION_SCORES)["reason"]) == {reason}
    assert [d for d in plan(narrow.lake, narrow.order) if d.asset == "transition_scores"] == []
    (due,) = [d for d in plan(wide.lake, wide.order) if d.asset == "transition_scores"]
    rows = narrow.lake.read(TRANSITION_SCORES).height
    assert (due.why, due.detail) == (Why.FAILED, f"{rows} failed at a limit that is another now")
    score_with(wide, batch(wide), AwkwardNetwork("nothing"))
    assert set(wide.lake.read(TRANSITION_SCORES)["reason"]) == {None}


def test_what_a_killed_run_had_finished_is_taken_by_the_next(step: Step) -> None:
    here = batch(step)
    score_with(step, here, AwkwardNetwork("nothing"))
    (video,) = set(step.lake.read(TRANSITION_SCORES)["video_id"])
    finished = step.lake.settings.lake.scratch_path / "transitions" / "raised again" / f"{video}.parquet"
    scores = step.lake.read(TRANSITION_SCORES).select("frame", "boundary_score", "transition_score", "compute_seconds")
    finished.parent.mkdir(parents=True)
    scores.write_parquet(finished)
    order = dict(step.order)
    order["transition_scores"] = replace(order["transition_scores"], version="raised again")
    score_with(Step(step.lake, order), here, AwkwardNetwork("raise"))
    after = step.lake.read(TRANSITION_SCORES)
    assert after.select(scores.columns).equals(scores)
    assert not finished.exists()


def test_scoring_again_gives_the_same_numbers(curated_few: Place, tmp_path: Path) -> None:
    lake = curated_few.copy(tmp_path).lake()
    order = measurements(lake.settings, {})
    order["transition_scores"] = replace(order["transition_scores"], version="raised")
    before = lake.read(TRANSITION_SCORES).drop("version", "compute_seconds")
    made = score_transitions(Step(lake, order), batch(Step(lake, order)))
    assert before.height > 100
    assert before["reason"].null_count() == before.height
    assert lake.read(TRANSITION_SCORES).drop("version", "compute_seconds").equals(before)
    assert made.compute_seconds is not None
    assert made.compute_seconds > 0


def test_no_video_is_opened_again(curated_few: Place, tmp_path: Path) -> None:
    lake = curated_few.copy(tmp_path).lake()
    here = batch(Step(lake, {}))
    with lake.cursor() as cursor:
        cursor.execute("UPDATE raw_videos SET uri = '/nowhere/' || file_name")
        cursor.execute("UPDATE source_files SET uri = '/nowhere'")
        cursor.execute("DELETE FROM transition_scores")
    score_transitions(Step(lake, measurements(lake.settings, {})), here)
    assert lake.read(TRANSITION_SCORES)["reason"].null_count() == lake.read(TRANSITION_SCORES).height > 100


def test_switched_off_the_network_has_no_rows_and_the_detectors_alone_decide(
    curated_few: Place, tmp_path: Path
) -> None:
    lake = curated_few.copy(tmp_path).lake(shots=ShotSettings(network=False))
    step = Step(lake, measurements(lake.settings, {}))
    assert {d.asset for d in plan(lake, step.order) if d.why == Why.STALE} >= {"transition_scores", "shots"}
    score_transitions(step, batch(step))
    segment_shots(step, batch(step))
    assert lake.read(TRANSITION_SCORES).height == 0
    assert set(lake.read(SHOTS)["found_by"]) == {"detectors"}
