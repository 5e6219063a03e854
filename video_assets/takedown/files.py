"""Files beside the tables: pictures of pages, scratch space, and what an object store keeps of what was removed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.s3 import split_uri
from video_assets.lake.schemas import PAGES
from video_assets.takedown.traces import Traces, files_in
from video_assets.takedown.work import is_work

_NOT_THERE = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})


def remove_pages(lake: Lake, batches: Sequence[str], takedown: str) -> int:
    """Remove the pictures of pages of these batches, and of what is made over all: nobody knows which show the videos.

    Returns:
        How many there were.
    """
    rows = lake.query("SELECT * FROM pages WHERE batch = '' OR batch IN (SELECT unnest(?))", [list(batches)])
    if rows.is_empty():
        return 0
    lake.commit(
        [Replacement(PAGES, sorted(set(rows["batch"])), PAGES.empty())],
        [],
        message=f"takedown {takedown}",
        author="takedown",
    )
    shown = set(lake.query("SELECT DISTINCT path FROM pages")["path"])
    gone = sorted(set(rows["path"]) - shown)
    lake.files.remove(gone)
    # Whatever else lies in the folders of these batches is of older pages, which nothing shows.
    folders = tuple(f"batch={batch}" if batch else "all" for batch in {*rows["batch"], *batches})
    stale = [p for p in lake.files.listed(PAGES.name) if p not in shown and p.split("/")[-2] in folders]
    lake.files.remove(stale)
    return len({*gone, *stale})


def clear_scratch(lake: Lake, batches: Sequence[str], traces: Traces) -> int:
    """Remove from scratch space whatever has or may have something of the videos; no run may be at work.

    Returns:
        How many files.
    """
    scratch = lake.settings.lake.scratch_path
    may_have = [*scratch.glob(".tmp-*"), *(scratch / PAGES.name).glob("*")]
    may_have += [p for batch in batches for p in scratch.glob(f"captions/*/{batch}.*")]
    removed = 0
    for path in may_have:
        removed += sum(1 for _ in files_in(path)) if path.is_dir() else 1
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in files_in(scratch):
        if is_work(file):
            continue
        if traces.in_bytes(str(file.relative_to(scratch)).encode()) or traces.in_file(file):
            file.unlink()
            removed += 1
    return removed


@dataclass(frozen=True)
class Objects:
    """What an object store kept of removed objects and is gone too: old versions, and uploads that were never finished."""

    versions: int = 0
    uploads: int = 0
    unknown: tuple[str, ...] = ()
    """What the server does not tell."""


def purge_objects(lake: Lake) -> Objects:
    """Remove every version of an object that is not the newest, and every unfinished upload, under the lake's prefix.

    Raises:
        OSError: the server refuses.
    """
    if not lake.settings.lake.on_s3:
        return Objects()
    from botocore.exceptions import ClientError

    client = lake.access.client
    bucket, prefix = split_uri(f"{lake.files.root}/")
    unknown: list[str] = []
    versions = uploads = 0
    try:
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            old = [v for v in page.get("Versions", ()) if not v["IsLatest"] and v["VersionId"] != "null"]
            old += page.get("DeleteMarkers", ())
            for start in range(0, len(old), 1000):
                objects = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in old[start : start + 1000]]
                refused = client.delete_objects(Bucket=bucket, Delete={"Objects": objects}).get("Errors")
                if refused:
                    raise OSError(f"{len(refused)} versions of objects could not be removed: {refused[0]['Message']}")
            versions += len(old)
    except ClientError as error:
        _unless_not_there(error, "versions of objects", unknown)
    try:
        for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix):
            for upload in page.get("Uploads", ()):
                client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
                uploads += 1
    except ClientError as error:
        _unless_not_there(error, "unfinished uploads", unknown)
    return Objects(versions, uploads, tuple(unknown))


def _unless_not_there(error: Exception, what: str, unknown: list[str]) -> None:
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    if code not in _NOT_THERE:
        raise error
    unknown.append(f"{what}: the server does not list them")
