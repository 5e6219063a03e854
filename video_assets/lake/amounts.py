"""What that which is due amounts to: videos, clips, hours of footage, and what an hour has cost so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from video_assets.lake.again import AT_A_LIMIT, TRANSIENT, tried_again_sql
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Entries
from video_assets.lake.schemas import CANDIDATES
from video_assets.lake.sql_text import quoted

if TYPE_CHECKING:
    from video_assets.lake.plan import Measurement

_FEW = 100
_COSTS = "SELECT asset, footage_seconds, compute_seconds, gpu_seconds FROM materializations"


def _within(row: str, batches: Sequence[str] | None) -> str:
    """A condition that a row is of one of these batches, where they are few: no file of other batches is then opened.

    Of many it leaves all: whoever asks takes what is wanted.
    """
    if batches is None or len(batches) > _FEW:
        return "TRUE"
    return f"{row}.batch IN ({', '.join(map(quoted, batches)) or 'NULL'})"


def videos_of(lake: Lake, batches: Sequence[str]) -> dict[str, tuple[int, float]]:
    """Videos and hours of each batch; before it is probed, its distinct contents."""
    rows = lake.query(
        "SELECT s.batch, coalesce(any_value(v.videos), count(DISTINCT s.content)), coalesce(any_value(v.hours), 0) "
        "FROM source_files AS s LEFT JOIN (SELECT batch, count(*) AS videos, sum(duration_s) / 3600 AS hours "
        f"FROM raw_videos AS r WHERE {_within('r', batches)} GROUP BY batch) AS v ON v.batch = s.batch "
        f"WHERE {_within('s', batches)} GROUP BY s.batch"
    )
    return {batch: (videos, hours) for batch, videos, hours in rows.iter_rows()}


def clips_of(lake: Lake, batches: Sequence[str]) -> dict[str, tuple[int, float]]:
    """Clips and hours of each batch."""
    rows = lake.query(
        f"SELECT batch, count(*), sum(duration_s) / 3600 FROM clips AS c WHERE {_within('c', batches)} GROUP BY batch"
    )
    return {batch: (clips, hours) for batch, clips, hours in rows.iter_rows()}


def yet_to_measure(
    lake: Lake,
    order: Mapping[str, Measurement],
    ledger: Mapping[tuple[str, str], Mapping[str, Any]],
    due: Collection[tuple[str, str]],
) -> dict[str, Mapping[str, tuple[int, float]]]:
    """Clips that models have yet to measure where they are due, and their hours, by asset and batch.

    These are all clips where nobody has said yet which are worth it, and all that are worth it where a model has measured
    nothing of any such batch.
    """
    models = {a: m for a, m in order.items() if m.subject in CANDIDATES.schema and any(a == asset for asset, _ in due)}
    if not models:
        return {}
    begun = {asset for asset, batch in due if (asset, batch) in ledger}
    among = sorted({batch for asset, batch in due if asset in models})
    # One query of all: in a large lake to tell which files a table has takes longer than to read those of a few batches.
    counted: list[str] = []
    joined: list[str] = []
    given: dict[str, object] = {}
    for n, (asset, m) in enumerate(models.items()):
        own = f"coalesce(g.{m.subject}, TRUE)"
        if asset in begun:
            given |= {f"version_{n}": m.version, f"limits_{n}": list(m.limits)} | {
                "passing": TRANSIENT,
                "limited": AT_A_LIMIT,
            }
            joined.append(
                f"LEFT JOIN (SELECT DISTINCT batch, clip_id FROM {m.table.name} AS s WHERE version = $version_{n} "
                f"AND NOT {tried_again_sql('s', f'limits_{n}')} AND {_within('s', among)}) AS s{n} "
                f"ON s{n}.batch = c.batch AND s{n}.clip_id = c.clip_id"
            )
            own += f" AND s{n}.clip_id IS NULL"
        counted.append(f"count(*) FILTER ({own}), sum(c.duration_s) FILTER ({own}) / 3600")
    rows = lake.query(
        f"SELECT c.batch, {', '.join(counted)} FROM clips AS c LEFT JOIN candidates AS g ON g.batch = c.batch "
        f"AND g.clip_id = c.clip_id AND {_within('g', among)} {' '.join(joined)} "
        f"WHERE {_within('c', among)} GROUP BY c.batch",
        given,
    ).rows()
    return {
        asset: {batch: (counts[2 * n], counts[2 * n + 1]) for batch, *counts in rows if counts[2 * n]}
        for n, asset in enumerate(models)
    }


def rates_of(lake: Lake, ledger: Entries | None = None) -> dict[str, float]:
    """Seconds of CPU and GPU per hour of footage, by asset, over all that the ledger has.

    Args:
        lake: the lake.
        ledger: all of it, where it was read already.
    """
    seconds = pl.col("compute_seconds") + pl.col("gpu_seconds").fill_null(0)
    rates = (
        (ledger.rows if ledger else lake.query(_COSTS))
        .filter(pl.col("compute_seconds").is_not_null() & (pl.col("footage_seconds") > 0))
        .group_by("asset")
        .agg(seconds.sum() / (pl.col("footage_seconds").sum() / 3600))
    )
    return dict(rates.iter_rows())
