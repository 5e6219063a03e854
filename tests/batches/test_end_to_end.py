"""The demo footage, curated by the command line: every count follows from how the clips were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.place import Place, ledger
from tests.tables import TABLES
from video_assets.assets.common import catalogue
from video_assets.curate.tiers import load_tiers
from video_assets.demo.recipes import RECIPES
from video_assets.lake.lake import Lake
from video_assets.measurements import MODELLED
from video_assets.settings import Settings

# File: the frames at which its shots begin and end, by construction; within so many frames at gradual transitions.
SHOTS = {
    "bunny_720p.mp4": [(0, 132)],
    "bunny_720p_again.mp4": [(0, 132)],
    "bunny_burnt_in_text.mp4": [(0, 132)],
    "bunny_frozen.mp4": [(0, 250)],
    "bunny_letterbox_1080p.mp4": [(0, 352)],
    "bunny_portrait.mp4": [(0, 352)],
    "bunny_swaying_camera_1080p.mp4": [(0, 352)],
    "bunny_variable_frame_rate.mp4": [(0, 175)],
    "passenger_qcif.mp4": [(0, 120)],
    "passenger_qcif_coarse.mp4": [(0, 120)],
    "phone_upright.mp4": [(0, 176)],
    "slide_show.mp4": [(0, 150)],
    "street_hard_cuts.mp4": [(0, 30), (30, 76), (76, 137), (137, 187), (187, 242), (242, 250)],
    "three_shots_cuts.mp4": [(0, 138), (138, 316), (316, 436)],
    "traffic_1080p.mp4": [(0, 360)],
}
GRADUAL = {
    "three_shots_dissolves.mp4": [(0, 113), (138, 266), (291, 386)],
    "three_shots_fades.mp4": [(0, 126), (150, 304), (328, 436)],
}
CLIPS = {
    "bunny_720p.mp4": 1, "bunny_720p_again.mp4": 1, "bunny_burnt_in_text.mp4": 1, "bunny_frozen.mp4": 1,
    "bunny_letterbox_1080p.mp4": 1, "bunny_portrait.mp4": 1, "bunny_swaying_camera_1080p.mp4": 1, "bunny_truncated.mp4": 1,
    "bunny_variable_frame_rate.mp4": 1, "passenger_qcif.mp4": 1, "passenger_qcif_coarse.mp4": 1, "phone_upright.mp4": 1,
    "slide_show.mp4": 1, "three_shots_cuts.mp4": 3, "three_shots_dissolves.mp4": 2, "three_shots_fades.mp4": 3,
    "traffic_1080p.mp4": 1,
}  # fmt: skip
# All but the four that every tier drops by their cheap scores.
CANDIDATES = 18
# Tier: clips that are kept, and clips that each of its rules drops.
VERDICTS: dict[str, tuple[int, dict[str, int]]] = {
    "allegro/fine_tuning": (5, {"resolution": 10, "clip_duration": 5, "frame_rate": 1, "moves": 1}),
    "goku/480p": (5, {"clip_duration": 6, "resolution": 5, "little_text": 1, "not_static": 1, "no_duplicate": 4}),
    "hunyuan_video/256p": (6, {"resolution": 2, "exposed": 1, "not_static": 1, "no_duplicate": 12}),
    "hunyuan_video/360p": (6, {"kept_by_parent": 16}),
    "hunyuan_video/540p": (6, {"kept_by_parent": 16}),
    "hunyuan_video/720p": (3, {"kept_by_parent": 16, "resolution": 1, "whole_source": 1, "enough_frames": 1}),
    "hunyuan_video/fine_tuning_candidates": (2, {"kept_by_parent": 19, "good_speed": 1}),
    "movie_gen/augmented_high_resolution": (
        1,
        {"resolution": 17, "no_border": 1, "not_slow_motion": 1, "motion_vectors": 1, "no_duplicate": 1},
    ),
    "movie_gen/fine_tuning_candidates": (1, {"kept_by_parent": 21}),
    "movie_gen/high_resolution": (
        1,
        {"resolution": 17, "landscape": 1, "no_border": 1, "not_slow_motion": 1, "motion_vectors": 1},
    ),
    "movie_gen/low_resolution": (
        4,
        {
            "resolution": 8, "little_text": 1, "no_large_border": 1, "not_source_opening": 1, "not_static": 2,
            "no_duplicate": 5,
        },
    ),
    "open_sora/256p": (11, {"clip_duration": 8, "resolution": 2, "little_text": 1}),
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(curated: Place) -> Lake:
    return curated.lake()


@pytest.fixture(scope="module")
def measured(curated: Place, demo_footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Give the same footage with every clip measured by every model, whatever the tiers think of it."""
    place = curated.copy(tmp_path_factory.mktemp("measured"))
    place.run("curate", str(demo_footage), MODELS__SAMPLED_SHARE="1")
    return place.lake()


