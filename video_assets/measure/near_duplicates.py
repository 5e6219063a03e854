"""Pairs of near vectors, found exactly and in bounded memory, and the groups that they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_BLOCK = 2048


def near_pairs(
    ours: NDArray[np.float32], others: NDArray[np.float32], min_cosine: float
) -> Iterator[tuple[int, int, float]]:
    """Row of ours, row of others and cosine wherever it is at least ``min_cosine``.

    Args:
        ours: float32 (rows, n), each row of length 1.
        others: likewise.
        min_cosine: to 1.
    """
    for i in range(0, len(ours), _BLOCK):
        for j in range(0, len(others), _BLOCK):
            cosines = ours[i : i + _BLOCK] @ others[j : j + _BLOCK].T
            # A vector's cosine with itself may come out a rounding error short of 1.
            rows, columns = np.nonzero(cosines >= min_cosine - 1e-6)
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                yield i + row, j + column, min(float(cosines[row, column]), 1.0)


def groups(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The group of every member of a pair: whatever a chain of pairs joins has the name of its smallest member.

    The order of the pairs does not matter.
    """
    parent: dict[str, str] = {}

    def root(member: str) -> str:
        parent.setdefault(member, member)
        while parent[member] != member:
            parent[member] = member = parent[parent[member]]
        return member

    for one, other in pairs:
        a, b = root(one), root(other)
        parent[max(a, b)] = min(a, b)
    return {member: root(member) for member in list(parent)}


def judged(
    pairs: Sequence[tuple[str, str, float]], group_of: Mapping[str, str], rank: Mapping[str, tuple[object, ...]]
) -> dict[str, tuple[str | None, float]]:
    """For every member of a group, the group's best if a better member is near it, and the largest cosine to such a one.

    A chain can join clips that are not near each other: a clip that is near no better one is a duplicate of none.

    Args:
        pairs: each pair with its cosine.
        group_of: see :func:`groups`.
        rank: by member; the smaller is the better, and no two are equal.
    """
    best: dict[str, str] = {}
    for member, group in group_of.items():
        if group not in best or rank[member] < rank[best[group]]:
            best[group] = member
    nearest: dict[str, float] = {}
    for one, other, cosine in pairs:
        worse = max(one, other, key=lambda m: rank[m])
        nearest[worse] = max(nearest.get(worse, -1.0), cosine)
    return {m: (best[group], nearest[m]) if m in nearest else (None, 0.0) for m, group in group_of.items()}
