"""What would another rule gain and lose? Answered from the measurements that are there; nothing is measured or written.

A tier is asked as it is and as it might be in one look at the sheet. Its descendants are asked, in turn, about the clips on
which their parent changes its verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import sqlglot
from sqlglot import exp

from video_assets.curate.tiers import NOT_NEAR_BENCHMARK, Tier, TierError, read_tier
from video_assets.curate.verdicts import check_rules, first_line, schema_in_use, source_of
from video_assets.lake.sql_text import identifier, quoted
from video_assets.settings.reading import did_you_mean

_BEFORE, _AFTER = "verdicts_before", "verdicts_after"
_BORDER_BATCHES = 16  # Most batches of which clips at the border are shown: only their files are read again.


@dataclass(frozen=True)
class WhatIf:
    """What a change would do.

    Attributes:
        tiers: Per tier, the changed one first and then its descendants: tier, kept_before, kept_after, clips_gained,
            hours_gained, clips_lost, hours_lost (h), undecided_before, undecided_after.
        sources: Per tier and holder of the rights, those with a change alone: tier, holder, clips_gained, hours_gained,
            clips_lost, hours_lost.
        licences: The same per tier and licence.
        border: The changed tier's clips that change sides, with their batch, clip_id, video_id, start_pts, end_pts, file_name,
            ``change`` (gained or lost), and ``value`` of the changed rule's first number, by which they are ordered.
    """

    tiers: pl.DataFrame
    sources: pl.DataFrame
    licences: pl.DataFrame
    border: pl.DataFrame


def edited(tier: Tier, expressions: Mapping[str, str]) -> Tier:
    """The tier with other expressions in place of some rules'.

    Raises:
        TierError: there is no such rule, or an expression does not make a rule.
    """
    rules = {rule.name.lower(): rule for rule in tier.rules}
    for name in expressions:
        if name.lower() == NOT_NEAR_BENCHMARK.name:
            what = f"{name} is the rule of all tiers, which no file has and no what-if changes."
            raise TierError(
                tier.path, tier.line, what, "sql/explore/contaminated.sql lists the clips that it keeps out."
            )
        if name.lower() not in rules:
            names = [rule.name for rule in tier.rules]
            mend = f"{did_you_mean(name, names)} Its rules are {', '.join(names)}.".strip()
            raise TierError(tier.path, tier.line, f"The tier has no rule {name}.", mend)
    text = tier.text
    # From the last to the first, so that the earlier ones' places stay.
    for name, expression in sorted(expressions.items(), key=lambda e: -rules[e[0].lower()].span[0]):
        rule = rules[name.lower()]
        start, end = rule.span
        text = f"{text[:start]}{expression} AS {identifier(rule.name)}{text[end:]}"
    made = read_tier(tier.name, tier.path, text)
    if [r.name for r in made.rules] != [r.name for r in tier.rules]:
        what = f"What is set is more than an expression: {'; '.join(expressions.values())}."
        raise TierError(tier.path, tier.line, what, "Give the rule's new condition alone, such as vmaf_motion > 1.5.")
    return made


def what_if(
    connection: duckdb.DuckDBPyConnection, tier: Tier, other: Tier, tiers: Mapping[str, Tier], most: int = 200
) -> WhatIf:
    """Compare a tier with what it might be, on every clip of ``clip_sheet``.

    What the tiers below it keep and leave open before is counted from the verdicts that the lake holds.

    Args:
        connection: with the lake in use; it may be read-only.
        tier: as it is.
        other: as it might be; see :func:`edited`.
        tiers: all tiers: those below the changed one are asked too.
        most: most clips in ``border``; of more an even share, from at most 16 batches.

    Raises:
        TierError: DuckDB refuses a rule, or it is not boolean, or fails on a value that it meets.
    """
    with _no_changes_yet(connection):
        check_rules(connection, other)
        counts = {tier.name: _compare(connection, tier, other)}
        for below in descendants(tier.name, tiers):
            check_rules(connection, below)
            counts[below.name] = _follow(connection, below)
        return WhatIf(
            _totals(connection, counts),
            _by(connection, "holder"),
            _by(connection, "licence"),
            _border(connection, tier, other, most),
        )


def descendants(name: str, tiers: Mapping[str, Tier]) -> list[Tier]:
    """The tiers below one, parents before children."""
    found: list[Tier] = []
    above = {name}
    for tier in tiers.values():  # load_tiers gives parents first
        if tier.parent in above:
            above.add(tier.name)
            found.append(tier)
    return found


Counts = tuple[int, int]
"""How many clips a tier keeps, and on how many it is undecided."""


@contextmanager
def _no_changes_yet(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Give ``changes``, for the clips whose verdict changes, and the verdicts on them before and after, as views."""
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE changes (tier VARCHAR, batch VARCHAR, clip_id VARCHAR, duration_s DOUBLE, "
            "holder VARCHAR, licence VARCHAR, kept_before BOOLEAN, kept_after BOOLEAN)"
        )
        for name, side in ((_BEFORE, "kept_before"), (_AFTER, "kept_after")):
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT tier, batch, clip_id, {side} AS kept FROM changes"
            )
        yield
    finally:
        for name in (_BEFORE, _AFTER):
            connection.execute(f"DROP VIEW IF EXISTS temp.{name}")
        connection.execute("DROP TABLE IF EXISTS temp.changes")


