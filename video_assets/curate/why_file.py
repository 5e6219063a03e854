"""What a file of the footage has come to: clips, none and why, or set aside and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from video_assets.curate.result import reasons_without_clip
from video_assets.lake.lake import Lake
from video_assets.lake.names import resolve_file
from video_assets.reasons import Reason
from video_assets.written import counted


@dataclass(frozen=True)
class Fate:
    """What one content of the footage has come to.

    Attributes:
        file: where it is, or was last: a path or an ``s3://`` address; of several places the first.
        reason: why it was set aside; None where it was not.
        clips: ids of its clips, in their order.
        told: the same in sentences.
    """

    file: str
    reason: str | None
    clips: tuple[str, ...]
    told: tuple[str, ...]


def why_file(lake: Lake, name: str) -> list[Fate]:
    """What the files of a name have come to: one entry for each content, by address; none where the lake has no such file.

    Args:
        lake: the lake.
        name: a file's name or the end of its path, a path from the working directory, or an address.
    """
    with lake.cursor() as cursor:
        contents = resolve_file(cursor, name)
    if not contents:
        return []
    rows = lake.query(_FILES, {"contents": contents})
    without = rows.filter(rows["decoded"] & (rows["clips"].list.len() == 0))
    reasons = reasons_without_clip(lake, without.select("batch", "video_id"))
    return [_fate(row, reasons) for row in rows.iter_rows(named=True)]


def _fate(row: Mapping[str, Any], reasons: Mapping[str, str]) -> Fate:
    first, *others = row["places"]
    told = [f"{first} is in the batch {row['batch']}."]
    told += [f"The same bytes are also at {', '.join(others)}."] if others else []
    if row["reason"] is not None:
        # What was seen in the file first, and then what that means.
        seen = [row["message"]] if row["message"] else []
        told.append(" ".join([f"It was set aside as {row['reason']}:", *seen, Reason(row["reason"]).advice]))
    elif not row["decoded"]:
        told.append("It is not measured yet; 'video-assets plan' says what is due.")
    elif not row["clips"]:
        told.append(f"It gives no clip. {reasons[row['video_id']]}")
    else:
        told.append(f"It gives {counted(len(row['clips']), 'clip')}.")
    return Fate(first, row["reason"], tuple(row["clips"]), tuple(told))


_FILES = """
WITH places AS (
    SELECT batch, content, list(uri ORDER BY NOT current, uri) AS places
    FROM source_files WHERE content IN (SELECT unnest($contents)) GROUP BY batch, content
)

SELECT
    p.batch, p.places, r.video_id, coalesce(r.reason, d.reason) AS reason, coalesce(r.message, d.message) AS message,
    d.video_id IS NOT NULL AND d.reason IS NULL AS decoded,
    coalesce(
        (SELECT list(c.clip_id ORDER BY c.start_frame) FROM clips AS c WHERE c.batch = p.batch AND c.video_id = d.video_id),
        []
    ) AS clips
FROM places AS p
LEFT JOIN raw_videos AS r ON r.batch = p.batch AND r.content = p.content
LEFT JOIN decoded_videos AS d ON d.batch = r.batch AND d.video_id = r.video_id
ORDER BY p.places[1]
"""
