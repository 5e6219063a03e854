"""Files beside the tables: pictures of pages, and scratch space."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from video_assets.lake.kept import FOLDER, SPOOL
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import PAGES
from video_assets.review.copies import FOLDER as COPIES
from video_assets.review.journal import FILE, forget, is_journal
from video_assets.scorers.judge import NAME as JUDGE
from video_assets.takedown.traces import Traces, files_in
from video_assets.takedown.work import is_work

_TURNS = 5


def remove_pages(lake: Lake, batches: Sequence[str], takedown: str) -> int:
    """Remove the pictures of pages of these batches, and of what is made over all: nobody knows which show the videos.

    Returns:
        How many there were.
    """
    rows = lake.query("SELECT * FROM pages WHERE batch = '' OR batch IN (SELECT unnest(?))", [list(batches)])
    if rows.is_empty():
        return 0
    lake.commit(
        [Replacement(PAGES, sorted(set(rows["batch"])), PAGES.empty())],
        [],
        message=f"takedown {takedown}",
        author="takedown",
    )
    shown = set(lake.query("SELECT DISTINCT path FROM pages")["path"])
    gone = sorted(set(rows["path"]) - shown)
    lake.files.remove(gone)
    # Whatever else lies in the folders of these batches is of older pages, which nothing shows.
    folders = tuple(f"batch={batch}" if batch else "all" for batch in {*rows["batch"], *batches})
    stale = [p for p in lake.files.listed(PAGES.name) if p not in shown and p.split("/")[-2] in folders]
    lake.files.remove(stale)
    return len({*gone, *stale})


def clear_scratch(lake: Lake, batches: Sequence[str], traces: Traces) -> int:
    """Remove from scratch space whatever has or may have something of the videos; no run may be at work.

    Returns:
        How many files.
    """
    scratch = lake.settings.lake.scratch_path
    # A copy of the review page's that is being made goes before any that is finished: it is one of these in the next moment, or never.
    removed = _removed(scratch.glob(f"{COPIES}/.making-*")) + _removed(scratch.glob(f"{COPIES}/*.duckdb"))
    # Fetched footage is nowhere named by what a takedown knows: all of it goes, and is fetched again.
    may_have = [*scratch.glob(".tmp-*"), *(scratch / PAGES.name).glob("*"), *scratch.glob(SPOOL)]
    may_have += [
        p for batch in batches for folder in ("captions", JUDGE) for p in scratch.glob(f"{folder}/*/{batch}.*")
    ]
    removed += _removed(may_have)
    # What people say of other clips may be nowhere else yet.
    removed += _forgotten(scratch, traces)
    for file in files_in(scratch):
        if is_work(file) or is_journal(file):
            continue
        if traces.in_bytes(str(file.relative_to(scratch)).encode()) or traces.in_file(file):
            file.unlink()
            removed += 1
    if lake.settings.lake.on_s3:
        # Results that wait in the lake for their batch are named by their videos.
        waiting = [path for path in lake.files.listed(FOLDER) if traces.in_bytes(path.encode())]
        lake.files.remove(waiting)
        removed += len(waiting)
    return removed


def _removed(paths: Iterable[Path]) -> int:
    """Remove files, and folders with all that is in them; how many files that were."""
    removed = 0
    for path in paths:
        removed += sum(1 for _ in files_in(path)) if path.is_dir() else 1
        with suppress(FileNotFoundError):  # a copy that its server has just removed
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return removed


def _forgotten(scratch: Path, traces: Traces) -> int:
    """Make the journal of verdicts forget the videos; a server may be at work on it, and may just have written of them again.

    The file itself is never removed: it has what people say of other clips, and a server that has it open would go on in a file
    that nobody sees. What is still there after several turns is found when everything is read.

    Returns:
        How many verdicts.
    """
    removed = 0
    for _ in range(_TURNS):
        removed += forget(scratch, traces.in_value)
        if not any(traces.in_file(p) for p in files_in(scratch / Path(FILE).parent) if is_journal(p)):
            break
    return removed
