"""Curating again: what is made anew, and above all what is not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import forget_settings
from tests.place import Place, assert_same, curate, ledger, look, remade, stable, write_json
from video_assets import scorers
from video_assets.assets import common
from video_assets.assets.run import run
from video_assets.batches.footage import take_in_videos
from video_assets.batches.step import Step
from video_assets.curate.sql_files import read_files
from video_assets.definitions import defs
from video_assets.footage.ingest import sources_version
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import Why, plan
from video_assets.lake.schemas import RAW_VIDEOS, RIGHTS, SOURCE_FILES
from video_assets.lake.work import Work
from video_assets.measurements import CHEAP, MODELLED, tier_asset
from video_assets.media import workers
from video_assets.settings import Settings

TIERS = {tier_asset(name) for name in read_files(Settings()).tiers}
DRAWS = {"draws/movie_gen/augmented_high_resolution", "draws/movie_gen/low_resolution"}
SAID = {"captions", "caption_findings"}
COMPARED = {"near_duplicates", "duplicate_groups", "contamination", "concepts"}
DECODED = {"decoded_videos", "frame_signals", "keyframes", "shot_frames"}


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the start of any worker process an error."""

    def refuse(*arguments: object) -> object:
        raise AssertionError("A worker process was started.")

    monkeypatch.setattr(workers, "_run_once", refuse)


def data_files(lake: Place) -> set[str]:
    return {str(p.relative_to(lake.root)) for p in (lake.root / "data").rglob("*.parquet")}


@pytest.mark.usefixtures("no_worker")
def test_a_second_curate_measures_nothing_and_writes_nothing(again: Place, few_files: Path) -> None:
    lake = again.lake()
    before = ledger(lake), data_files(again), lake.query("FROM ducklake_snapshots('lake')").height
    printed = curate(few_files)
    assert "4 known." in printed
    assert "Nothing is due: everything is measured already." in printed
    assert (ledger(lake), data_files(again), lake.query("FROM ducklake_snapshots('lake')").height) == before


