"""Commands that keep house: which models are ready, what the settings are, and what old versions left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from video_assets import show
from video_assets.cli.common import as_json, existing_lake, note_files, unknown
from video_assets.live.screen import busy
from video_assets.settings import Settings, settings


@click.command()
@click.option("--profile", type=click.Choice(["embedded", "full"]), help="Only those of this profile.")
@as_json
def models(profile: str | None, json: bool) -> None:
    """List the models, and how to provide those not ready.

    Of each: what it is for, licence, size, origin, hash and whether it is ready.
    """
    from video_assets.measure.models import profile_problem
    from video_assets.scorers import scorers
    from video_assets.scorers.models import listed

    chosen = settings().models
    wanted = profile or chosen.profile
    found, packages = listed(chosen, profile, scorers(settings()).own), profile_problem(wanted)
    if json:
        show.document({
            "profile": wanted,
            "packages_problem": packages,
            "models": [
                {
                    "name": m.model.name, "task": m.model.task, "assets": m.assets, "profiles": m.profiles,
                    "licence": m.model.licence, "permissive": m.model.permissive, "origin": m.model.source.origin,
                    "size_bytes": m.size_bytes, "sha256": m.model.sha256, "code": m.model.code, "batch": m.model.batch,
                    "device": m.model.device, "ready": m.problem is None, "problem": m.problem,
                }
                for m in found
            ],
        })  # fmt: skip
        return
    show.models(found, wanted)
    if packages:
        click.echo(packages)
    for m in found:
        if m.problem and wanted in m.profiles:
            click.echo(m.problem)


@click.command("settings")
@click.argument("section", required=False)
def settings_(section: str | None) -> None:
    """Show each setting with its value and whence that is.

    SECTION is a section, such as clips, or a setting, such as clips.min_seconds.
    """
    from video_assets.settings.reading import Given
    from video_assets.settings.whence import listed

    found = listed(settings(), Given.now())
    if section is not None:
        wanted = section.strip("[]")
        chosen = [s for s in found if s.name == wanted or s.name.startswith(f"{wanted}.")]
        if not chosen:
            known = [name for name in Settings.model_fields if name != wanted]
            raise click.ClickException(unknown("section", section, known))
        found = chosen
    show.settings(found)


@click.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=1, max=36500),
    default=30,
    show_default=True,
    help="Days that a version is kept.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def sweep(days: int, dry_run: bool) -> None:
    """Remove what is of no use any more.

    Old versions of the tables, what tiers without a file said, and what killed runs left behind.
    """
    lake = existing_lake()
    note_files(lake)
    with busy("Looking what is of no use"):
        from video_assets.assets.common import order
        from video_assets.lake.sweep import sweep as sweep_of

        version = order()["decoded_videos"].version
        swept = sweep_of(lake, version, datetime.now(UTC), older_than=timedelta(days=days), dry_run=dry_run)
    for path in (*swept.replaced, *swept.orphans, *swept.pictures, *swept.leftovers):
        click.echo(path)
    for asset in swept.gone:
        click.echo(f"{asset}: its file has been gone for {days} days and more")
    show.sentence(
        f"{'Would remove' if dry_run else 'Removed'} {swept.snapshots} versions of the lake, {len(swept.replaced)} replaced "
        f"files, {len(swept.orphans)} files of commits that did not come to pass, {len(swept.pictures)} pictures that no page "
        f"shows, {len(swept.leftovers)} leftovers and what {len(swept.gone)} tiers and draws without a file said."
    )


@click.command("move-catalog")
@click.argument("address")
def move_catalog(address: str) -> None:
    """Move the lake's catalog from SQLite to PostgreSQL.

    With all its snapshots, into the empty database at ADDRESS, such as postgresql://curator@db.example:5432/lake. Nothing may use
    the lake meanwhile; no file of it is moved.
    """
    from video_assets.lake.move import move
    from video_assets.settings.places import without_secrets
    from video_assets.takedown.work import unfinished

    places = settings().lake
    without_secrets(address)
    if not places.in_postgres and unfinished(places):
        raise click.ClickException("A takedown was begun; finish it first: 'video-assets takedown --finish'.")
    with busy("Moving the catalog"):
        moved = move(places, address)
    show.sentence(
        f"Moved {moved.snapshots} snapshots: {moved.rows} rows of {moved.tables} tables of the catalog. Set lake.catalog to "
        f"{address} wherever this lake is used. What was the catalog is kept as {moved.kept}; remove it when you are sure."
    )
