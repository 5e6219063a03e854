"""Two witnesses of a transition: the detectors, which see numbers, and the network, which sees doubtful frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.segment.footage import decoded, make
from tests.segment.made import BLACK, CHANGE, make_facts, make_signals
from tests.segment.test_real_footage import BIKES, SMALL
from video_assets.lake.schemas import TRANSITION_SCORES
from video_assets.measure.models import TRANSNET_V2
from video_assets.measure.transition_task import TransitionJob, score_transitions
from video_assets.measure.transnet import TransitionModel
from video_assets.segment.shots import find_shots
from video_assets.settings import ModelSettings, ShotSettings

Changes = dict[int, dict[str, Any]]
Shots = list[tuple[str, int, int, str]]


def scores(boundary: dict[int, float], part: dict[int, float] | None = None) -> pl.DataFrame:
    """Make the network's rows of some frames; it scores the others that it looked at 0."""
    part = part or boundary
    frames = sorted({*boundary, *part})
    return TRANSITION_SCORES.frame(
        [{"frame": f, "boundary_score": boundary.get(f, 0.0), "transition_score": part.get(f, 0.0)} for f in frames]
    )


def shots_of(
    changes: Changes, seen: pl.DataFrame | None, settings: ShotSettings | None = None, frames: int = 120
) -> Shots:
    table = make_signals(frames, changes)
    shots = find_shots(table, make_facts(table), settings or ShotSettings(), seen)
    return shots.select("begins", "start_frame", "end_frame", "ends").rows()


def cut(frame: int) -> Changes:
    """Make a hard cut that the detectors find."""
    return {i: {"blend_distance": 60.0} for i in range(frame, frame + 12)} | {frame: CHANGE | {"blend_distance": 60.0}}


WHOLE = [("start", 0, 120, "end")]
CUT_AT_60 = [("start", 0, 60, "cut"), ("cut", 60, 120, "end")]


def test_a_cut_that_both_see_is_one_cut_where_the_detector_places_it() -> None:
    assert shots_of(cut(60), scores({59: 0.99})) == CUT_AT_60
    assert shots_of(cut(60), scores({61: 0.99})) == CUT_AT_60


def test_a_cut_that_only_the_network_sees_begins_after_its_frame() -> None:
    assert shots_of({}, scores({58: 0.55, 59: 0.8})) == CUT_AT_60


def test_a_faint_hint_is_no_cut_of_its_own_but_lets_the_detectors_cut_stand() -> None:
    assert shots_of({}, scores({59: 0.3})) == WHOLE
    assert shots_of(cut(60), scores({59: 0.3})) == CUT_AT_60


def test_a_detectors_cut_of_which_the_network_sees_no_hint_is_none() -> None:
    whip_pan = cut(60)
    assert shots_of(whip_pan, scores({59: 0.02})) == WHOLE
    assert shots_of(whip_pan, None) == CUT_AT_60


def test_where_the_network_did_not_look_the_detectors_cut_stands() -> None:
    assert shots_of(cut(60), scores({})) == CUT_AT_60
    assert shots_of(cut(60), scores({30: 0.0, 90: 0.0})) == CUT_AT_60


def test_a_stretch_that_is_part_of_a_transition_is_a_dissolve() -> None:
    part = dict.fromkeys(range(50, 70), 0.95)
    expected = [("start", 0, 50, "dissolve"), ("dissolve", 70, 120, "end")]
    assert shots_of({}, scores({60: 0.7}, part)) == expected
    assert shots_of({}, scores({60: 0.3}, part)) == expected
    assert shots_of({}, scores({60: 0.3}, dict.fromkeys(range(50, 70), 0.6))) == WHOLE
    assert shots_of({}, scores({60: 0.03}, part)) == WHOLE


def mixed(first: int, last: int, begins: float, ends: float) -> Changes:
    """Pictures that are mixed, of which it is told 1.5 s after the middle one when that began and ended."""
    hits: Changes = {n: {"mixture_residual": 0.1, "mixture_single": 0.5} for n in range(first, last, 2)}
    told = (first + last) // 2 + 23  # a mixture is known 0.6 s after its picture, and its ends 0.9 s later
    ago = {"mixture_begins_ago": told / 25 - begins, "mixture_ends_ago": told / 25 - ends}
    return hits | {told: hits.get(told, {}) | ago}


