"""Group releases: a tier's clips frozen for training, a partition for each release."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from video_assets import progress, reports
from video_assets.assets.common import OWNERS, catalogue, column_schema, order
from video_assets.batches.corrections import take_corrections
from video_assets.batches.step import Step
from video_assets.lake.schemas import RELEASES
from video_assets.measurements import draw_asset, tier_asset
from video_assets.publish.canonical import FORMAT
from video_assets.resources import LakeResource
from video_assets.settings import ReleaseSettings, settings

if TYPE_CHECKING:
    from video_assets.publish.release import Wish

NAMES = dg.DynamicPartitionsDefinition(name="release")
ASSET, JOB = "releases", "make_release"


class ReleaseConfig(dg.Config):
    """What is released; the partition is its name."""

    tier: str = Field(description="Tier whose clips are released, such as hunyuan_video/540p.")
    drawn: bool | None = Field(
        None, description="Whether the draw's clips alone; by default where the tier has a draw."
    )
    policy: str | None = Field(None, description="Rights policy; by default release.policy of the settings.")
    media: bool = Field(False, description="Whether clips are cut and packed into shards.")
    csv: bool = Field(False, description="Whether the manifest is there as CSV too.")
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Other values of the settings' section 'release', such as short_side."
    )


def _deps() -> list[dg.AssetDep]:
    """Everything that a release may be made of, in all batches."""
    files = catalogue(settings()).files
    whole = dg.AllPartitionMapping()
    tiers = [dg.AssetDep(tier_asset(name).split("/"), partition_mapping=whole) for name in files.tiers]
    draws = [dg.AssetDep(draw_asset(name).split("/")) for name in files.draws]
    return [*tiers, *draws, dg.AssetDep("captions", partition_mapping=whole)]


@dg.asset(
    key=ASSET,
    partitions_def=NAMES,
    deps=_deps(),
    group_name="releases",
    kinds={"webdataset", "parquet"},
    owners=OWNERS,
    code_version=f"manifest-{FORMAT}",
    description=RELEASES.description,
    metadata={"dagster/column_schema": column_schema(RELEASES), "dagster/table_name": f"lake.main.{RELEASES.name}"},
)
def releases(
    context: dg.AssetExecutionContext, config: ReleaseConfig, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Make the partition's release, or what is missing of it, with what people have corrected until now."""
    from video_assets.assets.run import report_made
    from video_assets.publish.release import Wish, release
    from video_assets.review.fold import fold_what_waits

    opened, chosen = lake.open(), settings().release
    fold_what_waits(opened)
    if taken := take_corrections(Step(opened, order(), context.run.run_id)):
        context.log.info(f"What people have corrected are captions now of {', '.join(one.batch for one in taken)}.")
        report_made(context.instance, opened, taken, {})
    how = ReleaseSettings.model_validate(chosen.model_dump() | config.settings)
    wish = Wish(context.partition_key, config.tier, config.drawn, config.policy, config.media, how, config.csv)
    both = progress.both(progress.current(), progress.told(context.log.info))
    try:
        made = release(
            opened, wish, catalogue(settings()).files, run_id=context.run.run_id,
            progress=lambda done, total: both(ASSET, done, total),
        )  # fmt: skip
    except ValueError as error:  # a sentence on what was asked for; the same would come of it again
        raise dg.Failure(str(error), allow_retries=False) from None
    row = made.row
    if made.unchanged:
        context.log.info("There is nothing to do: the release is there with all that is wanted.")
    numbers = ("clips", "refused", "without_caption", "not_cut", "shards", "media_bytes")
    told: dict[str, Any] = {name: row[name] for name in numbers if row[name] is not None}
    return dg.MaterializeResult(
        data_version=dg.DataVersion(row["media_id"] or row["release_id"]),
        metadata={
            **told,
            "hours": round(row["hours"], 4),
            "release_id": row["release_id"],
            "tier": row["tier"],
            "policy": row["policy"],
            "state": row["state"],
            "folder": f"releases/{row['release']}",
            "refused_by_rule": dg.MetadataValue.md(reports.table(made.refused)),
        },
    )


def make_one(instance: dg.DagsterInstance, wish: "Wish", others: Mapping[str, object]) -> dg.ExecuteInProcessResult:
    """Run the job for one release in this process; a run that failed is a result too."""
    from video_assets.assets.run import add_partitions, in_process
    from video_assets.definitions import defs

    add_partitions(instance, str(NAMES.name), [wish.name])
    config = {
        "tier": wish.tier, "drawn": wish.drawn, "policy": wish.policy, "media": wish.media, "csv": wish.csv,
        "settings": dict(others),
    }  # fmt: skip
    return in_process(defs.resolve_job_def(JOB), instance, wish.name, {ASSET: {"config": config}})


make_release = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.assets(ASSET),
    description="A tier's clips, frozen under a policy.",
)
