"""Runs of the command line: what is due is made in this process, as Dagster's runs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from video_assets import show
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import Due

_HOME = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"


def dagster_home() -> Path:
    """Dagster's folder: ``DAGSTER_HOME``, or ``dagster_home`` in the working directory; made when it is not there."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(Path("dagster_home").absolute())))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        (home / "dagster.yaml").write_text(_HOME)
    return home


def quiet() -> None:
    """Keep two remarks of Dagster's from a person who cannot act on them.

    Partitioned asset checks are a preview feature, and a job of assets with several backfill policies takes the
    smallest; both are what this platform wants.
    """
    warnings.filterwarnings("ignore", message=".*AssetCheckSpec is currently in preview")
    warnings.filterwarnings("ignore", message=".*materializes assets with varying BackfillPolicies")


def bring_up_to_date(lake: Lake, wanted: Callable[[Due], bool] = lambda _: True) -> int:
    """Run until nothing that is wanted is due that was not already tried.

    What failed is not tried again with the same inputs; what succeeded may be due once more, since a later batch can
    change an earlier one's duplicates and concepts.

    Returns:
        How many partitions were run.
    """
    home = dagster_home()
    with show.console.status("Loading"):
        from video_assets.assets.common import BATCHES, order
        from video_assets.assets.run import add_partitions, causes, end_lost_runs, open_instance, run
        from video_assets.definitions import defs
        from video_assets.lake.plan import plan
        from video_assets.lake.work import ready, stopped, works

    tried: set[tuple[object, ...]] = set()
    with open_instance(home) as instance:
        end_lost_runs(instance)
        batches = lake.query("SELECT DISTINCT batch FROM source_files ORDER BY batch")["batch"].to_list()
        add_partitions(instance, str(BATCHES.name), batches)
        while True:
            due = plan(lake, order())
            certain = _untried(lake, [d for d in ready(due, order()) if wanted(d)], tried)
            if not certain:
                break
            known = instance.get_dynamic_partitions(str(BATCHES.name))
            empty = stopped(order(), lake.made())
            with show.progress_bars():
                results = run(defs, instance, works([d for d in due if wanted(d)], certain, order(), known, empty))
            for batch, result in results:
                if not result.success:
                    show.console.print(f"[red]Batch {batch} failed[/red]; run {result.run_id} in the UI says more.")
                    for line in causes(result):
                        show.console.print(line, markup=False)
    return len(tried)


def _untried(lake: Lake, due: Sequence[Due], tried: set[tuple[object, ...]]) -> list[Due]:
    """What was not tried with these inputs yet; from now on it counts as tried."""
    from video_assets.assets.common import order
    from video_assets.batches.step import Step

    step, ledger = Step(lake, order()), lake.made()
    keys = {d: (d.asset, d.batch, *sorted(step.inputs_by(ledger, d.asset, d.batch).items())) for d in due}
    found = [d for d in due if keys[d] not in tried]
    tried |= set(keys.values())
    return found


def report(made: Sequence[Made]) -> None:
    """Tell Dagster of batches that were made outside its runs."""
    from video_assets.assets.run import open_instance, report_made

    with open_instance(dagster_home()) as instance:
        report_made(instance, made)
