"""Files of tiers and draws in the project's folder and in one's own: what can be used, and what is wrong with the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.curate.conftest import SQL, write_tier
from tests.place import Place
from video_assets.curate.sql_files import DRAW, TIER, SqlFiles, fingerprint, questions, read_files, states_of
from video_assets.settings import Settings

CHILD = "(SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = '{0}' AND v.clip_id = clip_sheet.clip_id) AS by_parent"


@pytest.fixture
def own(here: Place) -> Path:
    """Give the folder of one's own SQL in the working directory."""
    folder = here.folder / "sql"
    (folder / "tiers" / "lab").mkdir(parents=True)
    return folder


def refused(files: SqlFiles) -> list[tuple[str, int, str]]:
    return [(error.name, error.line, error.what) for error in files.refused]


@pytest.mark.parametrize(
    ("rules", "line", "what"),
    [
        ("fps > 24 AS fast,\n    sharpnes > 3 AS clear", 4, 'Referenced column "sharpnes" not found'),
        ("fps > 24 AS fast,\n    sharpness AS clear", 4, "The rule clear is DOUBLE and not BOOLEAN."),
        ("fps > 24 AS fast,\n    NULL AS later", 4, "The rule later is"),
        ("laplace(fps) > 24 AS fast", 3, "laplace does not exist"),
        ("max(fps) > 24 AS fast", 2, "must appear in the GROUP BY clause"),
        ("clip_sheet.frames.much > 3 AS odd", 3, "Binder Error"),
        ("codec + 1 > 3 AS odd", 3, "No function matches"),
        ("fps > DATE '2020-01-01' AS recent", 3, "Cannot compare"),
        ("fps > 24 AS fast,\n    acquired_at::DATE > DATE 'last summer' AS recent", 4, "fails on every clip"),
    ],
)
def test_a_tier_that_duckdb_would_refuse_is_refused_when_it_is_read(
    own: Path, rules: str, line: int, what: str
) -> None:
    write_tier(own / "tiers", "lab/bad", rules)
    write_tier(own / "tiers", "lab/good", "fps > 24 AS fast")
    files = read_files(Settings())
    ((name, found, said),) = refused(files)
    assert (name, found) == ("lab/bad", line)
    assert what in said
    assert {"lab/good", "movie_gen/low_resolution"} <= set(files.tiers)
    assert "lab/bad" not in files.tiers


@pytest.mark.parametrize(
    ("columns", "line", "what"),
    [
        ("1 AS chance,\n    orientatio AS part", 4, 'Referenced column "orientatio" not found'),
        ("concept_chanc(concept_weight, 100) AS chance", 3, "concept_chanc does not exist"),
        ("1 AS chance,\n    'yes' AS wanted", 4, "The column wanted is VARCHAR and not BOOLEAN."),
        ("orientation AS chance", 3, "The column chance is VARCHAR and not a number."),
    ],
)
def test_a_draw_that_duckdb_would_refuse_is_refused_when_it_is_read(
    own: Path, columns: str, line: int, what: str
) -> None:
    write_tier(own / "tiers", "lab/good", "fps > 24 AS fast")
    write_tier(own / "draws", "lab/good", columns)
    files = read_files(Settings())
    ((name, found, said),) = refused(files)
    assert (name, found) == ("lab/good", line)
    assert what in said
    assert "lab/good" in files.tiers
    assert list(files.draws) == ["movie_gen/augmented_high_resolution", "movie_gen/low_resolution"]


def test_the_columns_of_a_draw_may_be_of_any_number_or_unknown(own: Path) -> None:
    write_tier(own / "tiers", "lab/good", "fps > 24 AS fast")
    columns = "0.5 AS chance,\n    3 AS most_per_source,\n    NULL AS most_per_bucket,\n    fps > 30 AS wanted"
    write_tier(own / "draws", "lab/good", columns)
    assert read_files(Settings()).refused == ()


def test_what_hangs_on_a_refused_tier_says_whose_fault_it_is(own: Path) -> None:
    bad = write_tier(own / "tiers", "lab/bad", "sharpnes > 3 AS clear")
    for name, parent in (("lab/child", "lab/bad"), ("lab/grandchild", "lab/child")):
        write_tier(own / "tiers", name, CHILD.format(parent), f"-- parent: {parent}\n")
    write_tier(own / "draws", "lab/bad", "1 AS chance")
    files = read_files(Settings())
    assert [error.name for error in files.refused_tiers] == ["lab/bad", "lab/child", "lab/grandchild"]
    for error in (*files.refused_tiers[1:], *files.refused_draws):
        assert f'Mend {bad}:3 first: DuckDB refuses the tier: Binder Error: Referenced column "sharpnes"' in str(error)
    assert files.refused_draws[0].what == "The tier lab/bad, from which it draws, was refused."


