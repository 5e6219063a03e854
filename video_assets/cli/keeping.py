"""Commands that keep house: which models are ready, and what old versions left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from video_assets import show
from video_assets.cli.common import existing_lake
from video_assets.settings import settings


@click.command()
def models() -> None:
    """List the models with licence, size, hash and readiness, and how to provide those that are not ready."""
    from video_assets.measure.models import MODELS, declared

    chosen = settings().models
    show.models(chosen)
    not_ready = dict.fromkeys(p for a in MODELS for m in declared(a, chosen) if (p := m.problem(chosen)))
    for problem in not_ready:
        click.echo(problem)


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Days that a version is kept.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def sweep(days: int, dry_run: bool) -> None:
    """Remove versions of the tables that are older than some days, and what killed runs left behind."""
    from video_assets.assets.common import order
    from video_assets.lake.sweep import sweep as sweep_of

    lake, version = existing_lake(), order()["decoded_videos"].version
    swept = sweep_of(lake, version, datetime.now(UTC), older_than=timedelta(days=days), dry_run=dry_run)
    for path in (*swept.replaced, *swept.orphans, *swept.pictures, *swept.leftovers):
        click.echo(path)
    click.echo(
        f"{'Would remove' if dry_run else 'Removed'} {swept.snapshots} versions of the lake, {len(swept.replaced)} replaced "
        f"files, {len(swept.orphans)} files of commits that did not come to pass, {len(swept.pictures)} pictures that no page "
        f"shows and {len(swept.leftovers)} leftovers."
    )
