"""Text in a clip's picture: PP-OCRv6 finds and reads it in some keyframes."""

from __future__ import annotations

from importlib.metadata import version as installed

from video_assets.measure.models import Model
from video_assets.measure.sources import FromAddress, InPackage
from video_assets.scorer import FLOAT, TEXT, WHOLE, Column, Given, Keyframes, Measure, Scorer
from video_assets.settings import Settings

_RAPIDOCR = "https://www.modelscope.cn/models/RapidAI/RapidOCR/resolve/v3.10.0/onnx/PP-OCRv6"

SMALL_DETECTOR = Model(
    "PP-OCRv6 small detector", "where text is", "Apache-2.0",
    InPackage("rapidocr==3.10.0", "rapidocr", "models/PP-OCRv6_det_small.onnx"),
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f", code="1", batch=1,
)  # fmt: skip

SMALL_RECOGNISER = Model(
    "PP-OCRv6 small recogniser", "what a text says", "Apache-2.0",
    InPackage("rapidocr==3.10.0", "rapidocr", "models/PP-OCRv6_rec_small.onnx"),
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884", code="1", batch=1,
)  # fmt: skip

MEDIUM_DETECTOR = Model(
    "PP-OCRv6 medium detector", "where text is", "Apache-2.0",
    FromAddress(f"{_RAPIDOCR}/det/PP-OCRv6_det_medium.onnx"),
    "92078b7355007ccfffcd4c8cd441a3afd4538904d06881b29a155e1e679907c2", code="1", batch=1,
)  # fmt: skip

MEDIUM_RECOGNISER = Model(
    "PP-OCRv6 medium recogniser", "what a text says", "Apache-2.0",
    FromAddress(f"{_RAPIDOCR}/rec/PP-OCRv6_rec_medium.onnx"),
    "eef444829dbbe18d7fea59a3f6eb75647518d2b3a9568d27c92e42940204894b", code="1", batch=1,
)  # fmt: skip


def _open(given: Given) -> Measure:
    from video_assets.measure.text_reader import TextReader

    detector, recogniser = given.weights
    devices = given.models[0].device, given.models[1].device
    return TextReader(detector, recogniser, given.section.detector_side, devices).open().measure


def _parameters(settings: Settings) -> dict[str, object]:
    return {**settings.text.model_dump(), "rapidocr": installed("rapidocr")}


TEXT_SCORES = Scorer(
    name="text_scores",
    says="The text in a clip's picture, read in some of its keyframes. Legible: read with a recognition score of 0.5 or more.",
    code="4",
    reads=Keyframes("frames_per_clip", large=True),
    open=_open,
    section="text",
    parameters=_parameters,
    libraries={"onnxruntime": "onnxruntime"},
    models={
        "embedded": (SMALL_DETECTOR, SMALL_RECOGNISER),
        "full": (MEDIUM_DETECTOR, MEDIUM_RECOGNISER),
    },
    columns=(
        Column("text_frames", WHOLE, "Keyframes that were read."),
        Column(
            "text_score",
            FLOAT,
            "Largest detection times recognition score of the text on any of them that counts (text_boxes), 0-1; 0 when there is none.",
        ),
        Column("text_read", TEXT, "The text that has this score; empty when there is none."),
        Column(
            "text_boxes",
            WHOLE,
            "Most pieces of text on one of them: legible, or a line or a word of subtitles in a script that the recogniser does not know. What is higher than a fifth of the picture must be read surely, and a character or two so high on two of them.",
        ),
        Column("text_share", FLOAT, "Mean share of the clip's picture that such text covers, 0-1."),
        Column("text_share_max", FLOAT, "Largest of these shares."),
        Column(
            "overlaid_text_boxes",
            WHOLE,
            "Most pieces of text on one of them that are not seen to move with what is around them, as a banner does under a moving camera.",
        ),
        Column("overlaid_text_share", FLOAT, "Mean share of the clip's picture that overlaid text covers, 0-1."),
        Column(
            "subtitle_x",
            WHOLE,
            "Left edge of the band of subtitles, display pixels: centred text in the same rows of the lower third on at least half of them; NULL when there is none.",
        ),
        Column("subtitle_y", WHOLE, "Top edge of the band, display pixels; NULL as subtitle_x."),
        Column("subtitle_width", WHOLE, "Width of the band, in pixels; NULL as subtitle_x."),
        Column("subtitle_height", WHOLE, "Height of the band, in pixels; NULL as subtitle_x."),
        Column(
            "static_text",
            WHOLE,
            "Pieces of text that stay in place on three quarters of them: logos, watermarks and captions; under a fixed camera signs too. NULL when fewer than two were read.",
        ),
        Column("static_text_share", FLOAT, "Share of the clip's picture that these cover, 0-1; NULL as static_text."),
        Column(
            "clear_x",
            WHOLE,
            "Left edge of the largest crop without subtitles and static text, display pixels; NULL as static_text.",
        ),
        Column("clear_y", WHOLE, "Top edge of this crop, display pixels; NULL as static_text."),
        Column("clear_width", WHOLE, "Width of this crop, in pixels; NULL as static_text."),
        Column("clear_height", WHOLE, "Height of this crop, in pixels; NULL as static_text."),
        Column("clear_share", FLOAT, "Share of the clip's picture that this crop keeps, 0-1; NULL as static_text."),
    ),
    histograms={"text_score": "detection x recognition", "text_share": "of the picture", "clear_share": "of the picture"},
    sheet_by="text_score",
    good={"text_share": "low", "clear_share": "high"},
    failed="clips have no text scores",
    noun=("text", "text"),
    kinds=frozenset({"onnx", "parquet"}),
    alias="t",
    in_sheet=(
        "text_score", "text_read", "text_boxes", "text_share", "text_share_max", "overlaid_text_boxes", "overlaid_text_share",
        "subtitle_x", "subtitle_y", "subtitle_width", "subtitle_height", "static_text", "static_text_share", "clear_x",
        "clear_y", "clear_width", "clear_height", "clear_share",
    ),
    usual=(5.0, 610.0),
)  # fmt: skip
