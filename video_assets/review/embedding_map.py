"""A map of what clips show: their embeddings in two dimensions, the two in which the concepts differ most.

The plane is that of the first two principal components of the concepts' centres, each of the weight of its clips: it is one as long as the
concept model is one, and it takes no look at the clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from video_assets.lake.sql_text import in_batches
from video_assets.review.asking import Asked

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


def points(asked: Asked, on: Plane, tier: str) -> dict[str, Any]:
    """Clips on the map, an even sample of some batches.

    Args:
        asked: the lake.
        on: the plane.
        tier: a tier whose verdict on each is told; empty: none.

    Returns:
        ``points``: clip_id, concept, x, y, verdict (None without a tier); ``batches`` and ``of_batches``: of how many they are.
    """
    import numpy as np

    counts = asked.rows("SELECT batch, count(*) AS clips FROM concepts GROUP BY batch ORDER BY hash(batch), batch")
    chosen: list[str] = []
    clips = 0
    for row in counts:
        if chosen and clips + row["clips"] > _READ:
            break
        chosen.append(row["batch"])
        clips += row["clips"]
    if not chosen:
        return {"points": [], "batches": 0, "of_batches": 0}
    # Ids are hashes: the smallest are an even sample.
    frame = asked.frame(
        f"""
        SELECT k.clip_id, k.concept, e.embedding, v.verdict
        FROM (SELECT batch, clip_id, concept FROM concepts WHERE {in_batches(chosen)} ORDER BY clip_id LIMIT {POINTS}) AS k
        JOIN clip_embeddings AS e ON e.batch = k.batch AND e.clip_id = k.clip_id
        LEFT JOIN tier_verdicts AS v ON v.tier = $tier AND v.batch = k.batch AND v.clip_id = k.clip_id
        WHERE {in_batches(chosen, "e.batch")} AND e.version = $version AND e.reason IS NULL
        ORDER BY k.clip_id
        """,
        {"tier": tier, "version": on.version},
    )
    if frame.is_empty():
        return {"points": [], "batches": len(chosen), "of_batches": len(counts)}
    places = on.places(np.array(frame["embedding"].to_list(), np.float32))
    shown = [
        {"clip_id": clip, "concept": concept, "x": float(x), "y": float(y), "verdict": verdict}
        for (clip, concept, verdict), (x, y) in zip(
            frame.select("clip_id", "concept", "verdict").iter_rows(), places, strict=True
        )
    ]
    return {"points": shown, "batches": len(chosen), "of_batches": len(counts)}
