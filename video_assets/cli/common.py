"""What the commands share: the lake of the settings, its tiers, and answers in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from video_assets.settings import settings

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from video_assets.curate.sql_files import SqlFiles
    from video_assets.curate.tiers import Tier
    from video_assets.lake.lake import Lake


def existing_lake() -> Lake:
    """The lake of the settings, whose answers are of the files that there are now; asking makes none that is not there."""
    from video_assets.lake.lake import Lake

    lake = Lake.existing(settings())
    if not settings().lake.on_s3:  # There others write too, by files of their own; what they make is what counts.
        with suppress(OSError):  # A lake that can only be read is asked as it is.
            note_files(lake)
    return lake


def note_files(lake: Lake) -> None:
    """Let the lake show what has a file now."""
    from video_assets.curate.sql_files import note

    note(lake)


def sql_files() -> SqlFiles:
    """The files of tiers and draws; what is wrong with some of them goes to standard error."""
    from video_assets.curate.sql_files import read_files

    files = read_files(settings())
    for error in files.refused:
        click.echo(f"Left out: {error}", err=True)
    return files


def known_tiers() -> Mapping[str, Tier]:
    """The tiers that can be used; what is wrong with the others goes to standard error."""
    return sql_files().tiers


def named_tier(tiers: Mapping[str, Tier], name: str) -> Tier:
    """The tier of that name; one whose file was refused says why."""
    from video_assets.curate.sql_files import TIER, read_files

    if name not in tiers:
        if refused := read_files(settings()).refusal(TIER, name):
            raise click.ClickException(f"The tier {name} cannot be used: {refused}")
        raise click.ClickException(f"There is no tier {name}; there are {', '.join(tiers)}.")
    return tiers[name]


def rows_of(connection: duckdb.DuckDBPyConnection, text: str) -> pl.DataFrame:
    """The rows of a query; what DuckDB refuses is told in its words."""
    import duckdb

    try:
        return connection.execute(text).pl()
    except duckdb.Error as error:
        raise click.ClickException(str(error)) from error
