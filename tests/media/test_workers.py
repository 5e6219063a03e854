"""Worker processes: whatever one video does, it costs that video alone."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from video_assets.media.containers import MediaError
from video_assets.media.limits import Limit, Limits
from video_assets.media.workers import Outcome, process_count, run_guarded
from video_assets.reasons import Reason
from video_assets.settings import WorkerSettings

SETTINGS = WorkerSettings(attempts=3, processes=2)
BOMB = 2 * 2**30  # bytes


def limits(cpu_seconds: float = 250.0, idle_seconds: float = 250.0, memory_mib: float = 1024) -> Limits:
    return Limits(Limit(cpu_seconds, "by cpu"), Limit(idle_seconds, "by idle"), Limit(memory_mib, "by memory"))


AMPLE = limits()


class PanicError(BaseException):
    """As a panic in Rust comes to Python."""


class AwkwardError(Exception):
    def __init__(self, file: str, frame: int) -> None:
        super().__init__(f"{file} at {frame}")


@dataclass(frozen=True)
class Job:
    """What a worker is to do; it notes each attempt as a line of ``diary``."""

    what: str
    diary: Path


def work(job: Job) -> str:
    with job.diary.open("a") as diary:
        diary.write(f"{job.what} {os.getpid()}\n")
    match job.what:
        case "crash in the decoder":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "abort in the decoder":
            os.abort()
        case "hang":
            signal.pause()
        case "endless work":
            # In C, which neither heeds signals nor lets another thread run.
            sum(range(10**14))
        case "long sleep":
            time.sleep(2)
        case "memory bomb" | "as much memory as it may have":
            bytearray(BOMB)
        case "memory bomb in OpenCV":
            side = 2**15
            cv2.copyMakeBorder(np.zeros((1, 1), np.uint8), side, side, side, side, cv2.BORDER_CONSTANT)
        case "stopped from outside":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "killed from outside":
            os.kill(os.getpid(), signal.SIGKILL)
        case "killed once from outside" if attempts(job.diary, job.what) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "damaged video":
            raise MediaError(Reason.NO_FRAMES, "not one frame")
        case "missing file":
            raise MediaError(Reason.SOURCE_MISSING, "gone")
        case "bad disk":
            raise OSError(5, "Input/output error")
        case "surprise":
            raise KeyError("pixel_format")
        case "surprise in the decoder":
            raise av.error.InvalidDataError(1094995529, "Invalid data", "a.mp4")
        case "panic":
            raise PanicError("could not spawn: never mind")
        case "surprise that cannot be sent":
            raise AwkwardError("a.mp4", 7)
    return f"measured {job.what}"


def attempts(diary: Path, what: str) -> int:
    return [line.rpartition(" ")[0] for line in diary.read_text().splitlines()].count(what)


REASONS: dict[str, Reason | None] = {
    "good": None,
    "crash in the decoder": Reason.DECODER_CRASHED,
    "abort in the decoder": Reason.DECODER_CRASHED,
    "hang": Reason.DECODE_TIMEOUT,
    "endless work": Reason.DECODE_TIMEOUT,
    "long sleep": None,
    "memory bomb": Reason.OUT_OF_MEMORY,
    "memory bomb in OpenCV": Reason.OUT_OF_MEMORY,
    "as much memory as it may have": None,
    "killed from outside": Reason.WORKER_LOST,
    "killed once from outside": None,
    "exit": Reason.WORKER_LOST,
    "damaged video": Reason.NO_FRAMES,
    "missing file": Reason.SOURCE_MISSING,
    "bad disk": Reason.READ_ERROR,
    "surprise": Reason.UNEXPECTED_ERROR,
    "surprise in the decoder": Reason.UNEXPECTED_ERROR,
    "surprise that cannot be sent": Reason.UNEXPECTED_ERROR,
    "panic": Reason.UNEXPECTED_ERROR,
    "good to the last": None,
}


LIMITS = {
    "hang": limits(idle_seconds=1.0),
    "endless work": limits(cpu_seconds=1.0),
    "long sleep": limits(cpu_seconds=1.0),
    "as much memory as it may have": limits(memory_mib=4096),
}


@dataclass(frozen=True)
class Ran:
    """A batch with all that can go wrong, after it ran."""

    outcomes: Mapping[str, Outcome[str]]
    told: list[tuple[str, Outcome[str], int]]
    diary: Path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    diary = tmp_path_factory.mktemp("workers") / "diary"
    jobs = {what: (Job(what, diary), LIMITS.get(what, AMPLE)) for what in REASONS}
    told: list[tuple[str, Outcome[str], int]] = []
    outcomes = run_guarded(work, jobs, SETTINGS, lambda key, outcome: told.append((key, outcome, os.getpid())))
    return Ran(outcomes, told, diary)


@pytest.mark.parametrize("what", REASONS)
def test_each_kind_of_failure_has_its_own_reason_and_the_others_finish(ran: Ran, what: str) -> None:
    outcome = ran.outcomes[what]
    assert outcome.reason == REASONS[what]
    assert outcome.value == (None if outcome.reason else f"measured {what}")
    assert (outcome.message is None) == (outcome.reason is None)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("crash in the decoder", "The worker died of SIGSEGV."),
        ("abort in the decoder", "The worker died of SIGABRT."),
        ("hang", "It hung: for 1 s it did nothing."),
        ("endless work", "Stopped at its limit of 1 s of CPU time."),
        ("memory bomb", "Stopped at its limit of 1024 MiB of memory."),
        ("exit", "The worker ended with exit code 3."),
        ("damaged video", "not one frame"),
        ("bad disk", "[Errno 5] Input/output error"),
        ("surprise", "KeyError: 'pixel_format'"),
    ],
)
def test_the_message_says_what_happened(ran: Ran, what: str, message: str) -> None:
    assert ran.outcomes[what].message == message


def test_what_failed_at_a_limit_or_may_have_names_its_settings_and_nothing_else_does(ran: Ran) -> None:
    by = {what: outcome.limited_by for what, outcome in ran.outcomes.items() if outcome.limited_by}
    memory = ("memory bomb", "memory bomb in OpenCV", "crash in the decoder", "abort in the decoder")
    assert by == {"hang": "by idle, by memory", "endless work": "by cpu"} | dict.fromkeys(memory, "by memory")
    assert set(by) >= {what for what, reason in REASONS.items() if reason and reason.at_a_limit}


def test_a_worker_that_was_stopped_from_outside_is_lost_and_may_go_on_another_time(tmp_path: Path) -> None:
    what = "stopped from outside"
    jobs = {what: (Job(what, tmp_path / "diary"), limits(idle_seconds=1.0))}
    outcome = run_guarded(work, jobs, SETTINGS.model_copy(update={"attempts": 1}), lambda _key, _outcome: None)[what]
    assert outcome == Outcome(None, Reason.WORKER_LOST, "The worker was stopped from outside for 1 s.")


@pytest.mark.parametrize("what", REASONS)
def test_a_passing_failure_is_tried_again_and_no_other_is(ran: Ran, what: str) -> None:
    reason = REASONS[what]
    again = 2 if what == "killed once from outside" else 1
    assert attempts(ran.diary, what) == (SETTINGS.attempts if reason and reason.transient else again)


def test_each_end_is_told_once_and_in_this_process(ran: Ran) -> None:
    assert sorted(key for key, _, _ in ran.told) == sorted(REASONS)
    assert {key: outcome for key, outcome, _ in ran.told} == ran.outcomes
    assert {pid for _, _, pid in ran.told} == {os.getpid()}


def test_no_work_is_done_in_this_process(ran: Ran) -> None:
    assert str(os.getpid()) not in {line.rpartition(" ")[2] for line in ran.diary.read_text().splitlines()}


def test_jobs_start_in_the_order_in_which_they_are_given(tmp_path: Path) -> None:
    names = [f"video {i}" for i in (3, 1, 4, 2, 5)]
    jobs = {name: (Job(name, tmp_path / "diary"), AMPLE) for name in names}
    run_guarded(work, jobs, WorkerSettings(processes=1), lambda _key, _outcome: None)
    assert [line.rpartition(" ")[0] for line in (tmp_path / "diary").read_text().splitlines()] == names


def test_nothing_to_do_is_done_without_a_process() -> None:
    assert run_guarded(work, {}, SETTINGS, lambda _key, _outcome: None) == {}


def test_an_error_of_the_caller_stops_the_workers(tmp_path: Path) -> None:
    def stop(_key: str, _outcome: Outcome[str]) -> None:
        raise ZeroDivisionError

    diary = tmp_path / "diary"
    jobs = {"hang": (Job("hang", diary), AMPLE), "good": (Job("good", diary), AMPLE)}
    with pytest.raises(ZeroDivisionError):
        run_guarded(work, jobs, SETTINGS, stop)
    assert multiprocessing.active_children() == []


def test_workers_die_with_a_run_that_is_killed(tmp_path: Path) -> None:
    """The pipe's writing end is open in the run and its workers alone, and reads as ended when all of them are gone."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    run = multiprocessing.get_context("spawn").Process(target=hang_on, args=(fifo,))
    run.start()
    with fifo.open() as held:
        assert held.readline() == "hanging\n"
        run.kill()
        run.join()
        assert held.read() == ""