def sheet(lake: Lake, name: str) -> dict[str, Any]:
    """The one clip of a file."""
    rows = lake.query("SELECT * FROM clip_sheet WHERE file_name = ?", [name])
    return rows.row(0, named=True) if rows.height == 1 else {}


def video(lake: Lake, name: str) -> dict[str, Any]:
    sql = "SELECT r.*, d.* FROM raw_videos AS r JOIN decoded_videos AS d USING (batch, video_id) WHERE file_name = ?"
    return lake.query(sql, [name]).row(0, named=True)


def spans(lake: Lake) -> dict[str, list[tuple[int, int]]]:
    """The shots of each file."""
    sql = "SELECT file_name, start_frame, end_frame FROM shots JOIN raw_videos USING (batch, video_id) ORDER BY ALL"
    found: dict[str, list[tuple[int, int]]] = {}
    for name, start, end in lake.query(sql).iter_rows():
        found.setdefault(name, []).append((start, end))
    return found


def test_every_file_is_one_video_in_one_batch(lake: Lake) -> None:
    names = lake.query("SELECT file_name FROM raw_videos ORDER BY file_name")["file_name"].to_list()
    assert names == sorted(r.name for r in RECIPES)
    assert lake.query("SELECT count(DISTINCT batch) FROM raw_videos").item() == 1


def test_the_empty_file_and_the_one_without_index_are_set_aside_and_say_why(lake: Lake) -> None:
    rows = lake.query("SELECT file_name, reason FROM raw_videos WHERE reason IS NOT NULL ORDER BY file_name").rows()
    assert rows == [("bunny_truncated_without_index.mp4", "truncated"), ("empty.mp4", "empty_file")]


def test_what_was_set_aside_has_no_measurement_and_a_message(lake: Lake) -> None:
    sql = (
        "SELECT count(width), count(duration_s), count(codec), count(message) FROM raw_videos WHERE reason IS NOT NULL"
    )
    assert lake.query(sql).row(0) == (0, 0, 0, 2)
    assert lake.query("SELECT count(*) FROM raw_videos WHERE reason IS NULL AND message IS NOT NULL").item() == 0


def test_every_other_file_was_decoded_without_a_failure(lake: Lake) -> None:
    rows = lake.query("SELECT count(*), count(reason), sum(corrupt_frames)::BIGINT FROM decoded_videos").row(0)
    assert rows == (18, 0, 0)


def test_every_decoded_frame_has_its_signals(lake: Lake) -> None:
    sql = """
        SELECT count(*) FROM decoded_videos AS d
        JOIN (SELECT video_id, count(*) AS n, min(frame) AS low, max(frame) AS high FROM frame_signals GROUP BY 1) AS s
        USING (video_id) WHERE s.n = d.frames AND s.low = 0 AND s.high = d.frames - 1"""
    assert lake.query(sql).item() == 18


