from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.curate.conftest import NOT_MEASURED, Lake, make_tier
from tests.tables import TABLES
from video_assets.curate.funnel import beside_published, funnel
from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import rules_of
from video_assets.lake.schemas import TIER_OUTCOMES

RULES = "fps >= 24 AS smooth,\n    sharpness >= 50 AS clear,\n    duration_s >= 4 AS long_enough"


@pytest.fixture
def decided(lake: Lake, tmp_path: Path) -> Tier:
    lake.clip("1 kept", clips={"duration_s": 10.0})
    lake.clip("2 slow", clips={"duration_s": 8.0, "fps": 12.0}, visual_scores={"sharpness": 3.0})
    lake.clip("3 unknown", clips={"duration_s": 6.0}, visual_scores={"sharpness": NOT_MEASURED})
    lake.clip("4 unknown and short", clips={"duration_s": 2.0}, visual_scores={"sharpness": NOT_MEASURED})
    lake.clip("5 soft", batch="b", clips={"duration_s": 4.0}, visual_scores={"sharpness": 20.0})
    tier = make_tier(tmp_path, "lab/usual", RULES)
    lake.decide(tier, ["a", "b"])
    return tier


def test_a_funnel_says_how_many_clips_and_hours_each_rule_leaves(lake: Lake, decided: Tier) -> None:
    rows = funnel(lake.connection, decided)
    assert rows.columns == ["rule", "clips_left", "hours_left", "dropped_here", "undecided_here"]
    assert rows.with_columns((pl.col("hours_left") * 3600).round(6)).rows() == [
        ("all clips", 5, 30.0, 0, 0),
        ("not_near_benchmark", 5, 30.0, 0, 0),
        ("smooth", 4, 22.0, 1, 0),
        ("clear", 2, 12.0, 1, 1),
        ("long_enough", 1, 10.0, 1, 0),
    ]


def test_a_funnel_can_be_asked_of_some_batches(lake: Lake, decided: Tier) -> None:
    assert funnel(lake.connection, decided, ["b"])["clips_left"].to_list() == [1, 1, 1, 0, 0]
    assert funnel(lake.connection, decided, [])["clips_left"].to_list() == [0, 0, 0, 0, 0]


def test_a_funnel_counts_neither_an_older_versions_verdicts_nor_clips_that_are_gone(
    lake: Lake, decided: Tier, tmp_path: Path
) -> None:
    lake.connection.execute("DELETE FROM clips WHERE clip_id = '2 slow'")
    assert funnel(lake.connection, decided)["clips_left"].to_list() == [4, 4, 4, 2, 1]
    edited = make_tier(tmp_path, "lab/usual", RULES.replace("24", "30"))
    assert funnel(lake.connection, edited)["clips_left"].to_list() == [0, 0, 0, 0, 0]


def test_a_funnel_stands_beside_what_the_paper_publishes(lake: Lake, decided: Tier, tmp_path: Path) -> None:
    rows = funnel(lake.connection, decided)
    assert beside_published(rows, decided).equals(rows)
    published = make_tier(tmp_path, "lab/usual", RULES, "-- published: smooth=0.5 long_enough=0.01\n")
    beside = beside_published(rows, published).select("share_left", "published")
    assert beside.rows() == [(1.0, None), (1.0, None), (0.8, 0.5), (0.4, None), (0.2, 0.01)]
    nothing = beside_published(funnel(lake.connection, published, []), published)
    assert nothing["share_left"].to_list() == [None] * 5


CLIPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([None, "r1", "r2", "r3"]), st.booleans(), st.floats(0.1, 600)),
    max_size=40,
)


@given(clips=CLIPS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_a_funnel_never_widens_and_its_parts_make_the_whole(
    lake: Lake, tmp_path: Path, clips: list[tuple[str, str | None, bool, float]]
) -> None:
    tier = make_tier(tmp_path, "lab/any", "r1, r2, r3")
    held: list[dict[str, object]] = []
    outcomes: list[dict[str, object]] = []
    for n, (batch, rule, unknown, seconds) in enumerate(clips):
        bit = 0 if rule is None else 2 ** int(rule[1:])  # The rule of all tiers comes first.
        held.append({"batch": batch, "clip_id": str(n), "start_pts": n, "duration_s": seconds})
        bits = {"failed": 0 if unknown else bit, "unknown": bit if unknown else 0}
        outcomes.append({"batch": batch, "clip_id": str(n)} | bits)
    lake.connection.execute("DELETE FROM clips; DELETE FROM tier_outcomes; DELETE FROM tier_rules_history")
    if clips:
        lake.add("clips", TABLES["clips"].frame(held))
        lake.add("tier_outcomes", TIER_OUTCOMES.frame(outcomes, tier=tier.name, version=tier.version))
        lake.add("tier_rules_history", rules_of(tier))

    rows = funnel(lake.connection, tier)

    assert rows["clips_left"].is_sorted(descending=True)
    assert rows["hours_left"].is_sorted(descending=True)
    assert rows["clips_left"][0] == len(clips)
    assert rows["hours_left"][0] == pytest.approx(sum(c[3] for c in clips) / 3600)
    assert rows["clips_left"][-1] == sum(c[1] is None for c in clips)
    assert rows["clips_left"][-1] + rows["dropped_here"].sum() + rows["undecided_here"].sum() == len(clips)
    leaves = rows["dropped_here"] + rows["undecided_here"]
    assert (rows["clips_left"].shift(1, fill_value=len(clips)) - leaves).to_list() == rows["clips_left"].to_list()
