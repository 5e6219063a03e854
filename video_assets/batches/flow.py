"""Optical flow of clips by a learned model, where somebody asks for it."""

from __future__ import annotations

from video_assets.batches.pictures import PAIRS, score_with
from video_assets.batches.step import Step
from video_assets.lake.ledger import Made
from video_assets.measure.models import models_of, require


def score_flow(step: Step, batch: str) -> Made:
    """Measure the optical flow in the batch's clips; commit ``flow_scores``."""
    from video_assets.measure.flow import FlowModel

    settings = step.lake.settings
    (model,) = models_of("flow_scores", settings.models)
    require([model], settings.models)
    described = FlowModel(model.weights(settings.models))
    return score_with(step, "flow_scores", batch, described, settings.flow.pairs_per_clip, shown=PAIRS)