def test_a_keyframe_is_kept_for_every_second(lake: Lake) -> None:
    sql = """
        SELECT file_name FROM decoded_videos JOIN raw_videos USING (batch, video_id)
        JOIN (SELECT video_id, count(*) AS n FROM keyframes GROUP BY 1) AS k USING (video_id)
        WHERE k.n NOT BETWEEN floor(decoded_videos.duration_s) AND ceil(decoded_videos.duration_s)"""
    assert lake.query(sql).height == 0


@pytest.mark.parametrize("name", SHOTS)
def test_shots_begin_and_end_where_the_clip_was_joined(lake: Lake, name: str) -> None:
    assert spans(lake)[name] == SHOTS[name]


@pytest.mark.parametrize("name", GRADUAL)
def test_shots_end_within_four_frames_of_a_gradual_transition(lake: Lake, name: str) -> None:
    found = spans(lake)[name]
    assert len(found) == 3
    off = [abs(a - b) for span, true in zip(found, GRADUAL[name], strict=True) for a, b in zip(span, true, strict=True)]
    assert max(off) <= 4


@pytest.mark.parametrize(("name", "transition"), [("cuts", "cut"), ("dissolves", "dissolve"), ("fades", "fade")])
def test_three_shots_are_joined_by_the_transition_of_their_file(lake: Lake, name: str, transition: str) -> None:
    sql = "SELECT begins, ends FROM shots JOIN raw_videos USING (batch, video_id) WHERE file_name = ? ORDER BY shot"
    joined = [("start", transition), (transition, transition), (transition, "end")]
    assert lake.query(sql, [f"three_shots_{name}.mp4"]).rows() == joined


def test_each_file_has_the_clips_that_its_shots_allow(lake: Lake) -> None:
    rows = lake.query("SELECT file_name, count(*) FROM clips JOIN raw_videos USING (batch, video_id) GROUP BY 1")
    assert dict(rows.iter_rows()) == CLIPS


def test_clips_last_4_to_16_seconds_and_lie_in_one_shot_away_from_its_boundaries(lake: Lake) -> None:
    sql = """
        SELECT c.duration_s BETWEEN 4 AND 16,
            c.start_frame >= s.start_frame + if(s.begins = 'start', 0, 3),
            c.end_frame <= s.end_frame - if(s.ends = 'end', 0, 3), c.frames = c.end_frame - c.start_frame
        FROM clips AS c JOIN shots AS s USING (batch, shot_id)"""
    assert lake.query(sql).rows() == [(True, True, True, True)] * sum(CLIPS.values())


def test_a_clip_begins_and_ends_at_the_pts_of_its_frames(lake: Lake) -> None:
    sql = """
        SELECT count(*) FROM clips AS c
        JOIN frame_signals AS f ON f.video_id = c.video_id AND f.frame = c.start_frame AND f.pts = c.start_pts
        JOIN frame_signals AS l ON l.video_id = c.video_id AND l.frame = c.end_frame - 1 AND l.pts < c.end_pts
        LEFT JOIN frame_signals AS n ON n.video_id = c.video_id AND n.frame = c.end_frame
        WHERE coalesce(n.pts, c.end_pts) = c.end_pts"""
    assert lake.query(sql).item() == sum(CLIPS.values())


def test_the_truncated_file_is_used_as_far_as_it_goes_and_flagged(lake: Lake) -> None:
    row = video(lake, "bunny_truncated.mp4")
    assert row["truncated"]
    assert row["declared_frames"] == 352
    assert 176 <= row["frames"] <= 230
    assert row["coverage"] == pytest.approx(row["frames"] / 352, abs=1e-6)
    clip = sheet(lake, "bunny_truncated.mp4")
    assert clip["source_truncated"]
    assert clip["frames"] == row["frames"]
    flagged = lake.query("SELECT count(*) FROM decoded_videos WHERE truncated").item()
    assert flagged == 1


