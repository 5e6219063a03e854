"""Pictures of real clips, as the models get them."""

from __future__ import annotations

from pathlib import Path

import av
import cv2

from video_assets.measure.types import Picture


def pictures(file: Path, first: int, step: int, count: int = 4) -> list[Picture]:
    """So many frames of a video, evenly spaced, with a short side of 360, uint8 (h, w, 3) in B, G, R order."""
    wanted = range(first, first + step * count, step)
    found = []
    with av.open(str(file)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number in wanted:
                picture = frame.to_ndarray(format="bgr24")
                scale = 360 / min(picture.shape[:2])
                found.append(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
            if len(found) == count:
                return found
    raise ValueError(f"{file} has too few frames.")
