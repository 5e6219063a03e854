"""clip_sheet: a view, whose batch is new when something that it joins is."""

from __future__ import annotations

from video_assets.batches.step import Step
from video_assets.lake.lake import Made
from video_assets.lake.versions import combined
from video_assets.measurements import SHEET


def note_sheet(step: Step, batch: str) -> Made:
    """Note the batch's sheet in the ledger: one row per clip, as new as the newest of what it joins.

    Nothing is written but the note, for the rows are computed when somebody asks. Its data version stands for those of
    all its inputs, so that a tier has one thing to look at.
    """
    inputs, version = step.inputs(SHEET, batch), step.version(SHEET)
    counted = "SELECT count(*), coalesce(sum(duration_s), 0) FROM clips WHERE batch = ?"
    clips, seconds = step.lake.query(counted, [batch]).row(0)
    content = combined(version, *(f"{asset} {inputs[asset]}" for asset in sorted(inputs)))
    made = Made(SHEET, batch, version, content, inputs, clips, footage_seconds=seconds)
    step.lake.commit([], [made], message=f"{SHEET}/{batch}", run_id=step.run_id)
    step.progress(SHEET, 1, 1)
    return made
