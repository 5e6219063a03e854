"""A batch made as far as its cheap scores go: what several folders of tests begin with."""

from __future__ import annotations

from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.scores import score
from video_assets.batches.segments import segment_clips, segment_shots
from video_assets.batches.step import Step
from video_assets.batches.transitions import score_transitions


def measure_cheaply(step: Step, batch: str, *, network: bool = True) -> None:
    """Take in a batch's videos, decode and cut them, and score their clips without a model but, where asked, the one for shots."""
    take_in_videos(step, batch)
    decode_videos(step, batch)
    if network:
        score_transitions(step, batch)
    segment_shots(step, batch)
    segment_clips(step, batch)
    for asset in ("visual_scores", "motion_scores"):
        score(step, asset, batch)
