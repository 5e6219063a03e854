"""What people say of clips, as columns of the sheet: the views of verdicts, written into its SELECT in place of a line ``--> reviews``.

The views' text stands in it, and not their names: the plan sees from the SELECT alone that the sheet is another one, and DuckDB
tells its columns by the tables.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from video_assets.lake.schemas import CLIPS, REVIEWS
from video_assets.lake.sql_text import quoted

if TYPE_CHECKING:
    from video_assets.review.questions import Questions

PREFIX = "human_"
_LINE = "--> reviews"
_VIEWS = ("reviewed_clips", "review_answers", "current_reviews")
_COMMENT = re.compile(r"\s*-- .*$")


def with_reviews(text: str, folder: Path, questions: Questions) -> str:
    """A SELECT in which the lines ``--> reviews`` are the columns and the joins of what people say.

    Args:
        text: the SELECT; a line before its FROM is for columns, one after it for joins.
        folder: of the views.
        questions: what is asked of clips; each axis and each point of the checklist is a column.
    """
    lines: list[str] = []
    joins = False
    for line in text.splitlines():
        joins = joins or line.startswith("FROM ")
        if line.strip() != _LINE:
            lines.append(line)
        else:
            lines += _joins(folder, questions) if joins else _columns(questions)
    return "\n".join(lines) + "\n"


def of_batch(schema: str, batch: str) -> str:
    """The part of a WITH by which the sheet's SELECT reads of all verdicts those on a batch's clips: of a million it takes seconds else.

    Args:
        schema: where the lake's tables are, as it stands before a table's name.
        batch: the batch.
    """
    clips = f"SELECT clip_id FROM {schema}.{CLIPS.name} WHERE batch = {quoted(batch)}"
    return f"{REVIEWS.name} AS (SELECT * FROM {schema}.{REVIEWS.name} WHERE clip_id IN ({clips}))"


def _columns(questions: Questions) -> list[str]:
    axes = [
        (a.name, f"Mean of what raters answered to “{_said(a.asks)}”, 1 (poor) to 5 (very good)")
        for a in questions.axis
    ]
    checks = [(c.name, f"Share of raters who found “{_said(c.asks)}”, 0-1") for c in questions.check]
    return [f"    answered.{PREFIX}{name}, -- {says}; NULL where nobody answered." for name, says in (*axes, *checks)]


def _said(text: str) -> str:
    return " ".join(text.split())


def _joins(folder: Path, questions: Questions) -> list[str]:
    names = [*(a.name for a in questions.axis), *(c.name for c in questions.check)]
    means = [
        f"        avg(value) FILTER (question = {quoted(name)}) AS {PREFIX}{name}{',' * (n < len(names))}"
        for n, name in enumerate(names, 1)
    ]
    answers = [
        "LEFT JOIN (", "    SELECT", "        clip_id" + "," * bool(names), *means,
        f"    FROM (\n{_view(folder, 'review_answers')}\n    ) AS given", "    GROUP BY clip_id",
        ") AS answered ON answered.clip_id = c.clip_id",
    ]  # fmt: skip
    return [f"LEFT JOIN (\n{_view(folder, 'reviewed_clips')}\n) AS reviewed ON reviewed.clip_id = c.clip_id", *answers]


def _view(folder: Path, name: str) -> str:
    """A view's SELECT, with those that it reads in place of their names; its comments are its own columns'."""
    lines = (folder / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    text = "\n".join(bare for line in lines if (bare := _COMMENT.sub("", line)).strip() and not line.startswith("--"))
    for other in _VIEWS:
        text = re.sub(rf"\bFROM {other}\b", lambda _, o=other: f"FROM (\n{_view(folder, o)}\n)", text)  # type: ignore[misc]
    return text.rstrip().rstrip(";")
