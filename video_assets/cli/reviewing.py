"""Commands of people's verdicts: the page on which they judge, and what their labels say of a score."""

from __future__ import annotations

import getpass
import os
from urllib.parse import quote

import click

from video_assets import show
from video_assets.cli.common import as_json, existing_lake, known_tiers, named_tier, unknown
from video_assets.live.screen import busy
from video_assets.settings import settings


@click.command()
@click.argument("tier", required=False)
@click.option("--host", help="Address to listen on. Default: review.host of the settings, loopback alone.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 is any that is free. Default: review.port.")
@click.option("--rater", help="Who judges, where a browser has named nobody. Default: your name on this machine.")
def review(tier: str | None, host: str | None, port: int | None, rater: str | None) -> None:
    """Serve the page on which people look at clips and judge them.

    With TIER the address of its queue is printed. What people say is kept at once, and is soon in the lake's table 'reviews'.
    """
    from video_assets.review.guard import is_loopback

    chosen = settings().review
    host = host or chosen.host
    lake, tiers = existing_lake(), known_tiers()
    token = _token(chosen.token_env)
    if not is_loopback(host) and token is None:
        raise click.ClickException(
            f"{host} can be reached from other machines, so that a token is needed: set review.token_env to the name of an environment "
            "variable that holds one, such as REVIEW_TOKEN."
        )
    if tier is not None:
        named_tier(tiers, tier)
    from video_assets.review.asked import RATER
    from video_assets.review.questions import QuestionsError
    from video_assets.review.serving import serve

    name = rater or _user()
    if not RATER.fullmatch(name):
        raise click.UsageError(
            f"--rater {name!r} is no name: it has letters, digits, spaces and . @ + - _, at most 60."
        )
    path = f"/judge?tier={quote(tier, safe='')}" if tier else "/"
    try:
        serve(
            lake,
            tiers,
            name,
            host,
            chosen.port if port is None else port,
            token,
            lambda address: _tell(address, path, token),
        )
    except (QuestionsError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _tell(address: str, path: str, token: str | None) -> None:
    show.say(f"Review page: {address}{path}" + ("" if token is None else "  (enter by the token)"))
    show.say("Ctrl-C ends it; verdicts are kept.")


def _token(variable: str | None) -> str | None:
    """The token that an environment variable holds.

    Raises:
        ClickException: it holds none, or too short a one.
    """
    if variable is None:
        return None
    token = os.environ.get(variable, "")
    if len(token) < 16:
        raise click.ClickException(
            f"review.token_env names {variable}, which holds {'nothing' if not token else 'fewer than 16 characters'}; put a long random "
            "token there, such as 'openssl rand -hex 24' gives."
        )
    return token


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        return "reviewer"


@click.command()
@click.argument("column")
@as_json
def thresholds(column: str, json: bool) -> None:
    """Propose a cut of a score by what people keep.

    COLUMN is a number of clip_sheet. Labels are the verdicts in the lake on which people are sure.
    """
    lake = existing_lake()
    from video_assets.review.asking import Asking
    from video_assets.review.cuts import cut_of
    from video_assets.review.fold import fold_what_waits
    from video_assets.review.rating_pages import labelled

    asking = Asking(lake)
    with busy("Asking the lake"):
        fold_what_waits(lake)
        numbers = [c for c in asking.columns if asking.is_number(c)]
        if column not in numbers:
            raise click.ClickException(unknown("column of numbers", column, numbers))
        with asking.look() as asked:
            scores, keeps = labelled(asked, column)
    try:
        found = cut_of(scores, keeps)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if json:
        show.document({
            "column": column, "sign": found.sign, "cut": found.best.cut, "interval": list(found.interval), "f1": found.f1,
            "precision": found.best.precision, "recall": found.best.recall, "area": found.area, "clips": found.clips,
            "keeps": found.keeps, "unmeasured": found.unmeasured,
            "curve": [{"cut": p.cut, "precision": p.precision, "recall": p.recall, "kept": p.kept} for p in found.curve],
        })  # fmt: skip
        return
    best = found.best
    show.say(
        f"{column} {found.sign} {best.cut:.4g}  (95 % of resamples: {found.interval[0]:.4g} to {found.interval[1]:.4g})"
    )
    show.say(
        f"precision {best.precision:.3f}, recall {best.recall:.3f}, F1 {found.f1:.3f}, area under ROC {found.area:.3f}"
    )
    show.say(
        f"{found.clips} labelled clips, {found.keeps} of them kept by people; {found.unmeasured} without the score"
    )
