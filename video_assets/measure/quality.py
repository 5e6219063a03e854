"""Quality scores of a clip: what noise, blocks and blur leave, and how appealing its pictures are by classical rules."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from video_assets.measure.appeal import appeal
from video_assets.measure.technical import blockiness, blur, noise, technical_quality
from video_assets.measure.types import Crop, Picture


@dataclass(frozen=True)
class QualityModel:
    """A model without weights."""

    def open(self) -> QualityModel:
        return self

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        """Quality scores of a clip's pictures: uint8 (h, w, 3) in B, G, R order, cut to its crop.

        Each is the median over the pictures; blockiness is left out where blocks cannot be seen.
        """
        rows = [_measured(picture, crop) for picture in pictures]
        medians: dict[str, object] = {
            name: statistics.median(known)
            for name in rows[0]
            if (known := [value for row in rows if (value := row[name]) is not None])
        }
        return {"quality_frames": len(pictures)} | medians


def _measured(picture: Picture, crop: Crop) -> dict[str, float | None]:
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    noisy, blocky, blurred = noise(luma), blockiness(luma, crop), blur(luma)
    seen = appeal(picture)
    return {
        "noise": noisy,
        "blockiness": blocky,
        "blur": blurred,
        "technical_quality": technical_quality(noisy, blocky, blurred),
        **seen._asdict(),
        "classical_appeal": seen.score,
    }
