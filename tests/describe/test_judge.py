"""The judge: a team's questions, answered by a real HTTP server, as columns by which tiers decide."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.describe.captioned import BATCH, Clips, clip_name, shown_as
from tests.describe.chat_server import ChatServer
from tests.describe.judged import BRIGHT, CLEAN, LOGO, QUESTIONS, SAID, Judged, due, judge, kept, rows
from video_assets.batches.sheet import write_sheet
from video_assets.curate.sql_files import read_files
from video_assets.describe import endpoint as client
from video_assets.describe.chat import CaptionError, read
from video_assets.describe.questions import an_answer, read_questions
from video_assets.file_error import FileError
from video_assets.lake.lake import Lake
from video_assets.lake.left import left_behind
from video_assets.lake.plan import Why
from video_assets.lake.schemas import MATERIALIZATIONS
from video_assets.lake.sweep import LEAST_AGE, sweep
from video_assets.measurements import measurements
from video_assets.publish.release_files import who_was_asked
from video_assets.scorers import scorers
from video_assets.scorers.judge import NAME
from video_assets.settings import Settings
from video_assets.takedown.files import clear_scratch
from video_assets.takedown.traces import Traces

Make = Callable[[int], Judged]


@pytest.fixture(scope="module")
def first(made: Clips, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return Judged.first(made, tmp_path_factory.mktemp("judged"))


@pytest.fixture
def judged(made: Clips, first: Judged, server: ChatServer, tmp_path: Path) -> Make:
    """Give a lake of which so many clips are candidates."""
    server.words = SAID
    return lambda count: Judged.made(made, first, tmp_path, server.url, count)


def test_answers_arrive_as_columns_with_reason_and_cost(server: ChatServer, judged: Make) -> None:
    server.words_of = {shown_as(1): LOGO}
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 10.0}
    step = judged(2).step(**prices)
    made = judge(step)
    assert (made.rows, made.failures) == (2, 0)
    first, second = rows(step).values()
    assert {name: first[name] for name in SAID} == SAID
    assert {name: second[name] for name in SAID} == LOGO
    assert (first["judge_input_tokens"], first["judge_output_tokens"], first["judge_usd"]) == (1000, 100, 0.002)
    assert first["judge_waited_seconds"] > 0
    assert (first["version"], first["reason"], first["message"]) == (step.version(NAME), None, None)
    assert server.asked.total() == 2


def test_one_request_has_all_questions_and_pictures_and_holds_the_reply_to_three_words(
    server: ChatServer, judged: Make
) -> None:
    judge(judged(1).step(seed=7, temperature=0.5))
    (body,) = server.bodies
    text, *pictures = body["messages"][0]["content"]
    assert text["text"].endswith(
        "\n\nshows_logo: Does the clip show a logo or a watermark?\nis_staged: Is the clip staged?"
    )
    assert [p["type"] for p in pictures] == ["image_url"] * 4
    assert (body["model"], body["seed"], body["temperature"], body["max_tokens"]) == ("vlm-8b", 7, 0.5, 1024)
    form = body["response_format"]["json_schema"]
    assert (form["name"], form["strict"]) == ("answers", True)
    assert form["schema"] == {
        "type": "object",
        "properties": {
            "shows_logo_why": {"type": "string"}, "shows_logo": {"enum": ["yes", "no", "unsure"], "type": "string"},
            "is_staged_why": {"type": "string"}, "is_staged": {"enum": ["yes", "no", "unsure"], "type": "string"},
        },
        "required": ["shows_logo_why", "shows_logo", "is_staged_why", "is_staged"],
        "additionalProperties": False,
    }  # fmt: skip


PERHAPS = SAID | {"shows_logo": "perhaps"}
# What the server does to the requests about a clip, and what becomes of it: reason, message, requests.
COURSES: dict[int, tuple[tuple[str, ...], str | None, str, int]] = {
    0: ((), None, "", 1),
    1: (("429",), None, "", 2),
    2: (("broken",), None, "", 2),
    3: (("broken",) * 2, "invalid_caption", "the reply: Invalid JSON", 2),
    4: (("refusal",), "caption_refused", "I can't describe people.", 1),
    5: (("declines",), "caption_refused", "I'm sorry, but I can't help with that.", 1),
    6: (("cut off",), "caption_cut_off", "The reply breaks off after:", 1),
    7: (("400",), "request_rejected", "HTTP 400: wrong", 1),
    8: (("hang",) * 3, "endpoint_failed", "No reply within 1 s.", 3),
    9: (("500",) * 3, "endpoint_failed", "HTTP 500: wrong", 3),
    10: ((), "invalid_caption", "shows_logo: Input should be 'yes', 'no' or 'unsure'.", 2),
}


def test_every_clip_ends_answered_or_with_a_reason(server: ChatServer, judged: Make) -> None:
    server.plan = {shown_as(clip): steps for clip, (steps, *_) in COURSES.items()}
    server.words_of = {shown_as(10): PERHAPS}
    step = judged(len(COURSES)).step(timeout_s=1.0, concurrency=16)
    made = judge(step)
    found = rows(step)
    assert made.failures == sum(reason is not None for _, reason, *_ in COURSES.values())
    assert {clip: row["reason"] for clip, row in found.items()} == {c: reason for c, (_, reason, *_) in COURSES.items()}
    assert {clip: server.asked[shown_as(clip)] for clip in found} == {c: number for c, (*_, number) in COURSES.items()}
    for clip, (_, reason, message, _) in COURSES.items():
        assert {name: found[clip][name] for name in SAID} == (dict.fromkeys(SAID) if reason else SAID)
        assert message in (found[clip]["message"] or ""), clip
    # A reply that could not be used was paid for too.
    assert found[3]["judge_input_tokens"] == 2000


def test_a_reason_that_begins_as_a_refusal_does_is_none(server: ChatServer, judged: Make) -> None:
    server.words = SAID | {"shows_logo_why": "I cannot see any mark."}
    step = judged(1).step()
    assert judge(step).failures == 0
    assert rows(step)[0]["shows_logo_why"] == "I cannot see any mark."


def test_a_server_is_given_the_time_for_which_it_asks_and_the_next_run_asks_where_that_is_too_long(
    server: ChatServer, judged: Make
) -> None:
    server.plan, server.retry_after = {shown_as(0): ("429",)}, "0.4"
    place, began = judged(1), time.monotonic()
    judge(place.step(longest_wait_s=1.0))
    assert time.monotonic() - began >= 0.4
    server.asked.clear()
    server.retry_after = "3600"
    step = place.step(longest_wait_s=1.0, seed=1)
    judge(step)
    assert (rows(step)[0]["reason"], rows(step)[0]["shows_logo"]) == ("endpoint_failed", None)
    waiting = due(step)
    assert waiting is not None
    assert (waiting.why, waiting.detail, waiting.rows) == (Why.FAILED, "1 failed for a passing reason", 1)
    judge(step)
    assert rows(step)[0]["shows_logo"] == "no"
    assert due(step) is None


def test_a_dead_endpoint_is_given_up_after_some_clips(judged: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    attempt = client._Endpoint._attempt

    async def counted(self: client._Endpoint[Any], *arguments: object) -> object:
        asked.append(arguments)
        return await attempt(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(client._Endpoint, "_attempt", counted)
    step = judged(12).step(base_url="http://127.0.0.1:9/v1", concurrency=1)
    judge(step)
    assert [row["reason"] for row in rows(step).values()] == ["endpoint_failed"] * 12
    # Five clips, each of them three times.
    assert len(asked) == 15


def test_an_endpoint_that_lets_nobody_in_is_not_asked_for_every_clip(server: ChatServer, judged: Make) -> None:
    server.always = "401"
    step = judged(12).step(concurrency=2)
    judge(step)
    assert {row["reason"] for row in rows(step).values()} == {"endpoint_denied"}
    assert server.asked.total() <= 3


KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("behaviour", ["500", "401", "answer"])
def test_a_key_is_sent_and_appears_nowhere(
    server: ChatServer, judged: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, behaviour: str
) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    server.always = behaviour
    place = judged(2)
    step = place.step(base_url=f"{server.url}?token=hidden-in-the-query", api_key_env="JUDGE_KEY", retries=0)
    judge(step)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    told = caplog.text + step.lake.read(step.order[NAME].table).write_json()
    told += step.lake.read(MATERIALIZATIONS).write_json()
    assert [secret for secret in (KEY, "hidden-in-the-query") if secret in told] == []


def test_a_key_that_is_not_in_the_environment_stops_the_work_before_a_request(
    server: ChatServer, judged: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with pytest.raises(ValueError, match=r"^The judge takes its key from the environment variable JUDGE_KEY, which is"):
        judge(judged(1).step(api_key_env="JUDGE_KEY"))
    assert not server.bodies


CHILD = """
import sys
from pathlib import Path
from tests.describe.judged import Judged, judge
judge(Judged(Path(sys.argv[1]), sys.argv[2]).step(concurrency=3))
"""


def test_after_a_kill_no_answered_clip_is_asked_about_again(server: ChatServer, judged: Make) -> None:
    place = judged(30)
    server.seconds = 0.05
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(place.folder), server.url], cwd=Path(__file__).parents[2]
    )
    step = place.step(concurrency=3)
    scratch = step.lake.settings.lake.scratch_path / NAME
    try:
        while child.poll() is None and sum(f.read_bytes().count(b"\n") for f in scratch.rglob("*.answers")) < 8:
            _with_patience(child)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert child.returncode == -signal.SIGKILL
    (file,) = scratch.rglob("*.answers")
    finished = {
        line.partition(b"@")[0].decode() for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")
    }
    assert 8 <= len(finished) < 30
    assert rows(step) == {}

    server.asked.clear()
    judge(step)
    assert {row["shows_logo"] for row in rows(step).values()} == {"no"}
    assert len(rows(step)) == 30
    asked_again = {clip_name(n) for n in range(30) if server.asked[shown_as(n)]}
    assert asked_again == {clip_name(n) for n in range(30)} - finished
    assert set(server.asked.values()) == {1}
    assert not list(scratch.rglob("*.answers"))


def _with_patience(running: subprocess.Popen[bytes]) -> None:
    """Give the processor away for a hundredth of a second, or until the process has ended."""
    try:
        running.wait(0.01)
    except subprocess.TimeoutExpired:
        return


def test_a_changed_question_asks_anew_and_a_changed_concurrency_does_not(server: ChatServer, judged: Make) -> None:
    place = judged(3)
    judge(place.step())
    assert due(place.step(concurrency=2)) is None
    # Another question in place of one of them: other columns.
    place.ask("shows_logo: Does the clip show a logo?\nis_night: Is it night?\n")
    server.asked.clear()
    server.words = {"shows_logo_why": "A.", "shows_logo": "yes", "is_night_why": "B.", "is_night": "no"}
    step = place.step()
    changed = due(step)
    assert changed is not None
    assert (changed.why, changed.rows) == (Why.STALE, 3)
    judge(step)
    assert server.asked.total() == 3
    assert [(row["shows_logo"], row["is_night"]) for row in rows(step).values()] == [("yes", "no")] * 3
    write_sheet(step, BATCH)
    sheet = step.lake.query("SELECT DISTINCT is_night, is_night_why FROM clip_sheet WHERE is_night IS NOT NULL")
    assert sheet.rows() == [("no", "B.")]


def test_an_answer_is_of_what_it_hangs_on_and_of_nothing_else(tmp_path: Path) -> None:
    place = Judged.without_lake(tmp_path)
    now = place.version()
    same: list[dict[str, Any]] = [
        {"concurrency": 2, "timeout_s": 1.0, "retries": 9, "api_key_env": "X", "requests_per_minute": 60.0},
        {"base_url": "http://elsewhere/v1", "usd_per_million_input_tokens": 1.0},
    ]
    assert {place.version(**changes) for changes in same} == {now}
    other: list[dict[str, Any]] = [
        {"seed": 1}, {"model": "vlm-70b"}, {"temperature": 0.1}, {"frames": 3}, {"max_tokens": 512}, {"prompt": "Answer."},
    ]  # fmt: skip
    assert len({now, *(place.version(**changes) for changes in other)}) == 1 + len(other)
    place.ask("# Another comment, and no other question.\n\n" + QUESTIONS)
    assert place.version() == now
    place.ask(QUESTIONS.replace("logo or a watermark", "logo"))
    assert place.version() != now


def test_without_a_tier_all_candidates_are_asked_about(server: ChatServer, judged: Make) -> None:
    step = judged(5).step()
    judge(step)
    assert sorted(rows(step)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("tier", [BRIGHT, CLEAN])
def test_only_clips_that_the_tier_does_not_drop_without_the_judge_are_asked_about(
    server: ChatServer, judged: Make, tier: str
) -> None:
    step = judged(6).step(tier=tier)
    expected = due(step)
    assert expected is not None
    assert expected.rows == 3
    judge(step)
    # Every other clip is dark, which the tier drops, or its parent.
    assert sorted(rows(step)) == [0, 2, 4]
    assert {clip for clip in range(6) if server.asked[shown_as(clip)]} == {0, 2, 4}


def test_a_tier_keeps_by_the_answers_and_what_it_then_drops_is_not_asked_about_again(
    server: ChatServer, judged: Make
) -> None:
    server.words_of = {shown_as(2): LOGO}
    place = judged(6)
    step = place.step(tier=CLEAN)
    judge(step)
    assert kept(step, CLEAN) == [0, 4]
    server.asked.clear()
    assert due(place.step(tier=CLEAN)) is None
    before = rows(step)
    judge(place.step(tier=CLEAN))
    assert server.asked.total() == 0
    assert rows(step) == before
    # All candidates now: those that have an answer keep it.
    wider = place.step()
    asked = due(wider)
    assert asked is not None
    assert (asked.why, asked.detail, asked.rows) == (
        Why.STALE,
        "tiers/mine/bright.sql, tiers/mine/clean.sql changed",
        3,
    )
    judge(wider)
    assert server.asked.total() == 3
    assert sorted(rows(wider)) == [0, 1, 2, 3, 4, 5]


def test_the_plan_has_the_price_once_answers_have_cost_something(server: ChatServer, judged: Make) -> None:
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 10.0}
    place = judged(6)
    first = due(place.step(tier=BRIGHT, **prices))
    assert first is not None
    assert (first.why, first.rows, first.usd, first.cost_seconds) == (Why.NEW, 3, None, None)
    assert first.hours == pytest.approx(3 * 5 / 3600)
    judge(place.step(tier=BRIGHT, **prices))
    again = due(place.step(tier=BRIGHT, seed=1, **prices))
    assert again is not None
    assert (again.why, again.rows) == (Why.STALE, 3)
    assert again.usd == pytest.approx(3 * 0.002)
    assert again.cost_seconds is not None
    assert again.cost_seconds > 0


def test_off_by_default_and_with_it_nothing_but_the_sheet_is_another(tmp_path: Path) -> None:
    on = Judged.without_lake(tmp_path).settings()
    off = on.model_copy(update={"judge": Settings().judge})
    without, with_it = measurements(off, {}), measurements(on, {})
    assert NAME not in without
    assert NAME not in scorers(off).used
    assert {asset for asset, m in with_it.items() if asset not in without or m.version != without[asset].version} == {
        NAME, "clip_sheet",
    }  # fmt: skip
    assert {asset for asset in without if with_it[asset].inputs != without[asset].inputs} == {"clip_sheet"}


def test_a_release_names_the_judge_and_what_it_was_asked_and_says_nothing_of_one_that_is_not_there(
    tmp_path: Path,
) -> None:
    on = Judged.without_lake(tmp_path).settings()
    said = json.loads(json.dumps(who_was_asked(on)))["judge"]
    asked = on.judge.questions
    assert asked is not None
    assert said["model"] == on.judge.endpoint.model
    assert [name for name, _ in said["questions"]] == [q.name for q in read_questions(asked, {}, frozenset())]
    assert "judge" not in who_was_asked(on.model_copy(update={"judge": Settings().judge}))


def test_what_it_said_stays_when_it_is_switched_off_and_can_be_removed(judged: Make) -> None:
    place = judged(2)
    judge(place.step())
    lake = Lake(place.settings().model_copy(update={"judge": Settings().judge}))
    assert [(left.table.name, left.rows) for left in left_behind(lake)] == [(NAME, 2)]
    # A file that is refused just now has left nothing.
    place.ask("shows_logo Does it?")
    assert left_behind(Lake(place.settings())) == []
    assert "shows_logo" not in lake.query("DESCRIBE clip_sheet")["column_name"].to_list()


def test_a_takedown_and_a_sweep_know_of_answers_that_a_killed_run_left(judged: Make) -> None:
    step = judged(1).step()
    left = step.lake.settings.lake.scratch_path / NAME / "1-of-another-version"
    left.mkdir(parents=True)
    for batch in (BATCH, "another"):
        (left / f"{batch}.answers").write_text("cut")
    now = datetime.now(UTC)
    assert sweep(step.lake, "", now, older_than=LEAST_AGE, dry_run=True).leftovers == ()
    later = sweep(step.lake, "", now + 2 * LEAST_AGE, older_than=LEAST_AGE, dry_run=True)
    assert later.leftovers == (left,)
    assert clear_scratch(step.lake, [BATCH], Traces(["x"])) == 1
    assert [path.name for path in left.iterdir()] == ["another.answers"]


def test_a_tier_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = Judged.without_lake(tmp_path).settings(tier="mine/none")
    with pytest.raises(ValueError, match=r"^judge\.tier names mine/none, which is no tier; there are mine/bright\.$"):
        measurements(settings, {BRIGHT: read_files(settings).tiers[BRIGHT]})


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("shows_logo Does it?", 1, "'shows_logo Does it?' is no question. Write it as 'shows_logo: Does"),
        ("# One\n\nshows_logo:\n", 3, "'shows_logo:' is no question."),
        ("Shows logo: Does it?", 1, "'Shows logo' is no name of a column. Use lower-case letters"),
        ("a: B?\na: C?", 2, "There is a column a already, of line 1. Give the question another name."),
        ("a_why: B?\na: C?", 2, "There is a column a_why already, of line 1."),
        ("fps: How many?", 1, "There is a column fps already, of the sheet itself."),
        ("nsfw_score: How unsafe?", 1, "There is a column nsfw_score already, of safety_scores."),
        ("message: What does it say?", 1, "There is a column message already, of judge_scores."),
        ("order: In order?", 1, "order is a word of SQL's. Give the question another name."),
        ("# Nothing yet.\n", 1, "It has no question."),
        ("".join(f"q{n}: Is it {n}?\n" for n in range(65)), 65, "It has 65 questions, and a request has at most 64."),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line_and_the_rest_works_on(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    place = Judged.without_lake(tmp_path)
    place.ask(text)
    found = scorers(place.settings())
    (error,) = found.refused
    assert (error.path, error.line) == (place.folder / "questions.txt", line)
    assert str(error).startswith(f"{place.folder / 'questions.txt'}:{line}: {said}")
    assert NAME not in found.used
    assert NAME not in measurements(place.settings(), {})


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"There is no such file of questions\. Write it, or take judge\.questions out\."
    ):
        read_questions(tmp_path / "none.txt", {}, ())
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfea: B?")
    with pytest.raises(FileError, match=r"bytes\.txt:1: It cannot be read"):
        read_questions(tmp_path / "bytes.txt", {}, ())


def test_an_answer_in_a_fence_is_read_and_another_word_is_not(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("shows_logo: Does it?\n")
    wanted = an_answer("Answer.", read_questions(tmp_path / "q.txt", {}, ()))
    said = read('```json\n{"shows_logo_why": "So.", "shows_logo": "yes"}\n```', wanted)
    assert said.model_dump() == {"shows_logo_why": "So.", "shows_logo": "yes"}
    with pytest.raises(CaptionError, match="shows_logo_why: String should have at least 1 character"):
        read('{"shows_logo_why": "", "shows_logo": "yes"}', wanted)


def test_settings_without_an_endpoint_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"judge\.questions needs judge\.endpoint\.base_url, such as http"):
        Settings(judge={"questions": "q.txt"})
    with pytest.raises(ValueError, match=r"judge\.questions needs judge\.endpoint\.model, the model's name"):
        Settings(judge={"questions": "q.txt", "endpoint": {"base_url": "http://x/v1"}})
