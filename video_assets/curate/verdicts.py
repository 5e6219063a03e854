"""A tier's SELECT over the clips' measurements -> a verdict per clip, decided whole in DuckDB.

All rules TRUE: kept. Any rule FALSE: dropped. Otherwise a rule is NULL, for want of a measurement: undecided. That is
SQL's three-valued AND, so the verdict is the conjunction of the rules and nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from video_assets.curate.tiers import NOT_NEAR_BENCHMARK, Tier, TierError
from video_assets.lake.schemas import TIER_RULES

_FILTERED = ("clip_sheet", "tier_verdicts")
# Half of what is written is ids, and those are hashes: neither Zstandard nor a dictionary makes them shorter, and each
# doubles the time.
_PARQUET = "FORMAT parquet, COMPRESSION lz4, PARQUET_VERSION V2"


def verdict_query(tier: Tier) -> str:
    """Write SQL that gives the columns of ``tier_verdicts`` for every clip of ``clip_sheet``, in no set order.

    The tier's SELECT stands in it as written, with the rule of all tiers before it, and with the batch carried along: no
    second join is needed to find it again.
    """
    rules, of_all = tier.asked, NOT_NEAR_BENCHMARK
    names = [identifier(r.name) for r in rules]
    false_first = " ".join(f"WHEN NOT {n} THEN {quoted(r.name)}" for n, r in zip(names, rules, strict=True))
    null_first = " ".join(f"WHEN {n} IS NULL THEN {quoted(r.name)}" for n, r in zip(names, rules, strict=True))
    kept = " AND ".join(names)
    return f"""
WITH outcomes AS (
SELECT batch, {of_all.expression} AS {of_all.name},{tier.sql[len("SELECT") :]}
)
SELECT
    batch,
    {quoted(tier.name)} AS tier,
    clip_id,
    {kept} AS kept,
    CASE WHEN {kept} THEN 'kept' WHEN NOT ({kept}) THEN 'dropped' ELSE 'undecided' END AS verdict,
    CASE {false_first} {null_first} END AS decided_by,
    [{", ".join(names)}] AS passed,
    {quoted(tier.version)} AS version
FROM outcomes
"""


def write_verdicts(
    connection: duckdb.DuckDBPyConnection, tier: Tier, batches: Sequence[str], path: Path
) -> dict[str, tuple[int, str]]:
    """Decide a tier on the clips of these batches, from the lake's files to a Parquet file without a detour.

    The parent's verdicts on these batches must be in the lake; a clip that the parent has not seen is undecided.

    Args:
        connection: with the lake in use.
        tier: the tier.
        batches: the batches.
        path: file to write, with the columns of ``tier_verdicts``, each batch's rows in one piece.

    Returns:
        Of each batch that has any clip, how many, and a hash of the verdicts, the same in whatever order they are.

    Raises:
        TierError: a rule reads an unknown column, is not boolean, or fails on a value that it meets.
    """
    check_rules(connection, tier)
    with only_batches(connection, batches):
        try:
            connection.execute(f"COPY ({verdict_query(tier)}) TO {quoted(str(path))} ({_PARQUET})")
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            what = f"A rule fails on a value that it meets: {first_line(error)}."
            raise TierError(tier.path, tier.line, what, "Make it NULL there, with TRY_CAST for one.") from error
    rows = connection.execute(
        "SELECT batch, count(*), md5(sum(hash(clip_id, kept, decided_by, passed)::HUGEINT)::VARCHAR)[:16] "
        "FROM read_parquet(?) GROUP BY batch",
        [str(path)],
    ).fetchall()
    return {batch: (clips, content) for batch, clips, content in rows}


def rules_of(tier: Tier) -> pl.DataFrame:
    """The tier's rows of ``tier_rules``."""
    rows = [
        {"number": n, "rule": r.name, "expression": r.expression, "source": r.source}
        for n, r in enumerate(tier.asked, 1)
    ]
    return TIER_RULES.frame(rows, batch="", tier=tier.name, version=tier.version)


@contextmanager
def only_batches(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[str], sheet: str | None = None
) -> Iterator[None]:
    """Let ``clip_sheet`` and ``tier_verdicts`` name the rows of these batches alone, on this connection.

    ``sheet`` is a query that takes the place of ``clip_sheet``.

    Temporary views come first when DuckDB looks up a name, so that a tier's text runs unchanged. A single batch is
    compared with ``=``, which DuckDB passes on to both sides of the sheet's joins, so that files of other batches are
    not opened.
    """
    lake = schema_in_use(connection)
    wanted = ", ".join(quoted(b) for b in batches)
    where = "FALSE" if not batches else f"batch = {wanted}" if len(batches) == 1 else f"batch IN ({wanted})"
    try:
        for name in _FILTERED:
            source = f"({sheet})" if sheet and name == "clip_sheet" else f"{lake}.{name}"
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {source} WHERE {where}")
        yield
    finally:
        for name in _FILTERED:
            connection.execute(f"DROP VIEW IF EXISTS temp.{name}")


def schema_in_use(connection: duckdb.DuckDBPyConnection) -> str:
    """The catalog and schema in which a plain name is looked up, for use before a table's name."""
    [names] = connection.execute("SELECT current_database(), current_schema()").fetchall()
    return ".".join(map(identifier, names))


def check_rules(connection: duckdb.DuckDBPyConnection, tier: Tier) -> None:
    """See that DuckDB can run the tier's SELECT on this lake and that every rule is boolean; reads no rows.

    Raises:
        TierError: it cannot, with the line of the file.
    """
    try:
        columns = connection.execute(f"DESCRIBE {tier.sql}").fetchall()
    except (duckdb.ProgrammingError, duckdb.NotSupportedError) as error:
        found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
        candidates = re.search(r"^Candidate bindings: (.*)$", str(error), re.MULTILINE)
        line = tier.line + int(found[1]) - 1 if found else tier.line
        mend = f"Near in name: {candidates[1]}." if candidates else "DESCRIBE clip_sheet lists the columns there are."
        raise TierError(tier.path, line, f"DuckDB refuses the tier: {first_line(error)}.", mend) from error
    for rule, (_, kind, *_) in zip(tier.rules, columns[1:], strict=True):
        if kind != "BOOLEAN":
            what = f"The rule {rule.name} is {kind} and not BOOLEAN."
            raise TierError(tier.path, rule.line, what, "Compare it with the value at which a clip passes.")


def first_line(error: Exception) -> str:
    """What DuckDB says, to be put in a sentence."""
    return str(error).splitlines()[0].removesuffix(".").removesuffix("!")


def quoted(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'
