"""What ``curate`` ends with: a result that fits a screen, and where to look next."""

from __future__ import annotations

import sys

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from video_assets.curate.result import Result
from video_assets.reasons import Reason

_MOST_FILES = 5
_MOST_TIERS = 12
_MOST_PROBLEMS = 10
# What these mean is in their message alone.
_TELLING = frozenset({Reason.UNEXPECTED_ERROR, Reason.READ_ERROR, Reason.WORKER_LOST, Reason.ABSURD_DIMENSIONS})


def show(result: Result, console: Console | None = None) -> None:
    """Print it, in 80 columns and about 24 lines."""
    console = console or Console(width=None if sys.stdout.isatty() else 80)
    console.print(f"\n[bold]Result[/bold] of {_plain(result.folder)}", highlight=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for heading, text in _rows(result):
        table.add_row(heading, Text(text) if isinstance(text, str) else text)
    console.print(table, highlight=False)


def _rows(result: Result) -> list[tuple[str, str | Table]]:
    same = f", {result.files - result.videos} of them the same bytes again" if result.files > result.videos else ""
    length = f" ({duration(result.usable_seconds)})" if result.usable else ""
    usable = f"{count(result.usable, 'video')}{length} of {count(result.files, 'file')}{same}"
    rows: list[tuple[str, str | Table]] = [("Taken in", usable)]
    rows += [("Problem", problem) for problem in result.problems[:_MOST_PROBLEMS]]
    if (more := len(result.problems) - _MOST_PROBLEMS) > 0:
        rows.append(("", f"and {count(more, 'problem')} more: curate --json has them all"))
    rows += [("Passed over", sentence) for sentence in result.passed_over.sentences]
    if result.unfinished:
        left = f"{count(result.unfinished, 'video')}, since their batch failed: 'video-assets plan' says what is due"
        rows.append(("Unfinished", left))
    if result.copies.height:
        rows.append(("Same bytes", _copies(result.copies)))
    if result.set_aside.height:
        rows.append(("Set aside", _set_aside(result.set_aside)))
    if result.without_clip.height:
        rows.append(("No clip of", _without_clip(result.without_clip)))
    if result.clips:
        rows.append(("Clips", f"{result.clips:,} ({duration(result.clip_seconds)})"))
    elif result.usable:
        rows.append(("Clips", "none"))
    if result.benchmark:
        rows.append(("Benchmark", f"{result.benchmark}: its clips are compared with, and no tier judges them"))
    elif result.tiers.height:
        rows.append(("Kept by", _tiers(result)))
    if result.cpu_seconds or result.gpu_seconds:
        spent = f"{duration(result.cpu_seconds)} of CPU time"
        if result.usable_seconds:
            spent += f", {result.cpu_seconds / result.usable_seconds:.2g} times the footage"
        rows.append(("Cost", spent + (f"; {duration(result.gpu_seconds)} of GPU" if result.gpu_seconds else "")))
    best = result.tiers["tier"][0] if result.tiers.height and result.tiers["kept"][0] else None
    for place, command in enumerate(_next(best, result.clips)):
        rows.append(("Next" if place == 0 else "", command))
    return rows


def _next(tier: str | None, clips: int) -> list[str]:
    if tier is None:
        return ["video-assets sql why_dropped    which rules drop the clips" if clips else "video-assets sql set_aside"]
    return [f"video-assets look {tier}      its clips as a page", f"video-assets funnel {tier}    what each rule drops"]


def _set_aside(files: pl.DataFrame) -> Table:
    """By reason, the one with most files first: the reason, what to do, and the files."""
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    groups = sorted(files.partition_by("reason", maintain_order=True), key=lambda g: -g.height)
    for group in groups:
        reason, message, advice = group.select("reason", "message", "advice").row(0)
        said = f"{message} {advice}" if message and reason in _TELLING else advice
        table.add_row(Text(f"{reason}: {said}"))
        table.add_row(Text(f"  {_names(group['file'], 'set_aside')}"))
    return table


def _copies(files: pl.DataFrame) -> Table:
    """Under which name a file was taken in whose bytes another has too."""
    table = Table.grid()
    table.add_column(overflow="fold")
    for (of,), group in files.head(_MOST_FILES).group_by("same_as", maintain_order=True):
        table.add_row(Text(f"{', '.join(group['file'])}: as {of}"))
    if files.height > _MOST_FILES:
        table.add_row(Text(f"and {files.height - _MOST_FILES:,} more: curate --json has them all"))
    return table


def _without_clip(files: pl.DataFrame) -> Table:
    """By kind of reason, the one with most files first: one file's reason with its numbers, and the names of the others."""
    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    kinds = files.with_columns(kind=pl.col("why").str.replace_all(r"[0-9.,]*[0-9]", "0"))
    for group in sorted(kinds.partition_by("kind", maintain_order=True), key=lambda g: -g.height):
        file, why = group.select("file", "why").row(0)
        table.add_row(Text(f"{file}: {why}"))
        if group.height > 1:
            table.add_row(Text(f"  likewise {_names(group['file'][1:], 'videos_without_clip')}"))
    return table


def _names(files: pl.Series, question: str) -> str:
    """The first names, and which ready question lists the others."""
    more = files.len() - _MOST_FILES
    return ", ".join(files.head(_MOST_FILES)) + (f" and {more:,} more: video-assets sql {question}" if more > 0 else "")


def _tiers(result: Result) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_column()
    for tier, kept, undecided, seconds in result.tiers.head(_MOST_TIERS).iter_rows():
        open_ = f"{undecided:,} undecided" if undecided else ""
        table.add_row(Text(tier), f"{kept:,}", duration(seconds) if kept else "", open_)
    if result.tiers.height > _MOST_TIERS:
        more = result.tiers.height - _MOST_TIERS
        table.add_row(f"and {more} more: video-assets sql hours_per_tier")
    return table


def count(number: int, what: str) -> str:
    """A number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A length in the unit that a person would choose."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == 0 else f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:,.1f} h"


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
