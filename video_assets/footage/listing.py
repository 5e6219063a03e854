"""What lies in a watched folder or S3 prefix right now.

A listing holds names, sizes and times. Nothing is opened but local files of footage's names that are so small that they
may stand for content which is elsewhere. What is no footage is counted, what cannot be listed is reported beside the files,
and neither ever stops the rest; a listing with problems is incomplete and must not be read as "these files are gone".
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from video_assets.footage.beside import Beside, Neighbours
from video_assets.footage.names import Kind, ending, is_footage, kinds, placeholder_of
from video_assets.lake.s3 import split_uri, without_keys
from video_assets.settings import WatchedFolder

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Pointers of Git LFS have less than 1024 bytes (its specification says so), those of git-annex fewer still.
_POINTER_BYTES = 1024
_POINTERS = {
    b"version https://git-lfs.github.com/spec/": "a pointer of Git LFS to content that is not here; 'git lfs pull' fetches it",
    b"/annex/objects/": "a pointer of git-annex to content that is not here; 'git annex get' fetches it",
}
_ANNEX_LINK = "a link of git-annex to content that is not here; 'git annex get' fetches it"
_NO_FILE = "a link that leads to no file; mend it or remove it"
_IN_ICLOUD = "a placeholder of iCloud for content that is not here; open it in Finder once"
_MOST_NAMED = 5


@dataclass(frozen=True)
class FoundFile:
    """A file that looks like footage, as it was when it was listed."""

    uri: str
    """Absolute path or ``s3://`` address."""
    relative: str
    """Path inside the watched folder, with ``/`` between its parts."""
    size_bytes: int
    modified_at: datetime
    """Modification time by the clock of whoever serves the file: UTC, whole microseconds, as the ledger keeps it."""
    etag: str | None
    """The S3 object's entity tag without quotes; None for local files."""
    folder: WatchedFolder
    sidecar: str | None = None
    """Address of the file's rights sidecar."""
    manifests: tuple[str, ...] = ()
    """Addresses of the manifests in its folder and those above, the nearest first."""

    @property
    def state(self) -> tuple[str, int, datetime, str | None]:
        """What a listing can tell a changed file by: address, size, modification time, entity tag."""
        return self.uri, self.size_bytes, self.modified_at, self.etag


@dataclass(frozen=True)
class PassedOver:
    """What is there and is not taken for footage. Names are paths inside the watched folder.

    Attributes:
        endings: how many files have each other ending, in lower case; rights statements that are read do not count.
        making: files and folders that a program has not finished, by their names.
        system: how many recycle bins and folders of systems there are, by name.
        hidden: how many folders are hidden, and files that else were footage.
        unfetched: names that stand for content which is elsewhere, and what each is.
    """

    endings: Mapping[str, int] = field(default_factory=dict)
    making: tuple[str, ...] = ()
    system: Mapping[str, int] = field(default_factory=dict)
    hidden: int = 0
    unfetched: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentences(self) -> tuple[str, ...]:
        """A sentence for each kind, for a person."""
        other = sum(self.endings.values())
        said = [
            (other, f"{_count(other, 'file')} with {'another ending' if other == 1 else 'other endings'}: "
             f"{_most((e or 'none', n) for e, n in self.endings.items())}"),
            (len(self.making), f"{len(self.making):,} in the making: {_named(self.making)}"),
            (len(self.system), f"{_count(sum(self.system.values()), 'system folder')}: {_most(self.system.items())}"),
            (self.hidden, _count(self.hidden, 'hidden file or folder', 'hidden files and folders')),
        ]  # fmt: skip
        return tuple(f"{sentence}." for number, sentence in said if number)

    @classmethod
    def together(cls, several: Iterable[PassedOver]) -> PassedOver:
        """What was passed over in several folders."""
        endings: Counter[str] = Counter()
        system: Counter[str] = Counter()
        making: list[str] = []
        hidden, unfetched = 0, dict[str, str]()
        for one in several:
            endings.update(one.endings)
            system.update(one.system)
            making += one.making
            hidden += one.hidden
            unfetched |= one.unfetched
        return cls(dict(sorted(endings.items())), tuple(making), dict(sorted(system.items())), hidden, unfetched)


@dataclass(frozen=True)
class Listing:
    """The footage of one watched folder, sorted by address."""

    files: tuple[FoundFile, ...]
    passed: PassedOver = field(default_factory=PassedOver)
    problems: tuple[str, ...] = ()
    """A sentence for each part that could not be listed or is not here."""
    unclear: tuple[str, ...] = ()
    """A sentence for each thing beside the footage that may state rights, and it cannot be told whose."""


