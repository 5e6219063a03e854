"""The order in which a release is read: one list of batches without an end, the same on every machine, rank and worker.

In each epoch the clips of a bucket stand in the order of a hash of their ids, and one epoch's clips follow those of the one before.
This list is divided into batches of one size: where an epoch's clips do not fill the last one, it is completed with the first of
the next epoch. So every batch is full and of one shape, and every clip comes once in each epoch: nothing is padded, dropped or
repeated. A bucket with fewer clips than a batch has comes once in several epochs, with some clips more than once in it.

Batches that begin in the same epoch make a round, in which those of all buckets stand in the order of their first clip's hash.

Global batch ``n`` is for rank ``n mod ranks``; of a rank's batches each worker takes every ``workers``-th. So a position is one
number, the batches that are done, and says the same whatever the ranks and workers are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

ORDER_VERSION = 1
"""Another one reads the same release in another order."""

Indices = npt.NDArray[np.int64]
_Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Batch:
    """A batch of the list.

    Attributes:
        number: from 0.
        bucket: of all its clips.
        clips: int64 (batch size,): which, as numbers in :attr:`Order.clips`.
        epochs: int64 (batch size,): the epoch in which each is read.
    """

    number: int
    bucket: str
    clips: Indices
    epochs: Indices


@dataclass(frozen=True)
class _Round:
    """Batches that begin in one epoch: ``buckets`` and ``parts`` (int64, n) say of each which bucket's how-many-th it is."""

    start: int
    buckets: Indices
    parts: Indices


class Order:
    """The order of a release's clips by a seed.

    Attributes:
        clips: ids, sorted.
        buckets: their names, sorted.
        seed: another one gives another order.
        batch_size: clips in a batch.

    Args:
        clips: id (32 hex digits) and bucket of each clip, in any order.
        seed: see above.
        batch_size: see above.

    Raises:
        ValueError: there is no clip, one is there twice, or the batch size is not positive.
    """

    def __init__(self, clips: Sequence[tuple[str, str]], seed: int, batch_size: int) -> None:
        if batch_size < 1:
            raise ValueError(f"A batch of {batch_size} clips is none.")
        if not clips:
            raise ValueError("There is no clip to read.")
        ordered = sorted(clips)
        self.clips: Sequence[str] = [clip for clip, _ in ordered]
        if len(set(self.clips)) != len(ordered):
            raise ValueError("A clip is there twice.")
        self.buckets: Sequence[str] = sorted({bucket for _, bucket in ordered})
        self.seed, self.batch_size = seed, batch_size
        number = {name: n for n, name in enumerate(self.buckets)}
        of_clip = np.array([number[bucket] for _, bucket in ordered])
        self._members = [np.flatnonzero(of_clip == n) for n in range(len(self.buckets))]
        self._sizes = np.array([len(members) for members in self._members])
        # Of the last epochs of each bucket the clips' order and their hashes: to make them is what costs.
        self._orders: dict[tuple[int, int], tuple[Indices, _Hashes]] = {}
        self._round: tuple[int, _Round] | None = None

    @cached_property
    def id(self) -> str:
        """SHA-256 of all that the order hangs on, hex."""
        known = hashlib.sha256(f"{ORDER_VERSION} {self.seed} {self.batch_size}\n".encode())
        for members, bucket in zip(self._members, self.buckets, strict=True):
            known.update(f"{bucket} {len(members)}\n".encode())
            for clip in members.tolist():
                known.update(f"{self.clips[clip]}\n".encode())
        return known.hexdigest()

    def end_of_epoch(self, epoch: int) -> int:
        """After so many batches every clip has been read in this epoch and all before it; some of the next may have been too."""
        return int(self._parts_until(epoch).sum())

    def epoch_of(self, number: int) -> int:
        """The epoch in which a batch begins."""
        low, high = 0, 1
        while self.end_of_epoch(high) <= number:
            low, high = high, 2 * high
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.end_of_epoch(middle) > number else (middle + 1, high)
        return low

    def batch(self, number: int) -> Batch:
        """One batch. Those of one round cost little after the first; a new round costs a hash of each clip.

        Raises:
            ValueError: the number is negative.
        """
        if number < 0:
            raise ValueError(f"There is no batch {number}.")
        known = self._round[1] if self._round else None
        if known is None or not known.start <= number < known.start + len(known.parts):
            known = self._round_of(self.epoch_of(number))
        at = number - known.start
        bucket, part = int(known.buckets[at]), int(known.parts[at])
        size = int(self._sizes[bucket])
        places = np.arange(part * self.batch_size, (part + 1) * self.batch_size)
        epochs, within = places // size, places % size
        clips = np.empty(self.batch_size, np.int64)
        for epoch in np.unique(epochs):
            chosen = epochs == epoch
            clips[chosen] = self._order(bucket, int(epoch))[0][within[chosen]]
        return Batch(number, self.buckets[bucket], clips, epochs)

    def batches(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches ``start`` to ``stop - 1``."""
        return (self.batch(number) for number in range(start, stop))

    def _parts_until(self, epoch: int) -> Indices:
        """Of each bucket how many batches begin in this epoch or before."""
        filled: Indices = -(-(epoch + 1) * self._sizes // self.batch_size)
        return filled

    def _round_of(self, epoch: int) -> _Round:
        if self._round and self._round[0] == epoch:
            return self._round[1]
        self._forget(epoch)
        first, last = self._parts_until(epoch - 1), self._parts_until(epoch)
        buckets = np.repeat(np.arange(len(self.buckets)), last - first)
        parts = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
        hashes = np.concatenate(
            [
                self._order(bucket, epoch)[1][np.arange(a, b) * self.batch_size - epoch * self._sizes[bucket]]
                for bucket, (a, b) in enumerate(zip(first, last, strict=True))
            ]
        )
        # Equal hashes stand by bucket and part: the sort is stable.
        order = np.argsort(hashes, kind="stable")
        found = _Round(int(first.sum()), buckets[order], parts[order])
        self._round = epoch, found
        return found

    def _order(self, bucket: int, epoch: int) -> tuple[Indices, _Hashes]:
        """A bucket's clips in their order in an epoch (int64), and the hash of each (uint64)."""
        if (bucket, epoch) not in self._orders:
            members = self._members[bucket]
            key = f"{self.seed}/{epoch}/clip".encode()
            digests = b"".join(
                hashlib.blake2b(bytes.fromhex(self.clips[clip]), digest_size=8, key=key).digest()
                for clip in members.tolist()
            )
            hashes = np.frombuffer(digests, ">u8").astype(np.uint64)
            order = np.argsort(hashes, kind="stable")
            self._orders[bucket, epoch] = members[order], hashes[order]
        return self._orders[bucket, epoch]

    def _forget(self, epoch: int) -> None:
        """Keep no epoch before this one: no batch of its round has clips of them."""
        self._orders = {key: known for key, known in self._orders.items() if key[1] >= epoch}


def of_rank(start: int, rank: int, ranks: int, worker: int = 0, workers: int = 1) -> Iterator[int]:
    """The numbers of the batches from ``start`` on that are a worker's of a rank's.

    Raises:
        ValueError: there is no such rank or worker.
    """
    if not (0 <= rank < ranks and 0 <= worker < workers):
        raise ValueError(f"There is no worker {worker} of {workers} of a rank {rank} of {ranks}.")
    number = start + (rank - start) % ranks + worker * ranks
    while True:
        yield number
        number += ranks * workers
