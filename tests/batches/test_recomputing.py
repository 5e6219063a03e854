"""Every score follows from frame_signals alone: recomputed here in SQL, without opening a video again."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs
import pytest
from polars.testing import assert_frame_equal

from tests.place import Place
from video_assets.scorers.motion import MOTION_SCORES
from video_assets.scorers.visual import VISUAL_SCORES

BARS = ("bar_left", "bar_right", "bar_top", "bar_bottom")
# Clips in which a picture stands have its repeats put back first, which tests/measure/test_frame_rates.py is about.
FRAMES = """
frames AS (
    SELECT c.clip_id, c.duration_s, f.* REPLACE (f.luma_mean / crop.share AS luma_mean, f.vmaf_motion / crop.share AS vmaf_motion,
            f.vmaf_motion_two_steps / crop.share AS vmaf_motion_two_steps, f.saturation / crop.share AS saturation,
            f.changed_share / crop.share AS changed_share, f.bright_share / crop.share AS bright_share,
            if(f.dark_share IS NOT NULL, greatest((f.dark_share::DOUBLE - 1 + crop.share) / crop.share, 0), NULL) AS dark_share,
            greatest((f.black_share::DOUBLE - 1 + crop.share) / crop.share, 0) AS black_share,
            f.delta_hue / crop.share AS delta_hue, f.delta_sat / crop.share AS delta_sat, f.delta_lum / crop.share AS delta_lum,
            sqrt(greatest((f.luma_std::DOUBLE ** 2 + f.luma_mean::DOUBLE ** 2) / crop.share - (f.luma_mean::DOUBLE / crop.share) ** 2, 0)) AS luma_std),
        f.frame > c.start_frame AS step,
        round(f.time_s - lag(f.time_s) OVER clip, 6) AS since,
        round(coalesce(lead(f.time_s) OVER clip, c.end_s) - f.time_s, 6) AS shown
    FROM clips AS c
    JOIN frame_signals AS f ON f.video_id = c.video_id AND f.frame >= c.start_frame AND f.frame < c.end_frame
    CROSS JOIN LATERAL (SELECT c.crop_width::DOUBLE * c.crop_height / (f.width * f.height) AS share) AS crop
    WINDOW clip AS (PARTITION BY c.clip_id ORDER BY f.frame)
),
moved AS (SELECT clip_id FROM frames GROUP BY clip_id HAVING max(shown) <= 0.15),
stepped AS (
    SELECT *, round(time_s - lag(time_s) OVER clip, 6) AS seconds, luma_mean - lag(luma_mean) OVER clip AS luma_step
    FROM frames SEMI JOIN moved USING (clip_id) WHERE vmaf_motion IS NOT NULL OR frame = 0
    WINDOW clip AS (PARTITION BY clip_id ORDER BY frame)
)"""
VISUAL = f"""
WITH {FRAMES},
flickering AS (
    SELECT clip_id, seconds, abs(luma_step - lag(luma_step) OVER (PARTITION BY clip_id ORDER BY frame)) AS second
    FROM stepped QUALIFY second IS NOT NULL
),
scores AS (
    SELECT clip_id,
        median(sharpness::DOUBLE) AS sharpness, quantile_cont(sharpness::DOUBLE, 0.1) AS sharpness_p10,
        arg_min(sharpness::DOUBLE, frame) FILTER (sharpness IS NOT NULL) AS sharpness_start,
        sum(luma_mean * shown) / sum(shown) AS luma_mean, sum(luma_std * shown) / sum(shown) AS luma_std,
        avg(dark_share) AS dark_share, avg(bright_share) AS bright_share,
        sum((black_share >= 0.98)::INTEGER * shown) / sum(shown) AS black_share,
        avg(saturation) AS saturation,
        {", ".join(f"quantile_disc({bar}::DOUBLE, 0.5) AS {bar}" for bar in BARS)}
    FROM frames SEMI JOIN moved USING (clip_id) GROUP BY clip_id
)
SELECT scores.*, f.flicker,
    1 - (1 - if(bar_left >= 0.04, bar_left, 0) - if(bar_right >= 0.04, bar_right, 0))
      * (1 - if(bar_top >= 0.04, bar_top, 0) - if(bar_bottom >= 0.04, bar_bottom, 0)) AS border_share
