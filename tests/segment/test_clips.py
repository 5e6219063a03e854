from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.segment.made import make_facts, make_signals
from video_assets.lake.schemas import SHOTS
from video_assets.media.identity import clip_id, shot_id
from video_assets.segment.clips import cut_clips
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import ClipSettings

Shot = tuple[int, int, str, str]

SETTINGS = ClipSettings()
AT_ONCE = ClipSettings(sharp_start_seconds=0)
BARS = ("bar_left", "bar_right", "bar_top", "bar_bottom")


def shot_table(signals: pl.DataFrame, video: VideoFacts, shots: list[Shot]) -> pl.DataFrame:
    """Rows of SHOTS from (start frame, end frame, begins, ends)."""
    pts = [*signals["pts"].to_list(), video.end_pts]
    return SHOTS.frame(
        [
            {
                "shot_id": shot_id("v", 0, pts[start], pts[end]),
                "video_id": "v",
                "shot": number,
                "start_frame": start,
                "end_frame": end,
                "begins": begins,
                "ends": ends,
            }
            for number, (start, end, begins, ends) in enumerate(shots)
        ]
    )


def spans_of(frames: int, shots: list[Shot], settings: ClipSettings = AT_ONCE) -> list[tuple[int, int]]:
    """Cut a calm video of 25 frames/s with the given shots; spans in frames."""
    table = make_signals(frames)
    video = make_facts(table)
    return cut_clips(shot_table(table, video, shots), table, video, settings).select("start_frame", "end_frame").rows()


def test_a_whole_video_of_allowed_length_is_one_clip() -> None:
    assert spans_of(250, [(0, 250, "start", "end")]) == [(0, 250)]


def test_frames_beside_a_boundary_are_dropped_but_not_at_the_ends_of_the_video() -> None:
    shots: list[Shot] = [(0, 200, "start", "cut"), (200, 400, "cut", "dissolve"), (420, 600, "dissolve", "end")]
    assert spans_of(600, shots) == [(0, 197), (203, 397), (423, 600)]


@pytest.mark.parametrize(("frames", "clips"), [(99, []), (100, [(0, 100)]), (400, [(0, 400)])])
def test_both_limits_of_length_are_allowed(frames: int, clips: list[tuple[int, int]]) -> None:
    assert spans_of(frames, [(0, frames, "start", "end")]) == clips


def test_limits_are_judged_on_exact_time_and_not_on_rounded_seconds() -> None:
    """96 frames of 1001/24000 s are 4.004 s; 95.904 would be 4 s: 95 frames are too short, however they are rounded."""
    for frames, expected in ((95, 0), (96, 1)):
        table = make_signals(frames, pts=[1001 * i for i in range(frames)])
        video = make_facts(table, time_base=Fraction(1, 24000), end_pts=1001 * frames)
        clips = cut_clips(shot_table(table, video, [(0, frames, "start", "end")]), table, video, AT_ONCE)
        assert clips.height == expected


def test_a_long_shot_is_tiled_with_the_fewest_equal_windows() -> None:
    assert spans_of(401, [(0, 401, "start", "end")]) == [(0, 201), (201, 401)]
    assert spans_of(1000, [(0, 1000, "start", "end")]) == [(0, 334), (334, 667), (667, 1000)]


def test_where_equal_windows_would_be_too_short_the_rest_is_left_out() -> None:
    narrow = ClipSettings(min_seconds=10, max_seconds=12, sharp_start_seconds=0)
    assert spans_of(325, [(0, 325, "start", "end")], narrow) == [(0, 300)]


def test_one_window_of_a_long_shot_is_as_long_as_allowed_and_always_the_same() -> None:
    one = ClipSettings(windows="one_per_shot", sharp_start_seconds=0)
    spans = spans_of(1000, [(0, 1000, "start", "end")], one)
    assert [end - start for start, end in spans] == [400]
    assert spans == spans_of(1000, [(0, 1000, "start", "end")], one)


def test_the_place_of_the_one_window_differs_between_shots() -> None:
    one = ClipSettings(windows="one_per_shot", sharp_start_seconds=0)
    places = {spans_of(1000 + n, [(n, 1000 + n, "cut", "end")], one)[0][0] - n for n in range(8)}
    assert len(places) > 4


def start_with(sharpness: dict[int, float | None], frames: int = 250) -> int:
    table = make_signals(frames, {frame: {"sharpness": value} for frame, value in sharpness.items()})
    video = make_facts(table)
    clips = cut_clips(shot_table(table, video, [(0, frames, "start", "end")]), table, video, SETTINGS)
    return int(clips["start_frame"].item())


def test_a_clip_starts_at_the_first_frame_about_as_sharp_as_the_shots_median() -> None:
    assert start_with({}) == 0
    assert start_with({0: 20.0, 6: 89.0, 12: 90.0, 18: 300.0}) == 12


def test_a_clip_starts_at_the_sharpest_frame_in_reach_where_none_is_clear() -> None:
    assert start_with({0: 20.0, 6: 30.0, 12: 60.0, 18: 60.0, 24: 50.0}) == 12


def test_a_start_does_not_move_further_than_the_setting() -> None:
    assert start_with({0: 9.0, 6: 8.0, 12: 7.0, 18: 6.0, 24: 5.0}) == 0


def test_a_start_does_not_move_so_far_that_the_clip_is_too_short() -> None:
    assert start_with({0: 20.0, 6: 30.0, 12: 90.0}, frames=107) == 6


def test_a_start_stays_where_no_frame_in_reach_was_sampled() -> None:
    assert start_with(dict.fromkeys(range(30))) == 0


