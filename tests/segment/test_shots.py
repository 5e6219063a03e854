import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.segment.made import BLACK, CHANGE, make_facts, make_signals
from video_assets.lake.schemas import SHOTS
from video_assets.media.identity import shot_id
from video_assets.segment.shots import find_shots
from video_assets.settings import ShotSettings

Changes = dict[int, dict[str, Any]]

SETTINGS = ShotSettings()
LEAST_FRAMES = 5  # At 25 frames a second.


def shots_of(frames: int, changes: Changes) -> list[tuple[str, int, int, str]]:
    """Find the shots of a calm video with changes, as (begins, start, end, ends)."""
    table = make_signals(frames, changes)
    shots = find_shots(table, make_facts(table), SETTINGS)
    return shots.select("begins", "start_frame", "end_frame", "ends").rows()


def cut(frame: int, apart: float = 60.0, step: float = 60.0) -> Changes:
    """Make a hard cut: one large change, and pictures 12 frames apart that differ until both are behind it."""
    across: Changes = {i: {"blend_distance": apart} for i in range(frame, frame + 12)}
    return across | {frame: CHANGE | {"difference": step, "blend_distance": apart}}


def fade(start: int, black: int, end: int, recovered: int) -> Changes:
    """Make a fade through black: luma falls from ``start``, is black in [black, end) and is back at ``recovered``."""
    out = {i: dim(1 - (i - start + 1) / (black - start + 1)) for i in range(start, black)}
    back = {i: dim((i - end + 1) / (recovered - end + 1)) for i in range(end, recovered)}
    return out | dict.fromkeys(range(black, end), BLACK) | back


def dim(level: float) -> dict[str, Any]:
    return {"luma_mean": 100 * level, "luma_std": 50 * level, "rgb_mean": 100 * level}


def test_a_video_without_a_boundary_is_one_shot() -> None:
    assert shots_of(100, {}) == [("start", 0, 100, "end")]


def test_hard_cuts_split_a_video_at_the_first_frame_of_the_new_shot() -> None:
    assert shots_of(100, cut(30) | cut(60)) == [
        ("start", 0, 30, "cut"),
        ("cut", 30, 60, "cut"),
        ("cut", 60, 100, "end"),
    ]


def test_steady_motion_is_no_cut_however_large() -> None:
    assert shots_of(100, dict.fromkeys(range(20, 80), CHANGE)) == [("start", 0, 100, "end")]


def test_frames_repeated_to_a_higher_rate_are_no_cuts() -> None:
    still = {"delta_hue": 0.0, "delta_sat": 0.0, "delta_lum": 0.0, "difference": 0.0}
    eight_to_24 = {i: CHANGE if i % 3 == 0 else still for i in range(1, 100)}
    assert shots_of(100, eight_to_24) == [("start", 0, 100, "end")]


@pytest.mark.parametrize(("saturation", "cuts"), [(0.0, 1), (0.02, 1), (0.2, 0)])
def test_a_cut_in_black_and_white_needs_no_more_light_than_its_colours_would(saturation: float, cuts: int) -> None:
    """Where there is colour, a change of luma alone is a change of light."""
    luma_alone = cut(60, apart=24.0) | {
        60: {"delta_hue": 0.0, "delta_sat": 0.0, "delta_lum": 24.0, "blend_distance": 24.0}
    }
    sampled: Changes = {i: {"saturation": saturation} for i in range(0, 120, 6)}
    changes = {i: sampled.get(i, {}) | luma_alone.get(i, {}) for i in {*sampled, *luma_alone}}
    assert len(shots_of(120, changes)) == 1 + cuts


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_picture_between_two_shots_that_is_blended_of_both_hides_no_cut(share: float) -> None:
    """A conversion of the frame rate makes such a picture; either half alone stands out from the other by too little."""
    across: Changes = {i: {"blend_distance": 60.0} for i in range(60, 73)}
    half = {60: share, 61: 1 - share}
    columns = ("delta_hue", "delta_sat", "delta_lum", "difference")
    for frame, part in half.items():
        across[frame] = {"blend_distance": 60.0} | dict.fromkeys(columns, 60.0 * part)
    changes = {i: {"delta_hue": 6.0, "delta_sat": 6.0, "delta_lum": 6.0} for i in range(1, 120)} | across
    assert shots_of(120, changes) == [("start", 0, 60, "cut"), ("cut", 61, 120, "end")]


