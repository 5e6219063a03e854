"""What a network can do in its worker: importable, so that workers can run it. It misbehaves on one video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.batches.misbehaviour import misbehave
from video_assets.measure.transnet import CONTEXT
from video_assets.measure.types import Picture, Scores


@dataclass(frozen=True)
class AwkwardNetwork:
    """A network that does ``what``, and finds no transition otherwise."""

    what: str

    def open(self) -> AwkwardNetwork:
        return self

    def scores(self, stretch: Iterable[Picture]) -> Iterator[Scores]:
        frames = sum(len(part) for part in stretch) - 2 * CONTEXT
        yield np.full((frames, 2), misbehave(self.what), np.float32)
