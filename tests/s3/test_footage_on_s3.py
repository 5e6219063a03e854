"""Footage from an S3 prefix: the same rows as from a folder, though connections fail, and no batch stops for what cannot be reached."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest

from tests.media.video_files import CARPHONE
from tests.place import FEW, Place, look
from tests.rights.signed import assertion, sign
from tests.s3.conftest import Server
from tests.s3.unreliable import unreliable
from tests.tables import TABLES
from video_assets.batches.footage import take_in_videos
from video_assets.batches.rights import read_rights_signals
from video_assets.batches.step import Step
from video_assets.footage.ingest import take_stock
from video_assets.footage.tick import Cursor
from video_assets.lake.lake import Lake
from video_assets.lake.plan import Measurement
from video_assets.lake.schemas import (
    CAPTION_FINDINGS,
    FAILED_ATTEMPTS,
    FLOW_FRAMES,
    MATERIALIZATIONS,
    NEAR_DUPLICATES,
    RAW_VIDEOS,
    RELEASE_CLIPS,
    RELEASE_FILES,
    RELEASES,
    REVIEWS,
    RIGHTS_SIGNALS,
    SOURCE_FILES,
    TAKEDOWNS,
    TOMBSTONE_CLIPS,
    TOMBSTONES,
    TRAINING_CLIPS,
    TRAINING_READS,
    TRAINING_RUNS,
    TRAINING_SKIPS,
    Table,
)
from video_assets.media.containers import MediaError
from video_assets.media.fetch import local_copy
from video_assets.media.identity import video_id
from video_assets.reasons import Reason
from video_assets.scorers.flow import FLOW_SCORES
from video_assets.scorers.laion import LAION_SCORES
from video_assets.settings import LakeSettings, S3Settings, Settings, WatchedFolder, WorkerSettings

# The run over unreliable connections waits often, and belongs to the first test.
pytestmark = pytest.mark.timeout(1200)
# What S3 footage may differ in: the place, when it got there, and the key by which it is known before it is hashed.
PLACES: dict[Table, tuple[str, ...]] = {SOURCE_FILES: ("uri", "content", "modified_at"), RAW_VIDEOS: ("content",)}
# Nothing in the few files is like another, the embedded profile has neither LAION's heads nor RAFT, and nothing is released.
EMPTY = (
    FAILED_ATTEMPTS, LAION_SCORES.table, NEAR_DUPLICATES, FLOW_FRAMES, FLOW_SCORES.table, CAPTION_FINDINGS, RELEASES,
    RELEASE_CLIPS, RELEASE_FILES, TRAINING_RUNS, TRAINING_READS, TRAINING_SKIPS, TRAINING_CLIPS, TAKEDOWNS, TOMBSTONES,
    TOMBSTONE_CLIPS, REVIEWS,
)  # fmt: skip
KNOWN_BY_PLACE = ("source_files", "raw_videos", "clip_sheet")


@pytest.fixture(scope="module")
def on_s3(server: Server, few_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give the place where a command curated footage on S3 into a lake on S3, on a way that now and then fails."""
    for file in few_files.iterdir():
        server.upload(file, f"footage/{file.name}")
    place = Place(tmp_path_factory.mktemp("curated-on-s3"))
    with unreliable(str(server.settings.endpoint_url)) as way:
        curate(place, Server(S3Settings(endpoint_url=way.url, path_style=True), server.bucket))
    assert min(way.faults[fault] for fault in ("reset", "cut", "hangs")) > 0
    return place


def curate(place: Place, server: Server) -> str:
    return place.run("curate", server.uri("footage"), LAKE__ROOT=server.uri("lake"), **server.environment())


@pytest.fixture(scope="module")
def remote(on_s3: Place, server: Server) -> Lake:
    """Give the lake on S3."""
    folder = on_s3.folder
    where = LakeSettings(
        root=server.uri("lake"), catalog=str(folder / "lake-catalog.sqlite"), scratch=folder / "lake-work"
    )
    return Lake(Settings(lake=where, s3=server.settings))


@pytest.fixture(scope="module")
def local(curated_few: Place) -> Lake:
    """Give the lake of the same footage in a folder."""
    return curated_few.lake()


