"""Group footage: source videos, and what the one decode leaves of them."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, order, picture, result, spec, working
from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.rights import read_rights_signals
from video_assets.lake.schemas import DECODED_VIDEOS, FLOW_FRAMES, RAW_VIDEOS, RIGHTS_SIGNALS
from video_assets.resources import LakeResource


@dg.multi_asset(
    specs=[spec("raw_videos", "footage", {"ffmpeg", "parquet"})],
    name="raw_videos",
    partitions_def=BATCHES,
)
@batched
def raw_videos(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Identify and probe the batch's files."""
    batch, opened = context.partition_key, lake.open()
    with working(context, opened) as step:
        made = take_in_videos(step, batch)
    rows = opened.read(RAW_VIDEOS, [batch])
    listed = rows.select("file_name", "width", "height", "codec", "duration_s", "licence", "holder", "reason")
    return result(
        made,
        opened,
        gigabytes=round(int(rows["size_bytes"].sum()) / 1e9, 3),
        videos=picture(reports.drawn_table(listed.sort("file_name").head(200))),
        durations=picture(reports.histogram(rows["duration_s"], "s")),
        licences=picture(reports.drawn_table(rows["licence"].value_counts(sort=True))),
    )


@dg.multi_asset(
    specs=[spec("rights_signals", "footage", {"c2pa", "parquet"})], name="rights_signals", partitions_def=BATCHES
)
@batched
def rights_signals(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Read what the batch's files say of training."""
    batch, opened = context.partition_key, lake.open()
    with working(context, opened) as step:
        made = read_rights_signals(step, batch)
    rows = opened.read(RIGHTS_SIGNALS, [batch])
    told = rows.group_by("state", "key", "value").len("rows").sort("state", "key", "value")
    return result(made, opened, signals=picture(reports.drawn_table(told)))


@dg.multi_asset(
    specs=[
        spec("decoded_videos", "footage", {"ffmpeg", "parquet"}),
        spec("frame_signals", "footage", {"ffmpeg", "parquet"}),
        spec("keyframes", "footage", {"ffmpeg", "parquet"}),
        spec("shot_frames", "footage", {"ffmpeg", "parquet"}),
        *(spec(asset, "footage", {"ffmpeg", "parquet"}) for asset in (FLOW_FRAMES.name,) if asset in order()),
    ],
    name="decode",
    partitions_def=BATCHES,
)
@batched
def decode(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[dg.MaterializeResult[None]]:
    """Decode every video of the batch once, for all that is measured of its frames."""
    batch, opened = context.partition_key, lake.open()
    with working(context, opened) as step:
        decoded, signals, keyframes, shot_frames, *flow_frames = decode_videos(step, batch)
    rows = opened.read(DECODED_VIDEOS, [batch])
    yield result(
        decoded,
        opened,
        truncated=int(rows["truncated"].sum() or 0),
        variable_frame_rate=int(rows["variable_frame_rate"].sum() or 0),
        corrupt_frames=int(rows["corrupt_frames"].sum() or 0),
        frame_rates=picture(reports.histogram(rows["fps"], "frames/s")),
    )
    brightness = opened.query("SELECT luma_mean FROM frame_signals WHERE batch = ? USING SAMPLE 100000", [batch])
    yield result(signals, opened, luma=picture(reports.histogram(brightness["luma_mean"], "mean luma")))
    sheet = reports.contact_sheet(opened, _whole_videos(opened.query(_SPANS, [batch])))
    yield result(keyframes, opened, contact_sheet=picture(sheet))
    kept = opened.query(_DOUBTFUL, [batch])
    doubtful, frames = int(kept["doubtful_frames"].sum()), int(rows["frames"].sum() or 0)
    yield result(
        shot_frames,
        opened,
        share_in_doubt=round(doubtful / frames, 4) if frames else 0.0,
        frames_in_doubt=picture(reports.drawn_table(kept)),
    )
    for made in flow_frames:
        yield result(made, opened)


_SPANS = """
SELECT r.batch, r.video_id, d.first_pts AS start_pts, d.end_pts, r.file_name AS label
FROM decoded_videos AS d JOIN raw_videos AS r ON r.batch = d.batch AND r.video_id = d.video_id
WHERE d.batch = ? AND d.reason IS NULL ORDER BY r.file_name
"""

_DOUBTFUL = """
SELECT r.file_name, d.frames, coalesce(sum(s.frames) FILTER (s.doubtful), 0)::BIGINT AS doubtful_frames
FROM decoded_videos AS d
JOIN raw_videos AS r ON r.batch = d.batch AND r.video_id = d.video_id
LEFT JOIN shot_frames AS s ON s.batch = d.batch AND s.video_id = d.video_id
WHERE d.batch = ? AND d.reason IS NULL GROUP BY ALL ORDER BY doubtful_frames DESC, r.file_name
"""


def _whole_videos(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("label").str.slice(0, 34))
