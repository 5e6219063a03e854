from __future__ import annotations

from pathlib import Path

import pytest

from tests.curate.conftest import Lake, make_tier
from video_assets.curate.coverage import BREAKDOWNS, coverage
from video_assets.curate.tiers import Tier


@pytest.fixture
def tier(lake: Lake, tmp_path: Path) -> Tier:
    made = make_tier(tmp_path, "lab/smooth", "fps >= 24 AS smooth")
    lake.clip("1", clips={"duration_s": 9.0}, people_scores={"faces_max": 2})
    lake.clip("2", clips={"duration_s": 5.4, "crop_width": 608}, raw_videos={"holder": "Ours", "licence": "ours"})
    lake.clip("3", batch="b", clips={"duration_s": 3.6}, people_scores={"people_max": 0})
    lake.clip("slow", clips={"fps": 12.0})
    lake.row("concepts", {"batch": "a", "clip_id": "1", "concept": 7})
    lake.decide(made, ["a", "b"])
    return made


def test_a_tiers_kept_clips_are_counted_by_what_they_are(lake: Lake, tier: Tier) -> None:
    found = coverage(lake.connection, tier)
    assert found.totals.row(0) == (3, pytest.approx(0.005), 3, 1, 2, 5.4, 1080.0)
    shares = {h: [(v, n, round(s, 6)) for v, n, _, s in rows.iter_rows()] for h, rows in found.breakdowns.items()}
    assert shares["Duration"] == [("8 to 10 s", 1, 0.5), ("4 to 6 s", 1, 0.3), ("2 to 4 s", 1, 0.2)]
    assert shares["Orientation"] == [("landscape", 2, 0.7), ("portrait", 1, 0.3)]
    assert shares["Shorter side"] == [("1080 px and more", 2, 0.7), ("540 px and more", 1, 0.3)]
    assert shares["People"] == [("seen", 1, 0.5), ("not known", 1, 0.3), ("none", 1, 0.2)]
    assert shares["Concept"] == [("7", 1, 0.5), ("not known", 2, 0.5)]
    assert shares["Licence"] == [("CC-BY-4.0", 2, 0.7), ("ours", 1, 0.3)]
    for rows in found.breakdowns.values():
        assert rows["clips"].sum() == 3
        assert rows["share"].sum() == pytest.approx(1)


def test_many_values_are_told_apart_up_to_a_number(lake: Lake, tier: Tier) -> None:
    rows = coverage(lake.connection, tier, most=2).breakdowns["Duration"]
    assert rows.select("value", "clips").rows() == [("8 to 10 s", 1), ("2 others", 2)]


def test_a_tier_that_keeps_nothing_is_covered_by_nothing(lake: Lake, tmp_path: Path, tier: Tier) -> None:
    edited = make_tier(tmp_path, "lab/smooth", "fps >= 240 AS smooth")
    found = coverage(lake.connection, edited)
    assert found.totals.row(0) == (0, 0.0, 0, 0, 0, None, None)
    assert set(found.breakdowns) == set(BREAKDOWNS)
    assert all(rows.is_empty() for rows in found.breakdowns.values())
