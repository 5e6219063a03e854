"""Footage whose container asks for a part of the picture: a colour description is written over with a crop."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.media.video_files import synthetic

TAGS = "setparams=color_primaries=bt709:colorspace=bt709:color_trc=bt709:range=tv,setsar=1"


def cropped(target: Path, picture: str, crop: tuple[int, int, int, int], *arguments: str) -> Path:
    """A file made of a lavfi source that asks players to leave out so many pixels.

    Args:
        target: what to write, ``.mkv`` or ``.mp4``.
        picture: the lavfi source.
        crop: left, right, top and bottom, up to 255.
        arguments: how the ffmpeg tool encodes it.
    """
    synthetic(target, picture, "-vf", TAGS, *arguments)
    data = target.read_bytes()
    target.write_bytes(_matroska(data, crop) if target.suffix == ".mkv" else _mp4(data, crop))
    return target


def _matroska(data: bytes, crop: tuple[int, int, int, int]) -> bytes:
    """RFC 9559: PixelCropLeft, Right, Top and Bottom, and a Void, as long as the Colour that was there."""
    at = data.index(b"\x55\xb0")
    end = at + 3 + (data[at + 2] & 0x7F)
    names = (b"\x54\xcc", b"\x54\xdd", b"\x54\xbb", b"\x54\xaa")
    written = b"".join(name + b"\x81" + bytes([pixels]) for name, pixels in zip(names, crop, strict=True))
    left = end - at - len(written)
    return data[:at] + written + b"\xec" + bytes([0x80 | left - 2]) + bytes(left - 2) + data[end:]


def _mp4(data: bytes, crop: tuple[int, int, int, int]) -> bytes:
    """ISO/IEC 14496-12, 12.1.4.2: a clean aperture, and free space, as long as the boxes of colours and pixel shape were."""
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    coded = struct.unpack(">2H", data[entry + 32 : entry + 36])
    at = end = data.index(b"colr") - 4
    while data[end + 4 : end + 8] in (b"colr", b"pasp", b"btrt"):
        end += int.from_bytes(data[end : end + 4])
    left, right, top, bottom = crop
    size = (coded[0] - left - right, 1, coded[1] - top - bottom, 1)
    aperture = struct.pack(">I4s8i", 40, b"clap", *size, left - right, 2, top - bottom, 2)
    free = end - at - len(aperture)
    return data[:at] + aperture + struct.pack(">I4s", free, b"free") + bytes(free - 8) + data[end:]
