"""Which clips a page shows, and in which order: what its address says, checked, and as SQL.

A page goes on behind the last clip of the one before (keyset paging): no page counts over what stands before it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from video_assets.lake.sql_text import identifier
from video_assets.review.asking import SHOWN, Asking
from video_assets.review.clips import COPIED
from video_assets.review.where import LONGEST, RefusedError

PAGE = 60
"""Clips of a page."""
_MOST_FILTERS = 12
_LONGEST_TEXT = 200

Column = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
Short = Annotated[str, Field(max_length=_LONGEST_TEXT)]


class Selection(BaseModel):
    """What an address asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: Short = Field("", description="Clips that this tier has judged.")
    verdict: Literal["", "kept", "dropped", "undecided"] = Field("", description="Of that tier's verdict.")
    batch: Short = Field("", description="Clips of this batch.")
    video: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = Field("", description="Clips of this video.")
    release: Short = Field("", description="Clips of this release.")
    draw: Short = Field("", description="Clips that are drawn from this tier.")
    outside: Annotated[str, Field(pattern=r"^((tier|draw|release):.{1,190})?$")] = Field(
        "", description="Without the clips of this set: 'tier:NAME' (what it keeps), 'draw:NAME' or 'release:NAME'."
    )
    people: Literal["", "keep", "drop", "unsure", "none", "any"] = Field("", description="What people say of them.")
    where: Annotated[str, Field(max_length=LONGEST)] = Field("", description="A condition over clip_sheet.")
    search: Short = Field("", description="Those that show most nearly what this text says, in the profile 'full'.")
    similar: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = Field(
        "", description="Those that look most like this clip."
    )
    first: Literal["near", "rare"] = Field(
        "near",
        description="Which clips of a tier's queue come first: near a threshold, or of kinds of which people keep few.",
    )
    sort: Column = Field("clip_id", description="Column by which they are sorted.")
    order: Literal["asc", "desc"] = Field("asc", description="Which way.")
    after: Annotated[str, Field(max_length=400)] = Field("", description="JSON of the last clip before: value and id.")
    least: Mapping[Column, float] = Field(default_factory=dict, description="Least value of columns.")
    most: Mapping[Column, float] = Field(default_factory=dict, description="Most value of columns.")
    equal: Mapping[Column, Short] = Field(default_factory=dict, description="Value of columns.")

    @classmethod
    def read(cls, query: QueryParams, others: tuple[str, ...] = ()) -> Selection:
        """What the query of an address says.

        Args:
            query: of the address.
            others: names that mean something else.

        Raises:
            RefusedError: it says what no page understands.
        """
        given: dict[str, Any] = {"least": {}, "most": {}, "equal": {}}
        for name, value in query.multi_items():
            kind, dot, column = name.partition(".")
            if dot and kind in ("least", "most", "equal"):
                if value != "":
                    given[kind][column] = value
            elif name not in others:
                given[name] = value
        if sum(len(given[kind]) for kind in ("least", "most", "equal")) > _MOST_FILTERS:
            raise RefusedError(f"{_MOST_FILTERS} filters are the most.")
        try:
            made = cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            raise RefusedError(f"{'.'.join(map(str, first['loc']))} in the address: {first['msg']}.") from error
        if not all(map(math.isfinite, (*made.least.values(), *made.most.values()))):
            raise RefusedError("A filter's number must be finite.")
        return made

    def address(self, path: str = "/clips", **changes: Any) -> str:
        """The address of this, with some changes; what is as usual is left out."""
        said = self.model_copy(update={"after": ""} | changes)
        pairs: list[tuple[str, str]] = []
        for name, field in type(self).model_fields.items():
            value = getattr(said, name)
            if name in ("least", "most", "equal"):
                pairs += [
                    (f"{name}.{column}", _number(v) if name != "equal" else str(v)) for column, v in value.items()
                ]
            elif value != field.default:
                pairs.append((name, str(value)))
        return f"{path}?{urlencode(pairs)}" if pairs else path

    @property
    def by_likeness(self) -> bool:
        """Whether they are those that look like something, the nearest first."""
        return bool(self.search or self.similar)

    @property
    def filtered(self) -> list[str]:
        """The columns that are filtered by, in order."""
        return list(dict.fromkeys((*self.least, *self.most, *self.equal)))

    def without(self, column: str) -> Selection:
        """The same without the filters by a column."""
        kept = {
            kind: {c: v for c, v in getattr(self, kind).items() if c != column} for kind in ("least", "most", "equal")
        }
        return self.model_copy(update=kept)


def _number(value: float) -> str:
    return f"{value:.10g}"


