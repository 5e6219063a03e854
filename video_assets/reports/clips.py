"""Clips in pictures: contact sheets, and tables with a picture of each row's clip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture
from video_assets.lake.sql_text import quoted
from video_assets.reports.tables import drawn_table


def contact_sheet(source: Lake | Frames, clips: pl.DataFrame, columns: int = 3, most: int = 12) -> Picture | str:
    """The clips' pictures in a grid, each with its label; a sentence when there are none.

    Args:
        source: where the keyframes are.
        clips: ``batch``, ``video_id``, ``start_pts``, ``end_pts`` and ``label``, in the order to show.
        columns: pictures of 200 px in a row; three find room beside the name of an entry in the UI.
        most: most pictures; of more clips an even share is shown.
    """
    if clips.is_empty():
        return "No clips."
    shown = _some(clips, most)
    pictures = (source if isinstance(source, Frames) else Frames(source)).of(shown)
    if not pictures:
        return "No keyframes inside these clips."
    labels = shown["label"].to_list()
    sheet = _grid([(labels[place], jpeg) for place, jpeg in pictures.items()], columns)
    return Picture(sheet, "jpg", f"{len(pictures)} of {clips.height} clips")


def with_thumbnails(lake: Lake, clips: pl.DataFrame, rows: pl.DataFrame, most: int = 24) -> Picture | str:
    """A table with a small picture of the clip before each row; a sentence when it is empty.

    Args:
        lake: where the keyframes are.
        clips: ``batch``, ``video_id``, ``start_pts`` and ``end_pts`` of each row's clip.
        rows: what stands beside the pictures.
        most: most rows; of more an even share is shown.
    """
    shown = _some(clips, most)
    frames = Frames(lake).of(shown) if shown.height else {}
    small = {place: found for place, jpeg in frames.items() if (found := _thumbnail(jpeg))}
    return drawn_table(_some(rows, most), small)


def _some(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """An even share of the rows, so many at most."""
    return rows.gather_every(max(1, -(-rows.height // most)))


class Frames:
    """Pictures of clips out of the lake, each read once.

    Args:
        lake: where the keyframes are.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._known: dict[tuple[object, ...], bytes | None] = {}

    def of(self, clips: pl.DataFrame) -> dict[int, bytes]:
        """The JPEG of the keyframe nearest to the middle of each clip that has any, by the clip's place."""
        wanted = clips.select("batch", "video_id", "start_pts", "end_pts").rows()
        if unknown := [clip for clip in dict.fromkeys(wanted) if clip not in self._known]:
            found = self._read(unknown)
            self._known |= {clip: found.get(place) for place, clip in enumerate(unknown)}
        return {place: jpeg for place, clip in enumerate(wanted) if (jpeg := self._known[clip]) is not None}

    def _read(self, clips: Sequence[tuple[Any, ...]]) -> dict[int, bytes]:
        batches, videos, starts, ends = zip(*clips, strict=True)
        rows = self._lake.query(
            "SELECT s.place, first(k.jpeg ORDER BY abs(k.pts - (s.start_pts + s.end_pts) / 2)) AS jpeg "
            "FROM (SELECT unnest($places) AS place, unnest($videos) AS video_id, unnest($starts) AS start_pts, "
            "unnest($ends) AS end_pts) AS s "
            f"JOIN (SELECT * FROM keyframes WHERE batch IN ({', '.join(map(quoted, sorted(set(batches))))})) AS k "
            "ON k.video_id = s.video_id AND k.pts >= s.start_pts AND k.pts < s.end_pts GROUP BY s.place",
            {"places": list(range(len(clips))), "videos": videos, "starts": starts, "ends": ends},
        )
        return dict(rows.iter_rows())


def _grid(pictures: Sequence[tuple[str, bytes]], columns: int, cell: tuple[int, int] = (200, 130)) -> bytes:
    import cv2
    import numpy as np

    wide, high = cell
    foot = 18
    sheet = np.full((-(-len(pictures) // columns) * (high + foot), columns * wide, 3), 255, np.uint8)
    for place, (label, jpeg) in enumerate(pictures):
        small = _within(jpeg, wide - 4, high - 4, enlarge=True)
        if small is None:  # a keyframe that is not a picture leaves its place empty
            continue
        top, left = place // columns * (high + foot), place % columns * wide
        y, x = top + (high - small.shape[0]) // 2, left + (wide - small.shape[1]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
        at = (left + 4, top + high + 12)
        cv2.putText(sheet, label[:34], at, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (60, 60, 60), 1, cv2.LINE_AA)
    return _encoded(sheet, 80)


def _thumbnail(jpeg: bytes) -> tuple[Picture, int, int] | None:
    """The same picture, no larger than 160x100 px, with its width and height; None where it is no picture."""
    small = _within(jpeg, 160, 100, enlarge=False)
    return None if small is None else (Picture(_encoded(small, 75), "jpg", "clip"), small.shape[1], small.shape[0])


def _within(jpeg: bytes, wide: int, high: int, *, enlarge: bool) -> Any:
    """The picture scaled into so many px, (h, w, 3) uint8; None where it is no picture."""
    import cv2
    import numpy as np

    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return None
    scale = min(wide / image.shape[1], high / image.shape[0])
    if scale > 1 and not enlarge:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _encoded(image: Any, quality: int) -> bytes:
    import cv2

    ok, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise RuntimeError("A picture could not be encoded as JPEG.")
    return bytes(encoded.tobytes())
