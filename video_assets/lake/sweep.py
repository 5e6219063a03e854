"""Removing what nobody can read any more: files of versions that have had their time, and what killed runs left behind.

Nothing else deletes: a commit replaces a batch by reference and leaves the old file for readers of older versions.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from video_assets.lake import catalog
from video_assets.lake.kept import SPOOL, left_on_s3
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import (
    DRAWS_HISTORY,
    MATERIALIZATIONS,
    PAGES,
    RELEASES,
    TIER_FILES,
    TIER_OUTCOMES,
    TIER_RULES_HISTORY,
)
from video_assets.lake.tier_files import GONE
from video_assets.scorers.judge import NAME as JUDGE

LEAST_AGE = timedelta(days=1)


@dataclass(frozen=True)
class Swept:
    """What was removed, or would be."""

    snapshots: int
    """Versions of the lake that can no longer be read."""
    replaced: tuple[str, ...]
    """Files that only those versions had."""
    orphans: tuple[str, ...]
    """Files that no version ever had: their commit did not come to pass."""
    pictures: tuple[str, ...]
    """Pictures that no page shows any more, by their paths from the lake's root on."""
    leftovers: tuple[Path, ...]
    """Temporary files, decoded videos of other versions, and answers of captioners and of the judge, in local scratch space."""
    gone: tuple[str, ...]
    """Tiers and draws without a file, as the ledger names them: what they said and the ledger's entries of them."""


