"""A release as its loader knows it: the manifest, where each clip is in the shards, and how texts are made."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from video_assets.publish.canonical import Hash, encoded
from video_assets.publish.loader.errors import BadSampleError, ShardError
from video_assets.publish.loader.storage import Storage, storage
from video_assets.publish.manifest import LINES, TABLE, WITHDRAWN
from video_assets.settings import S3Settings
from video_assets.settings.training_text import TrainingTextSettings

INDEX, SUMMARY, TEXTS = "index.parquet", "release.json", "texts/settings.json"
_HEADER = tarfile.BLOCKSIZE
_PART, _ROWS = 2**24, 10_000
TOMBSTONE = ".tombstone.mp4"
"""Name of a member whose clip was taken down; zeros stand in its place."""


class Place(NamedTuple):
    """Where a clip's media file is: its shard, its first byte there, its size in bytes, its SHA-256 and how many frames it has."""

    shard: str
    offset: int
    size: int
    sha256: bytes
    frames: int


@dataclass(frozen=True)
class ReleaseFolder:
    """An opened release. It can be given to other processes.

    Attributes:
        name: of the release.
        release_id: SHA-256 of what was selected, hex.
        rows: the manifest.
        places: by clip, what is in the shards.
        text_settings: how texts are made.
        files: where the shards are.
    """

    name: str
    release_id: str
    rows: pa.Table
    places: Mapping[str, Place]
    text_settings: TrainingTextSettings
    files: Storage

    def row(self, number: int) -> dict[str, Any]:
        """A clip's row of the manifest, by its number there."""
        found: dict[str, Any] = self.rows.slice(number, 1).to_pylist()[0]
        return found

    def media(self, clip_id: str) -> bytes:
        """A clip's media file, byte for byte as the release has it.

        Raises:
            BadSampleError: it was taken down, or could not be cut when the release was made.
            ShardError: its shard is cut off, altered or not there.
        """
        place = self.places.get(clip_id)
        if place is None:
            raise BadSampleError("no_media", f"Clip {clip_id} could not be cut when the release was made.")
        found = self.files.read(place.shard, place.offset, place.size)
        if hashlib.sha256(found).digest() == place.sha256:
            return found
        if self.files.forget(
            place.shard, place.offset, place.size
        ):  # what was kept of it may be broken, and not the shard
            found = self.files.read(place.shard, place.offset, place.size)
            if hashlib.sha256(found).digest() == place.sha256:
                return found
        if not any(found) and self._member(place) == TOMBSTONE:
            raise BadSampleError("tombstone", f"Clip {clip_id} was taken down.")
        raise ShardError(
            f"{place.shard} of the release {self.name} is altered: clip {clip_id} at byte {place.offset:,} has another hash."
        )

    def _member(self, place: Place) -> str | None:
        """What the tar file calls it; None where there is no header."""
        header = self.files.read(place.shard, place.offset - _HEADER, _HEADER)
        try:
            return tarfile.TarInfo.frombuf(header, "utf-8", "replace").name
        except tarfile.HeaderError:
            return None


def open_release(
    place: str | Path,
    *,
    s3: S3Settings | None = None,
    cache: Path | None = None,
    cache_bytes: int = 20 * 2**30,
    media: bool = True,
    check: bool = True,
) -> ReleaseFolder:
    """Open a release's folder, or its address.

    Args:
        place: the folder ``releases/<name>`` of a lake, a copy of it, or ``s3://bucket/prefix``.
        s3: the server of such an address; None: AWS.
        cache: folder for what was read from S3; None: nothing is kept.
        cache_bytes: what that holds at most.
        media: whether its shards are to be read; else they may be missing.
        check: whether the manifest is held against the release's id (25 CPU seconds for a million clips).

    Raises:
        FileNotFoundError: it is no release.
        ShardError: a shard is missing or cut off.
        ValueError: the manifest is not this release's, or it has no media.
    """
    files = storage(place, s3, cache, cache_bytes)
    said = json.loads(files.whole(SUMMARY))
    rows = pq.read_table(io.BytesIO(files.whole(TABLE))).combine_chunks()
    if rows.num_rows != said["clips"]:
        raise ValueError(
            f"The manifest has {rows.num_rows:,} clips; the release {said['release']} has {said['clips']:,}."
        )
    if check:
        check_manifest(files, said, rows)
    places: Mapping[str, Place] = {}
    if media and said["media_bytes"] is None:
        raise ValueError(f"The release {said['release']} has no media; open it with media=False and name its sources.")
    if media:
        places = _places(pq.read_table(io.BytesIO(files.whole(INDEX))))
        check_shards(places.values(), files.sizes(), said["media_bytes"])
    texts = json.loads(files.whole(TEXTS))["training_text"]
    return ReleaseFolder(
        said["release"], said["release_id"], rows, places, TrainingTextSettings.model_validate(texts), files
    )


def _places(index: pa.Table) -> dict[str, Place]:
    columns = (index[name].to_pylist() for name in ("clip_id", "shard", "offset", "bytes", "sha256", "media_frames"))
    return {clip.hex(): Place(*where) for clip, *where in zip(*columns, strict=True)}


def check_manifest(files: Storage, said: Mapping[str, Any], rows: pa.Table) -> None:
    """See that the manifest is the one whose hash the release's id is: 25 CPU seconds for a million clips.

    After a takedown it is without what was taken down, and its id is that of what was frozen: then both of its forms must still
    say the same.

    Args:
        files: where the release is.
        said: its summary.
        rows: its table, which is what is read.

    Raises:
        ValueError: it was changed.
    """
    known, whole = Hash(), hashlib.sha256()
    with gzip.open(io.BytesIO(files.whole(LINES))) as lines:
        known.add((header := lines.readline()).rstrip(b"\n"))
        if said.get("state") in WITHDRAWN:
            whole.update(header)
            while part := lines.read(_PART):
                whole.update(part)
    for part in rows.to_batches(_ROWS):
        known.add(*(encoded({k: v for k, v in row.items() if v is not None}) for row in part.to_pylist()))
    wanted = whole.hexdigest() if said.get("state") in WITHDRAWN else said["release_id"]
    if known.hex != wanted:
        raise ValueError(
            f"The manifest of the release {said['release']} was changed: its lines have the hash {known.hex}, and should have {wanted}."
        )


def check_shards(places: Any, sizes: Mapping[str, int], media_bytes: int) -> None:
    """See that no shard is missing or cut off: WebDataset's readers end such a one without a word.

    Args:
        places: of all clips.
        sizes: bytes of each shard that is there.
        media_bytes: of all shards together when the release was made.

    Raises:
        ShardError: one is.
    """
    ends: dict[str, int] = {}
    for place in places:
        ends[place.shard] = max(ends.get(place.shard, 0), place.offset + place.size)
    for shard, end in sorted(ends.items()):
        if shard not in sizes:
            raise ShardError(f"{shard} is not there.")
        if sizes[shard] < end or sizes[shard] % tarfile.RECORDSIZE:
            raise ShardError(f"{shard} is cut off: it has {sizes[shard]:,} bytes, and its last clip ends at {end:,}.")
    held = sum(sizes[shard] for shard in ends)
    # A shard of which every clip was taken down is in no index any more, and is there.
    if media_bytes not in (held, sum(sizes.values())):
        raise ShardError(
            f"The shards have {held:,} bytes together; they had {media_bytes:,} when the release was made."
        )
