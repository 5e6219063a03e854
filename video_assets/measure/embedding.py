"""What a clip shows, as a vector, and what it is likely of: EfficientNet-Lite0, and an image tower in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.copies import copy_signature
from video_assets.measure.image_text import OpenTowers, Towers
from video_assets.measure.types import Crop, Picture

_SIDE = 224
# As the network was trained: the middle 224 of a short side of 256, of -1 to 1.
_SHORT_SIDE, _MEAN, _SCALE = 256, 127.0, 128.0


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
        frames = self._described.frames
        signature = copy_signature([pictures[(2 * i + 1) * len(pictures) // (2 * frames)] for i in range(frames)])
        return {
            "embedding": embedding.tolist(),
            "dimensions": len(embedding),
            "embedding_model": self._described.name,
            "subjects": self._classifier.likeliest(probabilities.mean(axis=0), self._described.subjects),
            "copy_signature": None if signature is None else signature.tolist(),
        }


class OpenEfficientNet:
    """EfficientNet-Lite0 on the CPU, with one thread: the worker processes are what runs at once."""

    def __init__(self, weights: Path) -> None:
        import timm
        import torch
        from timm.data import ImageNetInfo

        torch.set_num_threads(1)
        state = torch.load(weights, map_location="cpu", weights_only=True)
        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
        # The same layers in the same order under other names.
        network.load_state_dict(dict(zip(network.state_dict(), state.values(), strict=True)))
        self._network = network.eval()
        classes = ImageNetInfo()
        # ImageNet names a class by synonyms, with the usual one first.
        self._classes = [classes.index_to_description(i).partition(",")[0] for i in range(1000)]

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features, float32 (pictures, 1280), and probabilities of the classes, float32 (pictures, 1000)."""
        import torch

        prepared = np.stack([prepare(p) for p in pictures])
        with torch.inference_mode():
            features = self._network.forward_head(
                self._network.forward_features(torch.from_numpy(prepared)), pre_logits=True
            )
            probabilities = self._network.get_classifier()(features).softmax(-1)
        return features.numpy(), probabilities.numpy()

    def likeliest(self, probabilities: NDArray[np.float32], most: int) -> list[dict[str, object]]:
        """The classes with the largest probabilities, largest first."""
        order = np.argsort(-probabilities, kind="stable")[:most]
        return [{"subject": self._classes[i], "probability": float(probabilities[i])} for i in order]


def prepare(picture: Picture) -> NDArray[np.float32]:
    """The middle of a picture as the network takes it: float32 (3, 224, 224) in R, G, B order, about -1 to 1."""
    height, width = picture.shape[:2]
    scale = _SHORT_SIDE / min(height, width)
    size = (max(round(width * scale), _SIDE), max(round(height * scale), _SIDE))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (resized.shape[0] - _SIDE) // 2, (resized.shape[1] - _SIDE) // 2
    middle = cv2.cvtColor(resized[top : top + _SIDE, left : left + _SIDE], cv2.COLOR_BGR2RGB)
    return np.asarray((middle.astype(np.float32).transpose(2, 0, 1) - _MEAN) / _SCALE, np.float32)


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