def crop_of(bars: Mapping[int, tuple[float | None, ...]], **size: int) -> tuple[int, ...]:
    changes = {frame: dict(zip(BARS, shares, strict=True)) for frame, shares in bars.items()}
    table = make_signals(250, changes)
    video = make_facts(table, **size)
    clips = cut_clips(shot_table(table, video, [(0, 250, "start", "end")]), table, video, SETTINGS)
    row = clips.select("crop_x", "crop_y", "crop_width", "crop_height").row(0)
    assert clips["clip_id"].item() == clip_id("v", 0, clips["start_pts"].item(), clips["end_pts"].item(), row)
    return row


SAMPLED = range(0, 250, 6)


def test_bars_are_cropped_to_even_pixels() -> None:
    letterbox = dict.fromkeys(SAMPLED, (0.0, 0.0, 0.117, 0.117))
    assert crop_of(letterbox, width=854, height=480) == (0, 58, 854, 364)
    left_only = dict.fromkeys(SAMPLED, (60 / 512, 0.0, 0.0, 0.0))
    assert crop_of(left_only, width=512, height=512) == (60, 0, 452, 512)


def test_a_bar_that_most_frames_have_is_cropped() -> None:
    odd = {frame: (0.0, 0.0, 0.0 if frame % 18 == 0 else 0.1, 0.1) for frame in SAMPLED}
    assert crop_of(odd) == (0, 36, 640, 288)


def test_a_bar_that_comes_and_goes_is_not_cropped() -> None:
    half = {frame: (0.0, 0.0, 0.1 if frame < 125 else 0.0, 0.0) for frame in SAMPLED}
    assert crop_of(half) == (0, 0, 640, 360)


def test_dark_frames_have_no_say_about_bars() -> None:
    dark = {frame: (None, None, None, None) if frame < 200 else (0.125, 0.125, 0.0, 0.0) for frame in SAMPLED}
    assert crop_of(dark) == (80, 0, 480, 360)


def test_narrow_bars_are_left_and_do_not_shrink_the_picture() -> None:
    narrow = dict.fromkeys(SAMPLED, (0.0, 0.0, 0.039, 0.0))
    assert crop_of(narrow, width=193, height=144) == (0, 0, 193, 144)


def test_the_opening_shots_clips_and_a_truncated_source_are_marked() -> None:
    table = make_signals(500)
    video = make_facts(table, truncated=True)
    shots: list[Shot] = [(10, 250, "fade", "cut"), (250, 500, "cut", "end")]
    clips = cut_clips(shot_table(table, video, shots), table, video, SETTINGS)
    assert clips["from_source_start"].to_list() == [True, False]
    assert clips["source_truncated"].to_list() == [True, True]


ODD_STEPS = st.dictionaries(st.integers(0, 599), st.sampled_from([1, 41, 500, 9000, 20_000]), max_size=8)


@st.composite
def shot_lists(draw: st.DrawFn) -> tuple[list[int], list[Shot]]:
    """Draw a variable frame rate video, as pts with its end last, and disjoint shots of it."""
    odd, calm = draw(ODD_STEPS), draw(st.sampled_from([33, 40]))
    steps = [odd.get(i, calm) for i in range(draw(st.integers(5, 600)))]
    pts = [draw(st.integers(-5000, 5000))]
    for step in steps:
        pts.append(pts[-1] + step)
    borders = sorted(draw(st.sets(st.integers(0, len(steps)), max_size=4)))
    return pts, [
        (a, b, "start" if a == 0 else "cut", "end" if b == len(steps) else "fade")
        for a, b in zip(borders[::2], borders[1::2], strict=False)
        if b - a >= 5
    ]


@settings(deadline=None)
@given(
    shot_lists(),
    st.sampled_from(["cover", "one_per_shot"]),
    st.floats(0, 3),
    st.sampled_from([(4, 16), (1.5, 2), (4, 4)]),
)
def test_clips_of_any_shots_are_disjoint_exact_and_inside_one_trimmed_shot(
    video_shots: tuple[list[int], list[Shot]],
    windows: Any,
    moves: float,
    limits: tuple[float, float],
) -> None:
    (*pts, end_pts), shots = video_shots
    table = make_signals(len(pts), pts=pts)
    video = make_facts(table, end_pts=end_pts)
    settings = ClipSettings(
        windows=windows, sharp_start_seconds=round(moves, 3), min_seconds=limits[0], max_seconds=limits[1]
    )
    rows = shot_table(table, video, shots)
    clips = cut_clips(rows, table, video, settings)
    assert clips.equals(cut_clips(rows, table, video, settings))
    ends, boundaries = -1, [*pts, end_pts]
    for clip in clips.iter_rows(named=True):
        start, end = clip["start_frame"], clip["end_frame"]
        assert start >= ends
        assert (clip["start_pts"], clip["end_pts"], clip["frames"]) == (boundaries[start], boundaries[end], end - start)
        length = (boundaries[end] - boundaries[start]) * video.time_base
        assert Fraction(str(limits[0])) <= length <= Fraction(str(limits[1]))
        holder = rows.filter(shot_id=clip["shot_id"]).row(0, named=True)
        trimmed = Fraction(str(settings.trim_seconds)) / video.time_base
        assert boundaries[start] >= boundaries[holder["start_frame"]] + (0 if holder["begins"] == "start" else trimmed)
        assert boundaries[end] <= boundaries[holder["end_frame"]] - (0 if holder["ends"] == "end" else trimmed)
        ends = end
    assert clips["clip_id"].n_unique() == clips.height


@settings(deadline=None)
@given(st.integers(100, 1300))
def test_covering_a_shot_wastes_at_most_one_frame_for_a_window(frames: int) -> None:
    spans = spans_of(frames, [(0, frames, "start", "end")])
    assert sum(end - start for start, end in spans) > frames - len(spans)
