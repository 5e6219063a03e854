"""Group scores: each family of measurements of a clip."""

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, catalogue, models, picture, result, spec, working
from video_assets.assets.files import code_reference
from video_assets.batches.candidates import choose
from video_assets.batches.copy_checks import check_copies
from video_assets.batches.scores import score
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture
from video_assets.lake.schemas import CANDIDATES, CLIPS, Table
from video_assets.reasons import Reason
from video_assets.resources import LakeResource
from video_assets.scorer import Scorer
from video_assets.scorers import made
from video_assets.scorers.loading import line_of
from video_assets.settings import settings


def _family(scorer: Scorer) -> dg.AssetsDefinition:
    """The asset of a scorer: what it measures, with histograms and a contact sheet from low to high."""
    asset = scorer.name
    described = spec(asset, "scores", set(scorer.kinds or {"python", "parquet"}))
    described = described.merge_attributes(metadata={**models(asset), **_place(scorer)})

    @dg.multi_asset(specs=[described], name=asset, partitions_def=BATCHES)
    @batched
    def measured(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
        opened, batch = lake.open(), context.partition_key
        with working(context, opened) as step:
            made = score(step, asset, batch)
        table = step.order[asset].table
        rows = opened.read(table, [batch])
        shown = scorer.shown_histograms
        pictures = {f"{c}_histogram": picture(reports.histogram(rows[c], unit)) for c, unit in shown.items()}
        if scorer.sheet_by:
            sheet = _low_to_high(opened, table, batch, scorer.sheet_by)
            pictures[f"contact_sheet_by_{scorer.sheet_by}"] = picture(sheet)
        asked = {name: picture(reports.table(opened.query(sql, [batch]))) for name, sql in scorer.shows.items()}
        return result(made, opened, **pictures, **asked, **models(asset))

    return measured


def _place(scorer: Scorer) -> dict[str, dg.CodeReferencesMetadataValue]:
    """Where one's own code is, for the UI."""
    return code_reference(scorer.origin.path, line_of(scorer)) if scorer.origin.path and not scorer.ours else {}


def _low_to_high(lake: Lake, table: Table, batch: str, column: str) -> Picture | str:
    """The batch's clips from the lowest to the highest score."""
    scores = lake.read(table, [batch], ["clip_id", column]).drop_nulls().sort(column)
    spans = lake.read(CLIPS, [batch], ["clip_id", "batch", "video_id", "start_pts", "end_pts"])
    labelled = scores.with_columns(label=pl.format("{} {}", pl.lit(column), pl.col(column).round(3)))
    return reports.contact_sheet(lake, labelled.join(spans, on="clip_id", maintain_order="left"))


@dg.multi_asset(specs=[spec("copy_checks", "scores", {"numpy", "parquet"})], name="copy_checks", partitions_def=BATCHES)
@batched
def copy_checks(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Compare the batch's clips with what was taken down, and refuse copies of it."""
    opened = lake.open()
    with working(context, opened) as step:
        made = check_copies(step, context.partition_key)
    sql = "SELECT count(*) FROM raw_videos WHERE batch = ? AND reason = ?"
    refused = opened.query(sql, [context.partition_key, Reason.TAKEN_DOWN_COPY.value]).item()
    return result(made, opened, refused=int(refused))


@dg.multi_asset(
    specs=[spec("candidates", "scores", {"duckdb", "sql", "parquet"})], name="candidates", partitions_def=BATCHES
)
@batched
def candidates(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Choose the clips that models measure."""
    opened = lake.open()
    with working(context, opened) as step:
        made = choose(step, catalogue(settings())[0], context.partition_key)
    rows = opened.read(CANDIDATES, [context.partition_key])
    decided = rows["ruled_out_by"].explode().drop_nulls().value_counts(sort=True)
    return result(
        made,
        opened,
        why=picture(reports.table(rows["why"].value_counts(sort=True))),
        ruled_out_by=picture(reports.table(decided)),
    )


families = [_family(scorer) for scorer in made(settings())]
