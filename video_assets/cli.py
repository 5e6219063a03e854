"""The command line: curate a folder, see the plan, ask the lake."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets import show
from video_assets.captions_cli import captions
from video_assets.settings import WatchedFolder, settings

if TYPE_CHECKING:
    import duckdb
    import polars as pl

    from video_assets.curate.tiers import Tier
    from video_assets.lake.lake import Lake


class _Sentences(click.Group):
    """Errors that a person can mend are shown as their sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        from filelock import Timeout

        from video_assets.measure.models import ModelNotReadyError

        try:
            return super().invoke(ctx)
        except (FileNotFoundError, PermissionError, ValueError, ModelNotReadyError) as error:
            raise click.ClickException(str(error)) from error
        except Timeout as error:
            raise click.ClickException(
                f"Another process holds {error.lock_file}; try again when it is done."
            ) from error


@click.group(cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="video_assets")
def main() -> None:
    """From raw footage to the training set of a video-generation model."""


main.add_command(captions)


@main.command()
@click.argument("path")
@click.option(
    "--benchmark", metavar="NAME",
    help="These are a benchmark's videos: tiers keep no near-duplicate of them. '' makes them footage again.",
)  # fmt: skip
def curate(path: str, benchmark: str | None) -> None:
    """Take in the footage under PATH (a folder or s3://bucket/prefix) and bring every batch up to date."""
    if not path.startswith("s3://") and not Path(path).is_dir():
        raise click.ClickException(f"{path} is not a folder; give one that holds videos.")
    _curate(path, benchmark)


@main.command()
@click.option("--footage", type=click.Path(path_type=Path), default=Path("demo_footage"), show_default=True)
def demo(footage: Path) -> None:
    """Gather a dozen real clips and curate them."""
    from video_assets.demo import make_footage

    with show.console.status("Gathering footage") as status:
        made = make_footage(footage, lambda name: status.update(f"Gathering footage: {name}"))
    show.console.print(f"{len(made)} files in {footage}/.")
    lake = _curate(str(footage))
    tiers = _tiers()
    with lake.cursor() as cursor:
        from video_assets.curate.funnel import funnel

        for tier in sorted(tiers.values(), key=lambda t: t.name.split("/")[0]):
            show.frame(funnel(cursor, tier), title=f"\n{tier.name}: {tier.title}")
    question = settings().sql_folder / "explore" / "hours_per_tier.sql"
    show.frame(lake.query(question.read_text()), title="\nsql/explore/hours_per_tier.sql")
    show.console.print("\nOpen the UI:  [bold]make ui[/bold]  and then http://localhost:3000")
    show.console.print('Ask in SQL:   [bold]video-assets sql "SELECT * FROM clip_sheet LIMIT 5"[/bold]')


@main.command()
@click.option("--detail", is_flag=True, help="One line for every batch of every asset.")
def plan(detail: bool) -> None:
    """Show what would run and why, with rows, hours and expected cost. Nothing is run."""
    from video_assets.assets.common import order
    from video_assets.lake.plan import plan as plan_of

    show.plan(plan_of(_lake(), order()), detail)


@main.command()
def models() -> None:
    """List the models with licence, size, hash and readiness, and how to provide those that are not ready."""
    from video_assets.measure.models import MODELS, declared

    chosen = settings().models
    show.models(chosen)
    not_ready = dict.fromkeys(p for a in MODELS for m in declared(a, chosen) if (p := m.problem(chosen)))
    for problem in not_ready:
        click.echo(problem)


