"""A tier is a SQL file: one SELECT over ``clip_sheet``, ``clip_id`` first, then one boolean column per rule.

This module reads the files and says what is wrong with the ones that cannot be used, by their text alone. What DuckDB has
to say (an unknown column, a rule that is not boolean) is found by :func:`video_assets.curate.verdicts.check_rules`, which
:mod:`video_assets.curate.sql_files` has it do on empty tables when the files are loaded.

Verdicts are row-wise: what a tier says of a clip follows from that clip's row and from the parent's verdict on it.
So a WHERE, a join or a window is refused: a clip that is filtered out would have no verdict, and a rule that looks at
other clips would change its mind with the batches that it is asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from video_assets.curate.lineage import Source, reads
from video_assets.curate.sql_file import TierError, headers_of, listed

__all__ = ["NOT_NEAR_BENCHMARK", "POLICIES", "Rule", "Tier", "TierError", "load_tier", "load_tiers", "read_tier"]

POLICIES = "policies"
"""The recipe of rights policies: tiers that ask who allows what, and nothing of the picture."""

_NAME = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_]+")
# Outcomes are the bits of a BIGINT; the sign's is left alone, and one is for the rule of all tiers.
_MOST_RULES = 62
_KEYS = {"batch", "video_id", "clip_id"}
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


@dataclass(frozen=True)
class Rule:
    """One boolean column of a tier.

    Attributes:
        name: The column's alias.
        expression: SQL over ``clip_sheet``, as written in the file.
        source: The comment above and beside it: paper, table or section, and its grade.
        line: Line of the file on which it starts, from 1.
        span: Where the column stands in the file's text, with its alias: first character, and the one after the last.
        reads: What it reads: pairs of ``clip_sheet`` or ``tier_verdicts``, and a column in lower case.
    """

    name: str
    expression: str
    source: str
    line: int
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    reads: tuple[Source, ...] = field(default=(), compare=False)


NOT_NEAR_BENCHMARK = Rule(
    "not_near_benchmark",
    "NOT near_benchmark",
    "No tier keeps a near-duplicate of a clip by which models are compared. Asked of every clip before the file's own rules.",
    line=1,
    reads=(("clip_sheet", "near_benchmark"),),
)


@dataclass(frozen=True)
class Tier:
    """A tier file that was read.

    Attributes:
        name: ``recipe/stage``: the file's path under the folder of tiers, without its ending.
        path: The file.
        title: Header ``-- title:``; the name when there is none.
        description: Header ``-- description:``; comment lines indented by two spaces or more continue a header.
        parent: Header ``-- parent:``: the tier whose verdicts this one reads, or None.
        text: The whole file.
        sql: The file's SELECT, as written.
        line: Line of the file on which the SELECT starts, from 1.
        rules: The file's rules in the order in which they apply; never empty.
        version: Hash of the SELECT's tokens: comments, layout and headers do not count.
        published: Header ``-- published: rule=share ...``: of the paper's pool, the share (0-1) left after a rule.
    """

    name: str
    path: Path
    title: str
    description: str
    parent: str | None
    text: str
    sql: str
    line: int
    rules: tuple[Rule, ...]
    version: str
    published: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_policy(self) -> bool:
        """Whether it is a rights policy."""
        return self.name.startswith(f"{POLICIES}/")

    @property
    def asked(self) -> tuple[Rule, ...]:
        """Every rule that decides on a clip, in order: that of all tiers, and then the file's own."""
        return NOT_NEAR_BENCHMARK, *self.rules


