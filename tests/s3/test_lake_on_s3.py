"""Tables on an S3 server: the same lake, and its keys are never shown."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lake.rows import commit_shots, counts, shots
from tests.place import Place
from tests.s3.conftest import KEYS, Server
from video_assets.lake import catalog
from video_assets.lake.lake import Lake
from video_assets.lake.pages import Picture, picture_file, store
from video_assets.lake.schemas import SHOTS
from video_assets.lake.sweep import sweep
from video_assets.settings import LakeSettings, Settings


@pytest.fixture(scope="module")
def lake(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("lake-on-s3")
    place = LakeSettings(
        root=server.uri("lake"), catalog=str(folder / "lake-catalog.sqlite"), scratch=folder / "lake-work"
    )
    return Lake(Settings(lake=place, s3=server.settings))


@pytest.fixture(scope="module")
def place(lake: Lake) -> Place:
    """Give the place where commands find this lake."""
    return Place(lake.settings.lake.catalog_path.parent)


def objects(server: Server, prefix: str) -> set[str]:
    found = server.access.client.list_objects_v2(Bucket=server.bucket, Prefix=prefix)
    return {entry["Key"] for entry in found.get("Contents", ())}


def test_a_commit_writes_one_object_and_leaves_the_older_one_readable(lake: Lake, server: Server) -> None:
    first, second = commit_shots(lake, "a", 5, "1"), commit_shots(lake, "a", 3, "2")
    assert lake.read(SHOTS, ["a"]).equals(shots("a", 3, "2"))
    assert counts(lake, "shots", "a", at=first) == {"a": ("1", 5)}
    assert counts(lake, "shots", "a", at=second) == {"a": ("2", 3)}
    assert len(objects(server, "lake/data/shots/batch=a/")) == 2


def test_nothing_stays_in_scratch_space_and_no_ledger_files_appear(lake: Lake, server: Server) -> None:
    commit_shots(lake, "b", 5)
    store(lake, "clips", {"b": {"lengths": Picture(b"b", "svg", "One.")}})
    assert list(lake.settings.lake.scratch_path.iterdir()) == []
    assert objects(server, "lake/data/main/") == set()


def test_another_process_reads_it_read_only(lake: Lake) -> None:
    commit_shots(lake, "c", 4)
    with catalog.connect(lake.settings.lake, lake.access, read_only=True) as reader:
        assert reader.execute("SELECT sum(start_frame) FROM shots WHERE batch = 'c'").fetchall() == [(60,)]


def test_sweeping_removes_replaced_and_orphaned_objects(lake: Lake, server: Server) -> None:
    commit_shots(lake, "swept", 5, "1")
    commit_shots(lake, "swept", 3, "2")
    server.access.client.put_object(Bucket=server.bucket, Key="lake/data/shots/orphan.parquet", Body=b"x")
    later = datetime.now(UTC) + timedelta(days=2)
    swept = sweep(lake, "v", later, older_than=timedelta(days=1))
    assert swept.orphans == (server.uri("lake/data/shots/orphan.parquet"),)
    assert len(objects(server, "lake/data/shots/batch=swept/")) == 1
    assert "lake/data/shots/orphan.parquet" not in objects(server, "lake/data/shots/")
    assert lake.read(SHOTS, ["swept"]).equals(shots("swept", 3, "2"))


def test_a_picture_is_one_object_that_is_fetched_anew_and_swept_when_no_page_shows_it(
    lake: Lake, server: Server
) -> None:
    one, other = Picture(b"one", "svg", "One."), Picture(b"other", "jpg", "Another.")
    path = store(lake, "clips", {"pictured": {"lengths": one, "sheet": other}})["pictured"]["lengths"]
    assert len(objects(server, "lake/pages/clips/batch=pictured/")) == 2
    parts = path.split("/")[1:]
    found = picture_file(lake.files, parts)
    assert found
    assert found.read_bytes() == b"one"
    store(lake, "clips", {"pictured": {"sheet": other}})
    later = datetime.now(UTC) + timedelta(days=2)
    assert sweep(lake, "v", later, older_than=timedelta(days=1)).pictures == (path,)
    assert objects(server, "lake/pages/clips/batch=pictured/") == {f"lake/{other.path('clips', 'pictured')}"}
    assert picture_file(lake.files, parts) is None
    assert not found.exists()


def shell(*statements: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("duckdb", path=str(Path(sys.executable).parent)) or shutil.which("duckdb")
    assert program, "duckdb-cli of the dev extra is not installed."
    command = [program, "-csv", "-noheader", "-init", "/dev/null", "-c", "\n".join(statements)]
    without = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=without | environment)


def attach_statements(place: Place, server: Server) -> str:
    return place.run("sql", "--attach", LAKE__ROOT=server.uri("lake"), **server.environment())


def test_the_printed_statements_hold_no_keys_and_a_shell_that_has_them_reads(
    lake: Lake, place: Place, server: Server
) -> None:
    commit_shots(lake, "d", 4)
    printed = attach_statements(place, server)
    assert [key for key in KEYS.values() if key in printed] == []
    count = "SELECT count(*), sum(start_frame) FROM shots WHERE batch = 'd';"
    assert shell(printed, count, **KEYS).stdout == "4,60\n"


def test_a_shell_without_keys_is_refused(lake: Lake, place: Place, server: Server) -> None:
    commit_shots(lake, "e", 4)
    refused = shell(attach_statements(place, server), "SELECT sum(start_frame) FROM shots WHERE batch = 'e';")
    assert refused.returncode != 0
    assert "403" in refused.stderr


def test_a_shell_cannot_write(lake: Lake, place: Place, server: Server) -> None:
    commit_shots(lake, "f", 4)
    refused = shell(attach_statements(place, server), "DELETE FROM shots;", **KEYS)
    assert "read-only" in refused.stderr
    assert counts(lake, "shots", "f") == {"f": ("1", 4)}


def test_the_command_answers_a_query(lake: Lake, place: Place, server: Server) -> None:
    commit_shots(lake, "g", 4)
    query = "SELECT sum(start_frame) AS frames FROM shots WHERE batch = 'g'"
    assert place.run("sql", "--csv", query, LAKE__ROOT=server.uri("lake"), **server.environment()) == "frames\n60\n"


def test_the_shell_that_the_command_opens_gets_the_keys_by_its_environment(
    lake: Lake, place: Place, server: Server
) -> None:
    commit_shots(lake, "h", 4)
    started = subprocess.run(
        [sys.executable, "-c", "from video_assets.cli import main; main()", "sql"],
        input=".mode csv\nSELECT sum(start_frame) AS frames FROM shots WHERE batch = 'h';\n",
        env=place.environment(LAKE__ROOT=server.uri("lake"), **server.environment()),
        cwd=place.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "60" in started.stdout, started.stderr


def test_without_keys_the_error_says_which_to_set(
    lake: Lake, place: Place, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_shots(lake, "i", 1)
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    started = place.start("sql", "SELECT 1", LAKE__ROOT=server.uri("lake"), **server.environment())
    printed, _ = started.communicate()
    assert started.returncode == 1
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in " ".join(printed.split())
