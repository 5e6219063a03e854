"""Several places of one content: what one of them refuses is refused."""

from __future__ import annotations

from typing import Any

import pytest

from video_assets.rights.fields import UNKNOWN, Rights
from video_assets.rights.places import strictest


def place(*, current: bool = True, **said: str) -> dict[str, object]:
    return {**Rights(**said, rights_from="sidecar").columns(), "current": current}  # type: ignore[arg-type]


GRANTED: dict[str, Any] = {"licence_as_given": "CC-BY-4.0", "holder": "Ann", "consent": "yes"}


@pytest.mark.parametrize("second", ["no", "withdrawn on 2026-01-02", "No, see letter"])
def test_a_refused_consent_at_a_second_place_counts_with_all_that_its_party_said(second: str) -> None:
    found = strictest([place(**GRANTED), place(licence_as_given="MIT", holder="Ben", consent=second)])
    assert (found["consent"], found["holder"], found["licence"]) == (second, "Ben", "MIT")


@pytest.mark.parametrize("second", [UNKNOWN, "yes", "nobody is seen", "letter 5"])
def test_without_a_refusal_the_first_place_grants(second: str) -> None:
    found = strictest([place(**GRANTED), place(licence_as_given="MIT", holder="Ben", consent=second)])
    assert (found["consent"], found["holder"], found["licence"]) == ("yes", "Ann", "CC-BY-4.0")


def test_a_reservation_of_training_counts_wherever_it_stands_and_leaves_the_grant() -> None:
    reserved = place(tdm_reservation="1", tdm_policy="https://a.example/p")
    for places in ([place(**GRANTED, tdm_reservation="0"), reserved], [place(**GRANTED), reserved]):
        found = strictest(places)
        assert (found["tdm_reservation"], found["tdm_policy"], found["holder"]) == ("1", "https://a.example/p", "Ann")
    assert strictest([place(tdm_reservation="0"), place(**GRANTED)])["tdm_reservation"] == "0"


@pytest.mark.parametrize(("first", "second", "found"), [
    ("train-ai=y", "train-ai=n", "n"), ("train-ai=y", "train-ai=?", "unreadable"), ("train-ai=n", "train-ai=?", "n"),
    ("train-ai=y", UNKNOWN, "y"),
])  # fmt: skip
def test_the_strictest_of_aipref_counts(first: str, second: str, found: str) -> None:
    assert strictest([place(content_usage=first), place(content_usage=second)])["aipref_train_ai"] == found


def test_a_former_place_counts_in_what_no_present_one_says_anything_of() -> None:
    gone = place(current=False, tdm_reservation="1", consent="no")
    assert strictest([place(**GRANTED), gone])["tdm_reservation"] == "1"
    assert strictest([place(**GRANTED, tdm_reservation="0"), gone])["tdm_reservation"] == "0"
    assert strictest([place(**GRANTED), gone])["consent"] == "yes"
    assert strictest([place(holder="Ann"), gone])["consent"] == "no"
