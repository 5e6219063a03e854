"""Group segments: shots, and the training windows inside them."""

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.common import BATCHES, picture, result, spec, working
from video_assets.batches.segments import segment_clips, segment_shots
from video_assets.lake.schemas import CLIPS, SHOTS
from video_assets.resources import LakeResource


@dg.multi_asset(specs=[spec("shots", "segments", {"python", "parquet"})], name="shots", partitions_def=BATCHES)
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
    )


@dg.multi_asset(specs=[spec("clips", "segments", {"python", "parquet"})], name="clips", partitions_def=BATCHES)
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
