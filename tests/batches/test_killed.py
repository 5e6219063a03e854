"""A run that is killed, at five moments one after the other, and run again: the result equals an undisturbed run's."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg

from tests.place import Place, assert_same, stable
from tests.servers.stored import both_ends
from video_assets.assets.run import end_lost_runs
from video_assets.lake import catalog
from video_assets.lake.backend import backend

Moment = Callable[[Place], bool]


def made(asset: str) -> Moment:
    """Whether the ledger has the asset; a reader never waits for the run and never hinders it."""
    # To open a lake takes much longer than to see that nothing was written since.
    answers: dict[tuple[object, ...], bool] = {}

    def reached(place: Place) -> bool:
        if (now := written(place)) not in answers:
            answers[now] = has(place, asset)
        return answers[now]

    return reached


def has(place: Place, asset: str) -> bool:
    try:
        lake = place.lake()
        access = lake.access if lake.settings.lake.on_s3 else None
        opened = catalog.connect(lake.settings.lake, access, read_only=True)
    except FileNotFoundError:
        return False
    with opened as connection:
        known = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'materializations'")
        if known.fetchone() == (0,):
            return False
        found = connection.execute("SELECT count(*) FROM materializations WHERE asset = ?", [asset]).fetchone()
    return found == (1,)


def written(place: Place) -> tuple[object, ...]:
    """What every commit changes: when the catalog's file and its journal were written, and how large they are, or its newest snapshot."""
    found: list[object] = [place]
    if place.store.catalog:
        with backend(place.lake().settings.lake).tables() as tables:
            return (place, *(tables.execute("SELECT max(snapshot_id) FROM ducklake_snapshot") if tables else ()))
    for name in ("catalog.sqlite", "catalog.sqlite-wal"):
        with suppress(FileNotFoundError):
            stat = (place.root / name).stat()
            found += [name, stat.st_mtime_ns, stat.st_size]
    return tuple(found)


def finished(videos: int) -> Moment:
    """Whether so many videos of the unfinished batch are decoded."""
    return lambda place: len(list(place.decoded.glob("*/*/decoded.json"))) >= videos


def decoding(place: Place) -> bool:
    """Whether a decode has begun to write."""
    return any(place.decoded.rglob("*"))


MOMENTS = {
    "the footage is noted": made("source_files"),
    "a decode has begun": decoding,
    "the first of three videos is decoded": finished(1),
    "the decode is committed": made("frame_signals"),
    "the clips are committed": made("clips"),
}


def kill_at(moment: Moment, place: Place, footage: Path) -> None:
    """Start ``video-assets curate`` and kill it with all its workers as soon as the moment has come."""
    running = place.start("curate", str(footage))
    try:
        while running.poll() is None and not moment(place):
            with_patience(running)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
    printed, _ = running.communicate()
    assert running.returncode == -signal.SIGKILL, printed


def with_patience(running: subprocess.Popen[str]) -> None:
    """Give the processor away for a hundredth of a second, or until the process has ended."""
    try:
        running.wait(0.01)
    except subprocess.TimeoutExpired:
        return


def costs(place: Place) -> dict[str, float]:
    """The CPU seconds of every decode that was finished and not yet committed: no two decodes cost the same."""
    found = {p.parent.name: json.loads(p.read_text()) for p in place.decoded.glob("*/*/decoded.json")}
    return {video: summary["compute_seconds"] for video, summary in found.items()}


def assert_there_to_be_taken_up(place: Place) -> None:
    """Nothing of the decode is committed, and that the run is lost is seen, once: the next takes up what it finished."""
    assert costs(place)
    assert place.lake().query("SELECT count(*) FROM decoded_videos").item() == 0
    # Looked at in a copy, so that the next run has to see it too.
    shutil.copytree(place.home, place.folder / "copy" / "dagster_home")
    with Place(place.folder / "copy").instance() as instance:
        lost, *before = [run.status for run in instance.get_runs()]
        assert lost is dg.DagsterRunStatus.STARTED
        assert set(before) <= {dg.DagsterRunStatus.FAILURE}
        assert end_lost_runs(instance) == 1
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.FAILURE}
        assert end_lost_runs(instance) == 0


@both_ends
def test_a_run_that_is_killed_five_times_and_run_again_equals_an_undisturbed_one(
    curated_few: Place, few_files: Path, stored: Place
) -> None:
    place = stored
    decoded_before: dict[str, float] = {}
    for name, moment in MOMENTS.items():
        kill_at(moment, place, few_files)
        assert moment(place), name
        if name == "the first of three videos is decoded":
            assert_there_to_be_taken_up(place)
        decoded_before |= costs(place)
    assert decoded_before
    place.run("curate", str(few_files))
    lake = place.lake()
    assert_same(stable(lake), stable(curated_few.lake()))

    # What was decoded before a kill was not decoded again.
    now = dict(lake.query("SELECT video_id, compute_seconds FROM decoded_videos").iter_rows())
    assert {video: now[video] for video in decoded_before} == decoded_before

    # Nothing waits for the runs that were killed.
    with place.instance() as instance:
        last, *before = [run.status for run in instance.get_runs()]
    assert last is dg.DagsterRunStatus.SUCCESS
    assert set(before) <= {dg.DagsterRunStatus.FAILURE}
