"""clip_sheet: what was measured of a batch's clips, joined and written down."""

from __future__ import annotations

from video_assets.batches.step import Step, Stopwatch, total
from video_assets.curate.verdicts import schema_in_use
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.people import of_batch
from video_assets.lake.sheet import SHEET, sheet_sql
from video_assets.lake.sql_text import quoted


def write_sheet(step: Step, batch: str) -> Made:
    """Commit the batch's rows of the SELECT that joins the measurements, which the view ``clip_measurements`` has.

    Their data version is that of what stands in them, so that a tier is decided anew only when one of its clips reads
    differently, and not because a table was made again with the same content.
    """
    inputs, watch = step.inputs(SHEET, batch), Stopwatch()
    table = step.order[SHEET].table
    with step.lake.cursor() as cursor:
        select = sheet_sql(step.lake.settings).rstrip().rstrip(";")
        judged = of_batch(schema_in_use(cursor), batch)
        found = cursor.execute(f"WITH {judged} SELECT * FROM ({select}\n) WHERE batch = {quoted(batch)}").pl()
    rows = table.frame(found)
    seconds = total(rows["duration_s"])
    made = step.made(SHEET, batch, rows, inputs, footage_seconds=seconds, compute_seconds=watch.seconds)
    step.lake.commit([Replacement(table, [batch], rows)], [made], message=f"{SHEET}/{batch}", run_id=step.run_id)
    return made
