"""The sheet: every measurement of a clip in one row, over which tiers are written and people explore."""

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, picture, result, spec, working
from video_assets.assets.files import code_reference
from video_assets.assets.lineage import sheet_metadata
from video_assets.batches.sheet import write_sheet
from video_assets.lake.lake import Lake
from video_assets.lake.sheet import SHEET, SOURCE, sheet_sql
from video_assets.resources import LakeResource
from video_assets.settings import settings

_DESCRIPTION = (
    "One row per clip with every score, over which tiers are written: the batch's rows of the view "
    f"clip_measurements, written down.\n\n```sql\n{sheet_sql(settings())}```"
)

_COSTS = """
SELECT
    asset,
    round(compute_seconds, 1) AS cpu_seconds,
    round(gpu_seconds, 1) AS gpu_seconds,
    round(footage_seconds / 3600, 4) AS measured_hours,
    round((compute_seconds + coalesce(gpu_seconds, 0)) / nullif(footage_seconds / 3600, 0)) AS seconds_per_measured_hour
FROM materializations
WHERE batch = ? AND compute_seconds IS NOT NULL AND NOT starts_with(asset, 'tiers/')
ORDER BY compute_seconds + coalesce(gpu_seconds, 0) DESC
"""


@dg.multi_asset(
    specs=[
        spec(
            SHEET,
            "scores",
            {"duckdb", "parquet"},
            description=_DESCRIPTION,
            metadata=sheet_metadata() | code_reference(settings().sql_folder / "views" / f"{SOURCE}.sql"),
        )
    ],
    name=SHEET,
    partitions_def=BATCHES,
)
@batched
def clip_sheet(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Join and write down what was measured of the batch's clips."""
    opened = lake.open()
    with working(context, opened) as step:
        made = write_sheet(step, context.partition_key)
    return result(
        made,
        opened,
        orientations=picture(reports.table(_counted(opened, "orientation", context.partition_key))),
        costs=picture(reports.table(opened.query(_COSTS, [context.partition_key]))),
        licences=picture(reports.drawn_table(_counted(opened, "licence", context.partition_key))),
    )


def _counted(lake: Lake, column: str, batch: str) -> pl.DataFrame:
    return lake.query(
        f"SELECT {column}, count(*) AS clips, sum(duration_s) / 3600 AS hours FROM {SHEET} WHERE batch = ? GROUP BY ALL ORDER BY clips DESC",
        [batch],
    )
