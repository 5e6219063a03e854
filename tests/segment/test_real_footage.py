"""From real frames to shots, clips and scores."""

from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from tests.segment.footage import decoded, make, packaged
from video_assets.measure.motion import motion_scores
from video_assets.measure.visual import visual_scores
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.settings import ClipSettings, ShotSettings

SMALL = "scale=320:180,setsar=1,fps=25,settb=1/25,setpts=PTS-STARTPTS"
BUNNY = f"[0:v]{SMALL}"
BIKES = f"[1:v]trim=start_frame=137:end_frame=187,{SMALL}"

Shots = list[tuple[str, int, int, str]]


def shots_of(path: Path, folder: Path) -> Shots:
    signals, facts = decoded(path, folder)
    return find_shots(signals, facts, ShotSettings()).select("begins", "start_frame", "end_frame", "ends").rows()


def clips_and_signals(path: Path, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    signals, facts = decoded(path, folder)
    return cut_clips(find_shots(signals, facts, ShotSettings()), signals, facts, ClipSettings()), signals


@pytest.mark.parametrize("grey", [False, True], ids=["in colour", "in black and white"])
def test_hard_cuts_of_a_real_montage_are_found_to_the_frame(grey: bool, tmp_path: Path) -> None:
    cuts = [30, 76, 137, 187, 242]
    video = make(tmp_path / "grey.mp4", "[1:v]hue=s=0[out]") if grey else packaged("bikes.mp4")
    assert shots_of(video, tmp_path) == [
        ("cut" if start else "start", start, end, "cut" if end < 250 else "end")
        for start, end in zip([0, *cuts], [*cuts, 250], strict=True)
    ]


def test_moving_footage_without_a_cut_is_one_shot_and_one_clip(tmp_path: Path) -> None:
    path = packaged("bigbuckbunny.mp4")
    clips, signals = clips_and_signals(path, tmp_path)
    assert shots_of(path, tmp_path) == [("start", 0, signals.height, "end")]
    assert clips.select("crop_x", "crop_y", "crop_width", "crop_height").rows() == [(0, 0, 1280, 720)]
    assert 4.0 <= clips["duration_s"].item() <= 16.0


@pytest.mark.parametrize("frames", [10, 20, 30])
def test_a_dissolve_is_one_transition_between_two_shots(tmp_path: Path, frames: int) -> None:
    blend = f"[a][b]xfade=transition=fade:duration={frames / 25}:offset=2[out]"
    video = make(tmp_path / "dissolve.mp4", f"{BUNNY}[a];{BIKES}[b];{blend}")
    (_, first, out, ends), (begins, start, last, _) = shots_of(video, tmp_path)
    assert (first, last, ends, begins) == (0, 100, "dissolve", "dissolve")
    assert out == pytest.approx(50, abs=3)
    assert start == pytest.approx(50 + frames, abs=3)


def test_a_fade_through_black_is_one_transition(tmp_path: Path) -> None:
    fades = "[a]trim=end_frame=60,fade=out:48:12[c];[b]fade=in:0:12[d];[c][d]concat[out]"
    video = make(tmp_path / "fade.mp4", f"{BUNNY}[a];{BIKES}[b];{fades}")
    (_, first, out, ends), (begins, start, last, _) = shots_of(video, tmp_path)
    assert (first, last, ends, begins) == (0, 110, "fade", "fade")
    assert out == pytest.approx(48, abs=2)
    assert start == pytest.approx(72, abs=2)


@pytest.mark.parametrize("colour", ["white", "black"])
@pytest.mark.parametrize("last", [60, 62])
def test_a_flash_of_one_to_three_frames_is_no_boundary(tmp_path: Path, last: int, colour: str) -> None:
    flash = f"drawbox=color={colour}:t=fill:enable='between(n,60,{last})'"
    video = make(tmp_path / "flash.mp4", f"{BUNNY},{flash}[out]")
    assert [(begins, ends) for begins, _, _, ends in shots_of(video, tmp_path)] == [("start", "end")]


def test_a_low_rate_repeated_to_a_higher_one_has_no_cuts_of_its_own(tmp_path: Path) -> None:
    video = make(tmp_path / "stutter.mp4", f"[0:v]setpts=PTS/6,fps=8,{SMALL},loop=4:8,setpts=N/25/TB[out]", "-r", "25")
    signals, _ = decoded(video, tmp_path)
    assert signals.height > 20
    assert [(begins, ends) for begins, _, _, ends in shots_of(video, tmp_path)] == [("start", "end")]


def test_letterbox_bars_are_cropped_off_the_clip(tmp_path: Path) -> None:
    video = make(tmp_path / "letterbox.mp4", "[0:v]scale=640:-2,crop=640:272,pad=640:360:0:44,setsar=1[out]")
    clips, signals = clips_and_signals(video, tmp_path)
    assert clips.select("crop_x", "crop_y", "crop_width", "crop_height").rows() == [(0, 44, 640, 272)]
    assert visual_scores(clips, signals, 0.04)["border_share"].item() == pytest.approx(88 / 360, abs=0.01)


def test_a_frozen_clip_is_still_all_along(tmp_path: Path) -> None:
    video = make(tmp_path / "frozen.mp4", f"[0:v]trim=end_frame=1,{SMALL},loop=124:1,setpts=N/25/TB[out]", "-r", "25")
    clips, signals = clips_and_signals(video, tmp_path)
    scores = motion_scores(clips, signals).row(0, named=True)
    assert (clips["frames"].item(), scores["still_share"], scores["sudden_changes"]) == (125, 1.0, 0)
    assert scores["longest_still_s"] == pytest.approx(124 / 25)


def test_a_slide_show_is_cut_at_its_slides(tmp_path: Path) -> None:
    slides = "".join(
        f"[1:v]trim=start_frame={n}:end_frame={n + 1},{SMALL},loop=49:1,setpts=N/25/TB[s{n}];" for n in (10, 50, 100)
    )
    video = make(tmp_path / "slides.mp4", f"{slides}[s10][s50][s100]concat=n=3[out]", "-r", "25")
    assert shots_of(video, tmp_path) == [("start", 0, 50, "cut"), ("cut", 50, 100, "cut"), ("cut", 100, 150, "end")]
    signals, _ = decoded(video, tmp_path)
    whole = {
        "clip_id": "c", "video_id": "v", "start_frame": 0, "end_frame": 150, "end_s": 6.0, "duration_s": 6.0,
        "crop_width": 320, "crop_height": 180,
    }  # fmt: skip
    scores = motion_scores(pl.DataFrame([whole]), signals).row(0, named=True)
    assert scores["sudden_changes"] == 2
    assert scores["shots_per_second"] == pytest.approx(2 / 6)


def test_a_variable_frame_rate_is_cut_at_the_pts_of_real_frames(tmp_path: Path) -> None:
    """Of the first two seconds only every third frame is kept, and the cut is at the first frame after them."""
    uneven = "select='lt(n,50)*not(mod(n,3))+gte(n,50)'"
    joined = f"{BUNNY}[a];{BIKES}[b];[b][a]concat,{uneven}[out]"
    video = make(tmp_path / "vfr.mp4", joined, "-fps_mode", "passthrough")
    signals, facts = decoded(video, tmp_path)
    first, second = find_shots(signals, facts, ShotSettings()).iter_rows(named=True)
    assert (first["end_frame"], second["begins"]) == (17, "cut")
    assert second["start_pts"] * facts.time_base == 2
    clips = cut_clips(find_shots(signals, facts, ShotSettings()), signals, facts, ClipSettings())
    assert clips["end_pts"].item() == facts.end_pts
    assert (clips["end_pts"].item() - clips["start_pts"].item()) * facts.time_base >= Fraction(4)
    assert clips["start_pts"].item() in signals["pts"].to_list()
