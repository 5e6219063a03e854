"""People in a clip: how many, how large and how often, from the faces and persons that finders see in its keyframes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from video_assets.measure.faces import FaceFinder
from video_assets.measure.persons import PersonFinder
from video_assets.measure.rectangles import Rectangle
from video_assets.measure.types import Crop, Picture


class OpenFaces(Protocol):
    """A loaded finder of faces."""

    def find_in(self, pictures: Sequence[Picture]) -> list[list[Rectangle]]:
        """Where faces are on each of a clip's pictures, uint8 (h, w, 3) in B, G, R order."""


class OpenPersons(Protocol):
    """A loaded finder of persons."""

    def find(self, picture: Picture) -> list[Rectangle]:
        """Where persons are on a picture, uint8 (h, w, 3) in B, G, R order."""


@dataclass(frozen=True)
class PeopleModel:
    """The finders that a profile has: faces always, persons where there is a network for them."""

    faces: FaceFinder
    persons: PersonFinder | None

    def open(self) -> OpenPeopleModel:
        return OpenPeopleModel(self.faces.open(), self.persons.open() if self.persons else None)


class OpenPeopleModel:
    """The loaded finders."""

    def __init__(self, faces: OpenFaces, persons: OpenPersons | None) -> None:
        self._faces, self._persons = faces, persons

    def measure(self, pictures: Sequence[Picture], _crop: Crop) -> dict[str, object]:
        """People scores of a clip's pictures: uint8 (h, w, 3) in B, G, R order, cut to its crop.

        Without a finder of persons their columns are left out: a person without a face that is seen is no zero.
        """
        row: dict[str, object] = {"people_frames": len(pictures)}
        row |= found_in("faces", "face", self._faces.find_in(pictures))
        if self._persons:
            row |= found_in("people", "person", [self._persons.find(p) for p in pictures])
        return row


def found_in(many: str, one: str, pictures: Sequence[Sequence[Rectangle]]) -> dict[str, object]:
    """The three columns of what was found on a clip's pictures, of which there must be one.

    Returns:
        <many>_max: most on one picture; <one>_share_max: largest share of a picture that one of them covers, 0-1;
        <many>_frames_share: share of the pictures that show any, 0-1.
    """
    return {
        f"{many}_max": max(len(found) for found in pictures),
        f"{one}_share_max": max((box.area for found in pictures for box in found), default=0.0),
        f"{many}_frames_share": sum(bool(found) for found in pictures) / len(pictures),
    }
