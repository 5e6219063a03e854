"""What the command line prints: progress, plans, funnels and query results."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from video_assets import progress, reports
from video_assets.curate.tiers import Tier
from video_assets.curate.what_if import WhatIf
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture
from video_assets.lake.plan import Due, Why
from video_assets.measure.models import MODELS, Model, declared
from video_assets.settings import ModelSettings

# A pipe has no width of its own: wide enough for every table.
console = Console(width=None if sys.stdout.isatty() else 220)


@contextmanager
def progress_bars() -> Iterator[None]:
    """A bar for every asset that is at work in this process."""
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(asset: str, done: int, total: int) -> None:
            task = tasks.get(asset)
            if task is None or bars.tasks[task].finished:
                task = tasks[asset] = bars.add_task(asset, total=total) if task is None else _again(bars, task, total)
            bars.update(task, completed=done, total=total)

        with progress.watched(watch):
            yield


def _again(bars: Progress, task: TaskID, total: int) -> TaskID:
    """The same bar for the next batch."""
    bars.reset(task, total=total)
    return task


def frame(rows: pl.DataFrame, title: str | None = None) -> None:
    """A table of query results."""
    table = Table(title=title, title_justify="left")
    for name, dtype in rows.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in rows.iter_rows():
        table.add_row(*(_cell(value) for value in row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "[dim]NULL[/dim]"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("[", "\\[")


def why(rows: pl.DataFrame) -> None:
    """Of every tier what it decided on a clip, and by which rules."""
    for (tier, verdict), rules in rows.group_by("tier", "verdict", maintain_order=True):
        by = "".join(f" by {rule}" for rule in rules.filter("decided")["rule"])
        frame(rules.select("step", "rule", "outcome", "expression", "measured"), title=f"{tier}: {verdict}{by}")


def what_if(found: WhatIf) -> None:
    """What a change would gain and lose."""
    frame(found.tiers)
    if found.border.is_empty():
        console.print("No clip changes sides.")
        return
    frame(found.sources, title="By holder of the rights")
    frame(found.licences, title="By licence")


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


def models(settings: ModelSettings) -> None:
    """Every model of every profile, and whether it is ready."""
    used: dict[Model, tuple[set[str], set[str]]] = {}
    for asset, profiles in MODELS.items():
        for profile in profiles:
            for model in declared(asset, settings, profile):
                assets, names = used.setdefault(model, (set(), set()))
                assets.add(asset)
                names.add(profile)
    rows = []
    for model, (assets, names) in used.items():
        path = model.source.path(settings.folder)
        size = path.stat().st_size / 1e6 if path and path.is_file() else None
        rows.append(
            {
                "model": model.name,
                "for": ", ".join(sorted(assets)),
                "task": model.task,
                "profiles": ", ".join(sorted(names)),
                "licence": model.licence if model.permissive else f"{model.licence} (not permissive)",
                "from": model.source.origin,
                "MB": size,
                "sha256": model.sha256[:16],
                "code": model.code,
                "batch": model.batch,
                "device": model.device,
                "ready": "no" if model.problem(settings) else "yes",
            }
        )
    frame(pl.DataFrame(rows, infer_schema_length=None), title=f"models.profile = {settings.profile}")


def _summed(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def plan(due: Sequence[Due], detail: bool) -> None:
    """What would run, by asset or by batch."""
    if not due:
        console.print("Nothing is due: every batch is made, by the current versions, from what it would read now.")
        return
    if detail:
        frame(
            pl.DataFrame(
                [
                    {"asset": d.asset, "batch": d.batch, "why": str(d.why), "detail": d.detail, "rows": d.rows}
                    for d in due
                ]
            )
        )
        return
    groups: dict[tuple[str, Why, str], list[Due]] = {}
    for d in due:
        groups.setdefault((d.asset, d.why, d.detail), []).append(d)
    rows = [
        {
            "asset": asset,
            "why": str(why),
            "because": detail,
            "batches": len(found),
            "rows": sum(d.rows for d in found),
            "hours": sum(d.hours for d in found),
            "expected s": _summed(d.cost_seconds for d in found),
            "expected USD": _summed(d.usd for d in found),
        }
        for (asset, why, detail), found in groups.items()
    ]
    listed = pl.DataFrame(rows, infer_schema_length=None)
    frame(listed if any(d.usd is not None for d in due) else listed.drop("expected USD"))
    counted = Counter(str(d.why) for d in due)
    console.print(", ".join(f"{n} {why}" for why, n in counted.items()) + " (partitions).")
