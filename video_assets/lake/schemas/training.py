"""Training runs: what each really read of a release, as its loader wrote it down."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import BOOL, CLIP, INT, LONG, TEXT, TIME, Column, Table

_RUN = Column("run", TEXT, "The run's name: its partition.")
_ATTEMPT = Column("attempt", INT, "The run's how-many-th attempt, from 1.")

TRAINING_RUNS = Table(
    "training_runs",
    "A training run whose record was added: which model read which release, in which order.",
    ("run",),
    (
        _RUN,
        Column("model", TEXT, "The model that was trained."),
        Column("release", TEXT, "Name of the release that was read."),
        Column("release_id", TEXT, "Its id, as the loader found it."),
        Column("order_version", INT, "Version of the order of batches."),
        Column("order_id", TEXT, "SHA-256 of all that the order hangs on."),
        Column("seed", LONG, "Seed of the order, of the windows and of the texts."),
        Column("batch_size", INT, "Clips in a batch."),
        Column("frames", INT, "Frames of a sample."),
        Column("fps", TEXT, "Frames/s at which a sample's frames were taken, as a fraction."),
        Column("split", TEXT, "Split whose clips were read."),
        Column("buckets", pl.List(pl.String()), "Buckets that were read; NULL: all."),
        Column("over", TEXT, "What frames came from: shards, or sources."),
        Column("attempts", INT, "Times the run was started."),
        Column("batches_kept", LONG, "Batches whose training is in the model."),
        Column("batches_rolled_back", LONG, "Batches that were read and whose training was lost with an attempt."),
        Column("samples_kept", LONG, "Samples whose training is in the model; what was skipped is none."),
        Column("samples_skipped", LONG, "Samples that were left out of the batches that were kept."),
        Column("code_revision", TEXT, "Of the trainer's code, in the last attempt."),
        Column("config", TEXT, "The trainer's configuration in the last attempt, a JSON object."),
        Column("started_at", TIME, "When the first attempt began."),
        Column("added_at", TIME, "When the record was added last.", volatile=True),
    ),
)  # fmt: skip

TRAINING_READS = Table(
    "training_reads",
    "A range of batches that an attempt of a training run read. The order of batches says which clips are in them (video-assets training clips).",
    ("run", "attempt", "from_batch"),
    (
        _RUN,
        _ATTEMPT,
        Column("attempt_id", TEXT, "What its ranks called it."),
        Column("started_at", TIME, "When it began."),
        Column("ranks", INT, "Processes that trained."),
        Column("workers", INT, "Processes that loaded for each of them; 0: none but itself."),
        Column("code_revision", TEXT, "Of the trainer's code."),
        Column("from_batch", LONG, "First batch, as the order numbers them from 0."),
        Column("to_batch", LONG, "The batch after the last."),
        Column("kept", BOOL, "Whether its training is in the model: a checkpoint had it that was gone on from, or the last one."),
        Column("samples", LONG, "Samples that were read; what was skipped is none."),
    ),
)  # fmt: skip

TRAINING_SKIPS = Table(
    "training_skips",
    "A clip that a training run left out of a batch which it read.",
    ("run", "attempt", "batch_number", "clip_id", "epoch"),
    (
        _RUN,
        _ATTEMPT,
        Column("batch_number", LONG, "The batch, as the order numbers them from 0."),
        CLIP,
        Column("epoch", INT, "Epoch in which it would have been read, from 0."),
        Column("kept", BOOL, "Whether the batch's training is in the model."),
        Column(
            "why",
            TEXT,
            "tombstone: it was taken down; no_media: it was not cut; decode, size, caption, source: it could not be used.",
        ),
        Column("said", TEXT, "What the loader said, for a person."),
    ),
)

TRAINING_CLIPS = Table(
    "training_clips",
    "A clip that a training run has read: counted from its ranges of batches when its record was added.",
    ("run", "clip_id"),
    (
        _RUN,
        CLIP,
        Column("times", LONG, "Times that it was read in batches whose training is in the model."),
        Column("times_rolled_back", LONG, "Times that it was read in batches whose training was lost with an attempt."),
    ),
)
