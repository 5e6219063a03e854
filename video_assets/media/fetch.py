"""Source files as local paths: FFmpeg is only ever given local files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from video_assets.lake.kept import SPOOL
from video_assets.lake.s3 import etag_of, open_s3, size_of, split_uri, without_keys
from video_assets.media.containers import MediaError
from video_assets.media.spool import Spool
from video_assets.reasons import Reason
from video_assets.settings import S3Settings

_GIB = 2**30


@contextmanager
def local_copy(uri: str, s3: S3Settings, scratch: Path, content: str = "") -> Iterator[Path]:
    """The file at ``uri`` on local disk: itself, or for S3 a copy.

    A copy whose content is known by its entity tag stays in the spool (``s3.spool_gib``), so that whoever needs it next on
    this machine finds it there; the object is looked at each time. Any other is removed afterwards.

    Args:
        uri: absolute path, or s3://bucket/key.
        s3: where the objects are.
        scratch: a folder for downloads.
        content: the content key under which the ledger has it: an object with another entity tag is not handed out.

    Raises:
        MediaError: it is gone (SOURCE_MISSING), could not be read (READ_ERROR) or was replaced (CONTENT_CHANGED).
    """
    if not uri.startswith("s3://"):
        path = Path(uri)
        if not path.is_file():
            raise MediaError(Reason.SOURCE_MISSING, f"{uri} is not there.")
        yield path
        return
    source = _Object(uri, s3, content)
    scratch.mkdir(parents=True, exist_ok=True)
    size = size_of(content)
    if size is not None and size <= s3.spool_gib * _GIB:
        with Spool(scratch / SPOOL, s3.spool_gib * _GIB).file(
            f"{uri} {content}", source.name, size, source.fetch
        ) as path:
            source.looked_at(path)
            yield path
        return
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=scratch) as folder:
        path = Path(folder) / source.name
        source.fetch(path)
        yield path


class _Object:
    """An object and what is known of it."""

    def __init__(self, uri: str, s3: S3Settings, content: str) -> None:
        self._uri = uri
        self._bucket, self._key = split_uri(uri)
        self._client = open_s3(s3).client
        self._etag = etag_of(content)
        self._fetched = False
        # Under its own name, which messages tell; file systems take at most 255 bytes.
        self.name = self._key.rpartition("/")[2][-60:]

    def fetch(self, path: Path) -> None:
        """Download it.

        Raises:
            MediaError: see :func:`local_copy`; also where it comes broken off, or was replaced meanwhile.
        """
        self._asked(lambda client: client.download_file(self._bucket, self._key, str(path)))
        # Asked afterwards: what was replaced meanwhile may be of two objects.
        self._check(path)
        self._fetched = True

    def looked_at(self, path: Path) -> None:
        """Look whether the object is what lies at a path, where it was not just fetched from there.

        Raises:
            MediaError: see :func:`local_copy`.
        """
        if not self._fetched:
            self._check(path)

    def _check(self, path: Path) -> None:
        told = self._asked(lambda client: client.head_object(Bucket=self._bucket, Key=self._key))
        etag = told.get("ETag", "").strip('"') if self._etag else None
        # An answer that is cut within its headers has no length, and counts as whole with no bytes for HTTP clients.
        if etag == "":
            raise MediaError(Reason.READ_ERROR, f"{self._uri} came broken off, with {path.stat().st_size:,} bytes.")
        if etag != self._etag:
            raise MediaError(Reason.CONTENT_CHANGED, f"{self._uri} no longer has the entity tag {self._etag}.")
        if path.stat().st_size != told.get("ContentLength"):
            raise MediaError(Reason.READ_ERROR, f"{self._uri} came broken off, with {path.stat().st_size:,} bytes.")

    def _asked(self, request: Any) -> Any:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return request(self._client)
        except ClientError as failed:
            error = self._with_its_reason(failed)
            missing = error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey")
            said = without_keys(str(error), self._client)
            raise MediaError(Reason.SOURCE_MISSING if missing else Reason.READ_ERROR, said) from None
        except (BotoCoreError, Boto3Error) as error:
            raise MediaError(Reason.READ_ERROR, without_keys(str(error), self._client)) from None

    def _with_its_reason(self, error: Any) -> Any:
        """The same failure with what the server says of it: an answer to HEAD has a number alone, and no word of an expired token."""
        from botocore.exceptions import BotoCoreError, ClientError

        code = error.response.get("Error", {}).get("Code", "")
        if code.isdigit() and code != "404":
            try:
                self._client.get_object(Bucket=self._bucket, Key=self._key, Range="bytes=0-0")["Body"].close()
            except ClientError as told:
                return told
            except BotoCoreError:
                pass
        return error
