"""Takedowns: what was asked to be removed, and by which hashes it is known when it comes again. No name stands here."""

from __future__ import annotations

from video_assets.lake.schemas.table import BYTES, INT, TEXT, TIME, VIDEO, Column, Table

_TAKEDOWN = Column("takedown", TEXT, "The takedown's number, given at random.")

TAKEDOWNS = Table(
    "takedowns",
    "A takedown: footage that was removed on request, with all that was made from it. It says how many, never what.",
    ("takedown",),
    (
        _TAKEDOWN,
        Column("made_at", TIME, "When it was asked for."),
        Column("asked_by", TEXT, "By what the footage was named: url, file, hash, holder or domain."),
        Column("counts", TEXT, "JSON object: how many videos, clips, captions, files and so on it reached."),
        Column(
            "state",
            TEXT,
            "begun; done, after everything was read and nothing of it found; incomplete, where something was.",
        ),
        Column(
            "receipt",
            TEXT,
            "The receipt, from lake.root on; NULL while there is none. Its ending is json, or md for people.",
        ),
    ),
)

TOMBSTONES = Table(
    "tombstones",
    "A content that was taken down: its hash, by which it is refused when it comes again, and what its clips looked like.",
    ("video_id",),
    (
        VIDEO,
        Column("sha256", TEXT, "SHA-256 of the bytes, hex; NULL where they were never read: such a content is not known again."),
        Column(
            "copy_signatures",
            BYTES,
            "The copy signatures of its clips, one after the other: float32, little-endian; NULL where there was none.",
        ),
        Column("signature_length", INT, "Numbers in one signature; NULL as copy_signatures."),
        Column("signature_version", TEXT, "Version of the clip_embeddings that they are from; NULL as copy_signatures."),
        _TAKEDOWN,
        Column("since", TIME, "When it was taken down."),
    ),
)  # fmt: skip
