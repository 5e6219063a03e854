"""Two sets of clips side by side: what both have and what each has alone, each set asked for once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.review.asking import SHOWN, Asked, Asking
from video_assets.review.clips import COPIED, Clip, of_row
from video_assets.review.selection import as_query, of_set, verdict_of


@dataclass(frozen=True)
class Part:
    """What both sets have, or one alone.

    Attributes:
        clips: how many.
        hours: their duration, in h.
        shown: the first of them by their ids, each with the rule by which the other set's tier decides; None where that is no tier, or decides by none.
    """

    clips: int
    hours: float
    shown: Sequence[tuple[Clip, str | None]]


def beside(asked: Asked, asking: Asking, left: str, right: str, most: int) -> tuple[Part, Part, Part]:
    """What two sets have: both, the left one alone, and the right one alone.

    Args:
        asked: the lake.
        asking: what the sheet's columns are.
        left: a set, as :attr:`video_assets.review.selection.Selection.outside` names it.
        right: another.
        most: most clips of a part that are shown.

    Raises:
        RefusedError: there is no such kind of set.
    """
    for table, name in (("left_set", left), ("right_set", right)):
        query = as_query(of_set(name), asking)
        sql = f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT s.rowid AS place, s.duration_s {query.source}"
        asked.cursor.execute(sql, query.parameters)
    found = {(row["in_left"], row["in_right"]): row for row in asked.rows(_PARTS, {"most": most})}
    parts = []
    for key, other in (((True, True), ""), ((True, False), right), ((False, True), left)):
        row = found.get(key, {"clips": 0, "hours": 0.0, "places": []})
        parts.append(Part(row["clips"], row["hours"], _clips(asked, asking, row["places"], other)))
    both, left_alone, right_alone = parts
    return both, left_alone, right_alone


_PARTS = """
SELECT
    l.place IS NOT NULL AS in_left, r.place IS NOT NULL AS in_right, count(*) AS clips,
    coalesce(sum(coalesce(l.duration_s, r.duration_s)), 0) / 3600 AS hours, min(coalesce(l.place, r.place), $most) AS places
FROM left_set AS l FULL JOIN right_set AS r ON r.place = l.place
GROUP BY ALL
"""


def _clips(asked: Asked, asking: Asking, places: Sequence[int], other: str) -> list[tuple[Clip, str | None]]:
    """Clips by their rows of the copy."""
    if not places or not other:
        return []
    by = verdict_of(other.removeprefix("tier:"), asking, "decided_by") if other.startswith("tier:") else "NULL"
    # As a question of its own: of numbers that are written out DuckDB 1.5 reads every row.
    rows = asked.rows(
        f"SELECT s.clip_id, s.batch, s.video_id, {COPIED}, {by} AS other FROM {SHOWN} AS s "
        "WHERE s.rowid IN (SELECT unnest($places)) ORDER BY s.rowid",
        {"places": list(places)},
    )
    return [(clip, row["other"]) for row in rows if (clip := of_row(row)) is not None]
