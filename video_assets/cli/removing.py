"""The command that removes footage on request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from video_assets import show
from video_assets.cli.common import existing_lake
from video_assets.live.screen import busy
from video_assets.written import counted

if TYPE_CHECKING:
    from pathlib import Path

    from video_assets.batches.step import Step
    from video_assets.lake.lake import Lake
    from video_assets.takedown.match import Request
    from video_assets.takedown.receipt import Receipt
    from video_assets.takedown.takedown import Planned, Records
    from video_assets.takedown.work import Work

_SHOWN = 10


@click.command()
@click.option("--url", help="Where it was obtained, as stated.")
@click.option("--file", help="Path, address or name of a file, present or former.")
@click.option("--hash", "hash_", help="SHA-256 of the bytes, or its first 8 digits and more.")
@click.option("--holder", help="Who holds the rights, as stated; case does not matter.")
@click.option("--domain", help="Host of the address, with those under it.")
@click.option(
    "--like", type=click.Path(exists=True, dir_okay=False), help="A file; what is a copy of it, or of a part, is meant."
)
@click.option("--hold", type=click.IntRange(1), metavar="DAYS", help="Let what cannot be undone wait so long.")
@click.option("--finish", is_flag=True, help="Finish what was stopped, was held, or left something.")
@click.option("--cancel", metavar="TAKEDOWN", help="Call off one that is held; its number is in its receipt's name.")
@click.option("--admit", metavar="HASH", help="Let in what was refused as a copy and is none.")
@click.option("--dry-run", is_flag=True, help="Only show what it reaches.")
@click.option("--yes", is_flag=True, help="Do not ask before it is removed.")
def takedown(
    url: str | None, file: str | None, hash_: str | None, holder: str | None, domain: str | None, like: str | None,
    hold: int | None, finish: bool, cancel: str | None, admit: str | None, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Remove footage with all that was made from it.

    From tables, releases, pages, scratch space, older versions of the lake and Dagster's records; then everything that is
    left is read, and a receipt says what was found. The same bytes, and copies of it, are never taken in again.
    """
    given = {"url": url, "file": file, "hash": hash_, "holder": holder, "domain": domain, "like": like}
    named = [(by, value) for by, value in given.items() if value is not None]
    if len(named) + finish + (cancel is not None) + (admit is not None) != 1 or (named and not named[0][1].strip()):
        raise click.UsageError(
            "Name the footage by one of --url, --file, --hash, --holder, --domain or --like; or say --finish, "
            "--cancel TAKEDOWN or --admit HASH."
        )
    if admit is not None:
        _admit(admit)
    elif cancel is not None:
        _cancel(cancel)
    elif finish:
        _finish()
    else:
        from video_assets.takedown.match import Request

        _take_down(Request(*named[0]), hold, dry_run=dry_run, yes=yes)


def _opened() -> tuple[Lake, Step]:
    lake = existing_lake()
    with busy("Loading the assets"):
        from video_assets.assets.common import order
        from video_assets.batches.step import Step

        return lake, Step(lake, order())


def _admit(hash_: str) -> None:
    _, step = _opened()
    from video_assets.takedown.admit import admit

    due = admit(step, hash_)
    show.say("It is let in." + (" 'video-assets curate' on its folder measures it." if due else ""))


def _cancel(number: str) -> None:
    lake, step = _opened()
    from video_assets.takedown.call_off import call_off

    begun = [work for work in _begun(step) if number and work.takedown.startswith(number.lower())]
    if len(begun) != 1:
        said = "None of the takedowns that wait here has" if not begun else f"{len(begun)} takedowns have"
        raise click.ClickException(f"{said} a number that begins so; 'video-assets sql \"FROM takedowns\"' lists them.")
    _nobody_at_work()
    receipt = call_off(step, begun[0])
    for what in receipt.still_to_do:
        show.say(what)
    show.say(
        f"The takedown {receipt.takedown} is called off: it is refused no more, and releases have their clips again. "
        "'video-assets curate' on its folder measures it anew."
    )
    show.say(f"The receipt: {lake.files.root}/{receipt.path}.md")


def _begun(step: Step) -> list[Work]:
    """The takedowns that were begun and have something to do. One that was stopped while it was called off is so by now."""
    from video_assets.takedown.call_off import conclude
    from video_assets.takedown.work import unfinished

    off = set(step.lake.query("SELECT takedown FROM takedowns WHERE state = 'called_off'")["takedown"])
    begun = unfinished(step.lake.settings.lake)
    for work in begun:
        if work.takedown in off:
            conclude(step, work)
    return [work for work in begun if work.takedown not in off]


