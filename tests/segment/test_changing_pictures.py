"""Streams that change size, pixel shape or orientation in their middle: every frame, shot and clip has its own."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import polars as pl
import pytest

from tests.measure.decoding import Decoded, decode
from tests.media.oriented import Pixels, shown_by_us
from tests.media.video_files import BIKES, BUNNY, ffmpeg
from video_assets.measure.decode_pass import DecodedVideo
from video_assets.media.probe import probe
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import ClipSettings, DecodeSettings, ShotSettings

LARGEST = DecodeSettings().max_pixels
FRAMES = 15
# Without B frames: those that wait for another one a decoder drops where the size changes (H.264, C.4.4).
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-pix_fmt", "yuv420p")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "3", "-pix_fmt", "yuv420p")


def joined(folder: Path, parts: list[str], encode: tuple[str, ...] = X264, frames_apart: int = 1) -> Path:
    """One shot of BIKES in a transport stream, whose parts of 15 frames (0.ts, 1.ts, ...) went through these filters."""
    whole = b""
    for number, filters in enumerate(parts):
        part = folder / f"{number}.ts"
        start = number * (FRAMES + frames_apart) / 25
        chosen = f"trim=start_frame={number * FRAMES}:end_frame={(number + 1) * FRAMES},setpts=PTS-STARTPTS,{filters}"
        ffmpeg("-i", BIKES, "-vf", chosen, *encode, "-output_ts_offset", str(start), "-muxdelay", "0", part)
        whole += part.read_bytes()
    path = folder / "joined.ts"
    path.write_bytes(whole)
    return path


def remuxed(path: Path, suffix: str) -> Path:
    target = path.with_suffix(suffix)
    ffmpeg("-i", path, "-c", "copy", target)
    return target


def facts(path: Path, decoded: DecodedVideo) -> VideoFacts:
    said = probe(path, LARGEST)
    base = Fraction(said.time_base_num, said.time_base_den)
    return VideoFacts("video", said.stream, base, said.width, said.height, False, decoded.end_pts, 0.0)


def cut(path: Path, found: Decoded) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Shots and clips."""
    video = facts(path, found.video)
    shots = find_shots(found.signals, video, ShotSettings(min_shot_seconds=0))
    clips = cut_clips(shots, found.signals, video, ClipSettings(min_seconds=0.2, trim_seconds=0))
    return shots, clips


Sizes = list[tuple[int, int]]


def sizes(found: Decoded) -> Sizes:
    """Of every frame the size as displayed."""
    return found.signals.select("width", "height").rows()


def sizes_by_ffmpeg(path: Path) -> Sizes:
    """Of every frame the size at which it is shown, by the pixels and their shape that the ffmpeg tool gives."""
    command = ["-v", "info", "-i", str(path), "-vf", "showinfo", "-fps_mode", "passthrough", "-f", "null", "-"]
    said = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), *command], check=True, capture_output=True, text=True
    ).stderr
    found: Sizes = []
    for across, along, width, height in re.findall(r" n: *\d+ .* sar:(\d+)/(\d+) s:(\d+)x(\d+) ", said):
        aspect = int(across) / int(along) if int(across) else 1
        found.append((round(int(width) * aspect), int(height)))
    return found


def starts(of_frames: Sizes) -> list[int]:
    """The frames at which the size changes, and the first."""
    return [n for n, size in enumerate(of_frames) if n == 0 or size != of_frames[n - 1]]


CHANGES = {
    "size": ["scale=320:136", "scale=640:272"],
    "smaller": ["scale=640:272", "scale=320:136", "scale=640:272"],
    "turned": ["scale=320:180", "scale=180:320"],
    "pixel shape alone": ["scale=360:288,setsar=16/11", "scale=360:288,setsar=12/11"],
    "size and pixel shape": ["scale=360:288,setsar=16/11", "scale=640:360,setsar=1"],
}


@pytest.mark.parametrize("encode", [X264, MPEG2], ids=["h264", "mpeg2"])
@pytest.mark.parametrize("parts", CHANGES.values(), ids=CHANGES)
def test_frames_shots_and_clips_have_their_own_size(parts: list[str], encode: tuple[str, ...], tmp_path: Path) -> None:
    path = joined(tmp_path, parts, encode)
    found, whole = decode(path, tmp_path), sizes_by_ffmpeg(path)
    # An MPEG-2 decoder drops the frame that it holds back where the size changes.
    assert len(sizes(found)) == len(whole)
    begin = starts(whole) if "scale=360:288,setsar=12/11" not in parts else [0, FRAMES]
    assert starts(sizes(found)) == begin
    # Part by part: in the whole the tool believes in the pixel shape of the first.
    own = [sizes_by_ffmpeg(tmp_path / f"{n}.ts")[0] for n in range(len(parts))]
    assert [sizes(found)[n] for n in begin] == own
    shots, clips = cut(path, found)
    assert shots["start_frame"].to_list() == begin
    assert shots["begins"].to_list() == ["start", *["break"] * (len(parts) - 1)]
    assert shots["ends"].to_list() == [*["break"] * (len(parts) - 1), "end"]
    assert clips.select("width", "height").rows() == own
    assert clips.select("crop_x", "crop_y", "crop_width", "crop_height").rows() == [(0, 0, *size) for size in own]


