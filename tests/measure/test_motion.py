import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.measure.made_clips import clip, clips_of, frames_of, in_sql, random_frames
from video_assets.measure.motion import motion_scores
from video_assets.scorers.motion import MOTION_SCORES

AGGREGATES = """
WITH coloured AS (
    SELECT *, least(greatest(
        coalesce(last_value(saturation IGNORE NULLS) OVER (PARTITION BY clip_id ORDER BY frame), 0),
        coalesce(first_value(saturation IGNORE NULLS) OVER (
            PARTITION BY clip_id ORDER BY frame ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ), 0)
    )::DOUBLE / 0.1, 1) AS colour FROM inside
), compared AS (
    SELECT *,
        time_s - lag(time_s) OVER w AS seconds,
        changed_share < 0.003::REAL AS unchanged,
        (delta_lum::DOUBLE + colour * (delta_hue::DOUBLE + delta_sat::DOUBLE)) / (1 + 2 * colour) >= 27 AS crossing
    FROM coloured WINDOW w AS (PARTITION BY clip_id ORDER BY frame)
    QUALIFY step
), runs AS (
    SELECT *, sum((unchanged IS DISTINCT FROM before)::INT) OVER (PARTITION BY clip_id ORDER BY frame) AS run
    FROM (SELECT *, lag(unchanged) OVER w AS before FROM compared WINDOW w AS (PARTITION BY clip_id ORDER BY frame))
), steps AS (
    SELECT * EXCLUDE (before), unchanged AND round(sum(seconds) OVER (PARTITION BY clip_id, run), 6) > 0.15 AS still FROM runs
), marked AS (
    SELECT *,
        sum((still IS DISTINCT FROM before)::INT) OVER (PARTITION BY clip_id ORDER BY frame) AS stretch,
        crossing AND NOT coalesce(frame - last_crossing < 5, false) AS boundary
    FROM (
        SELECT *,
            lag(still) OVER w AS before,
            max(frame) FILTER (crossing) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS last_crossing
        FROM steps WINDOW w AS (PARTITION BY clip_id ORDER BY frame)
    )
), stretches AS (
    SELECT clip_id, stretch, any_value(still) AS still, round(sum(seconds), 6) AS seconds FROM marked GROUP BY ALL
), sudden AS (
    SELECT clip_id, max(seconds) FILTER (still) AS longest_still_s, count(*) FILTER (is_sudden) AS sudden_changes
    FROM (
        SELECT *, NOT still AND seconds <= 0.5
            AND lag(seconds) OVER w >= 0.5 AND lead(seconds) OVER w >= 0.5 AS is_sudden
        FROM stretches WINDOW w AS (PARTITION BY clip_id ORDER BY stretch)
    ) GROUP BY clip_id
)
SELECT clip_id,
    avg(vmaf_motion) AS vmaf_motion,
    avg(still::INT) AS still_share,
    any_value(longest_still_s) AS longest_still_s,
    any_value(sudden_changes)::INT AS sudden_changes,
    count(*) FILTER (boundary) / any_value(duration_s) AS shots_per_second
FROM marked JOIN sudden USING (clip_id) GROUP BY clip_id ORDER BY clip_id
"""
STILL, CHANGED = 0.001, 0.5


def scores_of(columns: dict[str, list[float | None]], fps: float = 25.0) -> dict[str, object]:
    """Score one clip that is its whole video."""
    frames = len(next(iter(columns.values())))
    measured: list[float | None] = [None] + [1.0] * (frames - 1)
    signals = frames_of("v", {"vmaf_motion": measured, **columns}, fps)
    return motion_scores(clips_of(clip("c", "v", 0, frames, fps)), signals).row(0, named=True)


def changes(*stretches: tuple[int, float]) -> dict[str, list[float | None]]:
    """Make changed_share from (steps, value) stretches, after the first frame, which is no step."""
    return {"changed_share": [None, *(value for steps, value in stretches for _ in range(steps))]}


def test_every_aggregate_can_be_computed_again_in_sql() -> None:
    signals = pl.concat([random_frames("v", 600, 1), random_frames("w", 600, 2)])
    clips = clips_of(clip("a", "v", 0, 220), clip("b", "v", 220, 600), clip("c", "w", 7, 450))
    scores = motion_scores(clips, signals.sample(fraction=1, shuffle=True, seed=3)).sort("clip_id")
    expected = in_sql(AGGREGATES, clips, signals)
    assert expected["sudden_changes"].sum() > 0
    assert_frame_equal(scores.select(expected.columns), expected)


