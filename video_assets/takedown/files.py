"""Files beside the tables: pictures of pages, and scratch space."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import PAGES
from video_assets.scorers.judge import NAME as JUDGE
from video_assets.takedown.traces import Traces, files_in
from video_assets.takedown.work import is_work


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
    may_have = [*scratch.glob(".tmp-*"), *(scratch / PAGES.name).glob("*")]
    may_have += [
        p for batch in batches for folder in ("captions", JUDGE) for p in scratch.glob(f"{folder}/*/{batch}.*")
    ]
    removed = 0
    for path in may_have:
        removed += sum(1 for _ in files_in(path)) if path.is_dir() else 1
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in files_in(scratch):
        if is_work(file):
            continue
        if traces.in_bytes(str(file.relative_to(scratch)).encode()) or traces.in_file(file):
            file.unlink()
            removed += 1
    return removed
