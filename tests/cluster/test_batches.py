"""Batches on a cluster of which a node is lost: all come to their end, nothing twice, and every row is that of one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.conftest import Raylets
from tests.cluster.show import compare, curate, make_films, on_cluster, settings
from tests.place import Place
from video_assets.settings import WorkerSettings


@pytest.mark.long
def test_two_batches_come_out_as_in_one_process_though_a_node_is_killed_in_the_first(
    raylets: Raylets, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    make_films(films, 6)
    places = Place(tmp_path / "one"), Place(tmp_path / "several")
    for place in places:
        place.quick_lake()
    one = curate(settings(places[0], 3, workers=WorkerSettings(processes=1)), films, network=False)
    reported: list[int] = []

    def kill_one(asset: str, done: int, _total: int) -> None:
        if asset == "frame_signals":
            reported.append(done)
            if len(reported) == 1:
                raylets.kill(0)

    several = curate(settings(places[1], 3, **on_cluster(raylets)), films, kill_one, network=False)
    rows = compare(several, one)
    assert {name: rows[name] for name in ("raw_videos", "decoded_videos", "clips")} == {
        "raw_videos": 6, "decoded_videos": 6, "clips": 8,
    }  # fmt: skip
    assert several.query("SELECT count(reason) FROM decoded_videos").item() == 0
    assert reported
    # What waited for its batch is gone with the commit.
    assert list(several.settings.lake.scratch_path.glob("decoded/*/*")) == []
