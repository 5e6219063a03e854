"""Clusters are found, the same every time, and keep their ids when they are fitted anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.measure.concepts import Vectors, assign, cluster_count, fit, lasting_ids

AXES = np.eye(6, dtype=np.float32)


def around(axes: Vectors, each: int, seed: int = 0) -> Vectors:
    """Vectors around each of some directions, one direction after the other."""
    spread = np.random.default_rng(seed).normal(scale=0.1, size=(len(axes) * each, axes.shape[1]))
    vectors = np.repeat(axes, each, axis=0) + spread
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize(
    ("vectors", "expected"), [(0, 0), (1, 1), (3, 2), (22, 3), (20_000, 100), (200_000_000, 10_000), (10**9, 10_000)]
)
def test_there_are_about_the_square_root_of_half_as_many_clusters_within_bounds(vectors: int, expected: int) -> None:
    assert cluster_count(vectors, 2, 10_000) == expected


def test_clusters_are_found_and_their_centres_point_at_them() -> None:
    vectors = around(AXES, 30)
    centres = fit(vectors, 6)
    nearest, cosines = assign(vectors, centres)
    assert [len(set(nearest[i * 30 : (i + 1) * 30])) for i in range(6)] == [1] * 6
    assert len(set(nearest)) == 6
    assert np.max(centres @ AXES.T, axis=0) == pytest.approx(np.ones(6), abs=0.01)
    assert np.all((cosines > 0.8) & (cosines <= 1))


def test_the_same_vectors_give_the_same_centres() -> None:
    vectors = around(AXES, 20)
    assert np.array_equal(fit(vectors, 9), fit(vectors, 9))


def test_equal_vectors_make_one_cluster_however_many_are_asked_for() -> None:
    assert len(fit(np.repeat(AXES[:1], 5, axis=0), 3)) == 1


def test_a_new_fit_keeps_the_ids_of_what_is_still_there_and_never_uses_one_again() -> None:
    first = fit(around(AXES[:3], 30), 3)
    ids = lasting_ids(first, {}, 0)
    assert sorted(ids) == [0, 1, 2]
    old = dict(zip(ids, first, strict=True))
    # The first direction is gone, two others are new.
    second = fit(around(AXES[1:5], 30, seed=1), 4, start=first)
    renewed = dict(zip(lasting_ids(second, old, 3), second, strict=True))
    of = {int(np.argmax(AXES @ centre)): name for name, centre in old.items()}
    now = {int(np.argmax(AXES @ centre)): name for name, centre in renewed.items()}
    assert (now[1], now[2]) == (of[1], of[2])
    assert {now[3], now[4]} == {3, 4}
    assert of[0] not in renewed


@given(st.integers(1, 6), st.integers(0, 6), st.integers(0, 50))
def test_ids_are_distinct_and_new_ones_were_never_used(new: int, kept: int, retired: int) -> None:
    old = {retired + i: AXES[i] for i in range(kept)}
    ids = lasting_ids(AXES[:new], old, retired + kept)
    assert len(set(ids)) == new
    assert set(ids) <= set(old) | set(range(retired + kept, retired + kept + new))
    assert [ids[i] for i in range(min(new, kept))] == [retired + i for i in range(min(new, kept))]
