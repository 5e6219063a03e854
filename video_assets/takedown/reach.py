"""What a takedown reaches: rows are found in every table by what stands in them, not by a list of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import TABLES, Table
from video_assets.lake.sheet import SHEET
from video_assets.lake.sql_text import quoted
from video_assets.takedown.marks import Marks, in_batches

# The ledger has keys and hashes of content alone; the others are the takedowns' own.
_WITHOUT = frozenset({"materializations", "takedowns", "tombstones", "tombstone_clips"})
# Tables in which a row of one batch may name footage of another. Any other's rows are of its batch's own videos.
_ACROSS = frozenset(
    {
        "source_files", "raw_videos", "near_duplicates", "duplicate_groups", "contamination", "caption_findings",
        "failed_attempts", "pages",
    }
)  # fmt: skip
# Sentences in which a file may be named.
_SENTENCES = frozenset({"message"})
_FEW = 500


@dataclass(frozen=True)
class Reach:
    """What is reached.

    Attributes:
        rows: rows by table, of tables that have any.
        batches: of each such table, its partitions that have any.
        counts: how many sources, clips, captions, embeddings, keyframes, tiers, releases and shards, and pictures of pages.
    """

    rows: Mapping[str, int]
    batches: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]


def partition(table: Table) -> str:
    """The column by which a table's rows are replaced."""
    return "batch" if "batch" in table.schema else table.key[0]


def searched(sheet: Table) -> dict[str, Table]:
    """The tables that may have something of a video, with the sheet."""
    return {t.name: t for t in (*TABLES.values(), sheet) if t.name not in _WITHOUT}


@contextmanager
def looking(lake: Lake, marks: Marks) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor on the lake on which :func:`concerned` can be asked."""
    ids = pl.DataFrame({"id": sorted(marks.ids)}, schema={"id": pl.String})
    names = pl.DataFrame({"name": sorted(marks.names - marks.short)}, schema={"name": pl.String})
    with lake.cursor() as cursor:
        cursor.register("taken_ids", ids.to_arrow(compat_level=pl.CompatLevel.oldest()))
        cursor.register("taken_names", names.to_arrow(compat_level=pl.CompatLevel.oldest()))
        yield cursor


def concerned(table: Table, marks: Marks, *, own: bool = False) -> str:
    """SQL that is true of a row in which something stands of the videos.

    Args:
        table: the table.
        marks: what :func:`looking` was opened with.
        own: of rows that are theirs alone, and not of another clip's row that names one of theirs.
    """
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String() and name != partition(table)]
    if own:
        texts = [name for name in texts if name in ("clip_id", "video_id")]
    # Each subquery is a join of its own: of a few ids a list is read in a tenth of the time.
    few = len(marks.ids) <= _FEW
    ids = (", ".join(map(quoted, sorted(marks.ids))) or "NULL") if few else "SELECT id FROM taken_ids"
    whole = [f'coalesce("{name}" IN ({ids}), FALSE)' for name in texts]
    inside = [
        f'coalesce(EXISTS (SELECT 1 FROM taken_names AS n WHERE contains("{name}", n.name)), FALSE)'
        for name in texts
        if name in _SENTENCES
    ]
    return f"({' OR '.join([*whole, *inside]) or 'FALSE'})"


def rows_in(
    cursor: duckdb.DuckDBPyConnection, marks: Marks, tables: Mapping[str, Table], *, everywhere: bool = False
) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    """Rows by table, and of each such table the partitions that have any.

    Args:
        cursor: of :func:`looking`.
        marks: what is looked for.
        tables: where.
        everywhere: in every batch of every table; else in the videos' own where a table's rows name no others.
    """
    rows: dict[str, int] = {}
    batches: dict[str, tuple[str, ...]] = {}
    filled = _filled(cursor)
    for name, table in tables.items():
        if name not in filled and not table.in_catalog:
            continue
        where = "TRUE" if everywhere else _where(name, table, marks, batches)
        found = cursor.execute(
            f'SELECT "{partition(table)}", count(*) FROM {name} WHERE {where} AND {concerned(table, marks)} GROUP BY 1 ORDER BY 1'
        ).fetchall()
        if found:
            rows[name], batches[name] = sum(count for _, count in found), tuple(str(batch) for batch, _ in found)
    return rows, batches


def _filled(cursor: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables that have a file."""
    found = cursor.execute(
        f"SELECT table_name FROM ducklake_table_info('{catalog.NAME}') WHERE file_count > 0"
    ).fetchall()
    return {name for (name,) in found}


def _where(name: str, table: Table, marks: Marks, batches: Mapping[str, Sequence[str]]) -> str:
    """A condition that holds of all rows in which anything may stand of the videos."""
    if name == SHEET:  # of other batches it has what these tables say
        return in_batches({*marks.batches, *batches.get("duplicate_groups", ()), *batches.get("contamination", ())})
    return "TRUE" if name in _ACROSS or partition(table) != "batch" else in_batches(marks.batches)


def reach(lake: Lake, marks: Marks, sheet: Table) -> Reach:
    """Count what a takedown of these videos reaches; nothing is changed."""
    with looking(lake, marks) as cursor:
        rows, batches = rows_in(cursor, marks, searched(sheet))
        [(tiers,)] = cursor.execute(
            f"SELECT count(DISTINCT tier) FROM tier_outcomes WHERE {in_batches(batches.get('tier_outcomes', ()))} "
            f"AND {concerned(TABLES['tier_outcomes'], marks)}"
        ).fetchall()
        [(releases, shards)] = cursor.execute(
            "SELECT count(DISTINCT release), count(DISTINCT (release, shard)) FILTER (shard IS NOT NULL) FROM release_clips "
            f"WHERE {concerned(TABLES['release_clips'], marks)}"
        ).fetchall()
    pictures = lake.query(
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
    return Reach(rows, batches, counted)


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
