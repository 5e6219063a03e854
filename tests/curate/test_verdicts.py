from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.curate.conftest import NOT_MEASURED, ROWS, SQL, Lake, evaluate, make_tier
from video_assets.curate.tiers import Tier, TierError, load_tier, load_tiers
from video_assets.curate.verdicts import check_rules, rules_of, verdict_query
from video_assets.lake.schemas import TIER_VERDICTS

SHIPPED, _ = load_tiers(SQL / "tiers")
# Tiers of short clips alone.
SHORT = {"goku/480p": 8.0, "open_sora/256p": 8.0}
CHILD = (
    "(SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = '{0}' AND v.clip_id = clip_sheet.clip_id) AS kept_by_parent"
)


def decide(lake: Lake, tier: str, batches: tuple[str, ...] = ("a",)) -> dict[str, tuple[str, str | None]]:
    """Verdict and deciding rule of each clip, once the tier and its parents are decided in turn."""
    chain = [SHIPPED[tier]]
    while parent := chain[0].parent:
        chain.insert(0, SHIPPED[parent])
    for step in chain:
        rows = evaluate(lake.connection, step, batches)
        lake.add("tier_verdicts", rows)
    return {row["clip_id"]: (row["verdict"], row["decided_by"]) for row in rows.to_dicts()}


@pytest.mark.parametrize("tier", SHIPPED)
def test_a_good_clip_is_kept_by_every_tier(lake: Lake, tier: str) -> None:
    lake.clip("good", clips={"duration_s": SHORT.get(tier, 14.0)})
    assert decide(lake, tier) == {"good": ("kept", None)}


@pytest.mark.parametrize("tier", SHIPPED)
def test_a_clip_without_scores_is_undecided_in_every_tier_and_never_dropped(lake: Lake, tier: str) -> None:
    clips = {"duration_s": SHORT.get(tier, 14.0)}
    lake.clip("no rows yet", clips=clips, visual_scores=None, motion_scores=None, text_scores=None)
    failed = {"reason": "not_measured"}
    nothing = dict.fromkeys(("sharpness", "luma_mean", "black_share", "border_share"), NOT_MEASURED)
    still = {**dict.fromkeys(MOTION_COLUMNS), **failed}
    lake.clip("failed", clips=clips, visual_scores=nothing | failed, motion_scores=still)
    assert {verdict for verdict, _ in decide(lake, tier).values()} == {"undecided"}


