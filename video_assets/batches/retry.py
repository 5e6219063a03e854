"""Failed rows that a person wants tried again, whatever they failed for: after a new decoder, a mended disk, a doubt.

A row that is set aside keeps its reason, so that readers see what they saw; only its version is that of no measurement,
so that it is due. The run that measures it again replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import polars as pl

from video_assets.batches.step import Step
from video_assets.lake.again import RETRY
from video_assets.lake.lake import Lake
from video_assets.lake.names import resolve_file
from video_assets.lake.schemas import RAW_VIDEOS
from video_assets.reasons import Reason

_FEWEST_DIGITS = 8
_MOST_LISTED = 5


@dataclass(frozen=True)
class Failed:
    """Subjects (videos or clips) that failed: their keys by asset, and the batches that they are in."""

    subjects: Mapping[str, Sequence[str]]
    batches: frozenset[str]

    @property
    def count(self) -> int:
        return sum(map(len, self.subjects.values()))


def reason_named(name: str) -> Reason:
    """The reason of that name.

    Raises:
        ValueError: there is none.
    """
    names = [reason.value for reason in Reason]
    if name in names:
        return Reason(name)
    meant = get_close_matches(name, names, 1)
    hint = f"did you mean {meant[0]}?" if meant else f"there are {', '.join(sorted(names))}."
    raise ValueError(f"There is no reason {name}; {hint}")


def set_aside(step: Step, what: str | None, reason: Reason | None) -> Failed:
    """Mark failed rows of every table, so that they are due.

    Args:
        step: the step; tables of what is not measured by its settings are left alone.
        what: a file's name, path or address, a batch, or a clip or video by eight digits or more of its id; None: all.
        reason: only what failed for this; None: for whatever reason.

    Raises:
        ValueError: there is no such thing, or nothing of it failed.
    """
    column, values = _meant(step.lake, what) if what else ("", [])
    found = _failed(step, column, values, reason)
    if found.is_empty():
        raise ValueError(_nothing(step, what, column, values, reason))
    subjects = {
        str(asset): rows["subject"].to_list() for (asset,), rows in found.group_by("asset", maintain_order=True)
    }
    changes = [
        (
            f"UPDATE {step.order[asset].table.name} SET version = '{RETRY}' WHERE reason IS NOT NULL "
            f"AND {_subject(step, asset)} IN (SELECT unnest($subjects))",
            {"subjects": keys},
        )
        for asset, keys in subjects.items()
    ]
    told = " ".join(["retry", *([what] if what else []), *([reason.value] if reason else [])])
    step.lake.amend(changes, message=told, author="retry")
    return Failed(subjects, frozenset(found["batch"]))


def outcome(step: Step, tried: Failed) -> pl.DataFrame:
    """What became of it, by asset: how many were tried, how many failed again, and for which reasons."""
    rows = []
    for asset, subjects in tried.subjects.items():
        key = _subject(step, asset)
        found = step.lake.query(
            f"SELECT DISTINCT {key} AS subject, reason FROM {step.order[asset].table.name} "
            f"WHERE reason IS NOT NULL AND {key} IN (SELECT unnest(?))",
            [list(subjects)],
        )
        reasons = ", ".join(sorted(set(found["reason"])))
        again = found["subject"].n_unique()
        rows.append({"asset": asset, "tried": len(subjects), "failed_again": again, "reasons": reasons})
    return pl.DataFrame(rows)


def _subject(step: Step, asset: str) -> str:
    """The column by which a failed row is known. A video that could not be hashed has no lasting id."""
    table = step.order[asset].table
    if table is RAW_VIDEOS:
        return "content"
    return "clip_id" if "clip_id" in table.schema else "video_id"


def _failed(step: Step, column: str, values: Sequence[str], reason: Reason | None) -> pl.DataFrame:
    """asset, batch, subject and reason of the failed rows that are meant, one row each."""
    parts = [
        f"SELECT DISTINCT '{asset}' AS asset, batch, {_subject(step, asset)} AS subject, reason FROM {m.table.name} "
        f"WHERE reason IS NOT NULL AND ($reason IS NULL OR reason = $reason)"
        + (f" AND {column} IN (SELECT unnest($values))" if column else "")
        for asset, m in step.order.items()
        if "reason" in m.table.schema and (not column or column in m.table.schema)
    ]
    given = {"reason": reason.value if reason else None} | ({"values": list(values)} if column else {})
    return step.lake.query(f"{' UNION ALL '.join(parts)} ORDER BY ALL", given)


def _nothing(step: Step, what: str | None, column: str, values: Sequence[str], reason: Reason | None) -> str:
    """The sentence for when nothing is found."""
    others = sorted(set(_failed(step, column, values, None)["reason"])) if reason else []
    said = f"Nothing{f' of {what}' if what else ''} failed{f' for {reason.value}' if reason else ''}"
    return f"{said}, but for {', '.join(others)}." if others else f"{said}."


def _meant(lake: Lake, what: str) -> tuple[str, list[str]]:
    """The column and its values that a person means.

    Raises:
        ValueError: there is nothing of that name, or too much.
    """
    batches = lake.query("SELECT DISTINCT batch FROM source_files WHERE batch = ?", [what])["batch"].to_list()
    if batches:
        return "batch", batches
    with lake.cursor() as cursor:
        contents = resolve_file(cursor, what)
    if contents:
        of_them = "SELECT DISTINCT video_id FROM raw_videos WHERE content IN (SELECT unnest($contents)) ORDER BY ALL"
        return "video_id", lake.query(of_them, {"contents": contents})["video_id"].to_list()
    if len(what) >= _FEWEST_DIGITS:
        for column, table in (("clip_id", "clips"), ("video_id", "raw_videos"), ("batch", "source_files")):
            sql = f"SELECT DISTINCT {column} FROM {table} WHERE starts_with({column}, ?) ORDER BY ALL"
            found = lake.query(sql, [what])[column].to_list()
            if len(found) > 1:
                raise ValueError(f"{what} may be {' or '.join(found[:_MOST_LISTED])}; say which by more of its digits.")
            if found:
                return column, found
    names = lake.query("SELECT DISTINCT file_name FROM raw_videos")["file_name"].to_list()
    meant = get_close_matches(Path(what).name, names, 1)
    hint = f"; did you mean {meant[0]}?" if meant else ". A clip is known by the first eight digits of its id, or more."
    raise ValueError(f"There is no file, batch or clip {what}{hint}")
