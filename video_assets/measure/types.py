"""Types that the measurements share."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from cv2.typing import MatLike

Picture: TypeAlias = MatLike
"""A picture as OpenCV takes and gives it: (h, w) or (h, w, 3), of the dtype that its maker's docstring names."""
Scores: TypeAlias = npt.NDArray[np.float32]
"""float32 (frames, 2): that a boundary is at the frame, and that it is part of a transition, 0-1."""
Signals: TypeAlias = dict[str, float | None]
"""Values by column name; None is NULL."""


class Crop(NamedTuple):
    """A clip's own part of the picture, in display pixels."""

    x: int
    y: int
    width: int
    height: int
