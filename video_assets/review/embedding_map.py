"""A map of what clips show: their embeddings in two dimensions, the two in which the concepts differ most.

The plane is that of the first two principal components of the concepts' centres, each of the weight of its clips: it is one as long as the
concept model is one, and it takes no look at the clips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from video_assets.lake.sql_text import in_batches
from video_assets.review.asking import SHOWN, Asked, Asking
from video_assets.review.selection import not_gone, verdict_of

POINTS = 2_000
"""Clips that are shown."""
_READ = 20_000
"""Clips of whose batches the vectors are read: those of all would take minutes in a large lake."""
_SIDE = 1000.0


@dataclass(frozen=True)
class Plane:
    """The plane of a concept model.

    Attributes:
        concepts: of each living concept ``concept``, ``clips`` (when it was fitted), ``x`` and ``y`` (0 to 1000).
        version: of the embeddings.
        axes: float32 (n, 2), for vectors of n numbers.
        shift: float32 (2,), and ``scale``: where the map's corner is, and how many of its units are one.
        scale: see there.
        share: of the variance between concepts, that the plane shows, 0-1.
    """

    concepts: list[dict[str, Any]]
    version: str
    axes: Any
    shift: Any
    scale: float
    share: float

    def places(self, vectors: Any) -> Any:
        """Where vectors (rows, n) are on the map: (rows, 2), mostly 0 to 1000."""
        return (vectors @ self.axes - self.shift) * self.scale


def plane(asked: Asked) -> Plane | None:
    """The plane of the concept model of now; None where there are fewer than three concepts."""
    import numpy as np

    rows = asked.rows(
        "SELECT concept, centre, fitted_clips, embedding_version FROM concept_model WHERE NOT retired ORDER BY concept"
    )
    if len(rows) < 3:
        return None
    centres = np.array([row["centre"] for row in rows], np.float32)
    weights = np.array([max(1, row["fitted_clips"] or 0) for row in rows], np.float64)
    middle = (weights / weights.sum()) @ centres
    spread = (centres - middle) * np.sqrt(weights / weights.sum())[:, None]
    _, lengths, directions = np.linalg.svd(spread, full_matrices=False)
    axes = directions[:2].T
    # A direction and its opposite are as good: the larger part is to be positive, so that the map is the same every time.
    axes = (axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])).astype(np.float32)
    flat = centres @ axes
    low, high = flat.min(axis=0), flat.max(axis=0)
    wide = float((high - low).max()) or 1.0
    # Clips lie around their centre: a quarter more on each side.
    shift, scale = (low + high) / 2 - 0.75 * wide, _SIDE / (1.5 * wide)
    made = Plane(
        [], rows[0]["embedding_version"], axes, shift, scale, float((lengths[:2] ** 2).sum() / (lengths**2).sum())
    )
    places = made.places(centres)
    concepts = [
        {"concept": row["concept"], "clips": row["fitted_clips"] or 0, "x": float(x), "y": float(y)}
        for row, (x, y) in zip(rows, places, strict=True)
    ]
    return Plane(concepts, made.version, axes, shift, scale, made.share)


@dataclass(frozen=True)
class Sample:
    """Clips on the map, an even sample of some batches.

    Attributes:
        places: of each clip its concept, and where it is: x and y.
        batches: of how many batches they are.
        of_batches: how many there are.
    """

    places: Mapping[str, tuple[int, float, float]]
    batches: int
    of_batches: int


def sample(asked: Asked, on: Plane) -> Sample:
    """Clips on a plane."""
    counts = asked.rows("SELECT batch, count(*) AS clips FROM concepts GROUP BY batch ORDER BY hash(batch), batch")
    chosen: list[str] = []
    clips = 0
    for row in counts:
        if chosen and clips + row["clips"] > _READ:
            break
        chosen.append(row["batch"])
        clips += row["clips"]
    here = in_batches(chosen)
    # Ids are hashes: the smallest are an even sample. Asked by itself: joined, DuckDB reads the vectors of all clips of the batches.
    concepts = asked.frame(f"SELECT clip_id, concept FROM concepts WHERE {here} ORDER BY clip_id LIMIT {POINTS}")
    if concepts.is_empty():
        return Sample({}, len(chosen), len(counts))
    vectors = asked.frame(
        f"SELECT clip_id, embedding FROM clip_embeddings WHERE {here} AND version = $version AND reason IS NULL "
        "AND clip_id <= $last ORDER BY clip_id",
        {"version": on.version, "last": concepts["clip_id"][-1]},
    )
    found = concepts.join(vectors, on="clip_id", maintain_order="left")
    if found.is_empty():
        return Sample({}, len(chosen), len(counts))
    places = on.places(found["embedding"].explode().cast(pl.Float32).to_numpy().reshape(found.height, -1))
    known = {
        clip: (concept, float(x), float(y))
        for clip, concept, (x, y) in zip(found["clip_id"], found["concept"], places, strict=True)
    }
    return Sample(known, len(chosen), len(counts))


def points(asked: Asked, asking: Asking, shown: Sample, tier: str) -> list[dict[str, Any]]:
    """The clips of a sample that the copy of the sheet has.

    Args:
        asked: the lake.
        asking: what the copy has.
        shown: the sample.
        tier: a tier whose verdict on each is told; empty: none.

    Returns:
        Of each clip_id, concept, x, y and verdict (None without a tier).
    """
    there, gone = not_gone(asking)
    rows = asked.rows(
        f"SELECT s.clip_id, {verdict_of(tier, asking)} AS verdict FROM {SHOWN} AS s "
        f"WHERE s.clip_id IN (SELECT unnest($clips)) AND {there} ORDER BY s.clip_id",
        {"clips": [*shown.places]} | gone,
    )
    return [row | dict(zip(("concept", "x", "y"), shown.places[row["clip_id"]], strict=True)) for row in rows]
