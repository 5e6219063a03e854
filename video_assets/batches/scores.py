"""The score families that are aggregates of frame signals."""

from __future__ import annotations

import polars as pl

from video_assets.batches.step import Step, Stopwatch
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, FRAME_SIGNALS


def score(step: Step, asset: str, batch: str) -> Made:
    """Aggregate the batch's frame signals over its clips; commit ``visual_scores`` or ``motion_scores``."""
    from video_assets.measure.motion import motion_scores
    from video_assets.measure.visual import visual_scores

    inputs, watch = step.inputs(asset, batch), Stopwatch()
    clips, signals = step.lake.read(CLIPS, [batch]), step.lake.read(FRAME_SIGNALS, [batch])
    if asset == "visual_scores":
        settings = step.lake.settings
        scores = visual_scores(clips, signals, settings.clips.min_bar_share, settings.decode.sample_hz)
    else:
        scores = motion_scores(clips, signals)
    table = step.order[asset].table
    rows = table.frame(scores, batch=batch, version=step.version(asset))
    hours = clips.select(pl.col("duration_s").sum()).item()
    made = step.made(asset, batch, rows, inputs, footage_seconds=hours, compute_seconds=watch.seconds)
    step.lake.commit([Replacement(table, [batch], rows)], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made
