"""Which failed rows are tried again: failed in passing, at limits that are others now, or named by a person.

A file that was gone when it was to be measured makes nothing due until a look has seen it again.

The same rule twice, as it is asked of rows that were read and in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from video_assets.reasons import Reason

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake
    from video_assets.lake.ledger import Entries
    from video_assets.lake.plan import Measurement

TRANSIENT = [r.value for r in Reason if r.transient]
AT_A_LIMIT = [r.value for r in Reason if r.at_a_limit]
RETRY = "retry"
"""The version of a failed row that a person wants tried again: no measurement has it."""


def settled(measurement: Measurement) -> pl.Expr:
    """Whether a row is a measurement's last word: of its version, and good, or failed for good at these limits."""
    return (pl.col("version") == measurement.version) & ~tried_again(measurement.limits)


def tried_again(limits: Sequence[str]) -> pl.Expr:
    """Whether a row failed in passing, or at a limit that other settings set than those that set one now.

    A row of older code that failed at a limit does not say at which.
    """
    again = pl.col("reason").is_in(TRANSIENT)
    if limits:
        by = (
            pl.when(pl.col("reason").is_in(AT_A_LIMIT)).then(pl.col("limited_by").fill_null("")).otherwise("limited_by")
        )
        again |= ~by.is_in(list(limits)).fill_null(value=True)
    return again.fill_null(value=False)


def tried_again_sql(row: str, limits: str = "limits") -> str:
    """The same in SQL, of the table that is called ``row``; its parameters are those of :func:`parameters`.

    ``limits`` is what the one of the limits is called, where a query asks of several measurements.
    """
    return f"coalesce({_in_passing(row)} OR {_at_another_limit(row, limits)}, FALSE)"


def parameters(limits: Sequence[str]) -> dict[str, list[str]]:
    """What :func:`tried_again_sql` asks for."""
    return {"passing": TRANSIENT, "limited": AT_A_LIMIT, "limits": list(limits)}


def _in_passing(row: str) -> str:
    return f"{row}.reason IN (SELECT unnest($passing))"


def _at_another_limit(row: str, limits: str) -> str:
    return (
        f"(len(${limits}) > 0 AND coalesce(CASE WHEN {row}.reason IN (SELECT unnest($limited)) "
        f"THEN coalesce({row}.limited_by, '') ELSE {row}.limited_by END NOT IN (SELECT unnest(${limits})), FALSE))"
    )


_OF_THE_VIDEO = (
    "FROM raw_videos AS v JOIN source_files AS s ON s.batch = v.batch AND s.content = v.content "
    "WHERE v.batch = r.batch AND v.video_id = r.video_id AND s.current"
)
# Of a row of these tables: whether its file was last seen somewhere.
_SEEN = {
    "raw_videos": "FROM source_files AS s WHERE s.batch = r.batch AND s.content = r.content AND s.current",
    "rights_signals": _OF_THE_VIDEO,
    "decoded_videos": _OF_THE_VIDEO,
}


def waiting(lake: Lake, measured: Iterable[Measurement], ledger: Entries) -> dict[tuple[str, str], str]:
    """By asset and batch, how many failed rows are tried again and why, in words, where there are any.

    Args:
        lake: the lake.
        measured: what is asked of.
        ledger: as the lake has it. Only tables of which it says that
            rows failed are asked.
    """
    failed = ledger.failed
    parts: list[str] = []
    given: dict[str, list[str]] = {"passing": TRANSIENT}
    for number, m in enumerate(m for m in measured if m.asset in failed and "reason" in m.table.schema):
        limited = "FALSE"
        if "limited_by" in m.table.schema:
            limited, given[f"limits_{number}"] = _at_another_limit("r", f"limits_{number}"), list(m.limits)
            given["limited"] = AT_A_LIMIT
        passing = _in_passing("r")
        if m.table.name in _SEEN:
            passing += f" AND (r.reason <> '{Reason.SOURCE_MISSING}' OR EXISTS ({_SEEN[m.table.name]}))"
        parts.append(
            f"SELECT '{m.asset}' AS asset, batch, count(*) FILTER (version <> '{RETRY}' AND {passing}), "
            f"count(*) FILTER (version <> '{RETRY}' AND {limited}), count(*) FILTER (version = '{RETRY}') "
            f"FROM {m.table.name} AS r WHERE reason IS NOT NULL GROUP BY batch"
        )
    found = {}
    for asset, batch, *counts in lake.query(" UNION ALL ".join(parts), given).iter_rows() if parts else ():
        whys = ("failed for a passing reason", "failed at a limit that is another now", "to be tried again")
        if told := [f"{count} {why}" for count, why in zip(counts, whys, strict=True) if count]:
            found[asset, batch] = ", ".join(told)
    return found
