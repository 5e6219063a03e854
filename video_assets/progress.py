"""Who watches the progress of the steps that run in this process: nobody, unless the command line sets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from video_assets.batches.step import Progress, silent

_watching: ContextVar[Progress] = ContextVar("watching", default=silent)


def current() -> Progress:
    """Where steps report to."""
    return _watching.get()


@contextmanager
def watched(by: Progress) -> Iterator[None]:
    """Report to ``by`` inside the block."""
    token = _watching.set(by)
    try:
        yield
    finally:
        _watching.reset(token)
