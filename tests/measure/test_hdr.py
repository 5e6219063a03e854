"""The same picture in SDR, PQ and HLG gives nearly the same numbers and images, whatever format it is coded in."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import polars as pl
import pytest

from tests.measure.decoding import decode
from tests.media.oriented import Pixels, shown_by_us
from tests.media.video_files import BIKES, BUNNY, ffmpeg, made_from
from video_assets.measure.tone_map import KNEE, REFERENCE_WHITE
from video_assets.media.probe import probe
from video_assets.settings import DecodeSettings

LARGEST = DecodeSettings().max_pixels
# SDR's white at HDR's reference white, as ITU-R BT.2408 maps SDR into HDR.
AT_REFERENCE_WHITE = f"npl={REFERENCE_WHITE:.0f}"
AS_SDR = "zscale=tin=bt709:pin=bt709:min=bt709:rin=tv:t=bt709:p=bt709:m=bt709:r=tv"
PQ, HLG = "smpte2084", "arib-std-b67"


def in_hdr(transfer: str, pixel_format: str = "yuv420p10le", full: bool = False, primaries: str = "bt2020") -> str:
    """The filter that makes a HDR picture of a BT.709 one."""
    matrix = "gbr" if pixel_format.startswith("gbr") else "bt2020nc"
    scale = f"zscale=tin=bt709:pin=bt709:min=bt709:rin=tv:t={transfer}:p={primaries}:m={matrix}"
    return f"{scale}:r={'pc' if full else 'tv'}:{AT_REFERENCE_WHITE},format={pixel_format}"


def coded(source: Path, target: Path, filters: str, frames: int = 3) -> Path:
    return made_from(source, target, "-an", "-frames:v", str(frames), "-vf", f"scale=640:-2,{filters}", "-c:v", "ffv1")


def numbers(path: Path, folder: Path) -> tuple[dict[str, float], Pixels]:
    """The means of what depends on light, and the first keyframe."""
    found = decode(path, folder)
    columns = ("luma_mean", "luma_std", "rgb_mean", "saturation", "sharpness", "bright_share", "vmaf_motion")
    return found.signals.select(pl.col(columns).mean()).row(0, named=True), shown_by_us(found.keyframes["jpeg"][0])


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("source", [BIKES, BUNNY], ids=["bikes", "bunny"])
def test_a_picture_has_the_same_numbers_in_hdr_as_in_sdr(source: Path, transfer: str, tmp_path: Path) -> None:
    expected, image = numbers(coded(source, tmp_path / "sdr.mkv", AS_SDR), tmp_path)
    found, hdr_image = numbers(coded(source, tmp_path / "hdr.mkv", in_hdr(transfer)), tmp_path)
    assert found == pytest.approx(expected, rel=0.1, abs=0.002)
    assert found["luma_mean"] == pytest.approx(expected["luma_mean"], rel=0.01)
    assert np.abs(hdr_image.astype(int) - image).mean() < 2.5


@pytest.mark.parametrize(
    "filters",
    [
        in_hdr(PQ, full=True),
        in_hdr(PQ, "yuv422p12le"),
        in_hdr(PQ, "yuv444p10le"),
        in_hdr(HLG, "gbrp10le", full=True),
        in_hdr(HLG, "gbrp12le", full=True),
        in_hdr(PQ, primaries="bt709"),
        in_hdr(HLG, primaries="smpte432"),
        in_hdr(HLG) + ",format=yuv420p",  # a phone's livestream has 8 bits
    ],
)
def test_neither_pixel_format_nor_range_nor_primaries_of_hdr_change_what_is_shown(filters: str, tmp_path: Path) -> None:
    expected, image = numbers(coded(BUNNY, tmp_path / "sdr.mkv", AS_SDR, 1), tmp_path)
    found, hdr_image = numbers(coded(BUNNY, tmp_path / "hdr.mkv", filters, 1), tmp_path)
    for name in ("luma_mean", "luma_std", "rgb_mean"):
        assert found[name] == pytest.approx(expected[name], rel=0.02), name
    assert found["saturation"] == pytest.approx(expected["saturation"], rel=0.1)
    assert np.abs(hdr_image.astype(int) - image).mean() < 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_keyframe_is_the_picture_that_the_ffmpeg_tool_makes_of_hdr(transfer: str, tmp_path: Path) -> None:
    path = coded(BUNNY, tmp_path / "hdr.mkv", in_hdr(transfer), 1)
    _, ours = numbers(path, tmp_path)
    height, width = ours.shape[:2]
    back = f"zscale=w={width}:h={height}:t=bt709:p=bt709:m=gbr:r=pc:{AT_REFERENCE_WHITE},format=gbrp"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-vf", back]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    theirs = np.frombuffer(raw, np.uint8).reshape(height, width, 3)
    assert np.abs(ours.astype(int) - theirs).mean() < 4


def pq_code(luminance: float) -> int:
    """The 10-bit limited-range code of a grey (SMPTE ST 2084)."""
    power = math.pow(luminance / 10_000, 2610 / 16384)
    signal = math.pow((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power), 2523 / 32)
    return round(64 + 876 * signal)


def test_highlights_are_drawn_in_and_keep_their_order(tmp_path: Path) -> None:
    luminances = (0.0, 2.0, 20.0, 100.0, 203.0, 300.0, 600.0, 10_000.0)
    pictures = b""
    for code in map(pq_code, luminances):
        pictures += np.full(64 * 64, code, "<u2").tobytes() + np.full(2 * 32 * 32, 512, "<u2").tobytes()
    raw = tmp_path / "grey.raw"
    raw.write_bytes(pictures)
    path = tmp_path / "grey.mkv"
    tags = "setparams=color_primaries=bt2020:colorspace=bt2020nc:color_trc=smpte2084:range=tv"
    ffmpeg("-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-s", "64x64", "-i", raw, "-vf", tags, "-c:v", "ffv1", path)
    luma = decode(path, tmp_path).signals["luma_mean"].to_list()
    below = [255 * (light / REFERENCE_WHITE) ** (1 / 2.4) for light in luminances[:4]]
    assert luma[:4] == pytest.approx(below, abs=1.0)
    assert max(below) < 255 * KNEE
    assert luma[4:] == [251, 254, 255, 255]


def test_sdr_of_ten_bits_is_left_alone(tmp_path: Path) -> None:
    eight, image = numbers(coded(BUNNY, tmp_path / "8.mkv", AS_SDR), tmp_path)
    ten, ten_image = numbers(coded(BUNNY, tmp_path / "10.mkv", AS_SDR + ",format=yuv420p10le"), tmp_path)
    assert ten == pytest.approx(eight, rel=0.01)
    assert np.abs(ten_image.astype(int) - image).mean() < 2


def test_a_file_s_colours_depth_and_light_are_read(tmp_path: Path) -> None:
    master = "master-display=G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)L(40000000,50):max-cll=731,120"
    path = made_from(
        *(BIKES, tmp_path / "hdr10.mp4", "-frames:v", "2", "-vf", in_hdr(PQ), "-c:v", "libx265"),
        *("-preset", "ultrafast", "-x265-params", f"log-level=error:{master}"),
    )
    said = probe(path, LARGEST)
    assert (said.colour_primaries, said.colour_transfer, said.colour_matrix) == ("bt2020", "smpte2084", "bt2020nc")
    assert (said.bit_depth, said.max_luminance, said.max_cll) == (10, 4000.0, 731)


def test_what_a_file_does_not_say_of_its_colours_is_null() -> None:
    said = probe(BIKES, LARGEST)
    assert (said.bit_depth, said.max_luminance, said.max_cll, said.unread) == (8, None, None, None)
    assert (said.colour_primaries, said.colour_transfer, said.colour_matrix) == (None, None, None)


def test_a_matrix_that_no_picture_can_be_scaled_with_is_still_named(tmp_path: Path) -> None:
    tags = "format=yuv420p10le,setparams=color_primaries=bt2020:colorspace=ictcp:color_trc=smpte2084:range=tv"
    path = made_from(
        BIKES,
        tmp_path / "dolby.mkv",
        "-frames:v",
        "1",
        "-vf",
        tags,
        "-c:v",
        "libx265",
        "-x265-params",
        "log-level=error",
    )
    said = probe(path, LARGEST)
    assert said.colour_matrix == "ictcp"
    assert said.unread is not None
    assert decode(path, tmp_path).video.frames == 1
