"""The sensor new_footage: complete files become batches and runs, each content once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from tests.conftest import forget_settings
from tests.footage import misbehaving
from tests.place import Place
from tests.servers.stored import each_way
from video_assets.assets.batched import PLANNED
from video_assets.measure import tasks
from video_assets.resources import resources
from video_assets.sensors import new_footage

LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


class Watch:
    """A watched folder, an instance in memory and the ticks of the sensor."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.instance = instance
        self._patch = patch
        self.cursor: str | None = None
        # A file is at rest when two looks saw the same; these are about one look, unless they say otherwise.
        self.set(footage__watch=[{"uri": str(folder)}], footage__settle_seconds=0, footage__batch_wait_seconds=0)

    def set(self, **settings: object) -> None:
        for name, value in settings.items():
            self._patch.setenv(f"VIDEO_ASSETS_{name.upper()}", value if isinstance(value, str) else json.dumps(value))
        forget_settings()

    def drop(self, name: str, content: str | None = None, seconds: float = 0) -> Path:
        """A file of long ago; its content is its name unless told otherwise."""
        path = self.folder / name
        path.write_text(content or name)
        os.utime(path, (LONG_AGO + seconds,) * 2)
        return path

    def tick(self, *, lost: bool = False) -> dg.SensorResult:
        """One tick; what comes out of a lost one never reaches the instance."""
        with dg.build_sensor_context(instance=self.instance, cursor=self.cursor, resources=resources()) as context:
            result = new_footage(context)
        assert isinstance(result, dg.SensorResult)
        if not lost:
            self.cursor = result.cursor
            for request in result.dynamic_partitions_requests or ():
                self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        return result


