"""A lake on S3 with its workers on a cluster: what one run had finished is found by the next, on whatever node that is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cluster.conftest import Raylets
from tests.cluster.show import make_films, on_cluster
from tests.place import look
from tests.servers.s3 import Server
from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.step import Step
from video_assets.lake.files import DataFiles
from video_assets.lake.kept import Kept, left_on_s3
from video_assets.lake.lake import Lake
from video_assets.measure.tasks import SUMMARY
from video_assets.measurements import measurements
from video_assets.settings import LakeSettings, Settings, WatchedFolder


class StoppedError(Exception):
    """As a run is killed."""


@pytest.mark.long
def test_what_a_run_had_decoded_is_taken_up_by_the_next_with_nothing_of_the_first_ones_disk(
    server: Server,
    raylets: Raylets,
    tmp_path: Path,
) -> None:
    make_films(tmp_path / "films", 3)
    for film in (tmp_path / "films").iterdir():
        server.upload(film, f"films/{film.name}")

    def lake_at(node: str) -> Lake:
        root = f"s3://{server.bucket}/lake"
        where = LakeSettings(root=root, catalog=str(tmp_path / "catalog.sqlite"), scratch=tmp_path / node)
        return Lake(Settings(lake=where, s3=server.settings, **on_cluster(raylets)))

    first = lake_at("first")
    (batch,) = look(first, WatchedFolder(uri=server.uri("films"))).batches
    take_in_videos(Step(first, measurements(first.settings, {})), batch)

    def stop(asset: str, _done: int, _total: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        decode_videos(Step(first, measurements(first.settings, {}), progress=stop), batch)
    first.close()
    waiting = [path for path in first.files.listed("work") if path.endswith(f"/{SUMMARY}")]
    assert waiting
    summaries = [
        json.loads(server.access.client.get_object(Bucket=server.bucket, Key=f"lake/{p}")["Body"].read())
        for p in waiting
    ]
    costs = {summary["video_id"]: summary["compute_seconds"] for summary in summaries}

    second = lake_at("second")
    decode_videos(Step(second, measurements(second.settings, {})), batch)
    made = dict(second.query("SELECT video_id, compute_seconds FROM decoded_videos WHERE reason IS NULL").iter_rows())
    assert len(made) == 3
    # No two decodes cost the same.
    assert {video: made[video] for video in costs} == costs
    assert second.query("SELECT count(*), count(DISTINCT (video_id, frame)) FROM keyframes").row(0)[0] > 0
    assert second.files.listed("work") == {}
    assert list((tmp_path / "second").glob("decoded/*/*")) == []


def test_kept_files_are_found_from_another_disk_and_gone_when_they_are_forgotten(
    server: Server, tmp_path: Path
) -> None:
    def kept(node: str, backend: str = "ray") -> tuple[Kept, DataFiles]:
        where = LakeSettings(root=server.uri("kept"), catalog=str(tmp_path / "c.sqlite"), scratch=tmp_path / node)
        settings = Settings(lake=where, s3=server.settings, workers={"backend": backend})
        return Kept.of(settings, "decoded", "v1"), DataFiles(where.root, where.scratch_path, server.access)

    one, files = kept("one")
    names = ["video/signals.parquet", "video/not-asked-for.parquet", "video/decoded.json"]
    (one.folder / "video").mkdir(parents=True)
    (one.folder / names[0]).write_bytes(b"signals")
    assert one.finished("{}/decoded.json") == set()
    (one.folder / names[2]).write_bytes(b"{}")
    one.put(names)
    assert [p for p in one.folder.rglob("*") if p.is_file()] == []

    other, files = kept("another")
    assert other.finished("{}/decoded.json") == {"video"}
    assert other.take(names[0]).read_bytes() == b"signals"
    later = datetime.now(UTC) + timedelta(days=1)
    assert left_on_s3(files, later, "v1") == []
    assert left_on_s3(files, later, "v2") == [
        "work/decoded/v1/video/decoded.json",
        "work/decoded/v1/video/signals.parquet",
    ]
    other.forget(names, files)
    assert (other.finished("{}/decoded.json"), files.listed("work")) == (set(), {})
    # Workers of one machine leave it all in its scratch space.
    assert kept("one", "local")[0].uri is None
