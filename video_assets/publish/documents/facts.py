"""What the lake knows of a release: counted once, for all documents."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from video_assets.lake.lake import Lake
from video_assets.publish.diff import manifest
from video_assets.publish.manifest import SECONDS
from video_assets.publish.release import named_release
from video_assets.publish.release_files import SUMMARY
from video_assets.rights.fields import UNKNOWN, domain_of

SCORES = ("technical_quality", "classical_appeal", "sharpness", "vmaf_motion")
"""Scores of the clip sheet that a datasheet shows."""


@dataclass(frozen=True)
class Facts:
    """A release as its documents need it. Hours are of clips.

    Attributes:
        row: the release's row of ``releases``.
        header: the manifest's first line.
        files: ``path``, ``bytes`` and ``sha256`` of each of its files.
        columns: the manifest's columns.
        by: for ``licence``, ``holder``, ``acquired_how``, ``domain``, ``split``, ``bucket``, ``camera_motion``, ``captioner`` and
            ``concept``: of each value ``clips``, ``videos`` and ``hours``, the most hours first.
        spread: of each clip ``duration_s`` (s), ``min_side`` (px) and ``aspect`` (width over height) of its training picture, and its
            scores (``SCORES``), NULL where the lake does not know it any more.
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
    spread: pl.DataFrame
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


_BY = ("licence", "holder", "acquired_how", "domain", "split", "bucket", "camera_motion", "captioner", "concept")


def gather(lake: Lake, name: str) -> Facts:
    """Count what is known of a release.

    Raises:
        ValueError: there is no such release.
        FileNotFoundError: its manifest is gone.
    """
    row = named_release(lake, name)
    table = manifest(lake, name)
    files = lake.query("SELECT path, bytes, sha256 FROM release_files WHERE release = ? ORDER BY path", [name])
    told = lake.files.fetch(f"releases/{name}/{SUMMARY}")
    refused = json.loads(told.read_text())["refused_by_rule"] if told else []
    with lake.cursor() as cursor:
        return counted(cursor, row, table, files, refused)


def counted(
    connection: duckdb.DuckDBPyConnection, row: Mapping[str, Any], manifest: pl.DataFrame, files: pl.DataFrame,
    refused: Sequence[Mapping[str, Any]],
) -> Facts:  # fmt: skip
    """Count what a release's manifest says, and what the lake in use knows of its clips.

    Args:
        connection: with the lake's tables.
        row: the release's row of ``releases``.
        manifest: its manifest.
        files: ``path``, ``bytes`` and ``sha256`` of its files.
        refused: what the policy kept out: ``rule``, ``clips`` and ``hours``.
    """
    connection.register("chosen", manifest.select("clip_id", "video_id").to_arrow(compat_level=pl.CompatLevel.oldest()))
    [(known, sound, first, last)] = connection.execute(_VIDEOS).fetchall()
    sheet = connection.execute(_SHEET).pl().unique("clip_id")
    stages = connection.execute(_STAGES, {"tier": row["tier"]}).pl()
    table = manifest.join(sheet, on="clip_id", how="left").with_columns(
        seconds=SECONDS, domain=pl.col("source_url").fill_null(UNKNOWN).map_elements(domain_of, return_dtype=pl.String)
    )
    by = {
        of: table.group_by(pl.col(of).fill_null(UNKNOWN))
        .agg(clips=pl.len(), videos=pl.col("video_id").n_unique(), hours=pl.col("seconds").sum() / 3600)
        .sort(["hours", of], descending=[True, False])
        for of in _BY
    }
    spread = table.select(
        pl.col("seconds").alias("duration_s"), pl.min_horizontal("width", "height").alias("min_side"),
        (pl.col("width") / pl.col("height")).alias("aspect"), *SCORES,
    )  # fmt: skip
    return Facts(
        row=row,
        header=json.loads(row["header"]),
        files=files,
        columns=manifest.columns,
        by=by,
        spread=spread,
        sources=table["video_id"].n_unique(),
        sizes=(_whole(spread["min_side"].min()), _whole(spread["min_side"].max())),
        lengths=(_number(spread["duration_s"].min()), _number(spread["duration_s"].max())),
        with_sound=int(sound) if known else None,
        with_people=int(sheet["shows_people"].sum()) if sheet.height else None,
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
_SHEET = f"""
SELECT s.clip_id, s.shows_people, s.concept::VARCHAR AS concept, {", ".join(f"s.{name}" for name in SCORES)}
FROM clip_sheet AS s SEMI JOIN chosen AS c ON c.clip_id = s.clip_id
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