def test_two_changes_that_lead_back_to_the_same_picture_are_no_cut() -> None:
    moving: Changes = {i: {"delta_hue": 6.0, "delta_sat": 6.0, "delta_lum": 6.0} for i in range(1, 120)}
    halves = dict.fromkeys((60, 61), dict.fromkeys(("delta_hue", "delta_sat", "delta_lum", "difference"), 30.0))
    assert shots_of(120, moving | halves) == [("start", 0, 120, "end")]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_cut(length: int) -> None:
    inside = {i: {"blend_distance": 60.0} for i in range(50, 50 + length)}
    flash = inside | {50: CHANGE | {"blend_distance": 60.0}, 50 + length: CHANGE}
    assert shots_of(100, flash) == [("start", 0, 100, "end")]


def test_a_flash_that_hides_a_cut_is_a_cut() -> None:
    new_picture: Changes = {i: {"blend_distance": 60.0} for i in range(50, 62)}
    flash = new_picture | {50: CHANGE | {"blend_distance": 60.0}, 52: CHANGE | {"blend_distance": 60.0}}
    assert [(begins, ends) for begins, _, _, ends in shots_of(100, flash)] == [("start", "cut"), ("cut", "end")]


def test_a_second_cut_to_a_picture_of_the_same_brightness_is_no_flash() -> None:
    """Seen on three flat colours, ten frames each, of which the last two have the same luma."""
    assert shots_of(60, cut(20) | cut(30, apart=12.0, step=3.0)) == [
        ("start", 0, 20, "cut"),
        ("cut", 20, 30, "cut"),
        ("cut", 30, 60, "end"),
    ]


def test_a_fade_through_black_is_one_transition_from_where_luma_falls_to_where_it_is_back() -> None:
    assert shots_of(120, fade(40, 50, 55, 65)) == [("start", 0, 40, "fade"), ("fade", 65, 120, "end")]


def test_a_repeated_frame_does_not_end_a_fade() -> None:
    changes = fade(40, 50, 55, 65)
    changes[44] = changes[43]
    changes[61] = changes[60]
    assert shots_of(120, changes) == [("start", 0, 40, "fade"), ("fade", 65, 120, "end")]


def test_fades_at_the_ends_of_a_video_are_trimmed_off_its_shot() -> None:
    assert shots_of(120, fade(-9, 0, 5, 15) | fade(100, 110, 120, 120)) == [("fade", 15, 100, "fade")]


def test_a_black_flash_is_no_fade() -> None:
    changes: Changes = {
        50: BLACK | CHANGE | {"blend_distance": 100.0},
        51: BLACK | {"blend_distance": 100.0},
        52: CHANGE,
    }
    assert shots_of(100, changes) == [("start", 0, 100, "end")]


def test_a_dark_scene_is_no_fade() -> None:
    night = {"luma_mean": 8.0, "luma_std": 20.0, "rgb_mean": 8.0, "black_share": 0.9}
    assert shots_of(100, dict.fromkeys(range(100), night)) == [("start", 0, 100, "end")]


def test_a_black_video_has_no_shot() -> None:
    table = make_signals(50, dict.fromkeys(range(50), BLACK))
    shots = find_shots(table, make_facts(table), SETTINGS)
    assert shots.height == 0
    assert shots.columns == [c for c in SHOTS.schema if c not in ("batch", "version")]


def test_a_dissolve_is_left_out_of_both_shots() -> None:
    blend = {"blend_distance": 40.0, "blend_residual": 0.03}
    assert shots_of(120, dict.fromkeys(range(59, 73), blend)) == [
        ("start", 0, 50, "dissolve"),
        ("dissolve", 70, 120, "end"),
    ]


def test_camera_motion_is_no_dissolve() -> None:
    pan = {"blend_distance": 60.0, "blend_residual": 0.4}
    assert shots_of(120, dict.fromkeys(range(40, 80), pan)) == [("start", 0, 120, "end")]