@dataclass(frozen=True)
class Query:
    """A selection as SQL: what follows FROM and WHERE, whose clips are ``s``, and the parameters of both."""

    tables: str
    condition: str
    parameters: dict[str, object]

    @property
    def source(self) -> str:
        """FROM and WHERE; a condition may follow behind AND."""
        return f"FROM {self.tables} WHERE {self.condition}"


_NEAREST = (
    "JOIN (SELECT unnest($nearest) AS clip_id, generate_subscripts($nearest, 1) AS place) AS n ON n.clip_id = s.clip_id"
)


def ids_of(chosen: Selection, name: str) -> str:
    """The SELECT of the clips of a draw or a release, whose name stands in a parameter."""
    return f"SELECT clip_id FROM {f'draws WHERE tier = {name}' if chosen.draw else f'release_clips WHERE release = {name}'}"


def of_set(name: str, outside: str = "") -> Selection:
    """The clips of a set, as :attr:`Selection.outside` names them, without those of another.

    Raises:
        RefusedError: there is no such kind of set.
    """
    kind, _, called = name.partition(":")
    if kind not in ("tier", "draw", "release") or not called:
        raise RefusedError(f"{name[:100]} is no set of clips; tier:NAME, draw:NAME and release:NAME are.")
    query = {kind: called, "outside": outside} | ({"verdict": "kept"} if kind == "tier" else {})
    return Selection.read(QueryParams({name: value for name, value in query.items() if value}))


def as_query(selection: Selection, asking: Asking) -> Query:
    """FROM and WHERE of a selection.

    Raises:
        RefusedError: there is no such column, or the condition is refused.
    """
    tables, conditions, parameters = f"{SHOWN} AS s", list[str](), dict[str, object]()
    if selection.where:
        # Its names are those of the sheet alone, whatever is joined here.
        condition = asking.condition(selection.where)
        tables = f"(SELECT *, rowid FROM {SHOWN} AS clip_sheet WHERE ({condition})) AS s"
    if selection.by_likeness:
        tables += f" {_NEAREST}"
        parameters["nearest"] = _nearest(selection, asking)
    there, gone = not_gone(asking)
    conditions.append(there)
    parameters |= gone
    if selection.tier:
        verdict = verdict_of(selection.tier, asking)
        conditions.append(f"{verdict} = $verdict" if selection.verdict else f"{verdict} IS NOT NULL")
        if selection.verdict:
            parameters["verdict"] = selection.verdict
    elif selection.verdict:
        raise RefusedError("A verdict is of a tier; choose one.")
    if selection.release:
        tables += (
            f" SEMI JOIN ({ids_of(Selection(release=selection.release), '$release')}) AS l ON l.clip_id = s.clip_id"
        )
        parameters["release"] = selection.release
    if selection.draw:
        tables += f" SEMI JOIN ({ids_of(Selection(draw=selection.draw), '$draw')}) AS w ON w.clip_id = s.clip_id"
        parameters["draw"] = selection.draw
    if selection.outside:
        kind, _, called = selection.outside.partition(":")
        if kind == "tier":
            conditions.append(f"{verdict_of(called, asking)} IS DISTINCT FROM 'kept'")
        else:
            tables += f" ANTI JOIN ({ids_of(of_set(selection.outside), '$outside')}) AS o ON o.clip_id = s.clip_id"
            parameters["outside"] = called
    if selection.people:
        join = "ANTI JOIN" if selection.people == "none" else "SEMI JOIN"
        of = "" if selection.people in ("none", "any") else "WHERE decision = $people"
        tables += f" {join} (SELECT clip_id FROM reviewed_clips {of}) AS p ON p.clip_id = s.clip_id"
        if of:
            parameters["people"] = selection.people
    if selection.batch:
        conditions.append("s.batch = $batch")
        parameters["batch"] = selection.batch
    if selection.video:
        conditions.append("s.video_id = $video")
        parameters["video"] = selection.video
    for number, (kind, sign, column, value) in enumerate(_filters(selection, asking)):
        name = f"f{number}"
        # A filter is text in the address: what it is compared with has the column's own type.
        conditions.append(f"s.{identifier(column)} {sign} TRY_CAST(${name} AS {kind})")
        parameters[name] = value
    return Query(tables, " AND ".join(conditions) or "TRUE", parameters)


def _nearest(selection: Selection, asking: Asking) -> list[str]:
    if not selection.similar:
        return asking.likeness.to_text(selection.search)
    if selection.search:
        raise RefusedError("Ask for clips that look like a text, or like another clip.")
    return asking.likeness.to_clip(selection.similar)


