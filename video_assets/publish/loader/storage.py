"""Bytes of a release, whole files and ranges of shards: on local disk, or on S3 through a bounded cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from video_assets.lake.s3 import open_s3, split_uri
from video_assets.publish.loader.errors import ShardError
from video_assets.settings import S3Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPEN_SHARDS = 64
_REPLACED = ("412", "PreconditionFailed")
# Connections are tried again by boto3; a body that breaks off is not.
_TRIES = 4
_MISSING = ("404", "NoSuchKey", "NotFound")
# Of its bound the cache is emptied by so much, so that it is not looked through for each new range.
_SLACK = 16


class Storage(Protocol):
    """Where a release is."""

    def whole(self, path: str) -> bytes:
        """A small file.

        Raises:
            FileNotFoundError: it is not there.
        """

    def sizes(self) -> dict[str, int]:
        """Bytes of each shard that is there, by path from the release's folder on."""

    def read(self, path: str, offset: int, size: int) -> bytes:
        """A range of a shard.

        Raises:
            ShardError: the shard is not there, or ends before the range does.
        """

    def forget(self, path: str, offset: int, size: int) -> bool:
        """Forget what is kept of a range; whether there was anything, so that reading again may give other bytes."""


def storage(place: str | Path, s3: S3Settings | None, cache: Path | None, cache_bytes: int) -> Storage:
    """The storage for a release's folder, or for its address ``s3://bucket/prefix``.

    Args:
        place: the folder or address.
        s3: the server; None: AWS.
        cache: folder for ranges that were read; None: none are kept. Only S3's are.
        cache_bytes: how much it holds at most.
    """
    if str(place).startswith("s3://"):
        return S3Storage(str(place), s3 or S3Settings(), RangeCache(cache, cache_bytes) if cache else None)
    return LocalStorage(Path(place))