def test_a_cut_found_inside_a_dissolve_is_not_counted_again() -> None:
    blend: Changes = {i: {"blend_distance": 40.0, "blend_residual": 0.03} for i in range(59, 73)}
    blend[60] = blend[60] | CHANGE
    assert shots_of(120, blend) == [("start", 0, 50, "dissolve"), ("dissolve", 70, 120, "end")]


def test_a_corrupt_frame_splits_a_shot() -> None:
    assert shots_of(100, {40: {"corrupt": True}}) == [("start", 0, 40, "damage"), ("damage", 41, 100, "end")]


def test_a_piece_shorter_than_the_least_length_belongs_to_no_shot() -> None:
    corrupt = {"corrupt": True}
    assert shots_of(100, {40: corrupt, 45: corrupt}) == [("start", 0, 40, "damage"), ("damage", 46, 100, "end")]
    assert shots_of(100, {40: corrupt, 46: corrupt})[1] == ("damage", 41, 46, "damage")


def test_a_changed_threshold_moves_boundaries_without_a_decode() -> None:
    table = make_signals(100, cut(30))
    assert find_shots(table, make_facts(table), SETTINGS).height == 2
    assert find_shots(table, make_facts(table), ShotSettings(min_content_change=61.0)).height == 1


def test_times_are_the_exact_pts_of_frames_at_a_variable_rate() -> None:
    pts = [i * 40 + (i % 3) * 7 for i in range(60)]
    table = make_signals(60, cut(30), pts)
    first, second = find_shots(table, make_facts(table, end_pts=2500), SETTINGS).iter_rows(named=True)
    assert (first["start_pts"], first["end_pts"], second["start_pts"], second["end_pts"]) == (0, pts[30], pts[30], 2500)
    assert (second["start_s"], second["end_s"]) == (1.2, 2.5)
    assert second["shot_id"] == shot_id("v", 0, pts[30], 2500)


def test_frames_out_of_order_are_refused() -> None:
    table = make_signals(50)
    with pytest.raises(ValueError, match="not numbered from 0 in order"):
        find_shots(table.reverse(), make_facts(table), SETTINGS)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), min_size=1).filter(lambda runs: max(map(max, runs)) > 0)
)
def test_shots_are_exactly_the_stretches_of_good_frames_that_are_long_enough(stretches: list[tuple[int, int]]) -> None:
    corrupt = [bad for good, damaged in stretches for bad in [False] * good + [True] * damaged]
    table = make_signals(len(corrupt), {i: {"corrupt": True} for i, bad in enumerate(corrupt) if bad})
    good = re.finditer(r"\.+", "".join("x" if bad else "." for bad in corrupt))
    expected = [found.span() for found in good if len(found[0]) >= LEAST_FRAMES]
    assert find_shots(table, make_facts(table), SETTINGS).select("start_frame", "end_frame").rows() == expected


LEVEL = st.sampled_from([0.0, 3.0, 30.0, 90.0])
FRAME = st.fixed_dictionaries(
    {
        "corrupt": st.integers(0, 30).map(lambda n: n == 0),
        "luma_mean": LEVEL,
        "rgb_mean": LEVEL,
        "black_share": st.sampled_from([0.0, 1.0]),
        "delta_hue": LEVEL,
        "delta_sat": LEVEL,
        "delta_lum": LEVEL,
        "difference": LEVEL,
        "blend_distance": st.none() | LEVEL,
        "blend_residual": st.none() | st.sampled_from([0.0, 0.1, 0.5]),
    }
)


@settings(deadline=None)
@given(st.lists(FRAME, min_size=1, max_size=80))
def test_shots_of_any_signals_are_sorted_disjoint_long_enough_and_sound(frames: list[dict[str, Any]]) -> None:
    table = make_signals(len(frames), dict(enumerate(frames)))
    shots = find_shots(table, make_facts(table), SETTINGS)
    assert shots.equals(find_shots(table, make_facts(table), SETTINGS))
    assert shots["shot"].to_list() == list(range(shots.height))
    ends = 0
    for row in shots.iter_rows(named=True):
        start, end = row["start_frame"], row["end_frame"]
        assert ends <= start <= end - LEAST_FRAMES
        assert (row["begins"] == "start") == (start == 0)
        assert (row["ends"] == "end") == (end == len(frames))
        assert not table["corrupt"][start:end].any()
        ends = end
    assert shots["shot_id"].n_unique() == shots.height
