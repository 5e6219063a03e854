from __future__ import annotations

from pathlib import Path

import pytest

from tests.place import Place
from video_assets.lake.lake import Lake


@pytest.fixture(scope="module")
def lake(shared_place: Place) -> Lake:
    """Give one lake for a module; each test works on batches of its own."""
    return shared_place.lake()


@pytest.fixture
def data(lake: Lake) -> Path:
    """Give the folder of the lake's files."""
    return Path(lake.settings.lake.root) / "data"
