"""The project's own scorers, in the order in which a batch goes through them."""

from __future__ import annotations

from video_assets.scorer import Scorer
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS
from video_assets.scorers.flow import FLOW_SCORES
from video_assets.scorers.laion import LAION_SCORES
from video_assets.scorers.motion import MOTION_SCORES
from video_assets.scorers.overlay import OVERLAY_SCORES
from video_assets.scorers.people import PEOPLE_SCORES
from video_assets.scorers.quality import QUALITY_SCORES
from video_assets.scorers.safety import SAFETY_SCORES
from video_assets.scorers.text import TEXT_SCORES
from video_assets.scorers.visual import VISUAL_SCORES

BUILT_IN: tuple[Scorer, ...] = (
    VISUAL_SCORES,
    MOTION_SCORES,
    TEXT_SCORES,
    PEOPLE_SCORES,
    SAFETY_SCORES,
    CLIP_EMBEDDINGS,
    LAION_SCORES,
    FLOW_SCORES,
    OVERLAY_SCORES,
    QUALITY_SCORES,
)