def test_the_crop_of_the_letterboxed_clip_removes_its_bars(lake: Lake) -> None:
    clip = sheet(lake, "bunny_letterbox_1080p.mp4")
    assert (clip["crop_x"], clip["crop_width"]) == (0, 1920)
    # The bars are 140 pixels high; bars are measured on 360 lines, three pixels each.
    assert clip["crop_y"] == pytest.approx(140, abs=3)
    assert clip["crop_y"] + clip["crop_height"] == pytest.approx(940, abs=3)
    assert clip["border_share"] == pytest.approx(280 / 1080, abs=0.006)


def test_no_other_clip_is_cropped(lake: Lake) -> None:
    sql = "SELECT file_name FROM clip_sheet WHERE crop_share < 1"
    assert lake.query(sql)["file_name"].to_list() == ["bunny_letterbox_1080p.mp4"]


def test_the_phone_clip_is_stored_upright(lake: Lake) -> None:
    row = video(lake, "phone_upright.mp4")
    assert (row["rotation"], row["mirrored"], row["width"], row["height"]) == (90, False, 720, 1280)
    assert (row["coded_width"], row["coded_height"]) == (1280, 720)
    assert (row["analysis_width"], row["analysis_height"]) == (180, 320)
    clip = sheet(lake, "phone_upright.mp4")
    assert (clip["crop_width"], clip["crop_height"], clip["orientation"]) == (720, 1280, "portrait")
    shape = lake.query("SELECT DISTINCT width, height FROM keyframes WHERE video_id = ?", [clip["video_id"]]).rows()
    assert shape == [(360, 640)]


def test_only_the_file_of_variable_frame_rate_is_flagged_as_such(lake: Lake) -> None:
    sql = "SELECT file_name FROM decoded_videos JOIN raw_videos USING (batch, video_id) WHERE variable_frame_rate"
    assert lake.query(sql)["file_name"].to_list() == ["bunny_variable_frame_rate.mp4"]
    clip = sheet(lake, "bunny_variable_frame_rate.mp4")
    assert (clip["frames"], clip["duration_s"]) == (175, pytest.approx(10.12))


def test_pixels_that_are_not_square_are_shown_at_their_width(lake: Lake) -> None:
    row = video(lake, "passenger_qcif.mp4")
    assert (row["coded_width"], row["width"], row["height"]) == (176, 193, 144)
    assert row["sample_aspect"] == pytest.approx(128 / 117)


def test_the_frozen_clip_stands_still_for_eight_of_its_ten_seconds(lake: Lake) -> None:
    clip = sheet(lake, "bunny_frozen.mp4")
    assert clip["longest_still_s"] == pytest.approx(8.0, abs=0.2)
    assert clip["still_share"] > 0.8
    assert clip["sudden_changes"] == 0


def test_the_slide_show_has_a_sudden_change_for_each_change_of_slide(lake: Lake) -> None:
    clip = sheet(lake, "slide_show.mp4")
    assert clip["sudden_changes"] == 5
    assert clip["longest_still_s"] == pytest.approx(2.4)
    # 142 frames have 141 steps, of which five change.
    assert clip["still_share"] == pytest.approx(136 / 141)


def test_moving_clips_have_no_sudden_change(lake: Lake) -> None:
    assert lake.query("SELECT count(*) FROM clip_sheet WHERE sudden_changes > 0").item() == 1


def test_every_clip_of_the_demo_has_every_score(lake: Lake) -> None:
    for name in ("visual_scores", "motion_scores", "text_scores", "safety_scores"):
        rows = lake.read(TABLES[name])
        assert rows.height == (CANDIDATES if name in MODELLED else sum(CLIPS.values()))
        assert rows["reason"].null_count() == rows.height
        unused = [
            c
            for c in rows.columns
            if c.startswith("subtitle_") or c in ("gpu_seconds", "limited_by", "field_order", "telecine")
        ]
        told = rows.drop("reason", "message", *unused)
        assert told.null_count().row(0) == (0,) * told.width


