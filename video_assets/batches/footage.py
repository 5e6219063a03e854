"""raw_videos and the one decode: the two steps that open media, each video in a worker process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from video_assets.batches.elsewhere import due_again, others, with_rights_of_all
from video_assets.batches.refused import refusal, sha256_in, taken_down
from video_assets.batches.step import Step, counter, tally, total
from video_assets.batches.workers import run_jobs
from video_assets.footage.ingest import mark_gone, mark_held, pick_sources
from video_assets.lake.kept import Kept
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import due_rows
from video_assets.lake.schemas import (
    DECODED_VIDEOS,
    FLOW_FRAMES,
    FRAME_SIGNALS,
    KEYFRAMES,
    PICTURE,
    RAW_VIDEOS,
    RIGHTS,
    SHOT_FRAMES,
    SOURCE_FILES,
    Table,
)
from video_assets.lake.versions import combined, data_version
from video_assets.reasons import Reason

_RIGHTS = [c.name for c in RIGHTS]
# What every decode streams to disk, in the order of its assets; the file names are those of measure/tasks.py.
_STREAMED = (
    (FRAME_SIGNALS, "signals.parquet"),
    (KEYFRAMES, "keyframes.parquet"),
    (SHOT_FRAMES, "shot_frames.parquet"),
)
# What it streams where it is asked for.
_PAIRED = (FLOW_FRAMES, "flow_frames.parquet")
_PASS = {c: t for c, t in DECODED_VIDEOS.schema.items() if c not in PICTURE}


def take_in_videos(step: Step, batch: str) -> Made:
    """Identify and probe the batch's files; commit ``raw_videos``."""
    lake, version = step.lake, step.version("raw_videos")
    inputs = step.inputs("raw_videos", batch)
    sources = pick_sources(lake.read(SOURCE_FILES, [batch]))
    have = lake.read(RAW_VIDEOS, [batch])
    due = set(due_rows(sources["content"].to_list(), have, "content", step.order["raw_videos"]))
    step.say(f"raw_videos of {batch}: {len(due)} files to open, {sources.height - len(due)} known.")
    measured = _taken_in(step, sources.filter(pl.col("content").is_in(due)))
    kept = have.filter(pl.col("content").is_in(sources["content"].to_list()) & ~pl.col("content").is_in(due))
    rows = pl.concat([RAW_VIDEOS.frame(measured), kept]) if measured else kept
    # Places, rights and benchmarks are the ledger's to say: they are taken anew, without measuring anything again.
    said = ("uri", *_RIGHTS, "benchmark")
    rows = rows.drop("file_name", *said).join(sources.select("content", *said), on="content")
    rows = RAW_VIDEOS.frame(
        _without_copies(lake, rows.with_columns(pl.col("uri").str.split("/").list.last().alias("file_name")), batch),
        batch=batch, version=version,
    )  # fmt: skip
    made = step.made("raw_videos", batch, rows, inputs, footage_seconds=total(rows["duration_s"]))
    _mark_originals(lake, rows)
    missing = {row["content"] for row in measured if row.get("reason") == Reason.SOURCE_MISSING}
    _mark_gone(lake, [uri for content, uri in sources.select("content", "uri").iter_rows() if content in missing])
    made_all = [made, *due_again(step, batch, rows)]
    lake.commit([Replacement(RAW_VIDEOS, [batch], rows)], made_all, message=f"raw_videos/{batch}", run_id=step.run_id)
    return made


def _mark_gone(lake: Lake, uris: list[str]) -> None:
    """Tell the ledger of places where nothing is any more: what was to be measured there is due when it is seen again."""
    if uris:
        mark_gone(lake, uris)


def _mark_originals(lake: Lake, rows: pl.DataFrame) -> None:
    """Tell the ledger of footage whose bytes a benchmark's video has that was set aside for it."""
    copies = rows.filter((pl.col("reason") == Reason.DUPLICATE_CONTENT.value) & pl.col("benchmark").is_not_null())
    if copies.is_empty():
        return
    held = lake.query(
        "SELECT video_id, content FROM raw_videos WHERE reason IS NULL AND benchmark IS NULL "
        "AND video_id IN (SELECT unnest(?))",
        [copies["video_id"].to_list()],
    )
    mark_held(
        lake,
        dict(
            held.join(copies.select("video_id", "benchmark"), on="video_id").select("content", "benchmark").iter_rows()
        ),
    )


