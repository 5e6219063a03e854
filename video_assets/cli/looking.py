"""Commands that show clips: pages of pictures and playable spans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets.cli.common import existing_lake, known_tiers
from video_assets.live.screen import busy
from video_assets.settings import settings

if TYPE_CHECKING:
    from video_assets.look.choice import Verdict


@click.command()
@click.argument("what", metavar="TIER|QUERY|CLIP_ID")
@click.option(
    "--most", type=click.IntRange(min=1, max=2000), default=50, show_default=True, help="Most clips that are shown."
)
@click.option(
    "--verdict", type=click.Choice(["kept", "dropped", "undecided"]), help="Of a tier, clips of this verdict alone."
)
@click.option(
    "--page", type=click.Path(path_type=Path, dir_okay=False), default=Path("look.html"), show_default=True,
    help="Where the page is written.",
)  # fmt: skip
def look(what: str, most: int, verdict: Verdict | None, page: Path) -> None:
    """Make a page of clips, with pictures and verdicts.

    Of each clip: pictures, a span to play, verdicts and scores. Which clips: those of a TIER (kept ones first), one CLIP_ID or its first eight digits, or a QUERY: SQL that gives a
    column clip_id, a file of it, or a condition over clip_sheet such as "vmaf_motion > 5".
    """
    from video_assets.lake.catalog import open_to_read
    from video_assets.look.choice import choose
    from video_assets.look.page import page as page_of
    from video_assets.look.seen import see

    lake, tiers = existing_lake(), known_tiers()
    with busy("Gathering pictures"), open_to_read(settings(), lambda: lake.access) as connection:
        choice = choose(connection, what, tiers, verdict, most)
        seen = see(connection, choice.clips)
    page.write_text(page_of(choice, seen), encoding="utf-8")
    click.echo(f"{len(seen)} of {choice.found} clips: {page}")
