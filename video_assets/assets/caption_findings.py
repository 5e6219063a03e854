"""Group captions: what is wrong with them."""

import dagster as dg

from video_assets import reports
from video_assets.assets.batched import batched
from video_assets.assets.common import BATCHES, picture, result, spec, working
from video_assets.batches.audit import audit_captions, counted
from video_assets.resources import LakeResource

_BY_KIND = """
SELECT captioner, kind, severity, count(*) AS captions FROM caption_findings WHERE batch = ?
GROUP BY ALL ORDER BY captions DESC, captioner, kind
"""
_SHOWN = """
SELECT f.kind, f.evidence, k.short_description, f.severity, f.captioner, f.clip_id, f.other_clip_id,
    c.batch, c.video_id, c.start_pts, c.end_pts
FROM caption_findings AS f
JOIN captions AS k ON k.batch = f.batch AND k.clip_id = f.clip_id AND k.captioner = f.captioner AND k.version = f.caption_version
JOIN clips AS c ON c.batch = f.batch AND c.clip_id = f.clip_id
WHERE f.batch = ? ORDER BY f.severity DESC, f.kind, f.captioner, f.clip_id
"""


@dg.multi_asset(
    specs=[spec("caption_findings", "captions", {"parquet"})], name="caption_findings", partitions_def=BATCHES
)
@batched
def caption_findings(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Audit the batch's captions."""
    opened, batch = lake.open(), context.partition_key
    with working(context, opened) as step:
        made = audit_captions(step, batch)
    shown = opened.query(_SHOWN, [batch])
    told = shown.drop("batch", "video_id", "start_pts", "end_pts")
    return result(
        made,
        opened,
        audited=picture(reports.table(counted(opened, batch))),
        by_kind=picture(reports.table(opened.query(_BY_KIND, [batch]))),
        findings=picture(reports.with_thumbnails(opened, shown, told)),
    )
