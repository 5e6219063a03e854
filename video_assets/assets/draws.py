"""Group draws: one asset per SQL file, over all batches, made anew when its tier's verdicts change in any of them."""

from collections.abc import Iterator

import dagster as dg

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import catalogue, picture, result, spec, working
from video_assets.assets.files import check_of, code_reference, group_of, used
from video_assets.batches.draws import draw_mix
from video_assets.curate.draws import Draw
from video_assets.curate.sql_files import DRAW, note
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture
from video_assets.lake.schemas import DRAWS
from video_assets.measurements import draw_asset
from video_assets.resources import LakeResource
from video_assets.settings import settings


def _draw(wanted: Draw) -> dg.AssetsDefinition:
    asset = draw_asset(wanted.tier.name)
    described = spec(
        asset,
        group_of(asset),
        {"duckdb", "sql", "draw"},
        description=_described(wanted),
        table=DRAWS,
        metadata=code_reference(wanted.file.path, wanted.file.line),
    )

    @dg.multi_asset(
        specs=[described.replace_attributes(partitions_def=None)],
        check_specs=[check_of(asset)],
        name=asset.replace("/", "__"),
        can_subset=True,  # Where nothing is due, there is no check to evaluate either.
    )
    @batched
    def drawn(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
        opened = lake.open()
        note(opened)
        with working(context, opened) as step:
            made, shares = draw_mix(step, wanted)
        told = result(
            made, opened, shares=picture(reports.table(shares)), contact_sheet=picture(_pictures(opened, wanted))
        )
        yield told._replace(check_results=[used(asset, catalogue(settings()).files.refusal(DRAW, wanted.tier.name))])

    return drawn


def _described(wanted: Draw) -> str:
    file = wanted.file
    columns = "\n".join(f"- `{column.name}`: {column.source}" for column in file.rules)
    return f"**{file.title}**\n\n{file.description}\n\n{columns}\n\n```sql\n{file.sql}\n```"


def _pictures(lake: Lake, wanted: Draw) -> Picture | str:
    clips = lake.query(
        "SELECT c.batch, c.video_id, c.start_pts, c.end_pts, concat(d.part, ', ', round(c.duration_s, 1), ' s') AS label "
        "FROM draws_history AS d JOIN clips AS c ON c.batch = d.batch AND c.clip_id = d.clip_id WHERE d.tier = ? ORDER BY d.part, d.luck",
        [wanted.tier.name],
    )
    return reports.contact_sheet(lake, clips)


draws = [_draw(wanted) for wanted in catalogue(settings()).files.draws.values()]