@dataclass
class _Seen:
    """What a walk has come across so far, as paths inside the watched folder."""

    names: list[str] = field(default_factory=list)
    """All files that are neither hidden nor a system's."""
    footage: list[str] = field(default_factory=list)
    making: list[str] = field(default_factory=list)
    system: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    unfetched: dict[str, str] = field(default_factory=dict)

    def sort(
        self, folder: str, files: Collection[str], folders: Collection[str], suffixes: Collection[str]
    ) -> list[str]:
        """Note what is in one folder; returns the folders inside that may hold footage."""
        inner: list[str] = []
        for name, kind in kinds(files, folders, suffixes).items():
            path = f"{folder}{name}"
            match kind:
                case Kind.FOLDER:
                    inner.append(name)
                case Kind.MAKING:
                    self.making.append(f"{path}/" if name in folders else path)
                case Kind.SYSTEM:
                    self.system[name] += 1
                case Kind.HIDDEN:
                    self.hidden += name in folders or is_footage(name, suffixes)
                case Kind.PLACEHOLDER:
                    elsewhere = f"{folder}{placeholder_of(name)}"
                    if is_footage(elsewhere, suffixes):
                        self.unfetched[elsewhere] = _IN_ICLOUD
                    else:  # where it states rights, reading it will fail
                        self.names.append(elsewhere)
                case _:
                    self.names.append(path)
                    if kind is Kind.FOOTAGE:
                        self.footage.append(path)
        return inner

    def listing(
        self, base: str, folder: WatchedFolder, file: Callable[[str], tuple[int, datetime, str | None]], problems: Sequence[str]
    ) -> Listing:  # fmt: skip
        """The listing, from what ``file`` says of each name: size, modification time and entity tag."""
        footage = [name for name in self.footage if name not in self.unfetched]
        beside = Neighbours(base.rstrip("/").rpartition("/")[2], self.names, footage)
        files, read, unclear = [], set(footage), beside.strays()
        for name in sorted(footage):
            states = beside.of(name)
            read |= {*states.manifests, states.sidecar or name}
            files.append(_found(base, name, folder, file(name), states))
            unclear += [states.problem] if states.problem else []
        others = Counter(ending(n) for n in self.names if n not in read and n not in self.unfetched)
        passed = PassedOver(
            dict(sorted(others.items())), tuple(sorted(self.making)), dict(self.system), self.hidden, self.unfetched
        )
        return Listing(tuple(files), passed, (*problems, *_told(base, self.unfetched)), tuple(unclear))


def _found(
    base: str, name: str, folder: WatchedFolder, facts: tuple[int, datetime, str | None], beside: Beside
) -> FoundFile:
    size, modified_at, etag = facts
    return FoundFile(
        uri=base + name,
        relative=name,
        size_bytes=size,
        modified_at=modified_at,
        etag=etag,
        folder=folder,
        sidecar=base + beside.sidecar if beside.sidecar else None,
        manifests=tuple(base + manifest for manifest in beside.manifests),
    )


