from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.curate.conftest import SQL, Lake, make_tier
from video_assets.curate.candidates import candidates, chance, root_tiers
from video_assets.curate.tiers import Tier, load_tiers
from video_assets.lake.schemas import CANDIDATES
from video_assets.lake.sheet import sheet_sql
from video_assets.measurements import MODELLED
from video_assets.settings import Settings

SHEET = sheet_sql(Settings())
SHIPPED, _ = load_tiers(SQL / "tiers")


def asked(lake: Lake, *tiers: Tier, share: float = 0.0) -> dict[str, tuple[str, list[str] | None]]:
    """Why, and what rules it out, of each clip of batch a."""
    found = candidates(lake.connection, tiers, SHEET, MODELLED, "a", share)
    rows = CANDIDATES.frame(found, version="1")
    assert rows["candidate"].to_list() == [why not in ("ruled_out", "benchmark") for why in rows["why"]]
    assert rows["compared"].to_list() == [why != "ruled_out" for why in rows["why"]]
    return {row["clip_id"]: (row["why"], row["ruled_out_by"]) for row in rows.iter_rows(named=True)}


@pytest.fixture
def two(tmp_path: Path) -> tuple[Tier, Tier]:
    """Give a tier that wants movement and little text, and one that wants clear pictures."""
    moving = make_tier(tmp_path, "ours/moving", "vmaf_motion > 1 AS moves,\n    text_share < 0.1 AS little_text")
    return moving, make_tier(tmp_path, "ours/clear", "sharpness > 100 AS clear")


def test_a_clip_is_a_candidate_as_long_as_one_tier_may_keep_it(lake: Lake, two: tuple[Tier, Tier]) -> None:
    still, blurred = {"vmaf_motion": 0.0}, {"sharpness": 3.0}
    lake.clip("0" * 32)
    lake.clip("1" * 32, motion_scores=still)
    lake.clip("2" * 32, motion_scores=still, visual_scores=blurred)
    assert asked(lake, *two) == {
        "0" * 32: ("possible", None),
        "1" * 32: ("possible", None),
        "2" * 32: ("ruled_out", ["ours/clear: clear", "ours/moving: moves"]),
    }


def test_what_a_model_said_before_rules_nothing_out(lake: Lake, two: tuple[Tier, Tier]) -> None:
    lake.clip("0" * 32, text_scores={"text_share": 0.9})
    assert asked(lake, two[0]) == {"0" * 32: ("possible", None)}


def test_a_cheap_score_that_could_not_be_measured_rules_nothing_out(lake: Lake, two: tuple[Tier, Tier]) -> None:
    lake.clip("0" * 32, motion_scores=None, visual_scores=None)
    assert asked(lake, *two) == {"0" * 32: ("possible", None)}


def test_a_sample_of_what_is_ruled_out_is_measured_and_says_so(lake: Lake, two: tuple[Tier, Tier]) -> None:
    ids = [f"{first:08x}" + "0" * 24 for first in range(0, 2**32, 2**32 // 20)]
    for clip_id in ids:
        lake.clip(clip_id, motion_scores={"vmaf_motion": 0.0})
    found = asked(lake, two[0], share=0.25)
    assert [found[c][0] for c in sorted(ids)] == ["sampled"] * 6 + ["ruled_out"] * (len(ids) - 6)
    assert found[ids[0]][1] == ["ours/moving: moves"]


def test_a_tier_that_cannot_be_asked_is_left_out_of_the_question(
    lake: Lake, two: tuple[Tier, Tier], tmp_path: Path
) -> None:
    broken = make_tier(tmp_path, "ours/broken", "no_such_column > 1 AS moves")
    lake.clip("0" * 32, motion_scores={"vmaf_motion": 0.0})
    assert asked(lake, two[0], broken) == {"0" * 32: ("ruled_out", ["ours/moving: moves"])}
    assert asked(lake, broken) == {"0" * 32: ("possible", None)}
    assert asked(lake) == {"0" * 32: ("possible", None)}


def test_a_benchmarks_clip_is_only_compared_whatever_tiers_say_of_it(lake: Lake, two: tuple[Tier, Tier]) -> None:
    lake.clip("0" * 32, raw_videos={"benchmark": "VBench"})
    lake.clip("1" * 32, raw_videos={"benchmark": "VBench"}, motion_scores={"vmaf_motion": 0.0})
    for tiers in (two, ()):
        assert asked(lake, *tiers) == {"0" * 32: ("benchmark", None), "1" * 32: ("benchmark", None)}


def test_other_batches_are_not_judged(lake: Lake, two: tuple[Tier, Tier]) -> None:
    lake.clip("0" * 32, batch="b")
    assert asked(lake, *two) == {}


def test_the_loosest_tiers_are_those_without_a_parent() -> None:
    assert set(root_tiers(SHIPPED)) == {name for name, tier in SHIPPED.items() if tier.parent is None}
    assert "hunyuan_video/256p" in root_tiers(SHIPPED)
    assert "hunyuan_video/360p" not in root_tiers(SHIPPED)


@given(st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_clips_chance_is_a_share(clip_id: str) -> None:
    found = pl.DataFrame({"clip_id": [clip_id]}).select(chance(pl.col("clip_id"))).item()
    assert 0 <= found < 1
    assert found == int(clip_id[:8], 16) / 2**32
