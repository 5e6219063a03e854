"""The sensor on an S3 prefix."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest

from tests.place import Place
from tests.s3.conftest import Server
from video_assets.footage.tick import Cursor
from video_assets.resources import resources
from video_assets.sensors import new_footage

CLIP = "passenger_qcif_coarse.mp4"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def watching(here: Place, server: Server, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make this process watch the bucket's ``incoming/``."""
    watch = f'[{{"uri": "{server.uri("incoming")}"}}]'
    chosen = server.environment() | {"FOOTAGE__WATCH": watch, "FOOTAGE__BATCH_WAIT_SECONDS": "0"}
    for name, value in chosen.items():
        monkeypatch.setenv(f"VIDEO_ASSETS_{name}", value)
    return here


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    """One look by the sensor, after which the daemon's part is done: its partitions exist."""
    with dg.build_sensor_context(instance, cursor=cursor, resources=resources()) as context:
        result = new_footage(context)
    assert isinstance(result, dg.SensorResult)
    for request in result.dynamic_partitions_requests or ():
        assert isinstance(request, dg.AddDynamicPartitionsRequest)
        instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
    return result


def test_the_sensor_takes_objects_in_once_and_a_copy_or_a_restart_makes_no_new_run(
    watching: Place, server: Server, instance: dg.DagsterInstance, few_files: Path
) -> None:
    empty = tick(instance)
    assert empty.skip_reason is not None
    assert server.uri("incoming") in str(empty.skip_reason.skip_message)
    assert "no footage" in str(empty.skip_reason.skip_message)

    server.upload(few_files / CLIP, f"incoming/{CLIP}")
    server.upload(few_files / "empty.mp4", "incoming/empty.mp4")
    first = tick(instance, empty.cursor)
    (request,) = first.run_requests or ()
    assert request.partition_key == request.run_key
    assert instance.get_dynamic_partitions("batch") == [request.partition_key]
    rows = watching.lake().query("SELECT uri, batch FROM source_files ORDER BY uri").rows()
    assert rows == [(server.uri(f"incoming/{name}"), request.partition_key) for name in ("empty.mp4", CLIP)]

    server.upload(few_files / CLIP, "incoming/again/renamed.mp4")
    copied = tick(instance, first.cursor)
    assert copied.run_requests in (None, [])
    assert "1 known in a new place" in str(copied.skip_reason and copied.skip_reason.skip_message)

    restarted = tick(instance, None)
    assert restarted.run_requests in (None, [])
    assert "3 known." in str(restarted.skip_reason and restarted.skip_reason.skip_message)


def test_a_prefix_of_more_keys_than_a_tick_lists_is_gone_through_in_slices(
    watching: Place,
    server: Server,
    instance: dg.DagsterInstance,
    few_files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_FOOTAGE__S3_KEYS_PER_TICK", "1000")
    monkeypatch.setenv("VIDEO_ASSETS_FOOTAGE__WATCH", f'[{{"uri": "{server.uri("sliced")}"}}]')
    note = tmp_path / "note.txt"
    note.write_text("no footage")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: server.upload(note, f"sliced/notes/{n:05}.txt"), range(1_200)))
    rights = tmp_path / "clip.json"
    rights.write_text('{"licence": "CC-BY-4.0"}')
    server.upload(few_files / CLIP, "sliced/zoo/clip.mp4")
    server.upload(rights, "sliced/zoo/clip.json")

    def ticks(cursor: str | None, until: int, most: int) -> str | None:
        """Ticks until the ledger has so many places."""
        for _ in range(most):
            cursor = tick(instance, cursor).cursor
            if watching.lake().query("SELECT count(*) FROM source_files").item() == until:
                return cursor
        raise AssertionError(f"{most} ticks have not found it.")

    cursor = ticks(None, 1, 4)
    assert watching.lake().query("SELECT licence FROM source_files").item() == "CC-BY-4.0"
    server.upload(few_files / "empty.mp4", "sliced/zzz/after.mp4")
    cursor = ticks(cursor, 2, 1)
    server.upload(few_files / "bunny_720p.mp4", "sliced/a/late.mp4")
    assert Cursor.parse(ticks(cursor, 3, 5)).prefixes[server.uri("sliced")].large
