"""A video that cannot be measured costs itself and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.batches import misbehaving
from tests.place import Place, look
from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.segments import segment_clips, segment_shots
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.plan import plan
from video_assets.measure import tasks
from video_assets.measurements import measurements
from video_assets.settings import WorkerSettings

GOOD, SMALL = "three_shots_fades.mp4", "passenger_qcif_coarse.mp4"
WORKERS = WorkerSettings(attempts=2)
IMPATIENT = WorkerSettings(attempts=2, idle_seconds=2.0)
# The small file may cost 2 s and the other one 6 s; it costs one.
STRICT = WorkerSettings(attempts=2, cpu_seconds_base=1.0, cpu_seconds_per_gigapixel=10.0)
NARROW = WorkerSettings(attempts=2, memory_mib=1024)


def two_files(few_files: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in (GOOD, SMALL):
        shutil.copy2(few_files / name, folder)
    return folder


def taken_in(lake: Lake, footage: Path) -> Step:
    """Give a step over a batch of two videos that are taken in."""
    look(lake, footage)
    made = Step(lake, measurements(lake.settings, {}))
    take_in_videos(made, batch_of(lake))
    return made


@pytest.fixture(scope="module")
def taken(few_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a place with that batch, of which nothing is decoded; read-only, as its footage is."""
    place = Place(tmp_path_factory.mktemp("taken-in"))
    place.home.mkdir()
    taken_in(place.quick_lake(workers=WORKERS), two_files(few_files, place.folder / "footage")).lake.close()
    return place


@pytest.fixture
def place(taken: Place, tmp_path: Path) -> Place:
    """Give a copy of it."""
    return taken.copy(tmp_path)


@pytest.fixture
def step(place: Place) -> Step:
    return at(place, WORKERS)


@pytest.fixture
def footage(tmp_path: Path, few_files: Path) -> Path:
    """Give a folder of two videos that may be changed."""
    return two_files(few_files, tmp_path / "footage")


@pytest.fixture
def step_of_footage(footage: Path, tmp_path: Path) -> Step:
    """Give a step over these."""
    return taken_in(Place(tmp_path).quick_lake(workers=WORKERS), footage)


def at(place: Place, workers: WorkerSettings) -> Step:
    """Give a step over what is there, with other limits."""
    lake = place.lake(workers=workers)
    return Step(lake, measurements(lake.settings, {}))


def batch_of(lake: Lake) -> str:
    return str(lake.query("SELECT any_value(batch) FROM source_files").item())


def decoded(step: Step) -> dict[str, tuple[str | None, int | None]]:
    """File name: reason, and frames."""
    decode_videos(step, batch_of(step.lake))
    sql = "SELECT file_name, d.reason, d.frames FROM decoded_videos AS d JOIN raw_videos USING (batch, video_id)"
    return {name: (reason, frames) for name, reason, frames in step.lake.query(sql).iter_rows()}


def due(step: Step) -> dict[str, tuple[str, str]]:
    """Why each asset of the decode is due."""
    wanted = {a: m for a, m in step.order.items() if a in ("raw_videos", "decoded_videos")}
    return {d.asset: (d.why.value, d.detail) for d in plan(step.lake, wanted)}


