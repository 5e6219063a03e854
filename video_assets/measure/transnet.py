"""TransNetV2 (arXiv 2008.04838): the network that tells shot transitions, gradual ones too, on 48x27 pictures.

What it is, how frames come to it, and by what it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from video_assets.measure.transnet_onnx import OnnxTransNetV2
from video_assets.measure.types import Picture, Scores

Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]

CONTEXT = 15
"""Frames on either side of a window whose scores are not used: 25 in the paper, which found no boundary more here."""


@dataclass(frozen=True)
class TransitionModel:
    """The weights, and how the network runs: what :meth:`open` loads in a worker.

    Attributes:
        weights: the package's file.
        window: frames per call, context included.
        precision: "auto" takes bfloat16 where the CPU computes with it (AMX or AVX-512 BF16) and torch is installed, which
            is three times as quick; elsewhere float32.
        device: "cpu" or "cuda".
    """

    weights: Path
    window: int = 300
    precision: Precision = "auto"
    device: str = "cpu"

    def open(self) -> OpenTransitionModel:
        return OpenTransitionModel(self)


class OpenTransitionModel:
    """The loaded network, on one core: in bfloat16 by torch, otherwise by ONNX Runtime without torch."""

    def __init__(self, described: TransitionModel) -> None:
        half = described.precision == "bfloat16" or (described.precision == "auto" and bfloat16_is_quicker())
        self._network: _Network = _by_torch(described) if half else OnnxTransNetV2(described.weights, described.device)
        self._window = described.window

    def scores(self, stretch: Iterable[Picture]) -> Iterator[Scores]:
        """Score a stretch of consecutive frames, which begins and ends with 15 frames of context.

        Args:
            stretch: the frames in parts of any length, uint8 (frames, 27, 48, 3).

        Yields:
            float32 (frames, 2) as of :meth:`TransNetV2.scores`, for the frames between the contexts, in order.
        """
        for window in windows(stretch, self._window):
            yield self._network.scores(window)[CONTEXT:-CONTEXT]


class _Network(Protocol):
    def scores(self, pictures: Picture) -> Scores:
        """Probabilities of consecutive frames."""


def _by_torch(described: TransitionModel) -> _Network:
    import torch

    from video_assets.measure.transnet_layers import TransNetV2

    torch.set_num_threads(1)
    weights = torch.load(described.weights, map_location="cpu", weights_only=True)
    return TransNetV2(weights, described.device, half=True)


def bfloat16_is_quicker() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware, and torch is installed, which makes use of it."""
    if find_spec("torch") is None:
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:  # not Linux
        return False
    return re.search(r"\b(amx_bf16|avx512_bf16)\b", flags) is not None


def windows(stretch: Iterable[Picture], length: int) -> Iterator[Picture]:
    """Cut a stretch of frames into windows that overlap by twice the context; the last one may be shorter.

    Args:
        stretch: the frames in parts of any length.
        length: of a window, more than twice the context.
    """
    held: Picture | None = None
    for part in stretch:
        held = part if held is None else np.concatenate([held, part])
        # One frame more than fits: what is held is then never context alone.
        while len(held) > length:
            yield held[:length]
            held = held[length - 2 * CONTEXT :]
    if held is not None and len(held) > 2 * CONTEXT:
        yield held
