"""The screen: bars on a terminal, a plain line now and then elsewhere.

Dagster captures the file descriptors of standard output and error while a step runs, so everything here is written to a
duplicate that was made before: one of standard error, where answers never are, or of standard output where that alone is a
terminal.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from video_assets import progress
from video_assets.live.work import BETWEEN, Work

SECONDS_BETWEEN_LINES = 30.0
_BESIDE = 38
"""Columns for all that stands beside the name of what goes on."""


@contextmanager
def own_console() -> Iterator[Console]:
    """A console on a duplicate of standard error, or of standard output where that alone is a terminal."""
    out: TextIO = sys.stdout if sys.stdout.isatty() and not sys.stderr.isatty() else sys.stderr
    width = None if out.isatty() else 120
    try:
        number = os.dup(out.fileno())
    except (OSError, ValueError):  # it is no file, as in a notebook
        yield Console(file=out, width=width)
        return
    with os.fdopen(number, "w", encoding=out.encoding, errors="replace", buffering=1) as file:
        yield Console(file=file, width=width)


def animated(console: Console) -> bool:
    """Whether bars can move on it."""
    return console.is_terminal and not console.is_dumb_terminal


class Busy:
    """What goes on, and how far it is; see :func:`busy`."""

    def __init__(self, what: str, unit: str, changed: Callable[[Busy], None] = lambda _: None) -> None:
        self.what, self.counted, self.done, self.total = what, "", 0, 0
        self._unit, self._changed = unit, changed

    def __call__(self, done: int, total: int) -> None:
        """Count it."""
        self.done, self.total, self.counted = done, total, f"{_of(done, total)} {self._unit}"
        self._changed(self)

    def goes_on_to(self, what: str) -> None:
        """Something else goes on from now on, which nobody counts."""
        self.what, self.counted, self.done, self.total = what, "", 0, 0
        self._changed(self)

    @property
    def sentence(self) -> str:
        """It as a line, once it is counted."""
        return f"{self.what}{BETWEEN}{self.counted}" if self.counted else ""


@contextmanager
def busy(what: str, unit: str = "") -> Iterator[Busy]:
    """Show that something goes on, to the end of the block; what is given counts it, once it is called with done and total.

    Where bars cannot move, only what is counted is worth a line.

    Args:
        what: goes on.
        unit: of what is counted.
    """
    with own_console() as console:
        if not animated(console):
            at = Busy(what, unit)
            with _Lines(console, lambda: at.sentence):
                yield at
            return
        # A long name is cut, and leaves the count and the clock their room.
        cut = Column(no_wrap=True, overflow="ellipsis", max_width=max(10, console.width - _BESIDE))
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", table_column=cut), BarColumn(None),
            TextColumn("{task.fields[counted]}", table_column=Column(no_wrap=True)), TimeElapsedColumn(),
        )  # fmt: skip
        with Progress(*columns, console=console, transient=True, expand=True) as bars:
            task = bars.add_task(what, total=None, counted="")

            def changed(at: Busy) -> None:
                # A bar that is full stands still, and its clock too, though something may yet go on. By update() None would
                # change nothing, and after it the clock would have stopped already.
                bars.tasks[task].total = at.total if at.done < at.total else None
                bars.update(task, description=at.what, completed=at.done, counted=at.counted)

            yield Busy(what, unit, changed)


@contextmanager
def watching(work: Work) -> Iterator[None]:
    """Show the steps that run inside the block."""
    with own_console() as console:
        if animated(console):
            live = Live(_Bars(work), console=console, refresh_per_second=8, transient=True)
            with live, progress.watched(work.reached, work.began):
                yield
        else:
            with _Lines(console, work.sentence) as lines:

                def began(step: str, assets: Sequence[str], batches: Sequence[str]) -> None:
                    work.began(step, assets, batches)
                    lines.say()

                with progress.watched(work.reached, began):
                    yield
        work.ended()


class _Bars:
    """A sentence, a bar for the step and one for all of them: three lines, whatever runs."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._spinner = Spinner("dots")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        work = self._work
        grid = Table.grid(padding=(0, 1))
        grid.add_row(self._spinner, Text(work.sentence(options.max_width - 3), no_wrap=True, overflow="ellipsis"))
        yield grid
        (done, total), (of_step, of_run) = work.steps, work.seconds
        bars = Table.grid(padding=(0, 1), expand=True)
        bars.add_column()
        bars.add_column(ratio=1)
        bars.add_column(justify="right")
        share = work.share
        moving = ProgressBar(total=None if share is None else 1.0, completed=share or 0.0, pulse=share is None)
        bars.add_row("  this step", moving, _clock(of_step))
        bars.add_row(f"  {done} of {total} steps", ProgressBar(total=max(total, 1), completed=done), _clock(of_run))
        yield bars


class _Lines:
    """A line whenever there is something to say, and one when nothing was said for a while."""

    def __init__(self, console: Console, sentence: Callable[[], str]) -> None:
        self._console = console
        self._sentence = sentence
        self._said = time.monotonic()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._waiting = threading.Thread(target=self._speak_now_and_then, daemon=True)

    def say(self) -> None:
        with self._lock:
            if sentence := self._sentence():
                self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)
            self._said = time.monotonic()

    def __enter__(self) -> _Lines:
        self._waiting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._waiting.join()

    def _speak_now_and_then(self) -> None:
        while not self._end.wait(max(0.05, self._said + SECONDS_BETWEEN_LINES - time.monotonic())):
            if time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
                self.say()


def _of(done: int, total: int) -> str:
    return f"{done:,} of {total:,}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
