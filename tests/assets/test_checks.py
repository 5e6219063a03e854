"""Asset checks: they stop a batch of which nothing can be used, and say what went wrong in the others."""

from __future__ import annotations

import dagster as dg
import polars as pl
import pytest

from tests.commands import ask
from tests.place import Place
from video_assets.assets.common import BATCHES
from video_assets.batches.contamination import not_compared
from video_assets.checks import benchmarks_are_compared, captions_are_sound, clips_are_sound
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import CAPTION_FINDINGS, CAPTIONS, CLIPS, RAW_VIDEOS, Table
from video_assets.resources import resources
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS


@pytest.fixture
def lake(again: Place) -> Lake:
    """Give the lake of the one batch, to spoil."""
    return again.lake()


def test_a_batch_of_broken_files_stops_and_stays_stopped(here: Place) -> None:
    footage = here.folder / "footage"
    footage.mkdir()
    (footage / "empty.mp4").touch()
    (footage / "text.mp4").write_text("This is no film.")
    said = ask("curate", str(footage))
    assert said.exit_code == 1, said.output
    assert "2 new." in said.output
    lake = here.lake()
    batch = lake.query("SELECT DISTINCT batch FROM raw_videos").item()
    assert f"Batch {batch} was stopped by the check usable_videos: nothing in it can be used." in said.output
    reasons = sorted(lake.query("SELECT reason FROM raw_videos")["reason"])
    assert reasons == ["empty_file", "not_a_video"]
    assert {asset for asset, b in lake.made() if b == batch} == {"source_files", "raw_videos"}

    again = ask("curate", str(footage))
    assert again.exit_code == 1
    assert "Nothing is due" in again.output
    assert again.output.splitlines()[-1] == "Error: Not all went well: none of the 2 videos can be used."
    with here.instance() as instance:
        _draws, run = instance.get_runs()  # newest first: the draws, over all batches, come after
        assert run.status is dg.DagsterRunStatus.FAILURE
        key = dg.AssetCheckKey(dg.AssetKey("raw_videos"), "usable_videos")
        (check,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert check.event
    evaluation = check.event.asset_check_evaluation
    assert evaluation
    assert evaluation.description == "No video can be used, and nothing follows (empty_file 1, not_a_video 1)."


def test_a_batch_that_can_be_used_in_part_goes_on(curated_few: Place) -> None:
    lake = curated_few.lake()
    assert lake.query("SELECT count(reason), count(*) FROM raw_videos").row(0) == (1, 4)
    assert lake.query("SELECT count(*) FROM tier_verdicts").item() > 0


@dg.asset(partitions_def=BATCHES)
def clips() -> None:
    """Stand for the clips that are in the lake already."""


def check_clips(lake: Lake) -> dg.AssetCheckEvaluation:
    """Run the check over the batch as it is now."""
    batch = lake.query("SELECT DISTINCT batch FROM clips").item()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("batch", [batch])
        result = dg.materialize([clips, clips_are_sound], instance=instance, resources=resources(), partition_key=batch)
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def found(evaluation: dg.AssetCheckEvaluation) -> dict[str, object]:
    return {name: value.value for name, value in evaluation.metadata.items()}


def spoil(lake: Lake, table: Table, rows: pl.DataFrame) -> None:
    lake.commit([Replacement(table, rows["batch"].unique().to_list(), rows)], [], message="spoiled by a test")


def test_sound_clips_pass(lake: Lake) -> None:
    evaluation = check_clips(lake)
    assert evaluation.passed
    assert found(evaluation) == {"outside_their_shot": 0, "of_wrong_length": 0, "overlapping": 0}


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("outside_their_shot", {"end_pts": pl.col("end_pts") + 10**9}),
        ("of_wrong_length", {"duration_s": pl.lit(16.5)}),
    ],
)
def test_a_clip_that_breaks_a_promise_is_counted(lake: Lake, fault: str, change: dict[str, pl.Expr]) -> None:
    rows = lake.read(CLIPS)
    last = pl.int_range(pl.len()) == rows["start_pts"].arg_max()
    spoil(lake, CLIPS, rows.with_columns(pl.when(last).then(e).otherwise(c).alias(c) for c, e in change.items()))
    evaluation = check_clips(lake)
    assert not evaluation.passed
    assert found(evaluation) == {"outside_their_shot": 0, "of_wrong_length": 0, "overlapping": 0} | {fault: 1}


