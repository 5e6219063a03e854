"""Asset checks: what went wrong in a batch, said where people look; a batch without one usable video stops there."""

import dagster as dg

from video_assets import reports
from video_assets.assets.common import BATCHES, order
from video_assets.batches.audit import counted
from video_assets.batches.contamination import not_compared
from video_assets.lake.plan import SHARED, failures
from video_assets.reasons import Reason
from video_assets.resources import LakeResource
from video_assets.scorers import made
from video_assets.settings import settings

_REPORTED = {
    "raw_videos": "videos were set aside",
    "rights_signals": "videos could not be looked into for what they say of training",
    "decoded_videos": "videos could not be decoded",
    "transition_scores": "frames in doubt have no scores",
    "copy_checks": "videos could not be compared with what was taken down",
    "captions": "captions could not be written",
    **{scorer.name: scorer.what_failed for scorer in made(settings())},
}


def _batches(context: dg.AssetCheckExecutionContext) -> list[str]:
    """The batches of the check's run."""
    return list(context.op_execution_context.partition_keys)


@dg.asset_check(
    asset="raw_videos", partitions_def=BATCHES, blocking=True, description="At least one video can be used."
)
def usable_videos(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """Stop a batch of which nothing is left: what follows could only be empty."""
    rows = lake.open().query(
        "SELECT reason, count(*) AS videos FROM raw_videos WHERE batch IN (SELECT unnest(?)) GROUP BY ALL ORDER BY ALL",
        [_batches(context)],
    )
    by_reason = dict(rows.rows())
    usable = by_reason.pop(None, 0)
    aside = ", ".join(f"{reason} {videos}" for reason, videos in by_reason.items())
    return dg.AssetCheckResult(
        passed=usable > 0,
        description=None if usable else f"No video can be used, and nothing follows ({aside or 'there is none'}).",
        metadata={"videos": usable + sum(by_reason.values()), "usable": usable},
    )


def _failures_of(asset: str, said: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset, name=f"no_failures_in_{asset}", partitions_def=BATCHES, description=f"Warns when {said}, and why."
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        opened = lake.open()
        with opened.at_one_look():
            ledger = opened.entries([*_batches(context), SHARED])
            failed = [b for b in _batches(context) if (e := ledger.get((asset, b))) is None or e["failures"]]
            found = failures(order()[asset].table, opened, failed)
        total = int(found["rows"].sum())
        passing = [reason for reason in found["reason"] if Reason(reason).transient]
        return dg.AssetCheckResult(
            passed=total == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{total} {said}." if total else None,
            metadata={
                "failed": total,
                "reasons": dg.MetadataValue.md(reports.table(found)),
                "tried_again_by_the_next_run": ", ".join(passing) or "none",
            },
        )

    return check


@dg.asset_check(
    asset="clips",
    partitions_def=BATCHES,
    description="Every clip lies in one shot, within the lengths, and overlaps no other.",
)
def clips_are_sound(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """Check in SQL what the code promises, over the rows that were written."""
    limits = settings().clips
    row = (
        lake.open()
        .query(
            """
        SELECT
            count(*) FILTER (s.shot_id IS NULL OR c.start_pts < s.start_pts OR c.end_pts > s.end_pts) AS outside_their_shot,
            count(*) FILTER (c.duration_s < $shortest - 1e-6 OR c.duration_s > $longest + 1e-6) AS of_wrong_length,
            count(*) FILTER (c.start_pts < c.previous_end) AS overlapping
        FROM (
            SELECT *, lag(end_pts) OVER (PARTITION BY video_id ORDER BY start_pts) AS previous_end
            FROM clips WHERE batch IN (SELECT unnest($batches))
        ) AS c
        LEFT JOIN shots AS s ON s.batch = c.batch AND s.shot_id = c.shot_id
        """,
            {"batches": _batches(context), "shortest": limits.min_seconds, "longest": limits.max_seconds},
        )
        .row(0, named=True)
    )
    return dg.AssetCheckResult(passed=not any(row.values()), metadata=row)


@dg.asset_check(
    asset="contamination",
    partitions_def=BATCHES,
    description="Every benchmark's video has a clip with a signature, without which it keeps nothing out of the tiers.",
)
def benchmarks_are_compared(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """Warn of videos that are too short, too damaged or too flat to find copies of."""
    found = not_compared(lake.open(), _batches(context))
    return dg.AssetCheckResult(
        passed=found.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"Copies of {found.height} videos of benchmarks cannot be found; contamination's page lists them."
        if found.height
        else None,
        metadata={"not_compared": found.height},
    )


@dg.asset_check(
    asset="caption_findings",
    partitions_def=BATCHES,
    description="Warns when more of the audited captions than audit.tolerated_share have a finding.",
)
def captions_are_sound(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """Compare the share of captions with findings with what is tolerated."""
    found, tolerated = counted(lake.open(), *_batches(context)), settings().audit.tolerated_share
    captions, with_findings, wrong = (int(found[name].sum()) for name in ("captions", "with_findings", "wrong"))
    share = with_findings / captions if captions else 0.0
    return dg.AssetCheckResult(
        passed=share <= tolerated,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{with_findings} of {captions} captions have a finding." if share > tolerated else None,
        metadata={
            "captions": captions,
            "with_findings": with_findings,
            "wrong": wrong,
            "share": share,
            "tolerated_share": tolerated,
            "by_captioner": dg.MetadataValue.md(reports.table(found)),
        },
    )


checks = [
    usable_videos,
    clips_are_sound,
    benchmarks_are_compared,
    captions_are_sound,
    *(_failures_of(asset, said) for asset, said in _REPORTED.items() if asset in order()),
]
