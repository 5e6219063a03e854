"""A bucket whose keys nobody holds in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from heapq import merge

from video_assets.footage.slices import Entry

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
SIZE = 5


class Bucket:
    """Lists keys as S3 does, and counts them."""

    def __init__(self, keys: Sequence[str], *more: str) -> None:
        self.keys, self.more = keys, sorted(more)
        self.etags: dict[str, str] = {}
        self.listed = 0

    def etag(self, key: str) -> str:
        return self.etags.get(key, "first")

    def __call__(self, prefix: str, after: str = "", *, inside: bool = True) -> Iterator[Entry]:
        start: str | None = max(prefix, after)
        at = bisect_right if after and after >= prefix else bisect_left
        while start is not None:
            parts = [_from(keys, at(keys, start)) for keys in (self.keys, self.more)]
            start, at = None, bisect_left
            for key in merge(*parts):
                if not key.startswith(prefix):
                    return
                self.listed += 1
                folder, slash, _ = key[len(prefix) :].partition("/")
                if not inside and slash:
                    yield {"Key": f"{prefix}{folder}/"}
                    start = f"{prefix}{folder}0"  # "0" follows "/"
                    break
                yield {"Key": key, "Size": SIZE, "LastModified": WHEN, "ETag": f'"{self.etag(key)}"'}


def _from(keys: Sequence[str], start: int) -> Iterator[str]:
    return (keys[n] for n in range(start, len(keys)))
