"""Workers of a Ray cluster: the same guarantees as on one machine, and a lost node costs nothing but time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import Raylets
from tests.cluster.jobs import Diary, Reading, end_the_node, read, take_time, wait_for_word, with_model
from tests.media.test_workers import AMPLE, LIMITS, REASONS, Job, attempts, work
from video_assets.batches.workers import run_jobs
from video_assets.cluster.connect import NoClusterError, NoRoomError
from video_assets.cluster.node import Origin, OtherCodeError
from video_assets.media.workers import Outcome
from video_assets.reasons import Reason
from video_assets.settings import RaySettings, Settings, WorkerSettings
from video_assets.settings.clustering import NamedRayShare, RayShare

WHAT = (
    "good", "crash in the decoder", "hang", "endless work", "memory bomb", "as much memory as it may have", "exit",
    "killed from outside", "killed once from outside", "damaged video", "missing file", "panic", "surprise that cannot be sent",
)  # fmt: skip


def on(raylets: Raylets, **ray: Any) -> Settings:
    given: dict[str, Any] = {"address": raylets.address, "videos": RayShare(resource="decoding")} | ray
    return Settings(workers=WorkerSettings(backend="ray"), ray=RaySettings(**given))


def unheard(_key: str, _outcome: Outcome[Any]) -> None:
    return None


@pytest.mark.long
def test_whatever_a_job_does_on_a_node_has_the_reason_that_it_has_on_one_machine(
    raylets: Raylets, tmp_path: Path
) -> None:
    diary = tmp_path / "diary"
    jobs = {what: (Job(what, diary), LIMITS.get(what, AMPLE)) for what in WHAT}
    told: list[str] = []
    outcomes = run_jobs(work, jobs, on(raylets), lambda key, _: told.append(key))
    assert {key: outcome.reason for key, outcome in outcomes.items()} == {what: REASONS[what] for what in WHAT}
    assert {key: o.value for key, o in outcomes.items()} == {
        what: None if REASONS[what] else f"measured {what}" for what in WHAT
    }
    assert outcomes["crash in the decoder"] == Outcome(
        None, Reason.DECODER_CRASHED, "The worker died of SIGSEGV.", "by memory"
    )
    assert sorted(told) == sorted(WHAT)
    # A passing failure is tried again on the node, as on one machine.
    tried = {what: attempts(diary, what) for what in ("good", "killed from outside", "killed once from outside")}
    assert tried == {"good": 1, "killed from outside": 3, "killed once from outside": 2}


def test_files_of_the_runs_machine_are_sent_along_and_nobody_counts_on_a_node(raylets: Raylets, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.txt" for name in ("one", "two", "three")]
    for path in paths:
        path.write_text(path.stem)
    job = Reading(paths[0], tuple(paths[1:]), tmp_path / "marks")
    outcomes = run_jobs(read, {"a": (job, AMPLE), "b": (replace(job, one=paths[1]), AMPLE)}, on(raylets), unheard)
    assert outcomes["a"].value == (["one", "two", "three"], False, False)
    assert outcomes["b"].value == (["two", "two", "three"], False, False)


def test_a_video_that_ends_its_node_twice_is_a_row_with_a_reason_and_no_other_is_lost(
    raylets: Raylets, tmp_path: Path
) -> None:
    diary = tmp_path / "diary"
    names = ("always", "once", "quiet")
    jobs = {name: (Diary(name, diary), AMPLE) for name in names}
    outcomes = run_jobs(end_the_node, jobs, on(raylets), unheard)
    assert {n: diary.read_text().splitlines().count(n) for n in names} == {"always": 2, "once": 2, "quiet": 1}
    assert (outcomes["once"].value, outcomes["quiet"].value) == ("once measured", "quiet measured")
    lost = outcomes["always"]
    assert (lost.value, lost.reason) == (None, Reason.WORKER_LOST)
    assert str(lost.message).startswith("2 Ray workers were lost at it: ")


def test_what_was_in_the_hands_of_a_killed_node_is_done_elsewhere(raylets: Raylets, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    jobs = {f"video {n}": (Diary(f"video {n}", diary), AMPLE) for n in range(8)}
    done: list[str] = []

    def alive() -> list[str]:
        return [p.stem for p in tmp_path.glob("*.waits") if Path("/proc", p.stem).exists()]

    def kill_one(key: str, _outcome: Outcome[str]) -> None:
        done.append(key)
        if len(done) == 1:
            # One is done and four more are begun, and wait: both nodes have their hands full.
            wait_until(lambda: len(alive()) == 4)
            raylets.kill(0)
            # What is finished before a worker sees that its node is gone is done all the same.
            wait_until(lambda: len(alive()) == 2)
            diary.with_suffix(".go").touch()

    outcomes = run_jobs(wait_for_word, jobs, on(raylets), kill_one)
    assert {key: o.value for key, o in outcomes.items()} == {key: f"{key} measured" for key in jobs}
    assert sorted(done) == sorted(jobs)
    begun = diary.read_text().splitlines()
    again = [name for name in jobs if begun.count(name) == 2]
    assert len(begun) == len(jobs) + len(again)
    assert len(again) == 2  # that were in its hands


def test_a_model_stays_loaded_from_call_to_call_and_a_crash_costs_the_clips_of_one_video(raylets: Raylets) -> None:
    settings = on(raylets, shares=(NamedRayShare(name="made_scores", most=1),))

    def run(*names: str, model: str = "weights") -> dict[str, Outcome[tuple[int, int]]]:
        jobs = {name: (name, AMPLE) for name in names}
        return run_jobs(with_model, jobs, settings, unheard, holding=("made_scores", model))

    first, second = run("a", "b"), run("c")
    values = [first["a"].value, first["b"].value, second["c"].value]
    assert None not in values
    [process] = {value[0] for value in values if value}
    assert [value[1] for value in values if value] == [1, 2, 3]

    crashed = run("crash", "d")
    assert crashed["crash"].reason is Reason.DECODER_CRASHED
    assert crashed["d"].value is not None
    assert (crashed["d"].value[0] == process, crashed["d"].value[1]) == (False, 1)

    # Another model has workers of its own.
    other = run("e", model="other weights")["e"].value
    assert other is not None
    assert other[1] == 1


def test_a_model_without_work_gives_way_to_work_that_waits(raylets: Raylets) -> None:
    most = NamedRayShare(name="made_scores", cpus=2, most=2)
    held = run_jobs(
        with_model,
        {n: (n, AMPLE) for n in "abcd"},
        on(raylets, shares=(most,)),
        unheard,
        holding=("made_scores", "wide"),
    )
    assert {o.reason for o in held.values()} == {None}
    # Both nodes are taken by a model now.
    outcomes = run_jobs(with_model, {"x": ("x", AMPLE)}, on(raylets, videos=RayShare()), unheard)
    assert outcomes["x"].reason is None


def test_a_run_says_so_when_no_node_has_what_a_worker_takes(raylets: Raylets, tmp_path: Path) -> None:
    settings = on(raylets, videos=RayShare(cpus=64), wait_seconds=2.0)
    job = Diary("a", tmp_path / "diary")
    with pytest.raises(NoRoomError, match=r"^For 2 s no node .* \(CPU 64\); start one that has, or change "):
        run_jobs(take_time, {"a": (job, AMPLE)}, settings, unheard)


@pytest.mark.parametrize("holding", [None, ("made_scores", "weights")])
def test_a_node_with_other_code_measures_nothing(
    raylets: Raylets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holding: tuple[str, str] | None
) -> None:
    monkeypatch.setattr(Origin, "here", lambda: Origin("another", str(tmp_path)))
    diary = tmp_path / "diary"
    with pytest.raises(OtherCodeError, match=r"has another version of video_assets in .*; install the run's there\.$"):
        run_jobs(take_time, {"a": (Diary("a", diary), AMPLE)}, on(raylets), unheard, holding=holding)
    assert not diary.exists()


def test_an_error_of_the_caller_stops_the_workers(raylets: Raylets, tmp_path: Path) -> None:
    def stop(_key: str, _outcome: Outcome[str]) -> None:
        raise ZeroDivisionError

    diary = tmp_path / "diary"
    jobs = {"quick": (Diary("quick", diary), AMPLE), "slow": (Diary("slow", diary, 3600), AMPLE)}
    with pytest.raises(ZeroDivisionError):
        run_jobs(take_time, jobs, on(raylets), stop)
    import ray

    wait_until(lambda: ray.available_resources().get("decoding") == 4)


def wait_until(reached: Callable[[], bool]) -> None:
    waiting = threading.Event()
    while not reached():
        waiting.wait(0.1)


def test_nothing_to_do_is_done_without_a_cluster() -> None:
    settings = Settings(workers=WorkerSettings(backend="ray"), ray=RaySettings(address="127.0.0.1:1"))
    assert run_jobs(take_time, {}, settings, unheard) == {}
    assert NoClusterError.__doc__
