"""Runs of the command line: what is due is made in this process, as Dagster's runs."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from video_assets import show
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import Due
from video_assets.live.screen import busy, watching

_HOME = """\
telemetry:
  enabled: false
nux:
  enabled: false
# The UI shows the lake's pictures.
compute_logs:
  module: video_assets.assets.logs
  class: LakeComputeLogManager
"""


@dataclass(frozen=True)
class Failed:
    """A step of a run that failed.

    Attributes:
        batch: the batch; the first of them, where a run is over several.
        step: the step's name in Dagster.
        sentence: what its error says.
        run_id: the run, in the UI.
    """

    batch: str
    step: str
    sentence: str
    run_id: str


@dataclass(frozen=True)
class Blocked:
    """A batch that a blocking check has stopped: nothing in it can be used."""

    batch: str
    check: str
    run_id: str


@dataclass(frozen=True)
class Outcome:
    """What bringing a lake up to date has led to: how many partitions were run, and what went wrong."""

    partitions: int
    failed: tuple[Failed, ...] = ()
    blocked: tuple[Blocked, ...] = ()


def dagster_home() -> Path:
    """Dagster's folder: ``DAGSTER_HOME``, or ``dagster_home`` in the working directory; made when it is not there."""
    home = dagster_folder()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_text(_HOME)
    return home


def dagster_folder() -> Path:
    """The same, which may not be there."""
    return Path(os.environ.setdefault("DAGSTER_HOME", str(Path("dagster_home").absolute())))


def quiet() -> None:
    """Keep two remarks of Dagster's from a person who cannot act on them.

    Partitioned asset checks are a preview feature, and a job of assets with several backfill policies takes the
    smallest; both are what this platform wants.
    """
    warnings.filterwarnings("ignore", message=".*AssetCheckSpec is currently in preview")
    warnings.filterwarnings("ignore", message=".*materializes assets with varying BackfillPolicies")


def bring_up_to_date(lake: Lake, wanted: Callable[[Due], bool] = lambda _: True) -> Outcome:
    """Run until nothing that is wanted is due that was not already tried.

    What failed is not tried again with the same inputs; what succeeded may be due once more, since a later batch can
    change an earlier one's duplicates and concepts.
    """
    home = dagster_home()
    with busy("Loading the assets"):
        from video_assets.assets.common import BATCHES, catalogue, order
        from video_assets.assets.dagster_events import forget_pictures
        from video_assets.assets.files import report_files
        from video_assets.assets.records import kept_open
        from video_assets.assets.run import add_partitions, causes, end_lost_runs, open_instance, run, stopped_by
        from video_assets.definitions import defs
        from video_assets.lake.plan import plan
        from video_assets.lake.work import Work, ready, stopped, works
        from video_assets.live.remaining import Remaining
        from video_assets.live.work import Work as Seen
        from video_assets.resources import lent

    seen = Seen(Remaining(order(), time.monotonic), lambda batch: plan(lake, order(), [batch]))
    tried: set[tuple[object, ...]] = set()
    failed: list[Failed] = []
    blocked: list[Blocked] = []
    with busy("Opening Dagster's records"):
        try:
            forget_pictures(home)
        except OSError as error:  # the next time, then
            show.say(f"Pictures of an early build may still be in Dagster's events: {error}")
        opened = open_instance(home)

    def look(known: Sequence[str]) -> list[Work]:
        with busy("Looking what is due"):
            due = [d for d in plan(lake, order()) if wanted(d)]
            certain = _untried(lake, [d for d in ready(due, order()) if wanted(d)], tried)
            runs = works(due, certain, order(), known, stopped(order(), lake.entries()))
        made = {(asset, batch) for run in runs for asset in run.assets for batch in run.batches}
        seen.expect([d for d in due if (d.asset, d.batch) in made or d in certain])
        return runs

    with opened as instance, kept_open(instance), lent(lake):
        end_lost_runs(instance)
        report_files(instance, catalogue(lake.settings).files)
        batches = lake.query("SELECT DISTINCT batch FROM source_files ORDER BY batch")["batch"].to_list()
        add_partitions(instance, str(BATCHES.name), batches)
        while runs := look(instance.get_dynamic_partitions(str(BATCHES.name))):
            with watching(seen):
                results = run(defs, instance, runs)
            for batch, result in results:
                if not result.success:
                    failed += [Failed(batch, step, sentence, result.run_id) for step, sentence in causes(result)]
                    blocked += [Blocked(batch, check, result.run_id) for check in stopped_by(result)]
                    _say(
                        [f for f in failed if f.run_id == result.run_id],
                        [b for b in blocked if b.run_id == result.run_id],
                    )
    return Outcome(len(tried), tuple(failed), tuple(blocked))


def _say(failed: Sequence[Failed], blocked: Sequence[Blocked]) -> None:
    """What went wrong in one run."""
    if failed:
        show.say(f"Batch {failed[0].batch} failed; run {failed[0].run_id} in the UI says more.")
    for f in failed:
        show.say(f"{f.step}: {f.sentence}")
    for b in blocked:
        show.say(f"Batch {b.batch} was stopped by the check {b.check}: nothing in it can be used.")


def _untried(lake: Lake, due: Sequence[Due], tried: set[tuple[object, ...]]) -> list[Due]:
    """What was not tried with these inputs yet; from now on it counts as tried."""
    from video_assets.assets.common import order
    from video_assets.batches.step import Step

    step, ledger = Step(lake, order()), lake.entries()
    keys = {d: (d.asset, d.batch, *sorted(step.inputs_by(ledger, d.asset, d.batch).items())) for d in due}
    found = [d for d in due if keys[d] not in tried]
    tried |= set(keys.values())
    return found


def report_captions(lake: Lake, made: Sequence[Made]) -> None:
    """Tell Dagster of batches whose captions were made outside its runs."""
    home = dagster_home()
    from video_assets.assets.captions import page
    from video_assets.assets.common import MOST_PAGES, referred
    from video_assets.assets.run import open_instance, report_made
    from video_assets.measurements import CAPTIONS

    shown = {m.batch: page(lake, m.batch) if n < MOST_PAGES else {} for n, m in enumerate(made)}
    with open_instance(home) as instance:
        report_made(instance, lake, made, referred(lake, CAPTIONS, shown))