def not_gone(asking: Asking) -> tuple[str, dict[str, object]]:
    """That the clip ``s`` was not taken down since the copy was made, as SQL, and its parameters."""
    gone = sorted(asking.gone)
    # Nearly always nothing was, and then nobody's source is read.
    return ("s.video_id NOT IN (SELECT unnest($gone))", {"gone": gone}) if gone else ("TRUE", {})


def verdict_of(tier: str, asking: Asking, what: str = "verdict") -> str:
    """What a tier says of the clip ``s``, as SQL: its verdict, or ``decided_by`` or ``not_passed``; NULL where it says nothing."""
    return f"s.{identifier(f'{what} {tier}')}" if tier in asking.judging else "NULL"


def _filters(selection: Selection, asking: Asking) -> list[tuple[str, str, str, object]]:
    found: list[tuple[str, str, str, object]] = []
    for sign, values in ((">=", selection.least), ("<=", selection.most)):
        for column, value in values.items():
            if not asking.is_number(column):
                raise RefusedError(f"There is no column of numbers {column} in clip_sheet.")
            found.append(("DOUBLE", sign, column, value))
    for column, text in selection.equal.items():
        if column not in asking.columns:
            raise RefusedError(f"There is no column {column} in clip_sheet by which clips can be filtered.")
        found.append((asking.columns[column], "=", column, text))
    return found


@dataclass(frozen=True)
class Page:
    """The SELECT of a page, and its parameters."""

    sql: str
    parameters: dict[str, object]


def sorted_page(selection: Selection, asking: Asking, most: int = PAGE, *, other: str = "") -> Page:
    """The SELECT of a page: its clips, and one more where there are more.

    Each has the columns :data:`COPIED`, ``value``, ``verdict`` and ``decided_by`` of the selection's tier, and ``other``: by which
    rule the tier ``other`` decides.

    Raises:
        RefusedError: as :func:`as_query`; or the place to go on at is none.
    """
    if selection.sort != "clip_id" and selection.sort not in asking.columns:
        raise RefusedError(f"There is no column {selection.sort} in clip_sheet by which clips can be sorted.")
    query = as_query(selection, asking)
    column, kind, parameters = (
        f"s.{identifier(selection.sort)}",
        asking.columns.get(selection.sort),
        dict(query.parameters),
    )
    descending = selection.order == "desc"
    by_id = selection.sort == "clip_id" and not selection.by_likeness
    if selection.by_likeness and selection.sort == "clip_id":
        column, kind = "n.place", "BIGINT"
    behind = "TRUE"
    if selection.after:
        value, clip = _place(selection.after)
        parameters["clip"] = clip
        # The copy is in the order of ids: which row comes next is told by its number, and not by reading the ids of all.
        onward = f"s.rowid >= (SELECT rowid FROM {SHOWN} WHERE clip_id > $clip LIMIT 1)"
        if by_id:
            behind = f"s.clip_id {'<' if descending else '>'} $clip"
        elif value is None:  # What has no value comes last, whichever way.
            behind = f"{column} IS NULL AND {onward}"
        else:
            parameters["value"] = value
            given = f"CAST($value AS {kind})"
            behind = f"({column} {'<' if descending else '>'} {given} OR ({column} = {given} AND {onward}) OR {column} IS NULL)"
    says = ", ".join(f"{verdict_of(selection.tier, asking, name)} AS {name}" for name in ("verdict", "decided_by"))
    direction = "DESC" if descending else "ASC"
    by = f"s.clip_id {direction}" if by_id else f"{column} {direction} NULLS LAST, s.rowid"
    # What is shown of the clips is read when it is known which they are.
    sql = f"""
    SELECT s.clip_id, s.batch, s.video_id, {COPIED}, {column} AS value, {says}, {verdict_of(other, asking, "decided_by")} AS other
    FROM {SHOWN} AS s {_NEAREST if selection.by_likeness else ""}
    WHERE s.rowid IN (SELECT s.rowid {query.source} AND ({behind}) ORDER BY {by} LIMIT {most + 1})
    ORDER BY {by}
    """
    return Page(sql, parameters)


def place_of(row: Mapping[str, Any]) -> str:
    """Where a page goes on behind a row."""
    value = row["value"]
    return json.dumps([value if isinstance(value, int | float | str | bool | None) else str(value), row["clip_id"]])


def _place(after: str) -> tuple[Any, str]:
    try:
        value, clip = json.loads(after)
    except (ValueError, TypeError) as error:
        raise RefusedError("The address has no place to go on at.") from error
    if not isinstance(clip, str) or not isinstance(value, int | float | str | bool | None):
        raise RefusedError("The address has no place to go on at.")
    return value, clip