def test_no_way_from_one_picture_to_another_leads_across_a_change_of_size(tmp_path: Path) -> None:
    """An ever deeper zoom looks like a wipe between what it began and what it ends with."""
    ffmpeg("-i", BUNNY, "-vf", "scale=640:360,fps=25", "-frames:v", "125", *X264, "-muxdelay", "0", tmp_path / "0.ts")
    zoom = ("-f", "lavfi", "-i", "mandelbrot=s=320x240:r=25")
    ffmpeg(*zoom, "-frames:v", "100", *X264, "-output_ts_offset", "5", "-muxdelay", "0", tmp_path / "1.ts")
    path = tmp_path / "joined.ts"
    path.write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())
    found = decode(path, tmp_path)
    assert starts(sizes(found)) == [0, 125]
    shots, _ = cut(path, found)
    assert shots.select("start_frame", "end_frame", "begins", "ends").rows() == [
        (0, 125, "start", "break"), (125, 225, "break", "end")
    ]  # fmt: skip


def test_every_frame_is_measured_in_its_own_shape(tmp_path: Path) -> None:
    path = joined(tmp_path, ["scale=640:272", "scale=272:640", "scale=320:136,setsar=1/2"])
    settings = DecodeSettings(keyframe_hz=25, sample_hz=25)
    found = decode(path, tmp_path, settings)
    assert found.keyframes.height == 3 * FRAMES
    for number in (0, FRAMES - 1, FRAMES, 2 * FRAMES - 1, 2 * FRAMES, 3 * FRAMES - 1):
        width, height, jpeg = found.keyframes.select("width", "height", "jpeg").row(number)
        shown = found.signals.select("width", "height").row(number)
        assert width / height == pytest.approx(shown[0] / shown[1], rel=0.02)
        assert np.abs(shown_by_us(jpeg).astype(int) - frame_by_ffmpeg(path, number, (width, height))).mean() < 6
    assert found.signals["difference"].null_count() == 3
    assert found.signals.filter(pl.col("difference").is_null())["frame"].to_list() == [0, FRAMES, 2 * FRAMES]


def frame_by_ffmpeg(path: Path, number: int, size: tuple[int, int]) -> Pixels:
    """A frame as the ffmpeg tool decodes it, at a size."""
    chosen = f"select=eq(n\\,{number % FRAMES}),scale={size[0]}:{size[1]}:flags=area"
    part = path.parent / f"{number // FRAMES}.ts"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(part), "-vf", chosen, "-frames:v", "1"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3)


def test_bars_are_cropped_from_the_pictures_that_have_them(tmp_path: Path) -> None:
    path = joined(tmp_path, ["scale=640:272", "scale=480:204,pad=480:360:0:78"])
    _, clips = cut(path, decode(path, tmp_path))
    assert clips.select("width", "height").rows() == [(640, 272), (480, 360)]
    crops = clips.select("crop_x", "crop_y", "crop_width", "crop_height").rows()
    assert crops[0] == (0, 0, 640, 272)
    x, y, width, height = crops[1]
    assert (x, width) == (0, 480)
    assert (y, height) == (pytest.approx(78, abs=4), pytest.approx(204, abs=8))


def test_a_pixel_shape_changes_even_where_its_key_frame_is_left_out(tmp_path: Path) -> None:
    # The first key frame after the change has the time of the frame before it, and is shown by nobody.
    path = joined(tmp_path, CHANGES["pixel shape alone"], MPEG2, frames_apart=0)
    found = sizes(decode(path, tmp_path))
    assert (len(found), starts(found)) == (2 * FRAMES - 1, [0, FRAMES])


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_container_s_own_pixel_shape_stands_for_all_frames(suffix: str, tmp_path: Path) -> None:
    path = remuxed(joined(tmp_path, CHANGES["pixel shape alone"]), suffix)
    found = decode(path, tmp_path)
    assert sizes(found) == sizes_by_ffmpeg(path)
    assert len(starts(sizes(found))) == 1


def test_a_phone_that_is_turned_is_shown_upright_from_there_on(tmp_path: Path) -> None:
    whole = b""
    for number, turn in enumerate((0, 90)):
        part, start = tmp_path / f"{number}.ts", number * FRAMES / 25
        message = f"h264_metadata=display_orientation=insert:rotate={turn}"
        ffmpeg("-i", BIKES, "-frames:v", str(FRAMES), *X264, tmp_path / "plain.mp4")
        ffmpeg(
            *("-i", tmp_path / "plain.mp4", "-c", "copy", "-bsf:v", message),
            *("-output_ts_offset", str(start), "-muxdelay", "0", part),
        )
        whole += part.read_bytes()
    path = tmp_path / "turned.ts"
    path.write_bytes(whole)
    found = decode(path, tmp_path, DecodeSettings(keyframe_hz=5))
    runs = [found.signals.select("width", "height").row(n) for n in (0, FRAMES - 1, FRAMES, 2 * FRAMES - 1)]
    assert runs == [(640, 272)] * 2 + [(272, 640)] * 2
    shots, clips = cut(path, found)
    assert shots["start_frame"].to_list() == [0, FRAMES]
    assert clips.select("crop_width", "crop_height").rows() == [(640, 272), (272, 640)]


def test_footage_of_one_size_has_no_break(tmp_path: Path) -> None:
    found = decode(BIKES, tmp_path)
    assert found.signals.select("width", "height").unique().rows() == [(640, 272)]
    shots, _ = cut(BIKES, found)
    assert "break" not in {*shots["begins"], *shots["ends"]}
