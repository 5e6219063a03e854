"""TransNetV2 (arXiv 2008.04838): the network that tells shot transitions, gradual ones too, on 48x27 pictures.

What it is, how frames come to it, and by what it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from video_assets.measure.transnet_int8 import Int8TransNetV2
from video_assets.measure.transnet_onnx import OnnxTransNetV2
from video_assets.measure.types import Picture, Scores

Precision: TypeAlias = Literal["auto", "float32", "bfloat16", "int8"]

CONTEXT = 15
"""Frames on either side of a window whose scores are not used: 25 in the paper, which found no boundary more here."""


@dataclass(frozen=True)
class TransitionModel:
    """The weights, and how the network runs: what :meth:`open` loads in a worker.

    Attributes:
        weights: the package's file.
        window: frames per call, context included.
        precision: "auto" takes bfloat16 where the CPU computes with it (AMX or AVX-512 BF16) and torch is installed, which
            is three to five times as quick as float32; else int8 where the CPU multiplies it (VNNI), twice to three times
            as quick; elsewhere, and on a GPU without torch, float32.
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
        precision = (
            quickest(described.device, _cpu(), find_spec("torch") is not None)
            if described.precision == "auto"
            else described.precision
        )
        self._network: _Network
        if precision == "bfloat16":
            self._network = _by_torch(described)
        elif precision == "int8":
            self._network = Int8TransNetV2(described.weights)
        else:
            self._network = OnnxTransNetV2(described.weights, described.device)
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


def quickest(device: str, cpu: str, torch_is_there: bool) -> Precision:
    """In what the network is quickest, by what the CPU multiplies in hardware and whether torch is installed.

    Args:
        device: "cpu" or "cuda".
        cpu: what Linux tells of the CPU, its flags.
        torch_is_there: ONNX Runtime does not multiply bfloat16.
    """
    has = set(cpu.split()).intersection
    if torch_is_there and has({"amx_bf16", "avx512_bf16"}):
        return "bfloat16"
    return "int8" if device == "cpu" and has({"avx512_vnni", "avx_vnni"}) else "float32"


def _cpu() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:  # not Linux
        return ""


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
