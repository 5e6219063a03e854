"""Commands about tiers: their funnels, what-if, coverage, mix, and why a clip is in or out."""

from __future__ import annotations

from pathlib import Path

import click

from video_assets import show
from video_assets.cli.common import existing_lake, known_tiers, named_tier, sql_files


@click.command()
@click.argument("tier")
def funnel(tier: str) -> None:
    """Show the clips and hours left after each rule of TIER (recipe/stage), beside what its paper publishes."""
    from video_assets.curate.funnel import beside_published
    from video_assets.curate.funnel import funnel as funnel_of

    lake, chosen = existing_lake(), named_tier(known_tiers(), tier)
    with lake.cursor() as cursor:
        show.frame(beside_published(funnel_of(cursor, chosen), chosen), title=chosen.title)


@click.command("what-if")
@click.argument("tier")
@click.option(
    "--set", "rules", multiple=True, metavar="RULE=EXPRESSION", help="Put another expression in a rule's place."
)
@click.option("--file", type=click.Path(path_type=Path), help="An edited copy of the tier's file, instead.")
@click.option(
    "--page", type=click.Path(path_type=Path), default=Path("what-if.html"), show_default=True,
    help="Where the clips that change sides are shown.",
)  # fmt: skip
def what_if(tier: str, rules: tuple[str, ...], file: Path | None, page: Path) -> None:
    """Show what TIER and those below it would gain and lose by other rules. Nothing is measured or changed."""
    from video_assets.curate.what_if import edited, read_edited
    from video_assets.curate.what_if import what_if as answer

    if bool(rules) == bool(file):
        raise click.UsageError("Say what would be other, with --set RULE='expression' or with --file PATH.")
    lake, tiers = existing_lake(), known_tiers()
    chosen = named_tier(tiers, tier)
    other = read_edited(file, chosen) if file else edited(chosen, dict(map(_assignment, rules)))
    with lake.cursor() as cursor:
        found = answer(cursor, chosen, other, tiers)
    show.what_if(found)
    page.write_text(show.what_if_page(lake, chosen, found), encoding="utf-8")
    click.echo(f"The clips that change sides: {page}")


def _assignment(text: str) -> tuple[str, str]:
    """RULE=EXPRESSION in its two parts."""
    rule, equals, expression = text.partition("=")
    if not equals or not rule.strip() or not expression.strip():
        raise click.UsageError(f"--set {text} is not RULE='expression', such as enough_motion='vmaf_motion > 0.5'.")
    return rule.strip(), expression.strip()


@click.command()
@click.argument("tier")
@click.option("--page", type=click.Path(path_type=Path), help="Write it as Markdown with plots.")
def coverage(tier: str, page: Path | None) -> None:
    """Show what the clips that TIER keeps are: lengths, sizes, people, camera, concepts, holders, licences."""
    from video_assets.curate.coverage import coverage as coverage_of
    from video_assets.curate.draws import draw
    from video_assets.reports import coverage as as_markdown

    lake, files = existing_lake(), sql_files()
    chosen, draws = named_tier(files.tiers, tier), files.draws
    with lake.cursor() as cursor:
        found = coverage_of(cursor, chosen)
        shares = draw(cursor, draws[tier]).shares if tier in draws else None
    show.frame(found.totals, title=chosen.title)
    if shares is not None:
        show.frame(shares, title="The mix that is drawn, against its targets")
    for heading, rows in found.breakdowns.items():
        show.frame(rows, title=heading)
    if page:
        page.write_text(f"# {chosen.title}\n\n{as_markdown(found, shares)}", encoding="utf-8")
        click.echo(f"Written: {page}")


@click.command()
@click.argument("tier")
def mix(tier: str) -> None:
    """Show what the draw from TIER would give now: each part's target, what it reaches and what limits it."""
    from video_assets.curate.draws import draw
    from video_assets.curate.sql_files import DRAW

    lake, files = existing_lake(), sql_files()
    found = files.draws
    if refused := files.refusal(DRAW, tier) if tier not in found else None:
        raise click.ClickException(f"The draw {tier} cannot be used: {refused}")
    if tier not in found:
        raise click.ClickException(f"There is no draw {tier}; there are {', '.join(found) or 'none'}.")
    with lake.cursor() as cursor:
        drawn = draw(cursor, found[tier])
    show.frame(drawn.shares, title=found[tier].file.title)


@click.command()
@click.argument("clip_id")
def why(clip_id: str) -> None:
    """Show every tier's verdict on CLIP_ID, rule by rule, with what the rules read of it."""
    from video_assets.curate.contamination import near_benchmark, of_benchmark
    from video_assets.curate.why import about
    from video_assets.curate.why import why as why_of

    with existing_lake().cursor() as cursor:
        rows, told = why_of(cursor, clip_id), about(cursor, clip_id)
        near, benchmark = near_benchmark(cursor, clip_id), of_benchmark(cursor, clip_id)
    if benchmark:
        click.echo(
            f"{clip_id} is a clip of the benchmark {benchmark}; no tier judges it, and none keeps its near-duplicates."
        )
        return
    if rows.is_empty():
        raise click.ClickException(f"No tier has decided on {clip_id}; SELECT clip_id FROM clips lists the clips.")
    show.why(rows)
    for sentence in [*told, *([near] if near else [])]:
        click.echo(sentence)
