"""Clips that are cut and encoded for browsers, in a bounded cache on disk: by the code that cuts a release's clips, in guarded workers."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.lake.versions import short_hash
from video_assets.publish.manifest import WANTED, settled
from video_assets.publish.release_files import sources
from video_assets.review.recent import Recent
from video_assets.settings.releasing import ReleaseSettings

FOLDER = "review/clips"
"""In scratch space. A file is named by its clip, so that a takedown finds it."""
_GIB = 2**30
_KEPT = 20_000
_REMEMBERED_S, _FAILURES_KEPT = 300.0, 1_000


class CannotPlayError(RuntimeError):
    """The clip cannot be made playable; says why."""


class Encoded:
    """The cache. Safe for several threads and processes at once.

    Args:
        lake: whose clips, limits and scratch space they are.
    """

    def __init__(self, lake: Lake) -> None:
        review = lake.settings.review
        self._lake = lake
        self._most = review.cache_gib * _GIB
        # Quick to make, and nothing refused: a person is to see what is there.
        self._how = ReleaseSettings(
            short_side=review.short_side, multiple_of=2, to_sdr=True, interlaced="deinterlace", crf=20, gop=12, fps=None
        )
        key = short_hash(self._how.model_dump_json())[:8]
        self._folder = lake.settings.lake.scratch_path / FOLDER / key
        self._at_work = threading.BoundedSemaphore(review.encoders)
        self._known: Recent[str] = Recent(_KEPT)
        # When each file could not be made, and why: a player asks for it again and again, and the next clips wait meanwhile.
        self._failing = threading.Lock()
        self._failed: dict[str, tuple[float, str]] = {}
        self._clear()

    def _path(self, clip_id: str) -> Path:
        return self._folder / f"{clip_id}-{self._facts(clip_id)}.mp4"

    def made(self, clip_id: str) -> Path | None:
        """The clip's file where it is there already; None where it is to be made.

        Raises:
            CannotPlayError: it could not be made a few minutes ago.
        """
        path = self._path(clip_id)
        if _touched(path):
            return path
        self._see_failed(path.stem)
        return None

    def file(self, clip_id: str) -> Path:
        """The clip's file, made where it is not there. Its pictures start at 0 and have the source's times.

        Raises:
            CannotPlayError: it cannot be made, or could not a few minutes ago.
        """
        if (there := self.made(clip_id)) is not None:
            return there
        path = self._path(clip_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._at_work, _alone(_lock_of(self._folder, clip_id)):
            if not _touched(path):  # Another may have made it meanwhile, or tried.
                self._see_failed(path.stem)
                try:
                    self._make(clip_id, path)
                except Exception as error:
                    self._fail(path.stem, str(error) or type(error).__name__)
                    raise
        return path

    def _fail(self, name: str, why: str) -> None:
        with self._failing:
            self._failed.pop(name, None)
            while len(self._failed) >= _FAILURES_KEPT:
                del self._failed[next(iter(self._failed))]
            self._failed[name] = (time.monotonic(), why)

    def _see_failed(self, name: str) -> None:
        with self._failing:
            at, why = self._failed.get(name, (float("-inf"), ""))
        if time.monotonic() - at < _REMEMBERED_S:
            raise CannotPlayError(f"{why} (It is tried again {_REMEMBERED_S / 60:g} minutes after that.)")

    def _facts(self, clip_id: str) -> str:
        """What the file depends on beside the settings, in short: a clip that is measured anew is encoded anew."""

        def make() -> str:
            with self._lake.cursor() as cursor:
                rows = cursor.execute(_ROWS, [clip_id]).fetchall()
            return short_hash(json.dumps(rows))[:8]

        return str(self._known.get(clip_id, make))

    def _clear(self) -> None:
        """Remove what was being made when a server was killed; what another makes now is its own."""
        for left in self._folder.parent.glob("*/.making-*"):
            with suppress(BlockingIOError), _alone(_lock_of(left.parent, left.name.split("-")[1]), wait=False):
                shutil.rmtree(left, ignore_errors=True)

    def _make(self, clip_id: str, path: Path) -> None:
        from video_assets.publish.cut_clips import cut_clips

        with self._lake.cursor() as cursor:
            rows = cursor.execute(_ROWS, [clip_id]).pl()
        table = settled(rows.with_columns(pl.lit(None).alias(n) for n in WANTED if n not in rows.columns), self._how)
        if table.is_empty():
            raise CannotPlayError("The lake does not have the clip, or its picture is smaller than a pixel.")
        with tempfile.TemporaryDirectory(prefix=f".making-{clip_id}-", dir=self._folder) as name:
            made = cut_clips(
                self._lake, table, sources(self._lake, table), self._how, Path(name), lambda _done, _of: None
            )
            one = made[clip_id]
            if one.reason is not None:
                raise CannotPlayError(f"{one.reason}: {one.message or ''}".rstrip(": "))
            file = Path(name) / f"{clip_id}.mp4"
            self._make_room(file.stat().st_size)
            file.replace(path)

    def _make_room(self, size: int) -> None:
        """Remove what is longest unused until there is room. Who reads a file goes on: it has it open."""
        found: list[tuple[float, int, Path]] = []
        for path in self._folder.parent.glob("*/*.mp4"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime, status.st_size, path))
        total = sum(bytes_ for _, bytes_, _ in found)
        for _, bytes_, path in sorted(found):
            if total + size <= self._most:
                return
            path.unlink(missing_ok=True)
            total -= bytes_


def _touched(path: Path) -> bool:
    """Whether a file is there; it is used now."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _lock_of(folder: Path, clip_id: str) -> Path:
    return folder / f".{clip_id}.lock"


@contextmanager
def _alone(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep other processes from making the same.

    Raises:
        BlockingIOError: another makes it, and it is not to be waited for.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


_ROWS = """
SELECT
    c.clip_id, c.video_id, v.sha256, c.stream, c.start_pts, c.end_pts, c.pts_offset, d.time_base_num, d.time_base_den, c.frames,
    c.crop_x, c.crop_y, c.crop_width, c.crop_height, 'train' AS split
FROM clips AS c
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
WHERE c.clip_id = ?
"""
