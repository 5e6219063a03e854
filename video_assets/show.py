"""What the command line prints: plans, funnels and query results."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum

import polars as pl
from rich.console import Console
from rich.text import Text

from video_assets import reports, tables
from video_assets.curate.tiers import Tier
from video_assets.curate.what_if import WhatIf
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture
from video_assets.lake.plan import Due, Why
from video_assets.scorers.models import Listed
from video_assets.settings.whence import Setting
from video_assets.tables import ROWS, Rows, width
from video_assets.written import counted, number, text

# A pipe has no width of its own: wide enough for every table.
console = Console(width=None if sys.stdout.isatty() else 220)


def document(content: object) -> None:
    """One JSON document, and nothing else, on standard output: NULL is null, numbers are not rounded."""
    sys.stdout.write(json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _plain(value: object) -> object:
    """What JSON knows; a number that is none is null."""
    match value:
        case pl.DataFrame():
            return [_plain(row) for row in value.iter_rows(named=True)]
        case Mapping():
            return {str(k): _plain(v) for k, v in value.items()}
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return str(value) if isinstance(value, Enum) else value
        case Sequence():
            return [_plain(v) for v in value]
    return str(value)


@contextmanager
def remarks_on_stderr(wanted: bool) -> Iterator[None]:
    """Inside the block, if it is wanted, leave standard output to the one document that is asked for."""
    before, console.stderr = console.stderr, wanted or console.stderr
    try:
        yield
    finally:
        console.stderr = before


def answer(found: Rows, *, everything: bool = False, by_line: bool = False) -> None:
    """A query's answer with its number of rows. One row that does not fit is shown with a line a column.

    Args:
        found: the answer.
        everything: nothing is left out or cut, however wide and long that is.
        by_line: every row with a line a column.
    """
    wide = 0 if everything else width()
    fitted = tables.fitted(found, wide, None if everything else ROWS)
    if by_line or (fitted.narrowed and len(found.rows) == 1):
        if found.rows:
            say(tables.records(found, wide))
        say(counted(len(found.rows), "row"))
        return
    say(fitted.table)
    say(fitted.footer)
    if fitted.narrowed:
        say("--line shows each row in full, --all everything side by side.")
    elif "shown)" in fitted.footer:
        say("--all shows every row.")


def say(line: str) -> None:
    """A text as it stands, whatever the console's width and whatever brackets are in it."""
    console.print(Text(line), soft_wrap=True, highlight=False)


def frame(rows: pl.DataFrame, title: str | None = None, shorten: str | None = None) -> None:
    """A small table of the command's own, whole; where that is too wide, a row is a few lines that begin with its name.

    Before that, the texts of the column ``shorten`` are cut in their middle.
    """
    if title:
        # A line of space before it is as it is; its words are not broken.
        say("\n" * title.startswith("\n") + tables.sentence(title.lstrip("\n"), width()))
    found = Rows(rows.columns, [dtype.is_numeric() for dtype in rows.dtypes], rows.rows())
    table = tables.whole(found, width())
    if table is None and shorten:
        table = tables.whole(tables.shortened(found, shorten, width()), width())
    if table is not None:
        say(table)
        return
    for row in rows.iter_rows():
        told = ", ".join(f"{n.replace('_', ' ')} {text(v)}" for n, v in zip(rows.columns[1:], row[1:], strict=True))
        block(text(row[0]), told)


def sentence(told: str) -> None:
    """Prose, in the terminal's width."""
    say(tables.sentence(told, width()))


def block(head: str, *below: str) -> None:
    """A line, and what is to be said of it, indented below."""
    say(tables.block(head, *below, width=width()))


def shares(rows: pl.DataFrame, title: str) -> None:
    """What each part of a mix reaches, against its target, and what limits it."""
    say(title)
    for part in rows.iter_rows(named=True):
        told = [f"share {text(part['reached_share'])}, target {text(part['target_share'])}"]
        if part.get("target_wanted"):
            wanted = f"{part['drawn_wanted']:,} wanted ones drawn: share {text(part['reached_wanted'])}"
            told.append(f"{wanted}, target {text(part['target_wanted'])} at least")
        told += [part["limits"]] if part["limits"] else []
        head = (
            f"{text(part['part'])}: {part['drawn']:,} drawn of {part['available']:,} available, {part['kept']:,} kept"
        )
        block(head, *told)


