"""A takedown, in its order: refuse the content first, then remove, then read everything that is left.

What a step does twice is the same as once, so that one that was stopped anywhere is finished by doing all of it again. With
a hold it ends in the middle: whatever shows the footage has it no more, and what cannot be undone waits. A reader in a
transaction on an older version of the lake meanwhile finds no rows there any more, without an error: announce a takedown
where there are long transactions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from video_assets.batches.step import Step
from video_assets.lake.faults import patiently
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import NEAR_DUPLICATES, REVIEWS, TAKEDOWNS
from video_assets.lake.sheet import SHEET
from video_assets.takedown import catalog, files, objects
from video_assets.takedown.anew import make_anew
from video_assets.takedown.like import Like, looks_like
from video_assets.takedown.marks import Marks, marks_of
from video_assets.takedown.match import LIKE, Request, Video, match
from video_assets.takedown.proof import look
from video_assets.takedown.reach import Reach, reach, touched_batches
from video_assets.takedown.receipt import Receipt
from video_assets.takedown.releases import concerned_shards, documented, frozen_rows, overwrite_shards, withdraw
from video_assets.takedown.rewrite import remove_rows
from video_assets.takedown.search import searching
from video_assets.takedown.stones import LOOKS, stones
from video_assets.takedown.traces import Traces
from video_assets.takedown.work import Work

BEGUN, HELD, DONE, INCOMPLETE, CALLED_OFF = "begun", "held", "done", "incomplete", "called_off"


@dataclass(frozen=True)
class Planned:
    """A takedown that was not begun: what is meant, what it reaches, and by which likeness where it is by one."""

    request: Request
    videos: list[Video]
    marks: Marks
    reach: Reach
    like: Like | None = None


@dataclass(frozen=True)
class Records:
    """Dagster's records, as the takedown needs them.

    Attributes:
        home: their folder; None where there is none.
        clean: removes what the traces find there, and says how many values and files it changed.
        elsewhere: its storages that are not in the folder.
    """

    home: Path | None
    clean: Callable[[Path, Traces], int] = lambda _home, _traces: 0
    elsewhere: tuple[str, ...] = ()


def _silent(_step: str) -> None:
    pass


def plan(step: Step, request: Request) -> Planned:
    """Look what a request means and reaches; nothing is changed.

    Raises:
        ValueError: it means nothing.
    """
    like = looks_like(step, Path(request.value)) if request.by == LIKE else None
    return patiently()(_planned, step, request, like)


def _planned(step: Step, request: Request, like: Like | None) -> Planned:
    with searching(step.lake) as search:
        search.copy_names()
        videos = list(like.videos) if like else match(search, request)
        marks = marks_of(search, videos)
        return Planned(request, videos, marks, reach(search, marks, step.order[SHEET].table), like)


def take_down(
    step: Step,
    planned: Planned,
    records: Records,
    say: Callable[[str], None] = _silent,
    *,
    hold: timedelta | None = None,
) -> Receipt:
    """Remove what was planned. No run may be at work.

    Args:
        step: the lake and the measurements.
        planned: see :func:`plan`.
        records: Dagster's.
        say: called with what is done next.
        hold: how long what cannot be undone has to wait.

    Returns:
        The receipt, which is in the lake by then.
    """
    now, released = datetime.now(UTC), concerned_shards(step.lake, planned.marks)
    like = planned.like
    work = Work(
        _number(now), now, planned.request.by, planned.videos, planned.marks, planned.reach.counts, planned.reach.rows,
        touched_batches(planned.reach), released, planned.request.value, documented(step.lake, released),
        now + hold if hold else None, like.own if like else None,
        like.clips.drop_nulls("copy_signature").select(LOOKS).to_dicts() if like else (),
        frozen_rows(step.lake, released) if hold else {},
    )  # fmt: skip
    say("Noting what is to be done")
    work.save(step.lake.settings.lake)
    return carry_out(step, work, records, say, planned.reach)


def carry_out(
    step: Step, work: Work, records: Records, say: Callable[[str], None] = _silent, found: Reach | None = None
) -> Receipt:
    """Do what a takedown has to do, from the beginning, as far as it is not done and need not wait.

    Args:
        step: see :func:`take_down`.
        work: what has to be done.
        records: see :func:`take_down`.
        say: see :func:`take_down`.
        found: what it reaches, of one that begins now.

    Returns:
        The receipt.
    """
    lake, marks = step.lake, work.marks
    before = _state(lake, work) if found is None else None
    # No fold of people's verdicts comes between: it would put back rows that it had read before.
    with lake.lock(REVIEWS.name):
        say("Refusing the content from now on")
        version = lake.commit(
            [_row(work, BEGUN, None), *stones(step, work)], [], message=f"takedown {work.takedown}", author="takedown"
        )
        say("Removing rows")
        # What a first look did not find, or came meanwhile, may be anywhere.
        # What was found holds where nothing else was committed since.
        known = found.batches if found is not None and version == found.snapshot + 1 else None
        remove_rows(step, marks, work.takedown, known, everywhere=before in (HELD, INCOMPLETE))
    say("Making groups anew")
    # What was near no other clip has left no trace in any group.
    near = NEAR_DUPLICATES.name in work.rows or before in (HELD, INCOMPLETE)
    due = make_anew(step, work.batches) if near else ()
    say("Withdrawing from releases")
    withdraw(lake, work.released, work.takedown)
    say("Removing pictures")
    removed = {"pictures": files.remove_pages(lake, sorted({*work.batches, *due}), work.takedown)}
    receipt = Receipt(
        work.takedown, work.asked_at, datetime.now(UTC), work.asked_by, work.videos, work.counts, work.rows, removed, (), due,
        marks.shared + len(marks.short), (), tuple(map(_documents_again, work.documented)), work.held_until,
    )  # fmt: skip
    if work.waits(datetime.now(UTC)):
        say("Writing the receipt")
        return _written(lake, work, receipt, HELD)
    receipt = _destroy(step, work, receipt, records, say)
    say("Opening the catalog again")
    lake.query("SELECT 1")
    say("Writing the receipt")
    _written(lake, work, receipt, INCOMPLETE if receipt.hits else DONE)
    say("Forgetting what was to be done")
    if not receipt.hits:
        work.forget(lake.settings.lake)
    return receipt


def _destroy(step: Step, work: Work, receipt: Receipt, records: Records, say: Callable[[str], None]) -> Receipt:
    """What cannot be undone; then read everything that is left."""
    lake, traces = step.lake, Traces(work.marks.traces)
    say("Overwriting shards")
    overwrite_shards(lake, work.released, work.takedown)
    say("Removing scratch")
    removed = dict(receipt.removed) | {"scratch files": files.clear_scratch(lake, work.batches, traces)}
    say("Forgetting older versions")
    versions, old_files = catalog.forget_versions(lake, sorted(work.rows), traces)
    removed |= {"versions of the lake": versions, "files of older versions": old_files}
    lake.close()
    say("Mending the catalog")
    catalog.mend(lake.settings.lake)
    if records.home is not None:
        say("Cleaning Dagster's records")
        removed["values of Dagster's records"] = records.clean(records.home, traces)
    say("Purging old versions of objects")
    purged = objects.purge(lake)
    removed |= {"old versions of objects": purged.versions, "unfinished uploads": purged.uploads}
    say("Reading everything that is left")
    looked = look(lake, work.marks, records.home)
    not_told = [*purged.unknown, *(f"Dagster's {kept}: it is not in its folder." for kept in records.elsewhere)]
    if lake.settings.lake.in_postgres:
        not_told.append(
            "PostgreSQL's write-ahead log and backups of its database: whoever administers it removes them."
        )
    return replace(receipt, written_at=datetime.now(UTC), removed=removed, looked=looked, not_told=not_told)


def _written(lake: Lake, work: Work, receipt: Receipt, state: str) -> Receipt:
    """Put the receipt into the lake, and note where it is."""
    lake.files.write(receipt.as_json.encode(), f"{receipt.path}.json")
    lake.files.write(receipt.as_text.encode(), f"{receipt.path}.md")
    row = _row(work, state, f"{receipt.path}.json")
    lake.commit([row], [], message=f"takedown {work.takedown}", author="takedown")
    return receipt


def _number(now: datetime) -> str:
    """A new takedown's number: beyond all that there are, so that DuckDB opens no file to see that there is none of it."""
    return f"{int(now.timestamp()):08x}{uuid4().hex[:4]}"


def _state(lake: Lake, work: Work) -> str | None:
    """How far it was when it was left."""
    found = lake.query("SELECT state FROM takedowns WHERE takedown = ?", [work.takedown])
    return str(found.item()) if found.height else None


def _documents_again(release: str) -> str:
    return f"Write the documents of the release {release} again: 'video-assets documents {release}'."


def _row(work: Work, state: str, receipt: str | None) -> Replacement:
    row: dict[str, object] = {
        "takedown": work.takedown, "made_at": work.asked_at, "asked_by": work.asked_by, "state": state, "receipt": receipt,
        "counts": json.dumps(dict(work.counts), sort_keys=True), "held_until": work.held_until,
    }  # fmt: skip
    return Replacement(TAKEDOWNS, [work.takedown], TAKEDOWNS.frame([row]), by="takedown")
