"""Types that the measurements share."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
FloatPicture: TypeAlias = npt.NDArray[np.float32]
Signals: TypeAlias = dict[str, float | None]
