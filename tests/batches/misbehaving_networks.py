"""What a network can do in its worker: importable, so that workers can run it. It misbehaves on one video."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from video_assets.measure.transnet import CONTEXT, Scores
from video_assets.measure.types import Picture


@dataclass(frozen=True)
class AwkwardNetwork:
    """A network that does ``what``, and finds no transition otherwise."""

    what: str

    def open(self) -> AwkwardNetwork:
        return self

    def scores(self, stretch: Iterable[Picture]) -> Iterator[Scores]:
        frames = sum(len(part) for part in stretch) - 2 * CONTEXT
        score = 0.01
        match self.what:
            case "raise":
                raise RuntimeError("no such operator")
            case "not a number":
                score = np.nan
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hang":
                signal.pause()
        yield np.full((frames, 2), score, np.float32)
