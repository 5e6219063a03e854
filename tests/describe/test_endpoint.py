"""Captions from a real HTTP server that answers slowly, with errors, nonsense and refusals, or not at all."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.describe.captioned import BATCH, Clips, captions, clip_name, endpoint, shown_as, told
from tests.describe.chat_server import WORDS, ChatServer
from video_assets.batches.caption_answers import Answers, named
from video_assets.batches.captions import caption_clips
from video_assets.describe import endpoint as client
from video_assets.describe.answer import Answer
from video_assets.describe.caption import Caption
from video_assets.describe.endpoint import address, retry_after
from video_assets.lake.plan import Why, plan
from video_assets.lake.schemas import MATERIALIZATIONS

SAID = WORDS["short_description"]


def test_a_clip_that_the_tier_keeps_or_leaves_undecided_is_captioned_with_all_that_stands_behind_it(
    server: ChatServer, made: Clips
) -> None:
    clips = made.only(3)
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 10.0}
    step = clips.step(endpoint(server.url, seed=7, **prices))
    done = caption_clips(step, BATCH)
    assert (done.rows, done.failures) == (3, 0)
    row = captions(step).row(0, named=True)
    assert {field: row[field] for field in WORDS} == WORDS
    assert (row["captioner"], row["model"], row["weights"]) == ("small", "vlm-8b", server.url)
    assert (row["words"], row["seed"], row["drawn"], row["current"]) == (15, 7, True, True)
    assert (row["camera_motion"], row["camera_confidence"]) == ("pan left", 0.9)
    # Two of the keyframes at 0, 1, 2 and 3 s: the middle ones of each half.
    assert row["frame_times"] == [1.0, 3.0]
    assert (row["input_tokens"], row["output_tokens"], row["usd"]) == (1000, 100, 0.002)
    assert row["waited_seconds"] > 0
    assert row["prompt_hash"]
    assert server.asked.total() == 3


def test_the_request_holds_the_reply_to_the_captions_schema_and_sends_the_pictures_in_order(
    server: ChatServer, made: Clips
) -> None:
    clips = made.only(1)
    caption_clips(clips.step(endpoint(server.url, frames=4, temperature=0.5)), BATCH)
    (body,) = server.bodies
    schema = body["response_format"]["json_schema"]["schema"]
    assert body["response_format"]["json_schema"]["strict"] is True
    assert schema["required"] == list(WORDS)
    assert schema["additionalProperties"] is False
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("vlm-8b", 0.5, 1024)
    assert [part["type"] for part in body["messages"][0]["content"]] == ["text"] + ["image_url"] * 4
    assert "authorization" not in server.headers[0]


# What the server does to the requests about a clip, and what becomes of it: reason, message, requests.
COURSES: dict[int, tuple[tuple[str, ...], str | None, str | None, int]] = {
    0: ((), None, None, 1),
    1: (("429",), None, None, 2),
    2: (("500", "503"), None, None, 3),
    3: (("cut",), None, None, 2),
    4: (("broken",), None, None, 2),
    5: (("html",), None, None, 2),
    6: (("hang",), None, None, 2),
    7: (("500",) * 3, "endpoint_failed", "HTTP 500: wrong", 3),
    8: (("hang",) * 3, "endpoint_failed", "No reply within 1 s.", 3),
    9: (("cut",) * 3, "endpoint_failed", "RemoteProtocolError", 3),
    10: (("broken",) * 2, "invalid_caption", "the reply: Invalid JSON", 2),
    11: (("refusal",), "caption_refused", "I can't describe people.", 1),
    12: (("declines",), "caption_refused", "I'm sorry, but I can't help with that.", 1),
    13: (("broken", "refusal"), "caption_refused", "I can't describe people.", 2),
    14: (("cut off",), "caption_cut_off", "The reply breaks off after:", 1),
    15: (("400",), "request_rejected", "HTTP 400: wrong", 1),
}


def test_every_clip_ends_captioned_or_with_a_reason(server: ChatServer, made: Clips) -> None:
    server.plan = {shown_as(clip): steps for clip, (steps, *_) in COURSES.items()}
    step = made.only(len(COURSES)).step(endpoint(server.url, frames=4, timeout_s=1.0, concurrency=16))
    done = caption_clips(step, BATCH)
    rows = {int(r["clip_id"], 16): r for r in captions(step).iter_rows(named=True)}
    assert done.failures == sum(reason is not None for _, reason, *_ in COURSES.values())
    assert {clip: row["reason"] for clip, row in rows.items()} == {c: reason for c, (_, reason, *_) in COURSES.items()}
    assert {clip: server.asked[shown_as(clip)] for clip in rows} == {c: number for c, (*_, number) in COURSES.items()}
    for clip, (_, reason, message, _) in COURSES.items():
        assert rows[clip]["short_description"] == (None if reason else SAID)
        assert (message or "") in (rows[clip]["message"] or ""), clip


def test_asking_again_shows_the_model_what_it_said_and_what_was_wrong(server: ChatServer, made: Clips) -> None:
    clips = made.only(1)
    server.plan = {shown_as(0): ("broken",)}
    step = clips.step(endpoint(server.url, frames=4))
    caption_clips(step, BATCH)
    asked, said, mend = server.bodies[1]["messages"]
    assert asked == server.bodies[0]["messages"][0]
    assert said == {"role": "assistant", "content": '{"short_description": "A boat'}
    assert mend["content"].startswith("That is not the JSON object that was asked for: the reply: Invalid JSON")
    # Both replies were paid for.
    assert captions(step).select("input_tokens", "output_tokens").row(0) == (2000, 200)


def test_what_failed_for_a_passing_reason_is_due_again_and_the_rest_is_not(server: ChatServer, made: Clips) -> None:
    clips = made.only(3)
    server.plan = {shown_as(0): ("500",) * 3, shown_as(1): ("refusal",)}
    step = clips.step(endpoint(server.url, frames=4))
    caption_clips(step, BATCH)
    (due,) = [d for d in plan(step.lake, step.order) if d.asset == "captions"]
    assert (due.why, due.detail, due.rows) == (Why.FAILED, "1 failed for a passing reason", 1)
    server.asked.clear()
    server.plan = {}
    caption_clips(step, BATCH)
    assert dict(server.asked) == {shown_as(0): 1}
    assert told(step) == {0: (None, SAID), 1: ("caption_refused", None), 2: (None, SAID)}


def test_an_endpoint_that_lets_nobody_in_is_not_asked_for_every_clip(server: ChatServer, made: Clips) -> None:
    clips = made.only(39)
    server.always = "401"
    step = clips.step(endpoint(server.url, concurrency=2))
    caption_clips(step, BATCH)
    assert {reason for reason, _ in told(step).values()} == {"endpoint_denied"}
    assert server.asked.total() <= 3


def test_a_server_that_is_not_there_is_given_up_after_some_clips(made: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = made.only(39)
    asked: list[object] = []
    body = client._Endpoint._attempt

    async def counted(self: client._Endpoint[Caption], *arguments: object) -> object:
        asked.append(arguments)
        return await body(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(client._Endpoint, "_attempt", counted)
    step = clips.step(endpoint("http://127.0.0.1:9/v1", concurrency=1))
    caption_clips(step, BATCH)
    rows = captions(step)
    assert set(rows["reason"]) == {"endpoint_failed"}
    assert rows.height == 39
    # Five clips, each of them three times.
    assert len(asked) == 15
    assert rows["message"].str.starts_with("Not asked, as the endpoint is silent. ConnectError").sum() == 34


def test_a_server_is_given_the_time_for_which_it_asks(server: ChatServer, made: Clips) -> None:
    clips = made.only(1)
    server.plan, server.retry_after = {shown_as(0): ("429",)}, "0.4"
    began = time.monotonic()
    caption_clips(clips.step(endpoint(server.url, frames=4, longest_wait_s=1.0)), BATCH)
    assert time.monotonic() - began >= 0.4
    server.asked.clear()
    server.retry_after = "3600"
    step = clips.step(endpoint(server.url, frames=4, longest_wait_s=1.0, seed=1))
    caption_clips(step, BATCH)
    # An hour is too long: the next run asks again.
    assert told(step) == {0: ("endpoint_failed", None)}


def test_no_more_requests_than_allowed_are_at_work_at_a_time(server: ChatServer, made: Clips) -> None:
    clips = made.only(40)
    server.seconds = 0.2  # long enough for all that are allowed to be at work together, on a busy machine too
    step = clips.step(endpoint(server.url, concurrency=7))
    caption_clips(step, BATCH)
    assert server.most_at_once == 7
    assert server.asked.total() == 40


def test_no_more_requests_than_allowed_begin_in_a_minute(server: ChatServer, made: Clips) -> None:
    clips = made.only(5)
    began = time.monotonic()
    caption_clips(clips.step(endpoint(server.url, requests_per_minute=600)), BATCH)
    # Five requests: four waits of a tenth of a second.
    assert time.monotonic() - began >= 0.4


CHILD = """
import sys
from tests.describe.captioned import BATCH, Clips, endpoint
from video_assets.batches.captions import caption_clips
from video_assets.lake.lake import Lake
from video_assets.settings import LakeSettings, Settings
lake = Lake(Settings(lake=LakeSettings(root=sys.argv[1])))
caption_clips(Clips(lake, 0).step(endpoint(sys.argv[2], frames=4, concurrency=3)), BATCH)
"""


def test_after_a_kill_no_finished_clip_is_asked_for_again(server: ChatServer, made: Clips) -> None:
    clips = made.only(30)
    server.seconds = 0.05
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, clips.lake.settings.lake.root, server.url], cwd=Path(__file__).parents[2]
    )
    kept = clips.lake.settings.lake.scratch_path / "captions"
    try:
        while child.poll() is None and sum(f.read_bytes().count(b"\n") for f in kept.rglob("*.answers")) < 8:
            with_patience(child)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert child.returncode == -signal.SIGKILL
    (file,) = kept.rglob("*.answers")
    finished = {
        line.partition(b"@")[0].decode() for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")
    }
    assert 8 <= len(finished) < 30
    assert captions(clips.step()).is_empty()

    server.asked.clear()
    step = clips.step(endpoint(server.url, frames=4, concurrency=3))
    caption_clips(step, BATCH)
    assert {n: told(step)[n] for n in range(30)} == dict.fromkeys(range(30), (None, SAID))
    asked_again = {clip_name(n) for n in range(30) if server.asked[shown_as(n)]}
    assert asked_again == {clip_name(n) for n in range(30)} - finished
    assert set(server.asked.values()) == {1}
    assert not list(kept.rglob("*.answers"))


def with_patience(running: subprocess.Popen[bytes]) -> None:
    """Give the processor away for a hundredth of a second, or until the process has ended."""
    try:
        running.wait(0.01)
    except subprocess.TimeoutExpired:
        return


def test_a_line_that_a_kill_broke_off_is_asked_for_again(tmp_path: Path) -> None:
    answers = Answers(Caption, tmp_path / "one.answers", 1.0)
    caption = Caption(**WORDS)
    with answers.opened():
        for clip in "ab":
            answers.keep(named(clip, "1"), Answer(clip, caption))
    whole = (tmp_path / "one.answers").read_bytes()
    (tmp_path / "one.answers").write_bytes(whole[:-5])
    with answers.opened() as found:
        assert found == {"a@1": Answer("a", caption)}
        answers.keep(named("b", "1"), Answer("b", caption))
    assert (tmp_path / "one.answers").read_bytes() == whole


KEY = "sk-very-secret-0123456789"


@pytest.mark.parametrize("behaviour", ["500", "401", "400"])
def test_a_key_is_sent_and_appears_nowhere(
    server: ChatServer, made: Clips, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, behaviour: str
) -> None:
    monkeypatch.setenv("CAPTION_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    clips = made.only(2)
    server.always = behaviour
    # The server repeats the key, and the address with the token in its query.
    url = f"{server.url}?token=hidden-in-the-query"
    step = clips.step(endpoint(url, api_key_env="CAPTION_KEY", retries=0))
    caption_clips(step, BATCH)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    told = caplog.text + captions(step).write_json() + step.lake.read(MATERIALIZATIONS).write_json()
    assert [secret for secret in (KEY, "hidden-in-the-query") if secret in told] == []
    assert "Bearer ***" in str(captions(step)["message"][0])


def test_a_password_in_the_address_is_sent_and_not_recorded(server: ChatServer, made: Clips) -> None:
    clips = made.only(1)
    step = clips.step(endpoint(server.url.replace("//", "//me:open-sesame@")))
    caption_clips(step, BATCH)
    assert server.headers[0]["authorization"].startswith("Basic ")
    assert captions(step)["weights"].item() == server.url
    assert "open-sesame" not in captions(step).write_json()


def test_a_key_that_is_not_in_the_environment_stops_the_work_before_a_request(
    server: ChatServer, made: Clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAPTION_KEY", raising=False)
    clips = made.only(1)
    with pytest.raises(ValueError, match="environment variable CAPTION_KEY, which is not set"):
        caption_clips(clips.step(endpoint(server.url, api_key_env="CAPTION_KEY")), BATCH)
    assert not server.bodies


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://localhost:8000/v1/", "http://localhost:8000/v1"),
        ("https://user:secret@host.example/v1?api-key=secret#x", "https://host.example/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_an_address_is_recorded_without_what_may_be_secret(given: str, kept: str) -> None:
    assert address(given) == kept


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("2", 2.0), ("0.5", 0.5), ("-1", 0.0), ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0), ("soon", None)],
)
def test_a_wait_is_read_in_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 1, 1, tzinfo=UTC)) == seconds
