"""caption_findings: what is wrong with a batch's captions as they are now."""

from __future__ import annotations

import numpy as np
import polars as pl

from video_assets.batches.search import towers
from video_assets.batches.step import Step, Stopwatch, total
from video_assets.describe.audit.findings import Vectors, audit
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CAPTION_FINDINGS
from video_assets.measure.models import image_text

AUDITED = """
SELECT k.*, c.shot_id, c.start_pts, c.duration_s, t.text_boxes, g.duplicate_group
FROM captions AS k
JOIN clips AS c ON c.batch = k.batch AND c.clip_id = k.clip_id
LEFT JOIN text_scores AS t ON t.batch = k.batch AND t.clip_id = k.clip_id AND t.reason IS NULL
LEFT JOIN duplicate_groups AS g ON g.batch = k.batch AND g.clip_id = k.clip_id
WHERE k.batch IN (SELECT unnest($batches)) AND k.current AND k.reason IS NULL AND k.model IS DISTINCT FROM 'measured'
ORDER BY k.clip_id, k.captioner
"""
"""The captions that are audited, with what is known of their clips: sentences from measurements say nothing of their own."""


def audit_captions(step: Step, batch: str) -> Made:
    """Audit the batch's captions; commit ``caption_findings``."""
    asset = CAPTION_FINDINGS.name
    lake, inputs, watch = step.lake, step.inputs(asset, batch), Stopwatch()
    captions = lake.query(AUDITED, {"batches": [batch]})
    found = audit(captions, lake.settings.audit, _vectors(lake, batch) if captions.height else None)
    videos = captions.select("clip_id", "video_id").unique()
    rows = CAPTION_FINDINGS.frame(found.join(videos, on="clip_id"), batch=batch, version=step.version(asset))
    seconds = captions.unique("clip_id")["duration_s"]
    made = step.made(asset, batch, rows, inputs, footage_seconds=total(seconds), compute_seconds=watch.seconds)
    lake.commit([Replacement(CAPTION_FINDINGS, [batch], rows)], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def _vectors(lake: Lake, batch: str) -> Vectors | None:
    """The batch's clips in the space of a text tower, which the profile 'full' alone has."""
    settings = lake.settings.models
    if settings.profile != "full":
        return None
    clips = lake.query(
        "SELECT clip_id, embedding FROM clip_embeddings WHERE batch = ? AND embedding_model = ? AND reason IS NULL",
        [batch, image_text(settings).name],
    )
    vectors = {clip: np.asarray(vector, np.float32) for clip, vector in clips.iter_rows()}
    return Vectors(vectors, towers(settings).open().encode_text)


def counted(lake: Lake, *batches: str) -> pl.DataFrame:
    """How many captions of each captioner were audited in some batches, and how many have a finding of each severity."""
    return lake.query(
        f"WITH audited AS ({AUDITED}), found AS ("
        "SELECT clip_id, captioner, caption_version, bool_or(severity = 'wrong') AS wrong FROM caption_findings "
        "WHERE batch IN (SELECT unnest($batches)) GROUP BY ALL) "
        "SELECT a.captioner, count(*) AS captions, count(f.clip_id) AS with_findings, "
        "count(*) FILTER (f.wrong) AS wrong FROM audited AS a LEFT JOIN found AS f "
        "ON f.clip_id = a.clip_id AND f.captioner = a.captioner AND f.caption_version = a.version "
        "GROUP BY a.captioner ORDER BY a.captioner",
        {"batches": list(batches)},
    )
