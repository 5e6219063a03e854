"""TransNetV2 (arXiv 2008.04838): the network that tells shot transitions, gradual ones too, on 48x27 pictures.

What it is and how frames come to it; its layers, and torch with them, are loaded where the network runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

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
        precision: "auto" takes bfloat16 where the CPU computes with it (AMX or AVX-512 BF16).
        device: "cpu" or "cuda".
    """

    weights: Path
    window: int = 300
    precision: Precision = "auto"
    device: str = "cpu"

    def open(self) -> OpenTransitionModel:
        return OpenTransitionModel(self)


class OpenTransitionModel:
    """The loaded network, on one core."""

    def __init__(self, described: TransitionModel) -> None:
        import torch

        from video_assets.measure.transnet_layers import TransNetV2, computes_bfloat16

        torch.set_num_threads(1)
        half = described.precision == "bfloat16" or (described.precision == "auto" and computes_bfloat16())
        weights = torch.load(described.weights, map_location="cpu", weights_only=True)
        self._network = TransNetV2(weights, described.device, half=half)
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
