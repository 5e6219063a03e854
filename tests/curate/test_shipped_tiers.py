"""Every published tier, clip by clip: what it keeps, and which of its rules drops what."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.curate.conftest import NOT_MEASURED, SQL, Lake
from video_assets.curate.tiers import load_tiers
from video_assets.curate.why import why

SHIPPED, _ = load_tiers(SQL / "tiers")
# Tiers of short clips alone.
SHORT = {"goku/480p": 8.0, "open_sora/256p": 8.0}


def decide(lake: Lake, tier: str, batches: tuple[str, ...] = ("a",)) -> dict[str, tuple[str, str | None]]:
    """Verdict and deciding rule of each clip, once the tier and its parents are decided in turn."""
    chain = [SHIPPED[tier]]
    while parent := chain[0].parent:
        chain.insert(0, SHIPPED[parent])
    for step in chain:
        rows = lake.decide(step, batches)
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


def test_appeal_by_rules_decides_nothing_that_is_shipped() -> None:
    """It did not order clips as people did: no tier, draw, policy or rank of copies asks for it."""
    deciding = [f for name in ("tiers", "draws", "policies", "best_of_group.sql") for f in _sql_files(SQL / name)]
    assert len(deciding) > len(SHIPPED)
    asked = [f.name for f in deciding if "classical_appeal" in re.sub("--.*", "", f.read_text(encoding="utf-8"))]
    assert asked == []


def _sql_files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.sql")) if path.is_dir() else [path]


@pytest.mark.parametrize("tier", [t for t, tier in SHIPPED.items() if tier.parent is None])
def test_every_tier_drops_two_eyes_and_all_directions_and_keeps_what_says_nothing(lake: Lake, tier: str) -> None:
    clips = {"duration_s": SHORT.get(tier, 14.0)}
    said: dict[str, dict[str, Any]] = {
        "pair": {"stereo_mode": "side_by_side"},
        "anaglyph": {"stereo_mode": "anaglyph"},
        "both": {"stereo_mode": "top_bottom", "projection": "equirectangular"},
        "sphere": {"projection": "equirectangular"},
        "flat": {"stereo_mode": "mono", "projection": "rectilinear"},
        "nothing": {},
    }
    for name, columns in said.items():
        lake.clip(name, clips=clips, raw_videos=columns)
    dropped = dict.fromkeys(("pair", "anaglyph", "both", "sphere"), ("dropped", "flat_and_mono"))
    assert decide(lake, tier) == dropped | dict.fromkeys(("flat", "nothing"), ("kept", None))


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
        ("movie_gen/fine_tuning_candidates", "no_overlaid_text", {"text_scores": {"overlaid_text_boxes": 1}}),
        ("movie_gen/high_resolution", "one_picture", {"overlay_scores": {"layout": "picture_in_picture", "panels": 2}}),
        (
            "movie_gen/augmented_high_resolution",
            "recorded",
            {"overlay_scores": {"drawn": 0.1}},
        ),
        ("allegro/fine_tuning", "one_picture", {"overlay_scores": {"layout": "grid", "panels": 4}}),
        ("hunyuan_video/540p", "recorded", {"overlay_scores": {"drawn": 0.1}}),
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
        ("hunyuan_video/540p", "sound_picture", {"quality_scores": {"technical_quality": 0.01}}),
        ("movie_gen/low_resolution", "sound_picture", {"quality_scores": {"technical_quality": 0.01}}),
    ],
)
def test_a_clip_is_dropped_by_the_rule_that_it_breaks(
    lake: Lake, tier: str, rule: str, changes: dict[str, Any]
) -> None:
    lake.clip("bad", **changes)
    assert decide(lake, tier) == {"bad": ("dropped", rule)}


@pytest.mark.parametrize("tier", ["hunyuan_video/fine_tuning_candidates", "movie_gen/fine_tuning_candidates"])
def test_people_decide_what_the_last_set_would_ask_of_numbers_in_their_place(lake: Lake, tier: str) -> None:
    """Most of those who are sure decide; what comes before people's choice in the paper is not theirs to overrule."""
    soft: dict[str, Any] = {"motion_scores": {"vmaf_motion": 15.1, "shake": 0.03}}
    lake.clip("good, dropped")
    lake.clip("good, unsure")
    lake.clip("shaken", **soft)
    lake.clip("shaken, chosen", **soft)
    lake.clip("for two eyes, chosen", raw_videos={"stereo_mode": "side_by_side"})
    said = {
        "good, dropped": ("drop", "drop", "keep"), "good, unsure": ("keep", "drop"), "shaken, chosen": ("keep", "unsure"),
        "for two eyes, chosen": ("keep",),
    }  # fmt: skip
    lake.judge(said)
    soft_rule = "good_speed" if tier.startswith("hunyuan") else "no_shake"
    assert decide(lake, tier) == {
        "for two eyes, chosen": ("dropped", "kept_by_parent"),
        "good, dropped": ("dropped", "not_dropped_by_people"),
        "good, unsure": ("kept", None),
        "shaken": ("dropped", soft_rule),
        "shaken, chosen": ("kept", None),
    }
    assert (
        why(lake.connection, "good, dropped").row(by_predicate=pl.col("tier").eq(tier) & pl.col("decided"), named=True)[
            "measured"
        ]
        == "human_keep = false (ann drops it, bob drops it, cleo keeps it)"
    )


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


def test_pictures_whose_motion_cannot_be_told_leave_the_high_resolution_set_undecided(lake: Lake) -> None:
    lake.clip("dark", motion_scores={"motion_vector": NOT_MEASURED})
    slow = {"motion_vector": NOT_MEASURED, "vmaf_motion": 0.1}
    lake.clip("slow and dark", motion_scores=slow)
    assert decide(lake, "movie_gen/high_resolution") == {
        "dark": ("undecided", "motion_vectors"),
        "slow and dark": ("dropped", "not_slow_motion"),
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