def hang_on(fifo: Path) -> None:
    """A run whose only video hangs."""
    run_guarded(hold, {"hang": (fifo, AMPLE)}, SETTINGS, lambda _key, _outcome: None)


def hold(fifo: Path) -> None:
    with fifo.open("w") as held:
        held.write("hanging\n")
        held.flush()
        signal.pause()


def test_as_many_processes_as_the_setting_says_or_as_there_are_cores_to_use() -> None:
    assert process_count(WorkerSettings(processes=3)) == 3
    assert process_count(WorkerSettings()) == len(os.sched_getaffinity(0))


def test_arrow_takes_no_memory_of_a_worker_that_it_does_not_use() -> None:
    [outcome] = run_guarded(mapped_with_arrow, {"a": (1000, AMPLE)}, SETTINGS, lambda _key, _outcome: None).values()
    assert outcome.value is not None, outcome
    assert outcome.value < 1024


def mapped_with_arrow(rows: int) -> int:
    """Write a column of rows; give what this process maps in writable memory of its own, in MiB."""
    import pyarrow.parquet

    # A job before this one may have been allowed more.
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    pyarrow.parquet.write_table(pyarrow.table({"row": range(rows)}), pyarrow.BufferOutputStream())
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmData")]
    return int(line.split()[1]) // 1024


def test_workers_see_the_environment_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("first", "second"):
        monkeypatch.setenv("VIDEO_ASSETS_TEST", value)
        outcomes = run_guarded(os.getenv, {"a": ("VIDEO_ASSETS_TEST", AMPLE)}, SETTINGS, lambda _key, _outcome: None)
        assert outcomes["a"].value == value
    monkeypatch.delenv("VIDEO_ASSETS_TEST")
    outcomes = run_guarded(os.getenv, {"a": ("VIDEO_ASSETS_TEST", AMPLE)}, SETTINGS, lambda _key, _outcome: None)
    assert outcomes["a"] == Outcome(None)
