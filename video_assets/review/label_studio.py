"""Label Studio's form of what is asked and said: its labelling configuration, its tasks, and what people have said there.

Forms as of its documentation (labelstud.io): tags of the labelling configuration; tasks and exports in the format JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from xml.etree import ElementTree

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from video_assets.review.asked import RATER, SentVerdict
from video_assets.review.clips import Clip
from video_assets.review.journal import Verdict
from video_assets.review.questions import Questions

_ANSWER = "answer_"
_VIDEO = "video"
_YES = {"yes": 1, "no": 0}
_SHOWN = 10


def labels(questions: Questions) -> str:
    """The labelling configuration: the clip's video beside the questions."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$file_name")
    ElementTree.SubElement(view, "Video", name=_VIDEO, value="$video")
    _choices(view, "decision", "Would you keep it?", {d: d for d in ("keep", "drop", "unsure")}, required=True)
    for axis in questions.axis:
        ElementTree.SubElement(view, "Header", value=f"{axis.asks} (1 poor, 5 very good) {axis.says}".strip())
        ElementTree.SubElement(view, "Rating", name=f"{_ANSWER}{axis.name}", toName=_VIDEO, maxRating="5")
    for check in questions.check:
        _choices(view, f"{_ANSWER}{check.name}", check.asks, {a: a for a in _YES})
    if questions.flag:
        _choices(view, "flags", "Flag it for", {f.name: f.asks for f in questions.flag}, choice="multiple")
    helped = f" (speaks of: {', '.join(questions.caption.speaks_of)})" if questions.caption.speaks_of else ""
    for name, asks, value in (("caption", f"Correct the caption{helped}", "$caption"), ("note", "Remark", "")):
        ElementTree.SubElement(view, "Header", value=asks)
        given = {"value": value} if value else {}
        area = {"name": name, "toName": _VIDEO, "rows": "4", "maxSubmissions": "1", "editable": "true"}
        ElementTree.SubElement(view, "TextArea", area | given)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _choices(
    view: ElementTree.Element, name: str, asks: str, values: Mapping[str, str], *, choice: str = "single-radio",
    required: bool = False,
) -> None:  # fmt: skip
    ElementTree.SubElement(view, "Header", value=asks)
    more = {"required": "true"} if required else {}
    parent = ElementTree.SubElement(view, "Choices", {"name": name, "toName": _VIDEO, "choice": choice, **more})
    for value, shown in values.items():
        # What is exported is the alias.
        ElementTree.SubElement(parent, "Choice", {"value": shown} | ({"alias": value} if shown != value else {}))


def task(clip: Clip, caption: str, media: str, questions: Questions) -> dict[str, Any]:
    """A clip as a task.

    Args:
        clip: the clip.
        caption: the one to train on that it has now.
        media: what stands before ``<clip_id>.mp4`` in the address of its file.
        questions: what is asked.
    """
    data = {
        "clip_id": clip.clip_id, _VIDEO: f"{media}{clip.clip_id}.mp4", "file_name": clip.file_name,
        "start_s": round(clip.player_start_s, 3), "end_s": round(clip.player_end_s, 3), "caption": caption,
        "questions": questions.version,
    }  # fmt: skip
    return {"data": data}


class _Person(BaseModel):
    email: str = ""


class _Result(BaseModel):
    from_name: str
    value: dict[str, Any]


class _Annotation(BaseModel):
    id: int | None = None
    unique_id: str | None = None
    completed_by: int | _Person
    created_at: datetime | None = None
    updated_at: datetime | None = None
    lead_time: float | None = None
    was_cancelled: bool = False
    result: list[_Result]


class _Data(BaseModel):
    clip_id: Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
    questions: str
    caption: str = ""


class _Task(BaseModel):
    data: _Data
    annotations: list[_Annotation] = []


_TASKS = TypeAdapter(list[_Task])


