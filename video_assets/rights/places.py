"""What several places of one content state of its rights together: a refusal at any of them counts.

Each place has its sidecar, manifest and folder, which say what :func:`video_assets.rights.fields.merged` makes of them. Here
two files with the same bytes meet, whose statements may differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from video_assets.rights.aipref import UNREADABLE
from video_assets.rights.fields import UNKNOWN

Row = Mapping[str, object]

# As the policies read it (sql/policies/default.sql).
_REFUSED = re.compile(r"(?i)(no|refused|denied|withdrawn|revoked)\b")
# By the column that says it, what belongs together: a grant is one party's and is never put together from several.
_GROUPS: Mapping[str, Sequence[str]] = {
    "consent": ("licence", "licence_as_given", "holder", "consent", "expires_on", "evidence", "rights_from"),
    "tdm_reservation": ("tdm_reservation", "tdm_policy"),
    "aipref_train_ai": ("content_usage", "robots", "aipref_train_ai"),
}


def strictest(places: Sequence[Row]) -> dict[str, object]:
    """The rights columns of a content that is, or was, in several places.

    A place that holds it no more counts in what no present place says anything of: whoever moves a file may take its
    statement back by another, and not by none.

    Args:
        places: rights columns and ``current``, the place that counts otherwise first.

    Returns:
        The columns of the first, but for refusals of others.
    """
    found = {name: value for name, value in places[0].items() if name != "current"}
    for column, group in _GROUPS.items():
        stated = [place for place in places if place[column] != UNKNOWN]
        counting = [place for place in stated if place["current"]] or stated
        strict = min(counting, key=lambda place: _rank(column, str(place[column])), default=None)
        if strict is not None and _rank(column, str(strict[column])) < _rank(column, UNKNOWN):
            found |= {name: strict[name] for name in group}
    return found


def _rank(column: str, value: str) -> int:
    """How strict a statement is; the smaller the stricter."""
    if column == "consent":
        return 0 if _REFUSED.match(value) else 2
    if column == "tdm_reservation":
        return 0 if value == "1" else 2
    return {"n": 0, UNREADABLE: 1}.get(value, 2)
