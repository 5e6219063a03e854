import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.measure.made_clips import clip, clips_of, frames_of, in_sql, random_frames
from video_assets.measure.motion import motion_scores
from video_assets.measure.visual import visual_scores
from video_assets.scorers.visual import VISUAL_SCORES

AGGREGATES = """
SELECT clip_id,
    median(sharpness::DOUBLE) AS sharpness,
    quantile_cont(sharpness::DOUBLE, 0.1) AS sharpness_p10,
    arg_min(sharpness::DOUBLE, frame) FILTER (sharpness IS NOT NULL) AS sharpness_start,
    avg(luma_mean) AS luma_mean,
    avg(luma_std) AS luma_std,
    avg(dark_share) AS dark_share,
    avg(bright_share) AS bright_share,
    avg((black_share >= 0.98)::INT) AS black_share,
    avg(saturation) AS saturation,
    avg(abs(second)) AS flicker,
    quantile_disc(bar_left::DOUBLE, 0.5) AS bar_left,
    quantile_disc(bar_right::DOUBLE, 0.5) AS bar_right,
    quantile_disc(bar_top::DOUBLE, 0.5) AS bar_top,
    quantile_disc(bar_bottom::DOUBLE, 0.5) AS bar_bottom
FROM (
    SELECT *, luma_mean::DOUBLE - 2 * lag(luma_mean::DOUBLE) OVER w + lag(luma_mean::DOUBLE, 2) OVER w AS second
    FROM inside WINDOW w AS (PARTITION BY clip_id ORDER BY frame)
) GROUP BY clip_id ORDER BY clip_id
"""


def scores_of(columns: dict[str, list[float | None]], min_bar_share: float = 0.04) -> dict[str, object]:
    """Score one clip that is its whole video; one sampled frame is added where none is given."""
    frames = len(next(iter(columns.values())))
    sampled: list[float | None] = [1.0] + [None] * (frames - 1)
    signals = frames_of("v", {"sharpness": sampled, **columns})
    return visual_scores(clips_of(clip("c", "v", 0, frames)), signals, min_bar_share).row(0, named=True)


def test_every_aggregate_can_be_computed_again_in_sql() -> None:
    signals = pl.concat([random_frames("v", 300, 1), random_frames("w", 300, 2)])
    clips = clips_of(clip("a", "v", 0, 120), clip("b", "v", 120, 300), clip("c", "w", 7, 150))
    scores = visual_scores(clips, signals.sample(fraction=1, shuffle=True, seed=3), 0.04).sort("clip_id")
    expected = in_sql(AGGREGATES, clips, signals)
    assert_frame_equal(scores.select(expected.columns), expected)


def test_clips_that_overlap_are_each_scored_on_their_own_frames() -> None:
    signals = frames_of("v", {"luma_mean": [0.0] * 10 + [90.0] * 10, "sharpness": [5.0] * 20})
    clips = clips_of(clip("a", "v", 0, 15), clip("b", "v", 5, 20))
    assert dict(visual_scores(clips, signals, 0.04).select("clip_id", "luma_mean").rows()) == {"a": 30.0, "b": 60.0}


def test_the_sharpness_of_the_start_is_that_of_the_first_sampled_frame() -> None:
    assert scores_of({"sharpness": [None, None, 7.0, 100.0, 50.0]})["sharpness_start"] == 7.0


def test_a_frame_is_black_from_98_percent_of_dark_pixels_on() -> None:
    assert scores_of({"black_share": [0.97, 0.98, 1.0, 0.0]})["black_share"] == 0.5


def test_flicker_is_zero_in_an_even_fade_and_not_in_a_flickering_picture() -> None:
    assert scores_of({"luma_mean": [10.0, 20.0, 30.0, 40.0]})["flicker"] == 0.0
    assert scores_of({"luma_mean": [10.0, 12.0, 10.0, 12.0]})["flicker"] == 4.0


def test_flicker_does_not_look_past_the_clip() -> None:
    signals = frames_of("v", {"luma_mean": [200.0] * 5 + [50.0] * 10, "sharpness": [1.0] * 15})
    assert visual_scores(clips_of(clip("c", "v", 5, 15)), signals, 0.04)["flicker"].item() == 0.0


def test_the_share_of_borders_is_what_bars_of_some_width_cover() -> None:
    bars: dict[str, list[float | None]] = {
        "bar_left": [0.125] * 4,
        "bar_right": [0.125] * 4,
        "bar_top": [0.2] * 4,
        "bar_bottom": [0.03] * 4,
    }
    assert scores_of(bars)["border_share"] == pytest.approx(1 - 0.75 * 0.8)
    assert scores_of(bars, min_bar_share=0.3)["border_share"] == 0.0


