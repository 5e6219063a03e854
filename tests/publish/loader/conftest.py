from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.publish.loader.made import Made, make


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Give a release of 24 clips in two buckets; read-only."""
    return make(tmp_path_factory.mktemp("releases") / "tiny")


@pytest.fixture
def made(untouched: Made, tmp_path: Path) -> Made:
    """Give a copy of it."""
    folder = tmp_path / "tiny"
    shutil.copytree(untouched.folder, folder)
    return untouched._replace(folder=folder)