class Said(BaseModel):
    """What somebody has said of a clip in Label Studio."""

    place: int
    """Of the task in the file, from 1."""
    rater: str
    judged_at: datetime
    verdict: SentVerdict

    def row(self, clip: Clip, questions: Questions) -> Verdict:
        """The verdict as the journal takes it.

        Raises:
            ValueError: it is none on this clip by these questions.
        """
        self.verdict.fits(clip, questions)
        said = self.verdict
        return Verdict(
            review_id=said.review_id, clip_id=clip.clip_id, video_id=clip.video_id, start_pts=clip.start_pts, end_pts=clip.end_pts,
            rater=self.rater, judged_at=self.judged_at.astimezone(UTC).isoformat(timespec="microseconds"), questions=said.questions,
            decision=said.decision, answers=dict(said.answers), flags=tuple(sorted(set(said.flags))), caption=said.caption,
            note=said.note, seconds=said.seconds,
        )  # fmt: skip


def read(text: bytes) -> list[Said]:
    """What an export in the format JSON says; what was skipped there is left out.

    Read twice, an annotation is the same verdict; changed in between, it is another, which takes the place of the first.

    Raises:
        ValueError: it is no such export, or says something that is no verdict; each of the first ten places is named.
    """
    try:
        tasks = _TASKS.validate_json(text)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc'][:4]))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"This is no export of Label Studio in the format JSON: {said}.") from error
    found: list[Said] = []
    errors: list[str] = []
    for place, one in enumerate(tasks, 1):
        for annotation in one.annotations:
            if annotation.was_cancelled:
                continue
            try:
                found.append(_said(place, one.data, annotation))
            except ValidationError as error:
                first = error.errors()[0]
                errors.append(f"task {place}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            except ValueError as error:
                errors.append(f"task {place}: {error}")
    if errors:
        raise ValueError(refusal(errors))
    return found


def refusal(errors: Sequence[str]) -> str:
    """What is wrong with a file, in a sentence."""
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return f"Nothing was imported: {'; '.join(errors[:_SHOWN])}{more}."


def _said(place: int, data: _Data, annotation: _Annotation) -> Said:
    person = annotation.completed_by
    rater = person.email if isinstance(person, _Person) else f"label-studio-{person}"
    if not RATER.fullmatch(rater):
        raise ValueError(f"{rater[:60]!r} is no name of a rater")
    judged = annotation.updated_at or annotation.created_at
    if judged is None:
        raise ValueError("it is not said when it was judged")
    given: dict[str, Any] = {"answers": {}}
    for result in annotation.result:
        _take(given, result, data)
    if "decision" not in given:
        raise ValueError("there is neither keep, drop nor unsure")
    told = json.dumps([data.clip_id, rater, annotation.unique_id or annotation.id, judged.isoformat()])
    review_id = hashlib.sha256(told.encode()).hexdigest()[:32]
    seconds = None if annotation.lead_time is None else min(annotation.lead_time, 86_400.0)
    verdict = SentVerdict.model_validate(
        {"review_id": review_id, "clip_id": data.clip_id, "questions": data.questions, "seconds": seconds, **given}
    )
    return Said(place=place, rater=rater, judged_at=judged, verdict=verdict)


def _take(given: dict[str, Any], result: _Result, data: _Data) -> None:
    name, value = result.from_name, result.value
    chosen = value.get("choices") or [""]
    if name == "decision":
        given["decision"] = chosen[0]
    elif name == "flags":
        given["flags"] = [flag for flag in chosen if flag]
    elif name in ("caption", "note"):
        text = value.get("text") or ""
        text = "\n".join(text) if isinstance(text, list) else text
        if name == "note" or str(text).strip() != data.caption.strip():  # what was left as it was is no correction
            given[name] = text
    elif name.startswith(_ANSWER):
        answer = value["rating"] if "rating" in value else _YES.get(chosen[0], chosen[0])
        if "rating" not in value or answer != 0:  # no star is no answer
            given["answers"][name.removeprefix(_ANSWER)] = answer
    else:
        raise ValueError(f"{name[:60]} is no part of this project's labels")
