"""Optical flow of a clip by RAFT, in the profile 'full' where ``models.accept`` names it."""

from __future__ import annotations

from video_assets.measure.models import WHERE_THERE_IS_ONE, Model
from video_assets.measure.sources import FromAddress
from video_assets.scorer import FLOAT, WHOLE, Column, Given, Measure, Pairs, Scorer

# torchvision's code is BSD-3-Clause. Of its weights it says that the terms of their training data may bind them: of these,
# FlyingThings3D is for research alone and KITTI under CC-BY-NC-SA-3.0. The file's name begins its SHA-256.
RAFT_LARGE = Model(
    "RAFT large", "how far each pixel moves", "LicenseRef-NC-data",
    FromAddress("https://download.pytorch.org/models/raft_large_C_T_SKHT_V2-ff5fadd5.pth"),
    "ff5fadd56d26b40647388883af1547351ea17868b765c05b27231e72dd16a322", code="1", batch=1, device=WHERE_THERE_IS_ONE,
)  # fmt: skip


def _open(given: Given) -> Measure:
    from video_assets.measure.flow import FlowModel

    return FlowModel(given.weights[0]).open().measure


FLOW_SCORES = Scorer(
    name="flow_scores",
    says="How far the pixels of a clip move, by RAFT's optical flow between keyframes and the frames after them. Lengths are in pixels per frame of the clip, as though its picture had a short side of 360 px. Only in the profile 'full' and where models.accept names RAFT.",
    reads=Pairs("pairs_per_clip"),
    open=_open,
    section="flow",
    libraries={"torchvision": "torchvision", "torch": "torch"},
    models={"embedded": (), "full": (RAFT_LARGE,)},
    on_request=True,
    columns=(
        Column("flow_pairs", WHOLE, "Pairs of adjacent frames that were compared."),
        Column("flow_mean", FLOAT, "Mean length of the flow, px/frame at a short side of 360 px, over the pairs."),
        Column(
            "flow_p95", FLOAT, "95th percentile of its length over a picture, px/frame likewise; mean over the pairs."
        ),
        Column(
            "flow_moving_share", FLOAT, "Share of pixels that move by 0.5 px/frame or more, 0-1; mean over the pairs."
        ),
    ),
    histograms={
        "flow_mean": "px/frame at 360 px",
        "flow_p95": "px/frame at 360 px",
        "flow_moving_share": "of the picture",
    },
    sheet_by="flow_mean",
    failed="clips have no flow scores",
    noun=("flow", "optical flow"),
    kinds=frozenset({"torch", "parquet"}),
    alias="w",
    in_sheet=("flow_mean", "flow_p95", "flow_moving_share"),
    usual=(8.0, 900.0),
)
