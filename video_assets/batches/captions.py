"""captions: each clip that a tier needs is captioned by the captioner that is drawn for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from video_assets.batches.caption_answers import Answers, named
from video_assets.batches.caption_rows import numbered, row, shelved
from video_assets.batches.corrections import corrected, corrections
from video_assets.batches.shown import frames_of, shown
from video_assets.batches.step import Step, Stopwatch, total
from video_assets.describe.answer import Answer, Shown
from video_assets.describe.caption import Caption
from video_assets.describe.ready import require_captioner
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CAPTIONS, DECODED_VIDEOS
from video_assets.lake.sheet import SHEET
from video_assets.measurements import caption_work_of
from video_assets.reasons import Reason
from video_assets.settings import CaptionerSettings

if TYPE_CHECKING:
    from video_assets.describe.work import CaptionWork

_ASSET = CAPTIONS.name

Keep = Callable[[Answer[Caption]], None]


def caption_clips(step: Step, batch: str) -> Made:
    """Write the captions of the batch's clips that are due; commit ``captions``, the old rows beside the new ones.

    Raises:
        ValueError: the key of a captioner with something to do is not in the environment.
        ModelNotReadyError: a local model with something to do is not on this machine.
    """
    lake, inputs = step.lake, step.inputs(_ASSET, batch)
    work = caption_work_of(lake.settings, step.order)
    fresh = CAPTIONS.empty()
    kept: list[Answers[Caption]] = []
    for captioner in work.settings.captioners:
        found, on_disk = _written(step, work, captioner, batch)
        fresh = pl.concat([fresh, found])
        kept += [on_disk] if on_disk else []
    made = shelve(step, work, batch, fresh, inputs)
    for on_disk in kept:
        on_disk.forget()
    return made


def shelve(step: Step, work: CaptionWork, batch: str, fresh: pl.DataFrame, inputs: Mapping[str, str]) -> Made:
    """Put new rows, and what people have corrected, beside those that are there, and commit.

    It is done under a lock and from the rows as they are then: while captions are written, others may be imported.
    """
    lake, settings = step.lake, step.lake.settings
    with step.lake.lock(_ASSET):
        drawn = work.drawn(lake, [batch])
        sheet = lake.query(f"SELECT * FROM {SHEET} WHERE batch = ?", [batch])
        videos = lake.read(DECODED_VIDEOS, [batch]).filter(pl.col("reason").is_null())["video_id"].to_list()
        rows = shelved(
            lake.read(CAPTIONS, [batch]), fresh, drawn, work.versions, sheet, videos,
            settings.captions.least_camera_confidence,
        )  # fmt: skip
        rows = corrected(rows, corrections(lake, batch), sheet, settings.captions.least_camera_confidence)
        now = rows.filter("current")
        made = step.made(
            _ASSET, batch, rows, inputs, footage_seconds=total(drawn["duration_s"]),
            compute_seconds=total(now["compute_seconds"]), gpu_seconds=_known_total(now["gpu_seconds"]),
        )  # fmt: skip
        lake.commit([Replacement(CAPTIONS, [batch], rows)], [made], message=f"{_ASSET}/{batch}", run_id=step.run_id)
    return made


def _known_total(values: pl.Series) -> float | None:
    known = values.drop_nulls()
    return total(known) if len(known) else None


def _written(
    step: Step, work: CaptionWork, captioner: CaptionerSettings, batch: str
) -> tuple[pl.DataFrame, Answers[Caption] | None]:
    """One captioner's rows, and the answers on disk that may go once these are committed."""
    lake = step.lake
    mine = (work.drawn if captioner.kind == "measured" else work.due)(lake, [batch]).filter(captioner=captioner.name)
    if mine.is_empty():
        return CAPTIONS.empty(), None
    due = numbered(mine, lake.read(CAPTIONS, [batch]))
    step.say(f"{_ASSET} of {batch}: {due.height} clips to caption by {captioner.name}.")
    kept: Answers[Caption] | None = None
    times: dict[str, list[float]] = {}
    if captioner.kind == "measured":
        answers = _measured(step, captioner, due, batch)
    else:
        frames = frames_of(step, batch, due["clip_id"].to_list(), captioner.frames)
        answers, kept = _asked(step, captioner, due, frames, batch)
        times = {clip: [time for _, time in chosen] for clip, chosen in frames.items()}
    now, versions = datetime.now(UTC), dict(due.select("clip_id", "version").iter_rows())
    weights = captioner.weights_sha256 or None
    rows = [row(a, captioner, versions[a.clip_id], now, weights, times.get(a.clip_id)) for a in answers]
    clips = due.select("clip_id", "video_id")
    written = pl.DataFrame(rows, infer_schema_length=None).join(clips, on="clip_id")
    return CAPTIONS.frame(written, batch=batch), kept


