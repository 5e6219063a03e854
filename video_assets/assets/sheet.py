"""The sheet: every measurement of a clip in one row, over which tiers are written and people explore."""

import dagster as dg
import duckdb
import polars as pl

from video_assets import reports
from video_assets.assets.common import BATCHES, picture, result, spec, working
from video_assets.batches.sheet import note_sheet
from video_assets.lake.lake import Lake, sql_type
from video_assets.lake.schemas import TABLES
from video_assets.measurements import SHEET, sheet_sql
from video_assets.resources import LakeResource
from video_assets.settings import settings

_DESCRIPTION = (
    f"One row per clip with every score: a view, over which tiers are written.\n\n```sql\n{sheet_sql(settings())}```"
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


def _columns() -> dg.TableSchema:
    """The view's columns as DuckDB types them, each described as in the table that it comes from."""
    known = {c.name: c.description for table in TABLES.values() for c in table.columns}
    with duckdb.connect() as empty:
        for table in TABLES.values():
            listed = ", ".join(f'"{c.name}" {sql_type(c.dtype)}' for c in table.columns)
            empty.execute(f"CREATE TABLE {table.name} ({listed})")
        described = empty.execute(f"DESCRIBE {sheet_sql(settings())}").fetchall()
    return dg.TableSchema(
        [dg.TableColumn(name, kind, known.get(name, "Computed in the view.")) for name, kind, *_ in described]
    )


@dg.multi_asset(
    specs=[spec(SHEET, "scores", {"duckdb", "view"}, description=_DESCRIPTION, columns=_columns())],
    name=SHEET,
    partitions_def=BATCHES,
)
def clip_sheet(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Note that the batch's rows are new."""
    opened = lake.open()
    with working(context, opened) as step:
        made = note_sheet(step, context.partition_key)
    return result(
        made,
        opened,
        orientations=picture(reports.table(_counted(opened, "orientation", context.partition_key))),
        costs=picture(reports.table(opened.query(_COSTS, [context.partition_key]))),
        licences=picture(reports.table(_counted(opened, "licence", context.partition_key))),
    )


def _counted(lake: Lake, column: str, batch: str) -> pl.DataFrame:
    return lake.query(
        f"SELECT {column}, count(*) AS clips, sum(duration_s) / 3600 AS hours FROM {SHEET} WHERE batch = ? GROUP BY ALL ORDER BY clips DESC",
        [batch],
    )
