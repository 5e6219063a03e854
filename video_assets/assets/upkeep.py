"""Group upkeep: the lake is kept in order, on a schedule or when somebody asks for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from video_assets.assets.common import OWNERS, order
from video_assets.resources import LakeResource

ASSET = "upkeep"
_NUMBERS = {
    "versions_forgotten": "Versions of the lake that can no longer be read.",
    "replaced_files_removed": "Files that only those versions had.",
    "orphans_removed": "Files that no version ever had.",
    "pictures_removed": "Pictures that no page shows.",
    "leftovers_removed": "Files and folders that killed runs left in scratch space.",
    "tiers_without_file_taken_out": "Tiers and draws whose file is gone, with what they said.",
    "small_files_merged": "Small files that are part of larger ones now.",
    "merged_into": "How many larger ones.",
    "files_rewritten": "Files that were written anew without the rows that were replaced.",
    "ledger_entries_put_away": "Entries of the ledger that are in a file now and no longer inside the catalog.",
    "catalog_bytes_before": "Size of the catalog before, in bytes.",
    "catalog_bytes": "And after.",
}


class UpkeepConfig(dg.Config):
    """How long older versions of the lake are kept."""

    older_than_days: int = Field(30, ge=1, description="Days that a version of the lake is kept.")


@dg.asset(
    key=ASSET,
    group_name="upkeep",
    kinds={"ducklake"},
    owners=OWNERS,
    code_version="1",
    description="The lake in order: versions that have had their time go, but those of releases, and files and pictures that "
    "nothing refers to; many small files become a large one, and a long ledger a file; the catalog is tidied. What was done is in "
    "the metadata.",
    metadata={
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, "bigint", description) for name, description in _NUMBERS.items()]
        )
    },
)
def upkeep(context: dg.AssetExecutionContext, config: UpkeepConfig, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Keep the lake in order, by the code of ``video-assets sweep``."""
    from video_assets.lake.upkeep import keep_up

    age = timedelta(days=config.older_than_days)
    try:
        kept = keep_up(lake.open(), order()["decoded_videos"].version, datetime.now(UTC), older_than=age)
    except ValueError as error:  # a guard: what it says has to be seen to by somebody
        raise dg.Failure(str(error), allow_retries=False) from None
    swept = kept.swept
    numbers = (
        swept.snapshots, len(swept.replaced), len(swept.orphans), len(swept.pictures), len(swept.leftovers), len(swept.gone),
        kept.merged, kept.into, kept.rewritten, kept.entries, *kept.catalog_bytes,
    )  # fmt: skip
    told: dict[str, Any] = dict(zip(_NUMBERS, numbers, strict=True))
    context.log.info(", ".join(f"{name} {number}" for name, number in told.items()))
    return dg.MaterializeResult(metadata=told)


keep_up_job = dg.define_asset_job(
    "keep_up", selection=dg.AssetSelection.assets(ASSET), description="The lake kept in order."
)
nightly = dg.ScheduleDefinition(
    name="nightly_upkeep",
    job=keep_up_job,
    cron_schedule="30 3 * * *",
    description="Keeps the lake in order at half past three; off until somebody turns it on.",
)
