"""What a container leaves out of its picture is in no number and no image, as in what the ffmpeg tool shows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from tests.measure.decoding import decode
from tests.media.cropped import TAGS, cropped
from tests.media.oriented import Pixels, oriented_copy, quarters, shown_by_us
from tests.media.video_files import BIKES, synthetic
from video_assets.measure.regions import copied
from video_assets.media.cropping import Region
from video_assets.media.orientation import Orientation
from video_assets.media.probe import probe
from video_assets.settings import DecodeSettings

LARGEST = DecodeSettings().max_pixels
# A white frame around a picture with fine detail: none of it may be seen.
FRAMED = "testsrc2=size=320x180:rate=25:duration=0.2,drawbox=t=10:color=white"
EACH = pytest.mark.parametrize("suffix", ["mkv", "mp4"])


def said_by_ffmpeg(path: Path) -> tuple[int, int]:
    """Width and height that the ffmpeg tool gives out."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path), "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    width, height = re.findall(r"wrapped_avframe.*? (\d+)x(\d+)", said)[-1]
    return int(width), int(height)


def shown_by_ffmpeg(path: Path, size: tuple[int, int]) -> Pixels:
    """The first frame as the ffmpeg tool shows it, at a size."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-frames:v", "1"]
    scale = f"scale={size[0]}:{size[1]}:flags=area"
    raw = subprocess.run(
        [*command, "-vf", scale, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3)


def is_as_the_tool_shows_it(path: Path, folder: Path) -> None:
    said = probe(path, LARGEST)
    assert (said.width, said.height) == said_by_ffmpeg(path)
    found = decode(path, folder)
    assert (said.unread, found.video.unread) == (None, None)
    width, height, jpeg = found.keyframes.select("width", "height", "jpeg").row(0)
    assert np.abs(shown_by_us(jpeg).astype(int) - shown_by_ffmpeg(path, (width, height))).mean() < 6


@EACH
@pytest.mark.parametrize("crop", [(10, 10, 10, 10), (30, 40, 12, 20), (31, 41, 13, 21), (0, 11, 0, 0)], ids=str)
def test_every_crop_is_that_of_the_ffmpeg_tool(suffix: str, crop: tuple[int, int, int, int], tmp_path: Path) -> None:
    path = cropped(tmp_path / f"cropped.{suffix}", FRAMED, crop, "-pix_fmt", "yuv420p")
    assert (probe(path, LARGEST).coded_width, probe(path, LARGEST).coded_height) == (320, 180)
    is_as_the_tool_shows_it(path, tmp_path)


@pytest.mark.parametrize("pixel_format", ["yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
def test_a_crop_is_in_whole_samples_of_every_pixel_format(pixel_format: str, tmp_path: Path) -> None:
    path = cropped(tmp_path / "cropped.mkv", FRAMED, (31, 41, 13, 21), "-pix_fmt", pixel_format)
    is_as_the_tool_shows_it(path, tmp_path)


@pytest.mark.parametrize("orientation", [Orientation(90), Orientation(180, True), Orientation(270, True)], ids=str)
def test_a_crop_comes_before_the_turn(orientation: Orientation, tmp_path: Path) -> None:
    coded = cropped(tmp_path / "coded.mp4", quarters(), (40, 0, 0, 60), "-pix_fmt", "yuv420p")
    path = oriented_copy(coded, tmp_path / "turned.mp4", orientation)
    is_as_the_tool_shows_it(path, tmp_path)


def test_numbers_are_those_of_the_part_that_is_shown(tmp_path: Path) -> None:
    lossless = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-qp", "0")
    picture = "testsrc2=size=320x180:rate=25:duration=0.2,format=yuv420p"
    path = cropped(tmp_path / "cropped.mkv", picture, (32, 32, 18, 18), *lossless)
    alone = synthetic(tmp_path / "alone.mkv", f"{picture},{TAGS},crop=256:144:32:18", *lossless)
    found, expected = decode(path, tmp_path).signals, decode(alone, tmp_path).signals
    of_luma = ("luma_mean", "luma_std", "difference", "changed_share", "vmaf_motion", "sharpness", "bar_left")
    assert found.select(of_luma).equals(expected.select(of_luma))
    # Not to the digit: a copied frame does not say where between its luma samples chroma lies.
    assert found["saturation"][0] == pytest.approx(expected["saturation"][0], rel=0.001)


def test_a_crop_that_leaves_nothing_is_said_and_not_made(tmp_path: Path) -> None:
    path = cropped(tmp_path / "cropped.mkv", FRAMED, (200, 119, 0, 0), "-pix_fmt", "yuv420p")
    said, found = probe(path, LARGEST), decode(path, tmp_path).video
    assert (said.width, said.height, found.frames) == (320, 180, 5)
    for unread in (said.unread, found.unread):
        assert unread is not None
        assert unread.startswith("cropping (once: ValueError: left, right, top, bottom 200, 119, 0, 0 leave nothing of")


def test_a_tag_that_reads_like_a_crop_is_none(tmp_path: Path) -> None:
    said = "Side data:\n      Frame Cropping: 30/40/10/20\n      Frame Cropping: 30/40/10/20"
    tags = ("-metadata:s:v", f"Side data={said}", "-metadata:s:v", "Frame Cropping=30/40/10/20")
    path = synthetic(tmp_path / "tagged.mkv", FRAMED, "-pix_fmt", "yuv420p", *tags)
    assert (probe(path, LARGEST).width, probe(path, LARGEST).height) == (320, 180) == said_by_ffmpeg(path)


def test_a_part_of_a_packed_frame_is_that_part() -> None:
    frame = next(av.open(str(BIKES)).decode(video=0))
    for name in ("yuyv422", "nv12", "rgb24", "bgr0", "p010le", "yuv422p10le"):
        whole = frame.reformat(format=name)
        part = copied(whole, Region(16, 8, 64, 32)).reformat(format="rgb24").to_ndarray()
        expected = whole.reformat(format="rgb24").to_ndarray()[8:40, 16:80]
        assert np.abs(part.astype(int) - expected)[4:-4, 4:-4].max() <= 2, name
