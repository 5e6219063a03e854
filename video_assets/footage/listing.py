"""What lies in a watched folder or S3 prefix right now.

Nothing is opened: a listing holds names, sizes and times. What cannot be listed is reported beside the files and never
stops the rest; a listing with problems is incomplete and must not be read as "these files are gone".
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from video_assets.lake.s3 import split_uri
from video_assets.settings import WatchedFolder

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MANIFEST_NAMES = ("manifest.csv", "manifest.jsonl", "manifest.parquet")


@dataclass(frozen=True)
class FoundFile:
    """A file that looks like footage, as it was when it was listed."""

    uri: str
    """Absolute path or ``s3://`` address."""
    relative: str
    """Path inside the watched folder, with ``/`` between its parts."""
    size_bytes: int
    modified_at: datetime
    """Modification time: UTC, whole microseconds, as the ledger keeps it."""
    etag: str | None
    """The S3 object's entity tag without quotes; None for local files."""
    folder: WatchedFolder
    sidecar: str | None = None
    """Address of the file's rights sidecar."""

    @property
    def state(self) -> tuple[str, int, datetime]:
        """What a listing can tell a changed file by: address, size, modification time."""
        return self.uri, self.size_bytes, self.modified_at


@dataclass(frozen=True)
class Listing:
    """The footage of one watched folder, sorted by address."""

    files: tuple[FoundFile, ...]
    manifest: str | None = None
    """Address of the folder's rights manifest."""
    problems: tuple[str, ...] = ()
    """A sentence for each part that could not be listed."""


def list_local(folder: WatchedFolder, suffixes: Collection[str]) -> Listing:
    """Walk a folder on disk, each directory once however many links lead to it; hidden names are skipped."""
    root = Path(folder.uri).expanduser().resolve()
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
        for entry in ordered:
            if entry.name.startswith("."):
                continue
            try:
                entry.name.encode()
                if entry.is_dir():
                    if folder.recursive:
                        # Links come last, so that a directory's own address is the one that is listed.
                        (pending.append if entry.is_symlink() else pending.appendleft)(Path(entry.path))
                elif entry.is_file():
                    stats[Path(entry.path).relative_to(root).as_posix()] = entry.stat()
                elif entry.is_symlink() and _is_footage(entry.name, suffixes):
                    problems.append(f"{entry.path} is a link that leads to no file; mend it or remove it.")
            except UnicodeEncodeError:
                problems.append(f"{entry.path!a} was left out: its name is not UTF-8; rename it.")
            except OSError as error:
                problems.append(f"{entry.path} could not be looked at ({error.strerror}); check its permissions.")
    files = tuple(
        FoundFile(
            uri=str(root / name),
            relative=name,
            size_bytes=stat.st_size,
            modified_at=EPOCH + timedelta(microseconds=stat.st_mtime_ns // 1000),
            etag=None,
            folder=folder,
            sidecar=_address(f"{root}/", _sidecar_of(name, stats)),
        )
        for name, stat in sorted(stats.items())
        if _is_footage(name, suffixes)
    )
    return Listing(files, _address(f"{root}/", _first(MANIFEST_NAMES, stats)), tuple(problems))


def list_s3(client: Any, folder: WatchedFolder, suffixes: Collection[str]) -> Listing:
    """List the objects under an ``s3://bucket/prefix`` with a boto3 client; hidden names are skipped.

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
                if name and not name.endswith("/") and not any(part.startswith(".") for part in name.split("/")):
                    objects[name] = entry
    except (BotoCoreError, ClientError) as error:
        problems.append(f"{folder.uri} could not be listed ({error}); check the bucket, the endpoint and the keys.")
        # Half a listing may lack the manifest or the sidecars of the files that it has.
        objects = {}
    base = f"s3://{bucket}/{prefix}"
    files = tuple(
        FoundFile(
            uri=base + name,
            relative=name,
            size_bytes=entry["Size"],
            modified_at=entry["LastModified"].astimezone(UTC),
            etag=entry["ETag"].strip('"'),
            folder=folder,
            sidecar=_address(base, _sidecar_of(name, objects)),
        )
        for name, entry in sorted(objects.items())
        if _is_footage(name, suffixes)
    )
    return Listing(files, _address(base, _first(MANIFEST_NAMES, objects)), tuple(problems))


def _is_footage(name: str, suffixes: Collection[str]) -> bool:
    return name.lower().endswith(tuple(s.lower() for s in suffixes))


def _sidecar_of(name: str, present: Collection[str]) -> str | None:
    """Choose the most specific sidecar: the project's own form before yt-dlp's."""
    stem = name.rpartition(".")[0]
    return _first((f"{name}.json", f"{stem}.json", f"{name}.info.json", f"{stem}.info.json"), present)


def _first(candidates: Iterable[str], present: Collection[str]) -> str | None:
    return next((c for c in candidates if c in present), None)


def _address(base: str, name: str | None) -> str | None:
    return None if name is None else base + name
