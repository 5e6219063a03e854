"""A lake on disk whose files were copied to S3 opens there, answers the same, and makes the same releases."""

from __future__ import annotations

import shutil

import pytest

from tests.place import Place, assert_same, stable
from tests.s3.conftest import Server
from video_assets.lake.lake import Lake
from video_assets.settings import LakeSettings, Settings

RELEASE = ("release", "hunyuan_video/256p", "--name", "one", "--media", "--csv")
SETTINGS = {"RELEASE__SHARD_SECONDS": "1", "RELEASE__SHORT_SIDE": "128"}


@pytest.fixture(scope="module")
def here(curated_few: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a curated lake on disk."""
    return curated_few.copy(tmp_path_factory.mktemp("here"))


@pytest.fixture(scope="module")
def there(here: Place, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the place beside which its copy on S3 has its catalog."""
    folder = tmp_path_factory.mktemp("there")
    for file in here.root.rglob("*"):
        inside = file.relative_to(here.root)
        if inside.name.startswith("catalog.sqlite"):
            shutil.copy(file, folder / f"lake-{inside.name}")
        elif file.is_file():
            server.upload(file, f"moved/{inside.as_posix()}")
    return Place(folder)


@pytest.fixture(scope="module")
def moved(there: Place, server: Server) -> Lake:
    """Give the copy."""
    where = LakeSettings(
        root=server.uri("moved"), catalog=str(there.folder / "lake-catalog.sqlite"), scratch=there.folder / "lake-work"
    )
    return Lake(Settings(lake=where, s3=server.settings))


def test_it_answers_the_same_with_its_snapshots_and_nothing_is_due(
    here: Place, there: Place, moved: Lake, server: Server
) -> None:
    assert_same(stable(moved), stable(here.lake()))
    first = "SELECT min(snapshot_id) FROM ducklake_snapshots('lake')"
    assert moved.query(first).item() == here.lake().query(first).item()
    plan = there.run("plan", "--json", LAKE__ROOT=server.uri("moved"), **server.environment())
    assert '"due": []' in plan


@pytest.mark.long
def test_a_release_made_there_is_that_of_the_lake_on_disk_byte_for_byte(
    here: Place, there: Place, moved: Lake, server: Server
) -> None:
    here.run(*RELEASE, **SETTINGS)
    there.run(*RELEASE, LAKE__ROOT=server.uri("moved"), **server.environment(), **SETTINGS)
    of_each = "SELECT path, bytes, sha256 FROM release_files WHERE release = 'one' ORDER BY path"
    assert moved.query(of_each).equals(here.lake().query(of_each))
    assert moved.query("SELECT release_id FROM releases").equals(here.lake().query("SELECT release_id FROM releases"))
    folder = here.root / "releases" / "one"
    files = {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert sum(name.startswith("shards/") for name in files) > 1
    for name, data in files.items():
        stored = server.access.client.get_object(Bucket=server.bucket, Key=f"moved/releases/one/{name}")["Body"].read()
        assert stored == data, name
