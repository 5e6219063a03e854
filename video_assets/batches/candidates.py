"""The clips of a batch that models are to measure."""

from __future__ import annotations

from collections.abc import Mapping

from video_assets.batches.step import Step, Stopwatch
from video_assets.curate.candidates import candidates, root_tiers
from video_assets.curate.tiers import Tier
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CANDIDATES, REVIEWS
from video_assets.lake.sheet import sheet_sql
from video_assets.measurements import CHEAP, CONTENT
from video_assets.scorers import scorers


def choose(step: Step, tiers: Mapping[str, Tier], batch: str) -> Made:
    """Ask the loosest tiers what the cheap scores leave possible; commit ``candidates``."""
    asset, settings = CANDIDATES.name, step.lake.settings
    inputs, watch = step.inputs(asset, batch), Stopwatch()
    loosest = list(root_tiers(tiers).values())
    unknown = (*(name for name in scorers(settings).used if name not in CHEAP), *CONTENT, REVIEWS.name)
    with step.lake.cursor() as cursor:
        found = candidates(cursor, loosest, sheet_sql(settings), unknown, batch, settings.models.sampled_share)
    rows = CANDIDATES.frame(found, version=step.version(asset))
    made = step.made(asset, batch, rows, inputs, compute_seconds=watch.seconds)
    step.lake.commit([Replacement(CANDIDATES, [batch], rows)], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made