def _compare(connection: duckdb.DuckDBPyConnection, before: Tier, after: Tier) -> Counts:
    """Note the clips on which a tier changes its verdict, and count its verdicts before, in one look at the sheet."""
    if (source := source_of(before)) != source_of(after):
        mend = f"Write {source}, as the tier has it."
        raise TierError(after.path, after.line, f"The changed tier reads {source_of(after)}.", mend)
    asked = (
        f"SELECT batch, clip_id, duration_s, holder, licence, {_kept(before)} AS kept_before, {_kept(after)} AS kept_after "
        f"{source}"
    )
    sides = "kept_before, kept_after, count(*) AS clips"
    # Each side's changed clips travel as one list, so that the rules are computed once for the counts and for the clips.
    fields = ", ".join(f"{name} := {name}" for name in ("batch", "clip_id", "duration_s", "holder", "licence"))
    moved = f"list(struct_pack({fields})) FILTER (kept_before IS DISTINCT FROM kept_after) AS moved"
    with _failing_as(after), _dropped_after(connection, "TABLE", "sides"):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE sides AS SELECT {sides}, {moved} FROM ({asked}) GROUP BY ALL")
        connection.execute(
            f"INSERT INTO changes BY NAME SELECT {quoted(after.name)} AS tier, unnest(moved, max_depth := 2), kept_before, "
            "kept_after FROM sides"
        )
        counted = "coalesce(sum(clips) FILTER (kept_before), 0), coalesce(sum(clips) FILTER (kept_before IS NULL), 0)"
        [(kept, undecided)] = connection.execute(f"SELECT {counted} FROM sides").fetchall()
    return int(kept), int(undecided)


@contextmanager
def _failing_as(tier: Tier) -> Iterator[None]:
    """Say of a rule that fails on a value which tier it stands in."""
    try:
        yield
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        what = f"A rule fails on a value that it meets: {first_line(error)}."
        raise TierError(tier.path, tier.line, what, "Make it NULL there, with TRY_CAST for one.") from error


@contextmanager
def _dropped_after(connection: duckdb.DuckDBPyConnection, kind: str, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        connection.execute(f"DROP {kind} IF EXISTS temp.{name}")


def _follow(connection: duckdb.DuckDBPyConnection, tier: Tier) -> Counts:
    """Note the clips on which a tier changes its verdict because its parent does; count the verdicts that the lake holds.

    The rules are the same, so that no other clip's verdict can change.
    """
    lake = schema_in_use(connection)
    # A temporary view comes first when DuckDB looks up a name.
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW clip_sheet AS SELECT s.* FROM {lake}.clip_sheet AS s SEMI JOIN changes AS p "
        f"ON p.tier = {quoted(str(tier.parent))} AND p.batch = s.batch AND p.clip_id = s.clip_id"
    )
    with _failing_as(tier), _dropped_after(connection, "VIEW", "clip_sheet"):
        connection.execute(
            f"INSERT INTO changes BY NAME SELECT * FROM (SELECT {quoted(tier.name)} AS tier, batch, clip_id, duration_s, "
            f"holder, licence, {_kept(tier, _BEFORE)} AS kept_before, {_kept(tier, _AFTER)} AS kept_after {source_of(tier)}) "
            "WHERE kept_before IS DISTINCT FROM kept_after"
        )
    [(kept, undecided)] = connection.execute(
        f"SELECT count(*) FILTER (kept), count(*) FILTER (kept IS NULL) FROM {lake}.tier_verdicts WHERE tier = ?",
        [tier.name],
    ).fetchall()
    return int(kept), int(undecided)


def _kept(tier: Tier, verdicts: str = "tier_verdicts") -> str:
    """The conjunction of a tier's rules, which read the parent's verdicts from ``verdicts``."""
    rules = (re.sub(r"\btier_verdicts\b", verdicts, rule.expression) for rule in tier.asked)
    # A line of its own, for an expression may end in a comment.
    return " AND ".join(f"({rule}\n)" for rule in rules)


