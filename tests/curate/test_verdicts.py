from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.curate.conftest import NOT_MEASURED, ROWS, SQL, Lake, make_tier, outcomes
from video_assets.curate.tiers import Tier, TierError, load_tier, load_tiers
from video_assets.curate.verdicts import check_rules, outcomes_query, rules_of
from video_assets.lake.schemas import REVIEWS, TIER_OUTCOMES, TIER_VERDICTS

CHILD = (
    "(SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = '{0}' AND v.clip_id = clip_sheet.clip_id) AS kept_by_parent"
)


def test_a_clip_that_the_parent_has_not_seen_is_undecided(lake: Lake) -> None:
    lake.clip("new")
    tiers, _ = load_tiers(SQL / "tiers")
    rows = lake.decide(tiers["hunyuan_video/360p"])
    assert rows.select("verdict", "decided_by").rows() == [("undecided", "kept_by_parent")]


def test_a_verdict_holds_every_rule_in_order_with_its_outcome(lake: Lake, tmp_path: Path) -> None:
    lake.clip("it", visual_scores={"sharpness": NOT_MEASURED})
    tier = make_tier(tmp_path, "lab/odd", 'sharpness > 1 AS "Clip\'s ""edge""", fps > 60 AS fast, fps > 1 AS slow')
    verdicts = lake.decide(tier)
    assert verdicts.schema == TIER_VERDICTS.schema
    assert verdicts.to_dicts() == [
        {
            "batch": "a", "tier": "lab/odd", "clip_id": "it",
            "kept": False, "verdict": "dropped", "decided_by": "fast",
            "passed": [True, None, False, True], "not_passed": 2, "version": tier.version,
        }
    ]  # fmt: skip
    assert rules_of(tier).select("tier", "number", "rule", "version").rows() == [
        ("lab/odd", number, rule, tier.version)
        for number, rule in enumerate(("not_near_benchmark", 'Clip\'s "edge"', "fast", "slow"), 1)
    ]


def test_a_rule_may_have_the_name_of_a_column_of_the_outcomes(lake: Lake, tmp_path: Path) -> None:
    lake.clip("it", visual_scores={"sharpness": NOT_MEASURED})
    rules = "fps > 1 AS failed, fps > 60 AS unknown, sharpness > 1 AS tier, fps > 2 AS version"
    (verdict,) = lake.decide(make_tier(tmp_path, "lab/odd", rules)).to_dicts()
    assert (verdict["tier"], verdict["verdict"], verdict["decided_by"]) == ("lab/odd", "dropped", "unknown")
    assert verdict["passed"] == [True, True, False, None, True]


def test_the_last_of_as_many_rules_as_a_tier_may_have_decides_like_the_first(lake: Lake, tmp_path: Path) -> None:
    lake.clip("slow", clips={"fps": 61.0})
    lake.clip("unknown", clips={"fps": 61.5}, visual_scores={"sharpness": NOT_MEASURED})
    rules = [f"fps > {n} AS r{n}" for n in range(61)]
    tier = make_tier(tmp_path, "lab/long", ",\n".join([*rules, "fps > 61 AND sharpness > 1 AS last"]))
    verdicts = lake.decide(tier)
    assert verdicts.select("clip_id", "verdict", "decided_by").rows() == [
        ("slow", "dropped", "last"),
        ("unknown", "undecided", "last"),
    ]
    assert verdicts["passed"].to_list() == [[True] * 62 + [False], [True] * 62 + [None]]


def test_only_the_asked_batches_are_decided_and_the_lakes_names_are_whole_again_afterwards(lake: Lake) -> None:
    for clip, batch in (("1", "a"), ("2", "b"), ("3", "it's c")):
        lake.clip(clip, batch=batch)
    tier = load_tier(SQL / "tiers/hunyuan_video/256p.sql", SQL / "tiers")
    assert outcomes(lake.connection, tier, ["b"])["clip_id"].to_list() == ["2"]
    assert outcomes(lake.connection, tier, ["it's c", "a"])["clip_id"].to_list() == ["1", "3"]
    assert outcomes(lake.connection, tier, []).equals(TIER_OUTCOMES.empty())
    assert lake.query("SELECT count(*) FROM clip_sheet") == [(3,)]
    assert lake.query("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal") == []


def test_a_batch_alone_opens_no_other_batchs_rows_of_any_table(lake: Lake) -> None:
    lake.clip("1", batch="a")
    lake.clip("2", batch="b")
    [(_, plan)] = lake.query("EXPLAIN (FORMAT json) SELECT * FROM clip_sheet WHERE batch = 'a'")
    scans = list(_scans(json.loads(plan)))
    # Every table in which these clips have a row, and shots: the clip's own, and how many its video has. What people say is tied to
    # clips and not to batches.
    of_batches = [(table, read) for table, read in scans if table != REVIEWS.name]
    assert sorted(table for table, _ in of_batches) == sorted([*ROWS, "shots", "shots"])
    assert {read for _, read in of_batches} == {"batch='a'"}


def _scans(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Of each scan in a plan the table, and what it reads of it."""
    for node in nodes:
        told = node["extra_info"]
        if "Table" in told:
            yield told["Table"].rpartition(".")[2], told.get("Filters", "")
        yield from _scans(node["children"])


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
            outcomes(lake.connection, tier, ["a"])


def test_a_rule_that_fails_on_a_value_says_so_and_leaves_the_connection_usable(lake: Lake, tmp_path: Path) -> None:
    lake.clip("it", raw_videos={"acquired_at": "last summer"})
    tier = make_tier(tmp_path, "lab/dated", "acquired_at::DATE > DATE '2020-01-01' AS recent")
    with pytest.raises(TierError, match=r"fails on a value that it meets.*last summer"):
        outcomes(lake.connection, tier, ["a"])
    assert lake.query("SELECT clip_id FROM clip_sheet") == [("it",)]


OUTCOMES = st.lists(st.tuples(*[st.sampled_from([True, False, None])] * 3), min_size=1, max_size=12)


def decided(tier: Tier, outcomes: list[tuple[bool | None, ...]], near: list[bool | None]) -> list[dict[str, Any]]:
    """The verdicts of three rules on clips with these outcomes, each near a benchmark's clip or not."""
    rows = [("a", f"{n:02}", "v", *outcome, by) for n, (outcome, by) in enumerate(zip(outcomes, near, strict=True))]
    known = ["r1", "r2", "r3", "near_benchmark"]
    sheet = pl.DataFrame(rows, schema=["batch", "clip_id", "video_id", *known], orient="row")
    with duckdb.connect() as connection:
        connection.register("clip_sheet", sheet.with_columns(pl.col(known).cast(pl.Boolean)).to_arrow())
        connection.execute(f"CREATE TABLE tier_outcomes AS {outcomes_query(tier)}")
        connection.register("tier_rules_history", rules_of(tier).to_arrow())
        verdicts = (SQL / "views/tier_verdicts_history.sql").read_text()
        return connection.execute(f"SELECT * FROM ({verdicts.rstrip().rstrip(';')}) ORDER BY clip_id").pl().to_dicts()


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
        assert row["not_passed"] == sum(passed is not True for passed in outcome)


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
    whole = lake.decide(tier, ["a", "b", "c"])
    assert_frame_equal(whole, lake.decide(tier, ["c", "a", "b"]))
    apart = pl.concat([lake.decide(tier, [b]) for b in "bca"]).sort("tier", "clip_id")
    assert_frame_equal(whole, apart)
    assert whole["verdict"].value_counts(sort=True).rows() == [("kept", 16), ("dropped", 8), ("undecided", 6)]
