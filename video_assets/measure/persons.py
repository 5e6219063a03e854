"""Finding people in a picture: FastestDet, a COCO detector of one megabyte.

Decoded as its author's example does (github.com/dog-qiuqiu/FastestDet, example/onnx-runtime/runtime.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from video_assets.measure.onnx import session
from video_assets.measure.rectangles import Rectangle
from video_assets.measure.types import Picture

_SIDE = 352
_PERSON = 0
_OVERLAP = 0.45
"""Largest overlap (intersection over union) of two people."""


@dataclass(frozen=True)
class PersonFinder:
    """The network's weights: what :meth:`open` loads in a worker.

    Attributes:
        weights: of the network.
        least_score: least score of a person, 0-1.
        device: where it runs.
    """

    weights: Path
    least_score: float
    device: str = "cpu"

    def open(self) -> OpenPersonFinder:
        return OpenPersonFinder(self)


class OpenPersonFinder:
    """The loaded network."""

    def __init__(self, described: PersonFinder) -> None:
        self._least_score = described.least_score
        self._session = session(described.weights, described.device)
        self._input = self._session.get_inputs()[0].name

    def find(self, picture: Picture) -> list[Rectangle]:
        """The people of a picture, uint8 (h, w, 3) in B, G, R order, the surest first."""
        small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        prepared = small.transpose(2, 0, 1)[None].astype(np.float32) / 255
        # One cell a column: object score, middle x and y, width, height, and a score for each class.
        cells = np.asarray(self._session.run(None, {self._input: prepared})[0])[0]
        scores = cells[0] ** 0.6 * cells[5:].max(axis=0) ** 0.4
        y, x = np.nonzero((cells[5:].argmax(axis=0) == _PERSON) & (scores >= self._least_score))
        middle = (np.stack([x, y]) + np.tanh(cells[1:3, y, x])) / cells.shape[1]
        size = 1 / (1 + np.exp(-cells[3:5, y, x]))
        edges = np.concatenate([middle - size / 2, middle + size / 2]).clip(0, 1).T
        boxes = np.concatenate([edges[:, :2], edges[:, 2:] - edges[:, :2]], axis=1)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores[y, x].tolist(), self._least_score, _OVERLAP)
        return [Rectangle(*edges[i].tolist()) for i in kept]