def test_the_first_frame_of_a_clip_is_no_step() -> None:
    """It differs from a frame outside the clip, here by a whole cut."""
    cut_at_5 = {"vmaf_motion": [9.0] * 5 + [200.0] + [1.0] * 9, "changed_share": [STILL] * 5 + [0.9] + [STILL] * 9}
    signals = frames_of(
        "v", cut_at_5 | {c: [0.0] * 5 + [90.0] + [0.0] * 9 for c in ("delta_hue", "delta_sat", "delta_lum")}
    )
    scores = motion_scores(clips_of(clip("c", "v", 5, 15)), signals).row(0, named=True)
    assert (scores["vmaf_motion"], scores["still_share"], scores["shots_per_second"]) == (1.0, 1.0, 0.0)


def test_a_frozen_clip_is_still_for_all_its_steps() -> None:
    scores = scores_of(changes((100, 0.0)))
    assert (scores["still_share"], scores["longest_still_s"], scores["sudden_changes"]) == (1.0, pytest.approx(4.0), 0)


def test_what_is_shown_twice_or_for_a_moment_is_not_still() -> None:
    """A silent film, or a drawn one on threes, has frames twice at 24 frames a second; nothing rests in it."""
    twice, threes = [(1, CHANGED), (1, STILL)] * 25, [(1, CHANGED), (2, STILL)] * 20
    for frames in (twice, threes):
        scores = scores_of(changes(*frames), fps=24)
        assert (scores["still_share"], scores["longest_still_s"]) == (0.0, 0.0)
    rests = scores_of(changes(*[(1, CHANGED), (4, STILL)] * 10), fps=24)
    assert (rests["still_share"], rests["longest_still_s"]) == (pytest.approx(0.8), pytest.approx(4 / 24, rel=1e-4))


def test_where_the_camera_moves_nothing_is_still() -> None:
    """A slow pan over soft shapes changes hardly a pixel from frame to frame."""
    moves: dict[str, list[float | None]] = {
        name: [(value if i < 50 else 0.0) if i % 4 == 0 else None for i in range(101)]
        for name, value in (("camera_pan", 0.1), ("camera_tilt", 0.0), ("camera_zoom", 0.0), ("camera_roll", 0.0))
    }
    told: dict[str, list[float | None]] = {
        name: [1.0 if i % 4 == 0 else None for i in range(101)] for name in ("camera_support", "object_motion")
    }
    scores = scores_of(changes((100, STILL)) | moves | told)
    assert scores["still_share"] == pytest.approx(0.52, abs=0.01)
    assert scores["longest_still_s"] == pytest.approx(2.08, abs=0.05)
    held: dict[str, list[float | None]] = {
        name: [0.0 if v is not None else None for v in c] for name, c in moves.items()
    }
    assert scores_of(changes((100, STILL)) | held | told)["still_share"] == 1.0


@pytest.mark.parametrize(("two_steps", "brought"), [(1.0, 1.0), (1.5, 0.586), (2.0, 0.5)])
def test_motion_of_a_slow_stream_is_brought_to_films_by_how_it_grows_with_time(
    two_steps: float, brought: float
) -> None:
    """From 1/24 to 1/12 s as a little more than from 1/12 to 1/6: noise not at all, a pan by the time."""
    twice = [two_steps if i % 3 == 0 and i else None for i in range(60)]
    scores = scores_of({"vmaf_motion_two_steps": twice} | changes((59, CHANGED)), fps=12)
    assert scores["vmaf_motion"] == pytest.approx(brought, abs=0.01)


def test_the_longest_still_stretch_is_measured_in_time_and_not_in_frames() -> None:
    assert scores_of(changes((10, STILL), (5, CHANGED), (30, STILL)), fps=10)["longest_still_s"] == pytest.approx(3.0)
    assert scores_of(changes((20, CHANGED)))["longest_still_s"] == 0.0