def load_tiers(
    *roots: Path, policies: Sequence[Path] = (), check: Callable[[Tier], None] = lambda _: None
) -> tuple[dict[str, Tier], list[TierError]]:
    """Read every tier under some folders: the good ones, parents before children, and what is wrong with the others.

    A tier whose parent is refused, is not there or descends from the tier itself is refused too.

    Args:
        roots: the folders; a name that an earlier one has already is refused.
        policies: folders of policies, which are tiers of the recipe ``policies``.
        check: raises :class:`TierError` for a tier of which more is wrong than its form.
    """
    files, errors = listed(roots)
    of_policies, others = listed(policies, POLICIES)
    files, errors = [*files, *of_policies], [*errors, *others]
    read: dict[str, Tier] = {}
    for file in files:
        try:
            tier = load_tier(file.path, file.root, file.name)
            check(tier)
            read[tier.name] = tier
        except TierError as error:
            error.name = file.name
            errors.append(error)

    accepted: dict[str, Tier] = {}
    waiting = dict(read)
    while ready := [t for t in waiting.values() if t.parent is None or t.parent in accepted]:
        accepted |= {t.name: waiting.pop(t.name) for t in ready}
    refused = {error.name: error for error in errors}
    errors += [_orphan(tier, read, refused) for tier in waiting.values()]
    return accepted, sorted(errors, key=lambda e: e.path)


def load_tier(path: Path, root: Path, name: str | None = None) -> Tier:
    """Read one tier file of the folder ``root``, by which it is named unless it has a name.

    Raises:
        TierError: the file does not have a tier's form.
    """
    name = name or path.relative_to(root).with_suffix("").as_posix()
    if not _NAME.fullmatch(name):
        mend = "Put it in a folder of its recipe, with letters, digits and underscores in both names."
        raise TierError(path, 1, f"A tier's file is recipe/stage.sql, and this is {name}.sql.", mend)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TierError(path, 1, f"The file cannot be read: {error}.", "Save it as UTF-8 text.") from error
    return read_tier(name, path, text)


def read_tier(name: str, path: Path, text: str) -> Tier:
    """Read a tier's text; errors name ``path``.

    Raises:
        TierError: the text does not have a tier's form.
    """
    return _File(path, text).tier(name)


