from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import Place
from video_assets.lake.lake import Lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Give one lake for a module; each test works on batches of its own."""
    return Place(tmp_path_factory.mktemp("lake")).quick_lake()


@pytest.fixture
def data(lake: Lake) -> Path:
    """Give the folder of the lake's files."""
    return Path(lake.settings.lake.root) / "data"