def test_a_transition_is_as_long_as_its_pictures_say_whatever_part_of_it_others_see() -> None:
    """Two seconds from 50 to 100: the network sees the middle of it, and its hits alone would make it longer."""
    seen = scores({75: 0.7}, dict.fromkeys(range(70, 82), 0.9))
    assert shots_of(mixed(85, 96, 1.99, 3.99), seen, frames=200) == [
        ("start", 0, 50, "dissolve"),
        ("dissolve", 100, 200, "end"),
    ]


def test_a_transition_that_the_network_sees_all_of_is_as_long_as_it_says() -> None:
    seen = scores({65: 0.7}, dict.fromkeys(range(55, 75), 0.9))
    assert shots_of(mixed(78, 83, 2.1, 3.1), seen, frames=200) == [
        ("start", 0, 55, "dissolve"),
        ("dissolve", 75, 200, "end"),
    ]


def test_pictures_that_look_mixed_are_motion_where_the_network_sees_nothing() -> None:
    """A car passes a camera that adapts to it."""
    changes = mixed(78, 83, 2.1, 3.1)
    assert shots_of(changes, scores(dict.fromkeys(range(40, 110), 0.004)), frames=200) == [("start", 0, 200, "end")]
    assert shots_of(changes, scores({65: 0.19}), frames=200) == [("start", 0, 200, "end")]
    assert len(shots_of(changes, scores({65: 0.3}), frames=200)) == 2


def test_of_a_longer_dissolve_the_network_need_not_see_much() -> None:
    """Two seconds, of which it gives real ones 0.13 and more."""
    changes = mixed(85, 96, 1.99, 3.99)
    assert shots_of(changes, scores({75: 0.004}), frames=200) == [("start", 0, 200, "end")]
    assert len(shots_of(changes, scores({75: 0.02}), frames=200)) == 2


def test_a_cut_that_both_see_is_one_though_pictures_around_it_look_mixed() -> None:
    found = shots_of(mixed(78, 83, 2.1, 3.1) | cut(62), scores({61: 0.93}), frames=200)
    assert found == [("start", 0, 62, "cut"), ("cut", 62, 200, "end")]


@pytest.mark.parametrize(("shares", "shots"), [((0.4, 0.5, 0.6), 2), ((0.45, 0.45, 0.45), 1), ((0.6, 0.5, 0.4), 1)])
def test_in_a_wipe_the_later_shots_share_grows(shares: tuple[float, ...], shots: int) -> None:
    """Who walks through a picture takes a part of it, and then no more."""
    changes = mixed(78, 83, 2.1, 3.1)
    for frame, share in zip((78, 80, 82), shares, strict=True):
        changes[frame] |= {"mixture_share": share}
    assert len(shots_of(changes, None, frames=200)) == shots


def test_a_long_dissolve_whose_ends_were_told_is_no_longer_than_that() -> None:
    """Two pictures 4 s apart are blended of 2 s before and after, and their ends are not seen; the way of the nearer ones is."""
    hits = {n: {"long_residual": 0.1, "long_single": 0.5} for n in range(140, 150, 5)}
    for n in hits:
        hits[n] |= {"long_begins_ago": 4.0, "long_ends_ago": 0.0}
    changes = mixed(110, 121, 2.99, 4.99)
    for n, columns in hits.items():
        changes[n] = changes.get(n, {}) | columns
    assert shots_of(hits, None, frames=250) != shots_of(changes, None, frames=250)
    assert shots_of(changes, None, frames=250) == [("start", 0, 75, "dissolve"), ("dissolve", 125, 250, "end")]


def test_what_touches_a_fade_is_part_of_it() -> None:
    """The network sees a fade through black as two transitions; the detectors see where the picture is black."""
    black = dict.fromkeys(range(55, 65), BLACK)
    twice = dict.fromkeys([*range(45, 57), *range(63, 75)], 0.9)
    assert shots_of(black, scores({50: 0.8, 69: 0.8}, twice)) == [("start", 0, 45, "fade"), ("fade", 75, 120, "end")]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut_for_the_network_either(length: int) -> None:
    inside = {i: {"blend_distance": 60.0} for i in range(50, 50 + length)}
    flash = inside | {50: CHANGE | {"blend_distance": 60.0}, 50 + length: CHANGE}
    assert shots_of(flash, scores({49: 0.9, 49 + length: 0.9})) == WHOLE


