"""The lake in a notebook: read-only, in UTC, with the macros; and in a shell the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import video_assets
from tests.conftest import forget_settings
from tests.lake.rows import commit_shots
from tests.place import Place


@pytest.fixture
def lake(here: Place) -> Place:
    commit_shots(here.quick_lake(), "a", 3)
    return here


def test_the_lake_of_the_settings_is_opened_read_only_and_in_utc(lake: Place) -> None:
    with video_assets.connect() as connection:
        assert connection.sql("SELECT count(*) FROM shots").fetchone() == (3,)
        assert connection.sql("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("DELETE FROM shots")


def test_whoever_has_the_lake_open_loads_no_extension_without_a_signature(lake: Place) -> None:
    for connection in (video_assets.connect(), lake.lake().cursor()):
        with connection:
            assert connection.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone() == (False,)
            with pytest.raises(duckdb.Error, match="Cannot change allow_unsigned_extensions"):
                connection.execute("SET allow_unsigned_extensions = true")


def test_the_macros_are_there(lake: Place) -> None:
    with video_assets.connect() as connection:
        share = connection.sql("SELECT luck('0e942c5f', 7), aspect_bucket(16 / 9)").fetchone()
    assert share is not None
    assert 0 <= share[0] < 1
    assert share[1] == "16:9"


def test_another_lake_is_named_by_its_folder_whatever_the_settings_say(
    lake: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__CATALOG", str(tmp_path / "elsewhere.sqlite"))
    forget_settings()
    with video_assets.connect(str(lake.root)) as connection:
        assert connection.sql("SELECT count(*) FROM shots").fetchone() == (3,)
    with pytest.raises(FileNotFoundError, match="There is no lake at"):
        video_assets.connect(str(tmp_path / "nowhere"))


def test_the_package_itself_loads_nothing() -> None:
    code = "import sys, video_assets; print(sorted({'duckdb', 'polars', 'pydantic', 'dagster'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_the_printed_statements_and_the_command_know_the_macros_too(lake: Place) -> None:
    statements = lake.run("sql", "--attach")
    with duckdb.connect() as shell:
        shell.execute(statements)
        assert shell.sql("SELECT aspect_bucket(1)").fetchone() == ("1:1",)
    assert lake.run("sql", "--csv", "SELECT aspect_bucket(1) AS bucket").splitlines() == ["bucket", "1:1"]
