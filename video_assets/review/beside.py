"""Two sets of clips side by side: what both have and what each has alone, each set asked for once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.review.asking import SHOWN, Asked, Asking
from video_assets.review.clips import COPIED, Clip, of_row
from video_assets.review.selection import ids_of, not_gone, of_set, verdict_of


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
    inside, named = list[str](), list[str]()
    there, parameters = not_gone(asking)
    parameters["most"] = most
    for side, chosen in (("l", of_set(left)), ("r", of_set(right))):
        if chosen.tier:
            inside.append(f"coalesce({verdict_of(chosen.tier, asking)} = 'kept', FALSE)")
        else:
            inside.append(f"coalesce(n.{side}, FALSE)")
            named.append(f"SELECT clip_id, '{side}' AS side FROM ({ids_of(chosen, f'${side}')})")
            parameters[side] = chosen.draw or chosen.release
    # Both sets in one look at the copy: to find ids in it takes the most time.
    tables = f"{SHOWN} AS s"
    if named:
        join = "JOIN" if len(named) == 2 else "LEFT JOIN"
        sides = "bool_or(side = 'l') AS l, bool_or(side = 'r') AS r"
        tables += f" {join} (SELECT clip_id, {sides} FROM ({' UNION ALL '.join(named)}) GROUP BY clip_id) AS n ON n.clip_id = s.clip_id"
    rows = asked.rows(_PARTS.format(left=inside[0], right=inside[1], tables=tables, there=there), parameters)
    found = {(row["in_left"], row["in_right"]): row for row in rows}
    parts = []
    for key, other in (((True, True), ""), ((True, False), right), ((False, True), left)):
        row = found.get(key, {"clips": 0, "hours": 0.0, "places": []})
        parts.append(Part(row["clips"], row["hours"], _clips(asked, asking, row["places"], other)))
    both, left_alone, right_alone = parts
    return both, left_alone, right_alone


_PARTS = """
SELECT in_left, in_right, count(*) AS clips, coalesce(sum(duration_s), 0) / 3600 AS hours, min(place, $most) AS places
FROM (
    SELECT {left} AS in_left, {right} AS in_right, s.duration_s, s.rowid AS place
    FROM {tables} WHERE {there}
)
WHERE in_left OR in_right
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
