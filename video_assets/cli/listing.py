"""Commands that list what there is to name: tiers, batches, clips and ready questions."""

from __future__ import annotations

import click

from video_assets import show
from video_assets.cli.common import as_json, asking, existing_lake, known_tiers, named_tier, sql_files
from video_assets.settings import settings
from video_assets.written import counted, number


@click.command()
@as_json
def tiers(json: bool) -> None:
    """List the tiers, and what each keeps.

    Beside it stands which tier it is below, and whether a draw is made from it.
    """
    from video_assets.curate.lists import tier_counts

    files = sql_files()
    known, drawn = files.tiers, files.draws
    with asking(existing_lake()) as cursor:
        counts = {row["tier"]: row for row in tier_counts(cursor, known).iter_rows(named=True)}
    if json:
        listed = [
            counts[t.name] | {"title": t.title, "parent": t.parent, "drawn": t.name in drawn, "file": str(t.path)}
            for t in known.values()
        ]
        show.document({"tiers": listed})
        return
    for tier in sorted(known.values(), key=lambda t: t.name):
        row = counts[tier.name]
        told = [f"{counted(row['kept'], 'clip')} kept ({number(row['hours'])} h)", f"{row['dropped']:,} dropped"]
        told += [f"{row['undecided']:,} undecided"]
        told += [f"below {tier.parent}"] * (tier.parent is not None) + ["drawn from"] * (tier.name in drawn)
        show.block(f"{tier.name}: {tier.title}", ", ".join(told))
    show.say(counted(len(known), "tier"))


@click.command()
def batches() -> None:
    """List the batches with their videos, clips and hours.

    A batch is named by its key, the beginning of that, or the first digits of its last part.
    """
    from video_assets.curate.lists import batches as batches_of

    with asking(existing_lake()) as cursor:
        found = batches_of(cursor)
    show.frame(found)
    show.say(counted(found.height, "batch"))


@click.command()
@click.option("--tier", help="Only clips on which this tier has decided, with its verdict.")
@click.option(
    "--verdict", type=click.Choice(["kept", "dropped", "undecided"]), help="Only clips with this verdict of --tier."
)
@click.option("--batch", help="Only clips of this batch: its name, or its hash's first digits.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="Most clips that are shown.")
def clips(tier: str | None, verdict: str | None, batch: str | None, most: int) -> None:
    """List clips with their ids, files and times.

    The first eight digits of an id are enough for every command.
    """
    from video_assets.curate.lists import clips as clips_of
    from video_assets.lake.names import resolve_batch

    if verdict and not tier:
        raise click.UsageError("Say whose verdict, with --tier; 'video-assets tiers' lists the tiers.")
    lake = existing_lake()
    name = named_tier(known_tiers(), tier).name if tier else None
    with asking(lake) as cursor:
        found, total = clips_of(cursor, most, name, verdict, None if batch is None else resolve_batch(cursor, batch))
    if found.is_empty():
        raise click.ClickException("There is no such clip.")
    show.frame(found, shorten="file_name")
    show.say(counted(total, "clip") + (f" ({found.height} shown; --most shows more)" if found.height < total else ""))


@click.command()
def questions() -> None:
    """List the ready questions for 'video-assets sql NAME'."""
    from video_assets.curate.lists import questions as questions_of

    found, errors = questions_of(settings())
    for error in errors:
        click.echo(f"Left out: {error}", err=True)
    for question in found.values():
        show.block(question.name, question.asks)
    show.say(f"{counted(len(found), 'question')}; 'video-assets sql {next(iter(found), 'NAME')}' answers one.")
