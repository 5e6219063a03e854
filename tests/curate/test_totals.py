"""What a tier's checks say of its numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from video_assets.curate.totals import Totals, few_undecided, kept_hours_held, something_kept
from video_assets.settings import TierSettings

LIMITS = TierSettings(tolerated_undecided=0.1, tolerated_fall=0.25)
HOURS = st.dictionaries(st.sampled_from("abcde"), st.floats(0, 1000))


def decided(clips: int, kept: int, undecided: int = 0, uncounted: int = 0) -> Totals:
    return Totals(3, uncounted, clips, kept, undecided, kept * 0.01)


def test_a_tier_that_keeps_nothing_is_warned_of_where_it_has_decided_on_all_it_knows() -> None:
    assert "It keeps none of 22 clips" in str(something_kept(decided(22, 0)).warning)
    assert something_kept(decided(22, 1)).warning is None
    assert something_kept(decided(0, 0)).warning is None
    # Batches whose numbers nobody has may well have some.
    assert something_kept(decided(22, 0, uncounted=1)).warning is None


def test_many_undecided_clips_are_warned_of_with_their_share() -> None:
    warned = few_undecided(decided(200, 10, undecided=21), LIMITS)
    assert warned.numbers["share"] == 0.105
    assert "21 of 200 clips" in str(warned.warning)
    assert few_undecided(decided(200, 10, undecided=20), LIMITS).warning is None
    assert few_undecided(decided(0, 0), LIMITS).warning is None


def test_hours_that_fall_by_more_than_is_tolerated_are_warned_of_with_both_numbers() -> None:
    found = kept_hours_held({"a": 1.0, "b": 3.0}, {"a": 1.0, "b": 1.9, "new": 50.0}, LIMITS)
    assert found is not None
    assert found.warning == "It keeps 2.9 h of 2 batches that are decided anew, and kept 4 h before: 28% less."
    assert found.numbers == {
        "batches": 2, "kept_hours_before": 4.0, "kept_hours": 2.9, "fall": 1 - 2.9 / 4, "tolerated": 0.25,
    }  # fmt: skip
    one = kept_hours_held({"a": 1.0}, {"a": 0.0}, LIMITS)
    assert one is not None
    assert one.warning == "It keeps 0 h of a batch that is decided anew, and kept 1 h before: 100% less."


@given(before=HOURS, after=HOURS)
def test_only_batches_that_were_decided_before_are_compared(before: dict[str, float], after: dict[str, float]) -> None:
    found = kept_hours_held(before, after, LIMITS)
    again = before.keys() & after.keys()
    assert (found is None) == (not again)
    if found:
        was, now = sum(before[b] for b in after if b in again), sum(after[b] for b in after if b in again)
        assert (found.warning is not None) == (was > 0 and 1 - now / was > 0.25)
        assert kept_hours_held(before, {b: before[b] for b in again}, LIMITS).warning is None  # type: ignore[union-attr]
