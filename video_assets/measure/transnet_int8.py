"""TransNetV2's layers (arXiv 2008.04838) in whole numbers, for ONNX Runtime on a CPU that multiplies those in hardware (VNNI).

A convolution in space and the one in time after it are one, of 3x3 pixels in three frames, as nothing lies between them.
Pictures are 8 bits, their scale taken anew for every few frames; weights are 7, so that no product of two overflows on any
CPU. Rounding carries its error to the next weight: what a smooth picture makes of the weights' errors is then nearly
nothing, and scores are the float32 network's to 0.014 in 7,587 frames of real footage (`benchmarks/README.md`), where plain rounding
leaves 0.05.

Few frames go through a layer at a time, which then stay in the CPU's cache; the parts of three frames are added up outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from video_assets.measure.onnx import session
from video_assets.measure.onnx_graph import Graph
from video_assets.measure.torch_files import Weights, read_weights
from video_assets.measure.transnet_onnx import (
    COLUMNS,
    DILATIONS,
    JUDGED_BY,
    ROWS,
    STACKS,
    Inputs,
    Kernels,
    around,
    folded,
    histograms,
    judged,
)
from video_assets.measure.types import Picture, Scores

_AT_ONCE = 8  # Frames; a quarter of this and three times it are no quicker.
_STEPS = 63
_BRANCHES = len(DILATIONS)
_ALONG = [0, 1, 2, 5, 4, 3, 6, 7, 8]  # A path through 3x3 pixels on which each lies beside the one before.

_Layer = NDArray[np.float32]
"""(frames, branches, pixels, channels of a branch)"""


class Int8TransNetV2:
    """The network on one core of a CPU.

    Args:
        weights: the package's file.
    """

    def __init__(self, weights: Path) -> None:
        found = read_weights(weights)
        others = [(stack, number) for stack in range(STACKS) for number in (0, 1)][1:]
        models = [_first_cell(found), *(_cell(found, stack, number) for stack, number in others)]
        self._cells = [session(model, "cpu") for model in models]
        self._end = session(_end(found), "cpu")
        self._judge = session(_judge(found), "cpu")
        self._channels = len(found["SDDCNN.0.DDCNN.0.bn.weight"])
        self._rooms = [np.empty(0, np.float32)] * 3

    def scores(self, pictures: Picture) -> Scores:
        """Probabilities of consecutive frames; those of the first and the last 15 lack context.

        Args:
            pictures: uint8 (frames, 27, 48, 3) in R, G, B order; any number of frames.

        Returns:
            float32 (frames, 2): that a boundary is there, and that the frame is part of a transition.
        """
        frames = len(pictures)
        rooms = cycle(self._rooms_for(frames))
        first = _in_parts(self._cells[0], {"first": pictures.reshape(frames, -1, 3)}, next(rooms))[0]
        means = []
        for stack in range(STACKS):
            second = _in_parts(self._cells[2 * stack + 1], {"first": first}, next(rooms))[0]
            given = {"first": first, "second": second}
            if stack + 1 < STACKS:
                first, mean = _in_parts(self._cells[2 * stack + 2], given, next(rooms))
            else:
                pixels, mean = self._end.run(None, given)
            means.append(mean)
        inputs = {"pixels": pixels, "means": np.concatenate(means, 1), "histograms": histograms(pictures)}
        scores: Scores = self._judge.run(None, inputs | {"around": around(frames)})[0]
        return scores

    def _rooms_for(self, frames: int) -> list[_Layer]:
        """Memory for three of the largest layers, kept: to be given new memory for each took a fifth of the time."""
        size = frames * ROWS * COLUMNS * self._channels
        if self._rooms[0].size < size:
            self._rooms = [np.empty(size, np.float32) for _ in self._rooms]
        return self._rooms


def _in_parts(
    cell: onnxruntime.InferenceSession, given: Mapping[str, NDArray[Any]], room: _Layer
) -> tuple[_Layer, _Layer]:
    """What a cell makes of a few frames at a time, its parts of three frames added up, in ``room``; and its means, if any."""
    frames, furthest = len(given["first"]), max(DILATIONS)
    total = np.empty(0, np.float32)
    means: list[_Layer] = []
    for start in range(0, frames, _AT_ONCE):
        end = min(start + _AT_ONCE, frames)
        # (frame before, frame itself, frame after; branch), frames, pixels, channels
        parts = cell.run(None, {name: values[start:end] for name, values in given.items()})
        if len(parts) < 3 * _BRANCHES:
            parts, *mean = parts
            means += mean
        if not start:
            shape = frames, _BRANCHES, *parts[0].shape[1:]
            total = room[: np.prod(shape)].reshape(shape)
            total[:furthest] = 0
        total[start + furthest : end + furthest] = 0
        for branch, reach in enumerate(DILATIONS):
            for third, shift in enumerate((reach, 0, -reach)):
                a, b = max(start + shift, 0), min(end + shift, frames)
                if a < b:
                    total[a:b, branch] += parts[third * _BRANCHES + branch][a - shift - start : b - shift - start]
    return total, np.concatenate(means or [np.empty(0, np.float32)])


def _cell(weights: Weights, stack: int, number: int) -> bytes:
    """Any other cell as an ONNX model: of frames the (12, frames, pixels, channels) that :func:`_in_parts` adds up.

    The first cell of a stack takes both layers of the stack before, and gives the means of what it sees as well.
    """
    graph = Graph()
    kernels, shift = _in_space_and_time(weights, f"SDDCNN.{stack}.DDCNN.{number}")
    inputs, outputs = kernels.shape[1:]
    rows, columns = ROWS >> stack, COLUMNS >> stack
    pixels = rows * columns
    # What a cell adds comes with the frame itself.
    added = graph.constant(np.concatenate([0 * shift, shift, 0 * shift]).astype(np.float32))
    if number == 1:
        given: Inputs = {"first": (np.float32, ("frames", _BRANCHES, pixels, inputs // _BRANCHES))}
        seen, means = graph.add("Relu", "first"), []
    else:
        given, seen, mean = _pooled(graph, ROWS >> stack - 1, COLUMNS >> stack - 1, inputs)
        means = [mean]
    levels, scale, zero = graph.split("DynamicQuantizeLinear", seen, outputs=3)
    weight_levels, step = quantised(kernels)
    made = graph.add(
        "MatMulIntegerToFloat",
        _around_each(graph, _channels_last(graph, levels, pixels, inputs), rows, columns, inputs, zero),
        graph.constant(weight_levels),
        scale,
        graph.constant(step),
        zero,
        "",
        added,
        domain="com.microsoft",
    )
    parts = graph.add("Reshape", made, graph.integers(-1, pixels, 3 * _BRANCHES, outputs // (3 * _BRANCHES)))
    return graph.model(given, [graph.add("Transpose", parts, perm=[2, 0, 1, 3]), *means])


def _first_cell(weights: Weights) -> bytes:
    """The first cell, in float32, as it has few inputs: of pictures, uint8 (frames, pixels, 3), its 12 parts one by one.

    To make them one by one takes two thirds of the time here, and longer where inputs are many.
    """
    graph = Graph()
    kernels, shift = _in_space_and_time(weights, "SDDCNN.0.DDCNN.0")
    pixels = ROWS * COLUMNS
    seen = graph.add("Div", graph.add("Cast", "first", to=1), graph.constant(np.full(1, 255, np.float32)))
    around_each = _around_each(graph, seen, ROWS, COLUMNS, 3)
    parts = []
    by_part = np.split(kernels.reshape(len(kernels) * 3, -1), 3 * _BRANCHES, axis=1)
    for part, own in zip(by_part, np.split(np.concatenate([0 * shift, shift, 0 * shift]), len(by_part)), strict=True):
        constants = (graph.constant(values.astype(np.float32)) for values in (part, own))
        made = graph.add("Gemm", around_each, *constants)
        parts.append(graph.add("Reshape", made, graph.integers(-1, pixels, part.shape[1])))
    return graph.model({"first": (np.uint8, ("frames", pixels, 3))}, parts)


def _in_space_and_time(weights: Weights, name: str) -> tuple[Kernels, Kernels]:
    """A cell's kernels of (9 pixels, inputs, 3 frames * 4 branches * channels), and what is added, (4 * channels,)."""
    spatial, temporal, shift = (values.astype(np.float64) for values in folded(weights, name))
    branches, between, inputs = spatial.shape[:3]
    # As products of matrices: an einsum of all at once takes a second for the whole network.
    in_space = spatial.reshape(branches, between, -1).transpose(0, 2, 1)
    in_time = temporal[..., 0].transpose(0, 2, 3, 1).reshape(branches, between, -1)
    both = (in_space @ in_time).reshape(branches, inputs, 9, 3, -1)
    return both.transpose(2, 1, 3, 0, 4).reshape(9, inputs, -1), shift.reshape(-1)


