"""A release's media: clips are cut by worker processes and packed, shard by shard, with a bounded number of them on disk.

Whatever is finished stays finished: a clip's file until its shard is packed, a shard once it is where readers find it. So a run
that was killed goes on where it was, and builds nothing twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import polars as pl

from video_assets.lake.files import atomic_path
from video_assets.lake.lake import Lake
from video_assets.publish.canonical import line
from video_assets.publish.cut_clips import cut_clips
from video_assets.publish.cutting import ClipMade, record
from video_assets.publish.manifest import SECONDS
from video_assets.publish.shards import Placed, Sample, Shard, pack, plan
from video_assets.reasons import Reason
from video_assets.settings.releasing import ReleaseSettings

# So many clips' files are on disk at once, in whole shards.
_CLIPS_AT_ONCE = 256

_PASSING = frozenset(reason.value for reason in Reason if reason.transient)

Files = Mapping[str, tuple[int, str]]
"""By path from the release's folder on: bytes and SHA-256."""


class Media:
    """Builds the shards of a release.

    Args:
        lake: where the sources are known and the release's folder is.
        name: the release's name.
        release_id: its id.
        settings: how clips are cut and packed.
        progress: called with how many clips are done and how many there are.
    """

    def __init__(
        self, lake: Lake, name: str, release_id: str, settings: ReleaseSettings, progress: Callable[[int, int], None]
    ) -> None:
        self._lake = lake
        self._folder = f"releases/{name}"
        self._settings = settings
        self._progress = progress
        # Another PyAV may give other bytes: a release's shards are by one.
        key = f"{release_id[:32]}-av{installed('av')}"
        self._scratch = lake.settings.lake.scratch_path / "releases" / key
        self._clips = self._scratch / "clips"

    def build(self, manifest: Path, sources: pl.DataFrame) -> pl.DataFrame:
        """Make every shard that is not there.

        Args:
            manifest: its table.
            sources: of each video ``video_id``, ``uri``, ``content``, ``size_bytes``, ``coded_width``, ``coded_height``,
                ``duration_s``, ``average_fps``, ``max_pixels``, and of its clips ``clip_id``, ``width``, ``height`` (as
                displayed) and ``pieces``.

        Returns:
            Of each clip ``clip_id``, ``shard``, ``media_offset``, ``media_bytes``, ``media_sha256``, ``media_frames``, ``copied``, ``sound``,
            ``reason`` and ``message``; and of each shard that was made a row in :attr:`shards`.
        """
        self._clips.mkdir(parents=True, exist_ok=True)
        rows = pl.read_parquet(manifest)
        shards = plan(rows.select("clip_id", "split", "bucket", seconds=SECONDS), self._settings.shard_seconds)
        total, done = rows.height, 0
        found: list[dict[str, Any]] = []
        for group in _grouped(shards):
            missing = [shard for shard in group if not self._is_there(shard)]
            wanted = rows.filter(pl.col("clip_id").is_in([c for s in missing for c in s.clips]))
            made = self._cut(wanted, sources, done + sum(len(s.clips) for s in group) - wanted.height, total)
            for shard in missing:
                self._pack(shard, rows, made)
            done += sum(len(shard.clips) for shard in group)
            self._progress(done, total)
            found += [row for shard in group for row in self._said(shard)["clips"]]
        self.files: Files = {
            s.path: (said["bytes"], said["sha256"]) for s in shards if (said := self._said(s))["bytes"]
        }
        return pl.DataFrame(found, schema=_FOUND)

    def forget(self) -> None:
        """Remove the scratch space, once the release is in the lake."""
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _is_there(self, shard: Shard) -> bool:
        note = self._note(shard)
        if not note.is_file():
            return False
        said = json.loads(note.read_text())
        tried_again = any(row["reason"] in _PASSING for row in said["clips"])
        at = f"{self._folder}/{shard.path}"
        return not tried_again and (not said["bytes"] or self._lake.files.size(at) == said["bytes"])

    def _note(self, shard: Shard) -> Path:
        """What is known of a shard, written before it is where readers find it."""
        return self._scratch / "packed" / f"{shard.path}.json"

    def _said(self, shard: Shard) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._note(shard).read_text())
        return said

    def _cut(self, wanted: pl.DataFrame, sources: pl.DataFrame, before: int, total: int) -> dict[str, ClipMade]:
        """Cut what has no file yet."""

        def report(done: int, _of: int) -> None:
            self._progress(before + done, total)

        return cut_clips(self._lake, wanted, sources, self._settings, self._clips, report)

    def _pack(self, shard: Shard, rows: pl.DataFrame, made: Mapping[str, ClipMade]) -> None:
        """Write a shard, note what is in it, and put it where readers find it."""
        from video_assets.media.identity import sha256_of

        good = [clip for clip in shard.clips if made[clip].reason is None]
        by = {row["clip_id"]: row for row in rows.filter(pl.col("clip_id").is_in(good)).iter_rows(named=True)}
        samples = (self._sample(by[clip]) for clip in good)
        with self._lake.files.temporary() as folder:
            tar = folder / "shard.tar"
            with tar.open("wb") as target:
                placed = {one.clip_id: one for one in pack(samples, target)}
            size = tar.stat().st_size if good else 0
            said = {
                "bytes": size,
                "sha256": sha256_of(tar) if good else None,
                "clips": [_row(shard, made[clip], placed.get(clip)) for clip in shard.clips],
            }
            with atomic_path(self._note(shard)) as temporary:
                temporary.write_text(json.dumps(said))
            if good:
                self._lake.files.publish(tar, f"{self._lake.files.root}/{self._folder}/{shard.path}")
        for clip in shard.clips:
            (self._clips / f"{clip}.mp4").unlink(missing_ok=True)
            record(self._clips, clip).unlink(missing_ok=True)

    def _sample(self, row: Mapping[str, Any]) -> Sample:
        said = line({name: value for name, value in row.items() if value is not None})
        return Sample(row["clip_id"], self._clips / f"{row['clip_id']}.mp4", said, row["dense_description"])


_FOUND = pl.Schema(
    {
        "clip_id": pl.String(), "shard": pl.String(), "media_offset": pl.Int64(), "media_bytes": pl.Int64(),
        "media_sha256": pl.String(), "media_frames": pl.Int32(), "copied": pl.Boolean(), "sound": pl.String(),
        "reason": pl.String(), "message": pl.String(),
    }
)  # fmt: skip


def _row(shard: Shard, made: ClipMade, placed: Placed | None) -> dict[str, Any]:
    said = asdict(made)
    row = {"media_frames": said.pop("frames"), **said, "shard": shard.path if placed else None}
    places = (
        {"media_offset": placed.offset, "media_bytes": placed.size_bytes, "media_sha256": placed.sha256}
        if placed
        else {}
    )
    return {**dict.fromkeys(_FOUND), **row, **places}


def _grouped(shards: Sequence[Shard]) -> Iterator[list[Shard]]:
    """Shards whose clips are cut together: enough for every worker to have something to do, and no more than fit on disk."""
    group: list[Shard] = []
    clips = 0
    for shard in shards:
        if group and clips + len(shard.clips) > _CLIPS_AT_ONCE:
            yield group
            group, clips = [], 0
        group.append(shard)
        clips += len(shard.clips)
    if group:
        yield group
