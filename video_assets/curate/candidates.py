"""Which clips are worth a model's time: cheapest first, and a sample of the rest so that thresholds can be judged.

A clip that every tier would drop by what the decode alone has measured stays dropped whatever a model says of it: a
FALSE rule decides, and a missing score leaves its rule NULL. So the tiers themselves say where models need not look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import polars as pl

from video_assets.curate.tiers import Tier, TierError
from video_assets.curate.verdicts import (
    check_rules,
    failing_on_values,
    only_batches,
    outcomes_query,
    schema_in_use,
)
from video_assets.lake.people import of_batch
from video_assets.lake.schemas import REVIEWS
from video_assets.lake.sql_text import quoted

POSSIBLE, SAMPLED, RULED_OUT, BENCHMARK = "possible", "sampled", "ruled_out", "benchmark"


def root_tiers(tiers: Mapping[str, Tier]) -> dict[str, Tier]:
    """The loosest tiers: those without a parent. What they drop, every tier below them drops.

    A policy is none: rights may be given later, and what is kept by rights alone is not worth a model's time.
    """
    return {name: tier for name, tier in tiers.items() if tier.parent is None and not tier.is_policy}


def candidates(
    connection: duckdb.DuckDBPyConnection,
    tiers: Sequence[Tier],
    sheet: str,
    unknown: Collection[str],
    batch: str,
    sampled_share: float,
) -> pl.DataFrame:
    """Judge a batch's clips by what is known before any model has looked.

    Args:
        connection: with the lake in use.
        tiers: the tiers without a parent. One that DuckDB refuses rules nothing in or out.
        sheet: the SELECT of ``clip_measurements``, whose rows the sheet's are.
        unknown: tables that models fill: the tiers are asked as if these were empty.
        batch: the batch.
        sampled_share: of the clips that all tiers drop, the share that is measured all the same, 0-1.

    Returns:
        batch, clip_id, video_id, candidate, compared, why and ruled_out_by; every clip of the footage is possible when
        there is no tier.
    """
    clips = connection.execute(
        "SELECT c.batch, c.clip_id, c.video_id, v.benchmark FROM clips AS c "
        "LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id WHERE c.batch = ?",
        [batch],
    ).pl()
    with known_without(connection, sheet, unknown, batch) as known, only_batches(connection, [batch], known):
        asked = [found for tier in tiers if (found := _dropped(connection, tier)) is not None]
    columns: dict[str, pl.DataType] = {
        "clip_id": pl.String(),
        "ruled_out_by": pl.List(pl.String()),
        "tiers": pl.UInt32(),
    }
    by_all = (
        pl.concat(asked)
        .group_by("clip_id")
        .agg(pl.col("rule").sort().alias("ruled_out_by"), pl.len().alias("tiers"))
        .filter(pl.col("tiers") == len(asked))
        if asked
        else pl.DataFrame(schema=columns)
    )
    why = (
        pl.when(pl.col("benchmark").is_not_null())
        .then(pl.lit(BENCHMARK))
        .when(pl.col("ruled_out_by").is_null())
        .then(pl.lit(POSSIBLE))
        .when(chance(pl.col("clip_id")) < sampled_share)
        .then(pl.lit(SAMPLED))
        .otherwise(pl.lit(RULED_OUT))
    )
    return (
        clips.join(by_all.drop("tiers"), on="clip_id", how="left")
        .with_columns(why=why)
        .with_columns(candidate=~pl.col("why").is_in([RULED_OUT, BENCHMARK]), compared=pl.col("why") != RULED_OUT)
        .drop("benchmark")
    )


def chance(clip_id: pl.Expr) -> pl.Expr:
    """A number in [0, 1) that is a clip's own: its id is a hash, of which the first 32 bits are enough."""
    return clip_id.str.slice(0, 8).str.to_integer(base=16) / 2**32


def _dropped(connection: duckdb.DuckDBPyConnection, tier: Tier) -> pl.DataFrame | None:
    """The clips that a tier drops and ``tier: rule``; None when the tier cannot be asked."""
    try:
        check_rules(connection, tier)
        return connection.execute(
            # Of the bits that are set, the lowest one's number is that of the first rule.
            f"SELECT clip_id, $rules[bit_count(xor(failed, failed - 1))] AS rule FROM ({outcomes_query(tier)}) "
            "WHERE failed <> 0",
            {"rules": [f"{tier.name}: {rule.name}" for rule in tier.asked]},
        ).pl()
    except (TierError, duckdb.DataError, duckdb.InvalidInputException):
        return None  # the tier's own asset says what is wrong with it


def not_dropped(
    connection: duckdb.DuckDBPyConnection, tiers: Sequence[Tier], sheet: str, batches: Sequence[str]
) -> pl.DataFrame:
    """The clips that a tier keeps or leaves undecided by another sheet than ``clip_sheet``, of which the lake has no verdicts.

    Args:
        connection: with the lake in use.
        tiers: the tier, after all above it, the uppermost first.
        sheet: a query whose rows take the place of the sheet's.
        batches: of which clips.

    Returns:
        clip_id.

    Raises:
        TierError: a rule cannot be asked of what the sheet holds.
    """
    asked = "CREATE OR REPLACE TEMP TABLE asked_verdicts AS SELECT batch, tier, clip_id, failed, unknown, version"
    try:
        connection.execute(f"{asked} FROM tier_outcomes WHERE FALSE")
        with only_batches(connection, batches, sheet, _ASKED):
            for tier in tiers:
                check_rules(connection, tier)
                try:
                    connection.execute(f"INSERT INTO temp.asked_verdicts BY NAME {outcomes_query(tier)}")
                except (duckdb.DataError, duckdb.InvalidInputException) as error:
                    raise failing_on_values(connection, tier, error) from error
        wanted = "SELECT clip_id FROM temp.asked_verdicts WHERE tier = ? AND failed = 0 ORDER BY clip_id"
        return connection.execute(wanted, [tiers[-1].name]).pl()
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.asked_verdicts")


# What tiers may read of their parent's verdicts, as the view tier_verdicts_history gives it.
_ASKED = """
SELECT
    batch,
    tier,
    clip_id,
    CASE WHEN failed <> 0 THEN FALSE WHEN unknown = 0 THEN TRUE END AS kept,
    CASE WHEN failed <> 0 THEN 'dropped' WHEN unknown = 0 THEN 'kept' ELSE 'undecided' END AS verdict,
    NULL::VARCHAR AS decided_by,
    NULL::BOOLEAN[] AS passed,
    bit_count(failed | unknown)::INTEGER AS not_passed,
    version
FROM temp.asked_verdicts
"""


@contextmanager
def known_without(
    connection: duckdb.DuckDBPyConnection, sheet: str, unknown: Collection[str], batch: str
) -> Iterator[str]:
    """A query for the batch's rows of the sheet as they read while the unknown tables are empty.

    They are joined once, and not by every tier again.
    """
    lake = schema_in_use(connection)
    # A WITH of the same name comes before a table.
    told = [f"{name} AS (SELECT * FROM {lake}.{name} WHERE FALSE)" for name in sorted(unknown)]
    if REVIEWS.name not in unknown:
        told.append(of_batch(lake, batch))
    query = f"WITH {', '.join(told)} SELECT * FROM ({sheet.rstrip().rstrip(';')}\n)"
    try:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE known AS SELECT * FROM ({query}\n) WHERE batch = {quoted(batch)}"
        )
        yield "SELECT * FROM temp.known"
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.known")