MOTION_COLUMNS = ("vmaf_motion", "motion_vector", "still_share", "sudden_changes", "shots_per_second")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("source_duration", {"raw_videos": {"duration_s": 120.1}}),
        ("resolution", {"raw_videos": {"width": 1280, "height": 767}}),
        ("landscape", {"raw_videos": {"width": 1080, "height": 1920}}),
        ("no_text", {"text_scores": {"text_score": 0.6}, "visual_scores": {"border_share": 0.08}}),
        ("no_border", {"visual_scores": {"border_share": 0.08}}),
        ("no_scene_change", {"clips": {"duration_s": 11.9}}),
        ("not_slow_motion", {"motion_scores": {"vmaf_motion": 2.0}}),
        ("motion_vectors", {"motion_scores": {"motion_vector": 0.5}}),
        ("motion_vectors", {"motion_scores": {"motion_vector": 7.0}}),
        ("not_jittery", {"motion_scores": {"shots_per_second": 0.85}}),
        ("not_source_opening", {"clips": {"start_s": 2.9}, "shots": 2}),
        ("not_slide_show", {"motion_scores": {"still_share": 0.6, "sudden_changes": 2}}),
    ],
)
def test_movie_gens_high_resolution_set_drops_a_clip_by_the_rule_that_it_breaks(
    lake: Lake, rule: str, changes: dict[str, Any]
) -> None:
    lake.clip("bad", **changes)
    assert decide(lake, "movie_gen/high_resolution") == {"bad": ("dropped", rule)}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("source_duration", {"raw_videos": {"duration_s": 3.9}}),
        ("resolution", {"raw_videos": {"width": 719, "height": 1280}}),
        ("clip_duration", {"clips": {"duration_s": 3.9}}),
        ("little_text", {"text_scores": {"text_share": 0.06}, "clips": {"duration_s": 5.0}}),
        ("no_large_border", {"visual_scores": {"border_share": 0.11}}),
        ("not_source_opening", {"clips": {"start_s": 0.1}, "shots": 3}),
        ("not_static", {"motion_scores": {"still_share": 0.99}}),
        ("enough_motion", {"motion_scores": {"vmaf_motion": 1.0}}),
        ("not_jittery", {"motion_scores": {"shots_per_second": 0.9}}),
        ("not_slide_show", {"motion_scores": {"still_share": 0.7, "sudden_changes": 4}}),
    ],
)
def test_movie_gens_low_resolution_set_drops_a_clip_by_the_rule_that_it_breaks(
    lake: Lake, rule: str, changes: dict[str, Any]
) -> None:
    lake.clip("bad", **changes)
    assert decide(lake, "movie_gen/low_resolution") == {"bad": ("dropped", rule)}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("little_text", {"text_share": 0.021}),
        ("enough_picture_without_text", {"text_share": 0.02, "clear_share": 0.59}),
    ],
)
def test_hunyuan_videos_360p_set_drops_a_clip_of_too_much_text_and_one_whose_crop_would_leave_too_little(
    lake: Lake, rule: str, changes: dict[str, Any]
) -> None:
    lake.clip("bad", text_scores=changes)
    lake.clip("subtitled", text_scores={"text_share": 0.02, "clear_share": 0.6})
    decided = decide(lake, "hunyuan_video/360p")
    assert decided == {"bad": ("dropped", rule), "subtitled": ("kept", None)}


@pytest.mark.parametrize(
    ("tier", "rule", "changes"),
    [
        ("hunyuan_video/256p", "enough_picture_without_overlays", {"overlay_scores": {"unmarked_share": 0.59}}),
        ("hunyuan_video/256p", "one_picture", {"overlay_scores": {"layout": "side_by_side", "panels": 2}}),
        ("hunyuan_video/256p", "one_picture", {"overlay_scores": {"layout": "blurred_sides"}}),
        ("hunyuan_video/360p", "clear", {"quality_scores": {"blur": 0.7}}),
        ("hunyuan_video/fine_tuning_candidates", "no_motion_blur", {"quality_scores": {"blur": 0.51}}),
        ("hunyuan_video/fine_tuning_candidates", "good_speed", {"motion_scores": {"vmaf_motion": 15.1}}),
        ("movie_gen/augmented_high_resolution", "no_text", {"text_scores": {"text_score": 0.6}}),
        ("movie_gen/fine_tuning_candidates", "clip_duration", {"clips": {"duration_s": 10.5}}),
        ("movie_gen/fine_tuning_candidates", "no_shake", {"motion_scores": {"shake": 0.03}}),
        ("movie_gen/fine_tuning_candidates", "no_overlaid_text", {"text_scores": {"text_boxes": 1}}),
        ("goku/480p", "clip_duration", {}),
        ("goku/480p", "enough_bits", {"clips": {"duration_s": 8.0}, "raw_videos": {"bit_rate": 499_999}}),
        ("goku/480p", "frame_rate", {"clips": {"duration_s": 8.0}, "decoded_videos": {"fps": 23.9}}),
        ("goku/480p", "little_text", {"clips": {"duration_s": 8.0}, "text_scores": {"text_share": 0.021}}),
        ("allegro/fine_tuning", "resolution", {"clips": {"crop_width": 1080, "crop_height": 1920}}),
        ("allegro/fine_tuning", "no_text", {"text_scores": {"text_share": 0.0006}}),
        ("allegro/fine_tuning", "no_watermark", {"overlay_scores": {"overlay_share": 0.01}}),
        ("open_sora/256p", "clip_duration", {}),
        ("open_sora/256p", "enough_bits", {"clips": {"duration_s": 8.0}, "raw_videos": {"bit_rate": 1_000_000}}),
        ("open_sora/256p", "usual_aspect", {"clips": {"duration_s": 8.0, "crop_height": 600}}),
        ("hunyuan_video/540p", "appealing", {"quality_scores": {"classical_appeal": 0.3}}),
        ("hunyuan_video/540p", "sound_picture", {"quality_scores": {"technical_quality": 0.01}}),
        ("movie_gen/low_resolution", "sound_picture", {"quality_scores": {"technical_quality": 0.01}}),
    ],
)
def test_a_clip_is_dropped_by_the_rule_that_it_breaks(
    lake: Lake, tier: str, rule: str, changes: dict[str, Any]
) -> None:
    lake.clip("bad", **changes)
    assert decide(lake, tier) == {"bad": ("dropped", rule)}


