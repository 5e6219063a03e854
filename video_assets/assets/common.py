"""What all assets share: the partition, their specs, and how they fail and report."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import polars as pl

from video_assets import progress, reports
from video_assets.assets.logs import address
from video_assets.batches.attempts import Inputs, note_failure
from video_assets.batches.step import Step
from video_assets.curate.sql_files import SqlFiles, read_files
from video_assets.curate.tiers import Tier, TierError
from video_assets.definition_files import as_read
from video_assets.describe.endpoint import address as endpoint_address
from video_assets.lake.faults import passes, patiently
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.pages import Picture, store
from video_assets.lake.plan import SHARED, Measurement, failures
from video_assets.lake.schemas import Table
from video_assets.measurements import draw_asset, measurements, tier_asset
from video_assets.reasons import Reason
from video_assets.scorer import Asked
from video_assets.scorers import scorers
from video_assets.scorers.models import models_by, models_of
from video_assets.settings import Settings, settings

_PACKAGE = Path(__file__).parents[1]
_TRIES = 3
_FIRST_WAIT_S = 3
# A blocking check hangs on the one, and what reads the other is made whether or not it was fitted anew.
ALWAYS_MADE = ("raw_videos", "concept_model")

BATCHES = dg.DynamicPartitionsDefinition(name="batch")
OWNERS = ["team:data"]
MOST_PAGES = 20
"""Of so many batches one run makes pictures. Those of thousands would take longer than what it decides."""


@contextmanager
def working(context: dg.AssetExecutionContext, lake: Lake) -> Iterator[Step]:
    """The step of a run. It is tried again when the machinery fails (disk, network, lock), and only then.

    A video's own failure is a row and never gets here; an error of the code would be the same again. Whatever fails for
    good is noted, so that automation leaves it alone until its version or what it reads has changed, and begins with its
    sentence.
    """
    assets = sorted(key.to_user_string() for key in context.selected_asset_keys)
    shared = context.assets_def.partitions_def is None
    progress.began(
        assets[0] if len(assets) == 1 else context.op_def.name, assets, [SHARED] if shared else context.partition_keys
    )
    say = context.log.info
    step = Step(lake, order(), context.run.run_id, progress.both(progress.current(), progress.told(say)), say)
    tried = _reads(context, step)
    step = replace(step, read=tried)
    try:
        yield step
    except Exception as error:
        passing = passes(error)
        if passing and context.retry_number < _TRIES:
            wait = _FIRST_WAIT_S * 3**context.retry_number
            say(f"{type(error).__name__}: {error}. Tried again in {wait} s.")
            raise dg.RetryRequested(max_retries=_TRIES, seconds_to_wait=wait) from error
        raise _failed(step, tried, error, passing=passing) from error


def _reads(context: dg.AssetExecutionContext, step: Step) -> Inputs:
    """What a step reads, as it is before the step begins, by asset and batch."""
    shared = context.assets_def.partitions_def is None
    batches = [SHARED] if shared else list(context.partition_keys)
    with step.lake.at_one_look():
        return {
            a: step.inputs_of(a, batches) for key in context.assets_def.keys if (a := key.to_user_string()) in order()
        }


def _failed(step: Step, tried: Inputs, error: Exception, *, passing: bool) -> dg.Failure:
    """Note a failure, and tell it: its sentence first, then the file and line to look at."""
    file, line, ours = _place(error)
    # What we raise is a sentence; a library's error needs its name.
    said = str(error) if ours else f"{type(error).__name__}: {error}"
    try:
        note_failure(step, tried, said, passing=passing)
    except Exception as other:
        dg.get_dagster_logger().warning(f"The failure could not be noted in the lake ({other}).")
    return dg.Failure(said, metadata={"file": file, "line": line}, allow_retries=False)


def _place(error: Exception) -> tuple[str, int, bool]:
    """File and line of an error: of a tier's file, or of our own code; and whether it is we who raised it."""
    if isinstance(error, TierError):
        return str(error.path), error.line, True
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    at = (ours or frames)[-1]
    return at.filename, at.lineno or 0, bool(ours) and at is frames[-1]


class Catalogue(NamedTuple):
    """What there is to make, as this process read it."""

    tiers: Mapping[str, Tier]
    """Those that can be used, by name, parents before children."""
    order: Mapping[str, Measurement]
    """Every measurement by asset, inputs before what reads them."""
    refused: Sequence[TierError]
    """What is wrong with the other files of tiers and draws."""
    files: SqlFiles


@lru_cache(maxsize=4)
def catalogue(chosen: Settings) -> Catalogue:
    """The tiers, draws and measurements by the settings and by the files as they are when it is first asked."""
    as_read(chosen)
    files = read_files(chosen)
    refused = [*(tier_asset(e.name) for e in files.refused_tiers), *(draw_asset(e.name) for e in files.refused_draws)]
    return Catalogue(files.tiers, measurements(chosen, files.tiers, files.draws, refused), files.refused, files)


def order() -> Mapping[str, Measurement]:
    """Every measurement by asset, inputs before what reads them, by the settings of this process."""
    return catalogue(settings()).order