@dataclass(frozen=True)
class _File:
    path: Path
    text: str

    def tier(self, name: str) -> Tier:
        headers = headers_of(self.text)
        select, tokens = self.parse()
        self.check_source(select, tokens[0])
        rules = self.rules(select, tokens)
        self.check_parent(select, headers.get("parent"))
        return Tier(
            name=name,
            path=self.path,
            title=headers.get("title", name),
            description=headers.get("description", ""),
            parent=headers.get("parent"),
            text=self.text,
            sql=self.between(tokens[0], tokens[-1]),
            line=self.line(tokens[0]),
            rules=rules,
            version=hashlib.sha256(
                " ".join([NOT_NEAR_BENCHMARK.expression, *(self.between(t, t) for t in tokens)]).encode()
            ).hexdigest()[:16],
            published=self.published(headers.get("published", ""), {rule.name for rule in rules}),
        )

    def line(self, token: Token) -> int:
        return self.text.count("\n", 0, token.start) + 1

    def between(self, first: Token, last: Token) -> str:
        return self.text[first.start : last.end + 1]

    def published(self, header: str, rules: set[str]) -> dict[str, float]:
        """Read ``rule=share`` pairs."""
        shares: dict[str, float] = {}
        for word in header.split():
            rule, _, share = word.partition("=")
            if rule not in rules or not re.fullmatch(r"0?\.\d+|[01]", share):
                line = next(i for i, s in enumerate(self.text.splitlines(), 1) if word in s)
                mend = "Write -- published: rule=share, with a rule of this file and its share of the pool, 0 to 1."
                raise TierError(self.path, line, f"{word} is no published share.", mend)
            shares[rule] = float(share)
        return shares

    def parse(self) -> tuple[exp.Select, list[Token]]:
        """Read the one SELECT, and its tokens without the closing semicolon.

        DuckDB judges the syntax, because it will run the text; sqlglot gives the tree and the tokens' places.
        """
        try:
            statements = duckdb.extract_statements(self.text)
        except duckdb.ParserException as error:
            what = str(error).splitlines()[0]
            found = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
            line = int(found[1]) if found else self.text.rstrip().count("\n") + 1
            raise TierError(self.path, line, f"{what}.", "The file must run as it stands in a DuckDB shell.") from error
        try:
            tokens = sqlglot.tokenize(self.text, read="duckdb")
            select = sqlglot.parse(self.text, read="duckdb")[0]
        except sqlglot.errors.SqlglotError as error:
            what = f"DuckDB reads this SQL, but sqlglot does not: {str(error).splitlines()[0]}"
            raise TierError(self.path, 1, what, "Write the rule in plainer SQL.") from error
        if len(statements) != 1 or not isinstance(select, exp.Select) or tokens[0].token_type != TokenType.SELECT:
            line = self.line(tokens[0]) if tokens else 1
            mend = "Write SELECT clip_id, then one boolean column per rule, then FROM clip_sheet."
            raise TierError(self.path, line, "A tier is one SELECT and nothing else.", mend)
        while tokens[-1].token_type == TokenType.SEMICOLON:
            tokens.pop()
        return select, tokens

    def check_source(self, select: exp.Select, first: Token) -> None:
        """Refuse everything beside ``SELECT columns FROM clip_sheet``."""
        table = source.this if (source := select.args.get("from_")) else exp.Table()
        parts = {k for k, v in table.args.items() if v} - {"alias"}
        if not isinstance(table, exp.Table) or parts != {"this"} or table.name.lower() != "clip_sheet":
            mend = "End it with FROM clip_sheet, without a catalog, a join or a sample."
            raise TierError(self.path, self.line(first), "A tier selects from clip_sheet alone.", mend)
        extra = sorted(k.rstrip("_") for k, v in select.args.items() if v and k not in ("expressions", "from_"))
        if extra:
            what = f"Every clip gets a verdict, and this SELECT has more than columns: {', '.join(extra)}."
            raise TierError(self.path, self.line(first), what, "Make each condition a boolean column of its own.")

    def rules(self, select: exp.Select, tokens: list[Token]) -> tuple[Rule, ...]:
        """Read the columns after ``clip_id``."""
        columns = list(zip(_columns(tokens), select.expressions, strict=True))
        words, key = columns[0]
        if not isinstance(key, exp.Column) or key.name.lower() != "clip_id":
            what = "The first column is not clip_id."
            raise TierError(self.path, self.line(words[0]), what, "Begin with SELECT clip_id, and then the rules.")
        if len(columns) == 1:
            raise TierError(self.path, self.line(words[0]), "The tier has no rules.", "Add a boolean column per rule.")
        if len(columns) > _MOST_RULES + 1:
            what = f"The tier has {len(columns) - 1} rules, and the most is {_MOST_RULES}."
            mend = "Put the first ones into a tier of their own, and make that the parent."
            raise TierError(self.path, self.line(columns[_MOST_RULES + 1][0][0]), what, mend)
        rules: dict[str, Rule] = {}
        for words, column in columns[1:]:
            rule = self.rule(words, column)
            if twin := rules.get(rule.name.lower()):
                what = f"Two rules are named {rule.name}; the first is on line {twin.line}."
                raise TierError(self.path, rule.line, what, "Give each rule a name of its own.")
            rules[rule.name.lower()] = rule
        return tuple(rules.values())

    def rule(self, words: list[Token], column: exp.Expr) -> Rule:
        """Read one column: its tokens, and the same as a tree."""
        line, name = self.line(words[0]), column.alias_or_name
        aliased = len(words) > 2 and words[-2].token_type == TokenType.ALIAS
        if not name or not (aliased or isinstance(column, exp.Column)) or isinstance(column.this, exp.Star):
            raise TierError(self.path, line, "A rule has no name.", "Write the expression, then AS and its name.")
        if name.lower() in _KEYS:
            what = f"A rule is named {name}, as a key is."
            raise TierError(self.path, line, what, "Give it a name that says what a clip passes.")
        if name.lower() == NOT_NEAR_BENCHMARK.name:
            mend = "Take it out: every tier asks it already."
            raise TierError(self.path, line, f"A rule is named {name}, as the rule of all tiers is.", mend)
        tables = {t.name for t in column.find_all(exp.Table)} - {"tier_verdicts"}
        if tables or column.find(exp.Window):
            what = f"The rule {name} looks at more than its clip ({', '.join(sorted(tables)) or 'a window'})."
            mend = "Use a column of clip_sheet, or add one to sql/views/clip_measurements.sql; the parent's tier_verdicts alone may be read."
            raise TierError(self.path, line, what, mend)
        last = words[-3] if aliased else words[-1]
        span = (words[0].start, words[-1].end + 1)
        return Rule(name, self.between(words[0], last), self.comments(words), line, span, reads(column))

    def comments(self, words: list[Token]) -> str:
        """Join the comment lines right above a column, those inside it, and the one that follows it on its line."""
        lines = self.text.splitlines()
        start, end = self.line(words[0]) - 1, self.line(words[-1])
        above = start
        while above and lines[above - 1].strip().startswith("--"):
            above -= 1
        beside = re.match(r"[ \t]*,?[ \t]*(--.*)", self.text[words[-1].end + 1 :])
        found = [s for s in lines[above:end] if s.strip().startswith("--")] + ([beside[1]] if beside else [])
        return " ".join(c.strip().lstrip("-").strip() for c in found)

    def check_parent(self, select: exp.Select, parent: str | None) -> None:
        """Refuse a header and SQL that name different parents: the one makes the lineage, the other the verdict."""
        read = {
            literal.name
            for equal in select.find_all(exp.EQ)
            for column, literal in ((equal.left, equal.right), (equal.right, equal.left))
            if isinstance(column, exp.Column) and column.name.lower() == "tier" and isinstance(literal, exp.Literal)
        }
        reads_verdicts = any(t.name == "tier_verdicts" for t in select.find_all(exp.Table))
        if read != ({parent} if parent else set()) or reads_verdicts != bool(parent):
            said = f"The header names {parent or 'no parent'}"
            does = ", ".join(sorted(read)) or ("no tier by its name" if reads_verdicts else "no tier's verdicts")
            mend = "Name the parent in '-- parent: recipe/stage' and in a rule: WHERE v.tier = 'recipe/stage'."
            raise TierError(self.path, _parent_line(self.text), f"{said}, and the rules read {does}.", mend)


