"""A takedown, in its order: refuse the content first, then remove, then read everything that is left.

What a step does twice is the same as once. A reader in a transaction on an older version of the lake meanwhile finds no rows
there any more, without an error: announce a takedown where there are long transactions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import TAKEDOWNS, TOMBSTONES
from video_assets.lake.sheet import SHEET
from video_assets.takedown import catalog, files, objects
from video_assets.takedown.anew import make_anew
from video_assets.takedown.marks import Marks, marks_of
from video_assets.takedown.match import Request, Video, match, tombstones
from video_assets.takedown.proof import look
from video_assets.takedown.reach import Reach, reach, touched_batches
from video_assets.takedown.receipt import Receipt
from video_assets.takedown.releases import concerned_shards, withdraw
from video_assets.takedown.rewrite import remove_rows
from video_assets.takedown.traces import Traces
from video_assets.takedown.work import Work


@dataclass(frozen=True)
class Planned:
    """A takedown that was not begun: what is meant, and what it reaches."""

    request: Request
    videos: list[Video]
    marks: Marks
    reach: Reach


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


def plan(step: Step, request: Request) -> Planned:
    """Look what a request means and reaches; nothing is changed.

    Raises:
        ValueError: it means nothing.
    """
    videos = match(step.lake, request)
    marks = marks_of(step.lake, videos)
    return Planned(request, videos, marks, reach(step.lake, marks, step.order[SHEET].table))


def take_down(step: Step, planned: Planned, records: Records, say: Callable[[str], None] = lambda _: None) -> Receipt:
    """Remove what was planned. No run may be at work.

    Args:
        step: the lake and the measurements.
        planned: see :func:`plan`.
        records: Dagster's.
        say: called with what is being done.

    Returns:
        The receipt, which is in the lake by then.
    """
    work = Work(
        uuid4().hex[:12], datetime.now(UTC), planned.request.by, planned.videos, planned.marks, planned.reach.counts,
        planned.reach.rows, touched_batches(planned.reach), concerned_shards(step.lake, planned.marks),
    )  # fmt: skip
    work.save(step.lake.settings.lake.scratch_path)
    return carry_out(step, work, records, say)


def carry_out(step: Step, work: Work, records: Records, say: Callable[[str], None] = lambda _: None) -> Receipt:
    """Do what a takedown has to do, from the beginning, as far as it is not done.

    The arguments and what comes back are those of :func:`take_down`.
    """
    lake, marks = step.lake, work.marks
    traces = Traces(marks.traces)
    say("Refusing the content from now on")
    _refuse(lake, work)
    say("Removing rows")
    remove_rows(step, marks, reach(lake, marks, step.order[SHEET].table), work.takedown)
    due = make_anew(step, work.batches)
    say("Withdrawing from releases")
    undocumented = withdraw(lake, work.released, work.takedown)
    say("Removing pictures and scratch")
    removed = {"pictures": files.remove_pages(lake, sorted({*work.batches, *due}), work.takedown)}
    removed["scratch files"] = files.clear_scratch(lake, work.batches, traces)
    say("Forgetting older versions")
    versions, old_files = catalog.forget_versions(lake, sorted(work.rows), traces)
    removed |= {"versions of the lake": versions, "files of older versions": old_files}
    lake.close()
    catalog.mend(lake.settings.lake)
    if records.home is not None:
        say("Cleaning Dagster's records")
        removed["values of Dagster's records"] = records.clean(records.home, traces)
    purged = objects.purge(lake)
    removed |= {"old versions of objects": purged.versions, "unfinished uploads": purged.uploads}
    say("Reading everything that is left")
    looked = look(lake, marks, records.home)
    not_told = [*purged.unknown, *(f"Dagster's {kept}: it is not in its folder." for kept in records.elsewhere)]
    receipt = Receipt(
        work.takedown, work.asked_at, datetime.now(UTC), work.asked_by, work.videos, work.counts, work.rows, removed, looked,
        due, marks.shared + len(marks.short), not_told, tuple(map(_documents_again, undocumented)),
    )  # fmt: skip
    lake.files.write(receipt.as_json.encode(), f"{receipt.path}.json")
    lake.files.write(receipt.as_text.encode(), f"{receipt.path}.md")
    told = _row(work, "incomplete" if receipt.hits else "done", f"{receipt.path}.json")
    lake.commit([told], [], message=f"takedown {work.takedown}", author="takedown")
    if not receipt.hits:
        work.forget(lake.settings.lake.scratch_path)
    return receipt


def _documents_again(release: str) -> str:
    return f"Write the documents of the release {release} again: 'video-assets documents {release}'."


def _refuse(lake: Lake, work: Work) -> None:
    # A content that came again and was refused has one already, with signatures that nobody could take now.
    known = lake.query("SELECT video_id FROM tombstones")["video_id"].to_list()
    kept = tombstones(lake, [v for v in work.videos if v.video_id not in known])
    replacements = [_row(work, "begun", None)]
    if kept.height:
        rows = TOMBSTONES.frame(kept, takedown=work.takedown, since=work.asked_at)
        replacements.append(Replacement(TOMBSTONES, [work.takedown], rows, by="takedown"))
    lake.commit(replacements, [], message=f"takedown {work.takedown}", author="takedown")


def _row(work: Work, state: str, receipt: str | None) -> Replacement:
    row: dict[str, object] = {
        "takedown": work.takedown, "made_at": work.asked_at, "asked_by": work.asked_by, "state": state, "receipt": receipt,
        "counts": json.dumps(dict(work.counts), sort_keys=True),
    }  # fmt: skip
    return Replacement(TAKEDOWNS, [work.takedown], TAKEDOWNS.frame([row]), by="takedown")
