"""Captions in and out of files, and captions set aside to be written anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from video_assets.batches.caption_rows import added, withdrawn, words
from video_assets.batches.step import Step
from video_assets.describe.caption import FIELDS, Caption
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CAPTIONS
from video_assets.lake.sheet import SHEET
from video_assets.lake.versions import short_hash
from video_assets.written import number

_ASSET = CAPTIONS.name
_WITHDRAWN = "withdrawn"
# Least overlap (intersection over union, 0-1) of a time span with the clip that is meant by it.
_SAME_SPAN = 0.8
_SHOWN_ERRORS = 10
_EXPORTED = f"""
SELECT v.file_name, c.start_s, c.end_s, k.clip_id, k.video_id, k.captioner, k.version, k.winner, {", ".join(f"k.{f}" for f in FIELDS)},
    k.words, k.camera_motion, k.camera_confidence, k.source_tags, k.quality_tags, k.model, k.weights, k.prompt_hash, k.seed
FROM current_captions AS k
JOIN clips AS c ON c.batch = k.batch AND c.clip_id = k.clip_id
LEFT JOIN raw_videos AS v ON v.batch = k.batch AND v.video_id = k.video_id
WHERE k.reason IS NULL
ORDER BY v.file_name, c.start_pts, k.clip_id, k.captioner
"""


def export_captions(step: Step, path: Path) -> int:
    """Write every current caption to a JSONL or Parquet file, which can be imported again.

    Returns:
        How many there are.

    Raises:
        ValueError: the file's name ends in neither.
    """
    write: Mapping[str, Callable[[pl.DataFrame], object]] = {
        ".jsonl": lambda rows: rows.write_ndjson(path), ".parquet": lambda rows: rows.write_parquet(path),
    }  # fmt: skip
    if path.suffix not in write:
        raise ValueError(f"{path} ends in neither .jsonl nor .parquet; give it one of these endings.")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent}; make it first, or write elsewhere.")
    rows = step.lake.query(_EXPORTED)
    write[path.suffix](rows)
    return rows.height


def import_captions(step: Step, path: Path, captioner: str) -> list[Made]:
    """Take in captions that others wrote; they are the captioner's current ones, and older ones stay beside them.

    A row names its clip by ``clip_id``, or by ``video_id`` or ``file_name`` with ``start_s`` and ``end_s``: then it is the
    clip whose span has the most in common with that, four fifths of the two together at least. Of the caption's fields
    ``short_description`` and ``dense_description`` are needed; ``model`` may say who wrote it. Others are left alone.

    Returns:
        The ledger entries of the batches that changed and had been captioned before.

    Raises:
        ValueError: a row has no clip or no caption. Nothing is imported then.
    """
    given = _read(path)
    clips = _clips(step, given, path)
    now, version = datetime.now(UTC), f"imported-{short_hash(given.write_json())[:8]}"
    rows, errors = [], []
    for place, (clip, row) in enumerate(zip(clips, given.iter_rows(named=True), strict=True), 1):
        try:
            if isinstance(clip, str):
                raise ValueError(clip)
            caption = Caption.model_validate({f: row.get(f) or "" for f in FIELDS}).model_dump()
        except ValidationError as error:
            fields = ", ".join(str(e["loc"][0]) for e in error.errors())
            errors.append(f"row {place}: {fields} must not be empty")
        except ValueError as error:
            errors.append(f"row {place}: {error}")
        else:
            who = {"captioner": captioner, "version": version, "model": row.get("model"), "written_at": now}
            rows.append({**clip, **caption, **who, "words": words(caption["dense_description"])})
    if twice := len(rows) - len({r["clip_id"] for r in rows}):
        errors.append(f"{twice} rows are about a clip that an earlier row is about")
    if errors:
        more = f"; and {len(errors) - _SHOWN_ERRORS} more" if len(errors) > _SHOWN_ERRORS else ""
        raise ValueError(f"Nothing was imported from {path}: {'; '.join(errors[:_SHOWN_ERRORS])}{more}.")
    fresh = CAPTIONS.frame(pl.DataFrame(rows, infer_schema_length=None))
    sure = step.lake.settings.captions.least_camera_confidence
    with step.lake.lock(_ASSET):
        sheet = step.lake.query(
            f"SELECT * FROM {SHEET} WHERE clip_id IN (SELECT unnest(?))", [fresh["clip_id"].to_list()]
        )
        changed = {
            batch: added(step.lake.read(CAPTIONS, [batch]), fresh.filter(batch=batch), sheet, sure)
            for batch in sorted(set(fresh["batch"]))
        }
        return commit(step, changed, f"captions by {captioner} from {path.name}")


def withdraw(step: Step, versions: Mapping[str, str], version: str | None, captioner: str | None) -> list[Made]:
    """Set captions aside so that they are due: their captioner writes them anew, beside the old ones.

    Args:
        step: the step.
        versions: the captioners of the settings.
        version: only captions of this version.
        captioner: only captions by this captioner.

    Returns:
        The ledger entries of the batches that changed.

    Raises:
        ValueError: there is no such caption that a captioner of the settings can write anew.
    """
    with step.lake.lock(_ASSET):
        have = step.lake.read(CAPTIONS)
        changed = {}
        for (batch,), rows in have.group_by("batch", maintain_order=True):
            now = withdrawn(rows, version, captioner, versions)
            if not now.equals(rows):
                changed[str(batch)] = now
        if not changed:
            known = have.filter(pl.col("current") & pl.col("captioner").is_in(list(versions)))
            listed = sorted(set(known.select(pl.format("{} by {}", "version", "captioner")).to_series()))
            raise ValueError(
                f"No current caption {_meant(version, captioner)} can be written anew; there are {', '.join(listed) or 'none'}."
            )
        return commit(step, changed, f"captions {_meant(version, captioner)} withdrawn", version=_WITHDRAWN)


def _meant(version: str | None, captioner: str | None) -> str:
    return " ".join(([f"of version {version}"] if version else []) + ([f"by {captioner}"] if captioner else []))


def commit(step: Step, changed: Mapping[str, pl.DataFrame], message: str, version: str | None = None) -> list[Made]:
    """Replace some batches' captions. The ledger goes on saying by which version they were made, unless told otherwise."""
    ledger = step.lake.made(list(changed))
    made = []
    for batch, rows in changed.items():
        if entry := ledger.get((_ASSET, batch)):
            costs = {k: entry[k] for k in ("footage_seconds", "compute_seconds", "gpu_seconds")}
            new = step.made(_ASSET, batch, rows, entry["inputs"], **costs)
            made.append(replace(new, version=version or entry["version"]))
    rows = CAPTIONS.frame(pl.concat(changed.values()))
    step.lake.commit([Replacement(CAPTIONS, list(changed), rows)], made, message=message)
    return made


