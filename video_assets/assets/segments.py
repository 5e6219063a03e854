"""Group segments: what a network says of doubtful frames, shots, and the training windows inside them."""

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, models, picture, result, spec, working
from video_assets.batches.segments import segment_clips, segment_shots
from video_assets.batches.transitions import score_transitions
from video_assets.lake.schemas import CLIPS, SHOTS, TRANSITION_SCORES
from video_assets.resources import LakeResource


@dg.multi_asset(
    specs=[
        spec("transition_scores", "segments", {"pytorch", "parquet"}).merge_attributes(
            metadata=models("transition_scores")
        )
    ],
    name="transition_scores",
    partitions_def=BATCHES,
)
@batched
def transition_scores(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Let the network look at the frames in doubt."""
    opened = lake.open()
    with working(context, opened) as step:
        made = score_transitions(step, context.partition_key)
    rows = opened.read(TRANSITION_SCORES, [context.partition_key], ["boundary_score"])
    return result(
        made,
        opened,
        boundary_score_histogram=picture(reports.histogram(rows["boundary_score"], "probability")),
        **models("transition_scores"),
    )


@dg.multi_asset(specs=[spec("shots", "segments", {"python", "parquet"})], name="shots", partitions_def=BATCHES)
@batched
def shots(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Find the boundaries in the recorded signals."""
    opened = lake.open()
    with working(context, opened) as step:
        made = segment_shots(step, context.partition_key)
    rows = opened.read(SHOTS, [context.partition_key])
    return result(
        made,
        opened,
        lengths=picture(reports.histogram(rows["duration_s"], "s")),
        begin_with=picture(reports.table(rows["begins"].value_counts(sort=True))),
        found_by=picture(reports.table(rows["found_by"].value_counts(sort=True))),
    )


@dg.multi_asset(specs=[spec("clips", "segments", {"python", "parquet"})], name="clips", partitions_def=BATCHES)
@batched
def clips(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Cut the shots into clips."""
    opened = lake.open()
    with working(context, opened) as step:
        made = segment_clips(step, context.partition_key)
    rows = opened.read(CLIPS, [context.partition_key])
    labelled = rows.with_columns(
        label=pl.format("{} s, {}x{}", pl.col("duration_s").round(1), "crop_width", "crop_height")
    )
    return result(
        made,
        opened,
        lengths=picture(reports.histogram(rows["duration_s"], "s")),
        contact_sheet=picture(reports.contact_sheet(opened, labelled)),
    )
