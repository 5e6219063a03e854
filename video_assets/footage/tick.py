"""What one tick of the sensor does with the files that it found.

:func:`plan_tick` says which files to hash; what was hashed and is not in the ledger goes through
:func:`video_assets.footage.batching.group`; :meth:`TickPlan.cursor_after` is what the next tick must remember. All of
it is pure: files, clock and settings come in, decisions go out. The ledger says what was ever taken in; the cursor only
remembers what is pending, so that losing it costs some hashing and never a file.

A file that could not be taken in is tried again ``RETRY_AFTER`` later, after the files that nothing is known against; until
then each tick says of it what the last try said.

A local file is complete when two looks that are ``settle_seconds`` apart saw the same size and modification time. Both
looks are timed by our own clock: what a file server says of the time is compared with what it said before and with nothing
else, because its clock may be behind or ahead of ours. S3 shows whole objects only, so an object is complete at once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from video_assets.footage.batching import GIB, Arrival, age, content_key
from video_assets.footage.listing import FoundFile
from video_assets.footage.slices import Place
from video_assets.reasons import Reason
from video_assets.settings import FootageSettings

MAX_SIGHTINGS = 5_000
RETRY_AFTER = timedelta(minutes=10)
_LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Failure:
    """A file that was found and could not be taken in. It is no other state than that, at every look until it can be."""

    uri: str
    reason: Reason
    message: str

    def __str__(self) -> str:
        return f"{self.uri} could not be taken in ({self.reason}): {self.message}"


class LastTry(BaseModel):
    """When a file could last not be taken in, and why."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    reason: Reason
    message: str


class Sighting(BaseModel):
    """A pending file as the last tick saw it."""

    model_config = ConfigDict(frozen=True)

    size_bytes: int
    modified_at: AwareDatetime
    etag: str | None = None
    unchanged_since: AwareDatetime
    content: str | None = None
    """Content key, once the file was hashed."""
    hours: float = 0.0
    failed: LastTry | None = None
    """Set when it could not be taken in as it is."""


class Cursor(BaseModel):
    """What one tick hands to the next: the pending files by address, at most ``MAX_SIGHTINGS`` of them."""

    model_config = ConfigDict(frozen=True)

    sightings: dict[str, Sighting] = {}
    prefixes: dict[str, Place] = {}
    """How far each large S3 prefix was listed, by its address."""

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """Read :meth:`text`; what cannot be read starts afresh, because a cursor only saves work."""
        try:
            return cls.model_validate_json(text or "{}")
        except ValidationError:
            return cls()

    def text(self) -> str:
        return self.model_dump_json(exclude_defaults=True)


