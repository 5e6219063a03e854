"""k-means on directions (spherical k-means), and ids of clusters that outlive a new fit."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""float32 (rows, n), each row of length 1."""

_ROUNDS, _BLOCK = 50, 65_536
# Cosine under which a new centre is not what an old one was: a new concept begins.
_SAME = 0.7


def cluster_count(vectors: int, fewest: int, most: int) -> int:
    """How many clusters for so many vectors: the rule of thumb sqrt(n / 2), between two bounds and at most n."""
    return min(vectors, max(fewest, min(most, round(math.sqrt(vectors / 2)))))


def fit(vectors: Vectors, count: int, start: Vectors | None = None) -> Vectors:
    """Centres of clusters; the same for the same vectors in the same order.

    Args:
        vectors: at least ``count`` of them.
        count: how many centres; fewer come back when fewer vectors differ.
        start: centres of an earlier fit, from which this one sets out, so that few of them move far.
    """
    centres = _seeded(vectors, count, np.random.default_rng(0), start)
    before = None
    for _ in range(_ROUNDS):
        nearest, _ = assign(vectors, centres)
        if before is not None and np.array_equal(nearest, before):
            break
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        # A centre that lost all its vectors stays where it is.
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), centres).astype(np.float32)
        before = nearest
    used = np.unique(assign(vectors, centres)[0])
    return np.asarray(centres[used])


def assign(vectors: Vectors, centres: Vectors) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The nearest centre of each vector, and the cosine."""
    nearest, cosines = np.empty(len(vectors), np.intp), np.empty(len(vectors), np.float32)
    for i in range(0, len(vectors), _BLOCK):
        found = vectors[i : i + _BLOCK] @ centres.T
        nearest[i : i + _BLOCK] = found.argmax(axis=1)
        cosines[i : i + _BLOCK] = found.max(axis=1)
    return nearest, np.minimum(cosines, 1)


def _seeded(vectors: Vectors, count: int, random: np.random.Generator, start: Vectors | None) -> Vectors:
    """k-means++: each further centre is a vector, drawn by its squared distance to the nearest centre so far."""
    chosen = list(start[:count]) if start is not None and len(start) else [vectors[random.integers(len(vectors))]]
    distance = np.min([1 - vectors @ centre for centre in chosen], axis=0).clip(0)
    while len(chosen) < count and distance.max() > 1e-6:
        chosen.append(vectors[random.choice(len(vectors), p=distance**2 / (distance**2).sum())])
        distance = np.minimum(distance, (1 - vectors @ chosen[-1]).clip(0))
    return np.stack(chosen)


def lasting_ids(new: Vectors, old: Mapping[int, Vectors], next_id: int) -> list[int]:
    """An id for each new centre: that of the old centre that it continues, or one that was never used.

    Pairs are taken by falling cosine, each centre once, down to a cosine of 0.7.

    Args:
        new: centres.
        old: the living old centres, each (n,), by id.
        next_id: the smallest id that was never used.
    """
    ids: dict[int, int] = {}
    if old:
        names = sorted(old)
        cosines = new @ np.stack([old[name] for name in names]).T
        for place in np.argsort(-cosines, axis=None, kind="stable").tolist():
            i, j = divmod(place, len(names))
            if cosines[i, j] < _SAME:
                break
            if i not in ids and names[j] not in ids.values():
                ids[i] = names[j]
    for i in range(len(new)):
        if i not in ids:
            ids[i] = next_id
            next_id += 1
    return [ids[i] for i in range(len(new))]