@pytest.fixture
def watch(stored_here: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    folder = stored_here.folder / "incoming"
    folder.mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(folder, instance, monkeypatch)


def keys(result: dg.SensorResult) -> Sequence[str]:
    """The batches that a tick asks a run for."""
    requests = result.run_requests or []
    assert [r.run_key for r in requests] == [r.partition_key for r in requests]
    assert all(PLANNED in r.tags for r in requests)
    return [str(r.partition_key) for r in requests]


def said(result: dg.SensorResult) -> str:
    assert not result.run_requests
    assert isinstance(result.skip_reason, dg.SkipReason)
    return str(result.skip_reason.skip_message)


def files(place: Place) -> dict[str, list[str]]:
    """Batch: the names of its files."""
    found: dict[str, list[str]] = {}
    for batch, uri in place.lake().query("SELECT batch, uri FROM source_files ORDER BY ALL").iter_rows():
        found.setdefault(batch, []).append(Path(uri).name)
    return found


@each_way
def test_complete_files_become_a_batch_with_a_partition_and_a_run_of_its_name(watch: Watch, stored_here: Place) -> None:
    watch.drop("a.mp4")
    watch.drop("b.mov")
    watch.drop("notes.txt")
    (batch,) = keys(watch.tick())
    assert files(stored_here) == {batch: ["a.mp4", "b.mov"]}
    assert watch.instance.get_dynamic_partitions("batch") == [batch]


def test_nothing_new_is_skipped_with_the_reason(watch: Watch) -> None:
    assert said(watch.tick()) == f"Watching {watch.folder}. no footage."
    watch.drop("a.mp4")
    assert len(keys(watch.tick())) == 1
    assert said(watch.tick()) == f"Watching {watch.folder}. 1 known."


def test_a_file_that_was_written_just_now_is_left_with_the_reason(watch: Watch) -> None:
    watch.set(footage__settle_seconds=10)
    watch.drop("a.mp4", "half of it")
    assert said(watch.tick()).endswith("1 still being written.")


def test_what_cannot_be_taken_in_is_said_at_every_tick_also_at_those_that_do_not_try_it(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.drop("bad surprise.mp4")
    monkeypatch.setattr(tasks, "identify", misbehaving.look)
    monkeypatch.setattr(tasks, "hash_alone", misbehaving.read)
    first = said(watch.tick())
    assert "1 that could not be taken in." in first
    assert f"{watch.folder}/bad surprise.mp4 could not be taken in (unexpected_error): TypeError" in first
    monkeypatch.setattr(tasks, "identify", misbehaving.deletes)  # would be noticed
    assert said(watch.tick()) == first
    assert (watch.folder / "bad surprise.mp4").exists()


@each_way
def test_files_are_grouped_by_the_cap(watch: Watch, stored_here: Place) -> None:
    watch.set(footage__batch_videos=2)
    for number in range(5):
        watch.drop(f"{number}.mp4", seconds=number)
    batches = keys(watch.tick())
    assert len(batches) == 3
    assert sorted(files(stored_here).values()) == [["0.mp4", "1.mp4"], ["2.mp4", "3.mp4"], ["4.mp4"]]
    assert set(batches) == set(files(stored_here))


def test_an_unfilled_batch_waits_for_more_files_with_the_reason(watch: Watch) -> None:
    watch.set(footage__settle_seconds=0, footage__batch_wait_seconds=3600)
    (watch.folder / "a.mp4").write_text("whole")
    assert said(watch.tick()).endswith("1 waiting for a fuller batch.")
    assert watch.cursor
    assert "a.mp4" in watch.cursor


@each_way
def test_the_same_content_is_never_taken_twice(watch: Watch, stored_here: Place) -> None:
    watch.drop("a.mp4", "film")
    assert len(keys(watch.tick())) == 1
    watch.drop("copy.mp4", "film")
    assert said(watch.tick()).endswith("1 known in a new place, 1 known.")
    (watch.folder / "a.mp4").rename(watch.folder / "moved.mp4")
    assert said(watch.tick()).endswith("1 known in a new place, 1 known.")
    assert len(files(stored_here)) == 1


def test_a_restart_goes_on_where_the_cursor_says(watch: Watch) -> None:
    watch.set(footage__settle_seconds=0, footage__batch_wait_seconds=3600)
    (watch.folder / "a.mp4").write_text("whole")
    watch.tick()
    before = watch.cursor
    forget_settings()
    assert said(watch.tick()).endswith("1 waiting for a fuller batch.")
    assert watch.cursor == before


@each_way
def test_a_lost_cursor_takes_nothing_in_again(watch: Watch, stored_here: Place) -> None:
    watch.drop("a.mp4")
    (batch,) = keys(watch.tick())
    watch.cursor = None
    assert said(watch.tick()).endswith("1 known.")
    assert list(files(stored_here)) == [batch]


def test_a_lost_lake_and_cursor_give_the_same_batch_again(watch: Watch, stored_here: Place) -> None:
    for name in ("b.mp4", "a.mp4"):
        watch.drop(name)
    first = keys(watch.tick(lost=True))
    stored_here.root.rename(stored_here.folder / "lost lake")
    forget_settings()
    assert keys(watch.tick()) == first


@each_way
def test_what_a_tick_that_was_killed_had_noted_is_asked_for_by_the_next(watch: Watch, stored_here: Place) -> None:
    watch.drop("a.mp4")
    first = keys(watch.tick(lost=True))
    assert list(files(stored_here)) == first
    assert keys(watch.tick()) == first
    assert said(watch.tick()).endswith("1 known.")


def test_a_batch_that_the_command_line_took_in_is_not_run_again(watch: Watch) -> None:
    watch.drop("a.mp4")
    batches = keys(watch.tick(lost=True))
    watch.instance.add_dynamic_partitions("batch", list(batches))
    assert said(watch.tick()).endswith("1 known.")


def test_segments_of_a_stream_become_a_batch_for_each_window_that_has_passed(watch: Watch, stored_here: Place) -> None:
    watch.set(footage__watch=[{"uri": str(watch.folder), "window_seconds": 60}], footage__batch_videos=2)
    for seconds in (0, 10, 20, 50, 60, 110):
        watch.drop(f"{seconds:03}.ts", seconds=seconds)
    assert len(keys(watch.tick())) == 2
    assert sorted(files(stored_here).values()) == [["000.ts", "010.ts", "020.ts", "050.ts"], ["060.ts", "110.ts"]]


def test_segments_of_the_window_that_is_not_over_wait_with_the_reason(watch: Watch) -> None:
    week = 7 * 24 * 3600
    watch.set(footage__watch=[{"uri": str(watch.folder), "window_seconds": week}], footage__settle_seconds=0)
    (watch.folder / "now.ts").write_text("segment")
    assert said(watch.tick()).endswith("1 waiting for a fuller batch.")


def test_a_folder_that_is_not_there_is_named_with_what_to_do(watch: Watch) -> None:
    watch.drop("a.mp4")
    gone = str(watch.folder / "gone")
    watch.set(footage__watch=[{"uri": gone}, {"uri": str(watch.folder)}])
    assert len(keys(watch.tick())) == 1
    assert f"{gone} could not be listed (No such file or directory); check that it exists" in said(watch.tick())


def test_the_folder_of_the_defaults_is_made_and_one_that_somebody_named_never_is(
    watch: Watch, stored_here: Place
) -> None:
    gone = stored_here.folder / "gone"
    watch.set(footage__watch=[{"uri": str(gone)}])
    assert f"{gone} could not be listed" in said(watch.tick())
    assert not gone.exists()
    watch.folder.rmdir()
    watch.set(footage__watch=[{"uri": "incoming"}])
    assert said(watch.tick()) == "Watching incoming. no footage."
    assert watch.folder.is_dir()


def test_nothing_to_watch_is_said_with_what_to_do(watch: Watch) -> None:
    watch.set(footage__watch=[])
    assert said(watch.tick()).startswith("Watching nothing: list folders under [[footage.watch]] in video_assets.toml.")


def test_the_sensor_runs_from_the_start() -> None:
    assert new_footage.default_status is dg.DefaultSensorStatus.RUNNING
    assert new_footage.job_name == "curate_batch"
