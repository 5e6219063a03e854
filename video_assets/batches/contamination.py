"""Contamination: the footage's clips that are near-duplicates of a benchmark's, over all batches.

A benchmark's videos are measured as far as comparing needs it, and pairs with their clips are found as all pairs are. What
is near such a clip is contaminated, and so is every clip of its group of near-duplicates: a chain of copies that each
start a little later leads out of a benchmark's film only slowly.

As with the groups, a batch's run writes those old batches anew in which something changed, and no others. Where a lake
gets its first benchmark, these are also the batches of clips that nobody compared: they are not known to be clean.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from video_assets.batches.duplicates import present_pairs
from video_assets.batches.step import Step, Stopwatch
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CONTAMINATION
from video_assets.reasons import Reason

_KEYS = ("batch", "clip_id")
_PAIR = ("benchmark", "benchmark_clip", "benchmark_cosine", "benchmark_correlation")
_FOUND = (*_KEYS, "near_benchmark", *_PAIR, "benchmark_through")


def find_contamination(step: Step, batch: str) -> list[Made]:
    """Commit ``contamination`` of this batch and of those in which it changed.

    Returns:
        The ledger entries, this batch's first.
    """
    asset, lake, watch = CONTAMINATION.name, step.lake, Stopwatch()
    # Two runs at once would each write what the other's pairs make wrong.
    with lake.lock(asset):
        known = [b for b in lake.entries().batches_of(asset) if b != batch]
        inputs = step.inputs_of(asset, [batch, *known])
        found = _found(step)
        touched = [batch, *sorted(set(known) & _changed(step, found))]
        rows = _rows(step, touched, found)
        made = [step.made(asset, b, rows.filter(batch=b), inputs[b]) for b in touched]
        made[0] = step.made(asset, batch, rows.filter(batch=batch), inputs[batch], compute_seconds=watch.seconds)
        lake.commit([Replacement(CONTAMINATION, touched, rows)], made, message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def not_compared(lake: Lake, batches: Sequence[str]) -> pl.DataFrame:
    """Videos of benchmarks in some batches of which no copy can be found: benchmark, file_name, duration_s (s) and clips."""
    return lake.query(
        "SELECT v.benchmark, v.file_name, v.duration_s, count(c.clip_id) AS clips FROM raw_videos AS v "
        "LEFT JOIN clips AS c ON c.batch = v.batch AND c.video_id = v.video_id "
        "LEFT JOIN clip_embeddings AS e ON e.batch = c.batch AND e.clip_id = c.clip_id "
        "WHERE v.batch IN (SELECT unnest(?)) AND v.benchmark IS NOT NULL AND v.reason IS DISTINCT FROM ? "
        "GROUP BY ALL HAVING count(e.copy_signature) = 0 ORDER BY v.benchmark, v.file_name",
        [list(batches), Reason.DUPLICATE_CONTENT.value],
    )


def contaminated(pairs: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """The clips that are near a benchmark's, each with the nearest by which it is.

    Args:
        pairs: of a clip of the footage and one of a benchmark: batch, clip_id, benchmark, benchmark_clip,
            benchmark_cosine and benchmark_correlation.
        groups: clips of the footage that are in a group with others: batch, clip_id and duplicate_group.

    Returns:
        A row per clip: the columns of ``pairs``, and benchmark_through: NULL, or the clip of its group whose pair it is.
    """
    # The names decide between equals, so that the order of the rows does not.
    nearest = pairs.sort("clip_id", pl.col("benchmark_cosine").neg(), "benchmark_clip", maintain_order=True).unique(
        "clip_id", keep="first", maintain_order=True
    )
    of_group = (
        groups.select("clip_id", "duplicate_group")
        .join(nearest.drop("batch"), on="clip_id")
        .sort("duplicate_group", pl.col("benchmark_cosine").neg(), "clip_id")
        .unique("duplicate_group", keep="first", maintain_order=True)
        .rename({"clip_id": "benchmark_through"})
    )
    others = groups.join(nearest, on="clip_id", how="anti").join(of_group, on="duplicate_group")
    columns = (*_KEYS, *_PAIR, "benchmark_through")
    alone = nearest.with_columns(benchmark_through=pl.lit(None, pl.String))
    return pl.concat([alone.select(columns), others.select(columns)])


def _found(step: Step) -> pl.DataFrame:
    """Every clip of the footage that is near a benchmark's, or may be: the columns of :data:`_FOUND`."""
    pairs = present_pairs(step, "(v.benchmark IS NULL) <> (w.benchmark IS NULL)")
    turned = pairs.select(
        batch="other_batch", clip_id="other_id", other_batch="batch", other_id="clip_id", cosine="cosine",
        correlation="correlation", benchmark="other_benchmark", other_benchmark="benchmark",
    )  # fmt: skip
    ours = pl.concat([pairs.select(turned.columns), turned]).filter(pl.col("benchmark").is_null())
    near = contaminated(
        ours.select(
            *_KEYS, benchmark="other_benchmark", benchmark_clip="other_id", benchmark_cosine="cosine",
            benchmark_correlation="correlation",
        ),
        step.lake.query(_GROUPS),
    )  # fmt: skip
    unknown = step.lake.query(_NOT_COMPARED).join(near, on="clip_id", how="anti")
    both = pl.concat([near.with_columns(near_benchmark=pl.lit(value=True)), unknown], how="diagonal_relaxed")
    return _typed(both.with_columns(pl.lit(None).alias(c) for c in _FOUND if c not in both.columns))


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(c).cast(CONTAMINATION.schema[c]) for c in _FOUND)


_FOOTAGE = (
    "clips AS c LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id AND v.benchmark IS NOT NULL "
)
_GROUPS = (
    "SELECT g.batch, g.clip_id, g.duplicate_group FROM duplicate_groups AS g JOIN clips AS c "
    "ON c.batch = g.batch AND c.clip_id = g.clip_id WHERE g.duplicates > 1"
)
_NOT_COMPARED = (
    f"SELECT c.batch, c.clip_id FROM {_FOOTAGE}"
    "LEFT JOIN clip_embeddings AS e ON e.batch = c.batch AND e.clip_id = c.clip_id AND e.reason IS NULL "
    "WHERE v.video_id IS NULL AND e.clip_id IS NULL AND EXISTS (FROM raw_videos WHERE benchmark IS NOT NULL)"
)


def _changed(step: Step, found: pl.DataFrame) -> set[str]:
    """Batches of clips of which the table says something else."""
    had = step.lake.query(f"SELECT {', '.join(_FOUND)} FROM contamination WHERE near_benchmark IS DISTINCT FROM FALSE")
    both = pl.concat([_typed(had), found])
    return set(both.filter(~both.is_duplicated())["batch"])


def _rows(step: Step, batches: list[str], found: pl.DataFrame) -> pl.DataFrame:
    """A row for each clip of the footage in these batches."""
    clips = step.lake.query(
        f"SELECT c.batch, c.clip_id FROM {_FOOTAGE} WHERE v.video_id IS NULL AND c.batch IN (SELECT unnest(?))",
        [batches],
    )
    clean = clips.join(found, on="clip_id", how="anti").with_columns(near_benchmark=pl.lit(value=False))
    rows = pl.concat([clean, found.join(clips, on=_KEYS, how="semi")], how="diagonal_relaxed")
    return CONTAMINATION.frame(rows, version=step.version(CONTAMINATION.name))
