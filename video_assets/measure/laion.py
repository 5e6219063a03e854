"""LAION's aesthetic predictors: small heads on the vector that CLIP ViT-L/14 gives a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from video_assets.measure.image_text import Towers
from video_assets.measure.types import Crop, Picture


@dataclass(frozen=True)
class LaionPredictors:
    """CLIP ViT-L/14 and the weights of the two predictors: what :meth:`open` loads in a worker."""

    towers: Towers
    linear: Path
    improved: Path

    def open(self) -> OpenLaionPredictors:
        return OpenLaionPredictors(self)


class OpenLaionPredictors:
    """The loaded networks."""

    def __init__(self, described: LaionPredictors) -> None:
        self._towers = described.towers.open()
        self._linear, self._improved = layers(described.linear), layers(described.improved)

    def measure(self, pictures: Sequence[Picture], _crop: Crop) -> dict[str, object]:
        """Scores of the middle one of a clip's pictures: uint8 (h, w, 3) in B, G, R order."""
        (vector,) = self._towers.encode_pictures([pictures[len(pictures) // 2]])
        return {"aesthetic_laion": score(vector, self._improved), "aesthetic_laion_v1": score(vector, self._linear)}


Layers = list[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Matrix (out, in) and offset (out,) of each layer, in order."""


def layers(weights: Path) -> Layers:
    """The linear layers of a predictor's file. Both have nothing else: what is between them is dropout, for training."""
    import torch

    values = [v.numpy() for v in torch.load(weights, map_location="cpu", weights_only=True).values()]
    return list(zip(values[::2], values[1::2], strict=True))


def score(vector: NDArray[np.float32], through: Layers) -> float:
    """A predictor's number for a picture's vector of length 1."""
    for matrix, offset in through:
        vector = matrix @ vector + offset
    return float(vector[0])
