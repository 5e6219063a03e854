"""Contents that several batches have: one of these holds it, and what any place of it refuses is refused.

Local files of the same bytes are one content of one batch from the start. That an object on S3 has the bytes of another, or of
a local file, is known when it was hashed, and then it may be in a batch of its own.
"""

from __future__ import annotations

import polars as pl

from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SOURCE_FILES
from video_assets.lake.schemas import MATERIALIZATIONS, RAW_VIDEOS, RIGHTS
from video_assets.reasons import Reason
from video_assets.rights.places import strictest

_RIGHTS = [c.name for c in RIGHTS]
_SAME = ("batch", "content", "video_id")


def others(lake: Lake, batch: str, videos: list[str]) -> pl.DataFrame:
    """What other batches have of these videos: batch, content, video_id and reason."""
    return lake.query(
        "SELECT batch, content, video_id, reason FROM raw_videos WHERE batch <> ? AND video_id IN (SELECT unnest(?))",
        [batch, videos],
    )


def with_rights_of_all(lake: Lake, batch: str, rows: pl.DataFrame, same: pl.DataFrame) -> pl.DataFrame:
    """A batch's rows of ``raw_videos`` with the rights that all places of their contents give together.

    Args:
        lake: whose ledger knows the places.
        batch: whose rows they are.
        rows: with content, video_id and the rights.
        same: batch, content and video_id of what has the same bytes; rows of others stay as they are.
    """
    if same.is_empty():
        return rows
    places = lake.query(
        f"SELECT batch, content, uri, current, {', '.join(_RIGHTS)} FROM source_files WHERE content IN (SELECT unnest(?))",
        [same["content"].unique().to_list()],
    ).join(same.select(_SAME).unique(), on=["batch", "content"])
    # As of the places of one batch (footage.ingest.pick_sources): one where something is stated comes first.
    ordered = places.sort(pl.col("rights_from") == "unknown", pl.col("batch") != batch, ~pl.col("current"), "uri")
    together = [
        {"video_id": video, **strictest(of_it.select("current", *_RIGHTS).to_dicts())}
        for (video,), of_it in ordered.group_by("video_id", maintain_order=True)
    ]
    return rows.update(
        pl.DataFrame(together, schema={c: rows.schema[c] for c in ("video_id", *_RIGHTS)}), on="video_id"
    )


def due_again(step: Step, batch: str, rows: pl.DataFrame) -> list[Made]:
    """Ledger entries of the batches that hold what a batch has copies of, where the copies' places change its rights.

    By these entries their ``raw_videos`` are due. Nothing is measured again for it.

    Args:
        step: the step.
        batch: which has the copies.
        rows: its rows of ``raw_videos``.
    """
    copies = rows.filter(pl.col("reason") == Reason.DUPLICATE_CONTENT.value).select(_SAME)
    if copies.is_empty():
        return []
    lake, made = step.lake, list[Made]()
    found = others(lake, batch, copies["video_id"].unique().to_list())
    for (key,), held in found.filter(pl.col("reason").is_null()).group_by("batch", maintain_order=True):
        holder, videos = str(key), held["video_id"].to_list()
        theirs = lake.read(RAW_VIDEOS, [holder])
        same = pl.concat([found.select(_SAME), copies]).filter(pl.col("video_id").is_in(videos))
        entry = lake.made([holder]).get(("raw_videos", holder))
        if entry and not with_rights_of_all(lake, holder, theirs, same).equals(theirs):
            known = {name: entry[name] for name in MATERIALIZATIONS.schema if name not in ("run_id", "made_at")}
            made.append(Made(**known | {"inputs": entry["inputs"] | {SOURCE_FILES: f"with those of {batch}"}}))
    return made