def test_under_a_fixed_camera_static_text_stands_in_for_overlays_and_without_either_nothing_is_decided(
    lake: Lake,
) -> None:
    fixed = {"fixed_share": 0.6, "overlay_share": NOT_MEASURED, "unmarked_share": NOT_MEASURED}
    lake.clip("fixed", overlay_scores=fixed)
    lake.clip("captioned", overlay_scores=fixed, text_scores={"clear_share": 0.5})
    lake.clip("nothing known", overlay_scores=fixed, text_scores={"clear_share": NOT_MEASURED})
    assert decide(lake, "hunyuan_video/256p") == {
        "fixed": ("kept", None),
        "captioned": ("dropped", "enough_picture_without_overlays"),
        "nothing known": ("undecided", "enough_picture_without_overlays"),
    }


def test_people_are_shown_or_not_only_where_somebody_looked(lake: Lake) -> None:
    lake.clip("face", people_scores={"faces_max": 1})
    lake.clip("no face, nobody looked for persons")
    lake.clip("back of a head", people_scores={"people_max": 1})
    lake.clip("empty street", people_scores={"people_max": 0})
    lake.clip("not measured", people_scores=None)
    assert dict(lake.query("SELECT clip_id, shows_people FROM clip_sheet")) == {
        "face": True,
        "no face, nobody looked for persons": None,
        "back of a head": True,
        "empty street": False,
        "not measured": None,
    }


def test_what_is_both_static_text_and_an_overlay_counts_once(lake: Lake) -> None:
    lake.clip("caption", text_scores={"static_text_share": 0.04}, overlay_scores={"overlay_share": 0.05})
    lake.clip("text alone", text_scores={"static_text_share": 0.04}, overlay_scores={"overlay_share": NOT_MEASURED})
    lake.clip("neither", overlay_scores={"overlay_share": NOT_MEASURED})
    sheet = dict(lake.query("SELECT clip_id, overlaid_share FROM clip_sheet"))
    assert sheet == {"caption": 0.05, "text alone": 0.04, "neither": None}


def test_the_only_shot_of_a_source_is_not_an_opening_and_an_offset_counts_from_the_first_frame(lake: Lake) -> None:
    lake.clip("stock", clips={"start_s": 0.0, "from_source_start": True}, shots=1)
    late = {"start_s": 12.0, "from_source_start": True}
    lake.clip("delayed stream", clips=late, decoded_videos={"first_pts": 10_000}, shots=2)
    lake.clip("later window", clips=late, shots=2)
    assert decide(lake, "movie_gen/low_resolution") == {
        "stock": ("kept", None),
        "delayed stream": ("dropped", "not_source_opening"),
        "later window": ("kept", None),
    }


def test_a_codec_without_motion_vectors_leaves_the_high_resolution_set_undecided(lake: Lake) -> None:
    lake.clip("hevc", decoded_videos={"motion_vectors": False}, motion_scores={"motion_vector": NOT_MEASURED})
    slow = {"motion_vector": NOT_MEASURED, "vmaf_motion": 0.1}
    lake.clip("slow hevc", decoded_videos={"motion_vectors": False}, motion_scores=slow)
    assert decide(lake, "movie_gen/high_resolution") == {
        "hevc": ("undecided", "motion_vectors"),
        "slow hevc": ("dropped", "not_slow_motion"),
    }


