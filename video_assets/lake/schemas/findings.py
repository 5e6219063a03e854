"""Findings: what the audit finds wrong with captions."""

from __future__ import annotations

from video_assets.lake.schemas.table import BATCH, CLIP, TEXT, VERSION, VIDEO, Column, Table

CAPTION_FINDINGS = Table(
    "caption_findings",
    "What is wrong with a current caption, one row a kind. Those by measurements alone (model 'measured') are not audited.",
    ("clip_id", "captioner", "caption_version", "kind"),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("captioner", TEXT, "Who wrote the caption (captions.captioner)."),
        Column("caption_version", TEXT, "Version of the caption (captions.version)."),
        Column(
            "kind",
            TEXT,
            "duplicate, near_duplicate, shifted, refusal, wrong_language, length, camera_contradiction, mentions_frames or unread_text (describe/audit).",
        ),
        Column("severity", TEXT, "wrong: not to be trained on. doubtful: to be looked at."),
        Column("evidence", TEXT, "The words that give it away, or the numbers."),
        Column(
            "other_clip_id", TEXT, "The clip that has the like caption, or that fits the caption better; else NULL."
        ),
        VERSION,
    ),
)
