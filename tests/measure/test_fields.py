"""Interlaced and telecined footage is known as such, and its combing is neither sharpness nor detail."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import polars as pl
import pytest

from tests.measure.decoding import Decoded, decode
from tests.measure.made_clips import clip, clips_of, frames_of
from tests.media.oriented import Pixels, shown_by_us
from tests.media.video_files import BIKES, BUNNY, CARPHONE, made_from, synthetic
from video_assets.measure.visual import visual_scores
from video_assets.media.probe import probe
from video_assets.settings import DecodeSettings

LARGEST = DecodeSettings().max_pixels
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-pix_fmt", "yuv420p")
# Without it the container would say what the filter has woven.
UNFLAGGED = "setfield=prog"
FLAGGED = (*X264, "-flags", "+ilme+ildct")
TOP, BOTTOM = "interlace=scan=tff:lowpass=0", "interlace=scan=bff:lowpass=0"
PULLDOWN = "setpts=N/24/TB,fps=24,telecine=pattern=23:first_field="


def coded(target: Path, filters: str, *arguments: str, frames: int = 60) -> Path:
    return made_from(BIKES, target, "-frames:v", str(frames), "-vf", filters, *(arguments or X264))


def scores(found: Decoded) -> dict[str, Any]:
    """The visual scores of the whole video as one clip."""
    clips = clips_of(clip("c", "video", 0, found.video.frames))
    signals = found.signals.with_columns(video_id=pl.lit("video"))
    return visual_scores(clips, signals, 0.04).row(0, named=True)


def told(found: Decoded) -> tuple[float, str | None, str | None]:
    row = scores(found)
    return row["interlaced"], row["field_order"], row["telecine"]


def idet(path: Path) -> str:
    """What FFmpeg's own detector calls most frames: tff, bff or progressive."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostats", "-i", str(path), "-vf", "idet", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    counts = next(line for line in reversed(said.splitlines()) if "Multi frame" in line).split("detection:")[1].split()
    named = dict(zip(counts[::2], map(int, counts[1::2]), strict=True))
    return max(named, key=lambda name: named[name]).strip(":").lower()


@pytest.mark.parametrize("flagged", [True, False], ids=["flagged", "unflagged"])
@pytest.mark.parametrize(("scan", "first", "theirs"), [(TOP, "top", "tff"), (BOTTOM, "bottom", "bff")])
def test_interlaced_footage_is_known_by_its_picture_whatever_it_is_flagged_as(
    scan: str, first: str, theirs: str, flagged: bool, tmp_path: Path
) -> None:
    filters, encode = (scan, FLAGGED) if flagged else (f"{scan},{UNFLAGGED}", X264)
    path = coded(tmp_path / "woven.mkv", filters, *encode)
    found = decode(path, tmp_path)
    share, order, telecine = told(found)
    assert found.signals["interlaced"].unique().to_list() == [flagged]
    assert share == 1.0 if flagged else share > 0.8
    assert (order, telecine, idet(path)) == (first, "none", theirs)
    assert probe(path, LARGEST).field_order == (first if flagged else None)


@pytest.mark.parametrize("first", ["top", "bottom"])
def test_three_two_pulldown_is_two_of_five_frames(first: str, tmp_path: Path) -> None:
    path = coded(tmp_path / "telecined.mkv", PULLDOWN + first)
    found = decode(path, tmp_path)
    share, order, telecine = told(found)
    assert (order, telecine) == (first, "hard")
    assert share == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize("source", [BIKES, BUNNY, CARPHONE])
def test_progressive_footage_is_not_combed(source: Path, tmp_path: Path) -> None:
    assert told(decode(source, tmp_path)) == (0.0, None, "none")


