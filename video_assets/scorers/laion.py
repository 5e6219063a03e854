"""LAION's aesthetic scores of a clip's middle keyframe, in the profile 'full' alone."""

from __future__ import annotations

from video_assets.measure.models import CLIP_L_14, Model
from video_assets.measure.sources import FromAddress
from video_assets.scorer import FLOAT, Column, Given, Keyframes, Measure, Scorer
from video_assets.settings import Settings

_GITHUB = "https://github.com"
LAION_V1 = Model(
    "LAION-Aesthetics V1", "appeal", "MIT",
    FromAddress(
        f"{_GITHUB}/LAION-AI/aesthetic-predictor/raw/6d122adad522ab246644d9dc1c6d7a3810ee255f/sa_0_4_vit_l_14_linear.pth"
    ),
    "2cd4e60f4f24ae3bcd57b847b13c1f3ba27edc28cc1a7f9ce74ee9f421243cba", code="1", batch=1,
)  # fmt: skip

LAION_V2 = Model(
    "LAION-Aesthetics V2", "appeal", "Apache-2.0",
    FromAddress(
        f"{_GITHUB}/christophschuhmann/improved-aesthetic-predictor/raw/6934dd81792f086e613a121dbce43082cb8be85e/"
        "sac+logos+ava1-l14-linearMSE.pth"
    ),
    "21dd590f3ccdc646f0d53120778b296013b096a035a2718c9cb0d511bff0f1e0", code="1", batch=1,
)  # fmt: skip


def _open(given: Given) -> Measure:
    from video_assets.measure.image_text import Towers
    from video_assets.measure.laion import LaionPredictors

    clip, linear, improved = given.weights
    return LaionPredictors(Towers("ViT-L-14-quickgelu", clip), linear, improved).open().measure


def _parameters(_settings: Settings) -> dict[str, object]:
    return {}


LAION_SCORES = Scorer(
    name="laion_scores",
    says="A clip's LAION aesthetic scores, of its middle keyframe. Only in the profile 'full'.",
    reads=Keyframes(1),
    open=_open,
    parameters=_parameters,
    libraries={"open_clip": "open_clip_torch", "torch": "torch"},
    models={"embedded": (), "full": (CLIP_L_14, LAION_V1, LAION_V2)},
    pictures_per_worker=250,
    columns=(
        Column("aesthetic_laion", FLOAT, "LAION-Aesthetics V2, about 1-10: improved predictor on CLIP ViT-L/14."),
        Column("aesthetic_laion_v1", FLOAT, "LAION-Aesthetics V1, about 1-10: linear predictor on CLIP ViT-L/14."),
    ),
    histograms={"aesthetic_laion": "LAION V2"},
    sheet_by="aesthetic_laion",
    good={"aesthetic_laion": "high", "aesthetic_laion_v1": "high"},
    failed="clips have no LAION scores",
    noun=("laion", "the LAION aesthetic scores"),
    kinds=frozenset({"torch", "parquet"}),
    alias="l",
    usual=(10.0, 600.0),
)
