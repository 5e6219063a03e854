"""Captions that people have corrected while they judged, as rows of ``captions``: a captioner for each rater."""

from __future__ import annotations

import re

import polars as pl

from video_assets.batches.caption_files import commit
from video_assets.batches.caption_rows import added, words
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CAPTIONS
from video_assets.lake.sheet import SHEET

PERSON = "person:"
"""What a captioner's name begins with that is a rater's; no captioner of the settings may be called so."""
_KEY = list(CAPTIONS.key)
_SAID = f"""
SELECT c.batch, r.clip_id, c.video_id, '{PERSON}' || r.rater AS captioner, 'review-' || r.review_id[:16] AS version,
    r.caption, r.judged_at AS written_at
FROM current_reviews AS r JOIN clips AS c ON c.clip_id = r.clip_id
WHERE r.caption IS NOT NULL
"""
_HAVE = f"SELECT batch, {', '.join(_KEY)} FROM captions WHERE starts_with(captioner, '{PERSON}') AND current"
_SENTENCE = re.compile(r"(?<=[.!?])\s")


def take_corrections(step: Step) -> list[Made]:
    """Have the captions of the verdicts that hold, and no others, current of the raters.

    Returns:
        The ledger entries of the batches that changed and had been captioned before.
    """
    lake, asset = step.lake, CAPTIONS.name
    with lake.lock(asset):
        said, have = lake.query(_SAID), lake.query(_HAVE)
        of = ["batch", *_KEY]
        differ = [*said.join(have, on=of, how="anti")["batch"], *have.join(said, on=of, how="anti")["batch"]]
        if not differ:
            return []
        sure = lake.settings.captions.least_camera_confidence
        changed = {}
        for batch in sorted(set(differ)):
            sheet = lake.query(f"SELECT * FROM {SHEET} WHERE batch = ?", [batch])
            changed[batch] = corrected(lake.read(CAPTIONS, [batch]), said.filter(batch=batch), sheet, sure)
        return commit(step, changed, "captions corrected by people")


def corrections(lake: Lake, batch: str) -> pl.DataFrame:
    """What people have corrected in a batch, by the verdicts that hold, as :func:`corrected` takes it."""
    return lake.query(f"{_SAID} AND c.batch = ?", [batch])


def corrected(
    rows: pl.DataFrame, said: pl.DataFrame, sheet: pl.DataFrame, least_camera_confidence: float
) -> pl.DataFrame:
    """A batch's captions with those of people as their verdicts have them; all others stay as they are.

    A corrected caption is the dense description, whose first sentence is the short one; what else a caption has is empty.
    One that was taken back, or that its rater has replaced, stays as withdrawn.

    Args:
        rows: rows of ``captions``.
        said: batch, clip_id, video_id, captioner, version, caption and written_at of each correction that holds.
        sheet: the batch's rows of ``clip_sheet``.
        least_camera_confidence: least confidence at which the camera motion is told, 0-1.
    """
    fresh = _rows(said.join(rows, on=_KEY, how="anti"))
    if not fresh.is_empty():
        rows = added(rows, fresh, sheet, least_camera_confidence)
    key = pl.struct(_KEY)
    holds = key.is_in(said.select(key.alias("key"))["key"].implode())
    person = pl.col("captioner").str.starts_with(PERSON)
    return rows.with_columns(
        current=pl.when(person).then(holds).otherwise("current"),
        withdrawn=pl.when(person).then(~holds).otherwise("withdrawn"),
    )


def _rows(said: pl.DataFrame) -> pl.DataFrame:
    texts = [
        {"short_description": _SENTENCE.split(text, maxsplit=1)[0], "dense_description": text, "words": words(text)}
        for text in (str(caption).strip() for caption in said["caption"])
    ]
    empty = dict.fromkeys(("background", "style", "shot_type", "lighting", "atmosphere"), pl.lit(""))
    if not texts:
        return CAPTIONS.empty()
    rows = said.drop("caption").hstack(pl.DataFrame(texts))
    return CAPTIONS.frame(rows.with_columns(**empty))
