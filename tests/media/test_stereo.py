"""Stereo pairs and pictures of all directions are told where the file says so, in the words of the ffmpeg tool."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.media.video_files import synthetic
from video_assets.media.probe import probe

ANY_SIZE = 8192 * 8192
PICTURE = "testsrc2=size=320x180:rate=25:duration=0.2"
# What the ffmpeg tool calls our names.
STEREO = {
    "2D": "mono", "side by side": "side_by_side", "top and bottom": "top_bottom", "frame alternate": "frame_alternate",
    "checkerboard": "checkerboard", "side by side (quincunx subsampling)": "side_by_side_quincunx",
    "interleaved lines": "interleaved_lines", "interleaved columns": "interleaved_columns", "unspecified": "unspecified",
}  # fmt: skip


def said_by_ffmpeg(path: Path) -> tuple[str | None, str | None]:
    """What the ffmpeg tool says of a file's stereo mode and projection, in our words."""
    said = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True).stderr
    stereo = re.search(r"(?i)stereo ?3d: ([^,\n]*)", said)
    spherical = re.search(r"(?i)spherical(?: mapping)?: ([^,\n]*?) *(?:[\[(,]|\n)", said)
    return STEREO[stereo[1]] if stereo else None, spherical[1].replace(" ", "_") if spherical else None


def told(path: Path) -> tuple[str | None, str | None]:
    found = probe(path, ANY_SIZE)
    assert found.unread is None
    return found.stereo_mode, found.projection


def plain(target: Path, *arguments: str) -> Path:
    return synthetic(target, PICTURE, "-pix_fmt", "yuv420p", *arguments)


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def inside(data: bytes, path: list[bytes], added: bytes) -> bytes:
    """An MP4 with a box more at the end of the one that a path names; its index stands behind the pictures."""
    at, boxes = 0, []
    for kind in path:
        at = data.index(kind, at)
        boxes.append(at - 4)
    end = boxes[-1] + int.from_bytes(data[boxes[-1] : boxes[-1] + 4])
    grown = bytearray(data[:end] + added + data[end:])
    for start in boxes:
        size = int.from_bytes(grown[start : start + 4]) + len(added)
        grown[start : start + 4] = size.to_bytes(4)
    return bytes(grown)


ENTRY = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"]
FULL = bytes(4)  # version and flags
# Google's Spherical Video V2, and V1's XML.
EQUIRECTANGULAR = box(b"equi", FULL, bytes(16))
HALF = box(b"equi", FULL, bytes(8), struct.pack(">2I", 0x40000000, 0x40000000))
CUBEMAP = box(b"cbmp", FULL, bytes(8))


def sv3d(kind: bytes) -> bytes:
    heading = box(b"svhd", FULL, b"made here\0")
    return box(b"sv3d", heading, box(b"proj", box(b"prhd", FULL, bytes(12)), kind))


def st3d(mode: int) -> bytes:
    return box(b"st3d", FULL, bytes([mode]))


def xml(stereo: str = "") -> bytes:
    said = (
        '<?xml version="1.0"?><rdf:SphericalVideo xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/"><GSpherical:Spherical>true</GSpherical:Spherical>'
        "<GSpherical:Stitched>true</GSpherical:Stitched><GSpherical:StitchingSoftware>made here"
        "</GSpherical:StitchingSoftware><GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType>"
        f"{stereo}</rdf:SphericalVideo>"
    )
    return box(b"uuid", bytes.fromhex("ffcc8263f8554a938814587a02521fdd"), said.encode())


@pytest.mark.parametrize(
    ("where", "added", "expected"),
    [
        (ENTRY, st3d(0), ("mono", None)),
        (ENTRY, st3d(1), ("top_bottom", None)),
        (ENTRY, st3d(2), ("side_by_side", None)),
        (ENTRY, sv3d(EQUIRECTANGULAR), (None, "equirectangular")),
        (ENTRY, sv3d(HALF), (None, "tiled_equirectangular")),
        (ENTRY, sv3d(CUBEMAP), (None, "cubemap")),
        (ENTRY, st3d(2) + sv3d(EQUIRECTANGULAR), ("side_by_side", "equirectangular")),
        (ENTRY[:2], xml(), (None, "equirectangular")),
        (
            ENTRY[:2], xml("<GSpherical:StereoMode>top-bottom</GSpherical:StereoMode>"),
            ("top_bottom", "equirectangular"),
        ),
    ],
    ids=["mono", "top and bottom", "side by side", "sphere", "half", "cube", "both", "xml", "xml with stereo"],
)  # fmt: skip
def test_an_mp4_says_it_in_its_boxes(
    where: list[bytes], added: bytes, expected: tuple[str | None, str | None], tmp_path: Path
) -> None:
    path = plain(tmp_path / "said.mp4")
    path.write_bytes(inside(path.read_bytes(), where, added))
    assert told(path) == said_by_ffmpeg(path) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("mono", "mono"), ("left_right", "side_by_side"), ("right_left", "side_by_side"), ("top_bottom", "top_bottom"),
        ("bottom_top", "top_bottom"), ("checkerboard_lr", "checkerboard"), ("row_interleaved_rl", "interleaved_lines"),
        ("col_interleaved_lr", "interleaved_columns"), ("block_lr", "frame_alternate"),
    ],
)  # fmt: skip
def test_matroska_says_it_in_its_stereo_mode(mode: str, expected: str, tmp_path: Path) -> None:
    path = plain(tmp_path / "said.mkv", "-metadata:s:v", f"stereo_mode={mode}")
    assert told(path) == said_by_ffmpeg(path) == (expected, None)


@pytest.mark.parametrize("mode", ["anaglyph_cyan_red", "anaglyph_green_magenta"])
def test_two_eyes_in_two_colours_are_an_anaglyph(mode: str, tmp_path: Path) -> None:
    assert told(plain(tmp_path / "said.mkv", "-metadata:s:v", f"stereo_mode={mode}")) == ("anaglyph", None)


@pytest.mark.parametrize(("packing", "expected"), [(3, "side_by_side"), (4, "top_bottom"), (5, "frame_alternate")])
def test_a_stream_says_it_in_its_frames(packing: int, expected: str, tmp_path: Path) -> None:
    assert told(plain(tmp_path / "said.ts", "-c:v", "libx264", "-x264-params", f"frame-packing={packing}")) == (
        expected,
        None,
    )


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_a_file_that_says_nothing_has_null(suffix: str, tmp_path: Path) -> None:
    path = plain(tmp_path / f"plain.{suffix}")
    assert told(path) == said_by_ffmpeg(path) == (None, None)