def _take_down(request: Request, hold: int | None, *, dry_run: bool, yes: bool) -> None:
    lake, step = _opened()
    from video_assets.takedown.takedown import plan, take_down

    stopped = [work for work in _begun(step) if not _waits(lake, work)]
    if stopped and not dry_run:
        show.say("A takedown was stopped, or left something; it is finished first.")
        _carry_out(lake, step, stopped)
        if any((work.asked_by, work.asked_for) == (request.by, request.value) for work in stopped):
            return
    with busy("Looking what it reaches"):
        planned = plan(step, request)
    _show(planned)
    if dry_run:
        return
    records = _records()
    if not yes:
        click.confirm("Remove all of it? It cannot be brought back", abort=True)
    with busy("Taking down"):
        receipt = take_down(step, planned, records, hold=timedelta(days=hold) if hold else None)
    _told(lake, receipt)


def _finish() -> None:
    lake, step = _opened()
    begun = _begun(step)
    if not begun:
        raise click.ClickException("No takedown was stopped or held here, and none left anything.")
    for work in begun:
        if work.held_until and _waits(lake, work):
            show.say(f"The takedown {work.takedown} is held until {work.held_until:%Y-%m-%d %H:%M} UTC.")
    _carry_out(lake, step, [work for work in begun if not _waits(lake, work)])


def _waits(lake: Lake, work: Work) -> bool:
    """Whether nothing is to be done yet. One that was stopped before it was out of all tables goes on, hold or not."""
    state = lake.query("SELECT state FROM takedowns WHERE takedown = ?", [work.takedown])["state"].to_list()
    return state == ["held"] and work.waits(datetime.now(UTC))


def _carry_out(lake: Lake, step: Step, begun: list[Work]) -> None:
    from video_assets.takedown.takedown import carry_out

    records = _records() if begun else None
    for work in begun:
        if records:
            with busy("Taking down"):
                receipt = carry_out(step, work, records)
            _told(lake, receipt)


def _nobody_at_work() -> Path:
    """Dagster's folder, which has no run that is at work."""
    from video_assets.assets.dagster_events import at_work
    from video_assets.bring_up_to_date import dagster_folder

    home = dagster_folder()
    if running := at_work(home):
        raise click.ClickException(
            f"{counted(running, 'run')} of Dagster's at work could write the footage again; stop it, or wait for its end."
        )
    return home


def _records() -> Records:
    """Dagster's records."""
    from video_assets.assets.dagster_events import clean, elsewhere
    from video_assets.takedown.takedown import Records

    home = _nobody_at_work()
    return Records(home, clean, tuple(elsewhere(home))) if home.exists() else Records(None)


def _told(lake: Lake, receipt: Receipt) -> None:
    """What was removed, and whether anything is left."""
    for what in receipt.still_to_do:
        show.say(what)
    if receipt.due:
        changed = counted(len(receipt.due), "batch")
        show.say(f"Groups of near-duplicates changed in {changed}; 'video-assets curate' decides anew.")
    show.say(f"The receipt: {lake.files.root}/{receipt.path}.md")
    if receipt.waits and receipt.held_until:
        show.say(
            "It is refused, and out of all tables and lists. Shards, files and older versions are held until "
            f"{receipt.held_until:%Y-%m-%d %H:%M} UTC; after it, say 'video-assets takedown --finish'. "
            f"Until then 'video-assets takedown --cancel {receipt.takedown}' calls it off."
        )
        return
    if receipt.hits:
        raise click.ClickException(
            f"Something of it was found {counted(receipt.hits, 'time')} when everything was read; the receipt says where. "
            "Stop whatever has the lake open, and say 'video-assets takedown --finish'."
        )
    show.say("Everything was read, and nothing of it is left but its hash, and what it looked like as numbers.")


def _show(planned: Planned) -> None:
    """What is meant, how surely where it is by likeness, and what it reaches, before anything is removed."""
    for video in planned.videos[:_SHOWN]:
        show.say(video.sha256 or video.video_id)
    if len(planned.videos) > _SHOWN:
        show.say(f"and {len(planned.videos) - _SHOWN} more")
    for alike in planned.like.found[:_SHOWN] if planned.like else ():
        mirrored = ", in a mirror" if alike.copy.mirrored else ""
        show.say(
            f"  {alike.video.video_id[:12]} at {alike.at_s:.1f} s: {alike.copy.seconds:.1f} s of the clip at {alike.of_s:.1f} s, "
            f"likeness {alike.copy.score:.3f}{mirrored}"
        )
    if planned.like and len(planned.like.found) > _SHOWN:
        show.say(f"  and {len(planned.like.found) - _SHOWN} clips more")
    show.say("It reaches " + ", ".join(f"{count} {what}" for what, count in planned.reach.counts.items()) + ".")
    for table, rows in planned.reach.rows.items():
        show.say(f"  {table}: {counted(rows, 'row')}")