def comparable(lake: Lake, table: Table) -> pl.DataFrame:
    apart = ("batch", *PLACES.get(table, ()))
    rows = lake.read(table).select(pl.exclude(*apart).exclude([c.name for c in table.columns if c.volatile]))
    return rows.sort(pl.all()) if table in PLACES else rows


def test_every_table_has_the_same_rows_as_when_the_footage_and_the_lake_are_local(remote: Lake, local: Lake) -> None:
    different: dict[str, object] = {}
    # One test, so that the server and the run over it are one worker's.
    for table in TABLES.values():
        if table == MATERIALIZATIONS:
            continue
        found, expected = comparable(remote, table), comparable(local, table)
        assert (found.height, found.height == 0) == (expected.height, table in EMPTY), table.name
        columns = [c for c in expected.columns if not found[c].equals(expected[c])]
        different |= {f"{table.name}.{c}": (found[c].to_list(), expected[c].to_list()) for c in columns}
    assert different == {}


def test_the_ledger_has_the_same_entries_and_content_as_the_local_run(remote: Lake, local: Lake) -> None:
    def entries(lake: Lake) -> dict[str, tuple[object, ...]]:
        return {
            asset: (e["version"], e["rows"], e["failures"], None if asset in KNOWN_BY_PLACE else e["data_version"])
            for (asset, batch), e in lake.made().items()
            if batch
        }

    assert entries(remote) == entries(local)


def test_rights_are_read_from_sidecars_beside_the_objects(remote: Lake) -> None:
    rows = remote.read(RAW_VIDEOS)
    stated = dict(rows.select("file_name", "rights_from").iter_rows())
    assert stated == {name: "unknown" if name == "empty.mp4" else "sidecar" for name in FEW}


def test_downloads_are_removed_when_they_were_read(on_s3: Place) -> None:
    assert list((on_s3.folder / "lake-work").rglob(".tmp-*")) == []


def test_a_second_run_and_a_copy_under_another_key_make_no_new_work(on_s3: Place, server: Server, remote: Lake) -> None:
    before = remote.made()
    copied = {"Bucket": server.bucket, "Key": f"footage/{FEW[0]}"}
    server.access.client.copy_object(CopySource=copied, Bucket=server.bucket, Key="footage/again/renamed.mp4")
    printed = curate(on_s3, server)
    assert "1 known in a new place" in printed
    assert "Nothing is due" in printed
    places = remote.query("SELECT uri FROM source_files WHERE content = (SELECT content FROM source_files WHERE uri = ?)", [server.uri("footage/again/renamed.mp4")])  # fmt: skip
    assert sorted(places["uri"]) == [server.uri("footage/again/renamed.mp4"), server.uri(f"footage/{FEW[0]}")]
    made_at = {key: entry["made_at"] for key, entry in before.items() if key[0] != "source_files"}
    assert {key: entry["made_at"] for key, entry in remote.made().items() if key[0] != "source_files"} == made_at


# A local lake, so that these are about footage alone.


@pytest.fixture
def lake(server: Server, place: Place) -> Lake:
    return place.quick_lake(s3=server.settings, workers=WorkerSettings(attempts=2, processes=2))


ORDER = {"raw_videos": Measurement("raw_videos", RAW_VIDEOS, "1", ("source_files",), "video")}


def take_in(lake: Lake, uri: str) -> tuple[str, ...]:
    """Note what is new at an address; returns its batches."""
    return look(lake, WatchedFolder(uri=uri)).batches


def test_a_missing_object_is_a_row_with_a_reason_and_the_batch_goes_on(
    lake: Lake, server: Server, few_files: Path
) -> None:
    for name in ("empty.mp4", "passenger_qcif_coarse.mp4"):
        server.upload(few_files / name, f"missing/{name}")
    (batch,) = take_in(lake, server.uri("missing"))
    server.access.client.delete_object(Bucket=server.bucket, Key="missing/passenger_qcif_coarse.mp4")
    made = take_in_videos(Step(lake, ORDER), batch)
    assert (made.rows, made.failures) == (2, 2)
    reasons = dict(lake.read(RAW_VIDEOS).select("file_name", "reason").iter_rows())
    assert reasons == {"empty.mp4": "empty_file", "passenger_qcif_coarse.mp4": "source_missing"}

    server.upload(few_files / "passenger_qcif_coarse.mp4", "missing/passenger_qcif_coarse.mp4")
    take_in_videos(Step(lake, ORDER), batch)
    good = lake.read(RAW_VIDEOS).filter(pl.col("reason").is_null())
    assert good["file_name"].to_list() == ["passenger_qcif_coarse.mp4"]


