"""A takedown in a lake on an S3 server whose bucket keeps versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.s3.conftest import Server
from tests.takedown.rows import HOLDERS, commit_videos, digest
from video_assets.assets.common import order
from video_assets.batches.step import Step
from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake
from video_assets.settings import LakeSettings, Settings
from video_assets.takedown.match import Request
from video_assets.takedown.takedown import Records, plan, take_down
from video_assets.takedown.traces import Traces, files_in


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def lake(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Lake:
    client = server.access.client
    client.put_bucket_versioning(Bucket=server.bucket, VersioningConfiguration={"Status": "Enabled"})
    catalog = str(tmp_path / "catalog.sqlite")
    if request.param == "postgres":
        catalog = request.getfixturevalue("postgres").database()
    place = LakeSettings(root=server.uri("lake"), catalog=catalog, scratch=tmp_path / "work")
    return Lake(Settings(lake=place, s3=server.settings))


def test_no_object_no_version_and_no_upload_is_left(lake: Lake, server: Server, tmp_path: Path) -> None:
    client = server.access.client
    for _ in range(2):
        commit_videos(lake, "b", [*HOLDERS, "another one"])
    for text in (HOLDERS[0], "nothing"):  # written over: the first version stays in the bucket
        client.put_object(Bucket=server.bucket, Key="lake/pages/x", Body=text.encode())
    client.create_multipart_upload(Bucket=server.bucket, Key="lake/data/never-finished.parquet")
    client.put_object(Bucket=server.bucket, Key="elsewhere/x", Body=b"1")
    client.put_object(Bucket=server.bucket, Key="elsewhere/x", Body=b"2")
    said = {table for table, row in backend(lake.settings.lake).rows() if HOLDERS[0] in str(row)}
    assert "ducklake_file_column_stats" in said
    step = Step(lake, order())
    receipt = take_down(step, plan(step, Request("holder", HOLDERS[0])), Records(None))
    assert receipt.hits == 0
    assert (receipt.removed["old versions of objects"] >= 2, receipt.removed["unfinished uploads"]) == (True, 1)
    assert {look.at: look.files for look in receipt.looked}["data"] > 0
    found = client.list_object_versions(Bucket=server.bucket)
    old = [v["Key"] for v in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())) if not v["IsLatest"]]
    assert set(old) == {"elsewhere/x"}
    assert "Uploads" not in client.list_multipart_uploads(Bucket=server.bucket)
    said = json.loads(client.get_object(Bucket=server.bucket, Key=f"lake/{receipt.path}.json")["Body"].read())
    assert said["videos"] == [{"video_id": digest(HOLDERS[0])[:32], "sha256": digest(HOLDERS[0])}]
    assert bool(receipt.not_told) == lake.settings.lake.in_postgres
    lake.close()
    traces = Traces({HOLDERS[0], f"{HOLDERS[0]}.mp4"})
    assert [p.name for p in files_in(tmp_path) if traces.in_file(p)] == []
    rows = backend(lake.settings.lake).rows()
    assert {table for table, row in rows if any(traces.in_value(value) for value in row)} == set()
    assert lake.query("SELECT holder FROM raw_videos ORDER BY holder")["holder"].to_list() == [
        *HOLDERS[1:],
        "another one",
    ]
