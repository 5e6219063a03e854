"""The commands: what they refuse before anything is served, and a cut from labels."""

from __future__ import annotations

import pytest

from tests.commands import answer, document, refusal
from tests.conftest import forget_settings
from tests.review.sent import row
from video_assets.lake.lake import Lake
from video_assets.review.fold import fold
from video_assets.review.journal import FILE, Journal


def test_other_machines_are_answered_with_a_token_alone(asked: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "clips.example", "::"):
        assert "a token is needed" in refusal("review", "--host", host)
    monkeypatch.setenv("VIDEO_ASSETS_REVIEW__TOKEN_ENV", "REVIEW_TOKEN")
    for token, said in (("", "holds nothing"), ("short", "fewer than 16 characters")):
        monkeypatch.setenv("REVIEW_TOKEN", token)
        forget_settings()
        assert said in refusal("review", "--host", "192.0.2.1")


def test_what_cannot_be_served_is_said(asked: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "There is no tier team/nothing." in refusal("review", "team/nothing")
    assert "is no name" in refusal("review", "--rater", "<b>", code=2)
    monkeypatch.setenv("VIDEO_ASSETS_REVIEW__QUESTIONS", "nowhere.toml")
    forget_settings()
    assert "The questions nowhere.toml cannot be read" in refusal("review")


def test_a_cut_is_proposed_from_what_people_keep_and_why_names_them(asked: Lake) -> None:
    luma = asked.query("SELECT clip_id, luma_mean FROM clip_sheet ORDER BY luma_mean, clip_id")
    assert "people keep 0 and drop 0" in refusal("thresholds", "luma_mean")
    assert "There is no column of numbers luma_men. Did you mean luma_mean?" in refusal("thresholds", "luma_men")
    journal = Journal(asked.settings.lake.scratch_path / FILE)
    for n, clip in enumerate(luma["clip_id"]):
        journal.add(row(clip, "ann", "drop" if n < 22 else "keep"))
    journal.add(row(luma["clip_id"][0], "bob", "drop"))
    found = document("thresholds", "luma_mean", "--json")  # what waits in the journal counts
    assert (found["clips"], found["keeps"], found["unmeasured"], found["sign"]) == (44, 22, 0, ">=")
    assert found["cut"] == luma["luma_mean"][22]
    assert found["interval"][0] <= found["cut"]
    assert f"luma_mean >= {found['cut']:.4g}" in answer("thresholds", "luma_mean")
    assert fold(asked, journal) == 0
    assert "People have judged it: ann drops it, bob drops it." in answer("why", luma["clip_id"][0])
