"""Immutable files of the lake, on local disk or S3: Parquet under ``data/``, pictures under ``pages/``.

A file is written whole or not at all, under a name that nobody has used, or a picture under the hash of its bytes, and
never changed: replacing a file in place gives readers silently mixed rows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from video_assets.lake.s3 import S3Access, split_uri


@contextmanager
def atomic_path(final: Path) -> Iterator[Path]:
    """A temporary path that becomes ``final``, synced to disk, when the block ends well, and is removed otherwise."""
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.parent / f".tmp-{uuid4().hex}"
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(final)
        _sync_folder(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable: the folder's own entry must reach the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """One local Parquet file, atomically."""
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, compression="zstd", statistics=True)


class DataFiles:
    """The files under a folder or prefix ``<root>``; DuckLake owns those under ``<root>/data``."""

    def __init__(self, root: str, scratch: Path, access: S3Access | None) -> None:
        self.root = root.rstrip("/") if access else str(Path(root).absolute())
        self.scratch = scratch
        self._access = access

    def new_uri(self, table: str, partition: str) -> str:
        """A name that no file has had: ``data/<table>/<partition>/<uuid>.parquet``."""
        return f"{self.root}/data/{table}/{partition}/{uuid4().hex}.parquet"

    def publish(self, local: Path, uri: str) -> None:
        """Move (local disk) or upload (S3) a finished file to ``uri``; it appears whole or not at all."""
        if self._access:
            bucket, key = split_uri(uri)
            self._access.client.upload_file(str(local), bucket, key)
            local.unlink()
            return
        target = Path(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            local.replace(target)
        except OSError:  # scratch is on another file system
            with atomic_path(target) as temporary:
                shutil.copyfile(local, temporary)
            local.unlink()
        _sync_folder(target.parent)

    def write(self, data: bytes, path: str) -> None:
        """Put a small file at ``<root>/<path>``; it appears whole or not at all."""
        if self._access:
            bucket, key = split_uri(f"{self.root}/{path}")
            self._access.client.put_object(Bucket=bucket, Key=key, Body=data)
            return
        with atomic_path(Path(self.root, path)) as temporary:
            temporary.write_bytes(data)

    def fetch(self, path: str) -> Path | None:
        """The file ``<root>/<path>`` on local disk, None where there is none.

        From S3 it comes anew each time, to the same place in scratch space, so that what was removed there is gone.
        """
        if not self._access:
            found = Path(self.root, path)
            return found if found.is_file() else None
        bucket, key = split_uri(f"{self.root}/{path}")
        copy = self.scratch / path
        try:
            with atomic_path(copy) as temporary:
                self._access.client.download_file(bucket, key, str(temporary))
        except self._access.client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            copy.unlink(missing_ok=True)
            return None
        return copy

    def size(self, path: str) -> int | None:
        """Bytes of the file ``<root>/<path>``, None where there is none."""
        if not self._access:
            found = Path(self.root, path)
            return found.stat().st_size if found.is_file() else None
        bucket, key = split_uri(f"{self.root}/{path}")
        try:
            return int(self._access.client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except self._access.client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            return None

    def listed(self, folder: str) -> dict[str, datetime]:
        """When each finished file under ``<root>/<folder>`` was written, by its path from the root on."""
        if self._access:
            bucket, prefix = split_uri(f"{self.root}/{folder}/")
            start = len(prefix) - len(folder) - 1
            pages = self._access.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return {o["Key"][start:]: o["LastModified"] for page in pages for o in page.get("Contents", ())}
        files = (p for p in Path(self.root, folder).rglob("[!.]*") if p.is_file())
        return {p.relative_to(self.root).as_posix(): datetime.fromtimestamp(p.stat().st_mtime, UTC) for p in files}

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files, given by their paths from the root on.

        Raises:
            OSError: the disk or the server refuses.
        """
        if not self._access:
            for path in paths:
                Path(self.root, path).unlink(missing_ok=True)
            return
        bucket, root = split_uri(f"{self.root}/")
        for start in range(0, len(paths), 1000):  # as many as one request takes
            objects = [{"Key": root + path} for path in paths[start : start + 1000]]
            refused = self._access.client.delete_objects(Bucket=bucket, Delete={"Objects": objects}).get("Errors")
            if refused:
                raise OSError(
                    f"{len(refused)} files could not be removed; of {refused[0]['Key']}: {refused[0]['Message']}"
                )

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A scratch folder for files in the making."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=self.scratch) as folder:
            yield Path(folder)
