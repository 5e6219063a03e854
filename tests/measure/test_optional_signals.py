"""Whatever a file says beside pixels and times, and however it says it: no frame is lost for it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NoReturn

import pytest

from tests.measure.decoding import Decoded, decode
from tests.media.oriented import corners, quarters, shown_by_ffmpeg, shown_by_us
from tests.media.video_files import ffmpeg, made_from, synthetic
from video_assets.media.optional_signals import OptionalSignals
from video_assets.media.orientation import Orientation
from video_assets.media.probe import Probe, probe
from video_assets.settings import DecodeSettings

LARGEST = DecodeSettings().max_pixels
MOVING = "testsrc2=size=320x180:rate=25:duration=1"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 frames of H.264."""
    folder = tmp_path_factory.mktemp("plain")
    return synthetic(folder / "plain.mp4", MOVING, "-pix_fmt", "yuv420p", "-bf", "0", "-slices", "1")


def with_lcevc(source: Path, target: Path) -> Path:
    """The same pictures, each with a message that FFmpeg gives out as side data of the kind LCEVC."""
    stream = made_from(source, target.with_suffix(".h264"), "-c", "copy", "-bsf:v", "h264_mp4toannexb")
    # H.264 D.1.6: user data registered by ITU-T T.35, of the United Kingdom's V-Nova, and seven bytes that mean nothing.
    payload = bytes([0xB4, 0x00, 0x50, 0x00]) + b"\x01\x11\x22\x33\x44\x55\x66"
    message = b"\x06\x04" + bytes([len(payload)]) + payload + b"\x80"
    written = b""
    for unit in stream.read_bytes().replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        picture = unit[0] & 31 in (1, 5)
        written += (b"\0\0\0\1" + message) * picture + b"\0\0\0\1" + unit
    stream.write_bytes(written)
    ffmpeg("-framerate", "25", "-i", stream, "-c", "copy", target)
    return target


def with_exif(folder: Path, target: Path, orientation: int) -> Path:
    """Motion JPEG whose every picture has EXIF with an orientation of TIFF's (1 to 8)."""
    synthetic(folder / "%02d.jpg", quarters(), "-c:v", "mjpeg", "-q:v", "2")
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + entry + bytes(4)
    for path in folder.glob("*.jpg"):
        data = path.read_bytes()
        path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    ffmpeg("-framerate", "25", "-i", folder / "%02d.jpg", "-c", "copy", target)
    return target


def test_h264_with_lcevc_s_user_data_is_measured_as_the_same_video_without(plain: Path, tmp_path: Path) -> None:
    found = decode(with_lcevc(plain, tmp_path / "lcevc.mp4"), tmp_path)
    assert (found.video.frames, found.video.unread) == (25, None)
    # Of another time base.
    assert found.signals.drop("pts").equals(decode(plain, tmp_path).signals.drop("pts"))


@pytest.mark.parametrize("suffix", ["mov", "avi", "mkv"])
def test_motion_jpeg_with_exif_is_measured_and_turned_as_it_says(suffix: str, tmp_path: Path) -> None:
    path = with_exif(tmp_path, tmp_path / f"exif.{suffix}", orientation=5)
    said, found = probe(path, LARGEST), decode(path, tmp_path)
    assert Orientation(said.rotation, said.mirrored) == Orientation(90, mirrored=True)
    assert (found.video.frames, found.video.unread) == (5, None)
    theirs = shown_by_ffmpeg(path, (said.width, said.height))
    assert corners(shown_by_us(found.keyframes["jpeg"][0])) == corners(theirs)


MATRICES = [*range(19), 255]


@pytest.fixture(scope="module")
def by_matrix(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Probe, Decoded]]:
    """The same pictures under each of H.273's colour matrices, and under some that it does not have yet."""
    folder, found = tmp_path_factory.mktemp("matrices"), {}
    for number in MATRICES:
        path = folder / f"{number}.mp4"
        made_from(plain, path, "-frames:v", "2", "-c", "copy", "-bsf:v", f"h264_metadata=matrix_coefficients={number}")
        found[number] = probe(path, LARGEST), decode(path, folder)
    return found


def test_no_colour_matrix_costs_the_light_of_a_frame(by_matrix: dict[int, tuple[Probe, Decoded]]) -> None:
    usual = by_matrix[2][1].signals
    for number, (_, found) in by_matrix.items():
        assert found.signals["luma_mean"].equals(usual["luma_mean"]), number
        assert found.keyframes.height == 1, number


def test_a_colour_matrix_that_cannot_be_used_is_said(by_matrix: dict[int, tuple[Probe, Decoded]]) -> None:
    told = {number: found.video.unread for number, (_, found) in by_matrix.items() if found.video.unread}
    assert set(told) >= {8, 10, 14}  # YCgCo, BT.2020 with constant luminance, ICtCp
    assert told[8] == "colour matrix (2 times: FFmpeg's scaler does not know H.273's 8)"
    assert by_matrix[8][0].unread == "colour matrix (once: FFmpeg's scaler does not know H.273's 8)"
    assert {1, 2, 5, 6, 9}.isdisjoint(told)


def test_vp9_s_reserved_colours_cost_no_frame(plain: Path, tmp_path: Path) -> None:
    encode = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-frames:v", "3"]
    path = made_from(plain, tmp_path / "vp9.mkv", *encode)
    reserved = made_from(path, tmp_path / "reserved.mkv", "-c", "copy", "-bsf:v", "vp9_metadata=color_space=6")
    assert decode(reserved, tmp_path).video.frames == 3


def refuse(*_: object, **__: object) -> NoReturn:
    raise ValueError("99 is not a valid Type")


def test_side_data_that_cannot_be_read_costs_its_signals_alone_and_is_said(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = decode(plain, tmp_path)
    monkeypatch.setattr("video_assets.media.side_data.SideDataContainer", refuse)
    found = decode(plain, tmp_path)
    assert found.signals.equals(whole.signals)
    why = "ValueError: 99 is not a valid Type"
    assert found.video.unread == f"display matrix (once: {why})"
    asked = ("content light level", "display matrix", "mastering display", "projection", "stereo mode")
    assert probe(plain, LARGEST).unread == "; ".join(f"{name} (once: {why})" for name in asked)


@pytest.mark.parametrize(
    "where", ["video_assets.media.streams.own_duration", "video_assets.media.probe.declared_duration"]
)
def test_a_declared_duration_that_cannot_be_read_costs_itself(
    where: str, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, refuse)
    if "probe" in where:
        assert (probe(plain, LARGEST).duration_s, probe(plain, LARGEST).average_fps) == (None, 25.0)
    else:
        found = decode(plain, tmp_path).video
        assert (found.frames, found.coverage, found.duration_s) == (25, 1.0, 1.0)
        assert found.unread == "declared duration (once: ValueError: 99 is not a valid Type)"


def test_what_cannot_be_read_is_counted_with_its_first_reason() -> None:
    optional = OptionalSignals()
    assert optional.unread is None
    for divisor in (1, 0, 0):
        optional.read("b", lambda d: 6 / d, divisor)
    optional.unusable("a", "it is green")
    assert optional.read("c", lambda: 3) == 3
    assert optional.unread == "a (once: it is green); b (2 times: ZeroDivisionError: division by zero)"


def test_a_limit_of_the_process_is_no_optional_signal() -> None:
    def exhausted() -> NoReturn:
        raise MemoryError

    with pytest.raises(MemoryError):
        OptionalSignals().read("display matrix", exhausted)