def test_a_slide_show_has_one_sudden_change_for_each_new_slide() -> None:
    scores = scores_of(changes((40, STILL), (1, CHANGED), (40, STILL), (8, CHANGED), (40, STILL)))
    assert scores["sudden_changes"] == 2


def test_a_change_that_lasts_or_that_follows_another_soon_is_not_sudden() -> None:
    assert scores_of(changes((40, STILL), (20, CHANGED), (40, STILL)))["sudden_changes"] == 0
    assert scores_of(changes((40, STILL), (1, CHANGED), (5, STILL), (1, CHANGED), (40, STILL)))["sudden_changes"] == 0
    assert scores_of(changes((1, CHANGED), (40, STILL)))["sudden_changes"] == 0


def test_both_limits_of_a_sudden_change_are_allowed() -> None:
    assert scores_of(changes((5, STILL), (5, CHANGED), (5, STILL)), fps=10)["sudden_changes"] == 1
    assert scores_of(changes((4, STILL), (5, CHANGED), (5, STILL)), fps=10)["sudden_changes"] == 0
    assert scores_of(changes((5, STILL), (6, CHANGED), (5, STILL)), fps=10)["sudden_changes"] == 0


def test_crossings_closer_than_five_frames_are_one_boundary() -> None:
    spikes = [90.0 if i in (20, 22, 26, 50, 55) else 1.0 for i in range(100)]
    scores = scores_of({c: list(spikes) for c in ("delta_hue", "delta_sat", "delta_lum")})
    assert scores["shots_per_second"] == 3 / 4


def test_without_camera_steps_only_theirs_are_missing_and_the_row_is_good() -> None:
    scores = scores_of(changes((20, STILL)))
    assert (scores["motion_vector"], scores["camera_pan"], scores["camera_tilt"]) == (None, None, None)
    assert (scores["still_share"], scores["reason"]) == (1.0, None)


def test_the_length_of_motion_is_of_the_time_between_camera_steps() -> None:
    """In a picture of 640 by 360 a sixteenth of the long side a second, then nothing, which is not stored for 2 s."""
    told: list[float | None] = [1.0 if i % 4 == 0 else None for i in range(101)]
    length: list[float | None] = [1 / 16 if i % 4 == 0 else None for i in range(101)]
    size: dict[str, list[float | None]] = {"width": [640.0] * 101, "height": [360.0] * 101}
    moving = {"camera_support": told, "flow_length": length} | size | changes((100, CHANGED))
    assert scores_of(moving)["motion_vector"] == pytest.approx(640 / 16 / 24)
    rows = frames_of("v", {"vmaf_motion": [None] + [1.0] * 100} | moving)
    stood = rows.with_columns(
        time_s=pl.col("time_s") + pl.when(pl.col("frame") > 50).then(4.0).otherwise(0.0),
        flow_length=pl.when(pl.col("frame") != 52).then("flow_length"),
    )
    clips = clips_of(clip("c", "v", 0, 101) | {"end_s": 8.04, "duration_s": 8.04})
    assert motion_scores(clips, stood).item(0, "motion_vector") == pytest.approx(640 / 16 / 24 * 3.84 / 8, rel=0.01)


def test_a_clip_without_a_measured_step_is_a_row_with_a_reason_and_no_number() -> None:
    signals = frames_of("v", {"vmaf_motion": [1.0] * 10 + [None] * 10, "changed_share": [STILL] * 10 + [None] * 10})
    clips = clips_of(
        clip("good", "v", 0, 10), clip("nulls", "v", 10, 20), clip("one", "v", 0, 1), clip("no", "w", 0, 9)
    )
    scores = motion_scores(clips, signals)
    failed = scores.filter(pl.col("reason") == "not_measured")
    assert set(failed["clip_id"]) == {"nulls", "one", "no"}
    assert failed["message"].unique().to_list() == [
        "No frame of the clip has a measured difference from the one before."
    ]
    values = failed.drop("clip_id", "video_id", "reason", "message")
    assert values.null_count().row(0) == (3,) * values.width


def test_no_clips_give_no_rows_in_the_right_columns() -> None:
    scores = motion_scores(clips_of(), random_frames("v", 10, 1))
    assert scores.is_empty()
    assert scores.schema == {c: t for c, t in MOTION_SCORES.table.schema.items() if c not in ("batch", "version")}