@main.command()
@click.argument("query", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option("--attach", is_flag=True, help="Print the statements that open the lake read-only in any DuckDB shell.")
def sql(query: str | None, as_csv: bool, attach: bool) -> None:
    """Run a QUERY, or a file of one, on the lake, read-only; without one open a DuckDB shell on it."""
    from video_assets.lake import catalog
    from video_assets.lake.s3 import duckdb_settings, key_environment

    chosen = settings()
    reach_s3 = duckdb_settings(chosen.s3) if chosen.lake.on_s3 else []
    opening = catalog.attach_statements(chosen.lake, reach_s3, read_only=True)
    if attach:
        click.echo(";\n".join(opening) + ";")
        return
    access = _lake().access if chosen.lake.on_s3 else None
    if query is None:
        catalog.require(chosen.lake)
        shell = shutil.which("duckdb", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if shell is None:
            raise click.ClickException("There is no duckdb shell; install one with pip install 'video_assets[shell]'.")
        commands = [word for statement in opening for word in ("-cmd", f"{statement};")]
        raise SystemExit(
            subprocess.call([shell, *commands], env=os.environ | (key_environment(access) if access else {}))
        )
    text = Path(query).read_text() if query.endswith(".sql") and Path(query).is_file() else query
    rows = _rows(catalog.connect(chosen.lake, access, read_only=True), text)
    if as_csv:
        click.echo(rows.write_csv(), nl=False)
    else:
        show.frame(rows)


@main.command()
@click.argument("text")
@click.option("--most", type=click.IntRange(min=1), default=10, show_default=True, help="Most clips that are shown.")
def search(text: str, most: int) -> None:
    """Show the clips that look most like what TEXT says; needs the profile 'full'."""
    from video_assets.batches.embeddings import search as search_for

    show.frame(search_for(_lake(), text, most))


@main.command()
@click.argument("tier")
def funnel(tier: str) -> None:
    """Show the clips and hours left after each rule of TIER (recipe/stage), beside what its paper publishes."""
    from video_assets.curate.funnel import beside_published
    from video_assets.curate.funnel import funnel as funnel_of

    lake, chosen = _lake(), _tier(_tiers(), tier)
    with lake.cursor() as cursor:
        show.frame(beside_published(funnel_of(cursor, chosen), chosen), title=chosen.title)


@main.command("what-if")
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
    lake, tiers = _lake(), _tiers()
    chosen = _tier(tiers, tier)
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


@main.command()
@click.argument("tier")
@click.option("--page", type=click.Path(path_type=Path), help="Write it as Markdown with plots.")
def coverage(tier: str, page: Path | None) -> None:
    """Show what the clips that TIER keeps are: lengths, sizes, people, camera, concepts, holders, licences."""
    from video_assets.assets.common import draws_of
    from video_assets.curate.coverage import coverage as coverage_of
    from video_assets.curate.draws import draw
    from video_assets.reports import coverage as as_markdown

    lake, tiers = _lake(), _tiers()
    chosen, draws = _tier(tiers, tier), draws_of(settings(), tiers)[0]
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


@main.command()
@click.argument("tier")
def mix(tier: str) -> None:
    """Show what the draw from TIER would give now: each part's target, what it reaches and what limits it."""
    from video_assets.assets.common import draws_of
    from video_assets.curate.draws import draw

    lake = _lake()
    found, errors = draws_of(settings(), _tiers())
    for error in errors:
        click.echo(f"Left out: {error}", err=True)
    if tier not in found:
        raise click.ClickException(f"There is no draw {tier}; there are {', '.join(found) or 'none'}.")
    with lake.cursor() as cursor:
        drawn = draw(cursor, found[tier])
    show.frame(drawn.shares, title=found[tier].file.title)


@main.command()
@click.argument("clip_id")
def why(clip_id: str) -> None:
    """Show every tier's verdict on CLIP_ID, rule by rule, with what the rules read of it."""
    from video_assets.curate.contamination import near_benchmark, of_benchmark
    from video_assets.curate.why import about
    from video_assets.curate.why import why as why_of

    with _lake().cursor() as cursor:
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


@main.command()
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Days that a version is kept.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def sweep(days: int, dry_run: bool) -> None:
    """Remove versions of the tables that are older than some days, and what killed runs left behind."""
    from video_assets.assets.common import order
    from video_assets.lake.sweep import sweep as sweep_of

    lake, version = _lake(), order()["decoded_videos"].version
    swept = sweep_of(lake, version, datetime.now(UTC), older_than=timedelta(days=days), dry_run=dry_run)
    for path in (*swept.replaced, *swept.orphans, *swept.leftovers):
        click.echo(path)
    click.echo(
        f"{'Would remove' if dry_run else 'Removed'} {swept.snapshots} versions of the lake, {len(swept.replaced)} replaced "
        f"files, {len(swept.orphans)} files of commits that did not come to pass and {len(swept.leftovers)} leftovers."
    )


def _curate(path: str, benchmark: str | None = None) -> Lake:
    """Take in, then run until nothing is due that was not already tried."""
    from video_assets.bring_up_to_date import bring_up_to_date, quiet

    quiet()
    with show.console.status("Loading"):
        from video_assets.describe.ready import require_captioners
        from video_assets.footage.ingest import take_stock
        from video_assets.footage.tick import Cursor
        from video_assets.lake.lake import Lake
        from video_assets.measure.models import chosen, require

        require(chosen(settings().models), settings().models)
        require_captioners(settings())
        lake = Lake(settings())
    with show.console.status(f"Looking at {path}"):
        folder = WatchedFolder(uri=path, benchmark=benchmark)
        stock = take_stock(lake, [folder], Cursor(), datetime.now(UTC), at_once=True)
    show.console.print(f"{path}: {stock.summary}")
    if not bring_up_to_date(lake):
        show.console.print("Nothing is due: everything is measured already.")
    return lake


def _lake() -> Lake:
    """The lake of the settings; asking makes none that is not there."""
    from video_assets.lake.lake import Lake

    return Lake.existing(settings())


def _tiers() -> dict[str, Tier]:
    from video_assets.curate.tiers import load_tiers

    tiers, errors = load_tiers(settings().sql_folder / "tiers")
    for error in errors:
        click.echo(f"Left out: {error}", err=True)
    return tiers


def _tier(tiers: Mapping[str, Tier], name: str) -> Tier:
    """The tier of that name."""
    if name not in tiers:
        raise click.ClickException(f"There is no tier {name}; there are {', '.join(tiers)}.")
    return tiers[name]


def _rows(connection: duckdb.DuckDBPyConnection, text: str) -> pl.DataFrame:
    import duckdb

    try:
        return connection.execute(text).pl()
    except duckdb.Error as error:
        raise click.ClickException(str(error)) from error