_SIDES = """
    count(*) FILTER (kept_after) AS clips_gained,
    coalesce(sum(duration_s) FILTER (kept_after), 0) / 3600 AS hours_gained,
    count(*) FILTER (kept_before) AS clips_lost,
    coalesce(sum(duration_s) FILTER (kept_before), 0) / 3600 AS hours_lost
"""
_MOVED = "(SELECT * FROM changes WHERE (kept_before IS TRUE) <> (kept_after IS TRUE))"


def _totals(connection: duckdb.DuckDBPyConnection, counts: Mapping[str, Counts]) -> pl.DataFrame:
    before = pl.DataFrame(
        [(name, *count) for name, count in counts.items()],
        {"tier": pl.String, "kept_before": pl.Int64, "undecided_before": pl.Int64},
        orient="row",
    )
    moved = connection.execute(f"SELECT tier, {_SIDES} FROM {_MOVED} GROUP BY tier").pl()
    doubts = connection.execute(
        "SELECT tier, count(*) FILTER (kept_after IS NULL) - count(*) FILTER (kept_before IS NULL) AS more_undecided "
        "FROM changes GROUP BY tier"
    ).pl()
    rows = before.join(moved, on="tier", how="left", maintain_order="left")
    rows = rows.join(doubts, on="tier", how="left", maintain_order="left").with_columns(pl.exclude("tier").fill_null(0))
    return rows.select(
        "tier",
        "kept_before",
        (pl.col("kept_before") + pl.col("clips_gained") - pl.col("clips_lost")).alias("kept_after"),
        *moved.columns[1:],
        "undecided_before",
        (pl.col("undecided_before") + pl.col("more_undecided")).alias("undecided_after"),
    )


def _by(connection: duckdb.DuckDBPyConnection, column: str) -> pl.DataFrame:
    return connection.execute(
        f"SELECT tier, {column}, {_SIDES} FROM {_MOVED} GROUP BY ALL ORDER BY tier, hours_gained + hours_lost DESC, {column}"
    ).pl()


def _border(connection: duckdb.DuckDBPyConnection, tier: Tier, other: Tier, most: int) -> pl.DataFrame:
    """The clips that change sides, by the value of the first number that the changed rules read."""
    moved = connection.execute(
        "SELECT batch, clip_id, if(kept_after, 'gained', 'lost') AS change FROM changes "
        "WHERE tier = ? AND (kept_before IS TRUE) <> (kept_after IS TRUE) ORDER BY clip_id",
        [tier.name],
    ).pl()
    batches = moved["batch"].unique().sort()
    batches = batches.gather_every(max(1, -(-batches.len() // _BORDER_BATCHES)))
    near = moved.filter(pl.col("batch").is_in(batches.implode()))
    shown = near.gather_every(max(1, -(-near.height // most)))
    opened = ", ".join(map(quoted, batches)) or "NULL"
    value = _first_number(connection, tier, other)
    connection.register("shown", shown.to_arrow(compat_level=pl.CompatLevel.oldest()))
    try:
        return connection.execute(
            f"SELECT s.batch, s.clip_id, s.video_id, s.start_pts, s.end_pts, s.file_name, m.change, {value}::DOUBLE AS value "
            f"FROM (SELECT * FROM clip_sheet WHERE batch IN ({opened})) AS s "
            "JOIN shown AS m ON m.batch = s.batch AND m.clip_id = s.clip_id ORDER BY m.change, value, s.clip_id"
        ).pl()
    finally:
        connection.unregister("shown")


def _first_number(connection: duckdb.DuckDBPyConnection, tier: Tier, other: Tier) -> str:
    """The first numeric column that the changed rules read, as SQL; NULL when there is none."""
    kinds = {name.lower(): kind for name, kind, *_ in connection.execute("DESCRIBE clip_sheet").fetchall()}
    before = {r.name: r.expression for r in tier.rules}
    for rule in other.rules:
        if before.get(rule.name) == rule.expression:
            continue
        for column in sqlglot.parse_one(rule.expression, read="duckdb").find_all(exp.Column):
            if kinds.get(column.name.lower(), "").startswith(("INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE")):
                return f"s.{identifier(column.name)}"
    return "NULL"


def read_edited(path: Path, tier: Tier) -> Tier:
    """Read an edited copy of a tier's file, wherever it is.

    Raises:
        TierError: the file cannot be read, or is no tier.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TierError(path, 1, f"The file cannot be read: {error.strerror}.", "Give a tier's file.") from error
    except UnicodeDecodeError as error:
        raise TierError(path, 1, "The file is no text.", "Give a tier's file, in UTF-8.") from error
    return read_tier(tier.name, path, text)
