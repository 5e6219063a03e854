"""A lake of clips and a server that tests of captions share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.describe.captioned import Clips
from tests.describe.chat_server import ChatServer, serving


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    """Give a lake of 41 clips; tests say how many of them the tier keeps, and forget its captions first."""
    return Clips.made(tmp_path_factory.mktemp("captions") / "lake", 41)


@pytest.fixture(scope="session")
def running() -> Iterator[ChatServer]:
    with serving(ChatServer()) as server:
        yield server


@pytest.fixture
def server(running: ChatServer) -> ChatServer:
    """Give the server as it is when it was asked for nothing yet."""
    fresh = ChatServer(url=running.url)
    for name, value in vars(fresh).items():
        setattr(running, name, value)
    return running
