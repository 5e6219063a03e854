"""Commands that ask the lake: SQL, a shell, and clips by what they show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from video_assets import show
from video_assets.cli.common import existing_lake
from video_assets.live.screen import busy
from video_assets.settings import Settings, settings
from video_assets.settings.reading import did_you_mean

_ASKING = "Asking the lake"


class _MayBeginWithComment(click.Command):
    """A command whose argument is SQL: ``-- a comment`` at its beginning is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # A space before it says the same to DuckDB, and click takes it for an argument.
        return super().parse_args(ctx, [f" {a}" if re.match(r"--(\s|[^\n]*\n)", a) else a for a in args])


@click.command(cls=_MayBeginWithComment)
@click.argument("query", required=False)
@click.option("--csv", "form", flag_value=".csv", help="Print comma-separated values.")
@click.option("--json", "form", flag_value=".json", help="Print one JSON array of objects.")
@click.option("--line", "by_line", is_flag=True, help="Show each row in full, with a line a column.")
@click.option("--all", "everything", is_flag=True, help="Show every row and column, however long and wide that is.")
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write FILE: .csv, .json, .jsonl or .parquet by its ending.",
)  # fmt: skip
@click.option("--attach", is_flag=True, help="Print the statements that open the lake read-only in any DuckDB shell.")
def sql(
    query: str | None, form: str | None, by_line: bool, everything: bool, output: Path | None, attach: bool
) -> None:
    """Ask the lake in SQL, or open a shell on it.

    QUERY is SQL, a file of it, or the name of a question; it can change nothing. Without QUERY a DuckDB shell opens on the lake. 'video-assets questions' lists the ready questions.
    """
    from video_assets.lake import catalog, export
    from video_assets.lake.s3 import duckdb_settings

    chosen = settings()
    if attach:
        reach_s3 = duckdb_settings(chosen.s3) if chosen.lake.on_s3 else []
        click.echo(";\n".join(_opening(chosen, reach_s3)) + ";")
        return
    if output:
        export.check_ending(output)
    if query is None:
        if form or by_line or everything or output:
            raise click.UsageError("Say what to ask: SQL, a file of it, or the name of a question.")
        _shell()
        return
    text = _text(query)
    connection = catalog.open_to_read(chosen, lambda: existing_lake().access)
    # Names in a person's SQL are those of the lake, never of this program's variables.
    connection.execute("SET python_enable_replacements = false")
    with busy(_ASKING):
        found = connection.sql(text)
    if found is None:
        if output or form:
            raise click.ClickException("The last statement has no rows to write; end with a SELECT.")
        return
    if output:
        with busy(_ASKING):
            export.write(found, output)
        click.echo(f"Written: {output}", err=True)
    elif form:
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / f"answer{form}"
            with busy(_ASKING):
                export.write(found, written)
            _pour(written)
    elif found.columns == ["explain_key", "explain_value"]:
        click.echo("\n".join(plan for _, plan in found.fetchall()))
    else:
        with busy(_ASKING):
            rows = export.rows(found)
        show.answer(rows, everything=everything, by_line=by_line)


def _shell() -> None:
    """Let a DuckDB shell take over, with the lake open."""
    from video_assets.lake import catalog
    from video_assets.lake.s3 import duckdb_settings, key_environment

    chosen = settings()
    catalog.require(chosen.lake)
    shell = shutil.which("duckdb", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if shell is None:
        raise click.ClickException("There is no duckdb shell; install one with pip install 'video_assets[shell]'.")
    reach_s3 = duckdb_settings(chosen.s3) if chosen.lake.on_s3 else []
    commands = [word for statement in _opening(chosen, reach_s3) for word in ("-cmd", f"{statement};")]
    keys = key_environment(existing_lake().access) if chosen.lake.on_s3 else {}
    raise SystemExit(subprocess.call([shell, *commands], env=os.environ | keys))


def _opening(chosen: Settings, reach_s3: Sequence[str]) -> list[str]:
    """The statements that open the lake read-only in any DuckDB, with the macros."""
    from video_assets.lake import catalog

    attach = catalog.attach_statements(chosen.lake, reach_s3, read_only=True)
    return [*attach, *catalog.macros(chosen.sql_file("macros.sql"))]


def _text(query: str) -> str:
    """The SQL that is meant: it stands there, in a file, or in the file of a question."""
    import duckdb

    from video_assets.curate.lists import questions

    ready, _ = questions(settings())
    name = query.strip()
    if name in ready:
        text = ready[name].path.read_text(encoding="utf-8")
    elif re.fullmatch(r"\S*(/\S*|\.sql)", name):
        text = _file(Path(name))
    elif re.fullmatch(r"[\w.-]+", name):
        hint = did_you_mean(name, list(ready)) or " 'video-assets questions' lists them."
        raise click.ClickException(f"There is no question {name}.{hint} For a table write 'FROM {name}'.")
    else:
        text = query
    if not duckdb.extract_statements(text):
        raise click.ClickException("There is no SQL in this; try video-assets sql 'FROM clip_sheet LIMIT 5'.")
    return text


def _file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise click.UsageError(f"There is no file {path}; 'video-assets questions' lists the ready ones.") from None
    except IsADirectoryError:
        raise click.UsageError(f"{path} is a folder; give a file of SQL.") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{path} is no text; give a file of SQL, in UTF-8.") from None


def _pour(path: Path) -> None:
    """Print a file as it is."""
    with path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.flush()


@click.command()
@click.argument("text")
@click.option("--most", type=click.IntRange(min=1), default=10, show_default=True, help="Most clips that are shown.")
def search(text: str, most: int) -> None:
    """Show the clips that look most like what TEXT says.

    It needs the profile 'full'.
    """
    from video_assets.batches.search import Search

    lake = existing_lake()
    with busy("Looking at every clip"):
        found = Search(lake).nearest(text, most)
    show.frame(found, shorten="file_name")
