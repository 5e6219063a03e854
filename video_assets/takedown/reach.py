"""What a takedown reaches: rows are found in every table by what stands in them, not by a list of tables."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.lake.schemas import DUPLICATE_GROUPS, NEAR_DUPLICATES, TABLES, Table
from video_assets.lake.sheet import SHEET
from video_assets.lake.sql_text import in_batches, quoted
from video_assets.takedown.marks import Marks
from video_assets.takedown.search import ACROSS, NAMES, WITHOUT, Search, searching

# Sentences in which a file may be named.
_SENTENCES = frozenset({"message"})
_FEW = 100


@dataclass(frozen=True)
class Reach:
    """What is reached.

    Attributes:
        rows: rows by table, of tables that have any.
        batches: of each such table, its partitions that have any.
        snapshot: in which version of the lake.
        counts: how many sources, clips, captions, embeddings, keyframes, tiers, releases and shards, and pictures of pages.
    """

    rows: Mapping[str, int]
    batches: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    snapshot: int


def partition(table: Table) -> str:
    """The column by which a table's rows are replaced."""
    return "batch" if "batch" in table.schema else table.key[0]


def searched(tables: Mapping[str, Table], sheet: Table) -> dict[str, Table]:
    """The tables that may have something of a video, with the sheet."""
    return {t.name: t for t in (*tables.values(), sheet) if t.name not in WITHOUT}


@contextmanager
def looking(lake: Lake, marks: Marks) -> Iterator[Search]:
    """A search in the lake on which :func:`concerned` can be asked."""
    with searching(lake) as search:
        name_marks(search, marks)
        yield search


def name_marks(search: Search, marks: Marks) -> None:
    """Let :func:`concerned` be asked."""
    if len(marks.ids) <= _FEW:
        return  # They stand in the condition itself.
    ids = pl.DataFrame({"id": sorted(marks.ids)}, schema={"id": pl.String})
    names = pl.DataFrame({"name": sorted(marks.names - marks.short)}, schema={"name": pl.String})
    for name, frame in (("taken_ids", ids), ("taken_names", names)):
        search.cursor.register(name, frame.to_arrow(compat_level=pl.CompatLevel.oldest()))


def concerned(table: Table, marks: Marks, *, own: bool = False, among: Collection[str] | None = None) -> str:
    """SQL that is true of a row in which something stands of the videos.

    Args:
        table: the table.
        marks: what :func:`looking` was opened with.
        among: the columns that are asked; all by default.
        own: of rows that are theirs alone, and not of another clip's row that names one of theirs.
    """
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String() and name != partition(table)]
    if among is not None:
        texts = [name for name in texts if name in among]
    if own:
        texts = [name for name in texts if name in ("clip_id", "video_id")]
    columns = [f'"{name}"' for name in texts]
    sentences = [name for name in texts if name in _SENTENCES]
    if len(marks.ids) <= _FEW:
        # DuckDB makes a join of each subquery and of each list: to plan them takes longer than a batch's rows.
        ids = ", ".join(map(quoted, sorted(marks.ids)))
        whole = [f"list_has_any([{', '.join(columns)}], [{ids}]::VARCHAR[])"] if texts else []
        names = sorted(marks.names - marks.short)
        inside = [f'coalesce(contains("{name}", {quoted(text)}), FALSE)' for name in sentences for text in names]
    else:
        whole = [f"coalesce({name} IN (SELECT id FROM taken_ids), FALSE)" for name in columns]
        inside = [
            f'coalesce(EXISTS (SELECT 1 FROM taken_names AS n WHERE contains("{name}", n.name)), FALSE)'
            for name in sentences
        ]
    return f"({' OR '.join([*whole, *inside]) or 'FALSE'})"


