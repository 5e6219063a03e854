"""The sensor on an S3 prefix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.place import Place
from tests.s3.conftest import Server
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
