"""The file of questions: the shipped one has what the papers ask, and a team's own is read or refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from video_assets.review.questions import SHIPPED, QuestionsError, read_questions


def test_the_shipped_questions_are_those_of_the_papers() -> None:
    found = read_questions()
    assert [a.name for a in found.axis] == [
        "colour_harmony", "lighting", "object_emphasis", "spatial_layout", "motion_speed", "action_integrity", "motion_blur",
    ]  # fmt: skip
    assert len(found.check) == 6
    assert found.caption.speaks_of == ("camera", "expression", "subject", "background", "motion", "lighting")
    assert [f.name for f in found.flag] == ["rights", "safety"]
    assert len(found.version) == 16


def test_another_text_is_another_version(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(SHIPPED.read_text().replace("Lighting", "Light"))
    assert read_questions(own).version != read_questions().version
    assert read_questions(own).axis[1].asks == "Light"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[axis]]\nname = 'Bad Name'\nasks = 'x'", "axis.0.name"),
        ("[[axis]]\nname = 'a'", "axis.0.asks"),
        ("[[axis]]\nname = 'a'\nasks = 'x'\n[[check]]\nname = 'a'\nasks = 'y'", "a is asked twice"),
        ("[[axis]]\nname = 'keep'\nasks = 'x'", "keep has another meaning in clip_sheet"),
        ("nothing = 1", "nothing"),
        ("version = '1'", "take the line out"),
        ("[[axis", "is no TOML"),
        ("[[axis]]\nname = 'a'\nasks = 'x'\n" * 10, "at most 9"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "questions.toml"
    file.write_text(text)
    with pytest.raises(QuestionsError, match=said):
        read_questions(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"cannot be read: No such file or directory; set review\.questions"):
        read_questions(tmp_path / "none.toml")