def test_macros_that_duckdb_refuses_are_every_draws_fault(here: Place) -> None:
    whole = here.folder / "all"
    shutil.copytree(SQL, whole)
    (whole / "macros.sql").write_text("CREATE TEMP MACRO luck(clip_id, seed) AS 1;\n\nCREATE TEMP MICRO two() AS 2;\n")
    files = read_files(Settings(sql_dir=whole))
    assert len(files.tiers) == 13
    assert [(e.path.name, e.line) for e in files.refused_draws] == [("macros.sql", 3)] * 2


def test_ones_own_tiers_draws_and_questions_stand_beside_the_projects(own: Path) -> None:
    write_tier(own / "tiers", "lab/steady", "fps > 24 AS fast")
    write_tier(own / "tiers", "lab/child", CHILD.format("hunyuan_video/256p"), "-- parent: hunyuan_video/256p\n")
    write_tier(own / "draws", "hunyuan_video/256p", "concept_chance(concept_weight, 100) AS chance")
    (own / "explore").mkdir()
    (own / "explore" / "how_fast.sql").write_text("SELECT max(fps) FROM clip_sheet")
    files = read_files(Settings())
    assert files.refused == ()
    assert len(files.tiers) == 15
    assert len(files.draws) == 3
    found, errors = questions(Settings())
    assert errors == []
    assert found["how_fast"].path == own / "explore" / "how_fast.sql"
    assert "hours_per_tier" in found


def test_a_name_that_the_project_has_is_refused_and_the_projects_stands(own: Path) -> None:
    write_tier(own / "tiers", "goku/480p", "fps > 24 AS fast")
    write_tier(own / "draws", "movie_gen/low_resolution", "1 AS chance")
    (own / "explore").mkdir()
    (own / "explore" / "hours_per_tier.sql").write_text("SELECT 1")
    files = read_files(Settings())
    assert files.tiers["goku/480p"].path == SQL / "tiers/goku/480p.sql"
    assert [(e.path.name, e.what) for e in files.refused] == [
        ("480p.sql", f"There is a goku/480p already: {SQL}/tiers/goku/480p.sql."),
        (
            "low_resolution.sql",
            f"There is a movie_gen/low_resolution already: {SQL}/draws/movie_gen/low_resolution.sql.",
        ),
    ]
    found, (error,) = questions(Settings())
    assert found["hours_per_tier"].path == SQL / "explore/hours_per_tier.sql"
    assert str(error).endswith("Give one of the two another name.")
    # The lake notes the file that is used.
    states = {(s.kind, s.tier): s.state for s in states_of(files)}
    assert states[TIER, "goku/480p"] == states[DRAW, "movie_gen/low_resolution"] == "used"


def test_ones_own_folder_is_sql_in_the_working_directory_or_the_one_that_is_named(here: Place) -> None:
    assert Settings().own_sql_folder is None
    other = here.folder / "other"
    with pytest.raises(FileNotFoundError, match=r"own_sql names .*other, which is no folder"):
        read_files(Settings(own_sql=other))
    write_tier(other / "tiers", "lab/named", "fps > 24 AS fast")
    assert "lab/named" in read_files(Settings(own_sql=other)).tiers
    write_tier(here.folder / "sql" / "tiers", "lab/usual", "fps > 24 AS fast")
    assert "lab/usual" in read_files(Settings()).tiers
    # A copy of the whole folder is no folder of one's own: every name in it would be there twice.
    (here.folder / "sql" / "views").mkdir()
    assert Settings().own_sql_folder is None


def test_a_changed_file_is_read_anew_and_an_unchanged_one_is_not(own: Path) -> None:
    write_tier(own / "tiers", "lab/a", "fps > 24 AS fast")
    first, before = read_files(Settings()), fingerprint(Settings())
    assert read_files(Settings()) is first
    write_tier(own / "tiers", "lab/a", "fps > 25 AS fast")
    assert fingerprint(Settings()) != before
    assert read_files(Settings()).tiers["lab/a"].version != first.tiers["lab/a"].version
    (own / "tiers" / "lab" / "a.sql").unlink()
    assert "lab/a" not in read_files(Settings()).tiers


def test_a_file_that_cannot_be_read_or_has_no_tiers_name_is_refused_like_any_other(own: Path) -> None:
    write_tier(own / "tiers", "loose", "fps > 24 AS fast")
    (own / "tiers" / "lab" / "nowhere.sql").symlink_to(own / "gone.sql")
    (own / "tiers" / "lab" / "latin.sql").write_bytes("SELECT 'Café'".encode("latin-1"))
    assert {(e.name, e.line) for e in read_files(Settings()).refused} == {
        ("lab/latin", 1),
        ("lab/nowhere", 1),
        ("loose", 1),
    }