@pytest.mark.long
def test_renamed_files_are_no_new_work_and_a_changed_sidecar_decodes_nothing(
    again: Place, few_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    footage = again.folder / "footage"
    shutil.copytree(few_files, footage)
    lake = again.lake()
    files = lake.read(SOURCE_FILES)
    here = files.with_columns(pl.col("uri").str.replace(str(few_files), str(footage), literal=True))
    lake.commit([Replacement(SOURCE_FILES, files["batch"].unique().to_list(), here)], [], message="as if curated here")
    monkeypatch.setattr(workers, "_run_once", _only("identify", workers._run_once))

    before = ledger(lake), data_files(again)
    for file in footage.iterdir():
        file.rename(footage / f"renamed_{file.name}")
    printed = curate(footage)
    assert "4 known in a new place." in printed
    assert "Nothing is due" in printed
    assert remade(before[0], ledger(lake)) == {"source_files"}
    assert {f.split("/")[1] for f in data_files(again) - before[1]} == {"source_files"}

    was = ledger(lake)
    write_json(footage / "renamed_passenger_qcif_coarse.json", licence="CC0-1.0")
    curate(footage)
    found = lake.query("SELECT file_name FROM raw_videos WHERE licence = 'CC0-1.0'").rows()
    assert found == [("renamed_passenger_qcif_coarse.mp4",)]
    # What reads raw_videos looks again; the pictures are as they were, so that nothing is measured anew.
    assert (
        remade(was, ledger(lake))
        == {
            "source_files",
            "raw_videos",
            "rights_signals",
            "candidates",
            "duplicate_groups",
            "contamination",
            "clip_sheet",
            "captions",
        }
        | DECODED
        | TIERS
    )


def _only(name: str, run_once: object) -> object:
    """Worker processes for one task alone."""

    def guarded(function: object, *arguments: object) -> object:
        assert getattr(function, "__name__", "") == name, f"{function} was started."
        return run_once(function, *arguments)  # type: ignore[operator]

    return guarded


def raise_code(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Give a scorer of the project another code number."""
    raised = tuple(replace(s, code="raised") if s.name == name else s for s in scorers.BUILT_IN)
    monkeypatch.setattr(scorers, "BUILT_IN", raised)
    monkeypatch.setattr(scorers, "_scorers", scorers._scorers.__wrapped__)


@pytest.mark.usefixtures("no_worker")
def test_a_raised_code_number_makes_that_measurement_alone_anew(
    again: Place, few_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = again.lake()
    before, rows = ledger(lake), stable(lake)
    raise_code(monkeypatch, "motion_scores")
    curate(few_files)
    # It measures the same as before, so that no tier looks at it again. Courses of two versions do not compare.
    assert remade(before, ledger(lake)) == {"motion_scores", "near_duplicates"}
    assert lake.query("SELECT DISTINCT split_part(version, '-', 1) FROM motion_scores").rows() == [("raised",)]
    found = stable(lake)
    assert found.pop("motion_scores").drop("version").equals(rows.pop("motion_scores").drop("version"))
    assert_same(*({k: v for k, v in t.items() if k != "materializations"} for t in (found, rows)))


@pytest.mark.usefixtures("no_worker")
def test_a_changed_measurement_makes_the_tiers_anew_too(
    again: Place, few_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from video_assets.measure import motion

    lake = again.lake()
    before = ledger(lake)
    raise_code(monkeypatch, "motion_scores")
    monkeypatch.setattr(motion, "_STILL", 0.9)
    curate(few_files)
    # Everything is still now but where the camera moves. Some tiers do not mind, so that the candidates are the same and models look at none anew.
    made_anew = {"motion_scores", "copy_checks", "near_duplicates", "candidates", "clip_sheet"}
    # The other draw had nothing to draw from before, and has nothing now.
    assert remade(before, ledger(lake)) == made_anew | TIERS | SAID | {"draws/movie_gen/low_resolution"}
    kept = lake.query("SELECT count(*) FROM tier_verdicts WHERE tier = 'hunyuan_video/256p' AND kept").item()
    assert kept == 2


@pytest.mark.usefixtures("no_worker")
def test_a_changed_clip_setting_cuts_clips_anew_without_a_decode(again: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_CLIPS__MIN_SECONDS", "5")
    forget_settings()
    lake = again.lake()
    due = plan(lake, common.order())
    assert {d.asset for d in due if d.why is Why.STALE} == {"clips"}
    follow = {*CHEAP, "copy_checks", "candidates", *MODELLED, *COMPARED, "clip_sheet"} | TIERS | DRAWS | SAID
    assert {d.asset for d in due if d.why is Why.FOLLOWS} == follow
    before = ledger(lake)
    materialize(again, "clips")
    assert remade(before, ledger(lake)) == {"clips"}
    assert lake.query("SELECT count(*), min(duration_s) >= 5 FROM clips").row(0) == (2, True)
    assert {d.asset for d in plan(lake, common.order())} == follow


def test_a_changed_decode_setting_decodes_again(again: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sampled = "SELECT count(sharpness) FROM frame_signals"
    at_four = again.lake().query(sampled).item()
    monkeypatch.setenv("VIDEO_ASSETS_DECODE__SAMPLE_HZ", "2")
    forget_settings()
    lake = again.lake()
    due = {d.asset for d in plan(lake, common.order())}
    assert DECODED | {"transition_scores", "shots", "clips", *CHEAP, *MODELLED} <= due
    assert "raw_videos" not in due
    before = ledger(lake)
    materialize(again, *DECODED)
    assert remade(before, ledger(lake)) == DECODED
    assert at_four / 2 - 3 <= lake.query(sampled).item() <= at_four / 2 + 3


def materialize(place: Place, *assets: str) -> None:
    """Run these assets in this process, as a person does who selects them."""
    with place.instance() as instance:
        batches = tuple(
            instance.get_dynamic_partitions(str(common.BATCHES.name))
        )  # a run's range is in Dagster's order
        ((_, result),) = run(defs, instance, [Work(batches, assets, ())])
    assert result.success


@pytest.mark.usefixtures("no_worker")
def test_one_changed_threshold_makes_that_tier_alone_anew_and_its_child_if_verdicts_changed(
    curated_few: Place, place: Place, few_files: Path
) -> None:
    curated_few.copy(place.folder)
    sql = place.folder / "sql"
    shutil.copytree(Settings().sql_folder, sql)
    tier = sql / "tiers" / "hunyuan_video" / "360p.sql"
    lake, before = place.lake(), ledger(place.lake())

    tier.write_text(tier.read_text().replace("sharpness >= 20", "sharpness >= 21"))
    place.run("curate", str(few_files), SQL_DIR=str(sql))
    after = ledger(lake)
    assert remade(before, after) == {"tiers/hunyuan_video/360p"}

    tier.write_text(tier.read_text().replace("sharpness >= 21", "sharpness >= 1e9"))
    place.run("curate", str(few_files), SQL_DIR=str(sql))
    below = ("360p", "540p", "720p", "fine_tuning_candidates")
    assert remade(after, ledger(lake)) == {f"tiers/hunyuan_video/{stage}" for stage in below}
    kept = lake.query("SELECT count(*) FILTER (kept) FROM tier_verdicts WHERE tier = 'hunyuan_video/540p'").item()
    assert kept == 0


def test_new_footage_touches_its_own_batch_alone(again: Place, demo_footage: Path) -> None:
    lake = again.lake()
    before = ledger(lake)
    more = again.folder / "more"
    more.mkdir()
    shutil.copy2(demo_footage / "passenger_qcif.mp4", more)
    (batch,) = look(lake, more).batches
    with again.instance() as instance:
        instance.add_dynamic_partitions(str(common.BATCHES.name), [batch])
    due = plan(lake, common.order())
    once = {m.asset for m in common.order().values() if m.shared}
    assert {d.asset for d in due if d.batch == batch and d.why is Why.NEW} == set(common.order()) - once
    # Only what is made of all batches looks again at what there was.
    assert {d.asset for d in due if d.why is not Why.NEW} == DRAWS
    with again.instance() as instance:
        ((_, result),) = run(defs, instance, [Work((batch,), ("raw_videos",), ())])
    assert result.success
    after = ledger(lake)
    assert {name.partition("@")[2] for name in after if after[name] != before.get(name)} == {batch}
    assert before.items() <= after.items()


def commit_copy(lake: Lake, file: Path, **said: str) -> str:
    """The same bytes in a batch of their own.

    S3 shows equal bytes under two entity tags only after they are hashed; here the ledger is told so by hand.

    Returns:
        The batch that has held them so far.
    """
    row = lake.query("SELECT * FROM source_files WHERE uri = ? AND batch <> 'b-copy'", [str(file)]).row(0, named=True)
    batch, uri = row["batch"], str(file)
    unknown = dict.fromkeys((c.name for c in RIGHTS), "unknown")
    copy = (
        row | unknown | said | {"batch": "b-copy", "uri": uri, "content": "etag:1:1", "size_bytes": file.stat().st_size}
    )
    rows = SOURCE_FILES.frame([copy])
    made = Made("source_files", "b-copy", "1", sources_version(rows), {}, 1)
    lake.commit([Replacement(SOURCE_FILES, ["b-copy"], rows)], [made], message="by hand")
    take_in_videos(Step(lake, common.order()), "b-copy")
    return str(batch)


def test_a_video_that_the_lake_holds_in_another_batch_is_set_aside(again: Place, few_files: Path) -> None:
    lake = again.lake()
    holder = commit_copy(lake, few_files / "bunny_720p.mp4")
    rows = lake.read(RAW_VIDEOS, ["b-copy"]).select("reason", "message").rows()
    assert rows == [("duplicate_content", f"Held by batch {holder}")]
    assert [d.batch for d in plan(lake, {"raw_videos": common.order()["raw_videos"]})] == []


def test_an_opt_out_at_a_place_in_another_batch_is_not_lost(again: Place, few_files: Path) -> None:
    lake, file = again.lake(), few_files / "bunny_720p.mp4"
    step, wanted = Step(lake, common.order()), {"raw_videos": common.order()["raw_videos"]}
    sql = "SELECT holder, tdm_reservation FROM raw_videos WHERE file_name = 'bunny_720p.mp4' AND reason IS NULL"
    [(holder, before)] = lake.query(sql).rows()
    batch = commit_copy(lake, file, holder="somebody else", tdm_reservation="1", rights_from="sidecar")
    assert before != "1"
    assert [d.batch for d in plan(lake, wanted)] == [batch]
    take_in_videos(step, batch)
    assert lake.query(sql).rows() == [(holder, "1")]
    assert plan(lake, wanted) == []
    # Nor when what holds it is looked at again, and it is taken back where it was stated.
    take_in_videos(step, batch)
    assert lake.query(sql).rows() == [(holder, "1")]
    assert commit_copy(lake, file) == batch
    assert [d.batch for d in plan(lake, wanted)] == [batch]
    take_in_videos(step, batch)
    assert lake.query(sql).rows() == [(holder, before)]
