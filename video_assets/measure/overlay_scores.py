"""Overlay scores of a clip: what lies on its picture, what a crop without it would keep, and how it is divided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.measure.graphics import find_drawn
from video_assets.measure.layout import find_layout, in_colour
from video_assets.measure.overlays import LEAST_PICTURES, find_overlays, reduced
from video_assets.measure.rectangles import Rectangle, in_pixels, largest_clear
from video_assets.measure.types import Crop, Picture

_MOST_FIXED = 0.05
"""Over this share of fixed edges the camera stands still: what is on the picture cannot be told from what is in it."""
_CORNER = 0.25
"""What lies wholly within this share of both sides, from a corner, is in that corner."""
_LINED = 4
"""Most pictures in which lines are looked for: they are in all of them or in none."""


@dataclass(frozen=True)
class OverlayModel:
    """A model without weights."""

    def open(self) -> OverlayModel:
        return self

    def measure(self, pictures: Sequence[Picture], crop: Crop) -> dict[str, object]:
        """Overlay scores of a clip's pictures: uint8 (h, w, 3) in B, G, R order, cut to its crop."""
        lumas = [reduced(picture) for picture in pictures]
        every = slice(None, None, -(-len(lumas) // _LINED))
        division, drawn = find_layout([in_colour(picture) for picture in pictures[every]]), find_drawn(lumas[every])
        row: dict[str, object] = {
            "overlay_frames": len(lumas),
            "layout": division.layout.value,
            "panels": division.panels,
            "flat_share": drawn.flat_share,
            "clean_edges": drawn.clean_edges,
            "few_levels": drawn.few_levels,
            "ruled_edges": drawn.ruled_edges,
            "drawn": drawn.drawn,
        }
        if len(lumas) < LEAST_PICTURES:
            return row
        found = find_overlays(lumas)
        row["fixed_share"] = found.fixed_share
        return row if found.fixed_share > _MOST_FIXED else row | _scored(found.overlays, crop)


def _scored(overlays: Sequence[Rectangle], crop: Crop) -> dict[str, object]:
    """The columns of overlays that can be told."""
    row: dict[str, object] = {
        "overlays": len(overlays),
        "overlay_share": min(1.0, sum(box.area for box in overlays)),
        "corner_overlays": sum(_in_corner(box) for box in overlays),
    }
    if overlays:
        row |= in_pixels("overlay", crop, max(overlays, key=lambda box: box.area), outwards=True)
    clear = in_pixels("unmarked", crop, largest_clear(overlays), outwards=False)
    share = clear["unmarked_width"] * clear["unmarked_height"] / (crop.width * crop.height)
    return row | clear | {"unmarked_share": share}


def _in_corner(box: Rectangle) -> bool:
    at_a_side = box.right <= _CORNER or box.left >= 1 - _CORNER
    return at_a_side and (box.bottom <= _CORNER or box.top >= 1 - _CORNER)
