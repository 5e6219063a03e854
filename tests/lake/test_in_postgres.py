"""A catalog in PostgreSQL: who may not in and why, locks, lost connections, and a password that nobody is told."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import Timeout
from pydantic import ValidationError

from tests.commands import answer, refusal
from tests.conftest import forget_settings
from tests.lake.rows import commit_shots, counts
from tests.place import Place
from tests.servers.postgres import PASSWORD, USER, Postgres
from video_assets.lake import catalog
from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake
from video_assets.lake.move import move
from video_assets.lake.sweep import sweep
from video_assets.review.asking import SHOWN
from video_assets.review.server import Review
from video_assets.settings import LakeSettings, Settings

SECRET = "hunter2"


@pytest.fixture(scope="module")
def way() -> str:
    return "postgres-disk"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://curator:{SECRET}@db/lake",
        f"postgres://curator:{SECRET}@db/lake",
        "postgresql://curator:@db/lake",
        f"postgresql://db/lake?user=curator&password={SECRET}",
        f"postgresql://db/lake?pass%77ord={SECRET}",
        f"postgresql://db/lake?sslmode=verify-full&sslpassword={SECRET}",
        f"postgresql://[db/lake?password={SECRET}",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(
    address: str, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError) as refused:
        LakeSettings(catalog=address)
    assert SECRET not in str(refused.value)
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"lake": {"catalog": address}})
    assert SECRET not in str(refused.value)
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__CATALOG", address)
    forget_settings()
    said = refusal("settings")
    assert SECRET not in said
    if "[" not in address:
        assert "VIDEO_ASSETS_LAKE__CATALOG: lake.catalog has a password in it" in said
        assert "PGPASSWORD, ~/.pgpass or a service file (PGSERVICE)" in " ".join(said.split())


@pytest.mark.parametrize(
    "address",
    ["postgresql://curator@db:5432/lake?sslmode=require", "postgresql:///?service=lake", "postgresql://a,b/lake"],
)
def test_an_address_without_a_password_is_taken(address: str) -> None:
    assert LakeSettings(catalog=address).in_postgres


def lake_in(address: str, tmp_path: Path) -> Lake:
    return Lake(Settings(lake=LakeSettings(root=str(tmp_path / "lake"), catalog=address)))


def test_a_database_that_is_not_there_is_named_with_what_to_do(postgres: Postgres, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r'says: database "nowhere" does not exist. Make it, with createdb'):
        lake_in(postgres.url("nowhere"), tmp_path).cursor()


def test_a_database_without_a_lake_says_how_to_make_one(postgres: Postgres, tmp_path: Path) -> None:
    address = postgres.database()
    with pytest.raises(
        FileNotFoundError, match=r"There is no lake at postgresql://.* run 'video-assets curate FOLDER'"
    ):
        Lake.existing(lake_in(address, tmp_path).settings)
    with pytest.raises(FileNotFoundError, match="There is no lake at"):
        catalog.connect(lake_in(address, tmp_path).settings.lake, None, read_only=True)


@pytest.mark.parametrize("password", [SECRET, None])
def test_whoever_is_not_let_in_is_told_where_the_password_comes_from(
    password: str | None, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD")
    if password:
        monkeypatch.setenv("PGPASSWORD", password)
    with pytest.raises(
        PermissionError, match=r"lets nobody in: .* Give the password by PGPASSWORD, ~/.pgpass"
    ) as refused:
        lake_in(postgres.url("postgres"), tmp_path).cursor()
    assert SECRET not in str(refused.value)


def test_a_server_that_is_down_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "postgresql://curator@127.0.0.1:1/lake"
    with pytest.raises(
        ConnectionError, match=r"does not answer: .*Connection refused.* Start it, or mend lake.catalog"
    ):
        backend(LakeSettings(catalog=address)).is_there()


def test_a_service_that_nobody_defined_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"definition of service .nobodys. not found"):
        backend(LakeSettings(catalog="postgresql:///?service=nobodys")).is_there()


def test_a_service_file_and_a_password_file_lead_there(
    stored: Place, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_shots(stored.lake(), "a", 3)
    services, passwords = tmp_path / "services", tmp_path / "passwords"
    name = str(stored.store.catalog).rpartition("/")[2]
    services.write_text(f"[lake]\nhost=127.0.0.1\nport={postgres.port}\nuser={USER}\ndbname={name}\n")
    passwords.write_text(f"127.0.0.1:{postgres.port}:*:{USER}:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    lake = Lake(Settings(lake=LakeSettings(root=str(stored.root), catalog="postgresql:///?service=lake")))
    assert commit_shots(lake, "a", 4) > 0
    assert counts(lake, "shots", "a") == {"a": ("1", 4)}


def test_a_lock_is_had_by_one_and_others_wait_or_are_told_whose_it_is(stored: Place) -> None:
    places = stored.lake().settings.lake
    at_once = places.model_copy(update={"lock_timeout_s": 0.05})

    def wait() -> str:
        with catalog.commit_lock(places):
            return "had it"

    with ThreadPoolExecutor() as pool:
        with catalog.commit_lock(places):
            with pytest.raises(Timeout, match="the lock 'commit' of postgresql://"), catalog.commit_lock(at_once):
                pass
            with catalog.lock(at_once, "duplicates"):
                pass
            waiting = pool.submit(wait)
            assert not waiting.done()
        assert waiting.result() == "had it"


def test_a_lock_goes_with_the_process_that_had_it(stored: Place) -> None:
    hold = (
        "import os, sys; from video_assets.lake import catalog; from video_assets.settings import LakeSettings\n"
        "with catalog.commit_lock(LakeSettings(catalog=sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", hold, str(stored.store.catalog)], check=False)
    assert done.returncode == -9
    with catalog.commit_lock(stored.lake().settings.lake):
        pass


def cut_off(postgres: Postgres, place: Place) -> None:
    """End every connection to a place's database."""
    name = str(place.store.catalog).rpartition("/")[2]
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def test_a_lake_whose_connections_were_cut_is_asked_and_written_again(stored: Place, postgres: Postgres) -> None:
    lake = stored.lake()
    commit_shots(lake, "a", 3)
    cut_off(postgres, stored)
    assert counts(lake, "shots", "a") == {"a": ("1", 3)}
    cut_off(postgres, stored)
    commit_shots(lake, "a", 4, "2")
    assert counts(lake, "shots", "a") == {"a": ("2", 4)}


