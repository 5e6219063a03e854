"""What an object store keeps of what was removed: older versions of objects, and uploads that were never finished."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from video_assets.lake.lake import Lake
from video_assets.lake.s3 import split_uri

# A server that has no versions says so in one of these ways.
_NOT_THERE = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})
_AT_ONCE = 1000


@dataclass(frozen=True)
class Objects:
    """What was there and is gone, and what the server does not tell."""

    versions: int = 0
    uploads: int = 0
    unknown: tuple[str, ...] = ()


def purge(lake: Lake) -> Objects:
    """Remove every version of an object that is not the newest, and every unfinished upload, under the lake's prefix.

    What a bucket kept of older versions is not looked into: none of it can be read by the lake.

    Raises:
        OSError: the server refuses.
    """
    if not lake.settings.lake.on_s3:
        return Objects()
    client, (bucket, prefix) = lake.access.client, split_uri(f"{lake.files.root}/")
    unknown: list[str] = []
    versions = list(_told(_versions(client, bucket, prefix), "Older versions of objects", unknown))
    for start in range(0, len(versions), _AT_ONCE):
        refused = client.delete_objects(Bucket=bucket, Delete={"Objects": versions[start : start + _AT_ONCE]}).get(
            "Errors"
        )
        if refused:
            raise OSError(f"{len(refused)} versions of objects could not be removed: {refused[0]['Message']}")
    uploads = list(_told(_uploads(client, bucket, prefix), "Unfinished uploads", unknown))
    for upload in uploads:
        client.abort_multipart_upload(Bucket=bucket, **upload)
    return Objects(len(versions), len(uploads), tuple(unknown))


def left(lake: Lake) -> int:
    """How many there are still."""
    client, (bucket, prefix) = lake.access.client, split_uri(f"{lake.files.root}/")
    listed = (*_told(_versions(client, bucket, prefix), "", []), *_told(_uploads(client, bucket, prefix), "", []))
    return len(listed)


def _versions(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, str]]:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        old = [*(v for v in page.get("Versions", ()) if not v["IsLatest"]), *page.get("DeleteMarkers", ())]
        yield from ({"Key": v["Key"], "VersionId": v["VersionId"]} for v in old)


def _uploads(client: Any, bucket: str, prefix: str) -> Iterator[dict[str, str]]:
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
        yield from ({"Key": u["Key"], "UploadId": u["UploadId"]} for u in page.get("Uploads", ()))


def _told(listed: Iterator[dict[str, str]], what: str, unknown: list[str]) -> Iterator[dict[str, str]]:
    """What the server lists; where it has no such thing, that is noted."""
    from botocore.exceptions import ClientError

    try:
        yield from listed
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in _NOT_THERE:
            raise
        unknown.append(f"{what}: the server does not list them.")
