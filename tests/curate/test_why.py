from __future__ import annotations

from pathlib import Path

from tests.curate.conftest import NOT_MEASURED, Lake, make_tier
from tests.curate.test_verdicts import CHILD
from video_assets.curate.tiers import Tier
from video_assets.curate.verdicts import rules_of
from video_assets.curate.why import about, why


def decide(lake: Lake, *tiers: Tier) -> None:
    for tier in tiers:
        lake.decide(tier)


def test_every_rules_outcome_is_told_with_what_it_asks_and_reads_and_which_one_decided(
    lake: Lake, tmp_path: Path
) -> None:
    lake.clip("short", clips={"duration_s": 2.0}, visual_scores={"sharpness": NOT_MEASURED})
    lake.clip("good")
    rules = (
        "fps >= 24 AND Duration_s < 60 AS smooth,\n    sharpness >= 50 AS clear,\n    duration_s >= 4 AS long_enough"
    )
    usual = make_tier(tmp_path, "lab/usual", rules)
    below = make_tier(tmp_path, "lab/below", CHILD.format("lab/usual"), "-- parent: lab/usual\n")
    decide(lake, usual, below)
    rows = why(lake.connection, "short")
    assert rows.columns == ["tier", "verdict", "step", "rule", "outcome", "decided", "expression", "measured"]
    parent = below.rules[0].expression
    of_all = ("not_near_benchmark", "passed", False, "NOT near_benchmark", "near_benchmark = false")
    assert rows.rows() == [
        ("lab/below", "dropped", 1, *of_all),
        ("lab/below", "dropped", 2, "kept_by_parent", "failed", True, parent, ""),
        ("lab/usual", "dropped", 1, *of_all),
        ("lab/usual", "dropped", 2, "smooth", "passed", False, "fps >= 24 AND Duration_s < 60", "fps = 25, duration_s = 2"),
        ("lab/usual", "dropped", 3, "clear", "undecided", False, "sharpness >= 50", "sharpness = NULL"),
        ("lab/usual", "dropped", 4, "long_enough", "failed", True, "duration_s >= 4", "duration_s = 2"),
    ]  # fmt: skip
    assert why(lake.connection, "good")["decided"].to_list() == [False] * 6
    assert why(lake.connection, "nobody").is_empty()


def test_a_verdict_is_told_by_the_rules_of_the_file_that_it_was_made_by(lake: Lake, tmp_path: Path) -> None:
    lake.clip("it", clips={"fps": 25.0})
    old = make_tier(tmp_path, "lab/usual", "fps >= 24 AS smooth")
    new = make_tier(tmp_path, "lab/usual", "fps >= 30 AS smooth,\n    fps < 90 AS slow")
    decide(lake, old)
    lake.add("tier_rules_history", rules_of(new))
    assert why(lake.connection, "it").select("expression", "outcome").rows() == [
        ("NOT near_benchmark", "passed"),
        ("fps >= 24", "passed"),
    ]


def test_a_clip_is_told_where_it_is_from_on_what_rights_and_what_is_like_it(lake: Lake) -> None:
    of = {"duplicate_group": "best", "duplicates": 2}
    lake.clip("alone", duplicate_groups={"duplicate_group": "alone", "duplicates": 1})
    lake.clip("best", duplicate_groups=of)
    lake.clip("copy", duplicate_groups=of | {"duplicate": True, "duplicate_of": "best"})
    lake.clip("new", duplicate_groups=NOT_MEASURED, raw_videos={"holder": "unknown", "rights_from": "unknown"})
    source = "harbour.mp4, 4.00 to 18.00 s. Licence CC-BY-4.0, holder {} (stated by: {})."
    assert about(lake.connection, "alone") == [source.format("Harbour Films", "sidecar"), "It has no near-duplicates."]
    group = "It is one of 2 near-duplicates (duplicate_group best)"
    assert about(lake.connection, "best")[1] == f"{group}, and none that is near it is better."
    assert about(lake.connection, "copy")[1] == f"{group}; best is better."
    assert about(lake.connection, "new") == [
        source.format("unknown", "unknown"), "Whether it has near-duplicates is not known: nobody compared it.",
    ]  # fmt: skip
    assert about(lake.connection, "nobody") == []