class LocalStorage:
    """A folder on local disk. Picklable; a process opens shards for itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._open: OrderedDict[str, int] = OrderedDict()

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "_open": OrderedDict()}

    def whole(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def sizes(self) -> dict[str, int]:
        found = (self.folder / "shards").rglob("*.tar")
        return {path.relative_to(self.folder).as_posix(): path.stat().st_size for path in found}

    def read(self, path: str, offset: int, size: int) -> bytes:
        found = os.pread(self._descriptor(path), size, offset)
        if len(found) < size:
            raise ShardError(
                f"{path} is cut off: it ends at byte {offset + len(found):,} and has a clip up to {offset + size:,}."
            )
        return found

    def forget(self, path: str, offset: int, size: int) -> bool:  # noqa: ARG002
        return False

    def _descriptor(self, path: str) -> int:
        if path not in self._open:
            try:
                self._open[path] = os.open(self.folder / path, os.O_RDONLY)
            except FileNotFoundError as error:
                raise ShardError(f"{path} is not there.") from error
            if len(self._open) > _OPEN_SHARDS:
                os.close(self._open.popitem(last=False)[1])
        self._open.move_to_end(path)
        return self._open[path]


class S3Storage:
    """A prefix on S3. A range is of the object that was listed: one that was replaced meanwhile is listed anew, and never mixed.

    Picklable; a process opens a client for itself.
    """

    def __init__(self, uri: str, settings: S3Settings, cache: RangeCache | None) -> None:
        self.bucket, self._prefix = split_uri(uri.rstrip("/"))
        self._settings, self._cache = settings, cache
        self._etags: dict[str, str] = {}
        self._client: tuple[int, Any] | None = None

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_client": None}

    @property
    def client(self) -> Any:
        """The client of this process: one does not outlive a fork."""
        if self._client is None or self._client[0] != os.getpid():
            self._client = os.getpid(), open_s3(self._settings).client
        return self._client[1]

    def whole(self, path: str) -> bytes:
        from botocore.exceptions import ClientError

        try:
            return self._body(path, lambda answer: answer.get("ContentLength"))
        except ClientError as error:
            if _code(error) in _MISSING:
                raise FileNotFoundError(f"s3://{self.bucket}/{self._key(path)} is not there.") from error
            raise

    def sizes(self) -> dict[str, int]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._key("shards/"))
        found: dict[str, int] = {}
        for item in (item for page in pages for item in page.get("Contents", ())):
            path = item["Key"].removeprefix(self._key(""))
            if path.endswith(".tar"):
                found[path], self._etags[path] = item["Size"], item["ETag"]
        return found

    def read(self, path: str, offset: int, size: int) -> bytes:
        from botocore.exceptions import ClientError

        try:
            if path not in self._etags:
                self._look(path)
            try:
                found = self._kept(path, offset, size)
            except ClientError as error:
                if _code(error) not in _REPLACED:
                    raise
                self._look(path)
                found = self._kept(path, offset, size)
        except ClientError as error:
            if _code(error) in _MISSING:
                raise ShardError(f"{path} is not there.") from error
            if _code(error) in ("416", "InvalidRange"):
                raise ShardError(f"{path} is cut off: it ends before byte {offset:,}.") from error
            raise
        if len(found) < size:
            raise ShardError(
                f"{path} is cut off: it ends at byte {offset + len(found):,} and has a clip up to {offset + size:,}."
            )
        return found

    def forget(self, path: str, offset: int, size: int) -> bool:
        return self._cache is not None and self._cache.forget(self._name(path, offset, size))

    def _look(self, path: str) -> None:
        self._etags[path] = self.client.head_object(Bucket=self.bucket, Key=self._key(path))["ETag"]

    def _kept(self, path: str, offset: int, size: int) -> bytes:
        if self._cache is None:
            return self._fetched(path, offset, size)
        name = self._name(path, offset, size)
        found = self._cache.get(name)
        if found is None or len(found) != size:
            found = self._fetched(path, offset, size)
            self._cache.put(name, found)
        return found

    def _fetched(self, path: str, offset: int, size: int) -> bytes:
        """A range; shorter where the object ends before it."""
        wanted = f"bytes={offset}-{offset + size - 1}"
        return self._body(
            path, lambda answer: _range_bytes(answer, offset, size), IfMatch=self._etags[path], Range=wanted
        )

    def _body(self, path: str, expected: Callable[[Any], int | None], **asked: str) -> bytes:
        """What an object's answer holds, asked for again where it breaks off.

        Raises:
            OSError: it did each time.
        """
        from botocore.exceptions import HTTPClientError, IncompleteReadError, ResponseStreamingError

        broken: Exception | None = None
        for _ in range(_TRIES):
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key(path), **asked)
            try:
                found = bytes(answer["Body"].read())
            except (HTTPClientError, IncompleteReadError, ResponseStreamingError) as error:
                broken = error
                continue
            # An answer that is cut within its headers has no length, and counts as whole for HTTP clients.
            if len(found) == expected(answer):
                return found
        raise OSError(f"s3://{self.bucket}/{self._key(path)} came broken off {_TRIES} times.") from broken

    def _name(self, path: str, offset: int, size: int) -> str:
        return hashlib.sha256(
            f"{self.bucket}/{self._key(path)} {self._etags.get(path)} {offset} {size}".encode()
        ).hexdigest()

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path


def _range_bytes(answer: Any, offset: int, size: int) -> int | None:
    """Bytes that an answer to a range must have: those of the range, or those up to the object's end; None where it does not say."""
    ends = str(answer.get("ContentRange", "")).rpartition("/")[2]
    return min(size, max(0, int(ends) - offset)) if ends.isdigit() else None


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code"))


class RangeCache:
    """A folder of ranges, shared by the processes of a machine; what was not used for longest goes first.

    Args:
        folder: nothing else is in it.
        most_bytes: what it holds at most, but for a sixteenth of it for each process.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder, self.most_bytes = folder, most_bytes
        # As much as all that is allowed may be there already, from an earlier run.
        self._since = most_bytes

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            found = path.read_bytes()
            os.utime(path)
        except FileNotFoundError:
            return None
        return found

    def put(self, name: str, content: bytes) -> None:
        """Keep a range; it appears whole or not at all. No disk is waited for: what a crash leaves broken has another hash."""
        if len(content) > self.most_bytes // _SLACK:
            return
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._since += len(content)
        if self._since > self.most_bytes // _SLACK:
            self._make_room()
            self._since = len(content)
        handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)

    def forget(self, name: str) -> bool:
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def _make_room(self) -> None:
        known = sorted(self._files())
        held = sum(size for _, size, _ in known)
        for _, size, path in known:
            if held <= self.most_bytes - self.most_bytes // _SLACK:
                break
            path.unlink(missing_ok=True)
            held -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.folder.glob("*/*"):
            try:
                said = path.stat()
            except FileNotFoundError:  # another process made room
                continue
            yield said.st_mtime, said.st_size, path