def quantised(kernels: Kernels) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Kernels in steps of each output's own size, and that size; the error of each goes on to the next.

    First from pixel to pixel, then from channel to channel: pixels that lie side by side are much alike, so errors of
    opposite sign take each other's effect away.
    """
    _, inputs, outputs = kernels.shape
    step = np.abs(kernels).max((0, 1)) / _STEPS
    wanted = (kernels[_ALONG] / step).transpose(1, 0, 2).reshape(-1, outputs)
    levels, carried = np.empty_like(wanted), np.zeros(outputs)
    for i, row in enumerate(wanted):
        levels[i] = np.round(row + carried)
        carried += row - levels[i]
    by_pixel = levels.reshape(inputs, 9, outputs).transpose(1, 0, 2)[np.argsort(_ALONG)]
    return by_pixel.reshape(-1, outputs).astype(np.int8), step.astype(np.float32)


def _around_each(graph: Graph, x: str, rows: int, columns: int, channels: int, *nothing: str) -> str:
    """Of (frames, pixels, channels) the 3x3 pixels around each, beyond the edge nothing: (frames * pixels, 9 * channels)."""
    beyond = rows * columns
    numbers = np.full((rows + 2, columns + 2), beyond)
    numbers[1:-1, 1:-1] = np.arange(beyond).reshape(rows, columns)
    nine = np.stack([numbers[i : i + rows, j : j + columns] for i in range(3) for j in range(3)], -1)
    padded = graph.add("Pad", x, graph.integers(0, 0, 0, 0, 1, 0), *nothing)
    gathered = graph.add("Gather", padded, graph.constant(nine.reshape(-1)), axis=1)
    return graph.add("Reshape", gathered, graph.integers(-1, 9 * channels))


def _pooled(graph: Graph, rows: int, columns: int, channels: int) -> tuple[Inputs, str, str]:
    """Both layers of a stack, its inputs, as one of half the rows and columns, and the mean of each channel of it."""
    own = channels // _BRANCHES
    given: Inputs = dict.fromkeys(("first", "second"), (np.float32, ("frames", _BRANCHES, rows * columns, own)))
    both = graph.add("Add", graph.add("Relu", "first"), graph.add("Relu", "second"))
    if rows % 2:
        both = graph.add("Slice", both, *(graph.integers(n) for n in (0, (rows - 1) * columns, 2)))
    in_rows = graph.add("Reshape", both, graph.integers(-1, 2, columns * own))
    halved = graph.add("ReduceMean", in_rows, graph.integers(1), keepdims=0)
    in_columns = graph.add("Reshape", halved, graph.integers(-1, 2, own))
    quartered = graph.add("ReduceMean", in_columns, graph.integers(1), keepdims=0)
    x = graph.add("Reshape", quartered, graph.integers(-1, _BRANCHES, (rows // 2) * (columns // 2), own))
    mean = graph.add("ReduceMean", x, graph.integers(2), keepdims=0)
    return given, x, graph.add("Reshape", mean, graph.integers(-1, channels))


def _channels_last(graph: Graph, x: str, pixels: int, channels: int) -> str:
    """Of (frames, branches, pixels, channels of a branch) the same as (frames, pixels, channels)."""
    turned = graph.add("Transpose", x, perm=[0, 2, 1, 3])
    return graph.add("Reshape", turned, graph.integers(-1, pixels, channels))


def _end(weights: Weights) -> bytes:
    """What follows the last cell, of frames one by one."""
    graph = Graph()
    channels = len(weights[f"SDDCNN.{STACKS - 1}.DDCNN.1.bn.weight"])
    rows, columns = ROWS >> STACKS - 1, COLUMNS >> STACKS - 1
    given, x, mean = _pooled(graph, rows, columns, channels)
    pixels = (rows // 2) * (columns // 2)
    by_pixel = graph.add("Reshape", _channels_last(graph, x, pixels, channels), graph.integers(-1, pixels * channels))
    return graph.model(given, [by_pixel, mean])


def _judge(weights: Weights) -> bytes:
    """What compares frames with each other."""
    graph = Graph()
    means = weights["frame_sim_layer.projection.weight"].shape[1]
    rows, columns = ROWS >> STACKS, COLUMNS >> STACKS
    channels = len(weights[f"SDDCNN.{STACKS - 1}.DDCNN.1.bn.weight"])
    given: Inputs = {
        "pixels": (np.float32, ("frames", rows * columns * channels)),
        "means": (np.float32, ("frames", means)),
        **JUDGED_BY,
    }
    return graph.model(given, [judged(graph, weights, "pixels", "means")])
