"""How a picture is turned and mirrored for display: the eight orientations, and the display matrix that names one."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

_MATRIX = struct.Struct("=9i")


@dataclass(frozen=True)
class Orientation:
    """A picture as coded is turned clockwise by ``rotation`` (0, 90, 180 or 270 degrees), then mirrored left to right."""

    rotation: int = 0
    mirrored: bool = False

    @property
    def turned(self) -> bool:
        """Whether display swaps width and height."""
        return self.rotation in (90, 270)

    def shown(self, right: float, down: float) -> tuple[float, float]:
        """A vector of the coded picture (right, down positive) as displayed."""
        x, y = {0: (right, down), 90: (-down, right), 180: (-right, -down), 270: (down, -right)}[self.rotation]
        return (-x if self.mirrored else x), y


UPRIGHT = Orientation()
ORIENTATIONS = tuple(Orientation(turn, mirror) for mirror in (False, True) for turn in (0, 90, 180, 270))


def orientation_of(matrix: bytes) -> Orientation:
    """The orientation of a display matrix, or the nearest one when it turns by another angle or shears.

    Args:
        matrix: Nine 32-bit integers ``a b u c d v x y w`` (ISO/IEC 14496-12, 8.2.2; libavutil/display.h): a point (p, q)
            of the coded picture, right and down, is shown at (a p + c q + x, b p + d q + y). How far it scales and moves
            the picture does not matter here.

    Raises:
        ValueError: it is not of that size.
    """
    if len(matrix) != _MATRIX.size:
        raise ValueError(f"A display matrix has {_MATRIX.size} bytes; this one has {len(matrix)}.")
    a, b, c, d = (float(_MATRIX.unpack(matrix)[i]) for i in (0, 1, 3, 4))
    across, along = math.hypot(a, c), math.hypot(b, d)
    if not (across and along):  # a matrix of zeros turns nothing
        return UPRIGHT

    def likeness(orientation: Orientation) -> float:
        (right_x, right_y), (down_x, down_y) = orientation.shown(1, 0), orientation.shown(0, 1)
        return (a * right_x + c * down_x) / across + (b * right_y + d * down_y) / along

    return max(ORIENTATIONS, key=likeness)
