"""A takedown from end to end: nothing of the footage is left but its hash, and nothing else changed."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from tests.commands import answer, ask, refusal
from tests.place import Place
from tests.tables import TABLES
from video_assets.assets.common import catalogue, order
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.batches.tiers import decide
from video_assets.lake.lake import Lake
from video_assets.lake.plan import plan
from video_assets.lake.versions import data_version
from video_assets.settings import settings
from video_assets.takedown.traces import Traces, files_in

FILE = "three_shots_fades.mp4"
# What a takedown writes itself, and what changes with every look.
OWN = {"takedowns", "tombstones", "tombstone_clips", "materializations", "pages", "tier_files"}


def bytes_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file, by its path; of a catalog in use its log is what may be emptied."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files_in(folder)
        if not p.name.endswith((".lock", "-shm", "-wal"))
    }


def tables(lake: Lake, video: str, clips: set[str]) -> dict[str, pl.DataFrame]:
    """Every table without what is of a video."""
    found = {}
    for name, table in TABLES.items():
        if name in OWN:
            continue
        rows = lake.read(table)
        for column, values in (("video_id", {video}), ("clip_id", clips), ("other_id", clips)):
            if column in rows.columns:
                rows = rows.filter(~pl.col(column).is_in(list(values)).fill_null(value=False))
        if name == "source_files":
            rows = rows.filter(~pl.col("uri").str.ends_with(FILE))
        found[name] = rows
    return found


def entries(lake: Lake) -> dict[tuple[str, str], tuple[str, object, str]]:
    """When each batch was made, by which run and version; groups are made anew, as they are over all clips."""
    made = lake.made().items()
    groups = ("duplicate_groups", "contamination")
    return {key: (e["run_id"], e["made_at"], e["version"]) for key, e in made if key[0] not in groups}


def assert_as_if_made_without_it(lake: Lake) -> None:
    """The ledger says of what was mended what the steps say that make it."""
    step, before = Step(lake, order()), lake.made()
    [batch] = {batch for asset, batch in before if asset == "clips"}
    for tier in catalogue(settings()).tiers.values():
        decide(step, tier, [batch])
    write_sheet(step, batch)
    after = lake.made()
    names = ("data_version", "rows", "failures", "inputs", "kept", "undecided", "kept_seconds")
    assert {key: [e[n] for n in names] for key, e in after.items()} == {
        key: [e[n] for n in names] for key, e in before.items()
    }
    rows = {a: m for a, m in step.order.items() if m.table.name in TABLES and not m.where and not m.shared}
    found = {a: data_version(lake.read(m.table, [batch]), m.table) for a, m in rows.items() if (a, batch) in after}
    assert found == {a: after[a, batch]["data_version"] for a in found}


def due_of(lake: Lake) -> list[tuple[str, str, str]]:
    return [(due.asset, due.batch, due.detail) for due in plan(lake, order())]


@pytest.fixture
def taken(again: Place) -> tuple[Place, str, set[str]]:
    """Give a copy of what was curated, with one video's id and the ids of its clips."""
    lake = again.lake()
    video = lake.query("SELECT video_id FROM raw_videos WHERE file_name = ?", [FILE]).item()
    clips = set(lake.query("SELECT clip_id FROM clips WHERE video_id = ?", [video])["clip_id"])
    lake.close()
    return again, video, clips


def test_a_dry_run_shows_what_is_reached_and_changes_no_byte(taken: tuple[Place, str, set[str]]) -> None:
    place, video, clips = taken
    answer("takedown", "--file", FILE, "--dry-run")  # opening the lake notes the tiers' files
    before = bytes_of(place.root), bytes_of(place.home)
    printed = answer("takedown", "--file", FILE, "--dry-run")
    assert (bytes_of(place.root), bytes_of(place.home)) == before
    assert printed.splitlines()[0].startswith(video)
    assert f"It reaches 1 sources, {len(clips)} clips, 0 captions, {len(clips)} embeddings" in printed
    assert FILE not in printed


