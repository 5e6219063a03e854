from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from starlette.testclient import TestClient

from tests.conftest import _shared, forget_settings
from tests.place import Place
from tests.review.footage import fill, lake_of, tiers_of
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import REVIEWS
from video_assets.review.app import make_app
from video_assets.review.journal import FILE
from video_assets.review.server import Review

HERE = "http://127.0.0.1:8123"


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the place of a small lake of many kinds of source, made once for all workers; read-only."""
    place = Place(_shared(tmp_path_factory) / "review")
    with FileLock(f"{place.folder}.lock"):
        if not (place.folder / "done").exists():
            fill(place, place.folder / "footage")
            (place.folder / "done").touch()
    return place


def copy(filled: Place, folder: Path) -> Place:
    """A copy of the lake; the footage stays where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    place = filled.copy(folder)
    shutil.copytree(filled.folder / "sql", folder / "sql")
    return place


@pytest.fixture(scope="module")
def lake(filled: Place, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Give a copy of the lake that this module's tests share."""
    return lake_of(copy(filled, tmp_path_factory.mktemp("review")))


@pytest.fixture
def own_lake(filled: Place, tmp_path: Path) -> Lake:
    """Give a copy of the lake for one test."""
    return lake_of(copy(filled, tmp_path))


@pytest.fixture
def review(lake: Lake) -> Iterator[Review]:
    """Give a server's state over a journal and a lake without verdicts."""
    if parts := lake.query("SELECT DISTINCT part FROM reviews")["part"].to_list():
        lake.commit([Replacement(REVIEWS, parts, REVIEWS.empty(), by="part")], [], message="none")
    shutil.rmtree(lake.settings.lake.scratch_path / Path(FILE).parent, ignore_errors=True)
    made = Review(lake, tiers_of(lake), "ann")
    yield made
    made.asking.close()


Opened = Callable[..., TestClient]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Give browsers of a server, each with the cookies of its own."""
    with ExitStack() as stack:

        def client(review: Review, token: str | None = None, rater: str | None = None, **how: Any) -> TestClient:
            app = make_app(review, ("clips.example",), token)
            made = stack.enter_context(TestClient(app, HERE, raise_server_exceptions=False, **how))
            made.headers.update({"origin": HERE, "x-review-word": review.word})
            if rater is not None:
                assert made.post("/api/rater", json={"name": rater}).status_code == 200
            return made

        yield client


@pytest.fixture
def client(review: Review, opened: Opened) -> TestClient:
    """Give a browser that has the page open."""
    return opened(review)


@pytest.fixture
def asked(own_lake: Lake, here: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """Let commands ask a lake of a test's own."""
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", own_lake.settings.lake.root)
    monkeypatch.setenv("VIDEO_ASSETS_OWN_SQL", str(own_lake.settings.own_sql))
    forget_settings()
    yield own_lake
    own_lake.close()


@pytest.fixture
def seeing(own_lake: Lake) -> Iterator[Review]:
    """Give a server's state over a lake of its own."""
    made = Review(own_lake, tiers_of(own_lake), "ann")
    yield made
    made.asking.close()