def test_a_larger_sample_has_models_measure_what_it_adds_and_nothing_again(lake: Lake, measured: Lake) -> None:
    kept = "SELECT count(*) FROM tier_verdicts WHERE kept AND NOT starts_with(tier, 'policies/')"
    clips = sum(CLIPS.values())
    assert lake.query("SELECT count(*), count(*) FILTER (candidate) FROM candidates").row(0) == (clips, CANDIDATES)
    for name in MODELLED:
        before, after = lake.read(TABLES[name]), measured.read(TABLES[name])
        added = after.join(before, on="clip_id", how="anti")
        assert (before.height, added.height) == (CANDIDATES, clips - CANDIDATES), name
        assert after.join(added, on="clip_id", how="anti").equals(before), name
    why = measured.query("SELECT why, count(*) FROM candidates GROUP BY ALL ORDER BY ALL").rows()
    assert why == [("possible", CANDIDATES), ("sampled", clips - CANDIDATES)]
    assert measured.query(kept).item() == lake.query(kept).item() > 0


def test_every_candidate_of_the_demo_has_people_overlay_and_quality_scores_where_they_can_be_told(lake: Lake) -> None:
    for name in ("people_scores", "overlay_scores", "quality_scores"):
        rows = lake.read(TABLES[name])
        assert rows.height == 18
        assert rows["reason"].null_count() == rows.height
    told = lake.query(
        "SELECT count(faces_max), count(people_max), count(layout), count(technical_quality) FROM clip_sheet"
    )
    assert told.row(0) == (18, 0, 18, 18)
    # Blocks of 8 pixels cannot be seen in a keyframe of 360 lines of a source of more than 738.
    large = lake.query(
        "SELECT bool_and((blockiness IS NULL) = (least(source_width, source_height) > 738)) FROM clip_sheet WHERE candidate"
    )
    assert large.item()


def test_only_the_passenger_and_the_cyclist_of_the_demo_show_a_face(lake: Lake) -> None:
    rows = lake.query("SELECT file_name, round(start_s), faces_max FROM clip_sheet WHERE shows_people ORDER BY ALL")
    assert rows.rows() == [
        ("three_shots_cuts.mp4", 6, 1),
        ("three_shots_cuts.mp4", 13, 1),
        ("three_shots_dissolves.mp4", 6, 1),
        ("three_shots_fades.mp4", 6, 1),
        ("traffic_1080p.mp4", 0, 1),
    ]


def test_of_the_demos_clips_only_that_with_burnt_in_text_has_overlays_and_fixed_cameras_leave_them_open(
    lake: Lake,
) -> None:
    assert lake.query("SELECT file_name, overlays FROM clip_sheet WHERE overlays > 0").rows() == [
        ("bunny_burnt_in_text.mp4", 5)
    ]
    fixed = lake.query(
        "SELECT file_name, round(start_s) FROM clip_sheet WHERE candidate AND overlays IS NULL ORDER BY ALL"
    )
    # The car is fixed to the camera.
    assert fixed.rows() == [("three_shots_cuts.mp4", 6), ("three_shots_dissolves.mp4", 6), ("three_shots_fades.mp4", 6)]
    assert lake.query("SELECT count(*) FROM clip_sheet WHERE layout <> 'single' OR panels <> 1").item() == 0


@pytest.mark.parametrize(
    ("name", "says"),
    [("bunny_burnt_in_text.mp4", "Good morning! What a day for a walk."), ("slide_show.mp4", " of 18")],
)
def test_drawn_text_is_read_and_is_far_over_movie_gens_limit(measured: Lake, name: str, says: str) -> None:
    clip = sheet(measured, name)
    assert clip["text_score"] > 0.75
    assert says in clip["text_read"]
    assert 0.05 < clip["text_share"] <= clip["text_share_max"] < 0.25


