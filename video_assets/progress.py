"""Who watches the steps that run in this process: nobody, unless the command line sets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from video_assets.batches.step import Progress, silent

Began = Callable[[str, Sequence[str], Sequence[str]], None]
"""Called as a step begins: with its name, the assets that it makes, and of which batches."""


def unseen(_step: str, _assets: Sequence[str], _batches: Sequence[str]) -> None:
    """A step whose beginning nobody watches."""


_watching: ContextVar[tuple[Progress, Began]] = ContextVar("watching", default=(silent, unseen))


def current() -> Progress:
    """Where steps report to."""
    return _watching.get()[0]


def began(step: str, assets: Sequence[str], batches: Sequence[str]) -> None:
    """Say that a step begins."""
    _watching.get()[1](step, assets, batches)


@contextmanager
def watched(by: Progress, beginnings: Began = unseen) -> Iterator[None]:
    """Report to ``by`` inside the block, and the steps' beginnings to ``beginnings``."""
    token = _watching.set((by, beginnings))
    try:
        yield
    finally:
        _watching.reset(token)
