"""Which clip is judged next, and by whom: every clip by one, a share by two, and what these disagree on by more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence

from video_assets.lake.lake import Lake
from video_assets.review.asking import Asking
from video_assets.review.journal import Journal, Verdict

_FRESH_S = 60.0
"""For so long a queue's order is kept; who is given what is always looked up anew."""
_CLIPS_KEPT = 2_000_000
"""Clips of all orders that are kept at once, beside those of the last: 150 bytes each."""
MOST_RATERS = 5
"""So many judge a clip at most."""


class Judged:
    """Who has judged which clip, and how, as it holds now: what the lake has, and the journal's newer rows.

    Args:
        asking: the lake.
        journal: of this server.
    """

    def __init__(self, asking: Asking, journal: Journal) -> None:
        self._asking, self._journal = asking, journal
        self._lock = threading.Lock()
        self._by_clip: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self._read, self._read_at = 0, float("-inf")

    def look(self) -> None:
        """Take in what was judged since the last look."""
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH_S:
                # Another server may have committed, or a takedown removed rows. Until all is read what was known holds.
                found: dict[str, dict[str, list[tuple[str, str]]]] = {}
                with self._asking.look() as asked:
                    for row in asked.rows(_HELD):
                        found.setdefault(row["clip_id"], {})[row["rater"]] = [(row["review_id"], row["decision"])]
                read, new = self._journal.changes(0)
                for verdict in new:
                    _take(found, verdict)
                self._by_clip, self._read, self._read_at = found, read, time.monotonic()
                return
            self._read, new = self._journal.changes(self._read)
            for verdict in new:
                _take(self._by_clip, verdict)

    def of(self, clip_id: str) -> dict[str, str]:
        """What each rater says of a clip now, as of the last look; who said it first comes first."""
        with self._lock:
            return _said(self._by_clip.get(clip_id, {}))

    def all(self) -> dict[str, dict[str, str]]:
        """The same of every clip that anybody has judged."""
        with self._lock:
            return {clip: said for clip, by in self._by_clip.items() if (said := _said(by))}


_HELD = "SELECT clip_id, rater, review_id, decision FROM current_reviews ORDER BY judged_at, review_id"


def _take(by_clip: dict[str, dict[str, list[tuple[str, str]]]], verdict: Verdict) -> None:
    by_rater = by_clip.setdefault(verdict.clip_id, {})
    said = by_rater.setdefault(verdict.rater, [])
    if verdict.takes_back is not None:
        said[:] = [s for s in said if s[0] != verdict.takes_back]
        if not said:  # Whoever judges anew is the last to have judged.
            del by_rater[verdict.rater]
    else:
        # In the order of the journal, whichever of them the lake has.
        said[:] = [s for s in said if s[0] != verdict.review_id]
        said.append((verdict.review_id, str(verdict.decision)))


def _said(by_rater: dict[str, list[tuple[str, str]]]) -> dict[str, str]:
    return {rater: said[-1][1] for rater, said in by_rater.items()}


def wants(clip_id: str, said: dict[str, str], rater: str, share: float) -> bool:
    """Whether a clip is to be judged by a rater.

    Args:
        clip_id: the clip, whose digits decide whether it is of the share.
        said: what each rater has said of it.
        rater: who asks.
        share: of clips that two judge, 0-1.
    """
    if rater in said or len(said) >= MOST_RATERS:
        return False
    if len(said) == 1:
        # Its last digits: by the first ones queues are sorted, so that the share would be their beginning.
        return int(clip_id[-8:], 16) / 2**32 < share
    return not said or disputed(said)


def disputed(said: dict[str, str]) -> bool:
    """Whether somebody else is to decide: two do not say the same, or of more as many keep as drop; of five nobody is asked more."""
    if len(said) == 2:
        return len(set(said.values())) == 2
    decisions = list(said.values())
    return 2 < len(said) < MOST_RATERS and decisions.count("keep") == decisions.count("drop")


class Order:
    """The clips of a queue in the order in which they are to be judged.

    Args:
        clips: their ids.
    """

    def __init__(self, clips: Sequence[str]) -> None:
        self.clips, self.among = clips, frozenset(clips)


class Queue:
    """Hands out clips.

    Args:
        lake: whose settings hold.
        journal: which knows who has what.
        judged: who has judged what.
    """

    def __init__(self, lake: Lake, journal: Journal, judged: Judged) -> None:
        self._settings, self._journal, self._judged = lake.settings.review, journal, judged
        self._lock = threading.Lock()
        self._orders: dict[str, tuple[float, Order]] = {}

    def order(self, name: str, make: Callable[[], list[str]]) -> Order:
        """The order of a queue by its name."""
        with self._lock:
            made_at, order = self._orders.get(name, (float("-inf"), None))
            if order is None or time.monotonic() - made_at > _FRESH_S:
                order = Order(make())
                self._orders.pop(name, None)
                while sum(len(kept.clips) for _, kept in self._orders.values()) > _CLIPS_KEPT:
                    self._orders.pop(next(iter(self._orders)))
                self._orders[name] = (time.monotonic(), order)
            return order

    def next(self, order: Order, rater: str, most: int, without: frozenset[str] = frozenset()) -> list[str]:
        """The next clips for a rater, which nobody else is given while they have them.

        Args:
            order: the queue's.
            rater: for whom.
            most: so many at most.
            without: clips that the rater's page has at hand already.
        """
        self._judged.look()
        share = self._settings.second_share

        def wanted() -> Iterator[str]:
            # Inside the journal's transaction: a clip that was judged and given free since the look before is wanted no more.
            self._judged.look()
            for clip in self._in_order(order):
                if clip not in without and wants(clip, self._judged.of(clip), rater, share):
                    yield clip

        return self._journal.lease(wanted(), rater, self._settings.lease_minutes, most)

    def renew(self, clips: Collection[str], rater: str) -> list[str]:
        """Let a rater keep the clips of an open page; those that are the rater's no more."""
        self._judged.look()
        share = self._settings.second_share

        def wanted(clip: str) -> bool:
            self._judged.look()
            return wants(clip, self._judged.of(clip), rater, share)

        return self._journal.renew(sorted(clips), rater, self._settings.lease_minutes, wanted)

    def _in_order(self, order: Order) -> Iterator[str]:
        """What people disagree on first, so that they still know what they saw."""
        first = {c for c, said in self._judged.all().items() if c in order.among and disputed(said)}
        if first:
            yield from (c for c in order.clips if c in first)
        yield from (c for c in order.clips if c not in first)

    def left(self, order: Order, rater: str) -> int:
        """How many of the clips a rater could still be given."""
        self._judged.look()
        # What nobody has judged is wanted.
        said, share = self._judged.all(), self._settings.second_share
        return len(order.clips) - sum(c in order.among and not wants(c, by, rater, share) for c, by in said.items())
