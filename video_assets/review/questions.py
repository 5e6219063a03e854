"""The questions of the judging page, read from a TOML file: the package's own, or a team's."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHIPPED = Path(__file__).parent / "questions.toml"
_MOST = 40
"""Questions of a kind: what is more fits no screen."""

RESERVED = frozenset({"verdict", "keep", "raters", "keeps", "drops", "flags"})
"""What is no question's name: these are columns of clip_sheet, after ``human_``."""

Decision = Literal["keep", "drop", "unsure"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Axis(_Part):
    """Something that is judged from 1 (poor) to 5 (very good)."""

    name: Name = Field(description="By what the lake knows the answer.")
    asks: Text = Field(description="The question, in a few words.")
    says: str = Field("", max_length=400, description="What is meant, for who asks.")
    group: str = Field("", max_length=60, description="Under which heading it stands.")


class Check(_Part):
    """A point of the checklist, answered by yes or no."""

    name: Name = Field(description="By what the lake knows the answer.")
    asks: Text = Field(description="What is true of a good clip.")


class Flag(_Part):
    """Something for which a clip is flagged, whatever else is said of it."""

    name: Name = Field(description="By what the lake knows it.")
    asks: Text = Field(description="What it is about.")


class CaptionHelp(_Part):
    """Beside the field in which a caption is corrected."""

    speaks_of: tuple[Text, ...] = Field((), max_length=20, description="What a caption should speak of.")


class Questions(_Part):
    """What is asked of each clip."""

    title: Text = Field("Questions", description="What the questions are for.")
    axis: tuple[Axis, ...] = Field((), max_length=9, description="Judged from 1 to 5.")
    check: tuple[Check, ...] = Field((), max_length=_MOST, description="Answered by yes or no.")
    flag: tuple[Flag, ...] = Field((), max_length=9, description="What a clip may be flagged for.")
    caption: CaptionHelp = Field(default_factory=CaptionHelp, description="What a caption should speak of.")
    version: str = Field("", exclude=True, description="The first 16 hex digits of the file's SHA-256.")

    @model_validator(mode="after")
    def _named_once(self) -> Questions:
        names = [*(a.name for a in self.axis), *(c.name for c in self.check)]
        if taken := sorted(RESERVED & {*names}):
            raise ValueError(f"{', '.join(taken)} has another meaning in clip_sheet; give the question another name")
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"{', '.join(twice)} is asked twice; give each question a name of its own")
        return self


class QuestionsError(ValueError):
    """A file of questions that cannot be used; says why."""


@lru_cache(maxsize=4)
def read_questions(path: Path | None = None) -> Questions:
    """The questions of a file.

    Args:
        path: of a team; None: those of the package.

    Raises:
        QuestionsError: it cannot be read, or is none.
    """
    file = path or SHIPPED
    try:
        text = file.read_bytes()
        given = tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise QuestionsError(f"The questions {file} cannot be read: {error.strerror}; set review.questions.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise QuestionsError(f"{file} is no TOML: {error}. Mend it, or copy {SHIPPED} and change that.") from error
    if "version" in given:
        raise QuestionsError(f"{file}: version is made from the file's content; take the line out.")
    try:
        return Questions.model_validate(given | {"version": hashlib.sha256(text).hexdigest()[:16]})
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise QuestionsError(f"{file}: {said}.") from error
