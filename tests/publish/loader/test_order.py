"""The order: each clip once an epoch for any number of clips, batch size, ranks and workers; and the same again."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.publish.loader.made import clip_id
from video_assets.publish.loader.order import Batch, Order, of_rank

Clips = list[tuple[str, str]]


@st.composite
def releases(draw: st.DrawFn) -> Clips:
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=4))
    buckets = [f"bucket {n}" for n, size in enumerate(sizes) for _ in range(size)]
    return [(clip_id(n), bucket) for n, bucket in enumerate(buckets)]


seeds, batch_sizes = st.integers(0, 2**63 - 1), st.integers(1, 9)


def read(order: Order, batches: list[Batch]) -> Counter[tuple[int, str]]:
    """How often each clip was read in each epoch."""
    return Counter(
        (int(e), order.clips[c]) for batch in batches for c, e in zip(batch.clips, batch.epochs, strict=True)
    )


@given(releases(), seeds, batch_sizes, st.integers(0, 3))
def test_each_clip_comes_once_in_each_epoch(clips: Clips, seed: int, size: int, epoch: int) -> None:
    order = Order(clips, seed, size)
    times = read(order, list(order.batches(0, order.end_of_epoch(epoch))))
    assert max(times.values()) == 1
    assert {(e, c) for e, c in times if e <= epoch} == {(e, c) for e in range(epoch + 1) for c, _ in clips}


@given(releases(), seeds, batch_sizes)
def test_each_batch_is_full_and_of_one_bucket(clips: Clips, seed: int, size: int) -> None:
    order, bucket_of = Order(clips, seed, size), dict(clips)
    for number, batch in enumerate(order.batches(0, order.end_of_epoch(2))):
        assert batch.number == number
        assert len(batch.clips) == len(batch.epochs) == size
        assert {bucket_of[order.clips[c]] for c in batch.clips} == {batch.bucket}


@given(releases(), seeds, batch_sizes, st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(0, 20))
def test_any_ranks_and_workers_go_on_where_others_stopped(
    clips: Clips, seed: int, size: int, ranks: int, workers: int, others: int, steps: int
) -> None:
    order = Order(clips, seed, size)
    numbers = [
        n
        for rank in range(ranks)
        for worker in range(workers)
        for n in islice(of_rank(0, rank, ranks, worker, workers), steps)
    ]
    assert sorted(numbers) == list(range(ranks * workers * steps))
    start = len(numbers)
    rest = [n for rank in range(others) for n in islice(of_rank(start, rank, others), 7)]
    assert sorted(numbers + rest) == list(range(start + 7 * others))
    # A batch is the same for whoever asks, wherever he begins.
    afresh = Order(list(reversed(clips)), seed, size)
    for number in rest:
        assert np.array_equal(afresh.batch(number).clips, order.batch(number).clips)


@given(releases(), seeds, batch_sizes, st.integers(0, 200))
def test_a_batch_begins_in_the_epoch_of_its_first_clip(clips: Clips, seed: int, size: int, number: int) -> None:
    order = Order(clips, seed, size)
    assert order.epoch_of(number) == order.batch(number).epochs[0]


def test_the_order_is_the_same_on_every_machine() -> None:
    """Numbers of this version: an order that changes needs another ORDER_VERSION."""
    order = Order([(clip_id(n), "ab"[n % 2]) for n in range(10)], 7, 2)
    first = [(batch.bucket, [order.clips[c][:4] for c in batch.clips]) for batch in order.batches(0, 4)]
    assert first == [("b", ["95f9", "4831"]), ("a", ["dca0", "3d8b"]), ("a", ["0229", "9b0a"]), ("b", ["bd16", "4bbf"])]
    assert order.id[:16] == "67da5a96382bc57c"


def test_another_seed_and_another_epoch_have_another_order() -> None:
    clips = [(clip_id(n), "one") for n in range(100)]
    order = Order(clips, 1, 100)
    orders = [tuple(o.batch(n).clips) for o, n in ((order, 0), (order, 1), (Order(clips, 2, 100), 0))]
    assert len(set(orders)) == 3


def test_batches_of_all_buckets_are_mixed_by_their_share() -> None:
    clips = [(clip_id(n), "many" if n % 4 else "few") for n in range(4000)]
    order = Order(clips, 0, 4)
    for part in range(4):
        batches = list(order.batches(part * 250, (part + 1) * 250))
        assert 0.18 < sum(batch.bucket == "few" for batch in batches) / 250 < 0.32


def test_a_bucket_smaller_than_a_batch_comes_once_in_several_epochs() -> None:
    order = Order([(clip_id(n), "large") for n in range(8)] + [(clip_id(8), "small")], 0, 4)
    batches = list(order.batches(0, order.end_of_epoch(3)))
    [small] = [batch for batch in batches if batch.bucket == "small"]
    assert small.epochs.tolist() == [0, 1, 2, 3]
    assert len(batches) == 4 * 2 + 1


@pytest.mark.parametrize(("clips", "size"), [([], 1), ([("a", "b")], 0), ([("a", "b"), ("a", "c")], 1)])
def test_what_cannot_be_ordered_is_refused(clips: Clips, size: int) -> None:
    with pytest.raises(ValueError, match=r"no clip|is none|twice"):
        Order(clips, 0, size)


def test_there_is_no_rank_beyond_the_last() -> None:
    with pytest.raises(ValueError, match="There is no worker 0 of 1 of a rank 2 of 2"):
        next(of_rank(0, 2, 2))
