"""Immutable Parquet files of the lake, on local disk or S3.

A file is written under a name that nobody has used, whole or not at all, and never changed: replacing a file in place
gives readers silently mixed rows.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    """The folder or prefix ``<root>/data``."""

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

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A scratch folder for files in the making."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=self.scratch) as folder:
            yield Path(folder)
