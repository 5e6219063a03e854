"""What columns are made from, read from their SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.curate.conftest import make_tier
from tests.tables import TABLES
from video_assets.curate.lineage import sources
from video_assets.lake.sheet import sheet_of, sheet_sql
from video_assets.settings import Settings

CHILD = (
    "(SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = 'lab/top' AND v.clip_id = clip_sheet.clip_id) AS by_parent"
)


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        ("fps > 24 AS fast", [("clip_sheet", "fps")]),
        ("clip_sheet.FPS > 24 OR Codec = 'av1' AS odd", [("clip_sheet", "fps"), ("clip_sheet", "codec")]),
        ("coalesce(blur, noise) < noise AS clear", [("clip_sheet", "blur"), ("clip_sheet", "noise")]),
        ("starts_with(clip_id, 'a') AS some", [("clip_sheet", "clip_id")]),
        ("has_audio", [("clip_sheet", "has_audio")]),
        ("random() > 0.5 AS lucky", []),
    ],
)
def test_a_rule_reads_the_sheets_columns_that_stand_in_it(
    tmp_path: Path, rule: str, read: list[tuple[str, str]]
) -> None:
    assert list(make_tier(tmp_path, "lab/one", rule).rules[0].reads) == read


def test_a_rule_that_asks_for_the_parent_reads_its_verdict_and_not_what_it_is_found_by(tmp_path: Path) -> None:
    tier = make_tier(tmp_path, "lab/low", CHILD, "-- parent: lab/top\n")
    assert tier.rules[0].reads == (("tier_verdicts", "kept"),)


def test_columns_are_traced_through_aliases_expressions_and_subqueries() -> None:
    found = sources(
        "SELECT c.clip_id, c.a / v.b AS ratio, coalesce(v.b, c.a) AS b, n.many, m.top, 1 AS one FROM clips AS c "
        "LEFT JOIN raw_videos AS v ON v.video_id = c.video_id "
        "LEFT JOIN (SELECT video_id, count(*) AS many FROM shots GROUP BY video_id) AS n ON n.video_id = c.video_id "
        "LEFT JOIN (SELECT s.id, max(s.level + t.level) AS top FROM s JOIN t ON s.id = t.id GROUP BY s.id) AS m ON TRUE"
    )
    assert found == {
        "clip_id": (("clips", "clip_id"),),
        "ratio": (("clips", "a"), ("raw_videos", "b")),
        "b": (("raw_videos", "b"), ("clips", "a")),
        "many": (("shots", "video_id"),),
        "top": (("s", "level"), ("t", "level")),
        "one": (),
    }


def test_every_column_of_the_sheet_is_made_from_columns_that_there_are() -> None:
    found = sources(sheet_sql(Settings()))
    assert list(found) == list(sheet_of(Settings()).schema)
    assert [name for name, read in found.items() if not read] == []
    assert {s for read in found.values() for s in read if s[1] not in TABLES[s[0]].schema} == set()
    assert found["crop_share"] == (
        ("clips", "crop_width"),
        ("clips", "crop_height"),
        ("clips", "width"),
        ("raw_videos", "width"),
        ("clips", "height"),
        ("raw_videos", "height"),
    )
