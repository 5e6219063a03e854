"""A tier's text to its rules, or to what is wrong with its form.

What DuckDB has to say (an unknown column, a rule that is not boolean) is found by
:func:`video_assets.curate.verdicts.check_rules`, which :mod:`video_assets.curate.sql_files` has it do on empty tables when
the files are loaded.

Verdicts are row-wise: what a tier says of a clip follows from that clip's row and from the parent's verdict on it.
So a WHERE, a join or a window is refused: a clip that is filtered out would have no verdict, and a rule that looks at
other clips would change its mind with the batches that it is asked for.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from video_assets.curate.lineage import reads
from video_assets.curate.sql_file import TierError, headers_of
from video_assets.curate.tier import NOT_NEAR_BENCHMARK, Rule, Tier

# Outcomes are the bits of a BIGINT; the sign's is left alone, and one is for the rule of all tiers.
_MOST_RULES = 62
_KEYS = {"batch", "video_id", "clip_id"}
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}


def read_tier(name: str, path: Path, text: str) -> Tier:
    """Read a tier's text; errors name ``path``.

    Raises:
        TierError: the text does not have a tier's form.
    """
    return _File(path, text).tier(name)


def parent_line(text: str) -> int:
    """Line, from 1, on which a tier names its parent."""
    return next((i for i, s in enumerate(text.splitlines(), 1) if "parent:" in s or "tier_verdicts" in s), 1)


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
            raise TierError(self.path, parent_line(self.text), f"{said}, and the rules read {does}.", mend)


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
