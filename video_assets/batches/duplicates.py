"""Near-duplicates: pairs are found by the batch that comes later, groups follow from the pairs of all batches.

A batch is compared with every clip that has a signature when it is its turn. Of two batches, the one that is compared
last sees the other, whichever that is, even when both are at work at once: each commits its signatures before it looks.
So every pair is found, no old batch is compared again, and the groups do not depend on the order.

Groups do change when a batch arrives that has something near an old clip. The run that finds this writes the groups of
those old batches anew and notes them in the ledger, in one commit: what reads them is then due, in these batches alone.

Which clips are near-duplicates is decided in ``measure/copy_pairs.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl

from video_assets.batches.step import Step, Stopwatch
from video_assets.lake.catalog import lock
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import DUPLICATE_GROUPS, NEAR_DUPLICATES
from video_assets.lake.sheet import best_of_group
from video_assets.lake.sql_text import bare

if TYPE_CHECKING:
    from video_assets.measure.copy_pairs import Pair

# Batches whose signatures are in memory at a time.
_BATCHES_AT_ONCE = 32
_FOUND = {
    "clip_id": pl.String, "other_id": pl.String, "cosine": pl.Float64, "mirrored": pl.Boolean,
    "correlation": pl.Float64, "offset_s": pl.Float64, "speed": pl.Float64, "from_s": pl.Float64,
    "other_from_s": pl.Float64, "shared_s": pl.Float64,
}  # fmt: skip
# What single precision may take from a number that is compared.
_ROUNDING = 1e-6


def find_duplicates(step: Step, batch: str) -> Made:
    """Compare the batch's clips with all clips there are; commit ``near_duplicates``."""
    asset = "near_duplicates"
    inputs, watch = step.inputs(asset, batch), Stopwatch()
    seconds = step.lake.query("SELECT coalesce(sum(duration_s), 0) FROM clips WHERE batch = ?", [batch]).item()
    found = pl.DataFrame(list(_pairs(step, batch)), schema=_FOUND, orient="row")
    rows = NEAR_DUPLICATES.frame(
        found, batch=batch, signature_version=step.version("clip_embeddings"), version=step.version(asset)
    )
    made = step.made(asset, batch, rows, inputs, footage_seconds=seconds, compute_seconds=watch.seconds)
    replacement = Replacement(NEAR_DUPLICATES, [batch], rows)
    step.lake.commit([replacement], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def _pairs(step: Step, batch: str) -> Iterator[Pair]:
    """The batch's pairs with all clips there are; each pair within the batch once."""
    from video_assets.measure.copy_pairs import Limits, copy_pairs

    settings = step.lake.settings.duplicates
    limits = Limits(settings.min_cosine, settings.min_correlation, settings.min_course)
    names, ours = _signatures(step, [batch])
    if not names:
        return
    batches = step.lake.query("SELECT DISTINCT batch FROM clip_embeddings ORDER BY batch")["batch"].to_list()
    for start in range(0, len(batches), _BATCHES_AT_ONCE):
        compared = batches[start : start + _BATCHES_AT_ONCE]
        others, theirs = _signatures(step, compared)
        if others:
            courses_of = partial(_courses, step, [batch, *compared])
            vectors_of = partial(_vectors, step, [batch, *compared])
            yield from copy_pairs(names, ours, others, theirs, courses_of, limits, vectors_of)


def _courses(step: Step, batches: list[str], clips: set[str]) -> dict[str, Any]:
    """The courses in time of these clips that have one of the present version: float32 (curves, n) by clip."""
    from video_assets.measure.course import SIGNALS

    if not clips:
        return {}
    rows = step.lake.query(
        "SELECT clip_id, time_course FROM motion_scores WHERE batch IN (SELECT unnest(?)) "
        "AND clip_id IN (SELECT unnest(?)) AND version = ? AND time_course IS NOT NULL",
        [batches, sorted(clips), step.version("motion_scores")],
    )
    return {clip: course.to_numpy().reshape(len(SIGNALS), -1) for clip, course in zip(*rows, strict=True)}


def _vectors(step: Step, batches: list[str], clips: set[str]) -> dict[str, Any]:
    """The embeddings of these clips that have one of the present version, float32 (n,) by clip."""
    if not clips:
        return {}
    rows = step.lake.query(
        "SELECT clip_id, embedding FROM clip_embeddings WHERE batch IN (SELECT unnest(?)) "
        "AND clip_id IN (SELECT unnest(?)) AND version = ? AND embedding IS NOT NULL",
        [batches, sorted(clips), step.version("clip_embeddings")],
    )
    return {clip: embedding.to_numpy() for clip, embedding in zip(*rows, strict=True)}


def _signatures(step: Step, batches: list[str]) -> tuple[list[str], Any]:
    """Clips of some batches that have a signature of the present version: ids, and float32 (clips, n)."""
    rows = step.lake.query(
        "SELECT clip_id, copy_signature FROM clip_embeddings WHERE batch IN (SELECT unnest(?)) AND version = ? "
        "AND copy_signature IS NOT NULL ORDER BY clip_id",
        [batches, step.version("clip_embeddings")],
    )
    signatures = rows["copy_signature"].explode().cast(pl.Float32).to_numpy()
    return rows["clip_id"].to_list(), signatures.reshape(max(rows.height, 1), -1)


def group_duplicates(step: Step, batch: str) -> list[Made]:
    """Form the groups from the pairs of all batches; commit ``duplicate_groups`` of this batch and of those that changed.

    Returns:
        The ledger entries, this batch's first.
    """
    asset = "duplicate_groups"
    lake, watch = step.lake, Stopwatch()
    # Two runs at once would each write what the other's pairs make wrong.
    with lock(lake.settings.lake, asset):
        known = [b for b in lake.entries().batches_of(asset) if b != batch]
        inputs = step.inputs_of(asset, [batch, *known])
        members = _members(step)
        touched = [batch, *sorted(set(known) & _changed(step, members))]
        rows = _rows(step, touched, members)
        made = [step.made(asset, b, rows.filter(batch=b), inputs[b]) for b in touched]
        made[0] = step.made(asset, batch, rows.filter(batch=batch), inputs[batch], compute_seconds=watch.seconds)
        replacements = [Replacement(DUPLICATE_GROUPS, touched, rows)]
        lake.commit(replacements, made, message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def present_pairs(step: Step, which: str) -> pl.DataFrame:
    """The pairs of all batches that hold now.

    Args:
        step: the step.
        which: SQL over the two clips' rows of raw_videos, v and w.

    Returns:
        clip_id and other_id, the batch of each, the benchmark of each (NULL for footage), cosine and correlation.
    """
    least = step.lake.settings.duplicates
    # A clip that is gone, or whose signature is of another version by now, makes no pair.
    return step.lake.query(
        "SELECT n.clip_id, n.other_id, c.batch, d.batch AS other_batch, v.benchmark, w.benchmark AS other_benchmark, "
        "n.cosine, n.correlation FROM near_duplicates AS n "
        "JOIN clip_embeddings AS a ON a.batch = n.batch AND a.clip_id = n.clip_id AND a.version = n.signature_version "
        "JOIN clip_embeddings AS b ON b.clip_id = n.other_id AND b.version = n.signature_version "
        "JOIN clips AS c ON c.batch = a.batch AND c.clip_id = a.clip_id "
        "JOIN clips AS d ON d.batch = b.batch AND d.clip_id = b.clip_id "
        "LEFT JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id "
        "LEFT JOIN raw_videos AS w ON w.batch = d.batch AND w.video_id = d.video_id "
        f"WHERE n.signature_version = ? AND (n.cosine >= ? OR n.correlation >= ?) AND {which}",
        [step.version("clip_embeddings"), least.min_cosine - _ROUNDING, least.min_correlation - _ROUNDING],
    )


_JUDGED = ("batch", "clip_id", "duplicate_group", "duplicates", "duplicate_of", "duplicate", "duplicate_cosine")


def _members(step: Step) -> pl.DataFrame:
    """Every clip that is in a group with another, as the present pairs have it."""
    from video_assets.measure.near_duplicates import groups, judged

    # A benchmark's clip is no rival of the footage's: what is near one has a rule of its own in every tier.
    footage = present_pairs(step, "v.benchmark IS NULL AND w.benchmark IS NULL")
    pairs = footage.select("clip_id", "other_id", "cosine").rows()
    group_of = groups((one, other) for one, other, _ in pairs)
    rank, batches = ranked(step, group_of)
    verdicts = judged(pairs, group_of, rank)
    sizes = pl.Series(group_of.values(), dtype=pl.String).value_counts(name="n")
    size_of = dict(sizes.iter_rows())
    rows = [
        (batches[m], m, group, size_of[group], verdicts[m][0], verdicts[m][0] is not None, verdicts[m][1])
        for m, group in group_of.items()
    ]
    return DUPLICATE_GROUPS.frame(pl.DataFrame(rows, schema=_JUDGED, orient="row")).select(_JUDGED)


def ranked(step: Step, group_of: Mapping[str, str]) -> tuple[dict[str, tuple[int]], dict[str, str]]:
    """The place of each clip among all of them, the best first, by ``best_of_group.sql``; and the batch of each.

    Raises:
        ValueError: the rule leaves a clip out, or names one twice.
    """
    rule = bare(best_of_group(step.lake.settings)).rstrip(" ;")
    found = step.lake.query(
        "WITH members AS (SELECT unnest($clips::VARCHAR[]) AS clip_id, unnest($groups::VARCHAR[]) AS duplicate_group), "
        f"judged AS ({rule}) "
        "SELECT j.*, c.batch AS _batch FROM judged AS j LEFT JOIN clips AS c ON c.clip_id = j.clip_id",
        {"clips": list(group_of), "groups": list(group_of.values())},
    )
    if sorted(found["clip_id"]) != sorted(group_of):
        raise ValueError("best_of_group.sql must give each clip of members one row.")
    reasons = [name for name in found.columns if name not in ("clip_id", "_batch")]
    order = found.sort([*reasons, "clip_id"], nulls_last=True)
    places: dict[str, tuple[int]] = {clip: (place,) for place, clip in enumerate(order["clip_id"])}
    return places, dict(found.select("clip_id", "_batch").iter_rows())


def _changed(step: Step, members: pl.DataFrame) -> set[str]:
    """Batches of clips whose group is not as the table has it."""
    had = step.lake.query(f"SELECT {', '.join(_JUDGED)} FROM duplicate_groups WHERE duplicates > 1")
    had = had.cast({c: DUPLICATE_GROUPS.schema[c] for c in _JUDGED})
    both = pl.concat([had, members])
    return set(both.filter(~both.is_duplicated())["batch"])


def _rows(step: Step, batches: list[str], members: pl.DataFrame) -> pl.DataFrame:
    """A row for each clip of these batches that was compared: what is near no other clip is a group of its own."""
    compared = step.lake.query(
        "SELECT batch, clip_id FROM clip_embeddings WHERE reason IS NULL AND batch IN (SELECT unnest(?))", [batches]
    )
    rows = compared.join(members.drop("batch"), on="clip_id", how="left").with_columns(
        pl.col("duplicate_group").fill_null(pl.col("clip_id")),
        pl.col("duplicates").fill_null(1),
        pl.col("duplicate").fill_null(value=False),
        pl.col("duplicate_cosine").fill_null(0.0),
    )
    return DUPLICATE_GROUPS.frame(rows, version=step.version("duplicate_groups"))
