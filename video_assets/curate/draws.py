"""A draw is a SQL file: what share each kept clip's kind is to have of the training mix. Tiers judge, draws choose.

``sql/draws/<recipe>/<stage>.sql`` has the form of a tier's file: one SELECT over ``clip_sheet``, ``clip_id`` first. Its other
columns have the meanings below; how they make the draw is SQL that a person can read, in ``sql/macros.sql``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from video_assets.curate.sql_file import listed
from video_assets.curate.tiers import Tier, TierError, load_tier
from video_assets.curate.verdicts import first_line, types_of
from video_assets.lake.schemas import DRAWS_HISTORY
from video_assets.lake.sql_text import quoted
from video_assets.lake.versions import code_version
from video_assets.settings import DrawSettings

# Column of a draw's file: its type, and what it is where the file does not say.
COLUMNS: Mapping[str, tuple[str, str]] = {
    "chance": ("DOUBLE", "1"),
    "part": ("VARCHAR", "'all'"),
    "part_share": ("DOUBLE", "1"),
    "wanted": ("BOOLEAN", "FALSE"),
    "wanted_share": ("DOUBLE", "0"),
    "source": ("VARCHAR", "NULL"),
    "most_per_source": ("BIGINT", "NULL"),
    "bucket": ("VARCHAR", "NULL"),
    "most_per_bucket": ("BIGINT", "NULL"),
}


@dataclass(frozen=True)
class Draw:
    """A draw's file that was read.

    Attributes:
        tier: The tier that it draws from, which has the same name.
        file: The file; its columns stand in ``rules``.
        macros: The text of ``sql/macros.sql``.
        version: Of the SELECT, the macros and the settings.
        settings: The seed, and the share of videos that are held out.
    """

    tier: Tier
    file: Tier
    macros: str
    version: str
    settings: DrawSettings


@dataclass(frozen=True)
class Drawn:
    """What a draw gave.

    Attributes:
        rows: Rows of ``draws_history``.
        shares: One row per part of the mix: part, kept (clips that the tier keeps), available (of them, those that chance and
            limits leave), drawn, target_share and reached_share (of the whole, 0-1), drawn_wanted, target_wanted and
            reached_wanted (of the part, 0-1), and limits: a sentence where the part keeps the draw from being larger.
    """

    rows: pl.DataFrame
    shares: pl.DataFrame


def load_draws(
    roots: Sequence[Path],
    tiers: Mapping[str, Tier],
    macros: Path,
    settings: DrawSettings,
    refused: Mapping[str, TierError] | None = None,
    check: Callable[[Draw], None] = lambda _: None,
) -> tuple[dict[str, Draw], list[TierError]]:
    """Read every draw under some folders: the good ones by their tier's name, and what is wrong with the others.

    Args:
        roots: the folders; a name that an earlier one has already is refused.
        tiers: those that can be used.
        macros: the file of the draws' macros.
        settings: the seed, and what is held out.
        refused: by name, what is wrong with the tiers that cannot be used.
        check: raises :class:`TierError` for a draw of which more is wrong than its form.
    """
    draws: dict[str, Draw] = {}
    files, errors = listed(roots)
    text = macros.read_text(encoding="utf-8") if macros.exists() else ""
    for found in files:
        try:
            file = load_tier(found.path, found.root)
            _check_columns(file)
            if file.name not in tiers:
                raise _without_tier(file, (refused or {}).get(file.name))
            version = code_version("1", {"select": file.version, "macros": text, **settings.model_dump()})
            wanted = Draw(tiers[file.name], file, text, version, settings)
            check(wanted)
            draws[file.name] = wanted
        except TierError as error:
            error.name = found.name
            errors.append(error)
    return draws, errors


def _without_tier(file: Tier, fault: TierError | None) -> TierError:
    """Say why there is nothing to draw from, and whose fault that is."""
    if fault is None:
        what = f"There is no tier {file.name} to draw from."
        return TierError(file.path, 1, what, "Name the file as its tier is named.")
    what = f"The tier {file.name}, from which it draws, was refused."
    return TierError(file.path, 1, what, f"Mend {fault.path}:{fault.line} first: {fault.what}")


def _check_columns(file: Tier) -> None:
    for column in file.rules:
        if column.name not in COLUMNS:
            mend = f"The columns of a draw are {', '.join(COLUMNS)}."
            raise TierError(file.path, column.line, f"A draw has no column {column.name}.", mend)


_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)")
_NULL = '"NULL"'


def check_draw(connection: duckdb.DuckDBPyConnection, wanted: Draw) -> None:
    """See that DuckDB can run the draw's SELECT and that its columns are of their types; reads no rows.

    Args:
        connection: with tables of the lake's names and columns, and the draws' macros.
        wanted: the draw.

    Raises:
        TierError: it cannot, with the line of the file.
    """
    for column, kind in zip(wanted.file.rules, types_of(connection, wanted.file, "draw"), strict=True):
        meant = COLUMNS[column.name][0]
        numeric = meant in ("DOUBLE", "BIGINT")
        fits = _NUMBERS.fullmatch(kind) if numeric else meant != "BOOLEAN" or kind == meant
        if not fits and kind != _NULL:
            what = f"The column {column.name} is {kind} and not {'a number' if numeric else meant}."
            raise TierError(wanted.file.path, column.line, what, "Write it as one, with a CAST for one.")


def draw(connection: duckdb.DuckDBPyConnection, wanted: Draw) -> Drawn:
    """Draw from the clips that the tier keeps, over all batches. What was drawn before is in ``draws_history``.

    Raises:
        TierError: DuckDB refuses the file.
    """
    said = {column.name for column in wanted.file.rules}
    columns = ", ".join(
        f"{f's.{name}' if name in said else usual}::{kind} AS {name}" for name, (kind, usual) in COLUMNS.items()
    )
    try:
        connection.execute(wanted.macros)
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE wishes AS
            SELECT s.batch, s.clip_id, s.video_id, luck(s.clip_id, {wanted.settings.seed}) AS luck, d.clip_id IS NOT NULL AS drawn_before,
                {columns}
            FROM (SELECT batch, video_id,{wanted.file.sql[len("SELECT") :]}) AS s
            JOIN tier_verdicts_history AS v ON v.batch = s.batch AND v.clip_id = s.clip_id AND v.tier = {quoted(wanted.tier.name)}
                AND v.kept
            LEFT JOIN draws_history AS d ON d.batch = s.batch AND d.clip_id = s.clip_id AND d.tier = v.tier
            """
        )
        connection.execute("CREATE OR REPLACE TEMP TABLE drawing AS FROM draw_from('wishes')")
        rows = connection.execute(
            "SELECT batch, clip_id, video_id, part, wanted, source, bucket, luck, "
            f"if(held_out(video_id, {wanted.settings.held_out_share}), 'evaluation', 'train') AS split FROM drawing WHERE drawn"
        ).pl()
        shares = _with_absent(connection.execute(_SHARES).pl())
        return Drawn(DRAWS_HISTORY.frame(rows, tier=wanted.tier.name, version=wanted.version), shares)
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        what = f"DuckDB refuses the draw: {first_line(error)}."
        raise TierError(
            wanted.file.path, wanted.file.line, what, "Read sql/macros.sql and DESCRIBE clip_sheet."
        ) from error
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.drawing")
        connection.execute("DROP TABLE IF EXISTS temp.wishes")


