"""Commands about tiers: their funnels, what-if, coverage, mix, and why a clip is in or out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets import show
from video_assets.cli.common import as_json, asking, existing_lake, known_tiers, named_tier, sql_files, unknown
from video_assets.live.screen import busy

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake


@click.command()
@click.argument("tier")
@as_json
def funnel(tier: str, json: bool) -> None:
    """Show the clips and hours left after each rule of TIER.

    Where its paper publishes a share, it stands beside them.
    """
    from video_assets.curate.funnel import beside_published
    from video_assets.curate.funnel import funnel as funnel_of

    lake, chosen = existing_lake(), named_tier(known_tiers(), tier)
    with asking(lake) as cursor:
        rows = beside_published(funnel_of(cursor, chosen), chosen)
    if json:
        show.document({"tier": chosen.name, "title": chosen.title, "version": chosen.version, "rules": rows})
    else:
        show.frame(rows, title=chosen.title)
    if not rows["clips_left"][0]:
        raise click.ClickException(
            f"{tier} has decided on no clip by its present version; 'video-assets plan' says why."
        )


@click.command("what-if")
@click.argument("tier")
@click.option(
    "--set", "rules", multiple=True, metavar="RULE=EXPRESSION", help="Put another expression in a rule's place."
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An edited copy of the tier's file, instead.",
)
@click.option(
    "--page", type=click.Path(path_type=Path), default=Path("what-if.html"), show_default=True,
    help="Where the clips that change sides are shown.",
)  # fmt: skip
@as_json
def what_if(tier: str, rules: tuple[str, ...], file: Path | None, page: Path, json: bool) -> None:
    """Show what other rules of TIER would gain and lose.

    The tiers below it are asked too. Nothing is measured or changed.
    """
    from video_assets.curate.tiers import TierError
    from video_assets.curate.what_if import edited, read_edited
    from video_assets.curate.what_if import what_if as answer

    if bool(rules) == bool(file):
        raise click.UsageError("Say what would be other, with --set RULE='expression' or with --file PATH.")
    assigned = dict(map(_assignment, rules))
    lake, tiers = existing_lake(), known_tiers()
    chosen = named_tier(tiers, tier)
    _writable(page)
    try:
        other = read_edited(file, chosen) if file else edited(chosen, assigned)
        with asking(lake) as cursor:
            found = answer(cursor, chosen, other, tiers)
    except TierError as error:
        if not assigned or error.path != chosen.path:
            raise
        # The file is sound, and has no such line.
        raise click.ClickException(f"What --set says cannot be asked: {error.what} {error.mend}") from error
    page.write_text(show.what_if_page(lake, chosen, found), encoding="utf-8")
    if json:
        show.document({
            "tier": chosen.name, "tiers": found.tiers, "holders": found.sources, "licences": found.licences,
            "clips": found.border, "page": str(page),
        })  # fmt: skip
        return
    show.what_if(found)
    click.echo(f"The clips that change sides: {page}")


def _assignment(text: str) -> tuple[str, str]:
    """RULE=EXPRESSION in its two parts."""
    rule, equals, expression = text.partition("=")
    if not equals or not rule.strip() or not expression.strip():
        raise click.UsageError(f"--set {text} is not RULE='expression', such as enough_motion='vmaf_motion > 0.5'.")
    return rule.strip(), expression.strip()


def _writable(page: Path) -> None:
    """See that a page can be written before anything is computed for it."""
    if page.is_dir() or not page.parent.is_dir():
        wrong = "is a folder" if page.is_dir() else f"cannot be written: there is no folder {page.parent}"
        raise click.UsageError(f"--page {page} {wrong}.")


@click.command()
@click.argument("tier")
@click.option("--page", type=click.Path(path_type=Path), help="Write it as Markdown with plots.")
@as_json
def coverage(tier: str, page: Path | None, json: bool) -> None:
    """Show what the clips that TIER keeps are.

    Lengths, sizes, people, camera, concepts, holders and licences.
    """
    from video_assets.curate.coverage import coverage as coverage_of
    from video_assets.curate.draws import draw
    from video_assets.reports import coverage as as_markdown

    lake, files = existing_lake(), sql_files()
    chosen, draws = named_tier(files.tiers, tier), files.draws
    if page:
        _writable(page)
    with asking(lake) as cursor:
        found = coverage_of(cursor, chosen)
        shares = draw(cursor, draws[tier]).shares if tier in draws else None
    if page:
        page.write_text(f"# {chosen.title}\n\n{as_markdown(found, shares)}", encoding="utf-8")
    if json:
        show.document({
            "tier": chosen.name, "title": chosen.title, "totals": found.totals.row(0, named=True), "shares": shares,
            "breakdowns": found.breakdowns,
        })  # fmt: skip
        return
    show.frame(found.totals, title=chosen.title)
    if shares is not None:
        show.shares(shares, title="\nThe mix that is drawn, against its targets")
    for heading, rows in found.breakdowns.items():
        show.frame(rows, title=f"\n{heading}")
    if page:
        click.echo(f"Written: {page}")


@click.command()
@click.argument("tier")
@as_json
def mix(tier: str, json: bool) -> None:
    """Show what the draw from TIER would give now.

    Of each part its target, what it reaches and what limits it.
    """
    from video_assets.curate.draws import draw
    from video_assets.curate.sql_files import DRAW

    lake, files = existing_lake(), sql_files()
    found = files.draws
    if refused := files.refusal(DRAW, tier) if tier not in found else None:
        raise click.ClickException(f"The draw {tier} cannot be used: {refused}")
    if tier not in found:
        raise click.ClickException(unknown("draw", tier, found))
    with asking(lake) as cursor:
        drawn = draw(cursor, found[tier])
    if json:
        show.document({"tier": tier, "title": found[tier].file.title, "parts": drawn.shares})
    else:
        show.shares(drawn.shares, title=found[tier].file.title)


@click.command()
@click.argument("what", metavar="CLIP|FILE")
@as_json
def why(what: str, json: bool) -> None:
    """Show every tier's verdict on a clip, or what a file came to.

    The first eight digits of a CLIP's id are enough; 'video-assets clips' lists the clips. A FILE is named by its name, path or address.
    """
    from video_assets.curate.why_file import why_file

    lake = existing_lake()
    with busy("Asking the lake"):
        files = why_file(lake, what)
    if not files:
        _why_clip(lake, what, json)
    elif json:
        show.document({"files": [asdict(file) for file in files]})
    else:
        for file in files:
            show.block(file.told[0], *file.told[1:], *(f"video-assets why {clip}" for clip in file.clips))


def _why_clip(lake: Lake, name: str, json: bool) -> None:
    """Every tier's verdict on the clip whose id begins so."""
    from video_assets.curate.contamination import near_benchmark, of_benchmark
    from video_assets.curate.why import about, as_document
    from video_assets.curate.why import why as why_of
    from video_assets.lake.names import resolve_clip

    with asking(lake) as cursor:
        clip = resolve_clip(cursor, name)
        rows, told = why_of(cursor, clip), about(cursor, clip)
        near, benchmark = near_benchmark(cursor, clip), of_benchmark(cursor, clip)
        told += [near] if near else []
        document = as_document(cursor, clip, rows) | {"benchmark": benchmark, "about": told} if json else {}
    if json:
        show.document(document)
    if benchmark:
        if not json:
            click.echo(
                f"{clip} is a clip of the benchmark {benchmark}; no tier judges it, and none keeps its near-duplicates."
            )
        return
    if rows.is_empty():
        raise click.ClickException(f"No tier has decided on {clip} yet; 'video-assets plan' says what is due.")
    if not json:
        show.why(rows)
        for sentence in told:
            show.sentence(sentence)
