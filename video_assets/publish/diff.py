"""What is other between two releases: clips that came, went or changed, and each one's cause."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from video_assets.describe.caption import FIELDS
from video_assets.lake.lake import Lake
from video_assets.publish.manifest import TABLE
from video_assets.publish.release import named_release

CAUSES = {
    "new_source": "The footage was taken in after the first release.",
    "takedown": "The source is not in the lake any more: taken down, with all that told of it, or gone otherwise.",
    "rule": "The tier's file is another, and its rules decide otherwise.",
    "policy": "The rights policy is another.",
    "rights": "What is stated of the footage's rights is other.",
    "measurement": "It was measured or segmented otherwise.",
    "draw": "Both tiers may have it, and the draw chose otherwise.",
    "caption": "Its caption is another.",
    "settings": "The release's settings are others: size, buckets or what is said in texts.",
}
"""By cause, what it means."""

_RIGHTS = ("licence", "holder", "source_url", "acquired_how")
_CAPTION = (
    "captioner", "caption_version", *FIELDS, "camera_motion", "source_tags", "quality_tags",
)  # fmt: skip
_MEASURED = ("scores", "frames")


@dataclass(frozen=True)
class Diff:
    """What is other.

    Attributes:
        first: the first release's row of ``releases``.
        second: the second one's.
        clips: a row for each clip that is other: ``change`` (in, out or changed), ``clip_id``, ``video_id``, ``cause`` (one of
            ``CAUSES``), ``detail`` (the rule, or the columns that are other; NULL where there is nothing to name) and ``seconds``.
        same: clips that are in both and are the same.

    What was taken down is in no manifest any more, also not in that of a release that had it: of it ``counts`` says how many
    clips the first release has lost so, and ``clips`` nothing.
    """

    first: Mapping[str, Any]
    second: Mapping[str, Any]
    clips: pl.DataFrame
    same: int

    def hours(self, change: str) -> float:
        """Duration of the clips that came, went or changed, in h."""
        return float(self.counts.filter(change=change)["hours"].sum())

    @property
    def counts(self) -> pl.DataFrame:
        """By change and cause: ``clips`` and ``hours``."""
        lost, hours = self.first["taken_down"] or 0, self.first["taken_down_hours"] or 0.0
        gone = {"change": "out", "cause": "takedown", "clips": lost, "hours": hours}
        listed = self.clips.group_by("change", "cause").agg(clips=pl.len(), hours=pl.col("seconds").sum() / 3600)
        unlisted = pl.DataFrame([gone] if lost else [], schema=listed.schema)
        return (
            pl.concat([listed, unlisted])
            .group_by("change", "cause")
            .agg(pl.col("clips").sum(), pl.col("hours").sum())
            .sort("change", "clips", "cause", descending=[False, True, False])
        )


def diff(lake: Lake, first: str, second: str) -> Diff:
    """Compare two releases. Causes are told by the releases' own headers, and by what the lake says of the clips now.

    Raises:
        ValueError: there is no such release.
        FileNotFoundError: its manifest is gone.
    """
    a, b = named_release(lake, first), named_release(lake, second)
    old, new = manifest(lake, first), manifest(lake, second)
    known = _known(lake, pl.concat([old["clip_id"], new["clip_id"]]).unique(), b, a)
    headers = json.loads(a["header"]), json.loads(b["header"])
    gone, came = _without(old, new), _without(new, old)
    both = old.join(new, on="clip_id", suffix="_new")
    rows: list[dict[str, Any]] = []
    for row in came.iter_rows(named=True):
        cause, detail = _came(known.get(row["clip_id"], {}), *headers)
        rows.append(_row("in", row, cause, detail))
    for row in gone.iter_rows(named=True):
        cause, detail = _went(known.get(row["clip_id"], {}), *headers)
        rows.append(_row("out", row, cause, detail))
    for row in both.iter_rows(named=True):
        other = [name for name in old.columns if name != "clip_id" and row[name] != row[f"{name}_new"]]
        if other:
            rows.append(_row("changed", row, _changed(other), ", ".join(other)))
    clips = pl.DataFrame(rows, schema=_SCHEMA).sort("change", "cause", "clip_id")
    return Diff(a, b, clips, both.height - clips.filter(change="changed").height)


_SCHEMA = pl.Schema(
    {
        "change": pl.String(), "clip_id": pl.String(), "video_id": pl.String(), "cause": pl.String(),
        "detail": pl.String(), "seconds": pl.Float64(),
    }
)  # fmt: skip


def manifest(lake: Lake, name: str) -> pl.DataFrame:
    """A release's manifest as a table.

    Raises:
        FileNotFoundError: it is not where it was put.
    """
    found = lake.files.fetch(f"releases/{name}/{TABLE}")
    if found is None:
        raise FileNotFoundError(
            f"The release {name} has no {TABLE} any more; its folder was changed by something else."
        )
    return pl.read_parquet(found)


def _without(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return rows.join(others, on="clip_id", how="anti").sort("clip_id")


def _row(change: str, row: Mapping[str, Any], cause: str, detail: str | None) -> dict[str, Any]:
    seconds = (row["end_pts"] - row["start_pts"]) * row["time_base_num"] / row["time_base_den"]
    return {
        "change": change, "clip_id": row["clip_id"], "video_id": row["video_id"], "cause": cause, "detail": detail,
        "seconds": seconds,
    }  # fmt: skip


def _came(known: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str | None]:
    if known.get("new_source"):
        return "new_source", None
    return _decided_otherwise(before, now)


def _went(known: Mapping[str, Any], before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str | None]:
    if not known.get("source_there"):
        return "takedown", None
    if not known.get("clip_there"):
        return "measurement", "clips"
    if known.get("tier_rule"):
        return ("rule" if _other(before, now, "tier", "tier_version") else "measurement"), known["tier_rule"]
    if known.get("policy_rule"):
        return ("policy" if _other(before, now, "policy", "policy_version") else "rights"), known["policy_rule"]
    return _decided_otherwise(before, now)


def _decided_otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, str | None]:
    """The first of what decides that is other, where the clip itself does not tell."""
    if _other(before, now, "tier", "tier_version"):
        return "rule", None
    if _other(before, now, "policy", "policy_version"):
        return "policy", None
    if _other(before, now, "draw_version"):
        return "draw", None
    measured = [a for a, v in now["measured_by"].items() if before["measured_by"].get(a) not in (None, v)]
    if measured:
        return "measurement", ", ".join(measured)
    # The same files and the same versions: rights were stated anew, or the draw had other clips to choose from.
    return ("draw", None) if now["draw_version"] else ("rights", None)


def _other(before: Mapping[str, Any], now: Mapping[str, Any], *names: str) -> bool:
    return any(before[name] != now[name] for name in names)


def _changed(other: list[str]) -> str:
    if set(other) & set(_RIGHTS):
        return "rights"
    if set(other) & set(_CAPTION):
        return "caption"
    return "measurement" if set(other) & set(_MEASURED) else "settings"


def _known(
    lake: Lake, clips: pl.Series, second: Mapping[str, Any], first: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """What the lake says of these clips now, by id."""
    with lake.cursor() as cursor:
        wanted = pl.DataFrame({"clip_id": clips}).to_arrow(compat_level=pl.CompatLevel.oldest())
        cursor.register("wanted", wanted)
        found = cursor.execute(_KNOWN, {"tier": second["tier"], "policy": second["policy"]}).pl()
        try:
            there = cursor.execute(f"SELECT video_id FROM raw_videos AT (VERSION => {int(first['snapshot'])})").pl()
        except duckdb.Error:  # that version of the lake is forgotten: who came after it cannot be told
            there = found.select("video_id")
    then = set(there["video_id"])
    return {row["clip_id"]: row | {"new_source": row["video_id"] not in then} for row in found.iter_rows(named=True)}


_KNOWN = """
WITH sources AS (
    SELECT r.release, r.clip_id, r.video_id FROM release_clips AS r SEMI JOIN wanted AS w ON w.clip_id = r.clip_id
)

SELECT
    w.clip_id,
    any_value(s.video_id) AS video_id,
    bool_or(c.clip_id IS NOT NULL) AS clip_there,
    bool_or(v.video_id IS NOT NULL) AS source_there,
    any_value(t.decided_by) AS tier_rule,
    any_value(p.decided_by) AS policy_rule
FROM wanted AS w
LEFT JOIN sources AS s ON s.clip_id = w.clip_id
LEFT JOIN clips AS c ON c.clip_id = w.clip_id
LEFT JOIN raw_videos AS v ON v.video_id = s.video_id AND v.reason IS NULL
LEFT JOIN tier_verdicts AS t ON t.batch = c.batch AND t.clip_id = c.clip_id AND t.tier = $tier
LEFT JOIN tier_verdicts AS p ON p.batch = c.batch AND p.clip_id = c.clip_id AND p.tier = $policy
GROUP BY w.clip_id
"""