def _taken_in(step: Step, sources: pl.DataFrame) -> list[dict[str, object]]:
    from video_assets.measure.tasks import SourceJob, take_in
    from video_assets.media.identity import video_id
    from video_assets.media.limits import Limits, reading

    settings = step.lake.settings
    jobs: dict[str, tuple[Any, Limits]] = {}
    for source in sources.sort("size_bytes", descending=True).iter_rows(named=True):
        job = SourceJob(
            source["uri"], source["content"], source["size_bytes"], source["modified_at"], settings.s3,
            settings.lake.scratch_path, settings.decode.max_pixels,
        )  # fmt: skip
        jobs[source["content"]] = job, reading(settings.workers, source["size_bytes"])
    sizes = dict(sources.select("content", "size_bytes").iter_rows())
    refused = taken_down(step.lake)
    # What the ledger knows by its hash is refused unopened; an object on S3 is hashed first.
    known = {c: sha for c in jobs if (sha := sha256_in(c)) in refused and sha}
    rows = [{"content": c, "size_bytes": sizes[c], **refusal(sha, refused)} for c, sha in known.items()]
    jobs = {content: job for content, job in jobs.items() if content not in known}
    outcomes = run_jobs(take_in, jobs, settings, counter(step, "raw_videos", len(jobs)))
    for content, outcome in outcomes.items():
        row: dict[str, object] = {"content": content, "size_bytes": sizes[content]}
        if (taken := outcome.value) and taken.sha256 in refused:
            row |= refusal(taken.sha256, refused)
        elif taken:
            row |= taken.facts | {"video_id": taken.video_id, "sha256": taken.sha256}
            row |= {"reason": taken.reason, "message": taken.message}
        else:
            # Not even hashed: known by its ledger key until it can be.
            sha256 = sha256_in(content)
            row |= {"video_id": video_id(sha256 or _sha256_of_text(content)), "sha256": sha256}
            row |= outcome.failure()
        rows.append(row)
    return rows


