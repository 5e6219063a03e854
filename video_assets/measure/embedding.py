"""What a clip shows, as a vector, and what it is likely of: EfficientNet-Lite0, and an image tower in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from video_assets.measure.copy_model import signature_of
from video_assets.measure.efficientnet import OpenEfficientNet
from video_assets.measure.image_text import OpenTowers, Towers
from video_assets.measure.types import Crop, Picture


@dataclass(frozen=True)
class ClipEncoder:
    """What :meth:`open` loads in a worker.

    Attributes:
        classifier: weights of EfficientNet-Lite0.
        name: of the model whose vectors are the embedding.
        frames: pictures of each clip in its copy signature.
        subjects: how many classes are kept.
        towers: whose image tower gives the embedding; None: EfficientNet's features are it.
    """

    classifier: Path
    name: str
    frames: int
    subjects: int
    towers: Towers | None = None

    def open(self) -> OpenClipEncoder:
        return OpenClipEncoder(self)


class OpenClipEncoder:
    """The loaded networks."""

    def __init__(self, described: ClipEncoder) -> None:
        self._described = described
        self._classifier = OpenEfficientNet(described.classifier)
        self._towers: OpenTowers | None = described.towers.open() if described.towers else None

    def measure(self, pictures: Sequence[Picture], _crop: Crop) -> dict[str, object]:
        """The columns of ``clip_embeddings``, from pictures in time order: uint8 (h, w, 3) in B, G, R order."""
        features, probabilities = self._classifier.look(pictures)
        vectors = self._towers.encode_pictures(pictures) if self._towers else features
        embedding = unit_mean(vectors)
        return {
            "embedding": embedding.tolist(),
            "dimensions": len(embedding),
            "embedding_model": self._described.name,
            "subjects": self._classifier.likeliest(probabilities.mean(axis=0), self._described.subjects),
            "copy_signature": signature_of(pictures, self._described.frames),
        }


def unit_mean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction of the mean of some vectors' directions, of length 1.

    Raises:
        ValueError: a number is not finite, or they cancel out.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    mean = (vectors / lengths).mean(axis=0)
    length = np.linalg.norm(mean)
    if not np.isfinite(length) or length < 1e-6:
        raise ValueError("The model gave no vector for the clip's pictures.")
    return np.asarray(mean / length, np.float32)
