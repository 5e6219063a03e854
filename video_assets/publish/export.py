"""Any clips as files that a player opens, so that a person can look at what a question gives."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.publish.cutting import ClipMade, record
from video_assets.publish.manifest import WANTED, settled
from video_assets.publish.release_files import sources
from video_assets.publish.trims import STRETCH, note_trims
from video_assets.settings.releasing import ReleaseSettings

LIST = "clips.csv"


def export(
    lake: Lake, clips: pl.DataFrame, settings: ReleaseSettings, folder: Path, progress: Callable[[int, int], None]
) -> list[ClipMade]:
    """Cut clips into a folder, and list them beside the files.

    Args:
        lake: the lake.
        clips: ``clip_id`` of each.
        settings: how they are cut.
        folder: where; files of clips that are in it already stay as they are.
        progress: called with how many are done and how many there are.

    Returns:
        Of each clip what became of it, in the order of ``clips``; too small ones are among those with a reason.
    """
    from video_assets.publish.cut_clips import cut_clips

    folder.mkdir(parents=True, exist_ok=True)
    with lake.cursor() as cursor:
        cursor.register("chosen", clips.select("clip_id").to_arrow(compat_level=pl.CompatLevel.oldest()))
        note_trims(cursor, "chosen", wanted=settings.trims)
        rows = cursor.execute(_ROWS).pl()
    table = settled(rows.with_columns(pl.lit(None).alias(n) for n in WANTED if n not in rows.columns), settings)
    have = {path.stem for path in folder.glob("*.mp4")}
    with tempfile.TemporaryDirectory(prefix=".cutting-", dir=folder) as name:
        making = Path(name)
        left = table.filter(~pl.col("clip_id").is_in(sorted(have)))
        made = cut_clips(lake, left, sources(lake, table), settings, making, progress)
        for clip, one in made.items():
            if one.reason is None:
                record(making, clip).unlink()
                (making / f"{clip}.mp4").replace(folder / f"{clip}.mp4")
    small = ClipMade("", reason="absurd_dimensions", message="It has not one even row and column of pixels.")
    known = {*table["clip_id"]}
    told = [
        made.get(c) or (ClipMade(c) if c in known else ClipMade(c, reason=small.reason, message=small.message))
        for c in clips["clip_id"]
    ]
    reasons = pl.DataFrame({"clip_id": clips["clip_id"], "reason": [t.reason for t in told]}, schema=_REASONS)
    listed = rows.join(reasons, on="clip_id").select(
        "clip_id", "file_name", "start_s", "end_s", "licence", "holder", "source_url", "reason"
    )
    listed.sort("file_name", "start_s").write_csv(folder / LIST)
    return told


_REASONS = {"clip_id": pl.String(), "reason": pl.String()}

_ROWS = f"""
SELECT
    c.clip_id, c.video_id, v.sha256, c.stream, {STRETCH}, c.pts_offset, d.time_base_num, d.time_base_den,
    c.crop_x, c.crop_y, c.crop_width, c.crop_height, 'train' AS split, v.licence, v.holder, v.source_url, v.acquired_how,
    v.file_name,
    c.start_s + coalesce(t.start_pts - c.start_pts, 0) * d.time_base_num / d.time_base_den AS start_s,
    c.end_s + coalesce(t.end_pts - c.end_pts, 0) * d.time_base_num / d.time_base_den AS end_s
FROM clips AS c
SEMI JOIN chosen AS w ON w.clip_id = c.clip_id
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
LEFT JOIN trimmed AS t ON t.clip_id = c.clip_id
"""
