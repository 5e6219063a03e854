"""Group scores: each family of measurements of a clip."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, catalogue, models, picture, result, spec, working
from video_assets.batches.candidates import choose
from video_assets.batches.copy_checks import check_copies
from video_assets.batches.pictures import score_overlays, score_people, score_quality, score_safety, score_text
from video_assets.batches.scores import score
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.pages import Picture
from video_assets.lake.schemas import CANDIDATES, CLIPS, Table
from video_assets.reasons import Reason
from video_assets.resources import LakeResource
from video_assets.settings import settings


def _nothing(_lake: Lake, _batch: str) -> dict[str, Any]:
    return {}


def family(
    asset: str,
    score: Callable[[Step, str], Made],
    shown: dict[str, str],
    sheet_by: str | None,
    kinds: set[str],
    more: Callable[[Lake, str], Mapping[str, Any]] = _nothing,
) -> dg.AssetsDefinition:
    """A score family.

    Args:
        asset: its name.
        score: measures a batch.
        shown: the columns whose histograms it shows, with their units.
        sheet_by: the column that sorts its contact sheet; None: it has none.
        kinds: what it is made with.
        more: what else it has to show of a batch.
    """
    described = spec(asset, "scores", kinds).merge_attributes(metadata=models(asset))

    @dg.multi_asset(specs=[described], name=asset, partitions_def=BATCHES)
    @batched
    def measured(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
        opened = lake.open()
        with working(context, opened) as step:
            made = score(step, context.partition_key)
        table = step.order[asset].table
        rows = opened.read(table, [context.partition_key])
        pictures = {f"{c}_histogram": picture(reports.histogram(rows[c], unit)) for c, unit in shown.items()}
        if sheet_by:
            sheet = _low_to_high(opened, table, context.partition_key, sheet_by)
            pictures[f"contact_sheet_by_{sheet_by}"] = picture(sheet)
        return result(made, opened, **pictures, **more(opened, context.partition_key), **models(asset))

    return measured


def _low_to_high(lake: Lake, table: Table, batch: str, column: str) -> Picture | str:
    """The batch's clips from the lowest to the highest score."""
    scores = lake.read(table, [batch], ["clip_id", column]).drop_nulls().sort(column)
    spans = lake.read(CLIPS, [batch], ["clip_id", "batch", "video_id", "start_pts", "end_pts"])
    labelled = scores.with_columns(label=pl.format("{} {}", pl.lit(column), pl.col(column).round(3)))
    return reports.contact_sheet(lake, labelled.join(spans, on="clip_id", maintain_order="left"))


_AGGREGATED, _MODELLED, _COMPUTED = {"polars", "parquet"}, {"onnx", "parquet"}, {"opencv", "parquet"}

visual_scores = family(
    "visual_scores",
    lambda step, batch: score(step, "visual_scores", batch),
    {
        "sharpness": "Laplacian variance",
        "luma_mean": "luma",
        "saturation": "saturation",
        "border_share": "of the picture",
    },
    "sharpness",
    _AGGREGATED,
)
motion_scores = family(
    "motion_scores",
    lambda step, batch: score(step, "motion_scores", batch),
    {
        "vmaf_motion": "luma levels",
        "motion_vector": "px",
        "still_share": "of the time",
        "shots_per_second": "1/s",
        "shake": "long sides/s",
    },
    "vmaf_motion",
    _AGGREGATED,
)


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


text_scores = family(
    "text_scores",
    score_text,
    {"text_score": "detection x recognition", "text_share": "of the picture", "clear_share": "of the picture"},
    "text_score",
    _MODELLED,
)
people_scores = family(
    "people_scores",
    score_people,
    {
        "faces_max": "faces",
        "face_share_max": "of the picture",
        "people_max": "persons",
        "person_share_max": "of the picture",
    },
    "face_share_max",
    _MODELLED,
)
safety_scores = family("safety_scores", score_safety, {"nsfw_score": "probability"}, "nsfw_score", _MODELLED)
overlay_scores = family(
    "overlay_scores",
    score_overlays,
    {"overlay_share": "of the picture", "fixed_share": "of the edges", "panels": "panels"},
    "overlay_share",
    _COMPUTED,
)
quality_scores = family(
    "quality_scores",
    score_quality,
    {
        "technical_quality": "0-1",
        "classical_appeal": "0-1",
        "noise": "luma levels",
        "blockiness": "of the steps",
        "blur": "0-1",
    },
    "technical_quality",
    _COMPUTED,
)
