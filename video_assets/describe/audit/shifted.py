"""Captions that stand a row beside their clips, as a mistake in a file of captions puts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Shifted:
    """A caption, by its place, and the clip that it fits better.

    Attributes:
        place: of the caption.
        other: place of the clip that it fits better.
        own: cosine of the caption and its own clip.
        better: cosine of the caption and the other clip.
    """

    place: int
    other: int
    own: float
    better: float


def shifted(
    texts: NDArray[np.float32], clips: NDArray[np.float32], least_run: int, least_gain: float
) -> Iterator[Shifted]:
    """Runs of captions that all fit the next clip better than their own, or all the one before.

    One caption that fits its neighbour better says little, as neighbours look alike; a run of them in one direction does.

    Args:
        texts: vectors of length 1 of the captions, float32 (captions, n), in the order of a file or of time.
        clips: vectors of length 1 of their clips in the same space and order, float32 (captions, n).
        least_run: least captions in a row.
        least_gain: by how much the cosine with the other clip must be larger, for every caption of the run.
    """
    own = np.einsum("ij,ij->i", texts, clips)
    for step in (1, -1):
        places = np.arange(len(texts))
        inside = places[(places + step >= 0) & (places + step < len(texts))]
        better = np.einsum("ij,ij->i", texts[inside], clips[inside + step])
        fits = better - own[inside] >= least_gain
        for run in _runs(fits, least_run):
            yield from (
                Shifted(int(inside[i]), int(inside[i]) + step, float(own[inside[i]]), float(better[i])) for i in run
            )


def _runs(flags: NDArray[np.bool_], least: int) -> Iterator[Sequence[int]]:
    """The places of each stretch of so many flags and more."""
    for flag, places in groupby(range(len(flags)), key=lambda i: bool(flags[i])):
        run = list(places)
        if flag and len(run) >= least:
            yield run
