"""Finding and reading text in pictures: PP-OCRv6 in ONNX, with rapidocr's steps before and after the two networks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from video_assets.measure.onnx import session
from video_assets.measure.rectangles import Rectangle
from video_assets.measure.scene_text import with_scene_text
from video_assets.measure.text import ReadPicture, TextBox, is_line, text_scores
from video_assets.measure.types import Crop, Picture

_USUAL = 360
"""Short side of a keyframe, in pixels, for which the detector's side is meant."""


@dataclass(frozen=True)
class TextReader:
    """The two networks' weights and the detector's size: what :meth:`open` loads in a worker.

    Attributes:
        detector, recogniser: the weights.
        detector_side: longest side in pixels of the picture in which text is looked for, of one whose short side is 360; of a
            larger one it is as much longer.
        devices: of the detector and the recogniser.
    """

    detector: Path
    recogniser: Path
    detector_side: int
    devices: tuple[str, str] = ("cpu", "cpu")

    def open(self) -> OpenTextReader:
        return OpenTextReader(self)


class OpenTextReader:
    """The loaded networks. rapidocr is given sessions of ours, so that it neither downloads nor takes every core."""

    def __init__(self, described: TextReader) -> None:
        import rapidocr
        from omegaconf import OmegaConf
        from rapidocr.ch_ppocr_det import TextDetector
        from rapidocr.ch_ppocr_rec import TextRecognizer
        from rapidocr.utils.typings import EngineType

        logging.getLogger("RapidOCR").setLevel(logging.WARNING)  # its import sets another
        defaults = OmegaConf.load(Path(rapidocr.__file__).parent / "config.yaml")
        sizes = {"limit_side_len": described.detector_side, "limit_type": "max"}
        parts = (
            ("Det", TextDetector, described.detector, described.devices[0], sizes),
            (
                "Rec",
                TextRecognizer,
                described.recogniser,
                described.devices[1],
                {"rec_batch_num": 1, "font_path": None},
            ),
        )
        self._side = described.detector_side
        self._detect, self._recognise = (
            made(_Options(OmegaConf.to_container(defaults[name]), session(weights, device), EngineType.ONNXRUNTIME, own))
            for name, made, weights, device, own in parts
        )  # fmt: skip

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        """Text scores of a clip's pictures: uint8 (h, w, 3) in B, G, R order, cut to its crop."""
        return text_scores(with_scene_text(pictures, [self.read(p) for p in pictures]), crop)

    def read(self, picture: Picture) -> ReadPicture:
        """Every piece of text on one picture. Only what the detector finds is given to the recogniser."""
        from rapidocr.ch_ppocr_rec import TextRecInput
        from rapidocr.utils.process_img import get_rotate_crop_image

        height, width = picture.shape[:2]
        self._detect.limit_side_len = round(self._side * max(1.0, min(height, width) / _USUAL))
        found = self._detect(picture)
        if found.boxes is None:
            return ReadPicture(())
        lines = [get_rotate_crop_image(picture, corners.astype(np.float32)) for corners in found.boxes]
        read = self._recognise(TextRecInput(img=lines))
        return ReadPicture(
            tuple(
                TextBox(
                    _upright(corners, width, height), float(detection), float(recognition), text,
                    is_line(*_sides(corners), height), covers=_covered(corners, width, height),
                )
                for corners, detection, recognition, text in zip(
                    found.boxes, found.scores, read.scores, read.txts, strict=True
                )
            )
        )  # fmt: skip


class _Options(dict[str, Any]):
    """A rapidocr part's options, which it reads both as keys and as attributes."""

    def __init__(self, defaults: Any, loaded: object, engine: object, own: dict[str, Any]) -> None:
        super().__init__({**defaults, "session": loaded, "engine_type": engine, **own})

    def __getattr__(self, name: str) -> Any:
        return self[name]


def _sides(corners: Any) -> tuple[float, float]:
    """The longer and the shorter side of four corners in pixels: lines are written down the picture, too."""
    across, down = np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[3] - corners[0])
    return float(max(across, down)), float(min(across, down))


def _covered(corners: Any, width: int, height: int) -> float:
    """Share of the picture between four corners in pixels."""
    return float(cv2.contourArea(corners.astype(np.float32))) / (width * height)


def _upright(corners: Any, width: int, height: int) -> Rectangle:
    """The upright rectangle around four corners in pixels, as shares."""
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    # The detector counts pixels, the last of which is width - 1.
    return Rectangle(left / width, top / height, min(right + 1, width) / width, min(bottom + 1, height) / height)