@dataclass(frozen=True)
class TickPlan:
    """What a tick has to do with the files that the ledger does not know."""

    arrivals: tuple[Arrival, ...]
    """Complete, and their content key is at hand: S3 objects, and files that an earlier tick hashed."""
    to_hash: tuple[FoundFile, ...]
    """Complete local files to hash in this tick, oldest first."""
    postponed: tuple[FoundFile, ...]
    """Complete local files beyond this tick's share of hashing."""
    settling: tuple[FoundFile, ...]
    """Files that may still be written to."""
    failed: tuple[tuple[FoundFile, LastTry], ...]
    """Files that could not be taken in a short while ago, and are not tried in this tick."""
    unchanged_since: dict[str, datetime]
    """For every file above: since when it is known to be unchanged, by address."""
    at: datetime
    """The tick's moment."""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What the last try said of the files that are not tried."""
        return tuple(Failure(f.uri, last.reason, last.message) for f, last in self.failed)

    def hashed(self, file: FoundFile, sha256: str, hours: float = 0.0) -> Arrival:
        """Make the arrival of a file of ``to_hash``; make sure that its size and time are still those that were listed."""
        return Arrival(file, content_key(file, sha256), self.unchanged_since[file.uri], hours)

    def cursor_after(self, waiting: Iterable[Arrival] = (), failures: Iterable[Failure] = ()) -> Cursor:
        """Remember what settles, what is still to be hashed, what :func:`group` left waiting and what failed.

        Where that is too much for a cursor, the files that have been there longest are kept, because they go first; those
        that failed are kept last, or they would never let another be seen twice.
        """
        seen = {f.uri: self._sighting(f) for f in (*self.settling, *self.postponed)}
        seen |= {a.file.uri: self._sighting(a.file, a.content, a.hours) for a in waiting}
        seen |= {f.uri: self._sighting(f, failed=last) for f, last in self.failed}
        tried = {f.uri: f for f in self.to_hash}
        for failure in failures:
            if file := tried.get(failure.uri):
                last = LastTry(at=self.at, reason=failure.reason, message=failure.message[:_LONGEST_MESSAGE])
                seen[file.uri] = self._sighting(file, failed=last)
        oldest = sorted(seen.items(), key=lambda item: _priority(*item))[:MAX_SIGHTINGS]
        return Cursor(sightings=dict(oldest))

    def _sighting(
        self, file: FoundFile, content: str | None = None, hours: float = 0.0, failed: LastTry | None = None
    ) -> Sighting:
        return Sighting(
            size_bytes=file.size_bytes,
            modified_at=file.modified_at,
            etag=file.etag,
            unchanged_since=self.unchanged_since[file.uri],
            content=content,
            hours=hours,
            failed=failed,
        )


def plan_tick(
    found: Iterable[FoundFile],
    known: Container[tuple[str, int, datetime, str | None]],
    cursor: Cursor,
    now: datetime,
    settings: FootageSettings,
) -> TickPlan:
    """Sort the files that the ledger does not know into what can go, what is to be hashed and what is not complete.

    Args:
        found: every file of every watched folder; of two entries with one address the first counts.
        known: :attr:`FoundFile.state` of every place that the ledger holds.
        cursor: of the tick before.
        now: our clock, with a time zone.
        settings: ``settle_seconds`` (with 0 s one look is enough) and ``hash_gib_per_tick``. At least one file is hashed,
            however large.
    """
    unknown = {f.uri: f for f in reversed(list(found)) if f.state not in known}
    arrivals: list[Arrival] = []
    to_hash: list[FoundFile] = []
    postponed: list[FoundFile] = []
    settling: list[FoundFile] = []
    failed: list[tuple[FoundFile, LastTry]] = []
    since: dict[str, datetime] = {}
    budget = settings.hash_gib_per_tick * GIB
    last = {f.uri: _last_try(f, cursor.sightings.get(f.uri)) for f in unknown.values()}
    # What failed comes last, or a large file that always fails would take every tick's share of hashing.
    for file in sorted(unknown.values(), key=lambda f: (last[f.uri] is not None, age(f))):
        sighting = cursor.sightings.get(file.uri)
        same = sighting is not None and _unchanged(file, sighting)
        since[file.uri] = _unchanged_since(file, sighting, now)
        if file.etag is not None:
            arrivals.append(
                Arrival(file, content_key(file), since[file.uri], sighting.hours if same and sighting else 0.0)
            )
        elif now - since[file.uri] < timedelta(seconds=settings.settle_seconds):
            settling.append(file)
        elif same and sighting and sighting.content:
            arrivals.append(Arrival(file, sighting.content, since[file.uri], sighting.hours))
        elif (tried := last[file.uri]) and now - tried.at < RETRY_AFTER:
            failed.append((file, tried))
        elif not to_hash or file.size_bytes <= budget:
            to_hash.append(file)
            budget -= file.size_bytes
        else:
            postponed.append(file)
    return TickPlan(tuple(arrivals), tuple(to_hash), tuple(postponed), tuple(settling), tuple(failed), since, now)


def _priority(uri: str, sighting: Sighting) -> tuple[bool, datetime, str]:
    return sighting.failed is not None, sighting.unchanged_since, uri


def _last_try(file: FoundFile, sighting: Sighting | None) -> LastTry | None:
    """How a file failed that is still as it was then."""
    return sighting.failed if sighting and _unchanged(file, sighting) else None


def _unchanged(file: FoundFile, sighting: Sighting) -> bool:
    return (file.size_bytes, file.modified_at, file.etag) == (sighting.size_bytes, sighting.modified_at, sighting.etag)


def _unchanged_since(file: FoundFile, sighting: Sighting | None, now: datetime) -> datetime:
    """Since which look of ours; our clock may have been set back since then."""
    return min(sighting.unchanged_since, now) if sighting and _unchanged(file, sighting) else now
