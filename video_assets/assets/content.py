"""Group scores, what follows from comparing clips: near-duplicates, benchmarks' copies and concepts."""

from typing import Any

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import (
    BATCHES,
    MOST_PAGES,
    materialized,
    picture,
    referred,
    result,
    spec,
    working,
)
from video_assets.assets.run import report_made
from video_assets.batches.concepts import assign_concepts, fit_concepts
from video_assets.batches.contamination import find_contamination, not_compared
from video_assets.batches.duplicates import find_duplicates, group_duplicates
from video_assets.lake.lake import Lake
from video_assets.lake.plan import SHARED
from video_assets.lake.schemas import CONCEPT_MODEL, CONTAMINATION, NEAR_DUPLICATES
from video_assets.resources import LakeResource

_EXACT = {"numpy", "parquet"}


@dg.multi_asset(specs=[spec("near_duplicates", "scores", _EXACT)], name="near_duplicates", partitions_def=BATCHES)
@batched
def near_duplicates(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Compare the batch's clips with all clips."""
    opened = lake.open()
    with working(context, opened) as step:
        made = find_duplicates(step, context.partition_key)
    pairs = opened.read(NEAR_DUPLICATES, [context.partition_key], ["cosine", "correlation"])
    return result(
        made,
        opened,
        cosine_histogram=picture(reports.histogram(pairs["cosine"], "cosine")),
        correlation_histogram=picture(reports.histogram(pairs["correlation"].drop_nulls(), "correlation")),
    )


@dg.multi_asset(specs=[spec("duplicate_groups", "scores", _EXACT)], name="duplicate_groups", partitions_def=BATCHES)
@batched
def duplicate_groups(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Form the groups over all batches, and tell Dagster of the other batches in which they changed."""
    batch, opened = context.partition_key, lake.open()
    with working(context, opened) as step:
        made, *others = group_duplicates(step, batch)
    touched = [batch, *(other.batch for other in others)][:MOST_PAGES]
    pages = referred(opened, made.asset, {b: _groups(opened, b) for b in touched}, context.run.run_id)
    report_made(context.instance, opened, others, pages, changed_by_batch=batch)
    return materialized(made, opened, pages[batch] | {"batches_changed": len(others)})


def _groups(lake: Lake, batch: str) -> dict[str, Any]:
    """The groups that the batch's clips are in."""
    shown = lake.query(
        "SELECT g.duplicate_group, g.duplicates, g.clip_id, g.duplicate_of, g.duplicate_cosine, v.file_name, c.batch, "
        "c.video_id, c.start_pts, c.end_pts, concat(v.file_name, ' ', round(g.duplicate_cosine, 3)) AS label "
        "FROM duplicate_groups AS g JOIN clips AS c ON c.batch = g.batch AND c.clip_id = g.clip_id "
        "LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id "
        "WHERE g.duplicate_group IN (SELECT duplicate_group FROM duplicate_groups WHERE batch = ? AND duplicates > 1) "
        "ORDER BY g.duplicate_group, g.duplicate_cosine, g.clip_id LIMIT 200",
        [batch],
    )
    listed = shown.select("file_name", "duplicate_cosine", "clip_id", "duplicate_of", "duplicate_group")
    return {
        "groups": picture(reports.drawn_table(listed)),
        "contact_sheet_of_groups": picture(reports.contact_sheet(lake, shown)),
    }


@dg.multi_asset(specs=[spec("contamination", "scores", _EXACT)], name="contamination", partitions_def=BATCHES)
@batched
def contamination(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Find what is near a benchmark's clips over all batches, and tell Dagster of the other batches in which that changed."""
    batch, opened = context.partition_key, lake.open()
    with working(context, opened) as step:
        made, *others = find_contamination(step, batch)
    touched = [batch, *(other.batch for other in others)][:MOST_PAGES]
    pages = referred(opened, made.asset, {b: _near_benchmarks(opened, b) for b in touched}, context.run.run_id)
    report_made(context.instance, opened, others, pages, changed_by_batch=batch)
    return materialized(made, opened, pages[batch] | {"batches_changed": len(others)})


def _near_benchmarks(lake: Lake, batch: str) -> dict[str, Any]:
    """What of the batch is near which benchmark."""
    rows = lake.read(CONTAMINATION, [batch])
    shown = lake.query(_NEAR_BENCHMARKS, {"batch": batch})
    listed = shown.select(
        "benchmark", "file_name", "benchmark_cosine", "clip_id", "benchmark_clip", "benchmark_through"
    )
    videos = not_compared(lake, [batch])
    return {
        "near_a_benchmark": int(rows["near_benchmark"].sum()),
        "not_compared": rows["near_benchmark"].null_count(),
        "clips_near_a_benchmark": picture(
            reports.drawn_table(listed.filter(pl.col("clip_id") != pl.col("benchmark_clip")))
        ),
        "contact_sheet_beside_the_benchmarks": picture(reports.contact_sheet(lake, shown)),
        "benchmark_videos_not_compared": picture(reports.drawn_table(videos)),
    }


# Each of the benchmarks' clips that this batch has or is near, and after it what is near it.
_NEAR_BENCHMARKS = """
WITH near AS (
    SELECT x.* FROM contamination AS x JOIN clips AS b ON b.clip_id = x.benchmark_clip
    WHERE x.near_benchmark AND (x.batch = $batch OR b.batch = $batch)
),

shown AS (
    SELECT benchmark, benchmark_clip, benchmark_clip AS clip_id, NULL AS benchmark_cosine, NULL AS benchmark_through,
        FALSE AS footage
    FROM near
    UNION
    SELECT benchmark, benchmark_clip, clip_id, benchmark_cosine, benchmark_through, TRUE FROM near
)

SELECT n.*, c.batch, c.video_id, c.start_pts, c.end_pts, v.file_name,
    concat(if(n.footage, '', n.benchmark || ': '), v.file_name, ' ', round(n.benchmark_cosine, 3)) AS label
FROM shown AS n
JOIN clips AS c ON c.clip_id = n.clip_id
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
ORDER BY n.benchmark, n.benchmark_clip, n.footage, n.benchmark_cosine DESC, n.clip_id
LIMIT 200
"""


@dg.multi_asset(
    specs=[spec("concept_model", "scores", _EXACT).replace_attributes(partitions_def=None)],
    name="concept_model",
)
@batched
def concept_model(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Fit the centres to all batches, when there is much more than there was."""
    opened = lake.open()
    with working(context, opened) as step:
        made = fit_concepts(step)
    model = opened.read(CONCEPT_MODEL, [SHARED])
    living = model.filter(~pl.col("retired"))
    return result(
        made,
        opened,
        concepts=living.height,
        retired=model.height - living.height,
        clips=int(living["fitted_clips"].sum()),
        sizes=picture(reports.histogram(living["fitted_clips"], "clips")),
    )


@dg.multi_asset(specs=[spec("concepts", "scores", _EXACT)], name="concepts", partitions_def=BATCHES)
@batched
def concepts(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Assign the batch's clips to the centres."""
    opened, batch = lake.open(), context.partition_key
    with working(context, opened) as step:
        made = assign_concepts(step, batch)
    shown = opened.query(
        "SELECT k.concept, k.concept_cosine, c.batch, c.video_id, c.start_pts, c.end_pts, "
        "concat('concept ', k.concept, ': ', e.subjects[1].subject) AS label "
        "FROM concepts AS k JOIN clips AS c ON c.batch = k.batch AND c.clip_id = k.clip_id "
        "LEFT JOIN clip_embeddings AS e ON e.batch = k.batch AND e.clip_id = k.clip_id "
        "WHERE k.batch = ? ORDER BY k.concept, k.concept_cosine DESC",
        [batch],
    )
    return result(
        made,
        opened,
        cosine_histogram=picture(reports.histogram(shown["concept_cosine"], "cosine")),
        contact_sheet_by_concept=picture(reports.contact_sheet(opened, shown)),
    )


content = [near_duplicates, duplicate_groups, contamination, concept_model, concepts]
