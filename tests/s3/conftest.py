"""What the tests of this folder know of the server; its fixtures are everybody's."""

from __future__ import annotations

from tests.servers.s3 import KEYS, Server

__all__ = ["KEYS", "Server"]
