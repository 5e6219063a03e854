"""Transitions by a network's scores of single steps: where the detectors have no eye, and where they are wrong."""

from __future__ import annotations

import numpy as np
import polars as pl

from video_assets.segment.detectors import Floats, Ints, Span, runs
from video_assets.settings import ShotSettings

_NEAR = 2  # Frames by which a detector and the network can place one cut apart.
_LEAST_GRADUAL = 4  # Frames of the shortest gradual transition; what is shorter is a cut.
_PART_OF_ONE = 0.5  # Least score of a frame that is part of a transition (TransNetV2's own threshold).
_STILL_PART_OF_ONE = 0.2  # Beside such frames a lower score carries the transition on.
_SURELY_PART_OF_ONE = 0.8  # So high is the score somewhere in a gradual transition without a clear middle.


class Opinion:
    """What the network says of one video's steps. Where there was no doubt it did not look, and says nothing.

    Args:
        scores: the video's good rows of TRANSITION_SCORES; none when nothing was in doubt.
        frames: the frame number of each step, rising.
        settings: thresholds.
    """

    def __init__(self, scores: pl.DataFrame, frames: Ints, settings: ShotSettings) -> None:
        self._settings = settings
        self._looked = np.isin(frames, scores["frame"].to_numpy())
        self._boundary, self._part = (
            _scattered(scores, name, frames) for name in ("boundary_score", "transition_score")
        )

    def allows(self, cut: int) -> bool:
        """Whether a cut found by others may stand: the network sees a hint of it, or did not look."""
        return not self._looked[max(cut - _NEAR, 0) : cut + _NEAR].any() or self.hints(cut, cut)

    def hints(self, start: int, end: int, part: float = 1.0) -> bool:
        """Whether the network sees a hint of a transition in ``[start, end)``, or so much of one."""
        return bool(self._boundary[max(start - _NEAR, 0) : end + _NEAR].max() >= part * self._settings.network_veto)

    def transitions(self) -> tuple[list[int], list[Span]]:
        """First frames after cuts, and gradual transitions as ``[start, end)``, both in order.

        A gradual one lasts as long as the frames that are part of it. One in which no middle stands out counts as well,
        when the network is sure of its frames and sees a hint of a middle.
        """
        carried = runs(self._part >= _STILL_PART_OF_ONE)
        cores = [span for span in runs(self._part >= _PART_OF_ONE) if self._is_gradual(*span)]
        gradual = [(a, b) for a, b in carried if any(a <= start < b for start, _ in cores)]
        cuts = []
        for start, end in runs(self._boundary >= self._settings.network_threshold):
            if not any(start <= g_end and g_start <= end for g_start, g_end in gradual):
                # The frame of the peak is the last one before the cut.
                cuts.append(start + int(np.argmax(self._boundary[start:end])) + 1)
        return cuts, gradual

    def _is_gradual(self, start: int, end: int) -> bool:
        middle = self._boundary[start:end].max()
        sure = self._part[start:end].max() >= _SURELY_PART_OF_ONE and middle >= self._settings.network_veto
        return end - start >= _LEAST_GRADUAL and bool(sure or middle >= self._settings.network_threshold)


def near(cut: int, cuts: set[int]) -> bool:
    """Whether another has placed this cut, give or take two frames."""
    return any(frame in cuts for frame in range(cut - _NEAR, cut + _NEAR + 1))


def _scattered(scores: pl.DataFrame, name: str, frames: Ints) -> Floats:
    """A column by step; 0 where there is no row."""
    values = np.zeros(len(frames))
    known = scores.filter(pl.col("frame").is_in(frames.tolist()))
    values[np.searchsorted(frames, known["frame"].to_numpy())] = known[name].to_numpy()
    return values