def _sha256_of_text(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def _without_copies(lake: Lake, rows: pl.DataFrame, batch: str) -> pl.DataFrame:
    """Set aside what the lake already holds elsewhere, and all but one of equal contents in this batch.

    The ledger keeps equal local files apart from the start; objects on S3 are known by their entity tags until they are
    hashed, and equal bytes can have different ones. What is refused at one of them, here or in another batch, is refused.
    """
    found = others(lake, batch, rows["video_id"].to_list())
    held = found.filter(pl.col("reason").is_null()).group_by("video_id").agg(pl.col("batch").min().alias("held_by"))
    own = rows.select(pl.lit(batch).alias("batch"), "content", "video_id")
    # A copy says what its own places do: who holds the content has what all say.
    elsewhere = found.select(own.columns).join(held, on="video_id", how="anti")
    same = pl.concat([own, elsewhere]).filter(pl.len().over("video_id") > 1)
    rows = with_rights_of_all(lake, batch, rows, same)
    rows = (
        rows.sort(pl.col("benchmark").is_null(), "content")
        .unique("video_id", keep="first", maintain_order=True)
        .join(held, on="video_id", how="left")
    )
    copy = pl.col("held_by").is_not_null() & pl.col("reason").is_null()
    return rows.with_columns(
        message=pl.when(copy).then(pl.lit("Held by batch ") + pl.col("held_by")).otherwise("message"),
        reason=pl.when(copy).then(pl.lit(Reason.DUPLICATE_CONTENT.value)).otherwise("reason"),
    ).drop("held_by")


def decode_videos(step: Step, batch: str) -> list[Made]:
    """The one decode of the batch's videos; commit its tables together, ``decoded_videos`` first.

    Asking for ``flow_frames`` decodes the videos that have none once more; what the decode gave before comes out the same.
    """
    from video_assets.measure.tasks import decoded_files

    lake, version = step.lake, step.version("decoded_videos")
    inputs = step.inputs("decoded_videos", batch)
    streamed = (*_STREAMED, *((_PAIRED,) if FLOW_FRAMES.name in step.order else ()))
    assets = ("decoded_videos", *(table.name for table, _ in streamed))
    videos = lake.read(RAW_VIDEOS, [batch]).filter(pl.col("reason").is_null())
    have = lake.read(DECODED_VIDEOS, [batch])
    due = due_rows(videos["video_id"].to_list(), have, "video_id", step.order["decoded_videos"])
    wanted = set(videos["video_id"])
    ledger = lake.made([batch])
    if FLOW_FRAMES.name in step.order:
        due += sorted(_unpaired(step, batch, have, ledger) & wanted - set(due))
    step.say(f"decode of {batch}: {len(due)} videos to decode, {len(wanted - set(due))} decoded before.")
    unchanged = not due and set(have["video_id"]) == wanted
    if unchanged and all(ledger.get((a, batch), {}).get("version") == step.version(a) for a in assets):
        made = [_made_again(ledger[asset, batch], inputs) for asset in assets]
        lake.commit([], made, message=f"decode/{batch}: nothing to decode", run_id=step.run_id)
        return made

    places = dict(pick_sources(lake.read(SOURCE_FILES, [batch])).select("content", "uri").iter_rows())
    versions = list(dict.fromkeys(step.version(asset) for asset in assets))
    results = Kept.of(lake.settings, "decoded", combined(*versions))
    fresh = _decoded(step, videos.filter(pl.col("video_id").is_in(due)), places, results)
    gone = {row["video_id"] for row in fresh if row.get("reason") == Reason.SOURCE_MISSING}
    _mark_gone(lake, [places[c] for v, c in videos.select("video_id", "content").iter_rows() if v in gone])
    kept = have.filter(pl.col("video_id").is_in(list(wanted - set(due))))
    passes = pl.DataFrame([*fresh, *kept.drop(PICTURE).to_dicts()], schema=_PASS)
    decoded = DECODED_VIDEOS.frame(
        passes.join(videos.select("video_id", *PICTURE), on="video_id"), batch=batch, version=version
    )
    good = sorted(decoded.filter(pl.col("reason").is_null())["video_id"])
    with lake.files.temporary() as temporary:
        seconds = {
            "footage_seconds": total(decoded["duration_s"]),
            "compute_seconds": total(decoded["compute_seconds"]),
        }
        made = [
            step.made("decoded_videos", batch, decoded, inputs, **seconds),
        ]
        replacements = [Replacement(DECODED_VIDEOS, [batch], decoded)]
        for table, name in streamed:
            file = temporary / name
            rows = _assemble(lake, table, batch, good, {v: f"{v}/{name}" for v in due}, results, file)
            made.append(Made(table.name, batch, step.version(table.name), data_version(file, table), inputs, rows))
            replacements.append(Replacement(table, [batch], file))
        lake.commit(replacements, made, message=f"decode/{batch}", run_id=step.run_id)
    for video in due:
        shutil.rmtree(results.folder / video, ignore_errors=True)
    results.forget([name for video in due for name in decoded_files(video)], lake.files)
    return made


def _unpaired(
    step: Step, batch: str, have: pl.DataFrame, ledger: Mapping[tuple[str, str], Mapping[str, Any]]
) -> set[str]:
    """The videos that were decoded without the frames after their keyframes, or with those of another version."""
    asset = FLOW_FRAMES.name
    current = ledger.get((asset, batch), {}).get("version") == step.version(asset)
    paired = set(step.lake.read(FLOW_FRAMES, [batch], ["video_id"])["video_id"]) if current else set()
    return set(have.filter(pl.col("reason").is_null() & (pl.col("frames") > 1))["video_id"]) - paired


def _made_again(entry: Mapping[str, Any], inputs: Mapping[str, str]) -> Made:
    """The same content, from inputs that changed in ways that do not matter to it."""
    names = ("asset", "batch", "version", "data_version", "rows", "failures", "footage_seconds", "compute_seconds")
    return Made(**{n: entry[n] for n in names}, inputs=inputs)


def _decoded(step: Step, videos: pl.DataFrame, places: Mapping[str, str], results: Kept) -> list[dict[str, object]]:
    """decoded_videos rows of some videos: those that a killed run had finished, and the rest by decoding."""
    from video_assets.measure.tasks import SUMMARY, DecodeJob, decode
    from video_assets.media.limits import Declared, Limits, decoding

    settings = step.lake.settings
    rows: list[dict[str, object]] = []
    jobs: dict[str, tuple[Any, Limits]] = {}
    # Seconds of footage, as they are declared; a video that declares none counts as one.
    seconds = {v: max(1, round(s or 0)) for v, s in videos.select("video_id", "duration_s").iter_rows()}
    with step.lake.files.temporary() as temporary, tally(step, "frame_signals", temporary, seconds) as count:
        finished = results.finished(f"{{}}/{SUMMARY}") if videos.height else set()
        # The longest first: the last worker to finish then has a short one.
        for row in videos.sort("size_bytes", descending=True).iter_rows(named=True):
            video = row["video_id"]
            if video in finished:
                rows.append(json.loads(results.take(f"{video}/{SUMMARY}").read_text()))
                count.done(video)
                continue
            job = DecodeJob(
                places[row["content"]], video, row["size_bytes"], row["stream"], results, settings.s3,
                settings.lake.scratch_path, settings.decode, FLOW_FRAMES.name in step.order, count.file(video), row["content"],
            )  # fmt: skip
            declared = Declared(row["coded_width"] * row["coded_height"], row["duration_s"], row["average_fps"])
            jobs[video] = job, decoding(settings.workers, row["size_bytes"], declared)
        outcomes = run_jobs(decode, jobs, settings, count.done)
    for video, outcome in outcomes.items():
        rows.append(outcome.value or {"video_id": video, **outcome.failure()})
    return rows


def _assemble(
    lake: Lake, table: Table, batch: str, videos: Iterable[str], fresh: Mapping[str, str], results: Kept, path: Path
) -> int:
    """One file of a partition: the good old rows and the new ones, video by video, whatever their size.

    Args:
        lake: the lake.
        table: whose file it is.
        batch: the batch.
        videos: all of them, in order.
        fresh: of those that were decoded now, the names of their files.
        results: where these are.
        path: the file to write.

    Returns:
        The number of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = table.empty().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for video in videos:
            if video in fresh:
                parts: Iterable[pa.Table] = _tables(results.take(fresh[video]))
            else:
                old = lake.query(f"SELECT * FROM {table.name} WHERE batch = ? AND video_id = ?", [batch, video])
                parts = [old.sort(table.key).to_arrow(compat_level=pl.CompatLevel.oldest())]
            for part in parts:
                if "batch" not in part.column_names:
                    part = part.append_column("batch", pa.array([batch] * part.num_rows, schema.field("batch").type))
                writer.write_table(part.select(schema.names).cast(schema))
                rows += part.num_rows
    return rows


def _tables(path: Path) -> Iterable[Any]:
    """A Parquet file's row groups, one at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)
