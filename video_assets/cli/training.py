"""Commands about training runs: add what one has read, list them, and say which clips are in a model."""

from __future__ import annotations

from pathlib import Path

import click

from video_assets import show
from video_assets.cli.common import as_json, existing_lake
from video_assets.cli.group import Sentences
from video_assets.written import counted


@click.group(cls=Sentences)
def training() -> None:
    """Note what training runs have read of releases."""


@training.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@as_json
def add(files: tuple[Path, ...], json: bool) -> None:
    """Add the record of a run: FILES of all its ranks.

    The loader writes them, RUN.rank-N.jsonl. A run that went on since is added again with its longer files.
    """
    from video_assets.publish.training import add as add_files

    row = add_files(existing_lake(), files)
    if json:
        show.document(row)
        return
    show.say(
        f"{row['run']}: the model {row['model']} has read {counted(row['samples_kept'], 'sample')} of the release {row['release']}"
    )
    show.say(f"  kept         {counted(row['batches_kept'], 'batch')}")
    show.say(f"  rolled back  {counted(row['batches_rolled_back'], 'batch')}")
    if row["samples_skipped"]:
        show.say(f"  skipped      {counted(row['samples_skipped'], 'sample')}; training_skips says why")


@training.command("list")
@as_json
def list_(json: bool) -> None:
    """List the runs whose records were added."""
    lake = existing_lake()
    if json:
        show.document({"runs": lake.query("SELECT * FROM training_runs ORDER BY started_at, run")})
        return
    found = lake.query(
        "SELECT run, model, release, attempts, batches_kept, samples_kept, samples_skipped FROM training_runs "
        "ORDER BY started_at, run"
    )
    show.frame(found)
    show.say(counted(found.height, "run"))


@training.command()
@click.argument("run")
@click.option("--rolled-back", is_flag=True, help="Count what was read and then lost with an attempt too.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="Most clips that are shown.")
@as_json
def clips(run: str, rolled_back: bool, most: int, json: bool) -> None:
    """Say which clips are in the model of RUN, and how often each.

    The order of batches is made anew of the release's manifest.
    """
    from video_assets.publish.training import clips_read

    found = clips_read(existing_lake(), run, rolled_back=rolled_back)
    if json:
        show.document({"run": run, "clips": found})
        return
    show.frame(found.head(most))
    more = f" ({most} shown; --most shows more)" if found.height > most else ""
    show.say(f"{counted(found.height, 'clip')}, {counted(int(found['times'].sum()), 'sample')}{more}")