@pytest.mark.parametrize(("colours", "pixels", "one"), [(0.1, 5.0, True), (0.6, 5.0, False), (0.1, 40.0, False)])
def test_shots_that_look_alike_on_both_sides_of_a_cut_are_stitched_when_asked(
    colours: float, pixels: float, one: bool
) -> None:
    alike = cut(60) | {72: {"wide_histogram": colours, "wide_distance": pixels}}
    assert shots_of(alike, scores({59: 0.9})) == CUT_AT_60
    stitched = shots_of(alike, scores({59: 0.9}), ShotSettings(stitch=True))
    assert stitched == (WHOLE if one else CUT_AT_60)


def test_the_shots_say_who_looked() -> None:
    table = make_signals(50)
    for seen, said in ((None, "detectors"), (TRANSITION_SCORES.empty(), "detectors and network")):
        assert find_shots(table, make_facts(table), ShotSettings(), seen)["found_by"].to_list() == [said]


def real_shots(video: Path, folder: Path) -> tuple[Shots, Shots]:
    """Shots of a real video by the detectors alone, and with the network."""
    signals, facts = decoded(video, folder)
    model = TransitionModel(TRANSNET_V2.weights(ModelSettings()))
    kept, result = folder / f"{video.stem}.shot_frames.parquet", folder / "scores.parquet"
    score_transitions(TransitionJob(model, kept, result))
    seen = TRANSITION_SCORES.frame(pl.read_parquet(result))
    alone, together = (find_shots(signals, facts, ShotSettings(), s) for s in (None, seen))
    columns = ["begins", "start_frame", "end_frame", "ends"]
    return alone.select(columns).rows(), together.select(columns).rows()


def test_a_dissolve_in_a_moving_picture_that_the_detectors_miss_is_found(tmp_path: Path) -> None:
    """Seen by a swaying camera: between the ends of the dissolve the picture moves too much to look blended."""
    sway = "scale=640:360,crop=320:180:x='160-160*cos(2*PI*t/6)':y=90"
    first, second = f"[0:v]{SMALL},{sway}", f"[1:v]trim=start_frame=76:end_frame=137,{SMALL},{sway}"
    blend = "xfade=transition=fade:duration=0.6:offset=2[out]"
    video = make(tmp_path / "moving.mp4", f"{first},settb=1/25[a];{second},settb=1/25[b];[a][b]{blend}")
    alone, together = real_shots(video, tmp_path)
    assert alone == [("start", 0, 111, "end")]
    (_, _, out, ends), (begins, start, last, _) = together
    assert (ends, begins, last) == ("dissolve", "dissolve", 111)
    assert 50 <= out <= 60
    assert start == pytest.approx(65, abs=3)


def test_a_fade_a_flash_and_a_cut_of_real_footage_are_told_apart(tmp_path: Path) -> None:
    flash = "drawbox=color=white:t=fill:enable='between(n,20,21)'"
    fade = "[a]trim=end_frame=60,fade=out:48:12[c];[b]fade=in:0:12[d];[c][d]concat[e];[e][f]concat[out]"
    third = f"[0:v]{SMALL},trim=end_frame=40,setpts=PTS-STARTPTS,hflip[f]"
    two = f"[0:v]split[p][q];[p]{SMALL},{flash}[a];{BIKES}[b]"
    video = make(tmp_path / "three.mp4", f"{two};[q]{third.removeprefix('[0:v]')};{fade}")
    _, together = real_shots(video, tmp_path)
    (_, first, out, ends), (begins, start, cut_at, second_ends), last = together
    assert (first, ends, begins, cut_at, second_ends, last) == (0, "fade", "fade", 110, "cut", ("cut", 110, 150, "end"))
    assert out == pytest.approx(48, abs=2)
    assert start == pytest.approx(72, abs=2)
