"""What the lake knows of a release: counted once, for all documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.publish.diff import manifest
from video_assets.publish.manifest import SECONDS
from video_assets.publish.release import named_release
from video_assets.publish.release_files import SUMMARY
from video_assets.rights.fields import UNKNOWN, domain_of


@dataclass(frozen=True)
class Facts:
    """A release as its documents need it. Hours are of clips.

    Attributes:
        row: the release's row of ``releases``.
        header: the manifest's first line.
        files: ``path``, ``bytes`` and ``sha256`` of each of its files.
        columns: the manifest's columns.
        by: for ``licence``, ``holder``, ``acquired_how``, ``domain``, ``split``, ``bucket``, ``camera_motion`` and ``captioner``: of each value
            ``clips``, ``videos`` and ``hours``, the most hours first.
        sources: source videos.
        sizes: smallest and largest shorter side, in pixels.
        lengths: shortest and longest clip, in s.
        with_sound: source videos that have sound; None where the lake does not know them any more.
        with_people: clips in which a face or a person is seen; None likewise.
        acquired: first and last date of acquisition that is stated; None where nobody has.
        stages: the rules that clips had to pass, in order: ``tier``, ``rule``, ``source`` and ``clips`` that it dropped in this lake.
        refused: what the policy kept out: ``rule``, ``clips`` and ``hours``.
    """

    row: Mapping[str, Any]
    header: Mapping[str, Any]
    files: pl.DataFrame
    columns: Sequence[str]
    by: Mapping[str, pl.DataFrame]
    sources: int
    sizes: tuple[int, int]
    lengths: tuple[float, float]
    with_sound: int | None
    with_people: int | None
    acquired: tuple[str, str] | None
    stages: pl.DataFrame
    refused: pl.DataFrame

    @property
    def name(self) -> str:
        return str(self.row["release"])

    @property
    def hours(self) -> float:
        return float(self.row["hours"])

    @property
    def captioners(self) -> str:
        """Who wrote the captions."""
        return ", ".join(str(c) for c in self.by["captioner"]["captioner"] if c != UNKNOWN) or "nobody"

    @property
    def media_settings(self) -> str:
        """How clips are cut, in words."""
        settings: Mapping[str, Any] = self.header["media"]
        return ", ".join(f"{name.replace('_', ' ')} {_said(value)}" for name, value in settings.items())

    @property
    def made_on(self) -> str:
        """The day on which it was made, ISO 8601."""
        return str(self.row["made_at"].date())

    def hours_of(self, of: str, *values: str) -> float:
        """Hours whose value is one of these."""
        return float(self.by[of].filter(pl.col(of).is_in(values)).select(pl.col("hours").sum()).item())


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "as the source"}[value]
    return str(value)


def gather(lake: Lake, name: str) -> Facts:
    """Count what is known of a release.

    Raises:
        ValueError: there is no such release.
        FileNotFoundError: its manifest is gone.
    """
    row = named_release(lake, name)
    table = manifest(lake, name).with_columns(
        seconds=SECONDS, domain=pl.col("source_url").fill_null(UNKNOWN).map_elements(domain_of, return_dtype=pl.String)
    )
    by = {
        of: table.group_by(pl.col(of).fill_null(UNKNOWN))
        .agg(clips=pl.len(), videos=pl.col("video_id").n_unique(), hours=pl.col("seconds").sum() / 3600)
        .sort(["hours", of], descending=[True, False])
        for of in ("licence", "holder", "acquired_how", "domain", "split", "bucket", "camera_motion", "captioner")
    }
    sides = table.select(pl.min_horizontal("width", "height"))["width"]
    with lake.cursor() as cursor:
        cursor.register("chosen", table.select("clip_id", "video_id").to_arrow(compat_level=pl.CompatLevel.oldest()))
        [(known, sound, first, last)] = cursor.execute(_VIDEOS).fetchall()
        [(seen, people)] = cursor.execute(_PEOPLE).fetchall()
        stages = cursor.execute(_STAGES, {"tier": row["tier"]}).pl()
    told = lake.files.fetch(f"releases/{name}/{SUMMARY}")
    refused = json.loads(told.read_text())["refused_by_rule"] if told else []
    return Facts(
        row=row,
        header=json.loads(row["header"]),
        files=lake.query("SELECT path, bytes, sha256 FROM release_files WHERE release = ? ORDER BY path", [name]),
        columns=[c for c in table.columns if c not in ("seconds", "domain")],
        by=by,
        sources=table["video_id"].n_unique(),
        sizes=(_whole(sides.min()), _whole(sides.max())),
        lengths=(_number(table["seconds"].min()), _number(table["seconds"].max())),
        with_sound=int(sound) if known else None,
        with_people=int(people) if seen else None,
        acquired=(str(first), str(last)) if first else None,
        stages=stages,
        refused=pl.DataFrame(refused, schema={"rule": pl.String(), "clips": pl.Int64(), "hours": pl.Float64()}),
    )


def _whole(value: Any) -> int:
    return int(value or 0)


def _number(value: Any) -> float:
    return float(value or 0.0)


_VIDEOS = """
SELECT
    count(*), count(*) FILTER (v.has_audio), min(v.acquired_at) FILTER (v.acquired_at <> 'unknown'),
    max(v.acquired_at) FILTER (v.acquired_at <> 'unknown')
FROM raw_videos AS v WHERE v.reason IS NULL AND v.video_id IN (SELECT video_id FROM chosen)
"""
_PEOPLE = """
SELECT count(*), count(*) FILTER (s.shows_people) FROM clip_sheet AS s SEMI JOIN chosen AS c ON c.clip_id = s.clip_id
"""
# The tier's own rules and those of the tiers above it. A clip that several would drop counts for the first of them.
_STAGES = """
WITH dropped AS (
    SELECT tier, decided_by, count(*) AS clips FROM tier_verdicts WHERE kept IS DISTINCT FROM TRUE GROUP BY ALL
)

SELECT r.tier, r.rule, r.source, coalesce(d.clips, 0) AS clips
FROM tier_rules AS r LEFT JOIN dropped AS d ON d.tier = r.tier AND d.decided_by = r.rule
WHERE r.tier = $tier ORDER BY r.number
"""
