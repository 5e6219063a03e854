"""Results of finished videos of unfinished batches: kept by content and version until the batch is committed, for whichever run is next.

They wait in scratch space. Where the lake is on S3 and the workers are a cluster's, the next run may be on another node:
they wait under ``work/`` in the lake's root then, and each node's scratch space is but the way there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from video_assets.lake.files import DataFiles, atomic_path
from video_assets.lake.s3 import open_s3, split_uri
from video_assets.settings import S3Settings, Settings

FOLDER = "work"
"""In the lake's root on S3, the folder of these results."""
SPOOL = "spool"
"""In scratch space, the folder of fetched footage (media/spool.py)."""


@dataclass(frozen=True)
class Kept:
    """The results of one kind and version. Picklable, so that workers put there what they have made.

    Attributes:
        folder: in scratch space, where a worker writes.
        uri: the same in the lake's root on S3; None where scratch space itself is for all runs.
        s3: where the objects are.
    """

    folder: Path
    uri: str | None
    s3: S3Settings

    @classmethod
    def of(cls, settings: Settings, kind: str, version: str) -> Kept:
        """The results of a kind (decoded, transitions) in a version."""
        lake = settings.lake
        shared = lake.on_s3 and settings.workers.backend == "ray"
        uri = f"{lake.root.rstrip('/')}/{FOLDER}/{kind}/{version}" if shared else None
        return cls(lake.scratch_path / kind / version, uri, settings.s3)

    def finished(self, last: str) -> set[str]:
        """Which videos have a result, by the name of its last file: ``{}`` in it stands for the video."""
        before, _, after = last.partition("{}")
        if self.uri is None:
            names = {path.relative_to(self.folder).as_posix() for path in self.folder.glob(last.replace("{}", "*"))}
        else:
            bucket, prefix = split_uri(f"{self.uri}/")
            pages = open_s3(self.s3).client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            names = {o["Key"][len(prefix) :] for page in pages for o in page.get("Contents", ())}
        return {
            name[len(before) : len(name) - len(after)]
            for name in names
            if name.startswith(before) and name.endswith(after)
        }

    def put(self, names: Sequence[str]) -> None:
        """Keep files that a worker has written, the one by which the result is known last; then they are no longer in its scratch space."""
        if self.uri is None:
            return
        client = open_s3(self.s3).client
        for name in names:
            path = self.folder / name
            if path.exists():
                bucket, key = split_uri(f"{self.uri}/{name}")
                client.upload_file(str(path), bucket, key)
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def take(self, name: str) -> Path:
        """A kept file on this machine's disk."""
        path = self.folder / name
        if self.uri is not None and not path.exists():
            bucket, key = split_uri(f"{self.uri}/{name}")
            with atomic_path(path) as temporary:
                open_s3(self.s3).client.download_file(bucket, key, str(temporary))
        return path

    def forget(self, names: Iterable[str], files: DataFiles) -> None:
        """Remove files, here and where they were kept: what they hold is committed."""
        listed = list(names)
        for name in listed:
            (self.folder / name).unlink(missing_ok=True)
        for folder in {(self.folder / name).parent for name in listed} - {self.folder}:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        if self.uri is not None:
            inside = self.uri.removeprefix(files.root).lstrip("/")
            files.remove([f"{inside}/{name}" for name in listed])


def left_on_s3(files: DataFiles, before: datetime, decoded_version: str = "") -> list[str]:
    """What waits under ``work/`` in a lake on S3 since before a moment, by paths from the root on; results of that version's decode stay."""
    stays = f"{FOLDER}/decoded/{decoded_version}/"
    return sorted(p for p, when in files.listed(FOLDER).items() if when < before and not p.startswith(stays))