@pytest.mark.parametrize(
    ("misbehave", "reason", "said"),
    [
        (misbehaving.crash, "decoder_crashed", "The worker died of SIGSEGV."),
        (misbehaving.swell, "out_of_memory", "Stopped at its limit of 4096 MiB of memory."),
        (misbehaving.surprise, "unexpected_error", "ZeroDivisionError: division by zero"),
        (misbehaving.vanish, "worker_lost", "The worker ended with exit code -9."),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_a_decode_does_to_its_worker_marks_that_video_and_the_batch_goes_on(
    step: Step, monkeypatch: pytest.MonkeyPatch, misbehave: Callable[..., object], reason: str, said: str
) -> None:
    monkeypatch.setattr(tasks, "decode", misbehave)
    assert decoded(step) == {GOOD: (None, 436), SMALL: (reason, None)}
    message = step.lake.query("SELECT message FROM decoded_videos WHERE reason IS NOT NULL").item()
    assert message.startswith(said)

    batch = batch_of(step.lake)
    segment_shots(step, batch)
    segment_clips(step, batch)
    assert step.lake.query("SELECT count(*), count(DISTINCT video_id) FROM clips").row(0) == (3, 1)
    assert step.lake.made()["decoded_videos", batch]["failures"] == 1


def test_a_decode_that_hangs_is_stopped_and_said_to_hang(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    step = at(place, IMPATIENT)
    monkeypatch.setattr(tasks, "decode", misbehaving.hang)
    assert decoded(step) == {GOOD: (None, 436), SMALL: ("decode_timeout", None)}
    message = step.lake.query("SELECT message FROM decoded_videos WHERE reason IS NOT NULL").item()
    assert message == "It hung: for 2 s it did nothing."


@pytest.mark.parametrize(
    ("misbehave", "limits", "reason", "said", "by"),
    [
        (
            misbehaving.toil, STRICT, "decode_timeout", "Stopped at its limit of 2 s of CPU time.",
            "workers.cpu_seconds_base = 1, workers.cpu_seconds_per_gib = 7200, workers.cpu_seconds_per_gigapixel = 10",
        ),
        (
            misbehaving.fill, NARROW, "out_of_memory", "Stopped at its limit of 1024 MiB of memory.",
            "workers.memory_mib = 1024",
        ),
    ],
    ids=["processor time", "memory"],
)  # fmt: skip
def test_a_sound_video_that_failed_at_a_limit_is_due_when_the_limit_is_another_and_no_other_video_is(
    place: Place, monkeypatch: pytest.MonkeyPatch, misbehave: Callable[..., object],
    limits: WorkerSettings, reason: str, said: str, by: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(tasks, "decode", misbehave)
    step = at(place, limits)
    assert decoded(step) == {GOOD: (None, 436), SMALL: (reason, None)}
    assert step.lake.query("SELECT message, limited_by FROM decoded_videos WHERE reason IS NOT NULL").row(0) == (
        said, by,
    )  # fmt: skip
    assert due(step) == {}
    assert decoded(step)[SMALL] == (reason, None)
    cost = _cost(step, GOOD)

    raised = at(place, WORKERS)
    assert due(raised) == {"decoded_videos": ("failed", "1 failed at a limit that is another now")}
    assert decoded(raised) == {GOOD: (None, 436), SMALL: (None, 120)}
    assert due(raised) == {}
    assert _cost(raised, GOOD) == cost
    assert raised.lake.query("SELECT count(*) FROM decoded_videos WHERE limited_by IS NOT NULL").item() == 0


def test_a_limits_failure_of_older_code_which_did_not_say_the_limit_is_due_once(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "decode", misbehaving.swell)
    decoded(step)
    with step.lake.cursor() as cursor:
        cursor.execute("UPDATE decoded_videos SET limited_by = NULL")
    assert due(step) == {"decoded_videos": ("failed", "1 failed at a limit that is another now")}
    assert decoded(step)[SMALL] == ("out_of_memory", None)
    assert due(step) == {}


@pytest.mark.parametrize("misbehave", [misbehaving.vanish_once, misbehaving.stumble], ids=lambda f: f.__name__)
def test_a_passing_failure_is_tried_again_within_the_run(
    step: Step, monkeypatch: pytest.MonkeyPatch, misbehave: Callable[..., object]
) -> None:
    monkeypatch.setattr(tasks, "decode", misbehave)
    assert decoded(step) == {GOOD: (None, 436), SMALL: (None, 120)}
    assert due(step) == {}


def test_a_permanent_failure_is_not_tried_again(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tasks, "decode", misbehaving.crash)
        decoded(step)
    assert due(step) == {}
    assert decoded(step)[SMALL] == ("decoder_crashed", None)


def test_a_file_that_is_away_is_due_once_it_was_seen_again_and_the_others_are_not(
    step_of_footage: Step, footage: Path
) -> None:
    away = footage.with_name("away.mp4")
    (footage / SMALL).rename(away)
    assert decoded(step_of_footage) == {GOOD: (None, 436), SMALL: ("source_missing", None)}
    assert due(step_of_footage) == {}
    look(step_of_footage.lake, footage)
    assert due(step_of_footage) == {}
    cost = _cost(step_of_footage, GOOD)

    away.rename(footage / SMALL)
    assert look(step_of_footage.lake, footage).moved == 1
    assert due(step_of_footage) == {"decoded_videos": ("failed", "1 failed for a passing reason")}
    assert decoded(step_of_footage) == {GOOD: (None, 436), SMALL: (None, 120)}
    assert due(step_of_footage) == {}
    assert _cost(step_of_footage, GOOD) == cost


def _cost(step: Step, name: str) -> float:
    sql = (
        "SELECT d.compute_seconds FROM decoded_videos AS d JOIN raw_videos USING (batch, video_id) WHERE file_name = ?"
    )
    return float(step.lake.query(sql, [name]).item())


def test_a_file_that_was_moved_is_found_in_its_new_place(step_of_footage: Step, footage: Path) -> None:
    (footage / SMALL).rename(footage / "moved.mp4")
    look(step_of_footage.lake, footage)
    assert {name: reason for name, (reason, _) in decoded(step_of_footage).items()} == {GOOD: None, SMALL: None}


def test_a_file_that_changed_after_it_was_taken_in_is_not_measured_as_what_it_was(
    step_of_footage: Step, footage: Path
) -> None:
    with (footage / SMALL).open("ab") as file:
        file.write(bytes(8))
    assert decoded(step_of_footage)[SMALL] == ("content_changed", None)


def test_a_failed_video_has_no_number(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "decode", misbehaving.crash)
    decoded(step)
    sql = "SELECT frames, duration_s, fps, truncated, coverage, corrupt_frames FROM decoded_videos WHERE reason IS NOT NULL"
    assert step.lake.query(sql).rows() == [(None,) * 6]
