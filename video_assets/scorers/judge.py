"""What a vision-language model answers to a team's own questions about clips. Without a file of questions it is not there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from video_assets.describe.questions import WHY, Question, read_questions
from video_assets.file_error import FileError
from video_assets.lake.schemas.table import OF_EVERY_TABLE
from video_assets.scorer import FLOAT, TEXT, WHOLE, Asked, Column, Origin, Scorer
from video_assets.settings import Settings

NAME = "judge_scores"
CODE = "1"
INPUT_TOKENS, OUTPUT_TOKENS, USD, WAITED = (
    "judge_input_tokens", "judge_output_tokens", "judge_usd", "judge_waited_seconds",
)  # fmt: skip
REASON = "judge_reason"
_COSTS = (
    Column(INPUT_TOKENS, WHOLE, "Tokens that the endpoint read for the clip; NULL where it does not count them.", volatile=True),
    Column(OUTPUT_TOKENS, WHOLE, "Tokens that it wrote for the clip; NULL where it does not count them.", volatile=True),
    Column(USD, FLOAT, "Their price when they were paid, in USD; NULL where a price or a count is missing.", volatile=True),
    Column(WAITED, FLOAT, "How long the answer was waited for, in s; requests go side by side.", volatile=True),
)  # fmt: skip


def questions_path(settings: Settings) -> Path | None:
    """The file of questions; None: there is no judge."""
    return settings.judge.questions.absolute() if settings.judge.questions is not None else None


def judge(settings: Settings, taken: Mapping[str, str]) -> Scorer | None:
    """The judge of the settings, where there is one.

    Args:
        settings: all of them.
        taken: columns of the sheet that others have, with what has each.

    Raises:
        FileError: the file of questions cannot be used.
    """
    path = questions_path(settings)
    if path is None:
        return None
    own = dict.fromkeys((*(c.name for c in _COSTS), REASON, *OF_EVERY_TABLE), NAME)
    return _scorer(settings, read_questions(path, {**taken, **own}, _reserved()), path)


def _scorer(settings: Settings, questions: tuple[Question, ...], path: Path) -> Scorer:
    chosen = settings.judge
    columns = [
        column
        for q in questions
        for column in (
            Column(q.name, TEXT, f"{_sentence(q.text)} yes, no or unsure, as {chosen.endpoint.model} has answered."),
            Column(f"{q.name}{WHY}", TEXT, f"Why {chosen.endpoint.model} has answered {q.name} so, in its own words."),
        )
    ]
    asked = [(q.name, q.text) for q in questions]
    decides = chosen.endpoint.model_dump(include={"model", "frames", "seed", "temperature", "max_tokens"})
    return Scorer(
        name=NAME,
        says=f"What {chosen.endpoint.model} answers to the questions of {path.name} about a clip.",
        columns=(*columns, *_COSTS),
        reads=Asked(chosen.endpoint.frames, questions),
        code=CODE,
        section="judge",
        parameters=lambda _: {**decides, "prompt": chosen.prompt, "questions": asked},
        histograms={},
        shows={"answers": _answers([q.name for q in questions]), "cost": _COST},
        failed="clips have no answers of the judge",
        noun=("judge", "the judge's answers"),
        kinds=frozenset({"parquet"}),
        in_sheet=tuple(c.name for c in columns),
        origin=Origin("questions", path.name, path, questions[0].line),
    )


def _sentence(text: str) -> str:
    return text if text.endswith(("?", ".", "!")) else f"{text}."


def _answers(names: list[str]) -> str:
    """How often each question was answered how."""
    listed = ", ".join(f'"{name}"' for name in names)
    return (
        f"SELECT question, answer, count(*) AS clips FROM (UNPIVOT (SELECT {listed} FROM {NAME} WHERE batch = ?) "
        f"ON {listed} INTO NAME question VALUE answer) GROUP BY ALL ORDER BY ALL"
    )


_COST = (
    f"SELECT count(*) FILTER (reason IS NULL) AS answered, count(*) FILTER (reason IS NOT NULL) AS failed, "
    f"sum({INPUT_TOKENS})::BIGINT AS input_tokens, sum({OUTPUT_TOKENS})::BIGINT AS output_tokens, sum({USD}) AS usd, "
    f"avg({WAITED}) AS mean_wait_s FROM {NAME} WHERE batch = ?"
)


@lru_cache(maxsize=1)
def _reserved() -> frozenset[str]:
    """Words that a tier's SQL could not name a column by."""
    import duckdb

    sql = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
    with duckdb.connect() as connection:
        return frozenset(name for (name,) in connection.execute(sql).fetchall())


__all__ = ["NAME", "FileError", "judge", "questions_path"]