def test_a_commit_whose_lock_was_cut_off_is_a_commit_and_other_work_is_told(stored: Place, postgres: Postgres) -> None:
    lake = stored.lake()
    with catalog.commit_lock(lake.settings.lake):
        cut_off(postgres, stored)
    with pytest.raises(ConnectionError, match="stopped answering"), lake.lock("duplicates"):
        cut_off(postgres, stored)


def test_a_reader_attaches_while_somebody_commits_and_holds_nobody_up(stored: Place) -> None:
    lake = stored.lake()
    commit_shots(lake, "a", 3)
    with catalog.commit_lock(lake.settings.lake), catalog.connect(lake.settings.lake, None, read_only=True) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM shots").fetchall() == [(3,)]
        quick = stored.store.settings(stored.root).model_copy(update={"lock_timeout_s": 0.05})
    with catalog.connect(lake.settings.lake, None, read_only=True) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM shots").fetchall() == [(3,)]
        assert commit_shots(Lake(lake.settings.model_copy(update={"lake": quick})), "a", 4, "2") > 0
        assert reader.execute("SELECT count(*) FROM shots").fetchall() == [(3,)]


@pytest.fixture
def everything_said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    yield said
    printed = capfd.readouterr()
    assert PASSWORD not in "\n".join([*said, caplog.text, printed.out, printed.err])


def test_the_password_stands_in_no_error_statement_log_or_row(
    stored_here: Place, postgres: Postgres, everything_said: list[str]
) -> None:
    lake = stored_here.lake()
    commit_shots(lake, "a", 3)
    printed = answer("sql", "--attach")
    assert f"'ducklake:postgres:{stored_here.store.catalog}'" in printed
    everything_said += [printed, answer("settings"), answer("sql", "SELECT path FROM duckdb_databases()")]
    everything_said.append(str(lake.query("FROM duckdb_settings()").rows()))
    for wrong in ("SELECT 1 / nothing", "FROM __ducklake_metadata_lake.nothing", "DELETE FROM shots"):
        everything_said.append(refusal("sql", wrong))
    name = str(stored_here.store.catalog).rpartition("/")[2]
    postgres.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS FALSE")
    cut_off(postgres, stored_here)
    everything_said.append(refusal("sql", "FROM shots"))
    with pytest.raises(Exception) as failed:  # noqa: PT011 - whatever it is
        lake._reader.execute("FROM shots")
    everything_said.append(repr(failed.value))


def test_a_plain_shell_opens_it_by_the_printed_statements_and_cannot_write(stored_here: Place) -> None:
    import duckdb

    commit_shots(stored_here.lake(), "a", 3)
    statements = answer("sql", "--attach")
    with duckdb.connect() as shell:
        shell.execute(statements)
        assert shell.execute("SELECT count(*) FROM shots").fetchall() == [(3,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            shell.execute("DELETE FROM shots")


INDEXES = "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'video_assets%'"


def test_what_is_asked_at_every_commit_has_an_index(stored: Place, place: Place, postgres: Postgres) -> None:
    assert postgres.execute(INDEXES, str(stored.store.catalog).rpartition("/")[2]) == [(4,)]
    place.quick_lake()
    address = postgres.database()
    move(place.lake().settings.lake, address)
    assert postgres.execute(INDEXES, address.rpartition("/")[2]) == [(4,)]


def test_versions_are_forgotten_and_their_files_go(stored: Place) -> None:
    lake = stored.lake()
    for version in ("1", "2"):
        commit_shots(lake, "a", 5, version)
    later = datetime.now(UTC) + timedelta(days=2)
    assert len(sweep(lake, "v", later, older_than=timedelta(days=1)).replaced) == 1
    assert len(lake.files.listed("data/shots")) == 1
    assert counts(lake, "shots", "a") == {"a": ("2", 5)}


def test_the_review_page_follows_a_lake_whose_catalog_is_there(stored: Place) -> None:
    lake = stored.lake()
    review = Review(lake, {}, "ann")
    before = lake.query("SELECT count(*) FROM clip_sheet").item()
    for more in (1, 2):
        with lake.cursor() as cursor:
            cursor.execute(
                "INSERT INTO clip_sheet (batch, clip_id, video_id) VALUES ('b', $id, 'v')", {"id": f"{more:032}"}
            )
        assert review.copies.renew()
        assert not review.copies.renew()
        with review.asking.look() as asked:
            assert asked.one(f"SELECT count(*) AS n FROM {SHOWN}") == {"n": before + more}
    review.asking.close()
