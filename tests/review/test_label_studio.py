"""Label Studio's labels, tasks and exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.commands import answer, refusal
from tests.review.footage import TIER, clips
from tests.review.sent import QUESTIONS
from video_assets.lake.lake import Lake
from video_assets.review.label_studio import labels, read
from video_assets.review.questions import Questions

CLIP = "a" * 32


def annotation(by: int | str = 3, at: str = "2026-01-02T03:04:05.678Z", **said: Any) -> dict[str, Any]:
    """An annotation as Label Studio exports it: ``said`` are the values by the label's name."""
    kinds = {"decision": "choices", "flags": "choices", "caption": "textarea", "note": "textarea"}
    result = [
        {"id": name, "from_name": name, "to_name": "video", "origin": "manual", "type": kinds.get(name, "rating"), "value": value}
        for name, value in said.items()
    ]  # fmt: skip
    who = by if isinstance(by, int) else {"id": 3, "email": by, "first_name": "", "last_name": ""}
    return {
        "id": 7, "unique_id": "c5d0", "completed_by": who, "was_cancelled": False, "ground_truth": False,
        "created_at": at, "updated_at": at, "lead_time": 12.5, "result": result,
    }  # fmt: skip


def exported(*annotations: dict[str, Any], clip: str = CLIP, **data: Any) -> dict[str, Any]:
    """A task with its annotations, as Label Studio exports it."""
    of_task = {"clip_id": clip, "video": "/x.mp4", "caption": "Bars move.", "questions": QUESTIONS.version, **data}
    return {"id": 1, "data": of_task, "annotations": list(annotations), "meta": {}, "project": 1}


def as_file(*tasks: dict[str, Any]) -> bytes:
    return json.dumps(tasks).encode()


def test_the_labels_ask_each_question_once_and_hold_what_a_team_writes() -> None:
    view = ElementTree.fromstring(labels(QUESTIONS))
    controls = [e.get("name") for e in view if e.get("toName") == "video"]
    asked = [f"answer_{name}" for name in (*(a.name for a in QUESTIONS.axis), *(c.name for c in QUESTIONS.check))]
    assert controls == ["decision", *asked, "flags", "caption", "note"]
    assert {e.get("maxRating") for e in view.iter("Rating")} == {"5"}
    flags = next(e for e in view if e.get("name") == "flags")
    assert [(c.get("alias"), c.get("value")) for c in flags] == [(f.name, f.asks) for f in QUESTIONS.flag]
    hostile = Questions.model_validate({"axis": [{"name": "x", "asks": '"/><Style>& $video'}]})
    headers = [e.get("value") for e in ElementTree.fromstring(labels(hostile)).iter("Header")]
    assert '"/><Style>& $video (1 poor, 5 very good)' in headers


def test_what_was_said_there_is_a_verdict_once_and_another_when_it_was_changed() -> None:
    said: dict[str, Any] = {
        "decision": {"choices": ["keep"]}, "answer_lighting": {"rating": 4}, "answer_motion_blur": {"rating": 0}, "answer_no_clutter": {"choices": ["yes"]},
        "flags": {"choices": ["rights"]}, "caption": {"text": ["Bars move."]}, "note": {"text": "Good."},
    }  # fmt: skip
    file = as_file(
        exported(annotation(**said), annotation("ann@x.org", **(said | {"caption": {"text": ["Bars fall."]}})))
    )
    first, second = read(file)
    assert (first.rater, second.rater) == ("label-studio-3", "ann@x.org")
    assert first.verdict.answers == {"lighting": 4, "no_clutter": 1}
    assert (first.verdict.flags, first.verdict.caption, first.verdict.note) == (["rights"], None, "Good.")
    assert (second.verdict.caption, second.verdict.seconds) == ("Bars fall.", 12.5)
    again = [one.verdict.review_id for one in read(file)]
    assert again == [first.verdict.review_id, second.verdict.review_id]
    later = read(as_file(exported(annotation(at="2026-01-03T00:00:00Z", decision={"choices": ["drop"]}))))
    assert later[0].verdict.review_id not in again
    assert read(as_file(exported(annotation() | {"was_cancelled": True}), exported())) == []


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (exported(annotation()), "task 1: there is neither keep, drop nor unsure"),
        (exported(annotation(decision={"choices": ["maybe"]})), "task 1: decision: Input should be 'keep', 'drop' or 'unsure'"),
        (exported(annotation(decision={"choices": ["keep"]}, answer_lighting={"rating": 9})), "task 1: answers.lighting"),
        (exported(annotation(other={"choices": ["keep"]})), "task 1: other is no part of this project's labels"),
        (exported(annotation("<b>", decision={"choices": ["keep"]})), "task 1: '<b>' is no name of a rater"),
        (exported(annotation(decision={"choices": ["keep"]}), clip="../x"), "no export of Label Studio"),
        ({"annotations": []}, "no export of Label Studio"),
    ],
)  # fmt: skip
def test_what_is_no_verdict_is_refused_with_its_place(task: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("(", r"\(")):
        read(as_file(task))


def test_tasks_go_out_by_a_command_and_come_back_as_verdicts_once(asked: Lake, tmp_path: Path) -> None:
    folder, file = tmp_path / "tasks", tmp_path / "said.json"
    printed = answer("verdicts", "export", TIER, "--to", str(folder), "--media", "s3://team/clips/", "--most", "3")
    assert printed.startswith("3 tasks of ")
    assert (folder / "labels.xml").read_text() == labels(QUESTIONS)
    tasks = json.loads((folder / "tasks.json").read_text())
    known = {row["clip_id"]: row for row in clips(asked).iter_rows(named=True)}
    for task in tasks:
        data = task["data"]
        assert data["video"] == f"s3://team/clips/{data['clip_id']}.mp4"
        assert data["file_name"] == known[data["clip_id"]]["file_name"]
        assert data["caption"].startswith("Bars move.")
    keep = annotation(decision={"choices": ["keep"]}, answer_lighting={"rating": 5})
    file.write_bytes(as_file(*(task | {"annotations": [keep]} for task in tasks)))
    assert answer("verdicts", "import", str(file)).startswith("3 new verdicts of 3;")
    assert answer("verdicts", "import", str(file)).startswith("0 new verdicts of 3;")
    held = asked.query("SELECT rater, decision, count(*) FROM current_reviews GROUP BY ALL").rows()
    assert held == [("label-studio-3", "keep", 3)]
    file.write_bytes(as_file(*(task | {"annotations": [keep]} for task in tasks), exported(keep, clip="f" * 32)))
    assert f"task 4: there is no clip {'f' * 32}" in refusal("verdicts", "import", str(file))
    other = tasks[0]["data"] | {"questions": "0" * 16}
    file.write_bytes(as_file({"data": other, "annotations": [keep]}))
    assert "The questions are others now" in refusal("verdicts", "import", str(file))