def test_an_object_that_is_replaced_by_one_of_the_same_size_is_new_content_and_the_old_one_is_never_given_its_bytes(
    lake: Lake, server: Server, few_files: Path
) -> None:
    first = (few_files / "passenger_qcif_coarse.mp4").read_bytes()
    second = first[:-1] + bytes([first[-1] ^ 1])
    key = {"Bucket": server.bucket, "Key": "replaced/a.mp4"}
    server.access.client.put_object(**key, Body=first)
    (old,) = take_in(lake, server.uri("replaced"))
    server.access.client.put_object(**key, Body=second)
    # As within one second: a listing's times are whole seconds.
    with lake.cursor() as cursor:
        moment = server.access.client.head_object(**key)["LastModified"]
        cursor.execute("UPDATE source_files SET modified_at = ?", [moment])
    (new,) = take_in(lake, server.uri("replaced"))
    assert take_in(lake, server.uri("replaced")) == ()
    for batch in (old, new):
        take_in_videos(Step(lake, ORDER), batch)
    rows = lake.query("SELECT batch, reason, sha256 IS NOT NULL FROM raw_videos").rows()
    assert sorted(rows) == sorted([(old, "content_changed", False), (new, None, True)])
    places = lake.query("SELECT batch, current FROM source_files").rows()
    assert sorted(places) == sorted([(old, False), (new, True)])


def test_equal_bytes_under_another_entity_tag_are_set_aside_as_a_copy(
    lake: Lake, server: Server, few_files: Path
) -> None:
    path = few_files / "passenger_qcif_coarse.mp4"
    server.upload(path, "first/a.mp4")
    key = {"Bucket": server.bucket, "Key": "second/b.mp4"}
    upload = key | {"UploadId": server.access.client.create_multipart_upload(**key)["UploadId"]}
    part = server.access.client.upload_part(**upload, PartNumber=1, Body=path.read_bytes())
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    server.access.client.complete_multipart_upload(**upload, MultipartUpload=parts)
    (first,), (second,) = (take_in(lake, server.uri(prefix)) for prefix in ("first", "second"))
    for batch in (first, second):
        take_in_videos(Step(lake, ORDER), batch)
    rows = lake.read(RAW_VIDEOS).sort("file_name")
    assert rows["video_id"].n_unique() == 1
    assert rows.select("batch", "reason", "message").rows() == [
        (first, None, None),
        (second, "duplicate_content", f"Held by batch {first}"),
    ]


def test_a_missing_key_and_a_missing_bucket_are_told_from_a_server_that_cannot_be_reached(
    server: Server, tmp_path: Path
) -> None:
    with no_server() as unreachable:
        cases = {
            server.uri("nothing/here.mp4"): (server.settings, Reason.SOURCE_MISSING),
            "s3://no-such-bucket/here.mp4": (server.settings, Reason.SOURCE_MISSING),
            server.uri("footage/any.mp4"): (unreachable, Reason.READ_ERROR),
        }
        for uri, (settings, reason) in cases.items():
            with pytest.raises(MediaError) as caught, local_copy(uri, settings, tmp_path):
                pass
            assert caught.value.reason is reason, uri
    assert list(tmp_path.iterdir()) == []


@contextmanager
def no_server() -> Iterator[S3Settings]:
    """An address that is taken, so that nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield S3Settings(endpoint_url=f"http://127.0.0.1:{taken.getsockname()[1]}", path_style=True)


class BreaksOff(BaseHTTPRequestHandler):
    """A server whose connections break in the middle of an object."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.send_header("ETag", '"0f"')
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(b"only the beginning")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_a_download_that_breaks_off_is_a_passing_failure_and_leaves_no_file(server: Server, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BreaksOff) as breaking:
        Thread(target=breaking.serve_forever).start()
        settings = S3Settings(endpoint_url=f"http://127.0.0.1:{breaking.server_port}", path_style=True)
        with pytest.raises(MediaError) as caught, local_copy("s3://films/clip.mp4", settings, tmp_path):
            pass
        breaking.shutdown()
    assert caught.value.reason is Reason.READ_ERROR
    assert list(tmp_path.iterdir()) == []


