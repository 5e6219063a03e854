"""What all assets share: the partition, the automation condition, their specs and how they report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import dagster as dg
import duckdb
import polars as pl
from filelock import Timeout

from video_assets import progress, reports
from video_assets.assets.logs import address
from video_assets.batches.step import Step
from video_assets.curate.draws import Draw, load_draws
from video_assets.curate.tiers import Tier, TierError, load_tiers
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.pages import Picture, store
from video_assets.lake.plan import Measurement, failures
from video_assets.lake.schemas import Table
from video_assets.measure.models import models_of
from video_assets.measurements import measurements
from video_assets.reasons import Reason
from video_assets.settings import Settings, settings

BATCHES = dg.DynamicPartitionsDefinition(name="batch")
OWNERS = ["team:data"]
MOST_PAGES = 20
"""Of so many batches one run makes pictures. Those of thousands would take longer than what it decides."""


@contextmanager
def working(context: dg.AssetExecutionContext, lake: Lake) -> Iterator[Step]:
    """The step of a run. It is tried again when the machinery fails (disk, network, lock), and only then.

    A video's own failure is a row and never gets here; an error of the code would be the same again.
    """
    with _retried():
        yield Step(lake, order(), context.run.run_id, progress.current())


@contextmanager
def _retried() -> Iterator[None]:
    try:
        yield
    except (OSError, Timeout, duckdb.IOException) as error:
        raise dg.RetryRequested(max_retries=2, seconds_to_wait=5) from error


def remade(*, when_missing: bool = True) -> dg.AutomationCondition[dg.AssetKey]:
    """When an asset's batch is made without anybody asking.

    Its version changed, the content of something that it reads changed, or (``when_missing``) it was never made; once
    for each such change, not while anything upstream is at work, and not in a batch that a blocking check has stopped.
    Dagster's ``eager()`` would do it for every update of an input, changed or not, and never for a new version.
    """
    condition = dg.AutomationCondition
    due = condition.code_version_changed() | condition.any_deps_match(condition.data_version_changed())
    if when_missing:
        due |= condition.missing()
    return (
        due.since(condition.newly_requested() | condition.newly_updated())
        & ~condition.any_deps_missing()
        & ~condition.any_deps_in_progress()
        & condition.all_deps_blocking_checks_passed()
        & ~condition.in_progress()
    ).with_label("new, changed inputs or changed version")


def remade_for_all() -> dg.AutomationCondition[dg.AssetKey]:
    """When what is made once for all batches is looked at again: its version changed, or any batch that it reads did.

    It is left as it is if there is not much more than there was. A batch that was never made, since a check has stopped
    it, holds up nothing.
    """
    condition = dg.AutomationCondition
    due = condition.code_version_changed() | condition.any_deps_match(condition.data_version_changed())
    return (
        due.since(condition.newly_requested() | condition.newly_updated())
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("changed inputs or changed version")


@lru_cache(maxsize=4)
def catalogue(chosen: Settings) -> tuple[Mapping[str, Tier], Mapping[str, Measurement], Sequence[TierError]]:
    """The tiers that can be used, every measurement in order, and what is wrong with the other files of tiers and draws."""
    tiers, errors = load_tiers(chosen.sql_folder / "tiers")
    drawing, others = draws_of(chosen, tiers)
    return tiers, measurements(chosen, tiers, drawing), [*errors, *others]


def draws_of(chosen: Settings, tiers: Mapping[str, Tier]) -> tuple[dict[str, Draw], list[TierError]]:
    """The draws that can be used, and what is wrong with the others."""
    folder = chosen.sql_folder
    return load_draws(folder / "draws", tiers, folder / "macros.sql", chosen.draws)


def order() -> Mapping[str, Measurement]:
    """Every measurement by asset, inputs before what reads them, by the settings of this process."""
    return catalogue(settings())[1]


def spec(
    asset: str,
    group: str,
    kinds: set[str],
    *,
    description: str | None = None,
    table: Table | None = None,
    automation: dg.AutomationCondition[dg.AssetKey] | None = None,
) -> dg.AssetSpec:
    """The spec of an asset that is in :func:`order`; by default described as its table is, and re-made as needed.

    ``table`` is what people read of it, where that is a view of what it writes.
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
        automation_condition=automation or remade(),
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/table_name": f"lake.main.{table.name}",
        },
    )


def column_schema(table: Table) -> dg.TableSchema:
    """Every column of a table with its type and meaning, for the UI."""
    return dg.TableSchema([dg.TableColumn(c.name, str(c.dtype), c.description) for c in table.columns])


def result(made: Made, lake: Lake, **metadata: Any) -> dg.MaterializeResult[None]:
    """What an asset returns: counts, cost and failures, with whatever else it has to show of its batch."""
    with _retried():
        page = referred(lake, made.asset, {made.batch: metadata}, dg.AssetExecutionContext.get().run_id)[made.batch]
    return materialized(made, lake, page)


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
        reasons = failures(table, lake, [made.batch])
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
    listed = [
        {"model": m.name, "task": m.task, "licence": m.licence, "sha256": m.sha256[:16], "device": m.device}
        for m in models_of(asset, chosen)
    ]
    return {"models_profile": chosen.profile, "models": picture(reports.table(pl.DataFrame(listed)))} if listed else {}
