"""Where a shot or a clip is for a player and for ffmpeg's -ss: frames that the ffmpeg tool gives are compared, not times."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.media.video_files import ffmpeg
from video_assets.media.containers import open_video
from video_assets.media.frames import FrameReader
from video_assets.media.probe import probe
from video_assets.media.streams import video_stream
from video_assets.segment.video_facts import VideoFacts

LARGEST = 1 << 26
ENCODE = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "20", "-c:a", "aac"]
TONE = ["-f", "lavfi", "-i", "sine=duration=2"]


def picture(rate: str) -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size=96x64:rate={rate}:duration=2"]


def facts(time_base: Fraction, container_start_s: float | None) -> VideoFacts:
    return VideoFacts("v", 0, time_base, 96, 64, False, 0, container_start_s)


@dataclass(frozen=True)
class Footage:
    """A video's frames as hashes of their pixels, and where they are."""

    path: Path
    frames: list[str]
    pts: list[int]
    facts: VideoFacts

    @classmethod
    def of(cls, path: Path) -> Footage:
        said = probe(path, LARGEST)
        frames, pts = [], []
        with open_video(path) as container:
            for frame, at, *_ in FrameReader(container, video_stream(container, said.stream), LARGEST):
                frames.append(hashlib.md5(frame.to_ndarray(format="yuv420p").tobytes()).hexdigest())
                pts.append(at)
        assert len(set(frames)) == len(frames)
        return cls(path, frames, pts, facts(Fraction(said.time_base_num, said.time_base_den), said.container_start_s))

    def spans(self) -> Iterable[tuple[int, int, dict[str, float]]]:
        """Some spans of frames (first, after the last) with their columns in seconds, key frames' neighbours among them."""
        for first in (0, 1, 7, 19, 20, 21, len(self.frames) - 6):
            yield first, first + 5, self.facts.seconds(self.pts[first], self.pts[first + 5])

    def told(self, *options: str, beside: tuple[str, ...] = ()) -> list[int | None]:
        """The numbers of the frames that the ffmpeg tool gives; FILE in the options stands for the video's path."""
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin"]
        command += [str(self.path) if o == "FILE" else o for o in options]
        command += ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-", *beside]
        raw = subprocess.run(command, check=True, capture_output=True).stdout
        size = 96 * 64 * 3 // 2
        found = [hashlib.md5(raw[i : i + size]).hexdigest() for i in range(0, len(raw), size)]
        return [self.frames.index(f) if f in self.frames else None for f in found]


def made(name: str, folder: Path) -> Footage:
    whole, path = folder / "whole.mp4", folder / name.replace(" ", "_")
    match name:
        case "from 1.48 s.ts":
            ffmpeg(*picture("30000/1001"), *ENCODE, "-muxdelay", "0", "-output_ts_offset", "1.48", path)
        case "sound first.ts" | "sound first.mp4" | "sound first.mkv":
            ffmpeg("-itsoffset", "0.3", *picture("25"), *TONE, *ENCODE, path)
        case "late.mp4":
            ffmpeg(*picture("24000/1001"), *ENCODE, "-output_ts_offset", "5", path)
        case "edited.mp4":
            ffmpeg(*picture("30000/1001"), *ENCODE, whole)
            ffmpeg("-ss", "0.31", "-i", whole, "-c", "copy", path)
        case _:
            ffmpeg(*picture("30000/1001"), *ENCODE, path)
    return Footage.of(path)


INDEXED = ["plain.mp4", "late.mp4", "edited.mp4", "sound first.mp4", "plain.mov", "plain.mkv", "sound first.mkv"]
STREAMS = ["from 1.48 s.ts", "sound first.ts"]


@pytest.mark.parametrize("name", INDEXED)
def test_ffmpeg_s_ss_with_the_player_s_times_cuts_exactly_the_span(name: str, tmp_path: Path) -> None:
    footage = made(name, tmp_path)
    for first, after, seconds in footage.spans():
        start, end = (repr(seconds[column]) for column in ("player_start_s", "player_end_s"))
        assert footage.told("-ss", start, "-to", end, "-i", "FILE") == list(range(first, after))


