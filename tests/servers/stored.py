"""Places whose lake is kept in each of the ways that there are: the catalog in SQLite or PostgreSQL, files on disk or S3."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import forget_settings
from tests.place import Place, Store
from tests.servers.postgres import Postgres
from tests.servers.s3 import Server
from video_assets.lake.lake import Lake
from video_assets.settings import LakeSettings, Settings

WAYS = ("sqlite-disk", "postgres-disk", "sqlite-s3", "postgres-s3")
each_way = pytest.mark.parametrize("way", WAYS, scope="module")
"""For tests that are to hold in each of them; those of a module that have their lake in common are run together."""
_OTHERS = [pytest.param(way, marks=pytest.mark.long) for way in WAYS[1:]]
each_way_at_length = pytest.mark.parametrize("way", [WAYS[0], *_OTHERS], scope="module")
"""For those that take long: the first with every suite, the others with the long tests."""
both_ends = pytest.mark.parametrize("way", [WAYS[0], _OTHERS[-1]], scope="module")
"""For those that take longest: all on this machine, and with the long tests nothing of the lake on it."""


def empty_database(server: Postgres) -> str:
    """The name of a database with an empty lake, made once for each server; nobody has it open."""
    if "empty" not in server.templates:
        server.execute("CREATE DATABASE empty_lake TEMPLATE template0")
        lake = Lake(Settings(lake=LakeSettings(root="/nowhere/yet", catalog=server.url("empty_lake"))))
        lake.cursor().close()
        lake.close()
        server.templates["empty"] = "empty_lake"
    return server.templates["empty"]


def placed(request: pytest.FixtureRequest, way: str, folder: Path) -> Place:
    """A place in a folder, whose lake is kept so, empty. The servers are started when they are needed first."""
    catalog, _, files = way.partition("-")
    url = root = s3 = None
    if catalog == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.database(empty_database(postgres))
    if files == "s3":
        server: Server = request.getfixturevalue("server")
        root, s3 = server.uri(f"lake-{uuid4().hex[:12]}"), server.settings
    place = Place(folder, Store(url, root, s3))
    place.quick_lake()
    return place


@pytest.fixture(scope="module")
def way() -> str:
    """Give the way in which a lake is kept, where a test asks for no other."""
    return "sqlite-disk"


@pytest.fixture(scope="module")
def shared_place(request: pytest.FixtureRequest, way: str, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give one place for the tests of a module."""
    return placed(request, way, tmp_path_factory.mktemp(way))


@pytest.fixture
def stored(request: pytest.FixtureRequest, way: str, tmp_path: Path) -> Place:
    """Give a place for one test."""
    return placed(request, way, tmp_path)


@pytest.fixture
def stored_here(request: pytest.FixtureRequest, way: str, here: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make this process work in a place for one test, by its settings."""
    place = placed(request, way, here.folder)
    for name, value in place.store.environment(place.root).items():
        monkeypatch.setenv(f"VIDEO_ASSETS_{name}", value)
    forget_settings()
    return place