def sweep(lake: Lake, decoded_version: str, now: datetime, *, older_than: timedelta, dry_run: bool = False) -> Swept:
    """Forget the lake's versions from before ``now - older_than``, and remove what is then of no use.

    What tiers and draws said whose file has been gone for that long is taken out of the tables; older versions of the lake
    have it until they are forgotten in turn.

    The newest version stays, however old, and so do those from which releases were frozen. Files that no version has, pictures that no page has, and scratch space must
    also be that old, because a run at work writes files before it commits them.

    Args:
        lake: the lake.
        decoded_version: version of the decode; finished videos of it wait for their batch and stay.
        now: the clock, with a time zone.
        older_than: at least ``LEAST_AGE``.
        dry_run: remove nothing.

    Raises:
        ValueError: ``older_than`` is too short, more files would go as unknown than the lake knows, or every picture, or no
            tier has a file.
    """
    if older_than < LEAST_AGE:
        raise ValueError(f"Sweeping what is younger than {LEAST_AGE} could take files from a run at work; wait longer.")
    before = now - older_than
    leftovers = tuple(_leftovers(lake, decoded_version, before))
    gone = tuple(_gone(lake, before))
    written = lake.files.listed(PAGES.name)
    with lake.cursor() as cursor, catalog.commit_lock(lake.settings.lake):

        def call(function: str, **options: object) -> list[str]:
            given = "".join(f", {name} => ${name}" for name in options)
            rows = cursor.execute(f"CALL {function}('{catalog.NAME}'{given})", options).fetchall()
            return [str(row[0]) for row in rows]

        cursor.execute("BEGIN")
        try:
            merged = call("ducklake_cleanup_old_files", cleanup_all=True, dry_run=True)
            young = set(merged) - set(call("ducklake_cleanup_old_files", older_than=now - LEAST_AGE, dry_run=True))
            # What was merged a moment ago may be read still; then what goes now waits with it.
            when = {"older_than": now - LEAST_AGE} if young else {"cleanup_all": True}
            versions = [version for (version,) in cursor.execute(_OLD, {"before": before}).fetchall()]
            snapshots = call("ducklake_expire_snapshots", versions=versions) if versions else []
            replaced = call("ducklake_cleanup_old_files", **when, dry_run=True)
            orphans = call("ducklake_delete_orphaned_files", older_than=before, dry_run=True)
            _guard(cursor.execute(_KNOWN).fetchone(), orphans)
            shown = {path for (path,) in cursor.execute("SELECT path FROM pages").fetchall()}
            pictures = _not_shown(written, shown, before)
            cursor.execute("ROLLBACK" if dry_run else "COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        if not dry_run:
            _take_out(cursor, gone)
            call("ducklake_cleanup_old_files", **when)
            call("ducklake_delete_orphaned_files", older_than=before)
            lake.files.remove(pictures)
    if not dry_run:
        if lake.settings.lake.on_s3:
            lake.files.remove(left_on_s3(lake.files, before, decoded_version))
        for path in leftovers:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return Swept(len(snapshots), tuple(replaced), tuple(orphans), pictures, leftovers, gone)


# A release may be asked what was there when it was frozen: its version stays, with its files.
_OLD = f"""
SELECT snapshot_id FROM ducklake_snapshots('{catalog.NAME}')
WHERE snapshot_time < $before AND snapshot_id NOT IN (SELECT snapshot FROM {RELEASES.name} WHERE snapshot IS NOT NULL)
    AND snapshot_id < (SELECT max(snapshot_id) FROM ducklake_snapshots('{catalog.NAME}'))
ORDER BY snapshot_id
"""
_KNOWN = f"SELECT coalesce(sum(file_count + delete_file_count), 0) FROM ducklake_table_info('{catalog.NAME}')"


def _guard(known: tuple[int] | None, orphans: list[str]) -> None:
    """Refuse to clear out a lake whose catalog was lost or restored from long ago."""
    files = known[0] if known else 0
    if len(orphans) > files:
        raise ValueError(
            f"{len(orphans)} files under data/, such as {orphans[0]}, are unknown to a catalog that knows {files}. "
            "Is it the right catalog? Nothing was removed; move these files away by hand if they are of no use."
        )


def _gone(lake: Lake, before: datetime) -> list[str]:
    """The assets of tiers and draws that have had no file since then.

    Raises:
        ValueError: no tier has a file; then the folder of tiers is missing, and not the tiers.
    """
    files = lake.query(
        f"SELECT kind, tier, state, since < ? AS for_long FROM {TIER_FILES.name} ORDER BY kind, tier", [before]
    )
    gone = files.filter((pl.col("state") == GONE) & pl.col("for_long"))
    if gone.height and files.filter((pl.col("kind") == "tier") & (pl.col("state") != GONE)).is_empty():
        raise ValueError(
            "No tier has a file: is it the right folder (sql_dir, own_sql)? Nothing was removed; a tier's file brings back what "
            "was decided by it."
        )
    return [f"{kind}s/{tier}" for kind, tier, *_ in gone.iter_rows()]


def _take_out(cursor: duckdb.DuckDBPyConnection, gone: Sequence[str]) -> None:
    """Remove what tiers and draws without a file said, their entries in the ledger, and rules by which nothing is decided."""
    unused = (
        f"NOT EXISTS (FROM {TIER_OUTCOMES.name} AS o WHERE o.tier = r.tier AND o.version = r.version) "
        f"AND NOT EXISTS (FROM {TIER_FILES.name} AS f WHERE f.kind = 'tier' AND f.tier = r.tier AND f.version = r.version)"
    )
    cursor.execute("BEGIN")
    try:
        for kind, table in (("tier", TIER_OUTCOMES), ("draw", DRAWS_HISTORY)):
            of_kind = [asset.partition("/")[2] for asset in gone if asset.startswith(f"{kind}s/")]
            cursor.execute(f"DELETE FROM {table.name} WHERE tier IN (SELECT unnest(?))", [of_kind])
            cursor.execute(
                f"DELETE FROM {TIER_FILES.name} WHERE kind = ? AND tier IN (SELECT unnest(?))", [kind, of_kind]
            )
        for table in (MATERIALIZATIONS, PAGES):
            cursor.execute(f"DELETE FROM {table.name} WHERE asset IN (SELECT unnest(?))", [list(gone)])
        cursor.execute(f"DELETE FROM {TIER_RULES_HISTORY.name} AS r WHERE {unused}")
        cursor.execute("COMMIT")
    except BaseException:
        cursor.execute("ROLLBACK")
        raise


def _not_shown(written: Mapping[str, datetime], shown: Set[str], before: datetime) -> tuple[str, ...]:
    """The old pictures that no page shows; where none at all is known, the catalog is not believed."""
    gone = tuple(sorted(path for path, when in written.items() if path not in shown and when < before))
    if gone and not shown & set(written):
        raise ValueError(
            f"{len(gone)} pictures, such as {gone[0]}, and all others are unknown to the catalog. Is it the right catalog? "
            "Nothing was removed; move them away by hand if they are of no use."
        )
    return gone


def _leftovers(lake: Lake, decoded_version: str, before: datetime) -> Iterator[Path]:
    places, scratch = lake.settings.lake, lake.settings.lake.scratch_path
    candidates = [*scratch.glob(".tmp-*")]
    candidates += [p for p in scratch.glob("decoded/*") if p.name != decoded_version]
    candidates += [*scratch.glob("captions/*"), *scratch.glob(f"{JUDGE}/*"), *scratch.glob(f"{SPOOL}/*")]
    if not places.on_s3:
        candidates += (p for folder in ("data", PAGES.name) for p in Path(places.root, folder).rglob(".tmp-*"))
    else:
        candidates += scratch.glob(f"{PAGES.name}/*")
    for path in candidates:
        if datetime.fromtimestamp(_last_touched(path), UTC) < before:
            yield path


def _last_touched(path: Path) -> float:
    """When a file, or anything in a folder, was last modified, in s since 1970."""
    inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return max(p.stat().st_mtime for p in (path, *inside))
