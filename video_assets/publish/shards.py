"""WebDataset shards: which clips share one, and the tar file itself, the same bytes whenever it is written.

A clip's key is its id. Its members stand beside one another: ``.mp4``, ``.json`` (its line of the manifest) and, where it has a
caption, ``.txt`` (the dense description). Readers of WebDataset end a shard that is cut off without a word and notice no
altered byte, so the index has every member's place and hash.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import polars as pl

_BLOCK = tarfile.BLOCKSIZE
_READABLE = 0o444


class Shard(NamedTuple):
    """A shard to be made: its path from the release's folder on, and its clips in their order."""

    path: str
    clips: Sequence[str]


@dataclass(frozen=True)
class Sample:
    """A clip to be packed: its media file, its line of the manifest, and its text if it has one."""

    clip_id: str
    media: Path
    line: bytes
    text: str | None


class Placed(NamedTuple):
    """Where a clip's media file is in its shard."""

    clip_id: str
    offset: int
    size_bytes: int
    sha256: str


def plan(clips: pl.DataFrame, shard_seconds: float) -> list[Shard]:
    """Put clips of one split and bucket into shards of about so much footage. Pure: it hangs on the selection alone.

    Args:
        clips: ``clip_id``, ``split``, ``bucket`` and ``seconds`` of each.
        shard_seconds: footage in a shard, in s; a longer clip has one of its own.
    """
    shards: list[Shard] = []
    # Ids are hashes: their order is an even mix of sources.
    for (split, bucket), rows in clips.sort("split", "bucket", "clip_id").group_by(
        "split", "bucket", maintain_order=True
    ):
        for number, ids in enumerate(_filled(rows.select("clip_id", "seconds").iter_rows(), shard_seconds)):
            shards.append(Shard(f"shards/{split}/{bucket}/{number:06d}.tar", ids))
    return shards


def _filled(clips: Iterable[tuple[str, float]], most: float) -> Iterator[list[str]]:
    ids: list[str] = []
    held = 0.0
    for clip, seconds in clips:
        if ids and held + seconds > most:
            yield ids
            ids, held = [], 0.0
        ids.append(clip)
        held += seconds
    if ids:
        yield ids


def pack(samples: Iterable[Sample], target: BinaryIO) -> list[Placed]:
    """Write a shard.

    Args:
        samples: in their order.
        target: where to write, from its start on.

    Returns:
        Of each media file where it is.
    """
    placed: list[Placed] = []
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for sample in samples:
            with sample.media.open("rb") as media:
                digest = hashlib.file_digest(media, "sha256").hexdigest()
                size = media.seek(0, io.SEEK_END)
                media.seek(0)
                tar.addfile(member(f"{sample.clip_id}.mp4", size), media)
            placed.append(Placed(sample.clip_id, tar.offset - -(-size // _BLOCK) * _BLOCK, size, digest))
            _add(tar, f"{sample.clip_id}.json", sample.line)
            if sample.text is not None:
                _add(tar, f"{sample.clip_id}.txt", sample.text.encode())
    return placed


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(member(name, len(content)), io.BytesIO(content))


def member(name: str, size: int) -> tarfile.TarInfo:
    """A member without a time or an owner; USTAR has no extensions in which a library could leave its own."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _READABLE
    return member
