"""What was refused as a copy and is none: a person lets it in."""

from __future__ import annotations

from datetime import UTC, datetime

from video_assets.batches.retry import set_aside
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.schemas import TOMBSTONES
from video_assets.reasons import Reason
from video_assets.takedown.match import by_hash


def admit(step: Step, hash_: str) -> int:
    """Let a content in that was refused as a copy; it is due from then on, and not compared again.

    Returns:
        In how many batches it is due: none where its files are not there any more.

    Raises:
        ValueError: there is no such content, it is not one alone, or it was taken down itself.
    """
    means = by_hash(hash_)
    found = [row for row in step.lake.read(TOMBSTONES).iter_rows(named=True) if means(row["sha256"] or row["video_id"])]
    copies = [row for row in found if row["copy_of"] is not None]
    if not copies:
        said = (
            "It was taken down itself, and stays refused." if found else "Nothing with this hash was refused as a copy."
        )
        raise ValueError(said)
    if len(copies) > 1:
        raise ValueError(f"{len(copies)} contents begin with these digits; give more of them.")
    [row] = copies
    rows = TOMBSTONES.frame([row | {"admitted_at": datetime.now(UTC)}])
    step.lake.commit(
        [Replacement(TOMBSTONES, [row["takedown"]], rows, by="takedown")], [], message="admitted", author="takedown"
    )
    there = step.lake.query(
        "SELECT count(*) FROM raw_videos WHERE video_id = ? AND reason = ?",
        [row["video_id"], Reason.TAKEN_DOWN_COPY.value],
    ).item()
    return len(set_aside(step, row["video_id"], Reason.TAKEN_DOWN_COPY).batches) if there else 0
