"""What a clip's safety score is of its pictures' scores."""

from __future__ import annotations

import pytest

from video_assets.measure.safety import agreed


@pytest.mark.parametrize(
    ("scores", "score"), [([0.9], 0.9), ([0.95, 0.1, 0.02], 0.1), ([0.1, 0.95, 0.85], 0.85), ([0.3, 0.3], 0.3)]
)
def test_a_clip_has_the_score_that_two_of_its_pictures_reach(scores: list[float], score: float) -> None:
    assert agreed(scores) == score
