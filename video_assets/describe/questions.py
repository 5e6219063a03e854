"""A team's questions about clips: the file that has them, how they are asked, and what an answer is.

A line is a question: its name, a colon, and what is asked. What comes after ``#`` at the beginning of a line is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from video_assets.describe.chat import Wanted
from video_assets.file_error import FileError

ANSWERS = ("yes", "no", "unsure")
WHY = "_why"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,58}")
_MOST = 64
_SHAPE = "Write it as 'shows_logo: Does the clip show a logo or a watermark?'."


@dataclass(frozen=True)
class Question:
    """What is asked of every clip.

    Attributes:
        name: of the column of its answers, and with ``_why`` of the reasons'.
        text: what is asked.
        line: of the file, from 1.
    """

    name: str
    text: str
    line: int


def read_questions(path: Path, taken: Mapping[str, str], reserved: Collection[str]) -> tuple[Question, ...]:
    """The questions of a file, in its order.

    Args:
        path: the file, UTF-8.
        taken: names of columns that are none of theirs, with what has each.
        reserved: words that are no name of a column.

    Raises:
        FileError: it is not there, or a line is no question, or cannot be asked.
    """
    name = "judge"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise FileError(
            path, 1, "There is no such file of questions.", "Write it, or take judge.questions out.", name
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(path, 1, f"It cannot be read ({error}).", "Save it as UTF-8 text.", name) from None
    found: dict[str, Question] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        called, colon, text = (part.strip() for part in line.partition(":"))
        if not colon or not text:
            raise FileError(path, number, f"{_short(line)} is no question.", _SHAPE, name)
        if not _NAME.fullmatch(called):
            what = f"{_short(called)} is no name of a column."
            raise FileError(
                path, number, what, "Use lower-case letters, digits and _, a letter first, at most 59 of them.", name
            )
        if called in reserved:
            raise FileError(path, number, f"{called} is a word of SQL's.", "Give the question another name.", name)
        for column in (called, f"{called}{WHY}"):
            if of := taken.get(column) or next((f"line {q.line}" for q in found.values() if column in _of(q)), None):
                what = f"There is a column {column} already, of {of}."
                raise FileError(path, number, what, "Give the question another name.", name)
        found[called] = Question(called, " ".join(text.split()), number)
    if not found:
        raise FileError(path, 1, "It has no question.", _SHAPE, name)
    if len(found) > _MOST:
        what = f"It has {len(found)} questions, and a request has at most {_MOST}."
        raise FileError(path, list(found.values())[_MOST].line, what, "Take some out.", name)
    return tuple(found.values())


def _of(question: Question) -> tuple[str, str]:
    return question.name, f"{question.name}{WHY}"


def _short(text: str) -> str:
    said = repr(text.strip())
    return said if len(said) <= 60 else f"{said[:57]}..."


def an_answer(prompt: str, questions: Collection[Question]) -> Wanted[BaseModel]:
    """Answers to all questions: for each the reason, and then yes, no or unsure.

    The reason comes first, so that the model has it in sight when it decides.
    """
    fields: dict[str, Any] = {}
    for question in questions:
        fields[f"{question.name}{WHY}"] = (str, Field(min_length=1))
        fields[question.name] = (Literal[ANSWERS], ...)
    form = create_model("Answers", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
    listed = "\n".join(f"{question.name}: {question.text}" for question in questions)
    return Wanted("answers", form, f"{prompt}\n\n{listed}")