def test_overlapping_clips_are_counted(lake: Lake) -> None:
    rows = lake.read(CLIPS)
    again = rows.filter(pl.col("start_pts") == pl.col("start_pts").max()).with_columns(
        pl.lit("another").alias("clip_id"), pl.col("start_pts") + 1
    )
    spoil(lake, CLIPS, pl.concat([rows, again]))
    assert found(check_clips(lake))["overlapping"] == 1


@dg.asset(partitions_def=BATCHES)
def contamination() -> None:
    """Stand for what is in the lake already."""


def test_benchmarks_videos_of_which_no_copy_can_be_found_are_warned_of(here: Place) -> None:
    lake = here.quick_lake()
    names = ("footage", "compared", "too short", "flat", "held")
    videos = [{"batch": "a", "video_id": n, "file_name": n, "benchmark": "VBench"} for n in names]
    videos[0]["benchmark"] = videos[-1]["benchmark"] = None  # type: ignore[assignment]
    held: dict[str, object] = {"batch": "a", "video_id": "copy", "benchmark": "VBench", "reason": "duplicate_content"}
    clips = [{"batch": "a", "clip_id": n, "video_id": n} for n in ("footage", "compared", "flat")]
    signatures = [{**c, "copy_signature": None if c["clip_id"] == "flat" else [1.0]} for c in clips]
    spoil(lake, RAW_VIDEOS, RAW_VIDEOS.frame([*videos, held]))  # type: ignore[list-item]
    spoil(lake, CLIPS, CLIPS.frame(clips))  # type: ignore[arg-type]
    spoil(lake, CLIP_EMBEDDINGS.table, CLIP_EMBEDDINGS.table.frame(signatures))  # type: ignore[arg-type]
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("batch", ["a"])
        checked = [contamination, benchmarks_are_compared]
        result = dg.materialize(checked, instance=instance, resources=resources(), partition_key="a")
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (
        evaluation.description == "Copies of 2 videos of benchmarks cannot be found; contamination's page lists them."
    )
    assert found(evaluation) == {"not_compared": 2}
    assert not_compared(lake, ["a"])["file_name"].to_list() == ["flat", "too short"]


@dg.asset(partitions_def=BATCHES)
def caption_findings() -> None:
    """Stand for the findings that are in the lake already."""


@pytest.mark.parametrize(("spoiled", "passed"), [(0, True), (1, True), (2, False)])
def test_more_captions_with_findings_than_are_tolerated_are_a_warning(here: Place, spoiled: int, passed: bool) -> None:
    lake, clip_ids = here.quick_lake(), [f"c{n:02}" for n in range(20)]
    caption: dict[str, object] = {"captioner": "qwen", "version": "v1", "current": True}
    finding: dict[str, object] = {"captioner": "qwen", "caption_version": "v1"}
    rows: dict[Table, list[dict[str, object]]] = {
        CLIPS: [{"clip_id": clip} for clip in clip_ids],
        CAPTIONS: [caption | {"clip_id": clip} for clip in clip_ids],
        CAPTION_FINDINGS: [
            finding | {"clip_id": clip, "kind": kind, "severity": severity}
            for clip in clip_ids[:spoiled]
            for kind, severity in (("length", "doubtful"), ("refusal", "wrong"))
        ],
    }
    for table, found_rows in rows.items():
        if found_rows:
            spoil(lake, table, table.frame(found_rows, batch="a"))
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("batch", ["a"])
        result = dg.materialize(
            [caption_findings, captions_are_sound], instance=instance, resources=resources(), partition_key="a"
        )
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.severity) == (passed, dg.AssetCheckSeverity.WARN)
    told = found(evaluation)
    assert [told[name] for name in ("captions", "with_findings", "wrong")] == [20, spoiled, spoiled]
    assert (told["share"], told["tolerated_share"]) == (spoiled / 20, 0.05)
    assert evaluation.description == (None if passed else "2 of 20 captions have a finding.")
