"""Clips of many videos, each cut into a file of its own by worker processes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.measure.tone_map import as_sdr
from video_assets.media.cropping import Region
from video_assets.media.cut_values import Cut, CutSettings
from video_assets.media.limits import Declared, Limits, cutting
from video_assets.media.seek import Span
from video_assets.media.tally import Tally
from video_assets.media.workers import run_guarded
from video_assets.publish.cutting import ClipMade, CutVideoJob, cut_video, finished
from video_assets.settings.releasing import ReleaseSettings


def cut_clips(
    lake: Lake,
    wanted: pl.DataFrame,
    sources: pl.DataFrame,
    settings: ReleaseSettings,
    folder: Path,
    progress: Callable[[int, int], None],
) -> dict[str, ClipMade]:
    """Cut the clips that have no file yet; what cannot be cut is told with its reason, and stops no other.

    Args:
        lake: whose workers and limits they are.
        wanted: rows of a manifest.
        sources: of each clip where its footage is, as :func:`video_assets.publish.release.sources` gives it.
        settings: how they are cut.
        folder: for the files, ``<clip_id>.mp4``; it is there.
        progress: called with how many are done and how many there are.

    Returns:
        Of each clip what became of it.
    """
    made = {c: one for c in wanted["clip_id"] if (one := finished(folder, c))}
    left = wanted.filter(~pl.col("clip_id").is_in(list(made))).join(sources, on=["clip_id", "video_id"], how="left")
    # A clip whose source the lake has no more cannot be looked for.
    gone = left.filter(pl.col("uri").is_null())["clip_id"]
    made |= {
        c: ClipMade(c, reason="source_missing", message="The lake does not know its source any more.") for c in gone
    }
    videos = {str(v): rows for (v,), rows in left.drop_nulls("uri").group_by("video_id", maintain_order=True)}
    before = len(made)
    progress(before, wanted.height)
    with ExitStack() as stack:
        marks = stack.enter_context(lake.files.temporary())
        counts = {video: rows.height for video, rows in videos.items()}
        tally = stack.enter_context(Tally(marks, counts, lambda n, _all: progress(before + n, wanted.height)))
        jobs = {video: _job(lake, rows, settings, folder, tally.file(video)) for video, rows in videos.items()}
        outcomes = run_guarded(cut_video, jobs, lake.settings.workers, tally.done)
    for video, outcome in outcomes.items():
        if outcome.value is not None:
            made |= {one.clip_id: one for one in outcome.value}
            continue
        for clip in videos[video]["clip_id"]:
            # A worker that died had finished some of them.
            said = ClipMade(clip, reason=str(outcome.reason), message=outcome.message)
            made[clip] = finished(folder, clip) or said
    return made


def _job(lake: Lake, rows: pl.DataFrame, how: ReleaseSettings, folder: Path, marks: Path) -> tuple[CutVideoJob, Limits]:
    """The job of one video's clips, and how far it may go."""
    settings = lake.settings
    first = rows.row(0, named=True)
    cuts = {
        row["clip_id"]: Cut(
            Span(
                row["stream"], row["start_pts"], row["end_pts"], Fraction(row["time_base_num"], row["time_base_den"]),
                row["pts_offset"], row["pieces"], row["frames"],
            ),
            (row["display_width"], row["display_height"]),
            Region(row["crop_x"], row["crop_y"], row["crop_width"], row["crop_height"]), row["width"], row["height"],
        )
        for row in rows.iter_rows(named=True)
    }  # fmt: skip
    cut_settings = CutSettings(
        fps=Fraction(how.fps) if how.fps else None, crf=how.crf, preset=how.preset, gop=how.gop, sound=how.sound,
        interlaced=how.interlaced, reduce=how.to_sdr, tone_map=as_sdr if how.to_sdr else None,
        max_pixels=settings.decode.max_pixels,
    )  # fmt: skip
    job = CutVideoJob(
        first["uri"], first["content"], settings.s3, settings.lake.scratch_path, cuts, cut_settings, how.copy_where_exact,
        folder, marks,
    )  # fmt: skip
    declared = Declared(first["coded_width"] * first["coded_height"], first["duration_s"], first["average_fps"])
    pixels = sum(r["frames"] * r["width"] * r["height"] for r in rows.iter_rows(named=True))
    return job, cutting(settings.workers, first["size_bytes"], declared, rows.height, pixels)
