"""Verdicts of people: what a rater says of a clip. Each is a row for good; to take one back is a row too."""

from __future__ import annotations

import polars as pl

from video_assets.lake.schemas.table import CLIP, DOUBLE, LONG, TEXT, TIME, VIDEO, Column, Table

REVIEWS = Table(
    "reviews",
    "A verdict of a person on a clip, or that one was taken back. Rows are added and never changed: the view current_reviews has what holds.",
    ("part", "review_id"),
    (
        Column("part", TEXT, "Part of the journal that it was written in: the partition."),
        Column("review_id", TEXT, "Its own id, 32 hex digits, made by the page: sent twice it is one verdict."),
        CLIP,
        VIDEO,
        Column("start_pts", LONG, "Pts of the clip's first frame when it was judged, in units of the video's time base."),
        Column("end_pts", LONG, "Pts at which its last frame ended (exclusive)."),
        Column("rater", TEXT, "Who judged."),
        Column("judged_at", TIME, "When it was sent."),
        Column("seconds", DOUBLE, "How long the clip was before the rater, in s; NULL where the page did not say."),
        Column("questions", TEXT, "Version of the questions that were asked: the first 16 hex digits of their file's SHA-256."),
        Column("tier", TEXT, "Tier from whose queue the clip came; NULL where it came from none."),
        Column("decision", TEXT, "keep, drop or unsure; NULL of a row that takes another back."),
        Column(
            "answers",
            pl.List(pl.Struct({"question": pl.String(), "value": pl.Float32()})),
            "What was answered, by the question's name: 1 to 5 on an axis, 1 or 0 on a point of the checklist; what was left open is not there.",
        ),
        Column("flags", pl.List(pl.String()), "What the clip was flagged for, such as rights or safety."),
        Column("trim_start_pts", LONG, "Pts at which the best stretch begins; NULL where the clip was not trimmed."),
        Column("trim_end_pts", LONG, "Pts at which it ends (exclusive)."),
        Column("caption", TEXT, "The caption as the rater would have it; NULL where none was written."),
        Column("note", TEXT, "What the rater remarked; NULL where nothing."),
        Column("takes_back", TEXT, "review_id of the same rater's verdict that no longer holds; NULL of a verdict."),
    ),
)  # fmt: skip
