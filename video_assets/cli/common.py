"""What the commands share: the lake of the settings, its tiers, and the form of their answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import click

from video_assets.settings import settings
from video_assets.settings.reading import did_you_mean

if TYPE_CHECKING:
    from video_assets.curate.draws import Draw
    from video_assets.curate.tiers import Tier
    from video_assets.lake.lake import Lake

as_json = click.option(
    "--json", is_flag=True, help="Print one JSON document: NULL is null, and numbers are not rounded."
)
"""The option of the commands that can answer another program."""


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
        raise click.ClickException(unknown("tier", name, tiers))
    return tiers[name]


def draws_by_tier(tiers: Mapping[str, Tier]) -> dict[str, Draw]:
    """The draws that can be used; what is wrong with the others goes to standard error."""
    from video_assets.assets.common import draws_of

    found, errors = draws_of(settings(), tiers)
    for error in errors:
        click.echo(f"Left out: {error}", err=True)
    return found


def unknown(what: str, name: str, known: Collection[str]) -> str:
    """That there is no such thing, what was probably meant, and what there is."""
    return f"There is no {what} {name or repr(name)}.{did_you_mean(name, list(known))} There are {', '.join(known) or 'none'}."