LINES = {
    "still": "if(mod(Y,2),200,50)",
    "still, with something that moves": "if(mod(Y,2),200,50)+40*lt(abs(X-8*N-20),12)",
    "still, in light that goes up": "if(mod(Y,2),200,50)*(0.5+0.02*N)",
    "scrolling": "if(mod(Y+N,2),200,50)",
    "scrolling by three quarters of a line": "if(mod(floor((Y+0.75*N)/1.5),2),200,50)+mod(X,7)",
    "turned and moving": "128+100*sin(X*0.2+Y*3.24+N*0.7)",
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_fine_horizontal_lines_are_no_combing_and_keep_their_sharpness(lines: str, tmp_path: Path) -> None:
    picture = f"color=gray:size=320x240:rate=25:duration=1.2,format=gray,geq=lum='{lines}'"
    found = decode(synthetic(tmp_path / "lines.mkv", picture, "-pix_fmt", "yuv420p", "-c:v", "ffv1"), tmp_path)
    assert told(found)[:2] == (0.0, None)
    assert told(found)[2] != "hard"
    assert scores(found)["sharpness"] > 1000


def test_combing_is_no_sharpness(tmp_path: Path) -> None:
    # 14 frames before the first cut, after which sampled frames are the same in both.
    progressive = coded(tmp_path / "progressive.mkv", "select=not(mod(n\\,2))", frames=14)
    woven = coded(tmp_path / "woven.mkv", TOP, frames=14)
    combed = decode(woven, tmp_path).signals.filter(pl.col("combed") & pl.col("sharpness").is_not_null())
    whole = decode(progressive, tmp_path).signals.filter(pl.col("frame").is_in(combed["frame"].to_list()))
    assert combed.height > 0
    for mine, theirs in zip(combed["sharpness"], whole["sharpness"], strict=True):
        assert 0.5 * theirs < mine < 1.1 * theirs


def test_an_image_of_a_combed_frame_is_the_field_that_the_ffmpeg_tool_takes_of_it(tmp_path: Path) -> None:
    path = coded(tmp_path / "woven.mkv", TOP, *FLAGGED, frames=40)
    flow = tmp_path / "flow.parquet"
    found = decode(path, tmp_path, flow_frames=flow)
    for table, combed in ((found.keyframes, found.signals), (pl.read_parquet(flow), found.signals)):
        assert table["frame"].is_in(combed.filter(pl.col("interlaced"))["frame"].implode()).all()
        for number, width, height, jpeg in table.select("frame", "width", "height", "jpeg").iter_rows():
            theirs = field_by_ffmpeg(path, number, (width, height))
            assert np.abs(shown_by_us(jpeg).astype(int) - theirs).mean() < 3


def field_by_ffmpeg(path: Path, number: int, size: tuple[int, int]) -> Pixels:
    scale = f"select=eq(n\\,{number}),field=top,scale={size[0]}:{size[1]}:flags=area"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-vf", scale, "-frames:v", "1"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3)


def test_whole_pictures_that_are_flagged_as_interlaced_are_measured_whole(tmp_path: Path) -> None:
    # A progressive picture in an interlaced stream (PsF), as of many cameras.
    flagged = coded(tmp_path / "flagged.mkv", "setfield=tff", "-c:v", "libx264", "-qp", "0", *FLAGGED[-2:], frames=30)
    found, plain = decode(flagged, tmp_path), decode(BIKES, tmp_path).signals.head(30)
    assert told(found) == (1.0, None, "none")
    sampled = found.signals.filter(pl.col("sharpness").is_not_null() & (pl.col("frame") > 0))
    expected = plain.filter(pl.col("frame").is_in(sampled["frame"].to_list()))["sharpness"]
    assert sampled["sharpness"].equals(expected)


@pytest.mark.parametrize("pixel_format", ["yuv422p10le", "yuv444p16le", "gbrp10le", "gray", "bgr0"])
def test_combing_is_seen_in_every_pixel_format(pixel_format: str, tmp_path: Path) -> None:
    path = coded(tmp_path / "woven.mkv", f"{TOP},format={pixel_format}", "-c:v", "ffv1", frames=12)
    assert probe(path, LARGEST).pixel_format == pixel_format
    found = decode(path, tmp_path)
    assert found.video.unread is None
    assert found.signals["combed"].sum() >= 3
    assert found.signals.filter(pl.col("combed"))["top_first"].all()


def put(data: bytearray, bit: int, value: int) -> None:
    mask = 0x80 >> bit % 8
    data[bit // 8] = data[bit // 8] | mask if value else data[bit // 8] & ~mask


def soft_telecined(target: Path) -> Path:
    """Film as MPEG-2 on DVDs: whole pictures, of which every other one repeats its first field."""
    encode = ("-c:v", "mpeg2video", "-bf", "0", "-q:v", "3", "-f", "mpeg2video")
    film = made_from(BIKES, target.with_suffix(".m2v"), "-frames:v", "40", "-vf", "scale=320:256", *encode)
    data, at, pictures = bytearray(film.read_bytes()), 0, 0
    while (at := data.find(b"\0\0\1\xb5", at)) >= 0:
        at += 4
        if data[at] >> 4 == 1:  # ISO/IEC 13818-2, 6.2.2.3: no progressive_sequence
            put(data, 8 * at + 12, 0)
        if data[at] >> 4 == 8:  # 6.2.3.1: top_field_first, repeat_first_field, progressive_frame
            top, repeat = ((1, 1), (0, 0), (0, 1), (1, 0))[pictures % 4]
            for bit, value in ((24, top), (30, repeat), (32, 1)):
                put(data, 8 * at + bit, value)
            pictures += 1
    film.write_bytes(data)
    with av.open(str(film)) as source, av.open(str(target), "w") as written:
        stream, now = written.add_stream_from_template(source.streams.video[0]), 0
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            packet.stream, packet.time_base = stream, Fraction(1, 90_000)
            packet.pts = packet.dts = now
            now += (4504, 3003)[number % 2]
            written.mux(packet)
    return target


def test_pulldown_by_repeated_fields_is_told_and_leaves_pictures_whole(tmp_path: Path) -> None:
    found = decode(soft_telecined(tmp_path / "soft.ts"), tmp_path)
    assert found.video.frames == 40
    assert told(found) == (0.0, None, "soft")


@pytest.mark.parametrize(
    ("combed", "expected"),
    [
        ([True, True, False, False, False] * 6, "hard"),
        ([False] * 30, "none"),
        ([True] * 30, "none"),
        ([True, False] * 15, "none"),  # not in fives
        ([True, True, False, False, False], "none"),  # too short to tell
        ([None] * 30, None),
    ],
)
def test_pulldown_is_a_cycle_of_five(combed: list[bool | None], expected: str | None) -> None:
    frames = len(combed)
    columns: dict[str, list[Any]] = {"combed": combed, "pts": list(range(frames)), "interlaced": [False] * frames}
    signals = frames_of("v", {**columns, "sharpness": [1.0] * frames})
    assert visual_scores(clips_of(clip("c", "v", 0, frames)), signals, 0.04)["telecine"].to_list() == [expected]
