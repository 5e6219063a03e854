"""The whole platform on one screen."""

from __future__ import annotations

import dagster as dg

from video_assets.assets import footage, scores, segments, sheet
from video_assets.assets.caption_findings import caption_findings
from video_assets.assets.captions import captions
from video_assets.assets.content import content
from video_assets.assets.draws import draws
from video_assets.assets.files import refused
from video_assets.assets.releases import ASSET, make_release, releases
from video_assets.assets.run import JOB
from video_assets.assets.tiers import tiers
from video_assets.assets.upkeep import ASSET as UPKEEP
from video_assets.assets.upkeep import keep_up_job, nightly, upkeep
from video_assets.checks import checks
from video_assets.resources import resources
from video_assets.sensors import new_footage, recuration, tier_files

curate_batch = dg.define_asset_job(
    JOB,
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(ASSET, UPKEEP, *refused),
    description="One ingest batch from footage to verdicts.",
)

defs = dg.Definitions(
    assets=[
        footage.raw_videos,
        footage.rights_signals,
        footage.decode,
        segments.transition_scores,
        segments.shots,
        segments.clips,
        scores.copy_checks,
        scores.candidates,
        *scores.families,
        *content,
        sheet.clip_sheet,
        *tiers,
        *draws,
        *refused,
        captions,
        caption_findings,
        releases,
        upkeep,
    ],
    asset_checks=checks,
    jobs=[curate_batch, make_release, keep_up_job],
    schedules=[nightly],
    sensors=[new_footage, tier_files, recuration],
    resources=resources(),
    # A run is one batch; its steps share the process, and each step has worker processes of its own for the videos.
    executor=dg.in_process_executor,
)
