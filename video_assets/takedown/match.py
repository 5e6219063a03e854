"""Which footage a request means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from video_assets.takedown.search import Search

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


def match(search: Search, request: Request) -> list[Video]:
    """The contents that are meant, wherever they are or were, by id.

    Whoever names one place of a content, or one statement of its rights, means the content.

    Raises:
        ValueError: nothing is meant, it was taken down already, or what is meant was not read yet and cannot be known again.
    """
    way, means = WAYS[request.by], WAYS[request.by].test(request.value.strip())
    found: list[Mapping[str, Any]] = []
    for column in way.columns:
        values = search.query(f"SELECT DISTINCT {column} FROM ({_PLACES}) WHERE {column} IS NOT NULL")[column]
        meant = [value for value in values if means(value)]
        found += (
            search.query(
                f"SELECT * FROM ({_PLACES}) WHERE {_AMONG[len(meant) <= _FEW].format(column)}", [meant]
            ).to_dicts()
            if meant
            else []
        )
    if any(row["video_id"] is None for row in found):
        raise ValueError(
            "Some of what is meant was never read, so that it could not be known again; run 'video-assets curate' on it first."
        )
    videos = {row["video_id"]: Video(row["video_id"], row["sha256"]) for row in found}
    if not videos:
        raise ValueError(_nothing(search, request))
    return [videos[video] for video in sorted(videos)]


# To join a few takes ten times as long.
_AMONG = {True: "list_contains(?, {})", False: "{} IN (SELECT unnest(?))"}
_FEW = 20
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


def _nothing(search: Search, request: Request) -> str:
    if request.by == "hash":
        rows = search.query("SELECT video_id, sha256, strftime(since, '%Y-%m-%d') AS since FROM tombstones")
        means = by_hash(request.value.strip())
        gone = [since for video, sha256, since in rows.iter_rows() if means(video) or means(sha256 or "")]
        if gone:
            return f"It was taken down on {gone[0]}, and nothing of it has come again."
    return (
        f"No footage has this {request.by}; nothing was removed. 'video-assets sql \"SELECT uri, source_url, holder FROM "
        "source_files\"' lists what there is."
    )


_Means = Callable[[str], bool]


class Way(NamedTuple):
    """How footage is named: the columns of :data:`_PLACES` that are asked, and what makes a test of their values."""

    columns: Sequence[str]
    test: Callable[[str], _Means]


def _by_url(value: str) -> _Means:
    wanted = value.rstrip("/")
    return lambda url: url.rstrip("/") == wanted


def _by_file(value: str) -> _Means:
    return lambda name: name == value


def by_hash(value: str) -> _Means:
    """A test of hashes by their first digits.

    Raises:
        ValueError: it is no hash, or too short for one.
    """
    wanted = value.lower().removeprefix("sha256:")
    if len(wanted) < LEAST_HASH or set(wanted) - set("0123456789abcdef"):
        raise ValueError(f"{value!r} is no hash; give at least {LEAST_HASH} of its hex digits.")
    return lambda digits: digits.startswith(wanted)


def _by_holder(value: str) -> _Means:
    wanted = value.casefold()
    return lambda holder: holder.casefold() == wanted


def _by_domain(value: str) -> _Means:
    wanted = value.casefold().removeprefix("www.")

    def means(url: str) -> bool:
        host = _host(url)
        return host == wanted or host.endswith(f".{wanted}")

    return means


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


WAYS: Mapping[str, Way] = {
    "url": Way(("source_url",), _by_url),
    "file": Way(("uri", "file_name"), _by_file),
    "hash": Way(("sha256", "video_id"), by_hash),
    "holder": Way(("holder",), _by_holder),
    "domain": Way(("source_url",), _by_domain),
}
"""By what footage can be named."""
