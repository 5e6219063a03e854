"""By what the traces of some videos are known: ids of all that was made from them, and names that nothing else has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from video_assets.lake.sql_text import in_batches
from video_assets.takedown.match import Video
from video_assets.takedown.search import WITHOUT, Search

# Rights that nobody stated say 'unknown'.
_SAYS_NOTHING = frozenset({"", "unknown"})
_LEAST_NAME = 6


@dataclass(frozen=True)
class Marks:
    """What to look for.

    Attributes:
        videos: ids of the videos; the SHA-256 of one begins with its id.
        hashes: the SHA-256 of their bytes.
        parts: ids of their clips and shots.
        contents: content keys by which the ledger knows the files.
        names: addresses of the files, their names, where they were obtained and who holds the rights, of these videos alone.
        short: those of the names that stand in many a text that means something else; rows that are nothing else go all the same.
        shared: how many such names other footage has too: they say nothing about these videos.
        batches: batches in which they are.
    """

    videos: frozenset[str]
    hashes: frozenset[str]
    parts: frozenset[str]
    contents: frozenset[str]
    names: frozenset[str]
    short: frozenset[str]
    shared: int
    batches: frozenset[str]

    @property
    def ids(self) -> frozenset[str]:
        """Whatever is a whole value of a row."""
        return self.videos | self.hashes | self.parts | self.contents | self.names

    @property
    def traces(self) -> frozenset[str]:
        """Whatever must be found nowhere, be it a part of a text."""
        return self.ids - self.short

    @property
    def lasting(self) -> frozenset[str]:
        """What the tombstones keep."""
        return self.videos | self.hashes


def marks_of(search: Search, videos: Sequence[Video]) -> Marks:
    """Collect the marks of some videos, as the lake has them now."""
    ids = [v.video_id for v in videos]
    hashes = {v.sha256 for v in videos if v.sha256}
    batches = _column(search, _BATCHES, ids)
    keys = [*(f"sha256:{sha256}" for sha256 in hashes), *_column(search, _CONTENTS, ids)]
    ours = search.query(_THEIRS, {"videos": ids, "contents": keys})
    texts = set(ours["name"]) - _SAYS_NOTHING
    also = search.query(_OTHERS, {"videos": ids, "contents": keys, "names": sorted(texts)})["name"]
    names = texts - set(also)
    everywhere = frozenset(batches) | frozenset(ours["batch"])
    search.copy_batches(everywhere)
    return Marks(
        videos=frozenset(ids),
        hashes=frozenset(hashes),
        parts=frozenset(_parts(search, ids, batches)),
        contents=frozenset(keys),
        names=frozenset(names),
        short=frozenset(name for name in names if len(name) < _LEAST_NAME),
        shared=len(texts) - len(names),
        batches=everywhere,
    )


def marks_in(search: Search, videos: Sequence[str], batches: Sequence[str]) -> Marks:
    """The ids alone by which some videos and what was made from them are known in some batches."""
    none: frozenset[str] = frozenset()
    parts = frozenset(_parts(search, list(videos), list(batches)))
    return Marks(frozenset(videos), none, parts, none, none, none, 0, frozenset(batches))


_BATCHES = (
    "SELECT DISTINCT batch FROM raw_videos WHERE video_id IN (SELECT unnest($1)) UNION "
    "SELECT DISTINCT batch FROM source_files WHERE content[8:39] IN (SELECT unnest($1))"
)
_CONTENTS = "SELECT DISTINCT content FROM raw_videos WHERE video_id IN (SELECT unnest($1))"
_PLACES = """
WITH places AS (
    SELECT batch, uri, split_part(uri, '/', -1) AS file_name, holder, source_url,
        content IN (SELECT unnest($contents)) AS theirs
    FROM source_files
    UNION ALL
    SELECT batch, uri, file_name, holder, source_url, video_id IN (SELECT unnest($videos)) AS theirs FROM raw_videos
)
"""
_THEIRS = f"""{_PLACES}
SELECT DISTINCT batch, name FROM (
    SELECT batch, unnest([uri, file_name, holder, source_url]) AS name FROM places WHERE theirs
) WHERE name IS NOT NULL
"""
# A name may be a part of another's.
_OTHERS = f"""{_PLACES}
SELECT DISTINCT n.name FROM (SELECT unnest($names) AS name) AS n
JOIN places AS p ON NOT p.theirs AND contains(concat_ws(chr(10), p.uri, p.file_name, p.holder, p.source_url), n.name)
"""


def _parts(search: Search, videos: list[str], batches: list[str]) -> Iterable[str]:
    """Clips and shots in any table, also of older measurements: whatever stands beside the video's id.

    Args:
        search: the lake.
        videos: the ids.
        batches: where they are; tables that are not by batch are asked as a whole.
    """
    asked = [
        f"SELECT unnest([{', '.join(parts)}]) AS part FROM {table.name} WHERE video_id IN (SELECT unnest($1))"
        + (f" AND {in_batches(batches)}" if "batch" in table.schema else "")
        for table in search.tables.values()
        if table.name not in WITHOUT and search.has(table) and "video_id" in table.schema
        if (parts := [part for part in ("clip_id", "shot_id") if part in table.schema])
    ]
    if not asked:
        return []
    return _column(search, f"SELECT DISTINCT part FROM ({' UNION ALL '.join(asked)}) WHERE part IS NOT NULL", videos)


def _column(search: Search, sql: str, *values: list[str]) -> list[str]:
    return [str(value) for value in search.query(sql, list(values)).to_series()]
