"""A clip's vector, and what needs the larger models of the profile 'full': LAION's scores and asking for clips by text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from video_assets.batches.pictures import score_with
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.measure.models import EFFICIENTNET, image_text, models_of, require, require_packages
from video_assets.settings import ModelSettings

if TYPE_CHECKING:
    from video_assets.measure.image_text import Towers

# What a worker encodes in the time in which it imports torch and timm and loads a model.
_PICTURES_PER_WORKER = 250


def embed_clips(step: Step, batch: str) -> Made:
    """Encode the batch's clips; commit ``clip_embeddings``."""
    from video_assets.measure.embedding import ClipEncoder

    settings, embedding = step.lake.settings.models, step.lake.settings.embedding
    model = models_of("clip_embeddings", settings)[-1]
    require(models_of("clip_embeddings", settings), settings)
    encoder = ClipEncoder(
        EFFICIENTNET.weights(settings), model.name, embedding.frames_per_clip, embedding.subjects,
        towers(settings) if settings.profile == "full" else None,
    )  # fmt: skip
    most = embedding.frames_per_clip
    return score_with(step, "clip_embeddings", batch, encoder, most, pictures_per_worker=_PICTURES_PER_WORKER)


def score_laion(step: Step, batch: str) -> Made:
    """Score the middle keyframe of each of the batch's clips; commit ``laion_scores``."""
    from video_assets.measure.image_text import Towers
    from video_assets.measure.laion import LaionPredictors

    settings = step.lake.settings.models
    clip, linear, improved = (m.weights(settings) for m in models_of("laion_scores", settings))
    predictors = LaionPredictors(Towers("ViT-L-14-quickgelu", clip), linear, improved)
    return score_with(step, "laion_scores", batch, predictors, 1, pictures_per_worker=_PICTURES_PER_WORKER)


def towers(settings: ModelSettings) -> Towers:
    """The image and text towers of the profile 'full'.

    Raises:
        ModelNotReadyError: the weights are missing, altered, or of a licence that nobody accepted.
    """
    from video_assets.measure.image_text import Towers

    name = settings.image_text.architecture
    described = str(settings.folder.absolute() / name) if name.endswith(".json") else name
    return Towers(described, image_text(settings).weights(settings))


def search(lake: Lake, text: str, most: int) -> pl.DataFrame:
    """The clips that show most nearly what a text says: clip_id, file_name, player_start_s, player_end_s, cosine and subjects.

    Raises:
        ValueError: the profile is not 'full', or no clip has a vector of its model.
        ModelNotReadyError: see :func:`towers`.
    """
    settings = lake.settings.models
    if settings.profile != "full":
        raise ValueError(
            "Clips are asked for by text with a model that knows both: set models.profile = 'full'; "
            "'video-assets models' says how to fetch it."
        )
    require_packages(settings)
    vector = towers(settings).open().encode_text(text)
    found = lake.query(
        "SELECT e.clip_id, s.file_name, s.player_start_s, s.player_end_s, "
        "list_inner_product(e.embedding, $vector::FLOAT[]) AS cosine, "
        "list_transform(e.subjects, lambda x: x.subject) AS subjects "
        "FROM clip_embeddings AS e JOIN clip_sheet AS s ON s.batch = e.batch AND s.clip_id = e.clip_id "
        "WHERE e.embedding_model = $model AND e.dimensions = $dimensions ORDER BY cosine DESC, e.clip_id LIMIT $most",
        {"vector": vector.tolist(), "model": image_text(settings).name, "dimensions": len(vector), "most": most},
    )
    if found.is_empty():
        raise ValueError(
            "No clip has a vector of this model yet; run 'video-assets curate' in the profile 'full' first."
        )
    return found
