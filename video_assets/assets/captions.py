"""Group captions: what is said of the clips that a tier needs."""

from typing import Any

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, picture, result, spec, working
from video_assets.batches.captions import caption_clips
from video_assets.describe.work import described
from video_assets.lake.lake import Lake
from video_assets.measurements import CAPTIONS
from video_assets.resources import LakeResource
from video_assets.settings import settings

_SHOWN = """
SELECT k.captioner, k.short_description, k.dense_description, k.camera_motion, k.words, k.winner, k.clip_id,
    c.batch, c.video_id, c.start_pts, c.end_pts
FROM current_captions AS k JOIN clips AS c ON c.batch = k.batch AND c.clip_id = k.clip_id
WHERE k.batch = ? AND k.reason IS NULL ORDER BY c.video_id, c.start_pts, k.captioner
"""
_BY_CAPTIONER = """
SELECT captioner, any_value(model) AS model, version, count(*) FILTER (reason IS NULL) AS captions,
    count(*) FILTER (winner) AS winners, count(*) FILTER (reason IS NOT NULL) AS failures, avg(words) AS mean_words,
    sum(input_tokens)::BIGINT AS input_tokens, sum(output_tokens)::BIGINT AS output_tokens, sum(usd) AS usd,
    avg(waited_seconds) AS mean_wait_s
FROM current_captions WHERE batch = ? GROUP BY captioner, version ORDER BY captioner
"""


@dg.multi_asset(specs=[spec(CAPTIONS, "captions", {"parquet"})], name=CAPTIONS, partitions_def=BATCHES)
@batched
def captions(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Write the captions of the batch's clips that are due."""
    opened, batch = lake.open(), context.partition_key
    with working(context, opened) as step:
        made = caption_clips(step, batch)
    return result(made, opened, **page(opened, batch))


def page(lake: Lake, batch: str) -> dict[str, Any]:
    """Who captioned the batch, and some captions, each beside a picture of its clip."""
    shown = lake.query(_SHOWN, [batch])
    said = shown.select("dense_description", "short_description", "camera_motion", "captioner", "winner", "clip_id")
    return {
        "captioners": picture(reports.table(pl.DataFrame([described(c) for c in settings().captions.captioners]))),
        "by_captioner": picture(reports.table(_counted(lake, batch))),
        "captions": picture(reports.with_thumbnails(lake, shown, said)),
        "words_histogram": picture(reports.histogram(shown["words"], "words")),
    }


def _counted(lake: Lake, batch: str) -> pl.DataFrame:
    """Of each captioner what it wrote, what that cost, and how many captions a minute its requests made side by side."""
    at_once = {c.name: c.concurrency for c in settings().captions.captioners}
    requests = pl.col("captioner").replace_strict(at_once, default=None, return_dtype=pl.Int64)
    return lake.query(_BY_CAPTIONER, [batch]).with_columns(captions_a_minute=60 * requests / pl.col("mean_wait_s"))