def _read(path: Path) -> pl.DataFrame:
    """The rows of a file of captions.

    Raises:
        ValueError: it is none, with the first line that is wrong.
    """
    if path.suffix not in (".parquet", ".jsonl", ".ndjson"):
        raise ValueError(f"{path} ends in neither .jsonl nor .parquet; captions are read from one of these.")
    try:
        if path.suffix == ".parquet":
            rows = pl.read_parquet(path)
        else:
            rows = pl.read_ndjson(path, infer_schema_length=None) if path.read_bytes().strip() else pl.DataFrame()
    except pl.exceptions.PolarsError as error:
        wrong = _first_wrong(path) if path.suffix != ".parquet" else None
        told = str(error).partition("\n")[0]
        raise ValueError(
            f"{path}:{wrong}: This line is no JSON object; write one a caption, each on a line of its own." if wrong else
            f"{path} cannot be read as captions: {told}."
        ) from error  # fmt: skip
    if rows.is_empty():
        raise ValueError(f"{path} holds no caption.")
    return rows


def _first_wrong(path: Path) -> int | None:
    """The first line, from 1, that is no JSON object."""
    for place, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            if line.strip() and not isinstance(json.loads(line), dict):
                return place
        except ValueError:
            return place
    return None


def _clips(step: Step, rows: pl.DataFrame, path: Path) -> Sequence[dict[str, str] | str]:
    """The clip of each row: its batch, clip_id and video_id; or why there is none."""
    if "clip_id" in rows.columns:
        return _by_id(step, [_as_text(clip) for clip in rows["clip_id"]])
    source = next((c for c in ("video_id", "file_name") if c in rows.columns), None)
    if source is None or not {"start_s", "end_s"} <= {*rows.columns}:
        raise ValueError(f"{path} names no clips: it needs clip_id, or video_id or file_name with start_s and end_s.")
    spans = rows.select(source, "start_s", "end_s").iter_rows()
    return [_by_span(step, source, _as_text(name), _as_number(start), _as_number(end)) for name, start, end in spans]


def _as_text(value: object) -> str:
    return "" if value is None else str(value)


def _as_number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _by_id(step: Step, clips: Sequence[str]) -> list[dict[str, str] | str]:
    found = step.lake.query(
        "SELECT batch, clip_id, video_id FROM clips WHERE clip_id IN (SELECT unnest(?))", [list(clips)]
    )
    known: dict[str, dict[str, str]] = {row["clip_id"]: row for row in found.iter_rows(named=True)}
    return [known.get(clip, f"there is no clip {clip}" if clip else "clip_id is empty") for clip in clips]


def _by_span(step: Step, source: str, name: str, start: float | None, end: float | None) -> dict[str, str] | str:
    """The clip of a source that a span means."""
    if start is None or end is None:
        return "start_s and end_s must be numbers"
    column = "c.video_id" if source == "video_id" else "v.file_name"
    found = step.lake.query(
        "SELECT c.batch, c.clip_id, c.video_id, (least(c.end_s, $end) - greatest(c.start_s, $start)) "
        "/ (greatest(c.end_s, $end) - least(c.start_s, $start)) AS shared "
        "FROM clips AS c JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id "
        f"WHERE {column} = $name ORDER BY shared DESC, c.clip_id",
        {"name": name, "start": start, "end": end},
    )
    if found.is_empty():
        return f"there is no clip of {name}"
    if found["video_id"].n_unique() > 1:
        return f"several videos are named {name}; say video_id"
    best: dict[str, Any] = found.row(0, named=True)
    if best.pop("shared") < _SAME_SPAN:
        return f"no clip of {name} goes from {number(start)} to {number(end)} s"
    return best
