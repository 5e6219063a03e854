"""Technical quality and classical appeal of a clip's picture; by rules, without weights."""

from __future__ import annotations

from video_assets.scorer import FLOAT, WHOLE, Column, Given, Keyframes, Measure, Scorer


def _open(_given: Given) -> Measure:
    from video_assets.measure.quality import QualityModel

    return QualityModel().measure


QUALITY_SCORES = Scorer(
    name="quality_scores",
    says="Technical quality and classical appeal of a clip's picture: medians over some of its keyframes, at their size (a short side of decode.sample_short_side).",
    reads=Keyframes("frames_per_clip"),
    open=_open,
    section="quality",
    columns=(
        Column("quality_frames", WHOLE, "Keyframes whose quality was measured."),
        Column(
            "noise",
            FLOAT,
            "Standard deviation of noise in luma levels, 0-255, in the flattest quarter of the picture (Immerkaer 1996); what scaling down has averaged away is not in it.",
        ),
        Column(
            "blockiness",
            FLOAT,
            "How much larger luma steps are on the grid of 8x8 blocks than beside it, as a share, from 0 (after Wang, Sheikh and Bovik 2002); NULL when the source is so large that its blocks cannot be seen in a keyframe.",
        ),
        Column("blur", FLOAT, "Blur, 0 (sharp) to 1 (Crete et al. 2007); soft backgrounds count."),
        Column(
            "technical_quality",
            FLOAT,
            "What noise, blockiness and blur leave, 0-1 with 1 the best: (1 - noise/12) (1 - blockiness/0.6) ((0.7 - blur)/0.45), each factor kept in 0-1. The formula is ours and orders; it is not fitted to opinions.",
        ),
        Column(
            "colourfulness",
            FLOAT,
            "Colourfulness in levels (Hasler and Suesstrunk 2003): 0 grey, 33 moderate, 109 extreme.",
        ),
        Column(
            "contrast",
            FLOAT,
            "Luma between its 2nd and 98th percentile over 180 levels, 0-1 (after Ke, Tang and Jing 2006).",
        ),
        Column(
            "exposure",
            FLOAT,
            "Nearness of mean luma to 0.45 of the range, times the share of pixels that are not clipped, 0-1.",
        ),
        Column(
            "subject_sharpness",
            FLOAT,
            "How much sharper the sharpest ninth of the picture is than the rest, 0-1 (after Datta et al. 2006).",
        ),
        Column(
            "thirds",
            FLOAT,
            "Nearness of the middle of the edges' energy to a crossing of the lines of thirds, 0-1 (after Datta et al. 2006).",
        ),
        Column(
            "classical_appeal",
            FLOAT,
            "Mean of the five above, with colourfulness over 60 levels and at most 1; 0-1. Computed by rules, trained on nothing, and no order of people's: on 64 clips its rank correlation with the eye was 0.01 (technical_quality: 0.69), so that no shipped tier asks for it.",
        ),
    ),
    histograms={
        "technical_quality": "0-1",
        "classical_appeal": "0-1",
        "noise": "luma levels",
        "blockiness": "of the steps",
        "blur": "0-1",
    },
    sheet_by="technical_quality",
    good={"technical_quality": "high", "noise": "low", "blockiness": "low", "blur": "low"},
    failed="clips have no quality scores",
    noun=("quality", "technical quality and appeal"),
    kinds=frozenset({"opencv", "parquet"}),
    alias="q",
    in_sheet=(
        "noise", "blockiness", "blur", "technical_quality", "colourfulness", "contrast", "exposure", "subject_sharpness",
        "thirds", "classical_appeal",
    ),
    usual=(3.0, 35.0),
)  # fmt: skip