def _with_absent(shares: pl.DataFrame) -> pl.DataFrame:
    """Add a row for what the mix names and no kept clip is: the shares of those that there are do not make a whole."""
    missing = 1 - float(shares["target_share"].sum() or 0)
    if shares["target_share"].count() == 0 or missing < 1e-9:
        return shares
    row = {"part": "others", "kept": 0, "available": 0, "drawn": 0, "target_share": missing, "reached_share": 0.0}
    says = "the tier keeps none, and the mix is made without them"
    return pl.concat([shares, pl.DataFrame([row | {"limits": says}], schema_overrides=shares.schema)], how="diagonal")


# One row per part, the parts that the mix does not name last.
_SHARES = """
WITH parts AS (
    SELECT
        part,
        any_value(part_share) AS part_share,
        any_value(wanted_share) AS wanted_share,
        count(*) AS kept,
        count(*) FILTER (enters) AS by_chance,
        count(*) FILTER (source_has_room) AS by_source,
        count(*) FILTER (available) AS available,
        any_value(have_wanted) AS available_wanted,
        count(*) FILTER (drawn) AS drawn,
        count(*) FILTER (drawn AND wanted) AS drawn_wanted,
        any_value(most) AS most
    FROM drawing
    GROUP BY part
)

SELECT
    part,
    kept,
    available,
    drawn,
    part_share AS target_share,
    drawn / nullif(sum(drawn) OVER (), 0) AS reached_share,
    drawn_wanted,
    wanted_share AS target_wanted,
    drawn_wanted / nullif(drawn, 0) AS reached_wanted,
    CASE
        WHEN part_share IS NULL THEN 'not in the mix'
        WHEN available = 0 THEN 'no clip is available, and the mix is made without it'
        WHEN most = 0 THEN format('of {} available none is a wanted one, and the mix is made without it', available)
        WHEN drawn = most AND most < available
            THEN format('its {} wanted clips are enough for {} of {} available', available_wanted, drawn, available)
        WHEN drawn = most AND count(*) OVER () > 1 THEN format('all {} available are drawn: there are no more', available)
    END AS limits
FROM parts
ORDER BY part_share DESC NULLS LAST, part
"""