@pytest.mark.parametrize("name", [*STREAMS, "late.mp4", "sound first.mkv"])
def test_ffmpeg_s_ss_with_copied_pts_cuts_exactly_the_span_in_every_container(name: str, tmp_path: Path) -> None:
    footage = made(name, tmp_path)
    for first, after, seconds in footage.spans():
        start, end = (repr(seconds[column]) for column in ("start_s", "end_s"))
        assert footage.told("-copyts", "-i", "FILE", "-ss", start, "-to", end) == list(range(first, after))


@pytest.mark.parametrize("name", STREAMS)
def test_a_transport_stream_is_cut_by_the_player_s_times_behind_the_file_with_its_sound(
    name: str, tmp_path: Path
) -> None:
    footage = made(name, tmp_path)
    sound = ("-map", "0:a?", "-map", "0:v", "-t", "1", "-f", "null", "-")
    for first, _, seconds in footage.spans():
        options = ("-i", "FILE", "-ss", repr(seconds["player_start_s"]), "-frames:v", "1")
        assert footage.told(*options, beside=sound) == [first]


def test_pts_zero_is_not_where_a_player_begins(tmp_path: Path) -> None:
    footage = made("from 1.48 s.ts", tmp_path)
    seconds = footage.facts.seconds(footage.pts[0], footage.pts[30])
    assert seconds["start_s"] == pytest.approx(1.48 + 2 / 30, abs=0.1)
    assert seconds["player_start_s"] == 0.0
    assert footage.told("-i", "FILE", "-ss", repr(seconds["start_s"]), "-frames:v", "1") != [0]


def test_sound_before_the_picture_moves_a_player_s_zero(tmp_path: Path) -> None:
    footage = made("sound first.mkv", tmp_path)
    assert footage.facts.seconds(footage.pts[0], footage.pts[1])["player_start_s"] == pytest.approx(0.3, abs=0.05)


def kept_by_ffmpeg(said: str, pts: int, time_base: Fraction, container_start_us: int) -> bool:
    """Whether the tool keeps a frame for ``-ss said -i``: it cuts the text to microseconds and rounds once to pts."""
    whole, _, rest = said.partition(".")
    asked = int(whole) * 1_000_000 + int(rest[:6].ljust(6, "0")) + container_start_us
    return pts - round(Fraction(asked, 1_000_000) / time_base) >= 0


@given(
    at_s=st.fractions(0, 10**6),
    base=st.sampled_from([1, 24, 600, 1000, 12800, 15360, 24000, 30000, 90000, 600_000, 10_000_000]),
    step_ms=st.integers(8, 1000),
    start_us=st.integers(0, 2**40),
)
def test_rounding_gives_neither_the_frame_before_nor_the_one_after(
    at_s: Fraction, base: int, step_ms: int, start_us: int
) -> None:
    time_base = Fraction(1, base)
    step = max(1, step_ms * base // 1000)
    pts = (
        round(at_s * base) + -(-start_us * base // 1_000_000) + step
    )  # after the container's start, by a frame and more
    seconds = facts(time_base, start_us / 1_000_000).seconds(pts, pts + step)
    said = repr(seconds["player_start_s"])
    assert kept_by_ffmpeg(said, pts, time_base, start_us)
    assert not kept_by_ffmpeg(said, pts - step, time_base, start_us)


def test_a_container_that_does_not_say_where_it_starts_starts_at_pts_zero() -> None:
    seconds = facts(Fraction(1, 1000), None).seconds(1500, 2500)
    assert seconds == {"start_s": 1.5, "end_s": 2.5, "player_start_s": 1.5, "player_end_s": 2.5}


@pytest.mark.parametrize("first_pts", [131_110, 132_006, 133_200])
def test_the_first_frame_is_at_zero_whichever_way_its_container_s_start_was_rounded(first_pts: int) -> None:
    time_base = Fraction(1, 90_000)
    container_start_s = round(first_pts * time_base * 1_000_000) / 1_000_000
    assert facts(time_base, container_start_s).seconds(first_pts, first_pts + 3000)["player_start_s"] == 0.0
