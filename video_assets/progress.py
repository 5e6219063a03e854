"""Who watches the steps that run in this process: nobody, unless the command line sets it."""

from __future__ import annotations

import time
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


def both(*watching: Progress) -> Progress:
    """Report to several."""

    def report(asset: str, done: int, total: int) -> None:
        for one in watching:
            one(asset, done, total)

    return report


def told(say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> Progress:
    """Progress in sentences, for a log: every twentieth part at most, and not twice within two seconds.

    What is done sooner is not worth a line.
    """
    heard: dict[str, _Heard] = {}

    def report(asset: str, done: int, total: int) -> None:
        now = clock()
        at = heard.get(asset)
        if at is None or done <= at.done:
            at = heard[asset] = _Heard(now, done, now, 0.0)
        first, at.done, share = at.first, done, done / total if total else 1.0
        if total < 2 or now - at.said_at < 2 or (share - at.said < 0.0499 and done < total):
            return
        at.said_at, at.said = now, share
        left = (now - at.began) / (done - first) * (total - done) if done > first else 0.0
        say(f"{asset}: {done} of {total} ({share:.0%})" + (f", about {left:.0f} s left." if left else "."))

    return report


class _Heard:
    """What was reported of an asset so far."""

    def __init__(self, began: float, first: int, said_at: float, said: float) -> None:
        self.began, self.first, self.done, self.said_at, self.said = began, first, first, said_at, said
