"""What a browser sends, as its page would."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from video_assets.review.clips import Clip
from video_assets.review.journal import Verdict, now
from video_assets.review.questions import read_questions

QUESTIONS = read_questions()


def verdict(clip_id: str, decision: str = "keep", **changes: Any) -> dict[str, Any]:
    """The body of a verdict."""
    return {
        "review_id": uuid4().hex,
        "clip_id": clip_id,
        "questions": QUESTIONS.version,
        "decision": decision,
        **changes,
    }


def row(clip: Clip | str, rater: str, decision: str | None = "keep", **changes: Any) -> Verdict:
    """A verdict as the journal takes it; of a clip that is an id alone, with made-up places."""
    known = (
        (clip, "v" * 32, 0, 100)
        if isinstance(clip, str)
        else (clip.clip_id, clip.video_id, clip.start_pts, clip.end_pts)
    )
    changes["flags"] = tuple(changes.get("flags", ()))
    return Verdict(
        review_id=uuid4().hex, clip_id=known[0], video_id=known[1], start_pts=known[2], end_pts=known[3], rater=rater,
        judged_at=now(), questions=QUESTIONS.version, decision=decision, **changes,
    )  # fmt: skip
