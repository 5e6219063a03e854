"""How appealing a picture is by rules that photographers name: a classical predictor, trained on nothing.

It tells five things of a picture; their mean is no judgement by people (rank correlation with the eye on 64 clips: 0.01).
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from video_assets.measure.types import Picture

_VIVID = 60.0
"""Colourfulness of a full mark, in levels: "quite colourful" ends there (Hasler and Suesstrunk, table 2: 59)."""
_CONTRASTED = 180.0
"""Spread of luma of a full mark, in levels."""


class Appeal(NamedTuple):
    """What is looked at, each 0-1 with 1 the best, but for colourfulness, which is in levels."""

    colourfulness: float
    contrast: float
    exposure: float
    subject_sharpness: float
    thirds: float

    @property
    def score(self) -> float:
        """Mean of the five, colourfulness counted up to vivid, 0-1. The equal weights are ours."""
        return float(np.mean([min(1.0, self.colourfulness / _VIVID), *self[1:]]))


def appeal(picture: Picture) -> Appeal:
    """Look at a picture, uint8 (h, w, 3) in B, G, R order.

    Colourfulness: Hasler and Suesstrunk, Measuring colorfulness in natural images (SPIE 5007, 2003).
    Contrast (the spread of nearly all luma): Ke, Tang and Jing, The design of high-level features for photo quality
    assessment (CVPR 2006). Exposure, subject against background and rule of thirds: Datta et al., Studying aesthetics
    in photographic images using a computational approach (ECCV 2006), with edges in place of wavelets.
    """
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(luma, (3, 3), 0), cv2.CV_32F))
    low, high = np.percentile(luma, (2, 98))
    clipped = float(((luma < 5) | (luma > 250)).mean())
    return Appeal(
        colourfulness(picture),
        float(min(1.0, (high - low) / _CONTRASTED)),
        float(max(0.0, 1 - abs(float(luma.mean()) / 255 - 0.45) / 0.45) * (1 - clipped)),
        _in_focus(edges),
        _near_thirds(edges),
    )


def colourfulness(picture: Picture) -> float:
    """Hasler and Suesstrunk's M3, in levels: 0 grey, 15 slightly, 33 moderately, 59 quite, 109 extremely colourful."""
    blue, green, red = (picture[:, :, i].astype(np.float32) for i in range(3))
    first, second = red - green, (red + green) / 2 - blue
    return float(np.hypot(first.std(), second.std()) + 0.3 * np.hypot(first.mean(), second.mean()))


def _in_focus(edges: Picture) -> float:
    """How much sharper the sharpest ninth of the picture is than the rest, 0-1: a subject that stands out."""
    parts = np.sort([
        float(cell.mean()) for row in np.array_split(edges, 6) for cell in np.array_split(row, 6, axis=1)
    ])  # fmt: skip
    subject, rest = parts[-4:].mean(), parts[:-4].mean()
    return float((subject - rest) / max(subject + rest, 1e-6))


def _near_thirds(edges: Picture) -> float:
    """How near the middle of the edges' energy is to a crossing of the lines of thirds, 0-1: 1 there, 0 at a corner."""
    height, width = edges.shape
    energy = edges * edges
    total = max(float(energy.sum()), 1e-6)
    x = float((energy.sum(axis=0) * np.arange(width)).sum()) / total / width
    y = float((energy.sum(axis=1) * np.arange(height)).sum()) / total / height
    away = min(float(np.hypot(x - a, y - b)) for a in (1 / 3, 2 / 3) for b in (1 / 3, 2 / 3))
    return float(max(0.0, 1 - away / np.hypot(1 / 3, 1 / 3)))