def spec(
    asset: str,
    group: str,
    kinds: set[str],
    *,
    description: str | None = None,
    table: Table | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dg.AssetSpec:
    """The spec of an asset that is in :func:`order`; by default described as its table is.

    It has no automation condition: the sensor ``recuration`` asks for what the plan says is due.

    ``table`` is what people read of it, where that is a view of what it writes; ``metadata`` is what else the UI shows.
    """
    measurement = order()[asset]
    table = table or measurement.table
    return dg.AssetSpec(
        asset.split("/"),
        group_name=group,
        kinds=kinds,
        owners=OWNERS,
        description=description or table.description,
        code_version=measurement.version,
        partitions_def=BATCHES,
        deps=[i.split("/") for i in measurement.inputs if i in order()],
        # A step yields nothing where nothing is due.
        skippable=asset not in ALWAYS_MADE,
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": f"lake.main.{table.name}",
            **(metadata or {}),
        },
    )


def column_schema(table: Table) -> dg.TableSchema:
    """Every column of a table with its type and meaning, for the UI."""
    return dg.TableSchema([dg.TableColumn(c.name, str(c.dtype), c.description) for c in table.columns])


def result(made: Made, lake: Lake, **metadata: Any) -> dg.MaterializeResult[None]:
    """What an asset returns: counts, cost and failures, with whatever else it has to show of its batch."""
    run_id = dg.AssetExecutionContext.get().run.run_id
    pages = patiently()(referred, lake, made.asset, {made.batch: metadata}, run_id)
    return materialized(made, lake, pages[made.batch])


def materialized(made: Made, lake: Lake, page: Mapping[str, Any]) -> dg.MaterializeResult[None]:
    """The same where the page's pictures are stored already, with those of other batches."""
    return dg.MaterializeResult(
        asset_key=made.asset.split("/"),
        data_version=dg.DataVersion(made.data_version),
        metadata={**facts(made, lake), **page},
    )


def referred(
    lake: Lake, asset: str, pages: Mapping[str, Mapping[str, Any]], run_id: str = ""
) -> dict[str, dict[str, Any]]:
    """The metadata of some batches, with references in place of pictures.

    What an event of Dagster's holds stays there for ever, and in two databases. A picture becomes a file of the lake,
    which goes with its batch. The batches' pages have these pictures from now on, and no others.
    """
    pictures = {
        batch: {name: shown for name, shown in page.items() if isinstance(shown, Picture)}
        for batch, page in pages.items()
    }
    paths = store(lake, asset, pictures, run_id)
    return {
        batch: {
            name: dg.MetadataValue.md(f"![{shown.says}]({address(paths[batch][name])})")
            if name in paths[batch]
            else shown
            for name, shown in page.items()
        }
        for batch, page in pages.items()
    }


def facts(made: Made, lake: Lake) -> dict[str, Any]:
    """Rows, hours, cost and failures of what was made."""
    told: dict[str, Any] = {"dagster/row_count": made.rows}
    if made.footage_seconds is not None:
        told["hours"] = round(made.footage_seconds / 3600, 4)
    if made.compute_seconds is not None:
        told["cpu_seconds"] = round(made.compute_seconds, 2)
        if made.gpu_seconds is not None:
            told["gpu_seconds"] = round(made.gpu_seconds, 2)
        if made.footage_seconds is not None:
            # Every batch has the same entries, so that they are plotted beside one another.
            told["cpu_seconds_per_hour_of_footage"] = (
                round(made.compute_seconds / made.footage_seconds * 3600, 1)
                if made.footage_seconds
                else dg.MetadataValue.null()
            )
    table = order()[made.asset].table
    if "reason" in table.schema:
        reasons = failures(table, lake, [made.batch] if made.failures else [])
        told["failures"] = made.failures
        told["failures_by_reason"] = dg.MetadataValue.md(reports.table(_advised(reasons)))
    return told


def _advised(reasons: pl.DataFrame) -> pl.DataFrame:
    return reasons.with_columns(
        pl.col("reason").map_elements(lambda r: Reason(r).advice, return_dtype=pl.String).alias("advice")
    )


def picture(shown: Picture | str) -> Picture | dg.MarkdownMetadataValue:
    """What a page shows under a name: a picture, or Markdown that has nothing of the footage in it."""
    return dg.MetadataValue.md(shown) if isinstance(shown, str) else shown


def models(asset: str) -> Mapping[str, Any]:
    """The profile and the models by which an asset measures, if it has any."""
    chosen = settings().models
    scorer = scorers(settings()).used.get(asset)
    if scorer and isinstance(scorer.reads, Asked):
        asked = settings().judge.endpoint
        at = endpoint_address(str(asked.base_url))
        told = {"model": asked.model, "task": "answers questions about clips", "at": at, "frames": asked.frames}
        questions = pl.DataFrame([{"name": q.name, "question": q.text} for q in scorer.reads.questions])
        return {
            "models": picture(reports.table(pl.DataFrame([told]))),
            "questions": picture(reports.table(questions)),
        }
    listed = [
        {"model": m.name, "task": m.task, "licence": m.licence, "sha256": m.sha256[:16], "device": m.device}
        for m in (models_by(scorer, chosen) if scorer else models_of(asset, chosen))
    ]
    return {"models_profile": chosen.profile, "models": picture(reports.table(pl.DataFrame(listed)))} if listed else {}