def test_each_hunyuan_video_set_is_stricter_than_the_one_before(lake: Lake) -> None:
    def crop(width: int, height: int) -> dict[str, Any]:
        return {"clips": {"crop_width": width, "crop_height": height}, "raw_videos": {"width": width, "height": height}}

    for clip, size in {"144p": (176, 144), "256p": (480, 272), "360p": (480, 908), "540p": (960, 540)}.items():
        lake.clip(clip, **crop(*size))
    lake.clip("720p")
    lake.clip("soft", visual_scores={"sharpness": 50.0})
    lake.clip("short", clips={"frames": 128})
    lake.clip("broken off", clips={"source_truncated": True})
    lake.clip("bright", visual_scores={"luma_mean": 200.0})
    lake.clip("mostly bars", clips={"crop_width": 1080, "crop_height": 1080})
    lake.clip("blurred?", visual_scores={"sharpness": NOT_MEASURED})
    lake.clip("blurred? and small", visual_scores={"sharpness": NOT_MEASURED}, **crop(640, 400))

    assert decide(lake, "hunyuan_video/720p") == {
        "144p": ("dropped", "kept_by_parent"),
        "256p": ("dropped", "kept_by_parent"),
        "360p": ("dropped", "kept_by_parent"),
        "540p": ("dropped", "resolution"),
        "720p": ("kept", None),
        "soft": ("dropped", "clear"),
        "short": ("dropped", "enough_frames"),
        "broken off": ("dropped", "whole_source"),
        "bright": ("dropped", "kept_by_parent"),
        "mostly bars": ("dropped", "kept_by_parent"),
        "blurred?": ("undecided", "kept_by_parent"),
        "blurred? and small": ("dropped", "kept_by_parent"),
    }
    counts = "SELECT tier, verdict, count(*) FROM tier_verdicts GROUP BY ALL ORDER BY ALL"
    assert lake.query(counts) == [
        ("hunyuan_video/256p", "dropped", 2),
        ("hunyuan_video/256p", "kept", 10),
        ("hunyuan_video/360p", "dropped", 3),
        ("hunyuan_video/360p", "kept", 7),
        ("hunyuan_video/360p", "undecided", 2),
        ("hunyuan_video/540p", "dropped", 6),
        ("hunyuan_video/540p", "kept", 5),
        ("hunyuan_video/540p", "undecided", 1),
        ("hunyuan_video/720p", "dropped", 10),
        ("hunyuan_video/720p", "kept", 1),
        ("hunyuan_video/720p", "undecided", 1),
    ]


def test_a_clip_that_the_parent_has_not_seen_is_undecided(lake: Lake) -> None:
    lake.clip("new")
    rows = evaluate(lake.connection, SHIPPED["hunyuan_video/360p"], ["a"])
    assert rows.select("verdict", "decided_by").rows() == [("undecided", "kept_by_parent")]


def test_a_verdict_holds_every_rule_in_order_with_its_outcome(lake: Lake, tmp_path: Path) -> None:
    lake.clip("it", visual_scores={"sharpness": NOT_MEASURED})
    tier = make_tier(tmp_path, "lab/odd", 'sharpness > 1 AS "Clip\'s ""edge""", fps > 60 AS fast, fps > 1 AS slow')
    rows = evaluate(lake.connection, tier, ["a"])
    assert rows.schema == TIER_VERDICTS.schema
    assert rows.to_dicts() == [
        {
            "batch": "a", "tier": "lab/odd", "clip_id": "it",
            "kept": False, "verdict": "dropped", "decided_by": "fast",
            "passed": [True, None, False, True], "version": tier.version,
        }
    ]  # fmt: skip
    assert rules_of(tier).select("tier", "number", "rule", "version").rows() == [
        ("lab/odd", number, rule, tier.version)
        for number, rule in enumerate(("not_near_benchmark", 'Clip\'s "edge"', "fast", "slow"), 1)
    ]


