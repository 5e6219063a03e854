"""Serves the page by uvicorn, until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

import uvicorn

from video_assets.curate.tiers import Tier
from video_assets.lake.lake import Lake
from video_assets.live.screen import busy
from video_assets.review.app import make_app
from video_assets.review.server import Review

_OPEN_AT_END_S = 5
"""So long what is being answered may go on when the server ends."""


def serve(
    lake: Lake,
    tiers: Mapping[str, Tier],
    rater: str,
    host: str,
    port: int,
    token: str | None,
    tell: Callable[[str], None],
) -> None:
    """Serve until interrupted; then everything that was said is in the lake.

    Args:
        lake: the lake.
        tiers: its tiers.
        rater: who judges where a browser has named nobody.
        host: to listen on.
        port: likewise; 0: any that is free.
        token: by which people enter.
        tell: is given the address once the port is had.

    Raises:
        OSError: the port cannot be had, or there is no room for a copy of the sheet.
        QuestionsError: the questions cannot be used.
    """
    with busy("Copying the sheet"):
        review = Review(lake, tiers, rater)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host.strip("[]"), port))
        except OSError as error:
            raise OSError(
                f"{host}:{port} cannot be listened on: {error.strerror}; choose another by --port."
            ) from error
        named = f"[{host}]" if ":" in host else host
        address = f"http://{named}:{listening.getsockname()[1]}"
        app = make_app(review, (named, *lake.settings.review.hosts), token)
        # The trail is the page's own; what is asked for stands in addresses, and those are nobody's business.
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_OPEN_AT_END_S,
            ws="none",
        )
        tell(address)
        uvicorn.Server(config).run(sockets=[listening])