def list_local(folder: WatchedFolder, suffixes: Collection[str]) -> Listing:
    """Walk a folder on disk, each directory once however many links lead to it."""
    root = Path(folder.uri).expanduser().resolve()
    base = f"{str(root).rstrip('/')}/"
    seen = _Seen()
    stats: dict[str, os.stat_result] = {}
    problems: list[str] = []
    visited: set[tuple[int, int]] = set()
    pending = deque([root])
    while pending:
        directory = pending.popleft()
        try:
            identity = directory.stat()
            if (identity.st_dev, identity.st_ino) in visited:
                continue
            visited.add((identity.st_dev, identity.st_ino))
            with os.scandir(directory) as entries:
                ordered = sorted(entries, key=lambda e: e.name)
        except OSError as error:
            problems.append(
                f"{directory} could not be listed ({error.strerror}); check that it exists and may be read."
            )
            continue
        inside = "" if directory == root else f"{directory.relative_to(root).as_posix()}/"
        files: dict[str, os.DirEntry[str]] = {}
        folders: dict[str, os.DirEntry[str]] = {}
        for entry in ordered:
            try:
                if entry.name.startswith("."):
                    (folders if entry.is_dir(follow_symlinks=False) else files)[entry.name] = entry
                    continue
                entry.name.encode()
                if entry.is_dir():
                    folders[entry.name] = entry
                elif entry.is_file():
                    stats[f"{inside}{entry.name}"] = entry.stat()
                    files[entry.name] = entry
                elif entry.is_symlink():
                    # Of a rights statement too: that it cannot be read is told, and its footage waits.
                    files[entry.name] = entry
                    if not is_footage(entry.name, suffixes):
                        continue
                    annexed = "annex/objects/" in Path(entry.path).readlink().as_posix()
                    seen.unfetched[f"{inside}{entry.name}"] = _ANNEX_LINK if annexed else _NO_FILE
            except UnicodeEncodeError:
                problems.append(f"{entry.path!a} was left out: its name is not UTF-8; rename it.")
            except OSError as error:
                problems.append(f"{entry.path} could not be looked at ({error.strerror}); check its permissions.")
        for name in seen.sort(inside, files, folders, suffixes):
            if folder.recursive:
                # Links come last, so that a directory's own address is the one that is listed.
                (pending.append if folders[name].is_symlink() else pending.appendleft)(Path(folders[name].path))
    for name in seen.footage:
        if name in stats and stats[name].st_size < _POINTER_BYTES and (what := _pointer(base + name)):
            seen.unfetched[name] = what

    def facts(name: str) -> tuple[int, datetime, str | None]:
        return stats[name].st_size, EPOCH + timedelta(microseconds=stats[name].st_mtime_ns // 1000), None

    return seen.listing(base, folder, facts, problems)


def _pointer(path: str) -> str | None:
    """What a small file stands for, if it stands for another's content; one that cannot be read is told later."""
    try:
        with Path(path).open("rb") as file:
            return stands_for(file.read(64))
    except OSError:
        return None


def stands_for(beginning: bytes) -> str | None:
    """What a file with this beginning is, if it stands for another's content."""
    return next((what for start, what in _POINTERS.items() if beginning.startswith(start)), None)


def list_s3(client: Any, folder: WatchedFolder, suffixes: Collection[str]) -> Listing:
    """List the objects under an ``s3://bucket/prefix`` with a boto3 client.

    The prefix is taken for a folder: ``s3://bucket/day`` holds ``day/a.mp4`` and not ``day2/a.mp4``.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = split_uri(folder.uri)
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    request = {"Bucket": bucket, "Prefix": prefix} | ({} if folder.recursive else {"Delimiter": "/"})
    objects: dict[str, dict[str, Any]] = {}
    problems: list[str] = []
    try:
        for page in client.get_paginator("list_objects_v2").paginate(**request):
            for entry in page.get("Contents", ()):
                name = entry["Key"].removeprefix(prefix)
                if name and not name.endswith("/"):
                    objects[name] = entry
    except (BotoCoreError, ClientError) as error:
        problems.append(not_listed(folder, error, client))
        # Half a listing may lack the manifest or the sidecars of the files that it has.
        objects = {}
    return listing_of(bucket, prefix, folder, objects, suffixes, problems)


def not_listed(folder: WatchedFolder, error: Exception, client: Any) -> str:
    """That a prefix could not be listed, and what to do."""
    said = without_keys(str(error), client)
    return f"{folder.uri} could not be listed ({said}); check the bucket, the endpoint and the keys."


def listing_of(
    bucket: str, prefix: str, folder: WatchedFolder, objects: Mapping[str, Mapping[str, Any]], suffixes: Collection[str],
    problems: Sequence[str] = (),
) -> Listing:  # fmt: skip
    """The listing of objects under a prefix, by their paths under it, as ``list_objects_v2`` describes each."""
    seen = _Seen()
    inside = _folders(objects)
    pending = [""]
    while pending:
        here = pending.pop()
        files, folders = inside.get(here, (set(), set()))
        pending += [f"{here}{name}/" for name in seen.sort(here, sorted(files), sorted(folders), suffixes)]

    def facts(name: str) -> tuple[int, datetime, str | None]:
        entry = objects[name]
        return entry["Size"], entry["LastModified"].astimezone(UTC), entry["ETag"].strip('"')

    return seen.listing(f"s3://{bucket}/{prefix}", folder, facts, problems)


def _folders(names: Iterable[str]) -> dict[str, tuple[set[str], set[str]]]:
    """The files and the folders in each folder, from whole names; a folder's own name ends in ``/``, the root's is empty."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        at = f"{folder}/" if folder else ""
        found.setdefault(at, (set(), set()))[0].add(last)
        while at:
            above, _, own = at[:-1].rpartition("/")
            above = f"{above}/" if above else ""
            found.setdefault(above, (set(), set()))[1].add(own)
            at = above
    return found


def _told(base: str, unfetched: Mapping[str, str]) -> list[str]:
    """Sentences on content that is elsewhere: each by name, or where they are many the first of them and how many."""
    by_what: dict[str, list[str]] = {}
    for name, what in sorted(unfetched.items()):
        by_what.setdefault(what, []).append(base + name)
    said = []
    for what, names in by_what.items():
        said += [f"{name} is {what}." for name in names[:_MOST_NAMED]]
        if (more := len(names) - _MOST_NAMED) > 0:
            said.append(f"And {more:,} more are {what}.")
    return said


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _most(counts: Iterable[tuple[str, int]]) -> str:
    """``.vob 12, .dv 3``: the most frequent first."""
    ordered = sorted(counts, key=lambda item: (-item[1], item[0]))
    return _named([f"{name} {number:,}" for name, number in ordered])


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