def test_only_the_asked_batches_are_decided_and_the_lakes_names_are_whole_again_afterwards(lake: Lake) -> None:
    for clip, batch in (("1", "a"), ("2", "b"), ("3", "it's c")):
        lake.clip(clip, batch=batch)
    tier = SHIPPED["hunyuan_video/256p"]
    assert evaluate(lake.connection, tier, ["b"])["clip_id"].to_list() == ["2"]
    assert evaluate(lake.connection, tier, ["it's c", "a"])["clip_id"].to_list() == ["1", "3"]
    assert evaluate(lake.connection, tier, []).equals(TIER_VERDICTS.empty())
    assert lake.query("SELECT count(*) FROM clip_sheet") == [(3,)]
    assert lake.query("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal") == []


def test_a_batch_alone_opens_no_other_batchs_rows_of_any_table(lake: Lake) -> None:
    lake.clip("1", batch="a")
    lake.clip("2", batch="b")
    plan = lake.query("EXPLAIN SELECT * FROM clip_sheet WHERE batch = 'a'")[0][1]
    # Every table in which these clips have a row, and shots: the clip's own, and how many its video has.
    assert plan.count("batch='a'") == len(ROWS) + 2


def test_an_unknown_column_or_a_rule_that_is_not_boolean_is_refused_with_its_line(lake: Lake, tmp_path: Path) -> None:
    cases = {
        "fps > 24 AS fast,\n    sharpnes > 3 AS clear": (5, 'Referenced column "sharpnes" not found', "sharpness"),
        "fps > 24 AS fast,\n    sharpness AS clear": (5, "The rule clear is DOUBLE and not BOOLEAN.", "Compare it"),
        "fps > 24 AS fast,\n    NULL AS later": (5, "The rule later is", "Compare it"),
        "laplace(fps) > 24 AS fast": (4, "laplace does not exist", "DESCRIBE clip_sheet"),
    }
    for number, (rules, (line, what, mend)) in enumerate(cases.items()):
        tier = make_tier(tmp_path, f"lab/bad_{number}", rules, "-- title: Bad\n")
        with pytest.raises(TierError) as caught:
            check_rules(lake.connection, tier)
        assert caught.value.line == line
        assert what in caught.value.what
        assert mend in caught.value.mend
        with pytest.raises(TierError):
            evaluate(lake.connection, tier, ["a"])


def test_a_rule_that_fails_on_a_value_says_so_and_leaves_the_connection_usable(lake: Lake, tmp_path: Path) -> None:
    lake.clip("it", raw_videos={"acquired_at": "last summer"})
    tier = make_tier(tmp_path, "lab/dated", "acquired_at::DATE > DATE '2020-01-01' AS recent")
    with pytest.raises(TierError, match=r"fails on a value that it meets.*last summer"):
        evaluate(lake.connection, tier, ["a"])
    assert lake.query("SELECT clip_id FROM clip_sheet") == [("it",)]


def test_tiers_run_unchanged_on_a_ducklake_catalog_and_read_their_parents_verdicts(ducklake: Lake) -> None:
    ducklake.clip("good", batch="a")
    ducklake.clip(
        "small", batch="a", clips={"crop_width": 400, "crop_height": 300}, raw_videos={"width": 400, "height": 300}
    )
    ducklake.clip("elsewhere", batch="b")
    assert decide(ducklake, "hunyuan_video/540p") == {"good": ("kept", None), "small": ("dropped", "kept_by_parent")}
    for tier in SHIPPED.values():
        as_it_stands = ducklake.connection.execute(tier.path.read_text()).fetchall()
        assert sorted(row[0] for row in as_it_stands) == ["elsewhere", "good", "small"]
    assert ducklake.query("SELECT count(*) FROM lake.tier_verdicts") == [(6,)]
    ducklake.connection.execute("USE memory")
    assert ducklake.query("SELECT count(*) FROM lake.clip_sheet") == [(3,)]