def rows_in(
    search: Search,
    marks: Marks,
    tables: Mapping[str, Table],
    *,
    everywhere: bool = False,
    within: Mapping[str, Collection[str]] | None = None,
) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    """Rows by table, and of each such table the partitions that have any.

    Args:
        search: of :func:`looking`.
        marks: what is looked for.
        tables: where.
        within: the only batches of some tables that can have any.
        everywhere: in every batch of every table; else in the videos' own where a table's rows name no others.
    """
    rows: dict[str, int] = {}
    batches: dict[str, tuple[str, ...]] = {}
    for name, table in tables.items():
        if not search.has(table):
            continue
        where = "TRUE" if everywhere else _where(name, table, marks, batches)
        if within and name in within:
            where = in_batches(within[name])
        found = search.cursor.execute(
            f'SELECT "{partition(table)}", count(*) FROM {name} WHERE {where} AND {concerned(table, marks)} GROUP BY 1 ORDER BY 1'
        ).fetchall()
        if found:
            rows[name], batches[name] = sum(count for _, count in found), tuple(str(batch) for batch, _ in found)
    return rows, batches


def _where(name: str, table: Table, marks: Marks, batches: Mapping[str, Sequence[str]]) -> str:
    """A condition that holds of all rows in which anything may stand of the videos."""
    if name == SHEET:  # of other batches it has what these tables say
        return in_batches({*marks.batches, *batches.get("duplicate_groups", ()), *batches.get("contamination", ())})
    if name == DUPLICATE_GROUPS.name and NEAR_DUPLICATES.name not in batches:  # near no other clip, in no other's group
        return in_batches(marks.batches)
    return "TRUE" if name in ACROSS or partition(table) != "batch" else in_batches(marks.batches)


def reach(search: Search, marks: Marks, sheet: Table) -> Reach:
    """Count what a takedown of these videos reaches; nothing is changed. The names have to be copied, and are not any more."""
    name_marks(search, marks)
    within = {name: marks.batches | _naming(search, TABLES[name], marks) for name in NAMES}
    rows, batches = rows_in(search, marks, searched(search.tables, sheet), within=within)
    tiers = releases = shards = 0
    if "tier_outcomes" in rows:
        [(tiers,)] = search.cursor.execute(
            f"SELECT count(DISTINCT tier) FROM tier_outcomes WHERE {in_batches(batches['tier_outcomes'])} "
            f"AND {concerned(TABLES['tier_outcomes'], marks)}"
        ).fetchall()
    if "release_clips" in rows:
        [(releases, shards)] = search.cursor.execute(
            "SELECT count(DISTINCT release), count(DISTINCT (release, shard)) FILTER (shard IS NOT NULL) FROM release_clips "
            f"WHERE {concerned(TABLES['release_clips'], marks)}"
        ).fetchall()
    pictures = search.query(
        "SELECT count(*) FROM pages WHERE batch = '' OR batch IN (SELECT unnest(?))", [_touched(batches)]
    )
    counted = {
        "sources": len(marks.videos),
        "clips": rows.get("clips", 0),
        "captions": rows.get("captions", 0),
        "embeddings": rows.get("clip_embeddings", 0),
        "keyframes": rows.get("keyframes", 0),
        "tiers": int(tiers),
        "releases": int(releases),
        "shards": int(shards),
        "pictures": int(pictures.item()),
    }
    return Reach(rows, batches, counted, search.snapshot)


def _naming(search: Search, table: Table, marks: Marks) -> frozenset[str]:
    """The batches of a table of which the names were copied that name the videos."""
    found = search.query(
        f"SELECT DISTINCT batch FROM {table.name} WHERE {concerned(table, marks, among=NAMES[table.name])}"
    )
    search.uncopy(table)
    return frozenset(found["batch"])


def _touched(batches: Mapping[str, tuple[str, ...]]) -> list[str]:
    return sorted(
        {
            b
            for name, found in batches.items()
            if "batch" in (TABLES[name].schema if name in TABLES else ("batch",))
            for b in found
        }
    )


def touched_batches(found: Reach) -> list[str]:
    """The batches in which some table has something of the videos."""
    return _touched(found.batches)
