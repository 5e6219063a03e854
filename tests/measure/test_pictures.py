"""Pictures of whole times the analysis size are averaged, to what swscale's area average makes of them."""

from __future__ import annotations

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from tests.media.video_files import BIKES
from video_assets.measure import pictures
from video_assets.measure.pictures import Planes, Scaler, size_by_long_side
from video_assets.measure.tone_map import PQ
from video_assets.measure.types import Picture
from video_assets.media.orientation import Orientation
from video_assets.media.streams import Geometry


@pytest.fixture
def squares(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fills with the side of the squares that became one pixel, for each plane."""
    done: list[int] = []
    real = pictures._averaged

    def noted(picture: Picture, square: int) -> Picture:
        done.append(square)
        return real(picture, square)

    monkeypatch.setattr(pictures, "_averaged", noted)
    return done


def textured(width: int, height: int, pixel_format: str = "yuv420p") -> VideoFrame:
    """A picture of soft shapes and fine grain in all three planes, of which nobody says where its chroma stands."""
    random, frame = np.random.default_rng(7), VideoFrame(width, height, pixel_format)
    deep = frame.format.components[0].bits > 8
    for plane in frame.planes:
        coarse = random.integers(40, 210, (9, 16), np.uint8)
        soft = cv2.resize(coarse, (plane.width, plane.height), interpolation=cv2.INTER_CUBIC)
        grain = random.integers(-12, 13, soft.shape)
        values = np.clip(soft + grain, 16, 235).astype(np.uint16 if deep else np.uint8) << (2 if deep else 0)
        rows = np.frombuffer(plane, values.dtype).reshape(plane.height, -1)  # type: ignore[call-overload]
        rows[:, : plane.width] = values
    return frame


def both_ways(
    frame: VideoFrame, scaler: Scaler, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]]:
    """The planes of a frame as they are made of it, and by swscale alone."""
    ours = scaler.planes(frame)
    monkeypatch.setattr(pictures, "_AVERAGED_FORMATS", frozenset())
    return listed(ours), listed(scaler.planes(frame))


def listed(planes: Planes) -> list[npt.NDArray[np.int64]]:
    return [p.astype(np.int64) for p in (planes.luma, planes.cb, planes.cr)]


@pytest.mark.parametrize(
    ("width", "height", "pixel_format", "full_range", "orientation", "square", "levels"),
    [
        # Each halving and each third rounds once. Where the range is limited a level is 1.16 of the full range's, and rounded again.
        (640, 360, "yuv420p", False, Orientation(), 2, 1),
        (960, 540, "yuv420p", True, Orientation(), 3, 1),
        (1280, 720, "yuv420p", True, Orientation(), 4, 1),
        (1920, 1080, "yuv420p", True, Orientation(), 6, 1),
        (1920, 1080, "yuv420p", False, Orientation(), 6, 2),
        (1920, 1080, "yuvj420p", True, Orientation(), 6, 1),
        (1920, 1080, "yuv420p", True, Orientation(90, mirrored=True), 6, 1),
        (1080, 1920, "yuv420p", True, Orientation(), 6, 1),
        (3840, 2160, "yuv420p", True, Orientation(), 12, 2),
    ],
)
def test_an_averaged_picture_is_swscale_s_within_the_levels_that_are_rounded(
    width: int, height: int, pixel_format: str, full_range: bool, orientation: Orientation, square: int, levels: int,
    squares: list[int], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    frame, shape = textured(width, height, pixel_format), Geometry(width, height, orientation=orientation)
    frame.color_range = ColorRange.JPEG if full_range else ColorRange.MPEG
    scaler = Scaler(shape, size_by_long_side(shape.display, 320))
    ours, theirs = both_ways(frame, scaler, monkeypatch)
    assert squares == [square] * 3 + [1] * 3
    assert [p.shape for p in ours] == [(scaler.height, scaler.width)] + 2 * [(scaler.height // 2, scaler.width // 2)]
    for mine, their in zip(ours, theirs, strict=True):
        assert np.abs(mine - their).max() <= levels
        assert abs((mine - their).mean()) < 0.5
        assert their.std() > 20


@pytest.mark.parametrize(
    ("width", "height", "pixel_format", "transfer"),
    [
        (854, 480, "yuv420p", 1),
        (1600, 900, "yuv420p", 1),
        (1920, 1076, "yuv420p", 1),
        (1920, 1080, "yuv420p10le", 1),
        (1920, 1080, "yuv422p", 1),
        (1920, 1080, "yuv420p", PQ),
        (320, 180, "yuv420p", 1),
        (160, 90, "yuv420p", 1),
    ],
    ids=["no whole times", "5 times", "in one side alone", "10 bits", "4:2:2", "HDR", "that size", "smaller"],
)
def test_any_other_picture_is_scaled_by_swscale(
    width: int, height: int, pixel_format: str, transfer: int, squares: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, shape = textured(width, height, pixel_format), Geometry(width, height)
    frame.color_trc = transfer
    ours, theirs = both_ways(frame, Scaler(shape, size_by_long_side(shape.display, 320)), monkeypatch)
    assert squares == [1] * 6
    for mine, their in zip(ours, theirs, strict=True):
        assert (mine == their).all()


def test_chroma_of_an_averaged_picture_is_that_of_the_pixels_that_it_lies_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with av.open(str(BIKES)) as container:
        frame = next(container.decode(video=0))
    frame.color_range = ColorRange.JPEG
    ours, theirs = both_ways(frame, Scaler(Geometry(640, 272), (320, 136)), monkeypatch)
    assert (ours[0] == theirs[0]).all()
    for plane, mine, their in zip(frame.planes[1:], ours[1:], theirs[1:], strict=True):
        coded = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width]  # type: ignore[call-overload]
        fours = coded.reshape(68, 2, 160, 2).mean((1, 3))
        assert np.abs(mine - fours).max() <= 0.5
        # H.264's chroma stands at the left, and swscale leaves it there.
        assert np.abs(their - fours).max() > 2
