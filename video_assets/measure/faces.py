"""Finding faces in a picture: the three networks of MTCNN, each on what the one before left over.

Zhang et al., Joint Face Detection and Alignment using Multitask Cascaded Convolutional Networks (arXiv 1604.02878).
Steps, overlaps and thresholds are the authors'; the last threshold is a setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from video_assets.measure.onnx import session
from video_assets.measure.rectangles import Rectangle, overlap
from video_assets.measure.types import Picture

Boxes = npt.NDArray[np.float64]
"""(n, 5): left, top, right, bottom in pixels, and the score, 0-1."""
_PROPOSED, _REFINED = 0.6, 0.7
_CELL, _STRIDE, _STEP = 12, 2, 0.709
"""The first network's field and stride in pixels, and the scale from one level of its pyramid to the next."""
_SAME = 0.3
"""Least overlap (intersection over union) of a face with itself on another of a clip's pictures."""


@dataclass(frozen=True)
class FaceFinder:
    """The networks' weights: what :meth:`open` loads in a worker.

    Attributes:
        proposal, refinement, output: the weights of the three networks.
        smallest: side of the smallest face that is looked for, as a share of the picture's short side, 0-1.
        least_score: least score of a sure face, 0-1.
        least_score_again: least score of a face where another of the clip's pictures has a sure one as large, 0-1.
        device: where they run.
    """

    proposal: Path
    refinement: Path
    output: Path
    smallest: float
    least_score: float
    least_score_again: float
    device: str = "cpu"

    def open(self) -> OpenFaceFinder:
        return OpenFaceFinder(self)


class OpenFaceFinder:
    """The loaded networks. They take pictures on their side (axes n, x, y, RGB), as they were trained in MATLAB."""

    def __init__(self, described: FaceFinder) -> None:
        self._described = described
        self._networks = [
            session(weights, described.device)
            for weights in (described.proposal, described.refinement, described.output)
        ]

    def find(self, picture: Picture) -> list[Rectangle]:
        """The sure faces of a picture by itself, uint8 (h, w, 3) in B, G, R order, the surest first."""
        return self.find_in([picture])[0]

    def find_in(self, pictures: Sequence[Picture]) -> list[list[Rectangle]]:
        """The faces of each of a clip's pictures, uint8 (h, w, 3) in B, G, R order, the surest first.

        A face that speaks or turns its head scores less from picture to picture than a sure one: once it is sure on one of
        them, less is enough on the others at that place and size.
        """
        return followed([self._scored(picture) for picture in pictures], self._described.least_score)

    def _scored(self, picture: Picture) -> list[tuple[Rectangle, float]]:
        """What may be faces of a picture, and the last network's scores, the surest first."""
        height, width = picture.shape[:2]
        prepared = ((cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32) - 127.5) / 128).transpose(1, 0, 2)
        found = [self._proposed(prepared, scale) for scale in self._scales(width, height)]
        boxes = _squares(_spread_out(np.concatenate(found), 0.7)) if found else np.empty((0, 5))
        boxes = _squares(_spread_out(self._judged(1, boxes, prepared, 24, _REFINED), 0.7))
        boxes = self._judged(2, boxes, prepared, 48, self._described.least_score_again)
        boxes = _spread_out(boxes, 0.7, of_the_smaller=True)
        shares = (boxes[:, :4] / (width, height, width, height)).clip(0, 1)
        return [
            (Rectangle(*(float(edge) for edge in box)), float(score))
            for box, score in zip(shares, boxes[:, 4], strict=True)
        ]

    def _scales(self, width: int, height: int) -> Iterator[float]:
        """Of the pyramid: the smallest face fills the first network's field in the first, the picture in the last."""
        short = min(width, height)
        scale = _CELL / max(_CELL, self._described.smallest * short)
        while short * scale >= _CELL:
            yield scale
            scale *= _STEP

    def _proposed(self, picture: Picture, scale: float) -> Boxes:
        """The first network's boxes at one scale."""
        size = (max(_CELL, round(picture.shape[1] * scale)), max(_CELL, round(picture.shape[0] * scale)))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        moved, scores = self._run(0, small[None])
        x, y = np.nonzero(scores[0, :, :, 1] >= _PROPOSED)
        corner = np.stack([x, y, x, y], axis=1) * _STRIDE
        boxes = (corner + np.array([0, 0, _CELL, _CELL])) / scale
        found = np.column_stack([_moved(boxes, moved[0, x, y]), scores[0, x, y, 1]])
        return _spread_out(found, 0.5)

    def _judged(self, network: int, boxes: Boxes, picture: Picture, side: int, least_score: float) -> Boxes:
        """Those of the boxes that a later network takes for a face, moved to where it sees it."""
        if not len(boxes):
            return boxes
        # Beyond its edges the picture is zero, which is mid-grey.
        margin = int(np.ceil((boxes[:, 2] - boxes[:, 0]).max())) + 1
        padded = cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
        # A square may lie as far outside as it is long; whatever is further out is no face of this picture.
        corners = boxes[:, :4].round().astype(int) + margin
        corners = corners.clip(0, [padded.shape[0] - 1, padded.shape[1] - 1] * 2)
        faces = np.stack([
            cv2.resize(padded[x0 : max(x1, x0 + 1), y0 : max(y1, y0 + 1)], (side, side), interpolation=cv2.INTER_AREA)
            for x0, y0, x1, y1 in corners
        ])  # fmt: skip
        moved, *_, scores = self._run(network, faces)
        good = scores[:, 1] >= least_score
        return np.column_stack([_moved(boxes[good, :4], moved[good]), scores[good, 1]])

    def _run(self, network: int, pictures: Any) -> Any:
        loaded = self._networks[network]
        return loaded.run(None, {loaded.get_inputs()[0].name: np.ascontiguousarray(pictures, np.float32)})


