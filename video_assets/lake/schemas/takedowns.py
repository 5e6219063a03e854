"""Takedowns: what was asked to be removed, and by what it is known when it comes again. No name stands here."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import (
    BATCH,
    DOUBLE,
    INT,
    LIMITED_BY,
    MESSAGE,
    REAL,
    REASON,
    SECONDS,
    TEXT,
    TIME,
    VERSION,
    VIDEO,
    Column,
    Table,
)

_TAKEDOWN = Column("takedown", TEXT, "The takedown's number: hex digits, in the order of time.")

TAKEDOWNS = Table(
    "takedowns",
    "A takedown: footage that was removed on request, with all that was made from it. It says how many, never what.",
    ("takedown",),
    (
        _TAKEDOWN,
        Column("made_at", TIME, "When it was asked for."),
        Column("asked_by", TEXT, "By what the footage was named: url, file, hash, holder, domain or like."),
        Column("counts", TEXT, "JSON object: how many videos, clips, captions, files and so on it reached."),
        Column(
            "state",
            TEXT,
            "begun; held, while files and older versions wait for held_until; called_off, where a person did so meanwhile; done, after everything was read and nothing of it found; incomplete, where something was.",
        ),
        Column("held_until", TIME, "Until when what cannot be undone waits; NULL where it did not wait."),
        Column(
            "receipt",
            TEXT,
            "The receipt, from lake.root on; NULL while there is none. Its ending is json, or md for people.",
        ),
    ),
)

TOMBSTONES = Table(
    "tombstones",
    "A content that was taken down, or is a copy of one that was: its hash, by which it is refused when it comes again.",
    ("video_id",),
    (
        VIDEO,
        Column("sha256", TEXT, "SHA-256 of the bytes, hex; NULL where they were never read: such a content is not known again."),
        Column("takedown", TEXT, "The takedown's number; of a copy a key of its own, so that two runs may refuse at once."),
        Column("since", TIME, "When it was taken down, or refused."),
        Column("copy_of", TEXT, "Of a copy, the takedown of what it is a copy of; NULL of what was taken down itself."),
        Column("admitted_at", TIME, "When a person said that it is no copy, so that it may enter; NULL where nobody did."),
    ),
)  # fmt: skip

TOMBSTONE_CLIPS = Table(
    "tombstone_clips",
    "What the clips of a takedown looked like, by which copies of them are refused. No hash and no id stands here.",
    ("takedown", "n"),
    (
        _TAKEDOWN,
        Column("n", INT, "Number of the clip within the takedown, from 0."),
        Column("copy_signature", pl.List(REAL), "The coarse part of that of clip_embeddings, without the ink."),
        Column("time_course", pl.List(REAL), "As that of motion_scores; NULL where there was none."),
        Column("duration_s", DOUBLE, "Length of the clip, in s."),
        Column(
            "form", TEXT, "Form of signature and course (batches/signatures.py): those of another are not compared."
        ),
    ),
)

COPY_CHECKS = Table(
    "copy_checks",
    "Of each decoded video, how near it came to what was taken down. A video that is a copy of it has no row: it is refused.",
    ("video_id",),
    (
        BATCH,
        VIDEO,
        Column("clips", INT, "Clips that were compared; those whose pictures are flat cannot be."),
        Column("against", INT, "Clips of takedowns that they were compared with."),
        Column("cosine", DOUBLE, "The nearest two signatures' cosine, -1 to 1; NULL where nothing was compared."),
        VERSION,
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
    ),
)
