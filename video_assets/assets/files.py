"""What assets of SQL files share: their group, the link to the file, and the check that says whether the file can be used.

A file that cannot be used is an asset too, so that it stays where people look for it: red, with its sentence, its line and
a link. It is never made, by nobody's asking; asked by hand, it fails with that sentence.
"""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from video_assets.assets.common import BATCHES, OWNERS, catalogue
from video_assets.curate.sql_file import TierError, headers_of
from video_assets.curate.sql_files import DRAW, TIER, SqlFiles
from video_assets.file_error import FileError
from video_assets.lake.sheet import SHEET
from video_assets.measurements import draw_asset, tier_asset
from video_assets.scorers import scorers
from video_assets.settings import settings

CAN_BE_USED = "file_can_be_used"
SCORERS = "scorers"
"""The group of what cannot be used of one's own scorers."""
_SAID = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}


def group_of(asset: str) -> str:
    """The group of a tier's or a draw's asset: one for the tiers of a recipe, and one for its draws."""
    kind, recipe, *_ = asset.split("/")
    return f"{kind}_{recipe}"


def code_reference(path: Path, line: int = 1) -> dict[str, dg.CodeReferencesMetadataValue]:
    """Metadata by which the UI opens a file at a line."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.BetaWarning)
        place = dg.LocalFileCodeReference(file_path=str(path.absolute()), line_number=line, label=path.name)
        return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[place])}


def check_of(asset: str) -> dg.AssetCheckSpec:
    """The check that says whether the asset's file can be used."""
    return dg.AssetCheckSpec(
        CAN_BE_USED, asset=asset.split("/"), description="DuckDB can run the file on the tables that there are."
    )


def used(asset: str, error: FileError | None) -> dg.AssetCheckResult:
    """What that check finds in a run of the asset; another file of the same name may be refused."""
    found = _evaluation(asset, error)
    return dg.AssetCheckResult(
        asset_key=found.asset_key, check_name=found.check_name, passed=found.passed, description=found.description,
        metadata=found.metadata, severity=found.severity,
    )  # fmt: skip


def _evaluation(asset: str, error: FileError | None) -> dg.AssetCheckEvaluation:
    metadata: dict[str, dg.MetadataValue[Any]] = {}
    if error:
        metadata = {
            "file": dg.MetadataValue.path(str(error.path.absolute())),
            "line": dg.MetadataValue.text(str(error.line)),  # A number would be plotted.
            "what": dg.MetadataValue.text(error.what),
            "mend": dg.MetadataValue.text(error.mend),
        }
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset.split("/")), check_name=CAN_BE_USED, passed=error is None, metadata=metadata,
        description=str(error) if error else None, severity=dg.AssetCheckSeverity.ERROR,
    )  # fmt: skip


def by_asset(files: SqlFiles) -> dict[str, FileError | None]:
    """Every asset of a file, with what is wrong with the file, if anything is."""
    found: dict[str, FileError | None] = {tier_asset(name): None for name in files.tiers}
    found |= {draw_asset(name): None for name in files.draws}
    found |= {_asset(TIER, error): error for error in files.refused_tiers}
    found |= {_asset(DRAW, error): error for error in files.refused_draws}
    return found | {_scorer_asset(error): error for error in scorers(settings()).refused}


def _scorer_asset(error: FileError) -> str:
    """The asset of a scorer's module that cannot be used, named as its file or its entry point is."""
    name = re.sub(r"\W", "_", error.name or error.path.stem)
    return f"{SCORERS}/{name}"


def _asset(kind: str, error: TierError) -> str:
    """The asset of a file that cannot be used; its name may have what no asset's has."""
    recipe, _, stage = error.name.rpartition("/")
    name = "/".join(re.sub(r"\W", "_", part) for part in (recipe or "without_a_recipe", stage))
    return tier_asset(name) if kind == TIER else draw_asset(name)


def report_files(instance: dg.DagsterInstance, files: SqlFiles) -> int:
    """Tell Dagster which files can be used, where that is not what it was told last.

    Returns:
        How many there was something to tell of.
    """
    told = 0
    for asset, error in by_asset(files).items():
        new = _evaluation(asset, error)
        key = dg.AssetCheckKey(new.asset_key, CAN_BE_USED)
        known = instance.event_log_storage.get_asset_check_execution_history(key, limit=1, status=_SAID)
        if known and (event := known[0].event) and event.dagster_event:
            last = event.dagster_event.asset_check_evaluation_data
            if (last.passed, last.description) == (new.passed, new.description):
                continue
        instance.report_runless_asset_event(new)
        told += 1
    return told


def _refused(asset: str, error: FileError, partitioned: bool) -> dg.AssetsDefinition:
    try:
        text = error.path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    parent = headers_of(text).get("parent")
    above = [tier_asset(parent)] if parent else []
    is_scorer = asset.startswith(f"{SCORERS}/")
    if not partitioned and not is_scorer:
        above = [asset.replace("draws/", "tiers/", 1)]
    language = "sql" if not is_scorer else "python" if error.path.suffix == ".py" else "text"
    there = {*catalogue(settings()).order, *by_asset(catalogue(settings()).files)} - {asset}
    described = dg.AssetSpec(
        asset.split("/"),
        group_name=SCORERS if is_scorer else group_of(asset),
        kinds={language, asset.split("/")[0].removesuffix("s")},
        owners=OWNERS,
        description=f"**This file cannot be used.** {error}\n\n```{language}\n{text}\n```",
        partitions_def=BATCHES if partitioned else None,
        deps=[name.split("/") for name in (() if is_scorer else (SHEET, *above)) if name in there],
        metadata=code_reference(error.path, error.line),
    )

    @dg.multi_asset(specs=[described], check_specs=[check_of(asset)], name=asset.replace("/", "__"))
    def refused() -> Iterator[dg.MaterializeResult[None]]:
        yield from ()  # There is nothing to give.
        raise dg.Failure(str(error), metadata={"file": str(error.path), "line": error.line}, allow_retries=False)

    return refused


def _all_refused() -> Iterator[dg.AssetsDefinition]:
    for asset, error in by_asset(catalogue(settings()).files).items():
        if error and asset not in catalogue(settings()).order:
            yield _refused(asset, error, asset.startswith("tiers/"))


for error in (*scorers(settings()).refused, *catalogue(settings()).refused):
    dg.get_dagster_logger().error("A file of a scorer, a tier or a draw was left out: %s", error)

refused = list(_all_refused())
