"""Releases that hold a clip of what is taken down: cut, packed and documented for real, then without it."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
from pathlib import Path

import polars as pl
import pytest

from tests.commands import answer
from tests.place import Place
from video_assets.lake.schemas import RELEASE_CLIPS
from video_assets.takedown.traces import Traces, files_in

GONE, KEPT = "three_shots_fades.mp4", "bunny_720p.mp4"
TIER = "hunyuan_video/256p"


@pytest.fixture
def released(again: Place) -> Place:
    """Give a place with a release of clips of two videos, with media and documents."""
    answer("release", TIER, "--name", "r1", "--all-kept", "--media", "--short-side", "64", "--csv")
    answer("documents", "r1")
    return again


def clips_of(place: Place, file: str) -> list[str]:
    lake = place.lake()
    found = lake.query(
        "SELECT clip_id FROM clips AS c JOIN raw_videos AS v USING (video_id) WHERE v.file_name = ? ORDER BY ALL",
        [file],
    )["clip_id"].to_list()
    lake.close()
    return found


def members(folder: Path) -> dict[tuple[str, str], tuple[int, bytes]]:
    """Offset and bytes of every member that is no tombstone, by shard and name."""
    found = {}
    for shard in folder.rglob("*.tar"):
        with tarfile.open(shard) as tar:
            for m in tar:
                if not m.name.startswith("."):
                    found[shard.relative_to(folder).as_posix(), m.name] = (m.offset_data, tar.extractfile(m).read())  # type: ignore[union-attr]
    return found


def test_a_release_is_withdrawn_in_part_and_says_so(released: Place) -> None:
    folder = released.root / "releases" / "r1"
    gone, kept = clips_of(released, GONE), clips_of(released, KEPT)
    before, sizes = members(folder), {p: p.stat().st_size for p in folder.rglob("*.tar")}
    frozen_id = json.loads((folder / "release.json").read_text())["release_id"]
    printed = answer("takedown", "--file", GONE, "--yes")
    assert "3 clips" in printed
    assert "1 releases" in printed
    assert "Write the documents of the release r1 again" in printed
    after = members(folder)
    assert after == {key: value for key, value in before.items() if key[1].partition(".")[0] in kept}
    assert {p: p.stat().st_size for p in folder.rglob("*.tar")} == sizes
    with gzip.open(folder / "manifest.jsonl.gz") as lines:
        assert [json.loads(line).get("clip_id") for line in lines] == [None, *kept]
    assert pl.read_parquet(folder / "manifest.parquet")["clip_id"].to_list() == kept
    assert pl.read_csv(folder / "manifest.csv")["clip_id"].to_list() == kept
    assert pl.read_parquet(folder / "index.parquet")["clip_id"].to_list() == [bytes.fromhex(c) for c in kept]
    assert pl.read_csv(folder / "attributions.csv")["holder"].to_list() == ["Blender Foundation"]
    said = json.loads((folder / "release.json").read_text())
    assert (said["state"], said["clips"], said["release_id"]) == ("withdrawn_in_part", len(kept), frozen_id)
    assert not list((folder / "documents").glob("*"))
    lake = released.lake()
    assert lake.query("SELECT state, clips, not_cut FROM releases").rows() == [("withdrawn_in_part", len(kept), 0)]
    assert lake.query("SELECT clip_id FROM release_clips")["clip_id"].to_list() == kept
    listed = lake.query("SELECT path, bytes, sha256 FROM release_files ORDER BY path").rows()
    lake.close()
    assert listed == [
        (path, len(data := (folder / path).read_bytes()), hashlib.sha256(data).hexdigest()) for path, *_ in listed
    ]
    traces = Traces({GONE, *gone})
    assert [p.name for p in files_in(released.root) if traces.in_file(p)] == []
    answer("documents", "r1")  # they can be written again


def test_a_release_of_which_nothing_is_left_is_withdrawn(again: Place) -> None:
    answer("release", TIER, "--name", "r1", "--all-kept")
    answer("takedown", "--file", KEPT, "--yes")
    answer("takedown", "--file", GONE, "--yes")
    lake = again.lake()
    assert lake.query("SELECT state, clips, hours, shards FROM releases").rows() == [("withdrawn", 0, 0.0, None)]
    lake.close()


def test_a_release_is_what_it_was_once_a_held_takedown_is_called_off(released: Place) -> None:
    folder = released.root / "releases" / "r1"
    lists = ("manifest.jsonl.gz", "manifest.csv", "attributions.csv", "release.json")
    before = {name: (folder / name).read_bytes() for name in lists}
    table, index = pl.read_parquet(folder / "manifest.parquet"), pl.read_parquet(folder / "index.parquet")
    shards = {p: p.read_bytes() for p in folder.rglob("*.tar")}
    lake = released.lake()
    clips, row = lake.read(RELEASE_CLIPS), lake.query("SELECT * FROM releases")
    lake.close()
    printed = answer("takedown", "--file", GONE, "--hold", "7", "--yes")
    assert pl.read_parquet(folder / "manifest.parquet").height < table.height
    [number] = re.findall("--cancel ([0-9a-f]+)", printed)
    assert "Write the documents of the release r1 again" in answer("takedown", "--cancel", number)
    assert {name: (folder / name).read_bytes() for name in lists} == before
    assert pl.read_parquet(folder / "manifest.parquet").equals(table)
    assert pl.read_parquet(folder / "index.parquet").equals(index)
    assert {p: p.read_bytes() for p in folder.rglob("*.tar")} == shards
    lake = released.lake()
    assert lake.read(RELEASE_CLIPS).sort("clip_id").equals(clips.sort("clip_id"))
    assert lake.query("SELECT * FROM releases").equals(row)
    listed = lake.query("SELECT path, sha256 FROM release_files ORDER BY path").rows()
    lake.close()
    assert listed == [(path, hashlib.sha256((folder / path).read_bytes()).hexdigest()) for path, _ in listed]
