"""From the journal to the lake: parts of the journal become partitions of the table ``reviews``, in one commit.

Killed at any moment, it leaves nothing half done: before the commit the journal says that its verdicts are in no commit, and
so they are committed by the next one; after it the same part is replaced by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Any

import polars as pl

from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import REVIEWED
from video_assets.lake.schemas import REVIEWS
from video_assets.lake.versions import combined
from video_assets.review.journal import Journal, Verdict, journal_of


def fold(lake: Lake, journal: Journal) -> int:
    """Commit what the lake does not have yet.

    Returns:
        How many verdicts were in no commit before.

    Raises:
        filelock.Timeout: another process folds, or takes footage down, for longer than ``lake.lock_timeout_s``.
    """
    if not journal.unfolded():
        return 0
    # A part is replaced whole: of two folds at once the slower one would put an older part back, and what a takedown removes
    # meanwhile would come again. So nothing is read before the lock is had, which a takedown takes too.
    with lake.lock(REVIEWS.name):
        parts = journal.parts()
        if not parts:
            return 0
        new = {v.review_id for v in journal.unfolded()}
        gone = set(lake.query("SELECT video_id FROM tombstones WHERE admitted_at IS NULL")["video_id"])
        there = {part: [v for v in verdicts if v.video_id not in gone] for part, verdicts in parts.items()}
        lake.commit(
            [Replacement(REVIEWS, [part], rows_of(part, verdicts), by="part") for part, verdicts in there.items()],
            _judged(lake, [v for verdicts in there.values() for v in verdicts if v.review_id in new]),
            message="verdicts",
            author="review",
        )
        # Only those that are in these parts: others may have come meanwhile.
        done = [v.review_id for verdicts in parts.values() for v in verdicts if v.review_id in new]
        journal.folded(done)
        return len(done)


def _judged(lake: Lake, verdicts: Sequence[Verdict]) -> list[Made]:
    """Ledger entries by which the sheet of the batches is due in which these verdicts' clips are; verdicts before them count on."""
    if not verdicts:
        return []
    of_clip: dict[str, list[str]] = {}
    for verdict in verdicts:
        of_clip.setdefault(verdict.clip_id, []).append(verdict.review_id)
    found = lake.query("SELECT DISTINCT batch, clip_id FROM clips WHERE clip_id IN (SELECT unnest(?))", [[*of_clip]])
    by_batch: dict[str, list[str]] = {}
    for batch, clip_id in found.iter_rows():
        by_batch.setdefault(batch, []).extend(of_clip[clip_id])
    ledger = lake.entries(sorted(by_batch))
    made = []
    for batch, ids in sorted(by_batch.items()):
        before = ledger.get((REVIEWED, batch), {"data_version": "", "rows": 0})
        version = combined(before["data_version"], *sorted(ids))
        made.append(Made(REVIEWED, batch, _VERSION, version, {}, before["rows"] + len(ids)))
    return made


_VERSION = "1"


def fold_what_waits(lake: Lake) -> int:
    """The same of the journal in the lake's scratch space, for commands that use verdicts while no server runs."""
    if (journal := journal_of(lake.settings.lake.scratch_path)) is None:
        return 0
    with closing(journal):
        return fold(lake, journal)


def rows_of(part: str, verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """Verdicts as rows of the table."""
    rows = [_row(asdict(v)) for v in verdicts]
    return REVIEWS.frame(pl.DataFrame(rows, schema=_SCHEMA), part=part) if rows else REVIEWS.empty()


_SCHEMA = {name: kind for name, kind in REVIEWS.schema.items() if name != "part"}


def _row(verdict: Mapping[str, Any]) -> dict[str, Any]:
    given = verdict["answers"]
    answers = None if given is None else [{"question": q, "value": v} for q, v in sorted(given.items())]
    judged = datetime.fromisoformat(verdict["judged_at"])
    return {**verdict, "judged_at": judged, "answers": answers, "flags": list(verdict["flags"])}
