"""What goes wrong between us and S3 is tried again or a row with a reason; nothing is torn, and no key is told anybody."""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl
import pytest

from tests.place import Place, look
from tests.s3.conftest import KEYS, Server
from tests.s3.faulty import FAULTS, Asked, Fault, FaultyWay, faulty
from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.step import Step
from video_assets.lake.files import DataFiles
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.s3 import open_s3
from video_assets.lake.schemas import RAW_VIDEOS, SHOTS
from video_assets.measurements import measurements
from video_assets.media.containers import MediaError
from video_assets.media.fetch import local_copy
from video_assets.reasons import Reason
from video_assets.settings import LakeSettings, S3Settings, Settings, WatchedFolder, WorkerSettings

NAME = "passenger_qcif_coarse.mp4"
TOKEN = "a-token-of-a-session"
REPEATED = " ".join((*KEYS.values(), TOKEN))
"""What a bad server repeats in its messages."""
PASSING = [fault for fault in FAULTS if fault != "expired"]
WORKERS = WorkerSettings(attempts=1, processes=1)


def first_of_each(fault: str, *methods: str) -> Fault:
    """That goes wrong with the first request for the bytes of each object."""
    return lambda asked: fault if asked.of_object and asked.method in methods and asked.number == 1 else None


def url(server: Server) -> str:
    return str(server.settings.endpoint_url)


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_another_request_and_no_byte(
    server: Server, few_files: Path, tmp_path: Path, fault: str
) -> None:
    uri = server.upload(few_files / NAME, f"passing/{NAME}")
    with faulty(url(server), first_of_each(fault, "GET")) as way, local_copy(uri, patient(way), tmp_path) as path:
        assert path.read_bytes() == (few_files / NAME).read_bytes()
    assert way.faults == {fault: 1}
    # A slow body is whole, and is not asked for again.
    assert way.gets("passing/") == {f"passing/{NAME}": 1 if fault == "slow body" else 2}
    assert list(tmp_path.iterdir()) == []


def patient(way: FaultyWay, attempts: int = 3) -> S3Settings:
    """Settings under which a silent server is given up after a second."""
    return way.settings(attempts=attempts, silent_seconds=1.0)


LASTING = {
    "503": "ServiceUnavailable", "slow down": "SlowDown", "expired": "ExpiredToken", "reset": "", "partial": "", "silent": "",
}  # fmt: skip


def always(fault: str) -> Fault:
    return lambda asked: fault if asked.of_object else None


@pytest.mark.parametrize("fault", LASTING)
def test_a_fault_that_lasts_is_a_passing_failure_in_the_servers_words_less_the_keys(
    server: Server, few_files: Path, tmp_path: Path, fault: str
) -> None:
    uri = server.upload(few_files / NAME, f"lasting/{NAME}")
    with faulty(url(server), always(fault), keys=" ".join(KEYS.values())) as way:  # noqa: SIM117
        with pytest.raises(MediaError) as caught, local_copy(uri, patient(way, 2), tmp_path):
            pass
    assert caught.value.reason is Reason.READ_ERROR
    assert LASTING[fault] in caught.value.message
    assert [key for key in KEYS.values() if key in caught.value.message] == []
    assert ("<secret key>" in caught.value.message) == (fault == "expired")
    assert list(tmp_path.iterdir()) == []