def followed(found: Sequence[Sequence[tuple[Rectangle, float]]], least_score: float) -> list[list[Rectangle]]:
    """The faces of each of a clip's pictures: sure ones, and any at the place and in the size of one of these.

    Args:
        found: of each picture, what may be a face, with its score.
        least_score: least score of a sure face.
    """
    sure = [box for boxes in found for box, score in boxes if score >= least_score]
    return [
        [box for box, score in boxes if score >= least_score or any(overlap(box, other) >= _SAME for other in sure)]
        for boxes in found
    ]


def _moved(boxes: Any, by: Any) -> Any:
    """Boxes with each edge moved by a share of the box's width or height."""
    size = boxes[:, 2:4] - boxes[:, :2]
    return boxes[:, :4] + by * np.concatenate([size, size], axis=1)


def _squares(boxes: Boxes) -> Boxes:
    """The boxes, made square around their middles by their longer side."""
    half = (boxes[:, 2:4] - boxes[:, :2]).max(axis=1, keepdims=True, initial=0) / 2
    middle = (boxes[:, :2] + boxes[:, 2:4]) / 2
    return np.concatenate([middle - half, middle + half, boxes[:, 4:]], axis=1)


def _spread_out(boxes: Boxes, most: float, *, of_the_smaller: bool = False) -> Boxes:
    """Boxes of falling score that overlap no better one by more than ``most`` (of their union or the smaller one)."""
    left = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        sides = np.minimum(best[2:4], left[:, 2:4]) - np.maximum(best[:2], left[:, :2])
        shared = sides.clip(0).prod(axis=1)
        areas = (left[:, 2:4] - left[:, :2]).prod(axis=1)
        own = (best[2:4] - best[:2]).prod()
        whole = np.minimum(areas, own) if of_the_smaller else areas + own - shared
        left = left[shared <= most * whole]
    return np.array(kept).reshape(-1, 5)
