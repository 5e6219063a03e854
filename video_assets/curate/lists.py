"""Lists of what the lake has: tiers, batches and clips, to be chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from video_assets.curate import sql_files
from video_assets.curate.tiers import Tier, TierError
from video_assets.settings import Settings


def tier_counts(connection: duckdb.DuckDBPyConnection, tiers: Mapping[str, Tier]) -> pl.DataFrame:
    """Of every tier what its present version says: tier, kept, dropped, undecided (clips) and hours (kept, h)."""
    versions = pl.DataFrame(
        [(t.name, t.version) for t in tiers.values()], {"tier": pl.String, "version": pl.String}, orient="row"
    )
    counted = connection.execute(
        "SELECT v.tier, v.version, count(*) FILTER (v.kept) AS kept, count(*) FILTER (NOT v.kept) AS dropped, "
        "count(*) FILTER (v.kept IS NULL) AS undecided, "
        "coalesce(sum(c.duration_s) FILTER (v.kept), 0) / 3600 AS hours "
        "FROM tier_verdicts AS v JOIN clips AS c ON c.batch = v.batch AND c.clip_id = v.clip_id GROUP BY v.tier, v.version"
    ).pl()
    found = versions.join(counted, on=["tier", "version"], how="left", maintain_order="left")
    return found.drop("version").with_columns(pl.exclude("tier").fill_null(0))


def batches(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Every batch, the first taken in first: batch, taken_in (UTC), videos, set_aside (videos), clips and hours (clips', h)."""
    return connection.execute(
        "SELECT s.batch, strftime(any_value(m.made_at), '%Y-%m-%d %H:%M') AS taken_in, count(DISTINCT s.content) AS videos, "
        "coalesce(any_value(v.set_aside), 0) AS set_aside, coalesce(any_value(c.clips), 0) AS clips, "
        "coalesce(any_value(c.hours), 0) AS hours FROM source_files AS s "
        "LEFT JOIN materializations AS m ON m.asset = 'source_files' AND m.batch = s.batch "
        "LEFT JOIN (SELECT batch, count(*) FILTER (reason IS NOT NULL) AS set_aside FROM raw_videos GROUP BY batch) AS v "
        "ON v.batch = s.batch "
        "LEFT JOIN (SELECT batch, count(*) AS clips, sum(duration_s) / 3600 AS hours FROM clips GROUP BY batch) AS c "
        "ON c.batch = s.batch GROUP BY s.batch ORDER BY taken_in, s.batch"
    ).pl()


def clips(
    connection: duckdb.DuckDBPyConnection,
    most: int,
    tier: str | None = None,
    verdict: str | None = None,
    batch: str | None = None,
) -> tuple[pl.DataFrame, int]:
    """Clips by file and time, and how many there are in all.

    Args:
        connection: with the lake in use.
        most: most clips that are given.
        tier: only those on which this tier has decided, with its verdict; None: all, without one.
        verdict: only those with this verdict of the tier's.
        batch: only those of this batch.
    """
    verdicts = (
        "JOIN tier_verdicts AS t ON t.batch = c.batch AND t.clip_id = c.clip_id AND t.tier = $tier" if tier else ""
    )
    wanted = ["TRUE"] + ["c.batch = $batch"] * (batch is not None) + ["t.verdict = $verdict"] * (verdict is not None)
    source = (
        "FROM clips AS c LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id "
        f"{verdicts} WHERE {' AND '.join(wanted)}"
    )
    given = {"tier": tier, "verdict": verdict, "batch": batch}
    parameters: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    [(total,)] = connection.execute(f"SELECT count(*) {source}", parameters).fetchall()
    found = connection.execute(
        f"SELECT c.clip_id, c.start_s, c.end_s, {'t.verdict, ' if tier else ''}v.file_name {source} "
        "ORDER BY v.file_name, c.start_pts, c.clip_id LIMIT $most",
        parameters | {"most": most},
    ).pl()
    return found, int(total)


@dataclass(frozen=True)
class Question:
    """A ready question: its name, its file, and what it asks, as the file's first comment says."""

    name: str
    path: Path
    asks: str


def questions(settings: Settings) -> tuple[dict[str, Question], list[TierError]]:
    """The ready questions by name, and those whose name another has already."""
    files, errors = sql_files.questions(settings)
    found = [Question(f.name, f.path, _asks(f.path.read_text(encoding="utf-8"))) for f in files.values()]
    return {question.name: question for question in sorted(found, key=lambda q: q.name)}, errors


def _asks(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return first.removeprefix("--").strip() if first.startswith("--") else ""
