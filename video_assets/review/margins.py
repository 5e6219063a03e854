"""How near a clip is to a tier's thresholds, read from the tier's rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from video_assets.curate.tiers import Tier
from video_assets.lake.people import PREFIX
from video_assets.lake.sql_text import identifier, quoted
from video_assets.review.asking import SHOWN, Asked, Asking
from video_assets.review.selection import Selection, as_query, verdict_of

_SIGNS: dict[type[exp.Expr], str] = {exp.GTE: ">=", exp.GT: ">", exp.LTE: "<=", exp.LT: "<"}
_TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}


@dataclass(frozen=True)
class Threshold:
    """A number with which a rule compares a column.

    Attributes:
        rule: the rule's name.
        column: of clip_sheet.
        sign: how the column is compared: >=, >, <= or <.
        value: the number.
        alone: whether the rule says nothing else, so that another number makes another rule.
        unless: the condition on people's verdicts under which the rule passes whatever the column says, in SQL; empty: none.
    """

    rule: str
    column: str
    sign: str
    value: float
    alone: bool
    unless: str = ""

    def moved(self, value: float) -> str:
        """The rule with another number, in SQL."""
        return f"{self.unless}{' OR ' * bool(self.unless)}{identifier(self.column)} {self.sign} {value!r}"


def thresholds(tier: Tier) -> list[Threshold]:
    """The thresholds of a tier's rules; a rule of another form has none."""
    found = []
    for rule in tier.rules:
        unless, asked = _unless(sqlglot.parse_one(rule.expression, read="duckdb"))
        parts = list(_compared(asked))
        found += [Threshold(rule.name, column, sign, value, len(parts) == 1, unless) for column, sign, value in parts]
    return found


def _unless(rule: exp.Expr) -> tuple[str, exp.Expr]:
    """What people may say so that the rule passes, and what it asks otherwise."""
    rule = rule.unnest()
    if isinstance(rule, exp.Or) and _of_people(rule.left):
        return rule.left.sql(dialect="duckdb"), rule.right
    return "", rule


def _of_people(expression: exp.Expr) -> bool:
    """Whether all that is read is what people say."""
    read = [column.name.lower() for column in expression.find_all(exp.Column)]
    return bool(read) and all(name.startswith(PREFIX) for name in read)


def _compared(rule: exp.Expr) -> Iterator[tuple[str, str, float]]:
    rule = rule.unnest()
    if isinstance(rule, exp.And):
        yield from _compared(rule.left)
        yield from _compared(rule.right)
        return
    if isinstance(rule, exp.Between) and isinstance(rule.this, exp.Column):
        for side, name in ((">=", "low"), ("<=", "high")):
            if (value := _number(rule.args[name])) is not None:
                yield rule.this.name, side, value
        return
    sign = _SIGNS.get(type(rule))
    if sign is None or not isinstance(rule, exp.Binary):
        return
    left, right = rule.left.unnest(), rule.right.unnest()
    if isinstance(left, exp.Column) and (value := _number(right)) is not None:
        yield left.name, sign, value
    elif isinstance(right, exp.Column) and (value := _number(left)) is not None:
        yield right.name, _TURNED[sign], value


def _number(node: exp.Expr) -> float | None:
    negative = isinstance(node, exp.Neg)
    literal = node.this if negative else node
    if not isinstance(literal, exp.Literal) or literal.is_string:
        return None
    return -float(literal.this) if negative else float(literal.this)


# Ours: two seconds of length by the orientation, as coverage tells them apart.
_KIND = "s.concept, floor(s.duration_s / 2), s.orientation"


def queue(asked: Asked, asking: Asking, tier: Tier, near: float, *, rare: bool = False) -> list[str]:
    """The clips of a tier that people are to judge, those nearest to a threshold first, or those of the kinds of which they keep fewest.

    Those that the tier keeps; those on which it is undecided, last; and those that it drops by one rule alone, where they miss
    its threshold by at most ``near`` standard deviations of all clips, or where people drop them: others are to see some of
    those too.

    Args:
        asked: the lake.
        asking: what the sheet's columns are.
        tier: the tier.
        near: see above.
        rare: a clip of each kind in turn, a kind being a concept and a bucket of length and orientation, beginning with the kinds of which
            people keep fewest; of a kind those nearest to a threshold first.
    """
    known = [t for t in thresholds(tier) if asking.is_number(t.column)]
    spread = _spread(asked, sorted({t.column for t in known}))
    usable = [t for t in known if spread.get(t.column)]
    far = {t: f"abs(s.{identifier(t.column)} - {t.value!r}) / {spread[t.column]!r}" for t in usable}
    nearest = f"least({', '.join(far.values())}, 1e9)" if far else "1e9"
    verdict, by, not_passed = (verdict_of(tier.name, asking, what) for what in ("verdict", "decided_by", "not_passed"))
    missed = " ".join(f"WHEN {by} = {quoted(t.rule)} THEN {d}" for t, d in far.items())
    people = [r.name for r in tier.rules if _of_people(sqlglot.parse_one(r.expression, read="duckdb"))]
    missed += " " + " ".join(f"WHEN {by} = {quoted(rule)} THEN 0" for rule in people)
    by_one = (
        f"({not_passed} = 1 AND (CASE {missed} ELSE NULL END) <= $near)" if missed.strip() else "FALSE AND $near > 0"
    )
    judged = as_query(Selection(tier=tier.name), asking)
    tables, turn = judged.tables, ""
    if rare:
        tables += " LEFT JOIN reviewed_clips AS p ON p.clip_id = s.clip_id"
        # What people keep has the first places of its kind, and what they drop the last: the next of a kind with few comes sooner.
        said = "CASE p.people_keep WHEN TRUE THEN 0 WHEN FALSE THEN 2 ELSE 1 END"
        turn = f"row_number() OVER (PARTITION BY {_KIND} ORDER BY {said}, {nearest}, s.clip_id), "
    found = asked.frame(
        f"SELECT s.clip_id FROM {tables} WHERE {judged.condition} AND ({verdict} <> 'dropped' OR {by_one}) "
        f"ORDER BY {verdict} = 'undecided', {turn}{nearest}, s.clip_id",
        judged.parameters | {"near": near},
    )
    return found["clip_id"].to_list()


def _spread(asked: Asked, columns: Sequence[str]) -> dict[str, float]:
    if not columns:
        return {}
    chosen = ", ".join(f"stddev_samp({identifier(c)}) AS {identifier(c)}" for c in columns)
    [row] = asked.rows(f"SELECT {chosen} FROM {SHOWN}")
    return {column: float(row[column]) for column in columns if row[column]}
