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
from video_assets.publish.canonical import encoded
from video_assets.publish.manifest import IN_PART, LINES, SECONDS, TABLE, WHOLLY, Lines, values_of
from video_assets.publish.release_files import ATTRIBUTIONS, INDEX, SUMMARY, attributions, write_csv, write_index
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
        with gzip.open(found) as lines, Lines(folder / LINES) as written:
            for one in lines:
                if json.loads(one).get("clip_id") not in gone:
                    written.add(one.rstrip(b"\n"))
    if found := old(CSV):
        rows = pl.read_csv(found, infer_schema=False)
        rows.filter(~pl.col("clip_id").is_in(gone)).write_csv(folder / CSV)
    if old(INDEX):
        clips = lake.query("SELECT * FROM release_clips WHERE release = ? AND media_sha256 IS NOT NULL", [name])
        write_index(RELEASE_CLIPS.frame(clips), folder / INDEX)
    return table


def _row(lake: Lake, name: str, left: pl.DataFrame) -> dict[str, Any]:
    """The release's row as it is now."""
    row = lake.query("SELECT * FROM releases WHERE release = ?", [name]).row(0, named=True)
    not_cut = None
    if row["not_cut"] is not None:
        not_cut = lake.query(
            "SELECT count(*) FROM release_clips WHERE release = ? AND media_sha256 IS NULL", [name]
        ).item()
    return row | _counted(row, left) | {"not_cut": not_cut, "state": IN_PART if left.height else WHOLLY}


def _counted(row: Mapping[str, Any], table: pl.DataFrame) -> dict[str, Any]:
    """What the release's row says of its manifest, and of what was in it before."""
    hours = float(table.select(SECONDS.sum()).item() or 0) / 3600 if table.height else 0.0
    gone = (row["taken_down"] or 0) + (row["clips"] or 0) - table.height
    gone_hours = (row["taken_down_hours"] or 0.0) + (row["hours"] or 0.0) - hours
    return {
        "clips": table.height, "hours": hours, "without_caption": table["captioner"].null_count() if table.height else 0,
        "taken_down": gone or None, "taken_down_hours": gone_hours if gone else None,
    }  # fmt: skip


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
    lake.commit(_rows(lake, name, row, listed), [], message=f"takedown {takedown}", author="takedown")


def _rows(lake: Lake, name: str, row: Mapping[str, Any], listed: Mapping[str, tuple[int, str]]) -> list[Replacement]:
    files = lake.query("SELECT * FROM release_files WHERE release = ?", [name]).rows(named=True)
    now = [
        file | dict(zip(("bytes", "sha256"), listed[file["path"]], strict=True)) if file["path"] in listed else file
        for file in files
    ]
    return [
        Replacement(RELEASES, [name], RELEASES.frame([dict(row)]), by="release"),
        Replacement(RELEASE_FILES, [name], RELEASE_FILES.frame(now), by="release"),
    ]


def frozen_rows(lake: Lake, concerned: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, dict[str, Any]]:
    """What :func:`withdraw` takes out of the lists of each release, for :func:`put_back`. Ask before rows go.

    Returns:
        By release its ``release_id``, and the ``clips`` as rows of ``release_clips`` and of the ``manifest``.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, shards in concerned.items():
        ids = lake.query("SELECT release_id FROM releases WHERE release = ?", [name])["release_id"].to_list()
        clips = lake.query(
            "SELECT * FROM release_clips WHERE release = ? AND clip_id IN (SELECT unnest(?))",
            [name, sorted(_clips(shards))],
        )
        file = lake.files.fetch(f"releases/{name}/{TABLE}")
        lines = pl.read_parquet(file).filter(pl.col("clip_id").is_in(clips["clip_id"].implode())) if file else None
        found[name] = {
            "release_id": ids[0] if ids else None,
            "clips": clips.to_dicts(),
            "manifest": [] if lines is None else lines.to_dicts(),
        }
    return found


def put_back(lake: Lake, name: str, frozen: Mapping[str, Any]) -> list[Replacement]:
    """Write the lists of a release with the clips that :func:`withdraw` took out of them.

    Shards have them still. Where nothing else was taken out, the lines have the release's id as their hash again, and it is
    what it was before.

    Args:
        lake: the lake.
        name: the release's name.
        frozen: of :func:`frozen_rows`.

    Returns:
        What is to be committed of its tables; nothing where there is no such release any more.
    """
    row = lake.query("SELECT * FROM releases WHERE release = ?", [name])
    before = row.row(0, named=True) if row.height else None
    if before is None or before["release_id"] != frozen["release_id"]:
        return []
    there = RELEASE_CLIPS.frame(lake.query("SELECT * FROM release_clips WHERE release = ?", [name]))
    back = RELEASE_CLIPS.frame(frozen["clips"]).join(there, on="clip_id", how="anti")
    clips = pl.concat([there, back]).sort("clip_id")
    with lake.files.temporary() as folder:
        table, digest = _lists_with(lake, name, frozen["manifest"], clips, folder)
        not_cut = clips["media_sha256"].null_count() if before["not_cut"] is not None else None
        state = "frozen" if not_cut is None else "incomplete" if not_cut else "built"
        now = (
            before
            | _counted(before, table)
            | {"not_cut": not_cut, "state": state if digest == before["release_id"] else IN_PART}
        )
        _summary(lake, name, now, folder)
        listed = _publish(lake, name, folder)
    return [Replacement(RELEASE_CLIPS, [name], clips, by="release"), *_rows(lake, name, now, listed)]


def _lists_with(
    lake: Lake, name: str, back: Sequence[Mapping[str, Any]], clips: pl.DataFrame, folder: Path
) -> tuple[pl.DataFrame, str | None]:
    """The same as :func:`_lists`, with these rows of the manifest put in again; and the hash of all lines."""

    def old(path: str) -> Path | None:
        return lake.files.fetch(f"releases/{name}/{path}")

    table, digest = pl.DataFrame(schema={"clip_id": pl.String}), None
    if found := old(TABLE):
        left = pl.read_parquet(found)
        rows = pl.DataFrame(list(back), schema=left.schema).join(left, on="clip_id", how="anti")
        table = pl.concat([left, rows]).sort("clip_id")
        table.write_parquet(folder / TABLE, compression="zstd")
        attributions(table).write_csv(folder / ATTRIBUTIONS)
    if found := old(LINES):
        with gzip.open(found) as lines:
            first = lines.readline().rstrip(b"\n")
        with Lines(folder / LINES) as written:
            written.add(first)
            for part in table.iter_slices():
                written.add(*(encoded(values) for values in values_of(part)))
        digest = written.hex
    if old(CSV):
        write_csv(table, folder / CSV)
    if old(INDEX):
        write_index(clips.filter(pl.col("media_sha256").is_not_null()), folder / INDEX)
    return table, digest
