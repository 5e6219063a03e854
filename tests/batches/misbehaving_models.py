"""What a model can do in its worker: importable, so that workers can run it. It misbehaves on one clip's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.batches.misbehaviour import misbehave
from video_assets.measure.types import Crop, Picture


@dataclass(frozen=True)
class Awkward:
    """A model that does ``what`` to clips of this width, and finds everything safe otherwise."""

    what: str
    width: int

    def open(self) -> Awkward:
        return self

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        score = misbehave(self.what) if crop.width == self.width else 0.01
        return {"safety_frames": len(pictures), "nsfw_score": score}


@dataclass(frozen=True)
class Unloadable:
    """A model whose weights cannot be loaded."""

    def open(self) -> Awkward:
        raise ValueError("bad magic number")
