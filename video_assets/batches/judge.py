"""judge_scores: what a vision-language model answers to a team's questions about the clips that a tier may keep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
from pydantic import BaseModel

from video_assets.batches.caption_answers import Answers, named
from video_assets.batches.pictures import commit_due
from video_assets.batches.shown import frames_of, shown
from video_assets.batches.step import Step, Stopwatch
from video_assets.describe import endpoint
from video_assets.describe.answer import Answer
from video_assets.describe.chat import Wanted
from video_assets.describe.questions import an_answer
from video_assets.describe.ready import JUDGE, require_judge
from video_assets.describe.work import price
from video_assets.lake.ledger import Made
from video_assets.reasons import Reason
from video_assets.scorer import Asked
from video_assets.scorers.judge import INPUT_TOKENS, NAME, OUTPUT_TOKENS, USD, WAITED
from video_assets.settings import Settings


def judge_clips(step: Step, asked: Asked, batch: str) -> Made:
    """Ask about the batch's clips that are due; commit ``judge_scores``.

    Args:
        step: the step.
        asked: what is asked.
        batch: the batch.

    Raises:
        ValueError: the endpoint's key is not in the environment, and there is something to ask.
    """
    settings = step.lake.settings
    wanted = an_answer(settings.judge.prompt, asked.questions)
    path = settings.lake.scratch_path / NAME / step.version(NAME) / f"{batch}.answers"
    on_disk = Answers(wanted.form, path, settings.lake.lock_timeout_s)

    def rows_of(clips: pl.DataFrame) -> list[dict[str, Any]]:
        found = _answers(step, asked, wanted, batch, clips["clip_id"].to_list(), on_disk)
        return [_row(answer, settings) for answer in found]

    made = commit_due(step, NAME, batch, rows_of)
    on_disk.forget()
    return made


def _answers(
    step: Step, asked: Asked, wanted: Wanted[BaseModel], batch: str, clips: list[str], on_disk: Answers[BaseModel]
) -> list[Answer[BaseModel]]:  # fmt: skip
    """The answers that a killed run had, and the rest by asking."""
    settings = step.lake.settings
    frames = frames_of(step, batch, clips, asked.most)
    writings = {clip: named(clip, step.version(NAME)) for clip in clips}
    answers: dict[str, Answer[BaseModel]] = {
        clip: Answer(clip, None, Reason.NOT_MEASURED, "No keyframe lies inside the clip.")
        for clip in clips
        if clip not in frames
    }
    with on_disk.opened() as finished:
        answers |= {clip: finished[name] for clip, name in writings.items() if name in finished}
        due, watch = [clip for clip in clips if clip not in answers], Stopwatch()

        def keep(answer: Answer[BaseModel]) -> None:
            answers[answer.clip_id] = answer
            on_disk.keep(writings[answer.clip_id], answer)
            step.progress(NAME, len(answers), len(clips))

        if due:
            require_judge(settings)
            endpoint.ask(settings.judge.endpoint, wanted, JUDGE, shown(step, batch, due, frames, keep), keep)
    seconds = watch.seconds / max(len(due), 1)
    new = {*due}
    return [replace(a, compute_seconds=seconds) if a.clip_id in new else a for a in answers.values()]


def _row(answer: Answer[BaseModel], settings: Settings) -> dict[str, Any]:
    read, written = answer.input_tokens, answer.output_tokens
    return {
        "clip_id": answer.clip_id, **(answer.said.model_dump() if answer.said else {}),
        INPUT_TOKENS: read, OUTPUT_TOKENS: written, USD: price(settings.judge.endpoint, read, written),
        WAITED: answer.waited_seconds, "reason": answer.reason, "message": answer.message,
        "compute_seconds": answer.compute_seconds,
    }  # fmt: skip
