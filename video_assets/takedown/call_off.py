"""A held takedown that is called off before anything was destroyed.

The content is refused no more, nor what was refused as a copy of it. Releases have their clips again, as their shards had them
all the while. What was measured is measured anew: other work went on meanwhile, beside which old rows would not fit.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl

from video_assets.batches.retry import set_aside
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import TAKEDOWNS, TOMBSTONE_CLIPS, TOMBSTONES
from video_assets.reasons import Reason
from video_assets.takedown.receipt import Receipt
from video_assets.takedown.releases import put_back
from video_assets.takedown.takedown import CALLED_OFF, HELD
from video_assets.takedown.work import Work


def call_off(step: Step, work: Work) -> Receipt:
    """Take a held takedown back. Who is stopped in it says so again.

    Args:
        step: the lake and the measurements.
        work: what it was to do.

    Returns:
        Its receipt, which says so from now on.

    Raises:
        ValueError: it is not held, or another takedown means the same footage.
    """
    lake = step.lake
    states = lake.query("SELECT state FROM takedowns WHERE takedown = ?", [work.takedown])["state"].to_list()
    if states != [HELD]:
        raise ValueError(
            f"The takedown {work.takedown} is not held: what it destroys may be gone already. "
            "'video-assets takedown --finish' brings it to its end."
        )
    if other := _also_meant(lake, work):
        raise ValueError(f"The takedown {other} means some of the same footage, which stays refused.")
    back = [part for name, frozen in work.frozen.items() for part in put_back(lake, name, frozen)]
    refused = lake.query(
        "SELECT DISTINCT takedown, video_id FROM tombstones WHERE takedown = $1 OR copy_of = $1", [work.takedown]
    )
    keys = sorted({work.takedown, *refused["takedown"]})
    receipt = _receipt(work)
    row: dict[str, object] = {
        "takedown": work.takedown, "made_at": work.asked_at, "asked_by": work.asked_by, "state": CALLED_OFF,
        "receipt": f"{receipt.path}.json", "counts": json.dumps(dict(work.counts), sort_keys=True), "held_until": work.held_until,
    }  # fmt: skip
    # In one commit: either all of it is called off, or it is held.
    lake.commit(
        [
            *back,
            Replacement(TOMBSTONES, keys, TOMBSTONES.empty(), by="takedown"),
            Replacement(TOMBSTONE_CLIPS, [work.takedown], TOMBSTONE_CLIPS.empty(), by="takedown"),
            Replacement(TAKEDOWNS, [work.takedown], TAKEDOWNS.frame([row]), by="takedown"),
        ],
        [],
        message=f"takedown {work.takedown} called off",
        author="takedown",
    )
    conclude(step, work, receipt)
    return receipt


def conclude(step: Step, work: Work, receipt: Receipt | None = None) -> None:
    """What follows of one that is called off: what came meanwhile and was refused is due, and nothing is to be done any more."""
    lake, receipt = step.lake, receipt or _receipt(work)
    for video, reason in _set_aside(lake).iter_rows():
        set_aside(step, video, Reason(reason))
    lake.files.write(receipt.as_json.encode(), f"{receipt.path}.json")
    lake.files.write(receipt.as_text.encode(), f"{receipt.path}.md")
    work.forget(lake.settings.lake)


def _receipt(work: Work) -> Receipt:
    now = datetime.now(UTC)
    again = tuple(
        f"Write the documents of the release {name} again: 'video-assets documents {name}'." for name in work.documented
    )
    return Receipt(
        work.takedown, work.asked_at, now, work.asked_by, work.videos, work.counts, work.rows, {}, (), (),
        work.marks.shared + len(work.marks.short), (), again, work.held_until, now,
    )  # fmt: skip


def _also_meant(lake: Lake, work: Work) -> str | None:
    """Another takedown of the same content. It has no tombstones of its own, where the content was refused already."""
    ours = {video.video_id for video in work.videos}
    others = lake.query(
        "SELECT takedown, receipt FROM takedowns WHERE takedown <> ? AND made_at >= ? AND state <> ? AND receipt IS NOT NULL "
        "ORDER BY made_at",
        [work.takedown, work.asked_at, CALLED_OFF],
    )
    for takedown, path in others.iter_rows():
        file = lake.files.fetch(path)
        if file and ours & {video["video_id"] for video in json.loads(file.read_text())["videos"]}:
            return str(takedown)
    return None


def _set_aside(lake: Lake) -> pl.DataFrame:
    """Footage that is refused for a takedown that there is no more."""
    return lake.query(
        "SELECT DISTINCT video_id, reason FROM raw_videos WHERE reason IN (SELECT unnest(?)) "
        "AND video_id NOT IN (SELECT video_id FROM tombstones WHERE admitted_at IS NULL) ORDER BY ALL",
        [[Reason.TAKEN_DOWN.value, Reason.TAKEN_DOWN_COPY.value]],
    )
