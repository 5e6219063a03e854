"""Scores: what is measured of a clip by itself."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    CLIP,
    TEXT,
    VERSION,
    VIDEO,
    Column,
    Table,
)

CANDIDATES = Table(
    "candidates",
    "Whether a clip is worth a model's time, by what was measured without one.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column("candidate", BOOL, "TRUE when models measure the clip."),
        Column(
            "compared",
            BOOL,
            "TRUE when its vector and copy signature are measured: of candidates, and of a benchmark's clips.",
        ),
        Column(
            "why",
            TEXT,
            "possible: some tier could still keep it; sampled: every tier drops it, and it is measured so that thresholds can be judged; ruled_out: every tier drops it; benchmark: it is no footage, and only compared with.",
        ),
        Column(
            "ruled_out_by",
            pl.List(pl.String()),
            "tier: rule, of each tier without a parent, when all of them drop it; NULL otherwise.",
            volatile=True,
        ),
        VERSION,
    ),
)
