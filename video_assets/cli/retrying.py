"""The command that tries failed work again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from video_assets import show
from video_assets.cli.common import existing_lake
from video_assets.live.screen import busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from video_assets.batches.step import Step
    from video_assets.lake.plan import Due


@click.command()
@click.argument("what", required=False, metavar="[FILE|BATCH|CLIP]")
@click.option("--reason", metavar="REASON", help="Only what failed for this reason, such as decode_timeout.")
@click.option("--all", "everything", is_flag=True, help="Whatever failed, for whatever reason.")
def retry(what: str | None, reason: str | None, everything: bool) -> None:
    """Try again what failed of a file, a batch or a clip.

    A FILE is named by its name, path or address, a CLIP by its id. Failures for good are tried too, such as after a new version of the decoder.
    """
    if what is None and reason is None and not everything:
        raise click.UsageError("Say what to try again: a FILE, a BATCH, a CLIP, a --reason, or --all.")
    with busy("Loading"):
        from video_assets.assets.common import order
        from video_assets.batches.retry import outcome, reason_named, set_aside
        from video_assets.batches.step import Step
        from video_assets.bring_up_to_date import bring_up_to_date, quiet

        quiet()
        named = reason_named(reason) if reason else None
        catalogue = order()
    step = Step(existing_lake(), catalogue)
    with busy("Looking what is due"):
        wanted = _following(step)
        tried = set_aside(step, what, named)
    counted = ", ".join(f"{len(subjects)} in {asset}" for asset, subjects in tried.subjects.items())
    click.echo(f"Tried again: {counted}.")
    made = bring_up_to_date(step.lake, lambda due: due.batch in tried.batches or wanted(due))
    found = outcome(step, tried)
    failed = int(found["failed_again"].sum())
    click.echo(f"{tried.count - failed} of {tried.count} are good now.")
    if failed:
        show.frame(found.filter(found["failed_again"] > 0))
    if failed or made.failed:
        raise click.ClickException("Not all went well: see what failed again above.")


def _following(step: Step) -> Callable[[Due], bool]:
    """Whether a partition is due that was not due before: what was left due for other reasons stays so."""
    from video_assets.lake.plan import plan

    before = {(due.asset, due.batch) for due in plan(step.lake, step.order)}
    return lambda due: (due.asset, due.batch) not in before