def test_nothing_of_the_video_is_left_and_nothing_else_changed(
    taken: tuple[Place, str, set[str]], few_files: Path
) -> None:
    place, video, clips = taken
    lake = place.lake()
    before = tables(lake, video, clips)
    uri = lake.query("SELECT uri FROM raw_videos WHERE video_id = ?", [video]).item()
    ledger = entries(lake)
    lake.close()
    printed = answer("takedown", "--file", FILE, "--yes")
    assert (
        printed.splitlines()[-1]
        == "Everything was read, and nothing of it is left but its hash, and what it looked like as numbers."
    )
    lake = place.lake()
    after = tables(lake, video, clips)
    assert [name for name in before if not before[name].equals(after[name])] == []
    assert entries(lake) == ledger
    assert lake.query("SELECT video_id FROM tombstones").rows() == [(video,)]
    assert (
        lake.query("SELECT count(DISTINCT n), count(copy_signature) FROM tombstone_clips").row(0) == (len(clips),) * 2
    )
    # Of its ink a small picture could be made.
    assert lake.query("SELECT DISTINCT len(copy_signature) FROM tombstone_clips").rows() == [(35 * 5,)]
    # Looked for once more by other means: what is no hash is in no byte and no row at all.
    names = Traces({FILE, uri, *clips})
    found = {str(p) for folder in (place.root, place.home) for p in files_in(folder) if names.in_file(p)}
    assert found == set()
    assert_as_if_made_without_it(lake)
    # The draws may have another clip in its place; all else is up to date.
    due = {asset for asset, *_ in due_of(lake)}
    assert all(asset.startswith("draws/") for asset in due), due
    lake.close()
    [receipt] = (place.root / "takedowns").glob("*.json")
    said = json.loads(receipt.read_text())
    assert (said["hits"], said["asked_by"], said["reached"]["clips"]) == (0, "file", len(clips))
    assert {look["at"] for look in said["looked"]} == {
        "data", "pages", "releases", "catalog", "scratch", "anything else in the lake's folder", "dagster",
    }  # fmt: skip
    assert names.in_file(receipt) == names.in_file(receipt.with_suffix(".md")) == 0


@pytest.mark.long
def test_the_same_file_is_refused_when_it_comes_again(
    taken: tuple[Place, str, set[str]], few_files: Path, tmp_path: Path
) -> None:
    place, video, _ = taken
    answer("takedown", "--hash", video[:12], "--yes")
    again = tmp_path / "again"
    again.mkdir()
    shutil.copy(few_files / FILE, again / "under another name.mp4")
    refused = ask("curate", str(again))
    assert (refused.exit_code, "taken_down: The same bytes were removed on request" in refused.output) == (1, True)
    lake = place.lake()
    rows = lake.query("SELECT file_name, reason FROM raw_videos WHERE video_id = ?", [video]).rows()
    assert rows == [("under another name.mp4", "taken_down")]
    assert lake.query("SELECT count(*) FROM clips WHERE video_id = ?", [video]).item() == 0
    lake.close()
    # The refused row has a name: it goes by a takedown of its own, and the tombstone stays.
    answer("takedown", "--file", "under another name.mp4", "--yes")
    assert "It was taken down on " in refusal("takedown", "--hash", video, "--yes")
    with closing(sqlite3.connect(place.root / "catalog.sqlite")) as catalog:
        assert catalog.execute("PRAGMA freelist_count").fetchone() == (0,)


def test_what_matches_nothing_is_an_error(again: Place) -> None:
    assert "No footage has this holder" in refusal("takedown", "--holder", "nobody at all", "--yes")
    assert ask("takedown", "--hash", "abc", "--yes").exit_code == 1
    assert ask("takedown").exit_code == 2
    assert ask("takedown", "--file", "a", "--url", "b").exit_code == 2
