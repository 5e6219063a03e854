"""Conditions over ``clip_sheet`` that a person types into the page: looked through before DuckDB sees them.

Two walls against what it might read or write, each of which is enough. Here a condition must be one expression that reads the
lake's tables and views by their names and has no part that is not listed. And the connection on which it is asked is read-only, may
open no file but the lake's, and cannot be told otherwise (:mod:`video_assets.review.asking`).

Against what it might take there is this list alone: DuckDB's limit of memory does not count text and lists, and a function is not
interrupted inside a vector of 2,048 rows. So nothing is listed whose value can be larger than what it is given (``||``, ``repeat``,
``replace``, ``list_transform``, ``{}``), and nothing that can take more than the product of two texts' lengths.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

LONGEST = 4_000
"""Characters."""
MOST_QUERIES = 12
"""Queries inside a condition: each may double what the one inside it gives."""
_LONGEST_PATTERN = 200
_PARTS = frozenset(
    {
        # queries
        exp.Select, exp.Subquery, exp.Union, exp.Except, exp.Intersect, exp.With, exp.CTE, exp.From, exp.Join, exp.Lateral, exp.Where,
        exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct, exp.Table, exp.TableAlias,
        exp.Alias, exp.Star, exp.Values, exp.Tuple, exp.Unnest, exp.Explode, exp.Exists, exp.Any, exp.All, exp.Window, exp.WindowSpec,
        # values
        exp.Identifier, exp.Column, exp.Dot, exp.Literal, exp.Boolean, exp.Null, exp.Var, exp.Paren, exp.Array, exp.Bracket, exp.Slice,
        exp.Interval, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Lambda,
        # comparison
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In,
        exp.Between, exp.Like, exp.ILike, exp.Escape, exp.SimilarTo, exp.RegexpLike, exp.RegexpFullMatch, exp.Greatest, exp.Least,
        # numbers
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Pow, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor,
        exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift, exp.Abs, exp.Sign, exp.Round, exp.Floor, exp.Ceil, exp.Trunc,
        exp.Sqrt, exp.Cbrt, exp.Ln, exp.Log, exp.Exp, exp.Sin, exp.Cos, exp.Tan, exp.Asin, exp.Acos, exp.Atan, exp.Atan2, exp.IsNan,
        exp.IsInf, exp.Rand,
        # text
        exp.Lower, exp.Upper, exp.Length, exp.Trim, exp.Left, exp.Right, exp.Substring, exp.StartsWith, exp.EndsWith, exp.Contains,
        exp.StrPosition, exp.SplitPart, exp.RegexpExtract, exp.MD5, exp.Unicode,
        # time
        exp.CurrentDate, exp.CurrentTimestamp, exp.Extract, exp.Year, exp.Month, exp.Day, exp.Hour, exp.Minute, exp.Second, exp.DateDiff,
        exp.DateAdd, exp.DateSub, exp.DateTrunc, exp.TimestampTrunc, exp.TimeToUnix,
        # lists, maps, structs, JSON
        exp.ArrayContains, exp.ArrayOverlaps, exp.ArrayFilter, exp.ArraySize, exp.ArrayMax, exp.ArrayMin, exp.MapKeys, exp.StructExtract,
        exp.JSONExtract, exp.JSONExtractScalar, exp.JSONPath, exp.JSONPathRoot, exp.JSONPathKey, exp.JSONPathSubscript,
        # of many rows; list, string_agg, median and their like keep all of them
        exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.LogicalAnd,
        exp.LogicalOr, exp.AnyValue, exp.IgnoreNulls, exp.ArgMax, exp.ArgMin, exp.Filter, exp.RowNumber, exp.Rank, exp.DenseRank,
    }
)  # fmt: skip
# Functions that the parser knows by their names alone.
_FUNCTIONS = frozenset(
    {
        "isfinite", "hash", "strlen", "prefix", "suffix", "date_part", "now", "list_sum", "list_avg", "list_has_all", "list_position",
        "list_any_value", "element_at", "map_extract", "map_values", "bool_and", "bool_or",
    }
)  # fmt: skip
_TYPES = frozenset(
    {
        *exp.DataType.INTEGER_TYPES, exp.DType.FLOAT, exp.DType.DOUBLE, exp.DType.DECIMAL, exp.DType.BOOLEAN, exp.DType.VARCHAR,
        exp.DType.TEXT, exp.DType.DATE, exp.DType.TIME, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPNTZ,
    }
)  # fmt: skip
_COUNTED = re.compile(r"\{\s*\d")
"""In a regular expression: ``(a{100}){100}`` is 10,000 steps for each character."""


class RefusedError(ValueError):
    """A condition that is not asked; says why."""


def checked(condition: str, tables: Collection[str]) -> str:
    """A condition as it may stand behind WHERE.

    Args:
        condition: as it was typed.
        tables: names of the tables and views that it may read.

    Raises:
        RefusedError: it is no condition, or reads something else.
    """
    if len(condition) > LONGEST:
        raise RefusedError(f"The condition has {len(condition):,} characters; {LONGEST:,} are the most.")
    if "\0" in condition:
        raise RefusedError("The condition has a NUL character in it.")
    try:
        statements = sqlglot.parse(f"SELECT 1 FROM clip_sheet WHERE ({condition}\n)", read="duckdb")
    except (SqlglotError, RecursionError) as error:
        said = str(error).splitlines()[0] if isinstance(error, SqlglotError) else "it is nested too deeply"
        raise RefusedError(f"This is no condition in SQL: {said}") from error
    if len(statements) != 1 or not isinstance(whole := statements[0], exp.Select):
        raise RefusedError("Give one condition, such as vmaf_motion > 5 AND licence = 'CC-BY-4.0'.")
    where = whole.args.get("where")
    # What closes the bracket early would stand beside the condition.
    if (
        where is None
        or not isinstance(where.this, exp.Paren)
        or set(_given(whole)) != {"expressions", "from_", "where"}
    ):
        raise RefusedError("Give one condition, such as vmaf_motion > 5; neither LIMIT nor ORDER BY nor UNION.")
    inside = where.this.this
    named = {cte.alias.lower() for cte in inside.find_all(exp.CTE)}
    # Out of its query such a name would stand for a file.
    if odd := sorted(name for name in named if not name.isidentifier()):
        raise RefusedError(f"{odd[0]} is no name for a query.")
    known = {name.lower() for name in tables} | named
    if sum(isinstance(node, exp.Select | exp.Values) for node in inside.walk()) > MOST_QUERIES:
        raise RefusedError(f"{MOST_QUERIES} queries inside a condition are the most.")
    rows = {str(node.alias_or_name).lower() for node in whole.find_all(exp.Table, exp.Subquery, exp.CTE)} - {""}
    for node in inside.walk():
        _look(node, known, rows)
    # Written anew from what was looked through: no comment and nothing that one parser reads otherwise than another.
    return str(inside.transform(_in_small_letters).sql(dialect="duckdb", comments=False))


def _given(select: exp.Select) -> list[str]:
    return [name for name, value in select.args.items() if value]


def _look(node: exp.Expr, known: Collection[str], rows: Collection[str]) -> None:
    """See that a part may be asked.

    Args:
        node: the part.
        known: names of what may be read.
        rows: names of what is read in the condition.

    Raises:
        RefusedError: it may not.
    """
    match node:
        case exp.Anonymous():
            if node.name.lower() not in _FUNCTIONS:
                raise RefusedError(_no_function(node.name))
        case exp.Query() | exp.DDL() | exp.DML() | exp.Command() if type(node) not in _PARTS:
            raise RefusedError("A condition only reads.")
        case exp.Parameter() | exp.Placeholder() | exp.SessionParameter():
            raise RefusedError("A condition has no parameters; write the values.")
        case exp.DPipe() | exp.Concat():
            raise RefusedError("A condition does not join text; compare each part by itself.")
        case exp.Func() if type(node) not in _PARTS:
            raise RefusedError(_no_function(node.sql_name()))
        case _ if type(node) not in _PARTS:
            raise RefusedError(f"{node.sql(dialect='duckdb')[:60]} is not for conditions.")
        case exp.Select() if node.args.get("into"):
            raise RefusedError("A condition only reads.")
        case exp.With() if node.args.get("recursive"):
            raise RefusedError("A condition's queries are not recursive.")
        case exp.Table():
            if not isinstance(node.this, exp.Identifier) or node.args.get("db") or node.args.get("catalog"):
                raise RefusedError(
                    f"{node.sql(dialect='duckdb')} is no table of the lake; conditions read those alone, by their names."
                )
            if node.name.lower() not in known:
                raise RefusedError(f"There is no table {node.name} in the lake.")
        case exp.Column() if not node.table and node.name.lower() in rows:
            # DuckDB would make one value of the whole row.
            raise RefusedError(f"{node.name} is a table in this condition; name a column of it.")
        case exp.Array() | exp.Tuple():
            if not isinstance(node.parent, exp.In | exp.Values) and not all(map(_is_literal, node.expressions)):
                raise RefusedError("A list in a condition has numbers and text that are written out, and nothing else.")
        case exp.DataType() if node.this not in _TYPES or node.args.get("nested"):
            raise RefusedError(f"A condition casts to no {node.sql(dialect='duckdb')[:60]}.")
        case exp.Lambda() if node.find_ancestor(exp.Lambda):
            raise RefusedError("A condition has no lambda inside a lambda.")
        case exp.Like() | exp.ILike():
            _look_at_pattern(node)
        case exp.SimilarTo() | exp.RegexpLike() | exp.RegexpFullMatch() | exp.RegexpExtract():
            pattern = node.expression
            if not _is_text(pattern) or len(pattern.name) > _LONGEST_PATTERN or _COUNTED.search(pattern.name):
                raise RefusedError(
                    f"A regular expression is written out, has at most {_LONGEST_PATTERN} characters, and counts nothing by {{}}."
                )
        case exp.Min() | exp.Max() | exp.ArgMin() | exp.ArgMax() if node.args.get("count") or (
            isinstance(node, exp.Min | exp.Max) and node.expressions
        ):
            raise RefusedError(f"{node.sql_name().lower()} gives one value here: leave its number out.")


def _look_at_pattern(node: exp.Expr) -> None:
    pattern = node.expression
    escaped = isinstance(node.parent, exp.Escape)
    if isinstance(pattern, exp.Lower):
        pattern = pattern.this
    if not _is_text(pattern):
        raise RefusedError("A pattern of LIKE is written out.")
    text = pattern.name
    # With one of these DuckDB tries every place of every %, one inside the other.
    if (escaped or "_" in text) and text.rstrip("%").count("%") > 1:
        raise RefusedError(
            "A pattern of LIKE with _ or ESCAPE has one % at its end and one before; say the rest by AND."
        )


def _in_small_letters(node: exp.Expr) -> exp.Expr:
    """``ILIKE`` as ``LIKE`` of small letters, for which DuckDB goes through a text once."""
    if isinstance(node, exp.ILike):
        return exp.Like(
            this=exp.Lower(this=node.this), expression=exp.Lower(this=node.expression), negate=node.args.get("negate")
        )
    return node


def _is_text(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _is_literal(node: exp.Expr) -> bool:
    return isinstance(node.this if isinstance(node, exp.Neg) else node, exp.Literal | exp.Boolean | exp.Null)


def _no_function(name: str) -> str:
    return f"The function {name.lower()[:60]} is not for conditions; docs/review.md says which are."
