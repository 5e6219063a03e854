"""Sensors: new footage becomes batches and runs; what changed is re-made."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from video_assets.assets.automation import Asked, Memory, asked, requests
from video_assets.assets.batched import PLANNED
from video_assets.assets.common import BATCHES, order
from video_assets.assets.files import report_files
from video_assets.assets.reload import reload
from video_assets.assets.run import JOB, end_lost_runs
from video_assets.curate import sql_files
from video_assets.definition_files import as_read, fingerprint
from video_assets.footage.ingest import take_stock
from video_assets.footage.tick import Cursor
from video_assets.resources import LakeResource
from video_assets.settings import FootageSettings, settings


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
    for folder in folders:
        # A place that somebody named is theirs: that it is not there is said, with the reason why there is no footage.
        if folder in FootageSettings().watch:
            Path(folder.uri).mkdir(exist_ok=True)
    stock = take_stock(opened, folders, Cursor.parse(context.cursor), datetime.now(UTC))
    for problem in stock.problems:
        context.log.warning(problem)
    known = set(context.instance.get_dynamic_partitions(str(BATCHES.name)))
    taken_in = opened.query("SELECT DISTINCT batch FROM source_files ORDER BY batch")["batch"]
    new = [batch for batch in taken_in if batch not in known]
    if not new:
        watched = (
            ", ".join(f.uri for f in folders) or "nothing: list folders under [[footage.watch]] in video_assets.toml"
        )
        return dg.SensorResult(
            skip_reason=dg.SkipReason(f"Watching {watched}. {stock.summary}"), cursor=stock.cursor.text()
        )
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=batch, partition_key=batch, tags={PLANNED: "true"}) for batch in new],
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
    files, now = sql_files.read_files(opened.settings), sql_files.fingerprint(opened.settings)
    sql_files.note(opened)
    if context.cursor != now:
        report_files(context.instance, files)
    told = [f"{len(files.tiers)} tiers and {len(files.draws)} draws can be used.", *map(str, files.refused)]
    return dg.SensorResult(skip_reason=dg.SkipReason(" ".join(told)), cursor=now)


@dg.sensor(
    job_name=JOB,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Re-makes what depends on new footage, a changed tier file or a raised measurement version.",
)
def recuration(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Ask for what the plan says is due (:mod:`video_assets.assets.automation`), or have changed files read anew."""
    memory = Memory.parse(context.cursor)
    now = fingerprint(settings())
    if now != as_read(settings()):
        again = now == memory.reloaded
        said = "The files have changed, and the definitions are being loaded anew." if again else reload(context)
        cursor = memory.model_copy(update={"reloaded": now}).model_dump_json()
        return dg.SensorResult(skip_reason=dg.SkipReason(said), cursor=cursor)
    end_lost_runs(context.instance)
    found = asked(lake.open(), context.instance, order(), memory.times, datetime.now(UTC))
    if not found.works:
        return dg.SensorResult(skip_reason=dg.SkipReason(found.said), cursor=_cursor(found))
    if context.repository_def is None:
        raise ValueError("The sensor recuration is evaluated without its definitions.")
    context.log.info(found.said)
    asking = requests(found, context.repository_def.asset_graph)
    return dg.SensorResult(run_requests=asking, cursor=_cursor(found))


def _cursor(found: Asked) -> str:
    return Memory(times=found.times).model_dump_json()
