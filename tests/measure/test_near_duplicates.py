"""Pairs and groups: exact, whatever the blocks and the order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.measure import near_duplicates
from video_assets.measure.near_duplicates import groups, judged, near_pairs

PAIRS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("abcdefghij")), max_size=12)


def test_every_pair_at_least_so_near_is_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_BLOCK", 7)
    random = np.random.default_rng(1)
    ours, others = (random.normal(size=(n, 4)).astype(np.float32) for n in (20, 33))
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    others[[3, 17, 32]] = ours[[0, 8, 19]]
    expected = {(int(i), int(j)) for i, j in np.argwhere(ours @ others.T >= 0.8)}
    found = list(near_pairs(ours, others, 0.8))
    assert {(0, 3), (8, 17), (19, 32)} < expected
    assert {(i, j) for i, j, _ in found} == expected
    assert len(found) == len(expected)
    assert all(0.8 - 1e-6 <= cosine <= 1 for _, _, cosine in found)


@given(PAIRS, st.randoms())
def test_groups_do_not_depend_on_the_order_of_pairs(pairs: list[tuple[str, str]], random: object) -> None:
    shuffled = [pair[::-1] for pair in pairs]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert groups(shuffled) == groups(pairs)


@given(PAIRS)
def test_a_group_is_what_chains_of_pairs_join_and_has_its_smallest_members_name(pairs: list[tuple[str, str]]) -> None:
    found = groups(pairs)
    assert set(found) == {member for pair in pairs for member in pair}
    assert all(found[one] == found[other] for one, other in pairs)
    for group in set(found.values()):
        members = {m for m, g in found.items() if g == group}
        assert min(members) == group
        reached = {group}
        while more := {m for p in pairs if set(p) & reached for m in p} - reached:
            reached |= more
        assert reached == members


def test_the_best_is_no_duplicate_and_the_others_are_of_it() -> None:
    pairs = [("a", "b", 0.992), ("b", "c", 0.999), ("a", "c", 0.995)]
    rank = {"a": (2,), "b": (0,), "c": (1,)}
    found = judged(pairs, groups((a, b) for a, b, _ in pairs), rank)
    assert found == {"b": (None, 0.0), "c": ("b", 0.999), "a": ("b", 0.995)}


def test_a_copy_is_a_duplicate_however_small_its_cosine() -> None:
    found = judged([("a", "b", -0.2)], {"a": "a", "b": "a"}, {"a": (0,), "b": (1,)})
    assert found == {"a": (None, 0.0), "b": ("a", -0.2)}


def test_a_clip_that_a_chain_joins_to_a_better_one_far_away_is_kept() -> None:
    pairs = [("a", "b", 0.99), ("b", "c", 0.99)]
    rank = {"a": (0,), "b": (2,), "c": (1,)}
    found = judged(pairs, groups((a, b) for a, b, _ in pairs), rank)
    assert found == {"a": (None, 0.0), "b": ("a", 0.99), "c": (None, 0.0)}
