"""What a model can do in its worker: importable, so that workers can run it. It misbehaves on one clip's pictures."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.measure.types import Crop, Picture


@dataclass(frozen=True)
class Awkward:
    """A model that does ``what`` to clips of this width, and finds everything safe otherwise."""

    what: str
    width: int

    def open(self) -> Awkward:
        return self

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        score = 0.01
        if crop.width == self.width:
            match self.what:
                case "raise":
                    raise RuntimeError("no such operator")
                case "not a number":
                    score = math.nan
                case "crash":
                    os.kill(os.getpid(), signal.SIGSEGV)
                case "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "hang":
                    signal.pause()
        return {"safety_frames": len(pictures), "nsfw_score": score}


@dataclass(frozen=True)
class Unloadable:
    """A model whose weights cannot be loaded."""

    def open(self) -> Awkward:
        raise ValueError("bad magic number")