def test_expired_keys_are_a_row_that_the_next_run_tries_again_and_no_key_is_logged(
    server: Server, few_files: Path, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.upload(few_files / NAME, f"expired/{NAME}")
    lake = place.quick_lake(s3=server.settings, workers=WORKERS)
    (batch,) = look(lake, WatchedFolder(uri=server.uri("expired"))).batches
    step = Step(lake, measurements(lake.settings, {}))
    with monkeypatch.context() as patch, caplog.at_level(logging.INFO):
        patch.setenv("AWS_SESSION_TOKEN", TOKEN)
        with faulty(url(server), always("expired"), keys=REPEATED) as way:
            worse = Lake(lake.settings.model_copy(update={"s3": patient(way, 2)}))
            made = take_in_videos(Step(worse, step.order), batch)
    assert (made.rows, made.failures) == (1, 1)
    (row,) = lake.read(RAW_VIDEOS).iter_rows(named=True)
    assert Reason(row["reason"]) is Reason.READ_ERROR
    assert "ExpiredToken" in row["message"]
    assert "<token>" in row["message"]
    assert [key for key in REPEATED.split() if key in f"{row['message']} {caplog.text}"] == []
    # A token that is good again, and the next run takes the video in.
    assert take_in_videos(step, batch).failures == 0


@pytest.mark.parametrize("fault", ["503", "slow down", "reset", "silent"])
def test_a_write_that_is_disturbed_is_whole_or_not_there(server: Server, tmp_path: Path, fault: str) -> None:
    # In parts: of more than 8 MiB.
    content = bytes(range(256)) * 40_000
    name = fault.replace(" ", "-")
    for often, key in ((1, f"written/{name}-once"), (99, f"written/{name}-always")):
        local = tmp_path / "local"
        local.write_bytes(content)

        def wrong(asked: Asked, often: int = often) -> str | None:
            return fault if asked.method == "PUT" and asked.number <= often else None

        with faulty(url(server), wrong) as way:
            files = DataFiles(server.uri(""), tmp_path, open_s3(patient(way)))
            if often == 1:
                files.publish(local, server.uri(key))
            else:
                with pytest.raises(Exception, match=r"Failed to upload|Could not connect|onnection|timeout"):
                    files.publish(local, server.uri(key))
        assert way.faults[fault] >= 1
        listed = server.access.client.list_objects_v2(Bucket=server.bucket, Prefix=key).get("Contents", [])
        assert [o["Size"] for o in listed] == ([len(content)] if often == 1 else [])


def test_a_commit_whose_file_cannot_be_written_leaves_the_batch_as_it_was(server: Server, tmp_path: Path) -> None:
    where = LakeSettings(root=server.uri("torn"), catalog=str(tmp_path / "catalog.sqlite"), scratch=tmp_path / "work")
    lake = Lake(Settings(lake=where, s3=server.settings))
    rows = SHOTS.frame(pl.DataFrame({"shot_id": ["a", "b"], "video_id": ["v", "v"]}), batch="one", version="1")
    lake.commit([Replacement(SHOTS, ["one"], rows)], [], message="good")
    before = lake.files.listed("data/shots")
    with faulty(url(server), lambda asked: "503" if asked.method == "PUT" else None) as way:
        worse = Lake(Settings(lake=where, s3=patient(way, 2)))
        with pytest.raises(Exception, match="ServiceUnavailable"):
            worse.commit([Replacement(SHOTS, ["one"], rows.head(1))], [], message="bad")
    assert lake.read(SHOTS).height == 2
    assert lake.files.listed("data/shots") == before


def test_each_video_of_a_batch_is_fetched_once_from_taking_it_in_to_its_decode(
    server: Server, few_files: Path, place: Place
) -> None:
    for name in (NAME, "bunny_720p.mp4"):
        server.upload(few_files / name, f"once/{name}")
    with faulty(url(server)) as way:
        lake = place.quick_lake(s3=way.settings(), workers=WorkerSettings(processes=2))
        (batch,) = look(lake, WatchedFolder(uri=server.uri("once"))).batches
        step = Step(lake, measurements(lake.settings, {}))
        take_in_videos(step, batch)
        decode_videos(step, batch)
        assert way.gets("once/") == {f"once/{name}": 1 for name in (NAME, "bunny_720p.mp4")}

        # Without room for them, each is fetched each time.
        none = lake.settings.model_copy(update={"s3": way.settings(spool_gib=0)})
        before = dict(way.gets("once/"))
        for _ in range(2):
            rows = lake.read(RAW_VIDEOS)
            for uri, content in rows.select("uri", "content").iter_rows():
                with local_copy(uri, none.s3, none.lake.scratch_path, content) as path:
                    assert path.stat().st_size > 0
        assert way.gets("once/") == {key: n + 2 for key, n in before.items()}
    assert lake.query("SELECT count(*), count(reason) FROM decoded_videos").row(0) == (2, 0)
