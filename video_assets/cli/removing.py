"""The command that removes footage on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from video_assets import show
from video_assets.cli.common import existing_lake
from video_assets.live.screen import busy
from video_assets.written import counted

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake
    from video_assets.takedown.match import Request
    from video_assets.takedown.receipt import Receipt
    from video_assets.takedown.takedown import Planned, Records

_SHOWN = 10


@click.command()
@click.option("--url", help="Where it was obtained, as stated.")
@click.option("--file", help="Path, address or name of a file, present or former.")
@click.option("--hash", "hash_", help="SHA-256 of the bytes, or its first 8 digits and more.")
@click.option("--holder", help="Who holds the rights, as stated; case does not matter.")
@click.option("--domain", help="Host of the address, with those under it.")
@click.option("--finish", is_flag=True, help="Finish what was stopped, or what left something.")
@click.option("--dry-run", is_flag=True, help="Only show what it reaches.")
@click.option("--yes", is_flag=True, help="Do not ask before it is removed.")
def takedown(
    url: str | None, file: str | None, hash_: str | None, holder: str | None, domain: str | None, finish: bool, dry_run: bool,
    yes: bool,
) -> None:  # fmt: skip
    """Remove footage with all that was made from it.

    From tables, releases, pages, scratch space, older versions of the lake and Dagster's records; then everything that is
    left is read, and a receipt says what was found. The same bytes are never taken in again.
    """
    given = {"url": url, "file": file, "hash": hash_, "holder": holder, "domain": domain}
    named = [(by, value) for by, value in given.items() if value is not None]
    if finish and not named:
        _finish()
        return
    if finish or len(named) != 1 or not named[0][1].strip():
        raise click.UsageError("Name the footage by one of --url, --file, --hash, --holder or --domain.")
    from video_assets.takedown.match import Request

    _take_down(Request(*named[0]), dry_run=dry_run, yes=yes)


def _take_down(request: Request, *, dry_run: bool, yes: bool) -> None:
    lake = existing_lake()
    with busy("Looking what it reaches"):
        from video_assets.assets.common import order
        from video_assets.batches.step import Step
        from video_assets.takedown.takedown import plan, take_down

        step = Step(lake, order())
        planned = plan(step, request)
    _show(planned)
    if dry_run:
        return
    records = _records()
    if not yes:
        click.confirm("Remove all of it? It cannot be brought back", abort=True)
    with busy("Taking down"):
        receipt = take_down(step, planned, records)
    _told(lake, receipt)


def _finish() -> None:
    lake = existing_lake()
    with busy("Loading the assets"):
        from video_assets.assets.common import order
        from video_assets.batches.step import Step
        from video_assets.takedown.takedown import carry_out
        from video_assets.takedown.work import unfinished

        step = Step(lake, order())
    begun = unfinished(lake.settings.lake.scratch_path)
    if not begun:
        raise click.ClickException("No takedown was stopped here, and none left anything.")
    records = _records()
    for work in begun:
        with busy("Taking down"):
            receipt = carry_out(step, work, records)
        _told(lake, receipt)


def _records() -> Records:
    """Dagster's records; no run may be at work."""
    from video_assets.assets.dagster_events import at_work, clean, elsewhere
    from video_assets.bring_up_to_date import dagster_folder
    from video_assets.takedown.takedown import Records

    home = dagster_folder()
    if running := at_work(home):
        raise click.ClickException(
            f"{counted(running, 'run')} of Dagster's at work could write the footage again; stop it, or wait for its end."
        )
    return Records(home, clean, tuple(elsewhere(home))) if home.exists() else Records(None)


def _told(lake: Lake, receipt: Receipt) -> None:
    """What was removed, and whether anything is left."""
    for what in receipt.still_to_do:
        show.say(what)
    if receipt.due:
        changed = counted(len(receipt.due), "batch")
        show.say(f"Groups of near-duplicates changed in {changed}; 'video-assets curate' decides anew.")
    show.say(f"The receipt: {lake.files.root}/{receipt.path}.md")
    if receipt.hits:
        raise click.ClickException(
            f"Something of it was found {counted(receipt.hits, 'time')} when everything was read; the receipt says where. "
            "Stop whatever has the lake open, and say 'video-assets takedown --finish'."
        )
    show.say("Everything was read, and nothing of it is left but its hash.")


def _show(planned: Planned) -> None:
    """What is meant and what it reaches, before anything is removed."""
    for video in planned.videos[:_SHOWN]:
        show.say(video.sha256 or video.video_id)
    if len(planned.videos) > _SHOWN:
        show.say(f"and {len(planned.videos) - _SHOWN} more")
    show.say("It reaches " + ", ".join(f"{count} {what}" for what, count in planned.reach.counts.items()) + ".")
    for table, rows in planned.reach.rows.items():
        show.say(f"  {table}: {counted(rows, 'row')}")
