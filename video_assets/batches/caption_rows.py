"""Rows of captions: what an answer becomes, and how new rows come to stand beside old ones. Nothing is read here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import polars as pl

from video_assets.describe.answer import Answer
from video_assets.describe.caption import Caption
from video_assets.describe.endpoint import address
from video_assets.describe.tags import camera_label, quality_tags, source_tags
from video_assets.describe.work import price
from video_assets.lake.again import TRANSIENT
from video_assets.lake.schemas import CAPTIONS
from video_assets.lake.versions import short_hash
from video_assets.settings import CaptionerSettings

_KEY = list(CAPTIONS.key)
_DERIVED = {
    "camera_motion": pl.String(), "camera_confidence": pl.Float64(), "source_tags": pl.List(pl.String()),
    "quality_tags": pl.List(pl.String()),
}  # fmt: skip


def row(
    answer: Answer[Caption], captioner: CaptionerSettings, version: str, now: datetime, weights: str | None,
    frame_times: Sequence[float] | None,
) -> dict[str, object]:  # fmt: skip
    """A row of ``captions`` without the clip's own columns and those that follow from the measurements.

    Args:
        answer: what the captioner said.
        captioner: its settings.
        version: with the number of the writing.
        now: the clock.
        weights: SHA-256 of a local model's weights.
        frame_times: of the pictures that were shown, in s from the clip's start.
    """
    asked = captioner.kind != "measured"
    written = answer.said.model_dump() if answer.said else {}
    return {
        "clip_id": answer.clip_id, "captioner": captioner.name, "version": version, "withdrawn": False,
        **written, "words": words(written.get("dense_description")),
        "model": captioner.model if asked else "measured",
        "weights": address(captioner.base_url) if captioner.base_url else weights,
        "prompt_hash": short_hash(captioner.prompt) if asked else None,
        "seed": captioner.seed if asked else None,
        "frame_times": list(frame_times) if asked and frame_times is not None else None,
        "input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens,
        "usd": price(captioner, answer.input_tokens, answer.output_tokens),
        "reason": answer.reason, "message": answer.message, "limited_by": answer.limited_by,
        "compute_seconds": answer.compute_seconds,
        "gpu_seconds": answer.gpu_seconds, "waited_seconds": answer.waited_seconds, "written_at": now,
    }  # fmt: skip


def words(text: str | None) -> int | None:
    """How many words a text has, by its spaces."""
    return None if text is None else len(text.split())


def numbered(due: pl.DataFrame, have: pl.DataFrame) -> pl.DataFrame:
    """What is due, each with the version as which it will be written: the next number where one was withdrawn.

    Args:
        due: clip_id, captioner and version.
        have: rows of ``captions``.
    """
    number = pl.col("version").str.split(".").list.get(1, null_on_oob=True).cast(pl.Int64).fill_null(1)
    before = (
        have.filter("withdrawn")
        .select("clip_id", "captioner", _base(), number.alias("number"))
        .group_by("clip_id", "captioner", "version")
        .agg(pl.col("number").max())
    )
    written = (
        pl.when(pl.col("number").is_null())
        .then("version")
        .otherwise(pl.format("{}.{}", "version", pl.col("number") + 1))
    )
    joined = due.join(before, on=["clip_id", "captioner", "version"], how="left", maintain_order="left")
    return joined.with_columns(version=written).drop("number")


def _base() -> pl.Expr:
    """A version without the number of its writing."""
    return pl.col("version").str.split(".").list.first()


def shelved(
    have: pl.DataFrame, fresh: pl.DataFrame, drawn: pl.DataFrame, versions: Mapping[str, str], sheet: pl.DataFrame,
    videos: Sequence[str], least_camera_confidence: float,
) -> pl.DataFrame:  # fmt: skip
    """A batch's captions: the old rows and the new ones side by side.

    Good rows stay as long as their video does, whoever wrote them and in whatever version. A failed row stays while it
    is the last word of its captioner's version. Which rows are current, by whom a clip is captioned now, the camera and
    the tags follow from the rest and are told anew.

    Args:
        have: rows of ``captions`` as they are in the lake.
        fresh: rows that were written now; of the same key they replace what was there.
        drawn: clip_id and captioner of the clips that are captioned now.
        versions: the version of each captioner of the settings.
        sheet: the batch's rows of ``clip_sheet``.
        videos: the videos that are still there.
        least_camera_confidence: least confidence at which the camera motion is told, 0-1.
    """
    if have.is_empty() and fresh.is_empty():
        return CAPTIONS.empty()
    rows = pl.concat([have.join(fresh, on=_KEY, how="anti", nulls_equal=True), fresh])
    of_now = _base() == pl.col("captioner").replace_strict(versions, default=None, return_dtype=pl.String)
    asked = pl.struct("clip_id", "captioner")
    wanted = asked.is_in(drawn.select(asked.alias("pair"))["pair"].implode())
    last_word = of_now & wanted & ~pl.col("withdrawn")
    tried = fresh.select(_KEY).with_columns(fresh=True)
    rows = rows.join(tried, on=_KEY, how="left").filter(
        pl.col("video_id").is_in(list(videos))
        & (
            pl.col("reason").is_null()
            | (last_word.fill_null(value=False) & (pl.col("fresh") | ~pl.col("reason").is_in(TRANSIENT)))
        )
    )
    rows = rows.with_columns(drawn=wanted, current=_current(versions, sheet)).drop("fresh")
    return CAPTIONS.frame(_with_facts(rows, sheet, least_camera_confidence))


def _current(versions: Mapping[str, str], sheet: pl.DataFrame) -> pl.Expr:
    """Of a captioner of the settings, what its version wrote last; of an imported one or a rater, the last that was not withdrawn."""
    own = pl.col("captioner").is_in(list(versions))
    of_now = _base() == pl.col("captioner").replace_strict(versions, default=None, return_dtype=pl.String)
    last = pl.col("written_at") == pl.col("written_at").filter(~pl.col("withdrawn")).max().over("clip_id", "captioner")
    there = pl.col("clip_id").is_in(sheet["clip_id"].to_list())
    return there & ~pl.col("withdrawn") & pl.when(own).then(of_now.fill_null(value=False)).otherwise(last)


def _with_facts(rows: pl.DataFrame, sheet: pl.DataFrame, least_camera_confidence: float) -> pl.DataFrame:
    """The columns that follow from the measurements, told anew where the caption is current."""
    told = pl.DataFrame(
        [
            {
                "clip_id": clip["clip_id"],
                "camera_motion": camera_label(
                    clip["camera_motion"], clip["camera_confidence"], least_camera_confidence
                ),
                "camera_confidence": clip["camera_confidence"],
                "source_tags": source_tags(clip),
                "quality_tags": quality_tags(clip),
            }
            for clip in sheet.filter(pl.col("clip_id").is_in(rows["clip_id"].to_list())).iter_rows(named=True)
        ],
        schema={"clip_id": pl.String(), **_DERIVED},
    )
    joined = rows.join(told, on="clip_id", how="left", suffix="_now")
    now = (pl.when("current").then(f"{name}_now").otherwise(name).alias(name) for name in _DERIVED)
    return joined.with_columns(now).drop(f"{name}_now" for name in _DERIVED)


def added(have: pl.DataFrame, fresh: pl.DataFrame, sheet: pl.DataFrame, least_camera_confidence: float) -> pl.DataFrame:
    """A batch's captions with some of one imported captioner; theirs are current now, and all else stays as it is.

    Args:
        have: rows of ``captions``.
        fresh: the imported rows.
        sheet: the batch's rows of ``clip_sheet``.
        least_camera_confidence: see :func:`shelved`.
    """
    said = ["clip_id", "captioner"]
    again = pl.struct(said).is_in(fresh.select(pl.struct(said).alias("pair"))["pair"].implode())
    old = have.join(fresh, on=_KEY, how="anti").with_columns(current=pl.col("current") & ~again)
    new = fresh.with_columns(withdrawn=False, current=True, drawn=False)
    return CAPTIONS.frame(pl.concat([old, CAPTIONS.frame(_with_facts(new, sheet, least_camera_confidence))]))


def withdrawn(have: pl.DataFrame, version: str | None, captioner: str | None, own: Collection[str]) -> pl.DataFrame:
    """The same rows, with the current ones of a version or of a captioner set aside; what failed is gone.

    Args:
        have: rows of ``captions``.
        version: with or without the number of a writing; None: every version.
        captioner: None: every captioner.
        own: the captioners of the settings; what others wrote cannot be written anew.
    """
    chosen = pl.col("current") & pl.col("captioner").is_in(list(own))
    if version is not None:
        chosen &= (pl.col("version") == version) | (_base() == version)
    if captioner is not None:
        chosen &= pl.col("captioner") == captioner
    return have.filter(~chosen | pl.col("reason").is_null()).with_columns(
        withdrawn=pl.col("withdrawn") | chosen, current=pl.col("current") & ~chosen
    )
