"""A clip's media as a browser asks for it: ranges of its source's own bytes, on this machine or on S3, or of what was encoded of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response, StreamingResponse

from video_assets.lake.s3 import etag_of, open_s3, split_uri
from video_assets.review.clips import Clip
from video_assets.review.playing import media_type
from video_assets.settings import S3Settings

_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# The source under a clip's id never becomes another: an address may be asked once.
KEPT = {"Cache-Control": "private, max-age=3600"}


class GoneError(RuntimeError):
    """The source is not where the lake has it, or is another file now; says which."""


def local(path: Path, kind: str = "video/mp4") -> Response:
    """A file on this machine, whole or in ranges."""
    return FileResponse(path, media_type=kind, headers=KEPT)


def source(clip: Clip, asked: str | None, s3: S3Settings) -> Response:
    """A clip's source, whole or the range that was asked for.

    Args:
        clip: the clip.
        asked: the request's header ``Range``.
        s3: where objects are.

    Raises:
        GoneError: it is not there, or is not what the lake knows.
    """
    if clip.uri is None:
        raise GoneError("The lake does not know where the source is.")
    if not clip.uri.startswith("s3://"):
        path = Path(clip.uri)
        if not path.is_file():
            raise GoneError(f"{clip.file_name} is not there any more.")
        if path.stat().st_size != clip.size_bytes:
            raise GoneError(f"{clip.file_name} is not the file that was measured: its length is another.")
        return local(path, media_type(clip))
    return _object(clip, asked, s3)


def span_of(asked: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of the range that was asked for; None: all of it. A range that is none counts as all, as HTTP has it.

    Raises:
        ValueError: it begins behind the end.
    """
    said = _RANGE.fullmatch(asked.strip()) if asked else None
    if said is None or not (said[1] or said[2]):
        return None
    if not said[1]:
        last = int(said[2])
        if last == 0:
            raise ValueError("The range is empty.")
        return max(0, size - last), size - 1
    first, last = int(said[1]), min(int(said[2]) if said[2] else size - 1, size - 1)
    if first >= size:
        raise ValueError("The range begins behind the end.")
    return (first, last) if last >= first else None


def _object(clip: Clip, asked: str | None, s3: S3Settings) -> Response:
    from botocore.exceptions import BotoCoreError, ClientError

    size, kind = clip.size_bytes, media_type(clip)
    try:
        span = span_of(asked, size)
    except ValueError:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = span or (0, size - 1)
    bucket, key = split_uri(str(clip.uri))
    wanted: dict[str, Any] = {"Bucket": bucket, "Key": key, "Range": f"bytes={first}-{last}"}
    if etag := etag_of(clip.content):
        # Another object under this name is not handed out.
        wanted["IfMatch"] = f'"{etag}"'
    try:
        body = open_s3(s3).client.get_object(**wanted)["Body"]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        changed = code in ("412", "PreconditionFailed")
        said = "is not the object that was measured" if changed else f"could not be read ({code})"
        raise GoneError(f"{clip.file_name} {said}.") from None
    except BotoCoreError:
        raise GoneError(f"{clip.file_name} could not be read: the server does not answer.") from None

    def parts() -> Iterator[bytes]:
        try:
            yield from body.iter_chunks(_CHUNK)
        finally:
            body.close()

    headers = KEPT | {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1)}
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return StreamingResponse(parts(), 206 if span else 200, headers, kind)
