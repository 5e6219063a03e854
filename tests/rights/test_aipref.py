from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.rights.aipref import train_ai

SAYS = {
    "train-ai=y": "y",
    "train-ai=n": "n",
    "search=n": "unknown",
    "train-ai=n;x=1, search=y": "n",
    "  train-ai=y  ": "y",
    # What cannot be told is never taken for silence.
    'train-ai="n"': "unreadable",
    "train-ai": "unreadable",
    "train-ai=N": "unreadable",
    "train-ai=(n y)": "unreadable",
    "Train-AI=n": "unreadable",
    "no training please": "unreadable",
    "train-ai=n, train-ai=y": "unreadable",
    "train-ai=y, train-ai=n": "n",
    # Of several lines any n wins.
    "train-ai=y\ntrain-ai=n": "n",
    "train-ai=y\nsearch=n": "y",
    "train-ai=y\n???": "unreadable",
    "???\ntrain-ai=n": "n",
    "": "unknown",
    "unknown": "unknown",
}


@pytest.mark.parametrize("text", SAYS, ids=repr)
def test_a_content_usage_statement_says_of_training(text: str) -> None:
    assert train_ai(text, "unknown") == SAYS[text]


@pytest.mark.parametrize(
    ("robots", "said"),
    [
        ("User-agent: *\nAllow: /\nContent-Usage: train-ai=n", "n"),
        ("content-usage: /films/ train-ai=y # since May", "y"),
        ("Content-Usage: /a train-ai=y\nContent-Usage: /b train-ai=n", "n"),
        ("User-agent: *\nDisallow: /", "unknown"),
    ],
)
def test_lines_of_robots_txt_count_where_they_speak_of_usage(robots: str, said: str) -> None:
    assert train_ai("unknown", robots) == said


@given(st.text() | st.text('train-ai=ny,;()@0123456789:?\\"% \n'))
def test_no_statement_raises(text: str) -> None:
    assert train_ai(text.encode("utf-8", "replace").decode(), text) in ("y", "n", "unreadable", "unknown")