OUTCOMES = st.lists(st.tuples(*[st.sampled_from([True, False, None])] * 3), min_size=1, max_size=12)


def decided(tier: Tier, outcomes: list[tuple[bool | None, ...]], near: list[bool | None]) -> list[dict[str, Any]]:
    """The verdicts of three rules on clips with these outcomes, each near a benchmark's clip or not."""
    rows = [("a", f"{n:02}", "v", *outcome, by) for n, (outcome, by) in enumerate(zip(outcomes, near, strict=True))]
    known = ["r1", "r2", "r3", "near_benchmark"]
    sheet = pl.DataFrame(rows, schema=["batch", "clip_id", "video_id", *known], orient="row")
    with duckdb.connect() as connection:
        connection.register("clip_sheet", sheet.with_columns(pl.col(known).cast(pl.Boolean)).to_arrow())
        return connection.execute(f"{verdict_query(tier)} ORDER BY clip_id").pl().to_dicts()


@given(outcomes=OUTCOMES)
@settings(max_examples=50, deadline=None)
def test_a_verdict_is_false_if_any_rule_is_else_unknown_if_any_rule_is_else_true(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[tuple[bool | None, ...]]
) -> None:
    tier = make_tier(tmp_path_factory.mktemp("tiers"), "lab/three", "r1, r2, r3")
    for outcome, row in zip(outcomes, decided(tier, outcomes, [False] * len(outcomes)), strict=True):
        kept = False if False in outcome else None if None in outcome else True
        words = {True: "kept", False: "dropped", None: "undecided"}
        assert (row["kept"], row["verdict"]) == (kept, words[kept])
        assert row["decided_by"] == (None if kept else f"r{outcome.index(kept) + 1}")
        assert row["passed"] == [True, *outcome]


@given(clips=st.lists(st.tuples(*[st.sampled_from([True, False, None])] * 4), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_with_benchmarks_a_tier_keeps_what_it_kept_but_for_what_is_near_them_or_not_compared(
    tmp_path_factory: pytest.TempPathFactory, clips: list[tuple[bool | None, ...]]
) -> None:
    tier = make_tier(tmp_path_factory.mktemp("tiers"), "lab/three", "r1, r2, r3")
    outcomes, near = [outcome for *outcome, _ in clips], [by for *_, by in clips]
    before = decided(tier, [tuple(o) for o in outcomes], [False] * len(clips))
    after = decided(tier, [tuple(o) for o in outcomes], near)
    for was, now, by in zip(before, after, near, strict=True):
        if by is False:
            assert now == was
        elif by:
            assert (now["verdict"], now["decided_by"]) == ("dropped", "not_near_benchmark")
        else:
            # What another rule drops stays dropped by that rule.
            dropped = was["verdict"] == "dropped"
            assert now["verdict"] == ("dropped" if dropped else "undecided")
            assert now["decided_by"] == (was["decided_by"] if dropped else "not_near_benchmark")


def test_the_order_of_batches_changes_nothing(lake: Lake) -> None:
    for n in range(30):
        lake.clip(f"{n:02}", batch="abc"[n % 3], motion_scores={"vmaf_motion": None if n % 5 == 0 else n / 10})
    tier = load_tier(SQL / "tiers/movie_gen/low_resolution.sql", SQL / "tiers")
    whole = evaluate(lake.connection, tier, ["a", "b", "c"])
    assert_frame_equal(whole, evaluate(lake.connection, tier, ["c", "a", "b"]))
    apart = pl.concat([evaluate(lake.connection, tier, [b]) for b in "bca"]).sort("tier", "clip_id")
    assert_frame_equal(whole, apart)
    assert whole["verdict"].value_counts(sort=True).rows() == [("kept", 16), ("dropped", 8), ("undecided", 6)]
