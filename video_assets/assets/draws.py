"""Group draws: one asset per SQL file, over all batches, made anew when its tier's verdicts change in any of them."""

import dagster as dg

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import catalogue, draws_of, picture, result, spec, working
from video_assets.batches.draws import draw_mix
from video_assets.curate.draws import Draw
from video_assets.lake.lake import Lake
from video_assets.measurements import draw_asset
from video_assets.resources import LakeResource
from video_assets.settings import settings


def _draw(wanted: Draw) -> dg.AssetsDefinition:
    asset = draw_asset(wanted.tier.name)
    described = spec(asset, "draws", {"duckdb", "sql"}, description=_described(wanted))

    @dg.multi_asset(specs=[described.replace_attributes(partitions_def=None)], name=asset.replace("/", "__"))
    @batched
    def drawn(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
        opened = lake.open()
        with working(context, opened) as step:
            made, shares = draw_mix(step, wanted)
        return result(
            made, opened, shares=picture(reports.table(shares)), contact_sheet=picture(_pictures(opened, wanted))
        )

    return drawn


def _described(wanted: Draw) -> str:
    file = wanted.file
    columns = "\n".join(f"- `{column.name}`: {column.source}" for column in file.rules)
    return f"**{file.title}**\n\n{file.description}\n\n{columns}\n\n```sql\n{file.sql}\n```"


def _pictures(lake: Lake, wanted: Draw) -> str:
    clips = lake.query(
        "SELECT c.batch, c.video_id, c.start_pts, c.end_pts, concat(d.part, ', ', round(c.duration_s, 1), ' s') AS label "
        "FROM draws AS d JOIN clips AS c ON c.batch = d.batch AND c.clip_id = d.clip_id WHERE d.tier = ? ORDER BY d.part, d.luck",
        [wanted.tier.name],
    )
    return reports.contact_sheet(lake, clips)


draws = [_draw(wanted) for wanted in draws_of(settings(), catalogue(settings())[0])[0].values()]
