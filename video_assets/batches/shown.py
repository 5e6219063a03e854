"""Clips as a model behind an endpoint, or a captioner, is shown them: some keyframes, cut to the clip's crop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from video_assets.batches.pictures import spread
from video_assets.batches.step import Step
from video_assets.describe.answer import Answer, Shown
from video_assets.lake.schemas import CLIPS, DECODED_VIDEOS

# So many clips' pictures are read in one query.
_CLIPS_AT_ONCE = 32


def frames_of(step: Step, batch: str, clips: list[str], most: int) -> dict[str, list[tuple[int, float]]]:
    """Of each clip that has any, the keyframes that are shown: number, and seconds from the clip's start, by pts."""
    found = step.lake.query(
        "SELECT c.clip_id, list({'frame': k.frame, 'at': round(k.time_s - c.start_s, 6)} ORDER BY k.pts) AS frames "
        "FROM clips AS c JOIN keyframes AS k "
        "ON k.batch = c.batch AND k.video_id = c.video_id AND k.pts >= c.start_pts AND k.pts < c.end_pts "
        "WHERE c.batch = ? AND c.clip_id IN (SELECT unnest(?)) GROUP BY c.clip_id",
        [batch, clips],
    )
    chosen = {}
    for clip, frames in found.iter_rows():
        places = spread(range(len(frames)), most)
        chosen[clip] = [(frames[place]["frame"], frames[place]["at"]) for place in places]
    return chosen


def shown(
    step: Step,
    batch: str,
    clips: list[str],
    frames: Mapping[str, list[tuple[int, float]]],
    keep: Callable[[Answer[Any]], None],
) -> Iterator[Shown]:
    """The clips with their pictures, some clips at a time; one whose pictures cannot be used is answered at once."""
    from video_assets.describe.frames import cut
    from video_assets.measure.types import Crop
    from video_assets.media.containers import MediaError

    known = step.lake.read(CLIPS, [batch]).filter(pl.col("clip_id").is_in(clips))
    sizes = step.lake.read(DECODED_VIDEOS, [batch], ["video_id", "width", "height"])
    joined = known.join(sizes, on="video_id", suffix="_of_video").with_columns(
        pl.coalesce(side, f"{side}_of_video") for side in ("width", "height")
    )
    for start in range(0, joined.height, _CLIPS_AT_ONCE):
        part = joined[start : start + _CLIPS_AT_ONCE]
        pictures = _pictures(step, batch, part, frames)
        for clip in part.iter_rows(named=True):
            crop = Crop(clip["crop_x"], clip["crop_y"], clip["crop_width"], clip["crop_height"])
            stored = [pictures[clip["video_id"], frame] for frame, _ in frames[clip["clip_id"]]]
            try:
                yield Shown(clip["clip_id"], tuple(cut(jpeg, crop, (clip["width"], clip["height"])) for jpeg in stored))
            except MediaError as error:
                keep(Answer(clip["clip_id"], None, error.reason, error.message))


def _pictures(
    step: Step, batch: str, clips: pl.DataFrame, frames: Mapping[str, list[tuple[int, float]]]
) -> dict[tuple[str, int], bytes]:
    """The JPEGs of some clips' keyframes, by video and frame number."""
    wanted = pl.DataFrame(
        [
            {"video_id": video, "frame": frame}
            for clip, video in clips.select("clip_id", "video_id").iter_rows()
            for frame, _ in frames[clip]
        ],
        schema={"video_id": pl.String, "frame": pl.Int32},
    ).unique()
    with step.lake.cursor() as cursor:
        cursor.register("wanted", wanted.to_arrow(compat_level=pl.CompatLevel.oldest()))
        rows = cursor.execute(
            "SELECT k.video_id, k.frame, k.jpeg FROM keyframes AS k JOIN wanted AS w "
            "ON w.video_id = k.video_id AND w.frame = k.frame WHERE k.batch = ?",
            [batch],
        ).fetchall()
    return {(video, frame): jpeg for video, frame, jpeg in rows}
