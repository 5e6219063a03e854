"""Which complete files go together into an ingest batch, and what a batch is called.

Batches follow from the files alone: oldest first, capped by videos, bytes and estimated hours. The last, unfilled batch
goes when its newest file has been unchanged for ``batch_wait_seconds``. A folder with ``window_seconds`` has no such
wait: its files go by window of modification time (aligned to the Unix epoch), once ``settle_seconds`` have passed after
the window's end. A window is one batch however many files it has; only bytes and hours split it. A file that comes
later than that makes a batch of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from video_assets.footage.listing import FoundFile
from video_assets.settings import FootageSettings

GIB = 1024**3
_FOLDER = 20  # Most characters of a folder's name in a batch's key.


@dataclass(frozen=True)
class Arrival:
    """A complete file with its content key."""

    file: FoundFile
    content: str
    unchanged_since: datetime
    hours: float = 0.0
    """Estimated hours of video, from the container's header; 0 when nobody looked."""


@dataclass(frozen=True)
class Batch:
    """Files that are ingested together. Copies of one content stay together: ``arrivals`` has a row for each place."""

    key: str
    arrivals: tuple[Arrival, ...]


@dataclass(frozen=True)
class Grouping:
    """Batches to take in now, and arrivals that wait for company."""

    batches: tuple[Batch, ...]
    waiting: tuple[Arrival, ...]


def content_key(file: FoundFile, sha256: str | None = None) -> str:
    """``sha256:<hex>`` when the bytes were hashed, else ``etag:<etag>:<bytes>`` of an S3 object.

    Raises:
        ValueError: a local file without a hash has no content key.
    """
    if sha256 is not None:
        return f"sha256:{sha256}"
    if file.etag is None:
        raise ValueError(f"{file.uri} is a local file: hash its bytes to name its content.")
    return f"etag:{file.etag}:{file.size_bytes}"


def batch_key(arrivals: Sequence[Arrival]) -> str:
    """Name of the batch of these files, such as ``b-20261128-holiday-68809ad8b4af``.

    It tells people when and whence: the day (UTC) on which the oldest file was last modified, and the folder that this
    lies in. The 12 hex digits at its end are those of the contents alone, whatever their order, place or time. The
    letter in front keeps engines that guess the types of ``batch=<key>`` folders from reading a number; the rest is
    lower-case ASCII, at most 44 characters in all. Older lakes have keys without day and folder.

    Raises:
        ValueError: no files.
    """
    if not arrivals:
        raise ValueError("A batch needs at least one file.")
    oldest = min((a.file for a in arrivals), key=age)
    folder = _slug(oldest.uri.split("/")[-2]) if "/" in oldest.uri else ""
    day = oldest.modified_at.astimezone(UTC).date().isoformat().replace("-", "")
    return "-".join(["b", day, *([folder] if folder else []), contents_hash(a.content for a in arrivals)])


def contents_hash(contents: Iterable[str]) -> str:
    """12 hex digits that are these contents' own, in whatever order they come."""
    return hashlib.sha256(json.dumps(sorted(set(contents))).encode()).hexdigest()[:12]


def _slug(name: str) -> str:
    """A folder's name in lower-case ASCII letters, digits and single hyphens; empty when it has none of these."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_FOLDER].strip("-")


def group(
    arrivals: Iterable[Arrival],
    settings: FootageSettings,
    now: datetime | None = None,
    postponed: Iterable[FoundFile] = (),
) -> Grouping:
    """Batches of new content: oldest files first, capped by videos, bytes and hours; the same however they are ordered.

    Args:
        arrivals: files whose content the ledger does not hold. Copies of one content count once.
        settings: the caps and ``batch_wait_seconds``. A single file above a cap makes a batch of its own.
        now: the clock, with a time zone; without it nothing waits, as when a person asks for a folder at once.
        postponed: files that a later tick will hash; unfilled batches and windows that they may join wait for them.
    """
    lanes: dict[_Lane, list[_Copies]] = {}
    for copies in _copies_of_one_content(arrivals):
        lanes.setdefault(_Lane.of(copies[0].file), []).append(copies)
    expecting = {_Lane.of(f) for f in postponed}
    batches: list[Batch] = []
    waiting: list[Arrival] = []
    for lane, contents in sorted(lanes.items()):
        *full, last = _chunks(contents, settings, lane.windowed)
        tail_goes = now is None or (lane not in expecting and lane.due(last, now, settings))
        if lane.windowed and not tail_goes:
            full, last = [], contents
        for chunk in [*full, last] if tail_goes else full:
            members = tuple(sorted((a for copies in chunk for a in copies), key=lambda a: age(a.file)))
            batches.append(Batch(batch_key(members), members))
        if not tail_goes:
            waiting.extend(a for copies in last for a in copies)
    return Grouping(tuple(batches), tuple(sorted(waiting, key=lambda a: age(a.file))))


_Copies = list[Arrival]


@dataclass(frozen=True, order=True)
class _Lane:
    """Files that may share a batch: those of one time window of one folder, or those of all ordinary folders."""

    folder: str = ""
    window_start: int = 0
    window_end: int = 0

    @classmethod
    def of(cls, file: FoundFile) -> _Lane:
        seconds = file.folder.window_seconds
        if seconds is None:
            return cls()
        start = int(file.modified_at.timestamp() // seconds) * seconds
        return cls(file.folder.uri, start, start + seconds)

    @property
    def windowed(self) -> bool:
        return self != _Lane()

    def due(self, last: Sequence[_Copies], now: datetime, settings: FootageSettings) -> bool:
        """Whether the lane's last batch should go although it could take more."""
        if self.windowed:
            return self.window_end + settings.settle_seconds <= now.timestamp()
        newest = max(a.unchanged_since for copies in last for a in copies)
        full = len(last) >= settings.batch_videos
        return full or now - newest >= timedelta(seconds=settings.batch_wait_seconds)


def _copies_of_one_content(arrivals: Iterable[Arrival]) -> list[_Copies]:
    """Arrivals by content, each content placed where its oldest copy is."""
    by_content: dict[str, _Copies] = {}
    for arrival in sorted(arrivals, key=lambda a: age(a.file)):
        by_content.setdefault(arrival.content, []).append(arrival)
    return list(by_content.values())


def _chunks(contents: Sequence[_Copies], settings: FootageSettings, windowed: bool) -> list[list[_Copies]]:
    """Consecutive runs of contents within the caps; a time window has no cap on the number of videos."""
    chunks: list[list[_Copies]] = []
    size, hours = 0, 0.0
    for copies in contents:
        first = copies[0]
        size, hours = size + first.file.size_bytes, hours + first.hours
        over = size > settings.batch_gib * GIB or hours > settings.batch_hours
        if not chunks or over or (not windowed and len(chunks[-1]) >= settings.batch_videos):
            chunks.append([])
            size, hours = first.file.size_bytes, first.hours
        chunks[-1].append(copies)
    return chunks


def age(file: FoundFile) -> tuple[datetime, str]:
    """Sort key: oldest first, the address decides between equals."""
    return file.modified_at, file.uri
