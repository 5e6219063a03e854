"""Captions: what captioners and people say of clips."""

from __future__ import annotations

import polars as pl

from video_assets.describe.caption import Caption
from video_assets.lake.schemas.table import (
    BATCH,
    BOOL,
    CLIP,
    DOUBLE,
    GPU_SECONDS,
    INT,
    LIMITED_BY,
    LONG,
    MESSAGE,
    REASON,
    SECONDS,
    TEXT,
    TIME,
    VIDEO,
    Column,
    Table,
)

_TEXTS = pl.List(pl.String())

CAPTIONS = Table(
    "captions",
    "A caption of a clip by one captioner in one version; those of other captioners and versions stay beside it.",
    ("clip_id", "captioner", "version"),
    (
        BATCH,
        CLIP,
        VIDEO,
        Column(
            "captioner",
            TEXT,
            "Who wrote it: a captioner of the settings, an imported one, human, or person:NAME, a rater who has corrected it on the review page.",
        ),
        Column(
            "version",
            TEXT,
            "Version of the captioner; .2 after it: the second writing, after the first was withdrawn. Of a rater, the verdict with which it was written.",
        ),
        Column(
            "withdrawn",
            BOOL,
            "Whether it was set aside to be written anew (video-assets captions redo), or its rater took it back or wrote another.",
        ),
        Column(
            "current", BOOL, "Whether this is the captioner's word as it is now; FALSE once superseded or withdrawn."
        ),
        Column("drawn", BOOL, "Whether this captioner is the one that is drawn for the clip, by the shares."),
        *(Column(name, TEXT, str(field.description)) for name, field in Caption.model_fields.items()),
        Column("words", INT, "Words of the dense description."),
        Column(
            "camera_motion",
            TEXT,
            "The measured camera motion by HunyuanVideo's name (arXiv 2412.03603), where the measurement is confident; else NULL.",
        ),
        Column("camera_confidence", DOUBLE, "Share of the clip's camera steps that show the measured motion, 0-1."),
        Column("source_tags", _TEXTS, "From the metadata: how it was acquired, orientation, size, frame rate."),
        Column("quality_tags", _TEXTS, "From the measurements: sharpness, noise, compression, light, overlays."),
        Column("model", TEXT, "The model's name; measured: none, sentences from the measurements."),
        Column("weights", TEXT, "SHA-256 of the weights, or the endpoint's address; NULL where there is no model."),
        Column("prompt_hash", TEXT, "First 16 hex digits of the prompt's SHA-256; NULL where there is none."),
        Column("seed", LONG, "Seed of the model's sampling; NULL where there is none."),
        Column("frame_times", pl.List(pl.Float64()), "The frames that were shown, in s from the clip's start."),
        Column("input_tokens", LONG, "Tokens that the model read, of every request.", volatile=True),
        Column("output_tokens", LONG, "Tokens that the model wrote, of every request.", volatile=True),
        Column(
            "usd", DOUBLE, "What the tokens cost by the prices in the settings; NULL without prices.", volatile=True
        ),
        REASON,
        MESSAGE,
        LIMITED_BY,
        SECONDS,
        GPU_SECONDS,
        Column(
            "waited_seconds", DOUBLE, "Seconds for which an endpoint was waited for, retries included.", volatile=True
        ),
        Column("written_at", TIME, "When it was written or imported.", volatile=True),
    ),
)
