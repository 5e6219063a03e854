"""Tiers that are decided on a copy of a batch say what the lake says of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.place import Place
from video_assets.curate.at_hand import at_hand
from video_assets.curate.sql_files import read_files
from video_assets.measurements import tier_asset


def test_every_tier_is_decided_on_the_copy_as_it_stands_in_the_lake(curated_few: Place, tmp_path: Path) -> None:
    lake = curated_few.lake()
    [batch] = lake.query("SELECT DISTINCT batch FROM clip_sheet")["batch"].to_list()
    ledger, decided = lake.made([batch]), 0
    with at_hand(lake, batch) as copy:
        # Parents come before children, which must not see what the lake has of their parent.
        copy.connection.execute("DELETE FROM temp.tier_outcomes")
        for tier in read_files(lake.settings).tiers.values():
            path = tmp_path / "outcomes.parquet"
            said, entry = copy.decide(tier, path), ledger[tier_asset(tier.name), batch]
            assert said is not None
            assert (said.content, said.clips, said.kept) == (entry["data_version"], entry["rows"], entry["kept"])
            assert (said.undecided, said.kept_seconds) == (entry["undecided"], entry["kept_seconds"])
            there = lake.query("SELECT * FROM tier_outcomes WHERE tier = ? ORDER BY clip_id", [tier.name])
            assert pl.read_parquet(path).select(there.columns).cast(there.schema).sort("clip_id").equals(there)
            decided += 1
        assert (lake.query("SELECT count(DISTINCT tier) AS n FROM tier_outcomes").item(), decided) == (13, 13)


def test_a_run_of_one_batch_commits_its_tiers_together(curated_few: Place) -> None:
    lake = curated_few.lake()
    commits = lake.query(
        "SELECT commit_message FROM ducklake_snapshots('lake') WHERE commit_message LIKE '%tiers%' ORDER BY snapshot_id"
    )["commit_message"]
    assert commits.to_list() == ["13 tiers: 1 batches"]