FROM scores JOIN (SELECT clip_id, sum(second * seconds) / sum(seconds) AS flicker FROM flickering GROUP BY clip_id) AS f USING (clip_id)
ORDER BY clip_id"""
MOTION = f"""
WITH {FRAMES},
camera_steps AS (
    SELECT *, count(*) OVER (PARTITION BY clip_id) AS clip_steps FROM (
        SELECT * FROM frames WHERE camera_support IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY frame) > 1
    )
),
smoothed AS (
    SELECT *, median(camera_pan::DOUBLE) OVER around AS pan, median(camera_tilt::DOUBLE) OVER around AS tilt,
        median(camera_zoom::DOUBLE) OVER around / 2 AS zoom, radians(median(camera_roll::DOUBLE) OVER around) / 2 AS roll,
        median(coalesce(camera_held, 0)::DOUBLE) OVER around AS held
    FROM camera_steps WHERE camera_support >= 0.4
    WINDOW around AS (PARTITION BY clip_id ORDER BY frame ROWS BETWEEN 6 PRECEDING AND 6 FOLLOWING)
),
shaken AS (
    SELECT *, sqrt((camera_pan - pan) ** 2 + (camera_tilt - tilt) ** 2) AS off, abs(camera_zoom / 2 - zoom) AS unsteady
    FROM smoothed
),
around AS (
    SELECT *, greatest(abs(pan), abs(tilt), abs(zoom), abs(roll)) AS fastest, median(off) OVER around AS off_around,
        median(unsteady) OVER around AS unsteady_around
    FROM shaken
    WINDOW around AS (PARTITION BY clip_id ORDER BY frame ROWS BETWEEN 6 PRECEDING AND 6 FOLLOWING)
),
classed AS (
    SELECT *, abs(camera_pan) >= 0.015 OR abs(camera_tilt) >= 0.015 OR abs(camera_zoom) / 2 >= 0.005
        OR radians(abs(camera_roll)) / 2 >= 0.015 AS goes, CASE
        WHEN fastest < 0.7 * off_around OR fastest < if(abs(zoom) = fastest, greatest(0.005, 3 * unsteady_around), 0.015)
            THEN if(off_around >= 0.02, 'handheld', 'static')
        WHEN fastest IN (abs(pan), abs(tilt), abs(roll)) AND held >= 0.12 THEN 'mixed'
        WHEN abs(pan) = fastest THEN if(pan > 0, 'pan_right', 'pan_left')
        WHEN abs(tilt) = fastest THEN if(tilt > 0, 'tilt_up', 'tilt_down')
        WHEN abs(zoom) = fastest THEN if(zoom > 0, 'zoom_in', 'zoom_out')
        ELSE if(roll > 0, 'roll_right', 'roll_left')
    END AS class
    FROM around
),
told_steps AS (SELECT s.clip_id, s.frame, coalesce(class NOT IN ('static', 'handheld') AND goes, false) AS moves
    FROM camera_steps AS s LEFT JOIN classed USING (clip_id, frame)),
