"""What the commands share: the lake of the settings, its tiers, and the form of their answers."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from video_assets.live.screen import busy
from video_assets.settings import settings
from video_assets.settings.reading import did_you_mean
from video_assets.tables import on_screen

if TYPE_CHECKING:
    import duckdb

    from video_assets.curate.sql_files import SqlFiles
    from video_assets.curate.tiers import Tier
    from video_assets.lake.lake import Lake

as_json = click.option(
    "--json", is_flag=True, help="Print one JSON document: NULL is null, and numbers are not rounded."
)
"""The option of the commands that can answer another program."""


def existing_lake() -> Lake:
    """The lake of the settings, whose answers are of the files that there are now; asking makes none that is not there."""
    with busy("Opening the lake"):
        from video_assets.lake.lake import Lake

        lake = Lake.existing(settings())
        if not settings().lake.on_s3:  # There others write too, by files of their own; what they make is what counts.
            with suppress(OSError):  # A lake that can only be read is asked as it is.
                note_files(lake)
        return lake


@contextmanager
def asking(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A cursor on the lake; inside the block a terminal shows that something goes on, so that nothing is printed there."""
    with busy("Asking the lake"), lake.cursor() as cursor:
        yield cursor


def note_files(lake: Lake) -> None:
    """Let the lake show what has a file now."""
    from video_assets.curate.sql_files import note

    note(lake)


def sql_files() -> SqlFiles:
    """The files of tiers and draws; what is wrong with some of them, or with a scorer, goes to standard error."""
    from video_assets.curate.sql_files import read_files
    from video_assets.scorers import scorers

    files = read_files(settings())
    for error in (*scorers(settings()).refused, *files.refused):
        click.echo(on_screen(f"Left out: {error}", sys.stderr), err=True)
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
        raise click.ClickException(unknown("tier", name, tiers))
    return tiers[name]


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """That there is no such thing, what was probably meant, and what there is."""
    return f"There is no {what} {name or repr(name)}.{did_you_mean(name, list(known))} There are {', '.join(known) or 'none'}."
