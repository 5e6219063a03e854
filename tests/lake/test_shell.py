"""The printed statements open the lake, read-only, in a plain DuckDB shell."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lake.rows import commit_shots, snapshots
from tests.place import Place
from video_assets.cli import main
from video_assets.lake.lake import Lake
from video_assets.settings import LakeSettings, Settings


def shell(statements: str, *queries: str) -> subprocess.CompletedProcess[str]:
    """What a plain shell answers to them; it knows nothing of this project."""
    program = shutil.which("duckdb", path=str(Path(sys.executable).parent)) or shutil.which("duckdb")
    assert program, "duckdb-cli of the dev extra is not installed."
    command = [program, "-csv", "-noheader", "-init", "/dev/null", "-c", "\n".join([statements, *queries])]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a lake with five shots, that no test of this module changes."""
    place = Place(tmp_path_factory.mktemp("shell"))
    commit_shots(place.quick_lake(), "a", 5)
    return place


@pytest.fixture(scope="module")
def statements(place: Place) -> str:
    return place.run("sql", "--attach")


def test_a_plain_shell_reads_tables_and_views(statements: str) -> None:
    answer = shell(statements, "SELECT batch, count(*) FROM shots GROUP BY batch;", "SELECT count(*) FROM clip_sheet;")
    assert (answer.stdout.split(), answer.stderr) == (["a,5", "0"], "")


@pytest.mark.parametrize(
    "write",
    ["DELETE FROM shots;", "INSERT INTO shots SELECT * FROM shots;", "DROP TABLE clips;", "CREATE TABLE x (a INT);"],
)
def test_a_plain_shell_cannot_write(statements: str, place: Place, write: str) -> None:
    before = snapshots(place.lake())
    answer = shell(statements, write)
    assert answer.returncode != 0
    assert "read-only" in answer.stderr
    assert snapshots(place.lake()) == before


def test_a_path_with_a_quote_is_no_trap(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    root = str(here.folder / "director's cut")
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", root)
    commit_shots(Lake(Settings(lake=LakeSettings(root=root))), "a", 3)
    printed = CliRunner().invoke(main, ["sql", "--attach"], catch_exceptions=False).output
    assert shell(printed, "SELECT count(*) FROM shots;").stdout.split() == ["3"]


def test_the_command_answers_a_query_and_a_file_of_one(
    place: Place, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here.folder / "question.sql").write_text("SELECT batch, count(*) AS shots FROM shots GROUP BY batch")
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(place.root))
    for question in ("SELECT batch, count(*) AS shots FROM shots GROUP BY batch", str(here.folder / "question.sql")):
        answer = CliRunner().invoke(main, ["sql", "--csv", question], catch_exceptions=False)
        assert answer.output == "batch,shots\na,5\n"


def test_the_command_cannot_write(place: Place, here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(place.root))
    refused = CliRunner().invoke(main, ["sql", "DELETE FROM shots"])
    assert refused.exit_code == 1
    assert "read-only" in refused.output
    assert place.lake().query("SELECT count(*) FROM shots").item() == 5
