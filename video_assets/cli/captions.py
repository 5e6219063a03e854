"""The command line's captions: write some anew, import and export them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from video_assets.cli.group import Sentences

if TYPE_CHECKING:
    from video_assets.batches.step import Step
    from video_assets.lake.ledger import Made


@click.group(cls=Sentences)
def captions() -> None:
    """Write captions anew, import and export them."""


@captions.command()
@click.option("--version", help="Those of this version; sql/explore/captions_by_version.sql lists the versions.")
@click.option("--captioner", help="Those by this captioner of the settings.")
def redo(version: str | None, captioner: str | None) -> None:
    """Have current captions written anew by their captioner.

    The old ones stay in the table.
    """
    from video_assets.batches.caption_files import withdraw
    from video_assets.bring_up_to_date import bring_up_to_date, quiet
    from video_assets.measurements import caption_work_of

    if version is None and captioner is None:
        raise click.UsageError("Say which captions: with --version or with --captioner, or both.")
    quiet()
    step = _step()
    made = withdraw(step, caption_work_of(step.lake.settings, step.order).versions, version, captioner)
    click.echo(f"Captions in {len(made)} batches are written anew.")
    after = _following(step)
    outcome = bring_up_to_date(step.lake, lambda due: due.asset in after)
    if not outcome.partitions:
        click.echo("What they are written from is due itself: 'video-assets curate' makes that and the captions.")
    if outcome.failed:
        raise click.ClickException(f"Not all went well: {len({f.batch for f in outcome.failed})} batches failed.")


@captions.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--captioner", required=True, help="Who wrote them; those of 'human' win over all others, whatever the shares."
)
def import_(file: Path, captioner: str) -> None:
    """Take in captions from FILE (JSONL or Parquet).

    A row names its clip by clip_id, or by file_name (or video_id), start_s and end_s.
    """
    from video_assets.batches.caption_files import import_captions
    from video_assets.bring_up_to_date import quiet, report_captions

    step = _step()
    if captioner in {c.name for c in step.lake.settings.captions.captioners}:
        raise click.ClickException(f"{captioner} is a captioner of the settings; import under another name.")
    before = _count(step, captioner)
    made: Sequence[Made] = import_captions(step, file, captioner)
    quiet()
    report_captions(step.lake, made)
    click.echo(f"{captioner} has {_count(step, captioner)} current captions, and had {before}.")


@captions.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(file: Path) -> None:
    """Write every current caption to FILE (JSONL or Parquet).

    'winner' marks the one of each clip to train on. What people have corrected until now is among them.
    """
    from video_assets.batches.caption_files import export_captions
    from video_assets.batches.corrections import take_corrections
    from video_assets.bring_up_to_date import quiet, report_captions
    from video_assets.review.fold import fold_what_waits

    step = _step()
    fold_what_waits(step.lake)
    if taken := take_corrections(step):
        quiet()
        report_captions(step.lake, taken)
    click.echo(f"{export_captions(step, file)} captions: {file}")


def _step() -> Step:
    from video_assets.assets.common import order
    from video_assets.batches.step import Step
    from video_assets.lake.lake import Lake
    from video_assets.settings import settings

    return Step(Lake.existing(settings()), order())


def _count(step: Step, captioner: str) -> int:
    sql = "SELECT count(*) FROM current_captions WHERE captioner = ? AND reason IS NULL"
    count: int = step.lake.query(sql, [captioner]).item()
    return count


def _following(step: Step) -> set[str]:
    """The captions, and what is made of them."""
    from video_assets.measurements import CAPTIONS

    found = {CAPTIONS}
    for asset, measurement in step.order.items():
        if found & {*measurement.inputs}:
            found.add(asset)
    return found