def test_what_an_object_says_of_training_is_read_of_the_copy_that_was_fetched_to_take_it_in(
    lake: Lake, server: Server, tmp_path: Path
) -> None:
    refused = sign(CARPHONE, tmp_path / "refused.mp4", assertion(ai_generative_training="notAllowed"))
    server.upload(refused, "signed/clip.mp4")
    (batch,) = take_in(lake, server.uri("signed"))
    signals = Measurement("rights_signals", RIGHTS_SIGNALS, "1", ("raw_videos",), "video")
    step = Step(lake, ORDER | {"rights_signals": signals})
    take_in_videos(step, batch)
    assert read_rights_signals(step, batch).failures == 0
    (row,) = lake.read(RIGHTS_SIGNALS, [batch]).iter_rows(named=True)
    assert (row["state"], row["value"]) == ("read", "notAllowed")
    # Both found it in the spool.
    kept = [path.name for path in lake.settings.lake.scratch_path.rglob("*") if path.is_file()]
    assert [name for name in kept if not name.endswith(".lock")] == ["clip.mp4"]


def test_a_server_that_cannot_be_reached_fails_its_videos_for_a_passing_reason_and_no_batch_stops(
    lake: Lake, server: Server, few_files: Path, tmp_path: Path
) -> None:
    server.upload(few_files / "passenger_qcif_coarse.mp4", "unreached/clip.mp4")
    (batch,) = take_in(lake, server.uri("unreached"))
    with no_server() as unreachable:
        workers = WorkerSettings(attempts=1, processes=1)
        elsewhere = Lake(lake.settings.model_copy(update={"s3": unreachable, "workers": workers}))
        made = take_in_videos(Step(elsewhere, ORDER), batch)
    assert (made.rows, made.failures) == (1, 1)
    (row,) = lake.read(RAW_VIDEOS).iter_rows(named=True)
    assert Reason(row["reason"]) is Reason.READ_ERROR
    assert Reason(row["reason"]).transient
    assert (row["width"], row["sha256"]) == (None, None)
    assert take_in_videos(Step(lake, ORDER), batch).failures == 0


def test_a_prefix_that_cannot_be_listed_is_a_problem_in_words_and_takes_nothing_in(server: Server, lake: Lake) -> None:
    stock = take_stock(lake, [WatchedFolder(uri="s3://no-such-bucket/x")], Cursor(), datetime.now(UTC))
    assert stock.batches == ()
    assert "check the bucket, the endpoint and the keys" in stock.summary


def test_a_local_file_and_an_object_of_equal_bytes_are_one_video(
    lake: Lake, server: Server, few_files: Path, tmp_path: Path
) -> None:
    name = "passenger_qcif_coarse.mp4"
    (tmp_path / "local").mkdir()
    shutil.copy(few_files / name, tmp_path / "local")
    server.upload(few_files / name, "same/clip.mp4")
    (local,), (remote,) = take_in(lake, str(tmp_path / "local")), take_in(lake, server.uri("same"))
    for batch in (local, remote):
        take_in_videos(Step(lake, ORDER), batch)
    rows = lake.read(RAW_VIDEOS)
    assert rows["sha256"].n_unique() == 1
    assert set(rows["video_id"]) == {video_id(rows["sha256"][0])}
    assert dict(rows.select("batch", "reason").iter_rows()) == {local: None, remote: "duplicate_content"}


@pytest.mark.parametrize("name", ["a clip.mp4", "雨" * 80 + ".mp4", "query?a=1&b=#2%20.mp4"])
def test_a_download_keeps_its_name_as_far_as_a_file_system_takes_it(
    server: Server, few_files: Path, tmp_path: Path, name: str
) -> None:
    uri = server.upload(few_files / "passenger_qcif_coarse.mp4", f"names/{name}")
    with local_copy(uri, server.settings, tmp_path) as path:
        assert name.endswith(path.name)
        assert path.read_bytes() == (few_files / "passenger_qcif_coarse.mp4").read_bytes()
    assert list(tmp_path.iterdir()) == []