def test_no_other_clip_of_the_demo_has_text_or_overlays(measured: Lake) -> None:
    sql = """
        SELECT file_name FROM clip_sheet
        WHERE text_score >= 0.6 OR text_boxes > 0 OR static_text > 0 OR subtitle_y IS NOT NULL OR clear_share < 1"""
    assert set(measured.query(sql)["file_name"]) == {"bunny_burnt_in_text.mp4", "slide_show.mp4"}
    assert sheet(measured, "bunny_720p.mp4")["text_score"] == 0


def test_the_subtitles_and_the_title_stay_in_place_and_the_crop_goes_between_them(lake: Lake) -> None:
    clip = sheet(lake, "bunny_burnt_in_text.mp4")
    # The title is drawn between the rows 55 and 115, the subtitle between 635 and 680; the detector leaves a margin.
    top, bottom = clip["subtitle_y"], clip["subtitle_y"] + clip["subtitle_height"]
    assert 600 < top < 640
    assert 675 < bottom < 720
    assert (clip["text_boxes"], clip["static_text"]) == (2, 2)
    assert (clip["clear_x"], clip["clear_width"]) == (0, 1280)
    assert clip["clear_y"] == pytest.approx(130, abs=15)
    assert clip["clear_y"] + clip["clear_height"] == pytest.approx(top, abs=1)
    assert clip["clear_share"] == pytest.approx(clip["clear_height"] / 720)


def test_titles_at_the_same_place_of_every_slide_are_static_and_no_subtitles(measured: Lake) -> None:
    clip = sheet(measured, "slide_show.mp4")
    assert clip["static_text"] >= 1
    assert clip["subtitle_y"] is None
    assert clip["clear_y"] > 200


def test_a_man_in_a_car_and_slides_of_text_look_safe(measured: Lake) -> None:
    for name in ("passenger_qcif.mp4", "passenger_qcif_coarse.mp4", "slide_show.mp4", "traffic_1080p.mp4"):
        assert sheet(measured, name)["nsfw_score"] < 0.2


def test_a_re_encoded_copy_is_another_video_with_nearly_the_same_scores(lake: Lake) -> None:
    first, again = sheet(lake, "bunny_720p.mp4"), sheet(lake, "bunny_720p_again.mp4")
    assert first["video_id"] != again["video_id"]
    assert first["clip_id"] != again["clip_id"]
    assert (first["start_s"], first["end_s"]) == (again["start_s"], again["end_s"])
    for column in ("luma_mean", "saturation", "vmaf_motion", "sharpness"):
        assert first[column] == pytest.approx(again[column], rel=0.1)


def test_burnt_in_text_is_sharper_than_the_picture_under_it(lake: Lake) -> None:
    plain, text = sheet(lake, "bunny_720p.mp4"), sheet(lake, "bunny_burnt_in_text.mp4")
    assert text["sharpness"] > 2 * plain["sharpness"]


def test_rights_come_from_the_sidecars_and_are_unknown_where_there_is_none(lake: Lake) -> None:
    rows = lake.query("SELECT rights_from, licence = 'unknown', count(*) FROM raw_videos GROUP BY ALL ORDER BY ALL")
    assert rows.rows() == [("sidecar", False, 18), ("unknown", True, 2)]


@pytest.mark.parametrize("tier", VERDICTS)
def test_a_tier_keeps_and_drops_these_clips(lake: Lake, tier: str) -> None:
    rows = lake.query("SELECT decided_by, count(*) FROM tier_verdicts WHERE tier = ? GROUP BY ALL", [tier])
    found: dict[str | None, int] = dict(rows.iter_rows())
    assert (found.pop(None), found) == VERDICTS[tier]


def test_nothing_in_the_demo_is_undecided(lake: Lake) -> None:
    assert lake.query("SELECT count(*) FROM tier_verdicts WHERE kept IS NULL").item() == 0


# The clips that 360p alone would drop are copies of others, which 256p has dropped already.
# What their parents have left of the demo is large and clear enough for these.
_ALL_KEPT = {"hunyuan_video/360p", "hunyuan_video/540p", "movie_gen/fine_tuning_candidates"}


