"""What the commands share: the lake of the settings, its tiers, and answers in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from video_assets.settings import settings

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from video_assets.curate.tiers import Tier
    from video_assets.lake.lake import Lake


def existing_lake() -> Lake:
    """The lake of the settings; asking makes none that is not there."""
    from video_assets.lake.lake import Lake

    return Lake.existing(settings())


def known_tiers() -> dict[str, Tier]:
    """The tiers that can be used; what is wrong with the others goes to standard error."""
    from video_assets.curate.tiers import load_tiers

    tiers, errors = load_tiers(settings().sql_folder / "tiers")
    for error in errors:
        click.echo(f"Left out: {error}", err=True)
    return tiers


def named_tier(tiers: Mapping[str, Tier], name: str) -> Tier:
    """The tier of that name."""
    if name not in tiers:
        raise click.ClickException(f"There is no tier {name}; there are {', '.join(tiers)}.")
    return tiers[name]


def rows_of(connection: duckdb.DuckDBPyConnection, text: str) -> pl.DataFrame:
    """The rows of a query; what DuckDB refuses is told in its words."""
    import duckdb

    try:
        return connection.execute(text).pl()
    except duckdb.Error as error:
        raise click.ClickException(str(error)) from error
