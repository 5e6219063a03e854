"""Copy signatures by themselves, of clips that no model has looked at: nothing is loaded for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.measure.copies import copy_signature
from video_assets.measure.types import Crop, Picture


def signature_of(pictures: Sequence[Picture], frames: int) -> list[float] | None:
    """The signature of a clip from so many of its pictures, spread over it; None when they are flat.

    Args:
        pictures: in time order, uint8 (h, w, 3) in B, G, R order.
        frames: how many are looked at; repeated where there are fewer.
    """
    signature = copy_signature([pictures[(2 * i + 1) * len(pictures) // (2 * frames)] for i in range(frames)])
    return None if signature is None else [float(number) for number in signature]


@dataclass(frozen=True)
class CopySigner:
    """What gives a clip its signature in a worker process; ``frames`` is how many pictures are in it."""

    frames: int

    def open(self) -> CopySigner:
        return self

    def measure(self, pictures: Sequence[Picture], _crop: Crop) -> dict[str, object]:
        """The column copy_signature."""
        return {"copy_signature": signature_of(pictures, self.frames)}
