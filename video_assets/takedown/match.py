"""Which footage a request means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from video_assets.lake.lake import Lake

LIKE = "like"
LEAST_HASH = 8
"""Fewest hex digits of a hash that are taken for one."""


@dataclass(frozen=True)
class Request:
    """What is to be taken down.

    Attributes:
        by: by what the footage is named, one of ``WAYS``, or by what it looks like: ``LIKE``.
        value: its address, file, hash, holder or domain, or the path of a file that looks like it.
    """

    by: str
    value: str


class Video(NamedTuple):
    """A content that is meant: its id, and the SHA-256 of its bytes where they were ever read."""

    video_id: str
    sha256: str | None


def match(lake: Lake, request: Request) -> list[Video]:
    """The contents that are meant, wherever they are or were, by id.

    Whoever names one place of a content, or one statement of its rights, means the content.

    Raises:
        ValueError: nothing is meant, it was taken down already, or what is meant was not read yet and cannot be known again.
    """
    means = WAYS[request.by](request.value.strip())
    found = [row for row in lake.query(_PLACES).iter_rows(named=True) if means(row)]
    if any(row["video_id"] is None for row in found):
        raise ValueError(
            "Some of what is meant was never read, so that it could not be known again; run 'video-assets curate' on it first."
        )
    videos = {row["video_id"]: Video(row["video_id"], row["sha256"]) for row in found}
    if not videos:
        raise ValueError(_nothing(lake, request))
    return [videos[video] for video in sorted(videos)]


# Of what the ledger has and nobody has opened, a local file's content key tells its hash.
_PLACES = """
WITH places AS (
    SELECT s.content, s.uri, s.holder, s.source_url, v.video_id, v.sha256
    FROM source_files AS s LEFT JOIN raw_videos AS v ON v.batch = s.batch AND v.content = s.content
    UNION ALL
    SELECT content, uri, holder, source_url, video_id, sha256 FROM raw_videos
)

SELECT
    uri,
    split_part(uri, '/', -1) AS file_name,
    holder,
    source_url,
    coalesce(sha256, if(starts_with(content, 'sha256:'), content[8:], NULL)) AS sha256,
    coalesce(video_id, if(starts_with(content, 'sha256:'), content[8:39], NULL)) AS video_id
FROM places
"""


def _nothing(lake: Lake, request: Request) -> str:
    if request.by == "hash":
        rows = lake.query("SELECT video_id, sha256, strftime(since, '%Y-%m-%d') AS since FROM tombstones")
        means = WAYS["hash"](request.value.strip())
        gone = [row["since"] for row in rows.iter_rows(named=True) if means(row)]
        if gone:
            return f"It was taken down on {gone[0]}, and nothing of it has come again."
    return (
        f"No footage has this {request.by}; nothing was removed. 'video-assets sql \"SELECT uri, source_url, holder FROM "
        "source_files\"' lists what there is."
    )


_Means = Callable[[Mapping[str, Any]], bool]


def _by_url(value: str) -> _Means:
    wanted = value.rstrip("/")
    return lambda row: str(row["source_url"] or "").rstrip("/") == wanted


def _by_file(value: str) -> _Means:
    return lambda row: value in (row["uri"], row["file_name"])


def _by_hash(value: str) -> _Means:
    wanted = value.lower().removeprefix("sha256:")
    if len(wanted) < LEAST_HASH or set(wanted) - set("0123456789abcdef"):
        raise ValueError(f"{value!r} is no hash; give at least {LEAST_HASH} of its hex digits.")
    return lambda row: any(str(row[name] or "").startswith(wanted) for name in ("sha256", "video_id"))


def _by_holder(value: str) -> _Means:
    wanted = value.casefold()
    return lambda row: str(row["holder"] or "").casefold() == wanted


def _by_domain(value: str) -> _Means:
    wanted = value.casefold().removeprefix("www.")

    def means(row: Mapping[str, Any]) -> bool:
        host = _host(str(row["source_url"] or ""))
        return host == wanted or host.endswith(f".{wanted}")

    return means


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


WAYS: Mapping[str, Callable[[str], _Means]] = {
    "url": _by_url,
    "file": _by_file,
    "hash": _by_hash,
    "holder": _by_holder,
    "domain": _by_domain,
}
"""By what footage can be named: of each a test of a place's row."""
