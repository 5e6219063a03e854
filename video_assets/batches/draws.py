"""A draw from a tier's kept clips, over all batches."""

from __future__ import annotations

import polars as pl

from video_assets.batches.step import Step, Stopwatch
from video_assets.curate.draws import Draw, draw
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED
from video_assets.lake.schemas import DRAWS_HISTORY
from video_assets.measurements import draw_asset


def draw_mix(step: Step, wanted: Draw) -> tuple[Made, pl.DataFrame]:
    """Draw anew, and commit ``draws_history``; clips that were drawn before stay where the file lets them.

    Returns:
        The ledger entry, and the shares that were reached: see :class:`video_assets.curate.draws.Drawn`.
    """
    asset = draw_asset(wanted.tier.name)
    inputs, watch = step.inputs(asset, SHARED), Stopwatch()
    with step.lake.cursor() as cursor:
        drawn = draw(cursor, wanted)
    made = step.made(asset, SHARED, drawn.rows, inputs, compute_seconds=watch.seconds)
    before = step.lake.query("SELECT DISTINCT batch FROM draws_history WHERE tier = ?", [wanted.tier.name])["batch"]
    batches = sorted({*before, *drawn.rows["batch"]})
    replacement = Replacement(DRAWS_HISTORY, batches, drawn.rows, {"tier": wanted.tier.name})
    step.lake.commit([replacement], [made], message=asset, run_id=step.run_id)
    return made, drawn.shares
