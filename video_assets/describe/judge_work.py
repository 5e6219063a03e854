"""About which clips the judge is asked, and what that will take and cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from video_assets.curate.candidates import known_without, not_dropped
from video_assets.curate.tiers import Tier, TierError
from video_assets.describe.work import price
from video_assets.lake import catalog
from video_assets.lake.again import parameters, tried_again_sql
from video_assets.lake.lake import Lake
from video_assets.lake.plan import Expected
from video_assets.lake.sheet import SHEET, sheet_sql
from video_assets.scorer import Scorer
from video_assets.scorers.judge import INPUT_TOKENS, NAME, OUTPUT_TOKENS, REASON, WAITED


@dataclass(frozen=True)
class JudgeWork:
    """Which answers are wanted.

    Attributes:
        scorer: the judge.
        version: of what it is asked.
        tiers: the tier whose clips are asked about, after all above it; none: about all that models measure. None where the
            tier's file cannot be used: nobody is asked until it is mended.
    """

    scorer: Scorer
    version: str
    tiers: tuple[Tier, ...] | None

    def wanted(self, lake: Lake, batch: str) -> list[str]:
        """The clips of a batch about which the judge is asked, whether or not it has answered already.

        A tier is asked as if the judge had said nothing yet: what hangs on its answers is undecided. Where it cannot be asked,
        nothing is paid for: its own asset says what is wrong with it, and once it is mended the judge is due.
        """
        if self.tiers is None:
            return []
        candidates: list[str] = lake.query(_CANDIDATES, [batch])["clip_id"].to_list()
        if not self.tiers:
            return candidates
        with lake.cursor() as cursor, known_without(cursor, sheet_sql(lake.settings), [NAME], batch) as known:
            kept = self._kept(cursor, known, [batch])
        return [clip for clip in candidates if clip in kept]

    def _kept(self, cursor: duckdb.DuckDBPyConnection, sheet: str, batches: Sequence[str]) -> set[str]:
        """The clips that the tier does not drop by a sheet."""
        try:
            return {*not_dropped(cursor, self.tiers or (), sheet, batches)["clip_id"]}
        except TierError:
            return set()

    def expected(self, lake: Lake, batches: Sequence[str] | None = None) -> dict[str, Expected]:
        """What each batch would be asked for, at what an answer has taken so far.

        Of batches that have no sheet yet these are all clips that models measure.

        Args:
            lake: the lake.
            batches: only these; default all.
        """
        if self.tiers is None:
            return {}
        due = lake.query(_DUE, {"version": self.version, "batches": batches, **parameters(())})
        if self.tiers and due.height:
            due = due.filter(self._may_be_kept(lake, due))
        [(seconds, waited, read, written)] = lake.query(_RATES).rows()
        chosen = lake.settings.judge.endpoint
        cost = None if seconds is None else float(seconds) + float(waited or 0) / chosen.concurrency
        usd = price(chosen, read, written)
        counted = due.group_by("batch").agg(pl.len().alias("rows"), pl.col("duration_s").sum()).sort("batch")
        return {
            batch: Expected(rows, hours / 3600, _times(rows, cost), _times(rows, usd))
            for batch, rows, hours in counted.iter_rows()
        }

    def _may_be_kept(self, lake: Lake, due: pl.DataFrame) -> pl.Series:
        """Whether each of these clips is one that the tier does not drop by the sheet as it is, without the judge's columns."""
        batches: Sequence[str] = due["batch"].unique().sort().to_list()
        mine = [*(self.scorer.in_sheet or ()), REASON]
        emptied = ", ".join(f'NULL::VARCHAR AS "{name}"' for name in mine)
        sheet = f"SELECT * REPLACE ({emptied}) FROM {catalog.NAME}.main.{SHEET}"
        with lake.cursor() as cursor:
            kept = self._kept(cursor, sheet, batches)
        judged = lake.query(f"SELECT DISTINCT batch FROM {SHEET}")["batch"]
        return due.select(pl.col("clip_id").is_in(list(kept)) | ~pl.col("batch").is_in(judged.to_list())).to_series()


def chain(tiers: Mapping[str, Tier], name: str) -> tuple[Tier, ...]:
    """A tier after all above it, the uppermost first."""
    tier = tiers[name]
    return (*(chain(tiers, tier.parent) if tier.parent else ()), tier)


def judged_tier(name: str | None, tiers: Collection[str]) -> str | None:
    """The tier of the settings.

    Raises:
        ValueError: there is none of that name.
    """
    if name is not None and tiers and name not in tiers:
        raise ValueError(f"judge.tier names {name}, which is no tier; there are {', '.join(tiers)}.")
    return name


def _times(rows: int, each: float | None) -> float | None:
    return None if each is None else rows * each


_CANDIDATES = "SELECT clip_id FROM candidates WHERE batch = ? AND candidate ORDER BY clip_id"
_DUE = f"""
SELECT c.batch, c.clip_id, c.duration_s
FROM clips AS c
LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
LEFT JOIN candidates AS g ON g.batch = c.batch AND g.clip_id = c.clip_id
LEFT JOIN {NAME} AS s ON s.batch = c.batch AND s.clip_id = c.clip_id AND s.version = $version
    AND NOT {tried_again_sql("s")}
WHERE coalesce(g.candidate, v.benchmark IS NULL) AND s.clip_id IS NULL
    AND ($batches IS NULL OR c.batch IN (SELECT unnest($batches)))
"""
_RATES = f"""
SELECT avg(coalesce(compute_seconds, 0)), avg({WAITED}), avg({INPUT_TOKENS}), avg({OUTPUT_TOKENS}) FROM {NAME}
WHERE {WAITED} IS NOT NULL
"""
