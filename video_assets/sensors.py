"""Sensors: new footage becomes batches and runs; what changed is re-made."""

from datetime import UTC, datetime

import dagster as dg

from video_assets.assets.common import BATCHES
from video_assets.assets.files import report_files
from video_assets.assets.run import JOB, end_lost_runs
from video_assets.curate.sql_files import fingerprint, note, read_files
from video_assets.footage.ingest import take_stock
from video_assets.footage.tick import Cursor
from video_assets.resources import LakeResource
from video_assets.settings import settings

# Batches of whose videos the ledger says something else by now: other rights, or that they are a benchmark's.
_RESTATED = """
SELECT s.batch, s.data_version
FROM materializations AS s
JOIN materializations AS v ON v.batch = s.batch
WHERE s.asset = 'source_files' AND v.asset = 'raw_videos'
    AND json_extract_string(v.inputs, '$.source_files') <> s.data_version
ORDER BY s.batch
"""


@dg.sensor(
    job_name=JOB,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes complete new files from the watched folders and S3 prefixes into ingest batches, one run each.",
)
def new_footage(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Look at the watched folders once.

    The ledger decides what is new, by content, and the instance what was asked for: a batch that is in the ledger and
    has no partition yet gets both, so that a lost cursor, a restart or a kill between the two loses nothing.
    """
    opened = lake.open()
    end_lost_runs(context.instance)
    folders = settings().footage.watch
    stock = take_stock(opened, folders, Cursor.parse(context.cursor), datetime.now(UTC))
    for problem in stock.problems:
        context.log.warning(problem)
    known = set(context.instance.get_dynamic_partitions(str(BATCHES.name)))
    taken_in = opened.query("SELECT DISTINCT batch FROM source_files ORDER BY batch")["batch"]
    new = [batch for batch in taken_in if batch not in known]
    restated = [r for r in opened.query(_RESTATED).iter_rows() if r[0] in known]
    if not new and not restated:
        watched = (
            ", ".join(f.uri for f in folders) or "nothing: list folders under [[footage.watch]] in video_assets.toml"
        )
        return dg.SensorResult(
            skip_reason=dg.SkipReason(f"Watching {watched}. {stock.summary}"), cursor=stock.cursor.text()
        )
    return dg.SensorResult(
        run_requests=[
            *(dg.RunRequest(run_key=batch, partition_key=batch) for batch in new),
            # Once for what was said: a key that was asked for before is passed over.
            *(dg.RunRequest(run_key=f"{batch} {said}", partition_key=batch) for batch, said in restated),
        ],
        dynamic_partitions_requests=[BATCHES.build_add_request(new)],
        cursor=stock.cursor.text(),
    )


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Notes which files of tiers and draws there are, and says at their assets which cannot be used, and why.",
)
def tier_files(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Look at the files of tiers and draws once; a check that says something else by now is reported."""
    opened = lake.open()
    files, now = read_files(opened.settings), fingerprint(opened.settings)
    note(opened)
    if context.cursor != now:
        report_files(context.instance, files)
    told = [f"{len(files.tiers)} tiers and {len(files.draws)} draws can be used.", *map(str, files.refused)]
    return dg.SensorResult(skip_reason=dg.SkipReason(" ".join(told)), cursor=now)


recuration = dg.AutomationConditionSensorDefinition(
    "recuration",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=15,
    description="Re-makes what depends on new footage, a changed tier file or a raised measurement version.",
)
