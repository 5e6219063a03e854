"""Commands that ask the lake: SQL, a shell, and clips by what they show."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from video_assets import show
from video_assets.cli.common import existing_lake, rows_of
from video_assets.settings import settings


@click.command()
@click.argument("query", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option("--attach", is_flag=True, help="Print the statements that open the lake read-only in any DuckDB shell.")
def sql(query: str | None, as_csv: bool, attach: bool) -> None:
    """Run a QUERY, or a file of one, on the lake, read-only; without one open a DuckDB shell on it."""
    from video_assets.lake import catalog
    from video_assets.lake.s3 import duckdb_settings, key_environment

    chosen = settings()
    reach_s3 = duckdb_settings(chosen.s3) if chosen.lake.on_s3 else []
    opening = [
        *catalog.attach_statements(chosen.lake, reach_s3, read_only=True),
        *catalog.macros(chosen.sql_folder),
    ]
    if attach:
        click.echo(";\n".join(opening) + ";")
        return
    access = existing_lake().access if chosen.lake.on_s3 else None
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
    rows = rows_of(catalog.open_to_read(chosen, lambda: existing_lake().access), text)
    if as_csv:
        click.echo(rows.write_csv(), nl=False)
    else:
        show.frame(rows)


@click.command()
@click.argument("text")
@click.option("--most", type=click.IntRange(min=1), default=10, show_default=True, help="Most clips that are shown.")
def search(text: str, most: int) -> None:
    """Show the clips that look most like what TEXT says; needs the profile 'full'."""
    from video_assets.batches.embeddings import search as search_for

    show.frame(search_for(existing_lake(), text, most))
