"""A tier's SELECT over the clips' measurements -> every rule's outcome per clip, decided whole in DuckDB.

All rules TRUE: kept. Any rule FALSE: dropped. Otherwise a rule is NULL, for want of a measurement: undecided. That is
SQL's three-valued AND, so the verdict is the conjunction of the rules and nothing more. Kept in the lake are the
outcomes, a bit per rule; the view ``tier_verdicts`` gives the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import sqlglot

from video_assets.curate.tiers import NOT_NEAR_BENCHMARK, Tier, TierError
from video_assets.lake.schemas import TIER_RULES_HISTORY
from video_assets.lake.sql_text import identifier, quoted

# Decided is by what the lake holds of the parent, whichever of its versions that is: if it is made anew with other verdicts,
# its children are too.
_FILTERED = {"clip_sheet": "clip_sheet", "tier_verdicts": "tier_verdicts_history"}
# Nearly all that is written is ids, and those are hashes, which no compression makes much shorter. Row groups of this size
# stay in a core's cache while they are encoded.
_PARQUET = "FORMAT parquet, COMPRESSION uncompressed, PARQUET_VERSION V2, ROW_GROUP_SIZE 61440"


def outcomes_query(tier: Tier) -> str:
    """Write SQL that gives the columns of ``tier_outcomes`` for every clip of ``clip_sheet``, in no set order.

    The tier's SELECT stands in it as written, with the rule of all tiers before it, and with the batch carried along: no
    second join is needed to find it again.
    """
    of_all = NOT_NEAR_BENCHMARK
    names = [identifier(rule.name) for rule in tier.asked]
    failed = " | ".join(f"CASE {n} WHEN FALSE THEN {1 << i}::BIGINT ELSE 0::BIGINT END" for i, n in enumerate(names))
    unknown = " | ".join(f"CASE WHEN {n} IS NULL THEN {1 << i}::BIGINT ELSE 0::BIGINT END" for i, n in enumerate(names))
    return f"""
SELECT
    batch,
    {_constant(tier.name)} AS tier,
    clip_id,
    {failed} AS failed,
    {unknown} AS unknown,
    {_constant(tier.version)} AS version
FROM (SELECT batch, {of_all.expression} AS {of_all.name},{tier.sql[len("SELECT") :]}
)
"""


def _constant(value: str) -> str:
    """A text as SQL that DuckDB writes to Parquet as a number per row: it hashes a plain text for every row."""
    return f"{quoted(value)}::ENUM({quoted(value)})"


class Decided(NamedTuple):
    """What a tier says of a batch's clips."""

    clips: int
    content: str
    """Hash of the outcomes, the same in whatever order they are."""
    kept: int
    undecided: int
    kept_seconds: float
    """Duration of the clips that are kept, in s."""


def write_outcomes(
    connection: duckdb.DuckDBPyConnection, tier: Tier, batches: Sequence[str], path: Path
) -> dict[str, Decided]:
    """Decide a tier on the clips of these batches, from the lake's files to a Parquet file without a detour.

    The parent's verdicts on these batches must be in the lake; a clip that the parent has not seen is undecided.

    Args:
        connection: with the lake in use.
        tier: the tier.
        batches: the batches.
        path: file to write, with the columns of ``tier_outcomes``, its rows in no set order.

    Returns:
        Of each batch that has any clip, what it says.

    Raises:
        TierError: a rule reads an unknown column, is not boolean, or fails on a value that it meets.
    """
    with only_batches(connection, batches), _in_any_order(connection):
        return decided_now(connection, tier, path)


def decided_now(connection: duckdb.DuckDBPyConnection, tier: Tier, path: Path) -> dict[str, Decided]:
    """The same on all clips that ``clip_sheet`` names on the connection."""
    check_rules(connection, tier)
    try:
        connection.execute(f"COPY ({outcomes_query(tier)}) TO {quoted(str(path))} ({_PARQUET})")
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        raise failing_on_values(connection, tier, error) from error
    rows = connection.execute(_DECIDED, {"path": str(path)}).fetchall()
    return {batch: Decided(*numbers) for batch, *numbers in rows}


# Durations are looked up for the kept clips alone, which are the few. Threads add them up in any order, which shows in the
# last digits.
_DECIDED = """
SELECT o.batch, o.clips, o.content, o.kept, o.undecided, coalesce(s.seconds, 0)
FROM (
    SELECT
        batch,
        count(*) AS clips,
        printf('%016x', bit_xor(hash(clip_id, failed, unknown))) AS content,
        count(*) FILTER (failed = 0 AND unknown = 0) AS kept,
        count(*) FILTER (failed = 0 AND unknown <> 0) AS undecided
    FROM read_parquet($path)
    GROUP BY batch
) AS o
LEFT JOIN (
    SELECT k.batch, round(sum(c.duration_s), 6) AS seconds
    FROM clip_sheet AS c
    JOIN (SELECT batch, clip_id FROM read_parquet($path) WHERE failed = 0 AND unknown = 0) AS k
        ON k.batch = c.batch AND k.clip_id = c.clip_id
    GROUP BY k.batch
) AS s ON s.batch = o.batch
"""