def why(rows: pl.DataFrame) -> None:
    """Of every tier what it decided on a clip, and by which rules."""
    for (tier, verdict), rules in rows.group_by("tier", "verdict", maintain_order=True):
        by = "".join(f" by {rule}" for rule in rules.filter("decided")["rule"])
        say(f"{tier}: {verdict}{by}")
        for rule in rules.iter_rows(named=True):
            expression = " ".join(rule["expression"].split())
            measured = f" ({rule['measured']})" if rule["measured"] else ""
            start = f"{rule['step']:>4} {rule['outcome']:<9} "
            say("\n".join(tables.folded(f"{rule['rule']}: {expression}{measured}", start, " " * 17, width())))


def what_if(found: WhatIf) -> None:
    """What a change would gain and lose."""
    for t in found.tiers.iter_rows(named=True):
        sides = (
            f"gains {_clips(t['clips_gained'], t['hours_gained'])}, loses {_clips(t['clips_lost'], t['hours_lost'])}"
        )
        kept = f"keeps {t['kept_before']:,} → {t['kept_after']:,} clips, is undecided on {t['undecided_before']:,} → "
        block(t["tier"], f"{kept}{t['undecided_after']:,}", sides)
    if found.border.is_empty():
        say("No clip changes sides.")
        return
    for column, title, rows in (
        ("holder", "By holder of the rights", found.sources), ("licence", "By licence", found.licences),
    ):  # fmt: skip
        say(f"\n{title}")
        for t in rows.iter_rows(named=True):
            gained, lost = _clips(t["clips_gained"], t["hours_gained"]), _clips(t["clips_lost"], t["hours_lost"])
            block(f"{t['tier']}, {text(t[column])}", f"gains {gained}, loses {lost}")


def _clips(clips: int, hours: float) -> str:
    return f"{counted(clips, 'clip')} ({number(hours)} h)"


def what_if_page(lake: Lake, tier: Tier, found: WhatIf) -> str:
    """The same as an HTML page, with pictures of the clips that change sides."""
    parts: list[str | pl.DataFrame | Picture] = [found.tiers, found.sources, found.licences]
    for change in ("gained", "lost"):
        label = pl.concat_str(
            pl.col("value").round_sig_figs(3).cast(pl.String), "file_name", separator=" ", ignore_nulls=True
        )
        clips = found.border.filter(change=change).with_columns(label=label)
        parts += [
            f"Clips that are {change}, by the value of what decides:",
            reports.contact_sheet(lake, clips, columns=4, most=24),
        ]
    return reports.page(f"What if: {tier.name}", parts)


def models(listed: Sequence[Listed], profile: str) -> None:
    """Models: what each is for, where it is from and whether it is ready."""
    say(f"models.profile = {profile}\n")
    for m in listed:
        model = m.model
        licence = model.licence if model.permissive else f"{model.licence} (not permissive)"
        size = f", {number(m.size_bytes / 1e6)} MB" if m.size_bytes is not None else ""
        block(
            f"{model.name}: {model.task}",
            f"for {', '.join(m.assets)}, in the profile {' and '.join(m.profiles)}",
            f"{licence}{size}, from {model.source.origin}",
            f"sha256 {model.sha256[:16] or 'not vouched for'}, code {model.code}, batch {model.batch}, on {model.device}",
            "not ready" if m.problem else "ready",
        )


def settings(listed: Sequence[Setting]) -> None:
    """Every setting with its value, whence that is, and what it is."""
    for s in listed:
        value = json.dumps(s.value, ensure_ascii=False)
        block(f"{s.name} = {value}", f"[{s.whence}] {s.description}")


def plan(due: Sequence[Due], detail: bool) -> None:
    """What would run, by asset or by batch."""
    if not due:
        sentence("Nothing is due: every batch is made, by the current versions, from what it would read now.")
        return
    groups: dict[tuple[str, str, Why, str], list[Due]] = {}
    for d in due:
        groups.setdefault((d.asset, d.batch if detail else "", d.why, d.detail), []).append(d)
    for (asset, batch, why, because), found in groups.items():
        where = f" of {batch}" if batch else "" if detail else f" in {counted(len(found), 'batch')}"
        rows, hours = sum(d.rows for d in found), sum(d.hours for d in found)
        expected = (
            [f"about {number(seconds)} s"] if (seconds := _summed(d.cost_seconds for d in found)) is not None else []
        )
        priced = [f"about {number(usd)} USD"] if (usd := _summed(d.usd for d in found)) is not None else []
        block(f"{asset}{where}: {why}, {because}", ", ".join([_rows(rows, hours), *expected, *priced]))
    by_reason = Counter(str(d.why) for d in due)
    say(", ".join(f"{n} {why}" for why, n in by_reason.items()) + " (partitions).")


def _rows(rows: int, hours: float) -> str:
    return f"{counted(rows, 'row')}, {number(hours)} h of footage"


def _summed(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