def _measured(step: Step, captioner: CaptionerSettings, due: pl.DataFrame, batch: str) -> list[Answer[Caption]]:
    """Sentences from the sheet: they follow the measurements, so that they are made anew whenever those are."""
    from video_assets.describe.measured import measured_caption

    sure, watch = step.lake.settings.captions.least_camera_confidence, Stopwatch()
    sheet = step.lake.query(f"SELECT * FROM {SHEET} WHERE batch = ?", [batch])
    rows = sheet.filter(pl.col("clip_id").is_in(due["clip_id"].to_list())).iter_rows(named=True)
    captions = {clip["clip_id"]: measured_caption(clip, sure) for clip in rows}
    seconds = watch.seconds / max(len(captions), 1)
    step.progress(f"{_ASSET} by {captioner.name}", len(captions), len(captions))
    return [
        Answer(clip, caption, compute_seconds=seconds)
        if caption
        else Answer(clip, None, Reason.NOT_MEASURED, "Nothing was measured of the clip.", compute_seconds=seconds)
        for clip, caption in captions.items()
    ]


def _asked(
    step: Step, captioner: CaptionerSettings, due: pl.DataFrame, frames: Mapping[str, list[tuple[int, float]]], batch: str
) -> tuple[list[Answer[Caption]], Answers[Caption]]:  # fmt: skip
    """The answers of a model: those that a killed run had, and the rest by asking."""
    writings = {clip: named(clip, version) for clip, version in due.select("clip_id", "version").iter_rows()}
    base = str(due["version"][0]).partition(".")[0]
    path = step.lake.settings.lake.scratch_path / _ASSET / f"{captioner.name}-{base}" / f"{batch}.answers"
    on_disk = Answers(Caption, path, step.lake.settings.lake.lock_timeout_s)
    answers: dict[str, Answer[Caption]] = {
        clip: Answer(clip, None, Reason.NOT_MEASURED, "No keyframe lies inside the clip.")
        for clip in writings
        if clip not in frames
    }
    with on_disk.opened() as finished:
        answers |= {clip: finished[name] for clip, name in writings.items() if name in finished}
        watch, asked = Stopwatch(), due.filter(~pl.col("clip_id").is_in(list(answers)))

        def keep(answer: Answer[Caption]) -> None:
            answers[answer.clip_id] = answer
            on_disk.keep(writings[answer.clip_id], answer)
            step.progress(f"{_ASSET} by {captioner.name}", len(answers), len(writings))

        if asked.height:
            _ask(step, captioner, shown(step, batch, asked["clip_id"].to_list(), frames, keep), keep)
    seconds = watch.seconds / max(asked.height, 1)
    new = set(asked["clip_id"])
    return [_with_seconds(a, seconds) if a.clip_id in new else a for a in answers.values()], on_disk


def _with_seconds(answer: Answer[Caption], seconds: float) -> Answer[Caption]:
    """An answer with this process's share of the work, where the captioner itself did not count it."""
    return answer if answer.compute_seconds is not None else replace(answer, compute_seconds=seconds)


def _ask(step: Step, captioner: CaptionerSettings, clips: Iterator[Shown], keep: Keep) -> None:
    from video_assets.batches import local_captions
    from video_assets.describe import endpoint

    require_captioner(captioner, step.lake.settings.models.profile)
    if captioner.kind == "local":
        local_captions.caption(captioner, step.lake.settings, step.lake.files, clips, keep)
    else:
        endpoint.caption(captioner, clips, keep)