judged AS (
    SELECT f.*, changed_share < 0.003 AND NOT coalesce(up_to.moves, before.moves, false) AS still
    FROM stepped AS f
    ASOF LEFT JOIN told_steps AS up_to ON f.clip_id = up_to.clip_id AND f.frame <= up_to.frame
    ASOF LEFT JOIN told_steps AS before ON f.clip_id = before.clip_id AND f.frame >= before.frame
    WHERE seconds IS NOT NULL
),
runs AS (
    SELECT *, row_number() OVER clip - row_number() OVER (PARTITION BY clip_id, still ORDER BY frame) AS run
    FROM judged WINDOW clip AS (PARTITION BY clip_id ORDER BY frame)
),
steps AS (
    SELECT * EXCLUDE (still, run),
        still AND round(sum(seconds) OVER (PARTITION BY clip_id, still, run), 6) > 0.15 AS still
    FROM runs
),
pairs AS (
    SELECT *, (vmaf_motion::DOUBLE + lag(vmaf_motion::DOUBLE) OVER (PARTITION BY clip_id ORDER BY frame)) / 2 AS one_step
    FROM steps
),
grown AS (
    SELECT clip_id, CASE WHEN count(*) >= 4 AND sum(one_step) > 0 AND sum(vmaf_motion_two_steps) > 0
        THEN least(greatest(log2(sum(vmaf_motion_two_steps::DOUBLE) / sum(one_step)), 0), 1) END AS growth
    FROM pairs WHERE seconds <= 0.15 AND one_step IS NOT NULL AND vmaf_motion_two_steps IS NOT NULL GROUP BY clip_id
),
apart AS (
    SELECT *, round(time_s - lag(time_s) OVER (PARTITION BY clip_id ORDER BY frame), 6) AS gap
    FROM frames WHERE camera_support IS NOT NULL
),
lengths AS (
    SELECT clip_id, gap, coalesce(flow_length::DOUBLE, if(gap > 0.5, 0, NULL)) * greatest(width, height) / 24 AS length
    FROM apart WHERE gap IS NOT NULL
),
flowed AS (
    SELECT clip_id, sum(length * gap) / sum(gap) AS motion_vector FROM lengths WHERE length IS NOT NULL GROUP BY clip_id
),
stretched AS (
    SELECT *, row_number() OVER clip - row_number() OVER (PARTITION BY clip_id, still ORDER BY frame) AS stretch
    FROM steps WINDOW clip AS (PARTITION BY clip_id ORDER BY frame)
),
stretches AS (
    SELECT clip_id, still, min(frame) AS frame, round(sum(seconds), 6) AS seconds
    FROM stretched GROUP BY clip_id, still, stretch
),
between AS (
    SELECT *, lag(still AND seconds >= 0.5) OVER clip AND lead(still AND seconds >= 0.5) OVER clip AS enclosed
    FROM stretches WINDOW clip AS (PARTITION BY clip_id ORDER BY frame)
),
stillness AS (
    SELECT clip_id, coalesce(max(seconds) FILTER (still), 0) AS longest_still_s,
        count(*) FILTER (NOT still AND seconds <= 0.5 AND enclosed) AS sudden_changes
    FROM between GROUP BY clip_id
),
coloured AS (
    SELECT clip_id, frame, least(greatest(
        coalesce(last_value(saturation IGNORE NULLS) OVER clip, 0),
        coalesce(first_value(saturation IGNORE NULLS) OVER (
            PARTITION BY clip_id ORDER BY frame ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ), 0)
    )::DOUBLE / 0.1, 1) AS colour
    FROM frames WINDOW clip AS (PARTITION BY clip_id ORDER BY frame)
),
crossings AS (
    SELECT clip_id, round(time_s - lag(time_s) OVER (PARTITION BY clip_id ORDER BY frame), 6) AS gap
    FROM steps JOIN coloured USING (clip_id, frame)
    WHERE (delta_lum + colour * (delta_hue + delta_sat)) / (1 + 2 * colour) >= 27
),
boundaries AS (SELECT clip_id, count(*) FILTER (gap IS NULL OR gap >= 0.2) AS n FROM crossings GROUP BY clip_id),
frequent AS (
    SELECT *, sum(n) OVER (PARTITION BY clip_id) AS told FROM (
        SELECT clip_id, class, count(*) AS n FROM classed GROUP BY clip_id, class
    ) QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY n DESC, class) = 1
),
camera AS (
    SELECT clip_id, if(2 * any_value(f.n) < any_value(told), 'mixed', any_value(f.class)) AS camera_motion,
        if(2 * any_value(f.n) < any_value(told), any_value(told) - any_value(f.n), any_value(f.n)) / any_value(clip_steps)
            AS camera_confidence,
        median(camera_pan::DOUBLE) AS camera_pan, median(camera_tilt::DOUBLE) AS camera_tilt,
        median(camera_zoom::DOUBLE) AS camera_zoom, median(camera_roll::DOUBLE) AS camera_roll,
        median(off) AS shake, median(object_motion::DOUBLE) AS object_motion
    FROM classed JOIN frequent AS f USING (clip_id) GROUP BY clip_id HAVING any_value(told) >= 0.25 * any_value(clip_steps)
)
SELECT clip_id,
    sum(vmaf_motion * seconds * CASE
        WHEN seconds > 1 / 24 + 0.001 THEN (1 / 24 / seconds) ** log2(1 + (2 ** coalesce(growth, 0.85) - 1) ** 0.5)
        WHEN seconds < 1 / 25 - 0.001 THEN (1 / 24 / seconds) ** coalesce(growth, 0.85)
        ELSE 1
    END) / sum(seconds) AS vmaf_motion,
    any_value(motion_vector) AS motion_vector,
    sum(still::INTEGER * seconds) / sum(seconds) AS still_share, any_value(longest_still_s) AS longest_still_s,
    any_value(sudden_changes) AS sudden_changes, coalesce(any_value(n), 0) / any_value(duration_s) AS shots_per_second,
    any_value(camera_motion) AS camera_motion, any_value(camera_confidence) AS camera_confidence,
    any_value(c.camera_pan) AS camera_pan, any_value(c.camera_tilt) AS camera_tilt, any_value(c.camera_zoom) AS camera_zoom,
    any_value(c.camera_roll) AS camera_roll, any_value(c.shake) AS shake, any_value(c.object_motion) AS object_motion
FROM steps JOIN stillness USING (clip_id) LEFT JOIN grown USING (clip_id) LEFT JOIN flowed USING (clip_id) LEFT JOIN boundaries USING (clip_id) LEFT JOIN camera AS c USING (clip_id)
GROUP BY clip_id ORDER BY clip_id"""


@pytest.mark.parametrize(
    ("table", "sql"), [(VISUAL_SCORES.table, VISUAL), (MOTION_SCORES.table, MOTION)], ids=["visual", "motion"]
)
def test_every_aggregate_recomputed_in_sql_equals_the_table(curated: Place, table: object, sql: str) -> None:
    lake = curated.lake()
    told = lake.read(table)  # type: ignore[arg-type]
    # A course is no aggregate, and what fields tell is not one number: tests/measure/test_course.py and test_fields.py.
    others = (
        "batch",
        "clip_id",
        "video_id",
        "version",
        "reason",
        "message",
        "time_course",
        "interlaced",
        "field_order",
        "telecine",
    )
    scores = [c for c in told.columns if c not in others]
    recomputed = lake.query(sql)
    assert set(recomputed.columns) == {"clip_id", *scores}
    assert recomputed.height >= 20
    told = told.filter(pl.col("clip_id").is_in(recomputed["clip_id"].implode()))
    numbers = cs.numeric().cast(pl.Float64)
    expected = told.sort("clip_id").select("clip_id", *scores).with_columns(numbers)
    found = recomputed.select("clip_id", *scores).with_columns(numbers)
    assert_frame_equal(found, expected, rel_tol=1e-9, abs_tol=1e-9)
