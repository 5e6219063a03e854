"""Releases without the clips that were taken down: shards in place, lists anew, and a state that says so."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import RELEASE_CLIPS, RELEASE_FILES, RELEASES
from video_assets.media.identity import sha256_of
from video_assets.publish.manifest import IN_PART, LINES, TABLE, WHOLLY
from video_assets.publish.release_files import ATTRIBUTIONS, INDEX, SUMMARY, attributions, write_index
from video_assets.takedown.marks import Marks
from video_assets.takedown.shards import blank

CSV = "manifest.csv"
DOCUMENTS = "documents"


def concerned_shards(lake: Lake, marks: Marks) -> dict[str, dict[str, list[str]]]:
    """Of each release that has clips of these videos: their ids by shard, '' for those without media. Ask before rows go."""
    rows = lake.query(
        "SELECT release, coalesce(shard, '') AS shard, clip_id FROM release_clips WHERE video_id IN (SELECT unnest(?)) "
        "ORDER BY release, shard, clip_id",
        [sorted(marks.videos)],
    )
    found: dict[str, dict[str, list[str]]] = {}
    for release, shard, clip in rows.iter_rows():
        found.setdefault(release, {}).setdefault(shard, []).append(clip)
    return found


def documented(lake: Lake, concerned: Mapping[str, object]) -> tuple[str, ...]:
    """Those of the releases that have documents."""
    return tuple(name for name in concerned if lake.files.listed(f"releases/{name}/{DOCUMENTS}"))


def withdraw(lake: Lake, concerned: Mapping[str, Mapping[str, Sequence[str]]], takedown: str) -> None:
    """Take clips out of the lists of releases, and remove the documents, which tell of them; the shards stay as they are.

    The rows of ``release_clips`` are out already. A release keeps the id of what was frozen: whoever trained on it has noted
    that one. Its documents can be written again.
    """
    for name, shards in concerned.items():
        with lake.files.temporary() as folder:
            left = _lists(lake, name, _clips(shards), folder)
            row = _row(lake, name, left)
            _summary(lake, name, row, folder)
            listed = _publish(lake, name, folder)
        lake.files.remove(sorted(lake.files.listed(f"releases/{name}/{DOCUMENTS}")))
        _commit(lake, name, row, listed, takedown)


def overwrite_shards(lake: Lake, concerned: Mapping[str, Mapping[str, Sequence[str]]], takedown: str) -> None:
    """Let the shards have zeros where the clips were."""
    for name, shards in concerned.items():
        with lake.files.temporary() as folder:
            for shard in filter(None, shards):
                if kept := lake.files.fetch(f"releases/{name}/{shard}"):
                    (folder / shard).parent.mkdir(parents=True, exist_ok=True)
                    blank(kept, folder / shard, set(shards[shard]))
            listed = _publish(lake, name, folder)
        row = lake.query("SELECT * FROM releases WHERE release = ?", [name])
        if listed and row.height:
            _commit(lake, name, row.row(0, named=True), listed, takedown)


def _clips(shards: Mapping[str, Sequence[str]]) -> set[str]:
    return {clip for clips in shards.values() for clip in clips}


def _lists(lake: Lake, name: str, gone: set[str], folder: Path) -> pl.DataFrame:
    """Write the manifest in its forms, the index and the attributions without these clips.

    Returns:
        The manifest that is left.
    """

    def old(path: str) -> Path | None:
        return lake.files.fetch(f"releases/{name}/{path}")

    table = pl.DataFrame(schema={"clip_id": pl.String})
    if found := old(TABLE):
        table = pl.read_parquet(found).filter(~pl.col("clip_id").is_in(gone))
        table.write_parquet(folder / TABLE, compression="zstd")
        attributions(table).write_csv(folder / ATTRIBUTIONS)
    if found := old(LINES):
        with (
            gzip.open(found) as lines,
            (folder / LINES).open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0) as written,
        ):
            written.writelines(line for line in lines if json.loads(line).get("clip_id") not in gone)
    if found := old(CSV):
        rows = pl.read_csv(found, infer_schema=False)
        rows.filter(~pl.col("clip_id").is_in(gone)).write_csv(folder / CSV)
    if old(INDEX):
        clips = lake.query("SELECT * FROM release_clips WHERE release = ? AND media_sha256 IS NOT NULL", [name])
        write_index(RELEASE_CLIPS.frame(clips), folder / INDEX)
    return table


_SECONDS = (pl.col("end_pts") - pl.col("start_pts")) * pl.col("time_base_num") / pl.col("time_base_den")


def _row(lake: Lake, name: str, left: pl.DataFrame) -> dict[str, Any]:
    """The release's row as it is now."""
    row = lake.query("SELECT * FROM releases WHERE release = ?", [name]).row(0, named=True)
    seconds = float(left.select(_SECONDS.sum()).item() or 0) if left.height else 0.0
    without = left["captioner"].null_count() if left.height else 0
    not_cut = None
    if row["not_cut"] is not None:
        not_cut = lake.query(
            "SELECT count(*) FROM release_clips WHERE release = ? AND media_sha256 IS NULL", [name]
        ).item()
    now = {"clips": left.height, "hours": seconds / 3600, "without_caption": without, "not_cut": not_cut}
    return row | now | {"state": IN_PART if left.height else WHOLLY}


def _summary(lake: Lake, name: str, row: Mapping[str, Any], folder: Path) -> None:
    if found := lake.files.fetch(f"releases/{name}/{SUMMARY}"):
        said = json.loads(found.read_text())
        said |= {key: row[key] for key in said if key in row}
        (folder / SUMMARY).write_text(json.dumps(said, indent=2, sort_keys=True) + "\n")


def _publish(lake: Lake, name: str, folder: Path) -> dict[str, tuple[int, str]]:
    """Put the files where readers find them, the summary last; of each its bytes and SHA-256."""
    files = sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: (p.name == SUMMARY, p))
    listed: dict[str, tuple[int, str]] = {}
    for file in files:
        path = file.relative_to(folder).as_posix()
        listed[path] = (file.stat().st_size, sha256_of(file))
        lake.files.publish(file, f"{lake.files.root}/releases/{name}/{path}")
    return listed


def _commit(
    lake: Lake, name: str, row: Mapping[str, Any], listed: Mapping[str, tuple[int, str]], takedown: str
) -> None:
    files = lake.query("SELECT * FROM release_files WHERE release = ?", [name]).rows(named=True)
    now = [
        file | dict(zip(("bytes", "sha256"), listed[file["path"]], strict=True)) if file["path"] in listed else file
        for file in files
    ]
    lake.commit(
        [
            Replacement(RELEASES, [name], RELEASES.frame([dict(row)]), by="release"),
            Replacement(RELEASE_FILES, [name], RELEASE_FILES.frame(now), by="release"),
        ],
        [],
        message=f"takedown {takedown}",
        author="takedown",
    )
