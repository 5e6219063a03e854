"""How long what is left will take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.lake.plan import Due, Why
from video_assets.live.remaining import Remaining, told


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def due(asset: str, batch: str = "a", cost: float | None = None, hours: float = 0.0) -> Due:
    return Due(asset, batch, Why.NEW, "never made", hours=hours, cost_seconds=cost)


def test_there_is_no_estimate_before_there_is_a_pace() -> None:
    clock = Clock()
    remaining = Remaining({}, clock)
    remaining.expect([due("raw_videos", cost=9), due("decoded_videos", cost=89)])
    assert remaining.left() is None
    remaining.began(["raw_videos"], ["a"])
    clock.now += 2
    assert remaining.left() is None
    assert told(remaining.left()) == "no estimate yet"


def test_what_is_left_takes_as_long_as_what_is_done_did_in_proportion_to_their_costs() -> None:
    clock = Clock()
    remaining = Remaining({}, clock)
    remaining.expect([due("raw_videos", cost=9), due("decoded_videos", cost=89), due("shots", cost=49)])
    remaining.began(["raw_videos"], ["a"])
    clock.now += 5
    remaining.began(["decoded_videos"], ["a"])
    # Ten of 150 seconds of one core took five; nothing of the other 140 is known to be done.
    assert remaining.left() == pytest.approx(70)
    clock.now += 20
    remaining.reached(0.5)
    # 55 took 25.
    assert remaining.left() == pytest.approx(95 * 25 / 55)
    remaining.began(["shots"], ["a"])
    clock.now += 25
    remaining.paused()
    assert remaining.left() == 0
    assert remaining.steps == (3, 3)


def test_a_batch_that_nobody_has_probed_is_taken_to_be_as_the_others_are() -> None:
    clock = Clock()
    remaining = Remaining({}, clock)
    remaining.expect([due(a, b) for b in "abc" for a in ("raw_videos", "decoded_videos")])
    remaining.began(["raw_videos"], ["a"])
    clock.now += 30
    remaining.paused()
    before = remaining.left()
    remaining.update([due("decoded_videos", "a", hours=1.0)])
    after = remaining.left()
    assert before is not None
    assert after is not None
    assert after > 20 * before
    # One hour in three batches, not in one alone.
    remaining.update([due(a, b, hours=1.0) for b in "bc" for a in ("raw_videos", "decoded_videos")])
    assert remaining.left() == pytest.approx(after, rel=0.1)


def test_what_is_due_no_more_is_forgotten_and_what_was_not_known_to_be_due_counts() -> None:
    remaining = Remaining({}, Clock())
    remaining.expect([due("shots"), due("clips")])
    remaining.began(["shots"], ["a"])
    assert remaining.steps == (0, 2)
    remaining.expect([due("captions")])
    assert remaining.steps == (0, 2)
    remaining.began(["shots", "motion_scores"], ["a"])
    assert remaining.steps == (1, 4)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.floats(0, 1e4), st.floats(0, 100)), min_size=1, max_size=12),
    st.floats(0.01, 1e3), st.floats(0, 1),
)  # fmt: skip
def test_an_estimate_is_never_negative_and_ends_at_nothing(
    work: list[tuple[str, float | None, float]], pace: float, share: float
) -> None:
    clock = Clock()
    remaining = Remaining({}, clock)
    listed = [due(f"asset_{n}", batch, cost, hours) for n, (batch, cost, hours) in enumerate(work)]
    remaining.expect(listed)
    for d in listed:
        remaining.began([d.asset], [d.batch])
        clock.now += pace
        remaining.reached(share)
        left = remaining.left()
        assert left is None or left >= 0
    remaining.paused()
    assert remaining.left() in (None, pytest.approx(0, abs=1e-3))
    assert remaining.steps == (len(listed), len(listed))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3, "a few seconds left"), (34, "about 30 s left"), (58, "about 1 min left"), (185, "about 3 min left"),
        (3600, "about 1 h left"), (7800, "about 2 h 10 min left"), (40_000, "about 11 h 10 min left"),
    ],
)  # fmt: skip
def test_time_is_told_no_more_exactly_than_it_is_known(seconds: float, words: str) -> None:
    assert told(seconds) == words
