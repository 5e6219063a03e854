"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.place import FEW, Place
from tests.terminal import Watched, watch
from video_assets import settings as project
from video_assets.demo import make_footage

pytest_plugins = ["tests.servers.s3", "tests.servers.postgres", "tests.servers.stored"]

# What is printed is that of a terminal of this width, whatever the tests run in.
os.environ["COLUMNS"] = "80"
# Hundreds of processes import the same modules: what was compiled once is kept, also where the environment says otherwise.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A busy machine is slow, not wrong.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

WAITED_FOR = {"curated", "curated_few"}
"""The fixtures that one worker makes in minutes while all others that ask for them wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the modules that ask for what takes minutes come first: they are all the first worker's, and the others go on."""
    waiting = {item.path for item in items if isinstance(item, pytest.Function) and WAITED_FOR & {*item.fixturenames}}
    items.sort(key=lambda item: item.path not in waiting)


HELD_BY_SETTINGS = (("resources", "_lake"), ("assets.common", "catalogue"), ("assets.lineage", "_sheet_sources"))
"""What a process reads once, by settings that are equal in every working directory."""


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _curated(place: Place, footage: Path, *, on_terminal: bool = False) -> Place:
    """Curate once for all workers, which wait; tests that change something change copies."""
    place.folder.mkdir(parents=True, exist_ok=True)
    done = place.folder / "done"
    with FileLock(place.folder / "making.lock"):
        if not done.exists():
            if on_terminal:
                watch(place, "curate", str(footage)).save(place.folder / "watched.json")
            else:
                place.run("curate", str(footage))
            done.touch()
    return place


@pytest.fixture(scope="session")
def demo_footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the demo footage once for all workers, which wait on its lock; tests that change files change copies."""
    folder = _shared(tmp_path_factory) / "demo-footage"
    make_footage(folder)
    return folder


@pytest.fixture(scope="session")
def few_files(demo_footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of four small demo files with their sidecars."""
    folder = _shared(tmp_path_factory) / "few-files"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            making = folder.with_name("few-files-making")
            making.mkdir()
            for name in FEW:
                for file in (demo_footage / name, demo_footage / f"{Path(name).stem}.json"):
                    if file.exists():
                        shutil.copy2(file, making)
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def curated(demo_footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the place where ``video-assets curate`` went over the demo footage; read-only."""
    return _curated(Place(_shared(tmp_path_factory) / "curated"), demo_footage)


@pytest.fixture(scope="session")
def curated_few(few_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the place where ``video-assets curate`` went over the few files, undisturbed; read-only."""
    return _curated(Place(_shared(tmp_path_factory) / "curated-few"), few_files, on_terminal=True)


@pytest.fixture(scope="session")
def curated_on_terminal(curated_few: Place) -> Watched:
    """Give what was seen on a terminal while ``curated_few`` was made."""
    return Watched.read(curated_few.folder / "watched.json")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give an empty place for other processes to work in."""
    return Place(tmp_path)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Make this process work in an empty place, by the default settings."""
    for name in list(os.environ):
        if name.startswith("VIDEO_ASSETS_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster_home"))
    forget_settings()
    yield Place(tmp_path)
    forget_settings()


@pytest.fixture
def there(curated: Place, here: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make this process ask the lake of the demo footage, from an empty working directory; read-only."""
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(curated.root))
    forget_settings()
    return curated


@pytest.fixture
def again(curated_few: Place, here: Place) -> Place:
    """Make this process work in a copy of what was curated."""
    return curated_few.copy(here.folder)


def forget_settings() -> None:
    """Let this process read its settings anew, and the files in the working directory that go with them."""
    project.settings.cache_clear()
    for name, held in HELD_BY_SETTINGS:
        if module := sys.modules.get(f"video_assets.{name}"):
            getattr(module, held).cache_clear()
