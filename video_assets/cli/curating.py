"""Commands that make what is due: curate, demo; and the plan of it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets import show, show_result
from video_assets.cli.common import existing_lake, known_tiers
from video_assets.live.screen import busy
from video_assets.settings import WatchedFolder, settings

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake


@click.command()
@click.argument("path")
@click.option(
    "--benchmark", metavar="NAME",
    help="These are a benchmark's videos: tiers keep no near-duplicate of them. '' makes them footage again.",
)  # fmt: skip
def curate(path: str, benchmark: str | None) -> None:
    """Take in the footage under PATH (a folder or s3://bucket/prefix) and bring every batch up to date."""
    if not path.startswith("s3://") and not Path(path).is_dir():
        raise click.ClickException(f"{path} is not a folder; give one that holds videos.")
    _curate(path, benchmark)


@click.command()
@click.option("--footage", type=click.Path(path_type=Path), default=Path("demo_footage"), show_default=True)
def demo(footage: Path) -> None:
    """Gather a dozen real clips and curate them."""
    from video_assets.demo import make_footage
    from video_assets.demo.recipes import RECIPES

    with busy("Gathering footage", "files") as count:
        numbers = itertools.count(1)
        made = make_footage(footage, lambda _: count(next(numbers), len(RECIPES)))
    show.console.print(f"{len(made)} files in {footage}/.")
    lake = _curate(str(footage))
    tiers = known_tiers()
    with lake.cursor() as cursor:
        from video_assets.curate.funnel import funnel

        for tier in sorted(tiers.values(), key=lambda t: t.name.split("/")[0]):
            show.frame(funnel(cursor, tier), title=f"\n{tier.name}: {tier.title}")
    question = settings().sql_folder / "explore" / "hours_per_tier.sql"
    show.frame(lake.query(question.read_text()), title="\nsql/explore/hours_per_tier.sql")
    show.console.print("\nOpen the UI:  [bold]make ui[/bold]  and then http://localhost:3000")
    show.console.print('Ask in SQL:   [bold]video-assets sql "SELECT * FROM clip_sheet LIMIT 5"[/bold]')


@click.command()
@click.option("--detail", is_flag=True, help="One line for every batch of every asset.")
def plan(detail: bool) -> None:
    """Show what would run and why, with rows, hours and expected cost. Nothing is run."""
    from video_assets.assets.common import order
    from video_assets.lake.plan import plan as plan_of

    show.plan(plan_of(existing_lake(), order()), detail)


def _curate(path: str, benchmark: str | None = None) -> Lake:
    """Take in, then run until nothing is due that was not already tried."""
    from video_assets.bring_up_to_date import bring_up_to_date, quiet

    quiet()
    since = datetime.now(UTC)
    with busy("Loading"):
        from video_assets.curate.result import result
        from video_assets.describe.ready import require_captioners
        from video_assets.footage.ingest import take_stock
        from video_assets.footage.tick import Cursor
        from video_assets.lake.lake import Lake
        from video_assets.measure.models import chosen, require

        require(chosen(settings().models), settings().models)
        require_captioners(settings())
        lake = Lake(settings())
    with busy(f"Reading what is new in {path}", "MiB") as count:
        folder = WatchedFolder(uri=path, benchmark=benchmark)
        stock = take_stock(lake, [folder], Cursor(), datetime.now(UTC), at_once=True, hashed=count)
    show.console.print(f"{path}: {stock.summary}")
    if not bring_up_to_date(lake):
        show.console.print("Nothing is due: everything is measured already.")
    with busy("Counting"):
        found = result(
            lake, path if path.startswith("s3://") else str(Path(path).expanduser().resolve()), since, stock.problems
        )
    show_result.show(found)
    return lake
