"""Source files as local paths: FFmpeg is only ever given local files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from video_assets.lake.s3 import etag_of, open_s3, split_uri
from video_assets.media.containers import MediaError
from video_assets.reasons import Reason
from video_assets.settings import S3Settings


@contextmanager
def local_copy(uri: str, s3: S3Settings, scratch: Path, content: str = "") -> Iterator[Path]:
    """The file at ``uri`` on local disk: itself, or for S3 a download that is removed afterwards.

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
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = split_uri(uri)
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=scratch) as folder:
        # Under its own name, which messages tell; file systems take at most 255 bytes.
        path = Path(folder) / key.rpartition("/")[2][-60:]
        try:
            client = open_s3(s3).client
            client.download_file(bucket, key, str(path))
            # Asked afterwards: what was replaced meanwhile may be of two objects.
            told = client.head_object(Bucket=bucket, Key=key)
            etag = told.get("ETag", "").strip('"') if etag_of(content) else None
        except ClientError as error:
            missing = error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey")
            raise MediaError(Reason.SOURCE_MISSING if missing else Reason.READ_ERROR, str(error)) from error
        except (BotoCoreError, Boto3Error) as error:
            raise MediaError(Reason.READ_ERROR, str(error)) from error
        # An answer that is cut within its headers has no length, and counts as whole with no bytes for HTTP clients.
        if path.stat().st_size != told.get("ContentLength") or etag == "":
            raise MediaError(Reason.READ_ERROR, f"{uri} came broken off, with {path.stat().st_size:,} bytes.")
        if etag != etag_of(content):
            raise MediaError(Reason.CONTENT_CHANGED, f"{uri} no longer has the entity tag {etag_of(content)}.")
        yield path