@pytest.mark.parametrize("tier", sorted(VERDICTS.keys() - _ALL_KEPT))
def test_a_tier_keeps_something_and_drops_something_by_a_rule_of_its_own(lake: Lake, tier: str) -> None:
    sql = """
        SELECT count(*) FILTER (kept), count(*) FILTER (NOT kept AND decided_by <> 'kept_by_parent')
        FROM tier_verdicts WHERE tier = ?"""
    kept, dropped = lake.query(sql, [tier]).row(0)
    assert kept > 0
    assert dropped > 0


def test_a_child_tier_keeps_only_what_its_parent_keeps(lake: Lake) -> None:
    tiers, _ = load_tiers(Settings().sql_folder / "tiers")
    children = [t for t in tiers.values() if t.parent]
    assert {t.name for t in children} == {
        "hunyuan_video/360p", "hunyuan_video/540p", "hunyuan_video/720p", "hunyuan_video/fine_tuning_candidates",
        "movie_gen/fine_tuning_candidates",
    }  # fmt: skip
    kept = {
        name: set(lake.query("SELECT clip_id FROM tier_verdicts WHERE tier = ? AND kept", [name])["clip_id"])
        for name in tiers
    }
    for tier in children:
        assert kept[tier.name] <= kept[str(tier.parent)]


def test_the_ledger_counts_the_rows_and_failures_that_the_tables_hold(lake: Lake) -> None:
    order = catalogue(lake.settings)[1]
    for (asset, _), entry in lake.made().items():
        if asset not in order:
            continue
        rows = lake.read(order[asset].table)
        if tier := order[asset].where.get("tier"):
            rows = rows.filter(pl.col("tier") == tier)
        failed = rows["reason"].count() if "reason" in rows.columns else 0
        assert (asset, entry["rows"], entry["failures"]) == (asset, rows.height, failed)
        assert entry["version"] == order[asset].version


def test_every_asset_was_made_once_by_one_run_the_draws_over_all_batches_too(curated: Place, lake: Lake) -> None:
    made = {name: run for name, (_, run) in ledger(lake).items() if not name.startswith(("views/", "source_files"))}
    with curated.instance() as instance:
        (run,) = instance.get_runs()
        assert run.is_success
    assert {name for name in made if name.startswith("draws/")}
    assert set(made.values()) == {run.run_id}


def test_the_sum_of_the_costs_is_what_the_ledger_has(lake: Lake) -> None:
    spent = "SELECT sum(compute_seconds + coalesce(gpu_seconds, 0)) FROM materializations"
    assert lake.query("SELECT sum(seconds) FROM costs").item() == pytest.approx(lake.query(spent).item())
    assert lake.query("SELECT count(*) - count(DISTINCT asset) FROM costs").item() == 0


def test_every_clip_has_its_place_on_a_player_s_clock(lake: Lake) -> None:
    # The demo's files all begin at pts zero, some of them with sound.
    there = "FROM clip_sheet WHERE abs(player_start_s - start_s) <= 1e-6 AND abs(player_end_s - end_s) <= 1e-6"
    assert lake.query(f"SELECT count(*) {there}").item() == lake.query("SELECT count(*) FROM clip_sheet").item() > 0


def test_the_footage_was_not_touched(curated: Place, demo_footage: Path) -> None:
    made = (curated.folder / "done").stat().st_mtime
    assert all(f.stat().st_mtime < made for f in demo_footage.iterdir() if f.suffix in (".mp4", ".json"))
    assert sorted(f.name for f in demo_footage.glob("*.mp4")) == sorted(r.name for r in RECIPES)


def test_no_half_made_file_is_left(curated: Place) -> None:
    assert [p for p in curated.root.rglob("*") if p.name.startswith(".tmp-")] == []
    assert [p for p in curated.decoded.rglob("*") if p.is_file()] == []
