"""Content: vectors of clips, what follows from comparing them, and what only the profile 'full' measures."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    CLIP,
    DOUBLE,
    INT,
    REAL,
    TEXT,
    VERSION,
    Column,
    Table,
)

NEAR_DUPLICATES = Table(
    "near_duplicates",
    "Two clips that are copies: of near signatures, or of like course in time. Found when the first's batch was compared with all clips there were.",
    ("clip_id", "other_id"),
    (
        BATCH,
        CLIP,
        Column("other_id", TEXT, "The other clip, of this batch (then each pair has one row) or of another."),
        Column("cosine", REAL, "Cosine of the two copy signatures, to 1."),
        Column("mirrored", BOOL, "Whether the one is the other's mirror image."),
        Column(
            "correlation",
            REAL,
            "Correlation of the two courses in time at offset_s, to 1; NULL where the cosine alone is near enough.",
        ),
        Column(
            "offset_s",
            REAL,
            "Where in clip_id the start of other_id would be, in s from clip_id's own start, negative before it; NULL as correlation.",
        ),
        Column(
            "speed",
            REAL,
            "How many times as fast clip_id goes as other_id: its own speed is 1 wherever that explains their courses.",
        ),
        Column("from_s", REAL, "From when on in clip_id both are shown, in s from its start."),
        Column("other_from_s", REAL, "From when on in other_id both are shown, in s from its start."),
        Column(
            "shared_s",
            REAL,
            "How long both are shown, in s of clip_id; NULL where nobody recorded their courses.",
        ),
        Column("signature_version", TEXT, "Version of the clip_embeddings in which both signatures were."),
        VERSION,
    ),
)

DUPLICATE_GROUPS = Table(
    "duplicate_groups",
    "A clip's group of near-duplicates over all batches, and whether a better clip of it makes this one a duplicate.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        Column("duplicate_group", TEXT, "The group: its smallest clip_id; the clip's own when nothing is near it."),
        Column("duplicates", INT, "Clips in the group, this one included."),
        Column(
            "duplicate_of",
            TEXT,
            "The best clip of the group, if a better one is near this one; NULL when this one is to be kept. Better: as best_of_group.sql says, less overlaid, of an earlier generation, larger.",
        ),
        Column("duplicate", BOOL, "Whether there is such a better clip."),
        Column(
            "duplicate_cosine",
            REAL,
            "Largest cosine of signatures to a better clip that is a copy; 0 when none is. A copy that starts at another moment may have a small one.",
        ),
        VERSION,
    ),
)

CONTAMINATION = Table(
    "contamination",
    "Whether a clip of the footage is a near-duplicate of a clip of a benchmark's videos.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        Column(
            "near_benchmark",
            BOOL,
            "Whether it, or a clip of its group of near-duplicates, is one of a benchmark's clip; FALSE where there are no benchmarks; NULL when there are and the clip has no signature to compare.",
        ),
        Column("benchmark", TEXT, "Name of the benchmark; NULL when near none."),
        Column("benchmark_clip", TEXT, "The nearest of the benchmarks' clips; NULL when near none."),
        Column(
            "benchmark_through",
            TEXT,
            "The clip of its group by which it is near; NULL when it is a near-duplicate of the benchmark's clip itself.",
        ),
        Column("benchmark_cosine", REAL, "Cosine of the copy signatures of that pair, to 1; NULL when near none."),
        Column(
            "benchmark_correlation",
            REAL,
            "Correlation of that pair's courses in time, to 1; NULL where the cosine alone is near enough.",
        ),
        VERSION,
    ),
)

CONCEPT_MODEL = Table(
    "concept_model",
    "A concept: the centre of a cluster of clips in the space of their embeddings. One set for all batches.",
    ("concept",),
    (
        BATCH,
        Column("concept", INT, "Concept, from 0; kept when the centres are fitted anew, never given to another."),
        Column("centre", pl.List(REAL), "Mean direction of its clips' embeddings, of length 1."),
        Column("fitted_clips", INT, "Clips of all batches that were in it when it was last fitted."),
        Column("retired", BOOL, "Whether the newest fit has no such cluster any more."),
        Column("embedding_version", TEXT, "Version of the clip_embeddings to which it was fitted."),
        VERSION,
    ),
)

CONCEPTS = Table(
    "concepts",
    "A clip's concept: the cluster whose centre its embedding is nearest to.",
    ("clip_id",),
    (
        BATCH,
        CLIP,
        Column("concept", INT, "The concept, a row of concept_model."),
        Column("concept_cosine", REAL, "Cosine of the embedding and the concept's centre, to 1."),
        Column(
            "concept_weight",
            DOUBLE,
            "1/sqrt(clips of the concept over all batches when the centres were last fitted): Movie Gen's sampling weight.",
        ),
        VERSION,
    ),
)