@contextmanager
def _in_any_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB's threads write what they have read without waiting for one another: a fifth of the time.

    The setting is that of all connections of the process; what needs an order says ORDER BY.
    """
    connection.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        connection.execute("RESET preserve_insertion_order")


def rules_of(tier: Tier) -> pl.DataFrame:
    """The tier's rows of ``tier_rules_history``."""
    rows = [
        {"number": n, "rule": r.name, "expression": r.expression, "source": r.source}
        for n, r in enumerate(tier.asked, 1)
    ]
    return TIER_RULES_HISTORY.frame(rows, batch="", tier=tier.name, version=tier.version)


@contextmanager
def only_batches(
    connection: duckdb.DuckDBPyConnection, batches: Sequence[str], sheet: str | None = None, verdicts: str | None = None
) -> Iterator[None]:
    """Let ``clip_sheet`` and ``tier_verdicts`` name the rows of these batches alone, on this connection.

    ``sheet`` is a query that takes the place of ``clip_sheet``, and ``verdicts`` one that takes that of ``tier_verdicts``.

    Temporary views come first when DuckDB looks up a name, so that a tier's text runs unchanged. A single batch is
    compared with ``=``, which DuckDB passes on to both sides of the sheet's joins, so that files of other batches are
    not opened.
    """
    lake = schema_in_use(connection)
    given = {"clip_sheet": sheet, "tier_verdicts": verdicts}
    wanted = ", ".join(quoted(b) for b in batches)
    where = "FALSE" if not batches else f"batch = {wanted}" if len(batches) == 1 else f"batch IN ({wanted})"
    try:
        for name, held in _FILTERED.items():
            source = f"({given[name]})" if given[name] else f"{lake}.{held}"
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
    for rule, kind in zip(tier.rules, types_of(connection, tier, "tier"), strict=True):
        if kind != "BOOLEAN":
            what = f"The rule {rule.name} is {kind} and not BOOLEAN."
            raise TierError(tier.path, rule.line, what, "Compare it with the value at which a clip passes.")


def types_of(connection: duckdb.DuckDBPyConnection, file: Tier, kind: str) -> list[str]:
    """DuckDB's types of the columns after ``clip_id``; reads no rows.

    Args:
        connection: with tables of the lake's names and columns.
        file: a tier's file, or one that has its form.
        kind: what it is called.

    Raises:
        TierError: DuckDB refuses the SELECT, with the line of the file.
    """
    try:
        columns = connection.execute(f"DESCRIBE {file.sql}").fetchall()
    except duckdb.Error as error:
        found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
        candidates = re.search(r"^Candidate bindings: (.*)$", str(error), re.MULTILINE)
        line = file.line + int(found[1]) - 1 if found else _guilty(connection, file, "DESCRIBE FROM")
        macros = ", and sql/macros.sql what draws are made of" if kind == "draw" else ""
        listed = f"DESCRIBE clip_sheet lists the columns there are{macros}."
        mend = f"Near in name: {candidates[1]}." if candidates else listed
        raise TierError(file.path, line, f"DuckDB refuses the {kind}: {first_line(error)}.", mend) from error
    return [str(column[1]) for column in columns[1:]]


def check_on_nothing(connection: duckdb.DuckDBPyConnection, file: Tier) -> None:
    """See that the SELECT can be run on what the connection's tables hold: a clip of which nothing is known.

    Raises:
        TierError: it fails whatever is measured, as a date that is none does.
    """
    try:
        connection.execute(f"FROM ({file.sql}\n)").fetchall()
    except duckdb.Error as error:
        raise _failing(connection, file, f"A rule fails on every clip: {first_line(error)}.") from error


def failing_on_values(connection: duckdb.DuckDBPyConnection, tier: Tier, error: duckdb.Error) -> TierError:
    """What to say of a tier that has failed on the rows that the connection gives."""
    return _failing(connection, tier, f"A rule fails on a value that it meets: {first_line(error)}.")


def _failing(connection: duckdb.DuckDBPyConnection, file: Tier, what: str) -> TierError:
    line = _guilty(connection, file, "SELECT count(said) FROM")
    return TierError(file.path, line, what, "Make it NULL there, with TRY_CAST for one.")


def _guilty(connection: duckdb.DuckDBPyConnection, file: Tier, asking: str) -> int:
    """The line of the first column on which alone DuckDB fails; that of the SELECT when it fails on none."""
    for column in file.rules:
        try:
            connection.execute(f"{asking} (SELECT {column.expression}\nAS said {source_of(file)})").fetchall()
        except duckdb.Error:
            return column.line
    return file.line


def source_of(tier: Tier) -> str:
    """The tier's FROM, with its alias."""
    found = sqlglot.parse_one(tier.sql, read="duckdb").args["from_"]
    return str(found.sql(dialect="duckdb"))


def first_line(error: Exception) -> str:
    """What DuckDB says, to be put in a sentence."""
    return str(error).splitlines()[0].removesuffix(".").removesuffix("!")