def test_a_bar_counts_as_wide_as_most_frames_have_it() -> None:
    bars: dict[str, list[float | None]] = {"bar_top": [0.0, *[0.125] * 10], "bar_bottom": [0.5, *[0.0] * 10]}
    scores = scores_of(bars)
    assert (scores["bar_top"], scores["bar_bottom"]) == (0.125, 0.0)


def test_a_clip_that_is_dark_throughout_has_no_bars_but_is_measured() -> None:
    scores = scores_of({"luma_mean": [3.0] * 4, "black_share": [1.0] * 4})
    assert (scores["black_share"], scores["bar_top"], scores["border_share"], scores["reason"]) == (
        1.0,
        None,
        None,
        None,
    )


def test_what_is_seen_for_longer_counts_for_longer() -> None:
    """Half a second at four frames a second, and then one frame that stands for two seconds."""
    columns: dict[str, list[float]] = {
        "time_s": [0.0, 0.25, 0.5],
        "luma_mean": [10.0, 10.0, 60.0],
        "black_share": [1.0, 1.0, 0.0],
        "sharpness": [1.0, 2.0, 8.0],
        "dark_share": [1.0, 1.0, 0.0],
    }
    whole = clip("c", "v", 0, 3) | {"end_s": 2.5, "duration_s": 2.5}
    scores = visual_scores(clips_of(whole), frames_of("v", columns), 0.04).row(0, named=True)
    assert {name: scores[name] for name in ("luma_mean", "black_share", "sharpness", "dark_share")} == {
        "luma_mean": 50.0,
        "black_share": 0.2,
        "sharpness": 8.0,
        "dark_share": 0.2,
    }


def test_a_clip_without_signals_is_a_row_with_a_reason_and_no_number() -> None:
    signals = frames_of("v", {"luma_mean": [50.0] * 20, "sharpness": [5.0] * 10 + [None] * 10})
    clips = clips_of(clip("good", "v", 0, 10), clip("not sampled", "v", 10, 20), clip("no video", "w", 0, 10))
    scores = visual_scores(clips, signals, 0.04)
    assert dict(scores.select("clip_id", "reason").rows()) == {
        "good": None,
        "not sampled": "not_measured",
        "no video": "not_measured",
    }
    failed = scores.filter(pl.col("reason").is_not_null())
    assert failed["message"].to_list() == ["No frame of the clip was sampled."] * 2
    values = failed.drop("clip_id", "video_id", "reason", "message")
    assert values.null_count().row(0) == (2,) * values.width


def test_no_clips_give_no_rows_in_the_right_columns() -> None:
    scores = visual_scores(clips_of(), random_frames("v", 10, 1), 0.04)
    assert scores.is_empty()
    assert scores.schema == {c: t for c, t in VISUAL_SCORES.table.schema.items() if c not in ("batch", "version")}


def test_what_a_clip_shows_is_measured_without_the_bars_that_are_cut_off() -> None:
    """A picture of luma 100 to 140, a tenth of it under-exposed, that fills three quarters of its frame."""
    inside, share = np.array([100.0, 140.0]), 0.75
    frame = np.append(np.repeat(inside, 3), [0.0, 0.0])
    whole: dict[str, list[float | None]] = {
        "width": [640] * 8, "height": [360] * 8, "luma_mean": [frame.mean()] * 8, "luma_std": [frame.std()] * 8,
        "dark_share": [0.1 * share + 0.25] * 8, "bright_share": [0.2 * share] * 8, "saturation": [0.4 * share] * 8,
        "black_share": [0.1 * share + 0.25] * 8, "sharpness": [50.0] * 8,
    }  # fmt: skip
    cropped = clip("c", "v", 0, 8) | {"crop_x": 0, "crop_y": 45, "crop_width": 640, "crop_height": 270}
    scores = visual_scores(clips_of(cropped), frames_of("v", whole), 0.04).row(0, named=True)
    expected = {"luma_mean": 120.0, "luma_std": 20.0, "dark_share": 0.1, "bright_share": 0.2, "saturation": 0.4}
    assert {name: scores[name] for name in expected} == pytest.approx(expected, rel=1e-5)
    moving = {"vmaf_motion": [None] + [3.0] * 7, "changed_share": [None] + [0.0024] * 7}
    motion = motion_scores(clips_of(cropped), frames_of("v", whole | moving)).row(0, named=True)
    assert motion["vmaf_motion"] == pytest.approx(4.0, rel=1e-5)
    assert motion["still_share"] == 0.0