def _columns(tokens: list[Token]) -> list[list[Token]]:
    """Part a SELECT's tokens into its columns; a comma inside brackets parts nothing."""
    columns: list[list[Token]] = [[]]
    depth = from_at = 0
    for token in tokens[1:]:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type == TokenType.COMMA and depth == 0:
            columns.append([])
            continue
        if token.token_type == TokenType.FROM and depth == 0:
            from_at = len(columns[-1])  # The last one counts: IS DISTINCT FROM has the word too.
        columns[-1].append(token)
    columns[-1] = columns[-1][:from_at]
    return [c for c in columns if c]


def _orphan(tier: Tier, read: Mapping[str, Tier], refused: Mapping[str, TierError]) -> TierError:
    """Say why a tier cannot be placed below its parent, and whose fault that is."""
    line = _parent_line(tier.text)
    chain, parent = [tier.name], str(tier.parent)
    while parent in read and parent not in chain:
        chain.append(parent)
        parent = str(read[parent].parent)
    if parent in chain:
        what = f"The parents go in a circle: {' -> '.join([*chain, parent])}."
        return TierError(tier.path, line, what, "Take the parent out of one of these files.", tier.name)
    if fault := refused.get(parent):
        what = f"The parent {tier.parent} was refused."
        return TierError(tier.path, line, what, f"Mend {fault.path}:{fault.line} first: {fault.what}", tier.name)
    if parent != tier.parent:
        what = f"The parent {tier.parent} was refused, as there is no tier {parent}."
        return TierError(tier.path, line, what, f"Mend {read[chain[-1]].path} first.", tier.name)
    return TierError(tier.path, line, f"There is no tier {parent}.", "Add its file, or name another parent.", tier.name)


def _parent_line(text: str) -> int:
    return next((i for i, s in enumerate(text.splitlines(), 1) if "parent:" in s or "tier_verdicts" in s), 1)
