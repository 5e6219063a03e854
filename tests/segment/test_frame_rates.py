"""Transitions are as long in time at every frame rate, and are found there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import polars as pl
import pytest

from tests.segment.footage import decoded, packaged
from tests.segment.made import make_facts, make_signals
from tests.segment.test_shots import cut
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.settings import ClipSettings, ShotSettings

# Two real pictures that a camera goes over, as smoothly as the frame rate allows.
SWAY = "scale=540:300,crop=320:180:x='110-40*cos(2*PI*t/5)':y=60"
PAN = "scale=640:360,crop=320:180:x='27*t':y=60"
SECONDS = 3


def joined(target: Path, fps: int, filters: str) -> Path:
    """Join three seconds of each, labelled a and b, by filters that end in [out]."""
    for name, file, frame in (("a", "bigbuckbunny.mp4", 60), ("b", "bikes.mp4", 100)):
        still = ["-i", str(packaged(file)), "-vf", f"select=eq(n\\,{frame})", "-frames:v", "1"]
        run(*still, str(target.with_name(f"{name}.png")))
    shown = [
        part
        for name in "ab"
        for part in (
            "-loop",
            "1",
            "-framerate",
            str(fps),
            "-t",
            str(SECONDS),
            "-i",
            str(target.with_name(f"{name}.png")),
        )
    ]
    common = f"setsar=1,format=yuv420p,settb=1/{fps}"
    graph = f"[0:v]{SWAY},{common}[a];[1:v]{PAN},{common}[b];{filters}"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", "-threads", "1"]
    run(*shown, "-filter_complex", graph, "-map", "[out]", *encode, str(target))
    return target


def run(*arguments: str) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *arguments], check=True)


def shots_and_clips(video: Path, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Without the network, which knows few of these."""
    signals, facts = decoded(video, folder)
    shots = find_shots(signals, facts, ShotSettings())
    return shots, cut_clips(shots, signals, facts, ClipSettings(min_seconds=0.4, sharp_start_seconds=0))


@pytest.mark.parametrize(
    ("name", "lasts", "fps", "kind"),
    [
        ("fade", 1, 15, "dissolve"),
        ("fade", 1, 60, "dissolve"),
        ("fade", 2, 30, "dissolve"),
        ("wipeleft", 1, 30, "wipe"),
        ("slideleft", 1, 30, "wipe"),
        ("slideup", 1, 24, "wipe"),
    ],
)
def test_a_gradual_transition_lies_between_two_shots_and_in_no_clip(
    name: str, lasts: int, fps: int, kind: str, tmp_path: Path
) -> None:
    transition = f"[a][b]xfade=transition={name}:duration={lasts}:offset={SECONDS - lasts}[out]"
    shots, clips = shots_and_clips(joined(tmp_path / "joined.mp4", fps, transition), tmp_path)
    assert shots.select("begins", "ends").rows() == [("start", kind), (kind, "end")]
    first, second = clips.sort("start_s").select("start_s", "end_s").rows()
    begins, ends = SECONDS - lasts, SECONDS
    assert begins - 0.7 <= first[1] <= begins
    assert ends <= second[0] <= ends + 0.7


@pytest.mark.parametrize("fps", [24, 60])
def test_a_cut_is_found_to_the_frame_at_every_frame_rate(fps: int, tmp_path: Path) -> None:
    """The last frame of the first shot lies between two steps."""
    at = fps + 1
    video = joined(tmp_path / "cut.mp4", fps, f"[a]trim=end_frame={at}[c];[b]trim=end_frame={fps}[d];[c][d]concat[out]")
    shots, _ = shots_and_clips(video, tmp_path)
    assert shots.select("begins", "start_frame", "end_frame", "ends").rows() == [
        ("start", 0, at, "cut"),
        ("cut", at, at + fps, "end"),
    ]


def test_a_moving_picture_is_no_transition_at_any_frame_rate(tmp_path: Path) -> None:
    for fps in (15, 60):
        shots, _ = shots_and_clips(joined(tmp_path / f"{fps}.mp4", fps, "[a]null[out];[b]nullsink"), tmp_path)
        assert shots.select("begins", "ends").rows() == [("start", "end")]


@pytest.mark.parametrize(("fps", "trimmed", "least"), [(24, 3, 5), (25, 3, 5), (50, 6, 10), (60, 8, 12)])
def test_what_is_trimmed_and_what_is_too_short_are_times(fps: int, trimmed: int, least: int) -> None:
    pts = [round(n * 1000 / fps) for n in range(4 * fps)]
    for damaged, found in (((fps, 2 * fps), 2), ((fps, fps + least + 1), 1), ((fps, fps + least), 0)):
        signals = make_signals(len(pts), {frame: {"corrupt": True} for frame in damaged}, pts)
        facts = make_facts(signals, end_pts=4000)
        shots = find_shots(signals, facts, ShotSettings())
        middle = shots.filter(pl.col("start_frame") == fps + 1)
        assert middle.height == (found > 0)
        if found > 1:
            clips = cut_clips(shots, signals, facts, ClipSettings(min_seconds=0.5, sharp_start_seconds=0))
            assert clips["start_frame"].to_list() == [0, fps + 1 + trimmed, 2 * fps + 1 + trimmed]


def test_a_cut_of_made_signals_needs_no_change_from_frame_to_frame() -> None:
    signals = make_signals(100, cut(30))
    shots = find_shots(signals, make_facts(signals), ShotSettings())
    assert shots.select("start_frame", "end_frame").rows() == [(0, 30), (30, 100)]
