"""The command line: answers, and errors that are sentences."""

from __future__ import annotations

import csv
import io
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from tests.conftest import forget_settings
from tests.place import Place
from video_assets import cli
from video_assets.settings import Settings

EXPLORE = sorted((Settings().sql_folder / "explore").glob("*.sql"))


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, list(arguments))


def answer(*arguments: str) -> str:
    result = ask(*arguments)
    assert result.exit_code == 0, result.output
    return str(result.output)


def refusal(*arguments: str) -> str:
    """The one sentence of an error; no traceback."""
    result = ask(*arguments)
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return str(result.output).removeprefix("Error: ").strip()


def rows(printed: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed)))


@pytest.fixture
def there(curated: Place, here: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make this process ask the lake of the demo footage."""
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(curated.root))
    forget_settings()
    return curated


def test_a_folder_that_is_not_there_is_named(here: Place) -> None:
    assert refusal("curate", "nowhere") == "nowhere is not a folder; give one that holds videos."
    assert not here.root.exists()


def test_a_file_is_not_a_folder(here: Place) -> None:
    (here.folder / "film.mp4").touch()
    assert refusal("curate", "film.mp4") == "film.mp4 is not a folder; give one that holds videos."


@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("sql",),
        ("sql", "SELECT 1"),
        ("funnel", "a/b"),
        ("what-if", "a/b", "--set", "c=TRUE"),
        ("mix", "a/b"),
        ("coverage", "a/b"),
        ("why", "x"),
        ("sweep",),
    ],
)
def test_a_lake_that_is_not_there_is_not_made_by_asking(here: Place, command: tuple[str, ...]) -> None:
    said = refusal(*command)
    assert said.startswith(f"There is no lake at {here.root / 'catalog.sqlite'}; run 'video-assets curate FOLDER'")
    assert not here.root.exists()


def test_a_query_that_is_wrong_is_answered_with_what_is_wrong(there: Place) -> None:
    assert "Table with name clip_shet does not exist" in refusal("sql", "FROM clip_shet")
    assert "syntax error" in refusal("sql", "SELEC 1")


def test_nobody_writes_through_sql(there: Place) -> None:
    assert "read-only" in refusal("sql", "DELETE FROM clips")
    assert rows(answer("sql", "--csv", "SELECT count(*) AS n FROM clips")) == [{"n": "22"}]


def test_a_query_is_answered_as_a_table_or_as_csv(there: Place) -> None:
    query = "SELECT file_name, duration_s FROM clip_sheet WHERE file_name LIKE 'three_shots_cuts%' ORDER BY start_s"
    assert rows(answer("sql", "--csv", query)) == [
        {"file_name": "three_shots_cuts.mp4", "duration_s": seconds} for seconds in ("5.4", "6.76", "4.68")
    ]
    printed = answer("sql", query)
    assert printed.count("three_shots_cuts.mp4") == 3
    assert "duration_s" in printed


@pytest.mark.parametrize("file", EXPLORE, ids=lambda f: f.stem)
def test_every_ready_question_has_an_answer(there: Place, file: Path) -> None:
    # The demo's captions are by what was measured, and those are not audited; and it has no benchmark.
    without = {"caption_findings", "benchmarks", "contaminated"}
    assert (rows(answer("sql", "--csv", str(file))) == []) == (file.stem in without)


def test_the_ready_question_about_tiers_counts_every_clip_of_every_tier(there: Place) -> None:
    found = rows(answer("sql", "--csv", str(next(f for f in EXPLORE if f.stem == "hours_per_tier"))))
    assert sum(int(r["clips"]) for r in found) == 12 * 22


def test_a_file_that_is_not_there_is_not_taken_for_a_query(there: Place) -> None:
    assert "no_such_file.sql" in refusal("sql", "no_such_file.sql")


def test_the_statements_that_open_the_lake_work_in_any_shell(there: Place) -> None:
    import duckdb

    statements = answer("sql", "--attach")
    with duckdb.connect() as shell:
        shell.execute(statements)
        assert shell.execute("SELECT count(*) FROM clip_sheet").fetchall() == [(22,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            shell.execute("DELETE FROM clips")


def test_a_funnel_goes_from_all_clips_to_those_that_are_kept(there: Place) -> None:
    printed = answer("funnel", "movie_gen/low_resolution")
    lines = [[cell.strip() for cell in line.split("│")[1:3]] for line in printed.splitlines() if "│" in line]
    assert lines[0] == ["all clips", "22"]
    assert lines[-1] == ["no_duplicate", "6"]


def test_an_unknown_tier_is_answered_with_those_that_there_are(there: Place) -> None:
    said = refusal("funnel", "movie_gen/high")
    assert said.startswith("There is no tier movie_gen/high; there are ")
    assert "movie_gen/high_resolution" in said


def test_what_another_rule_would_gain_is_told_and_shown_and_changes_nothing(there: Place) -> None:
    before = answer("sql", "--csv", "SELECT count(*) FROM ducklake_snapshots('lake')")
    printed = answer("what-if", "hunyuan_video/256p", "--set", "no_duplicate = TRUE")
    rows = {cells[0]: cells[1:4] for cells in _cells(printed) if len(cells) == 9}
    assert rows["hunyuan_video/256p"] == ["7", "18", "11"]
    assert rows["hunyuan_video/720p"] == ["4", "7", "3"]
    page = Path("what-if.html").read_text()
    assert page.count("<img ") == 1
    assert "11 of 11 clips" in page
    assert answer("sql", "--csv", "SELECT count(*) FROM ducklake_snapshots('lake')") == before


def test_what_if_reads_an_edited_copy_and_says_what_it_lacks(there: Place) -> None:
    copy = Path("stricter.sql")
    tier = Settings().sql_folder / "tiers" / "hunyuan_video" / "720p.sql"
    copy.write_text(tier.read_text().replace("sharpness >= 60", "sharpness >= 1e9"))
    printed = answer("what-if", "hunyuan_video/720p", "--file", "stricter.sql", "--page", "strict.html")
    assert ["hunyuan_video/720p", "4", "0"] in [cells[:3] for cells in _cells(printed)]
    assert "strict.html" in printed
    assert "4 of 4 clips" in Path("strict.html").read_text()
    assert "The tier has no rule clearer." in refusal("what-if", "hunyuan_video/720p", "--set", "clearer=TRUE")
    assert "There is no tier hunyuan_video/8k" in refusal("what-if", "hunyuan_video/8k", "--set", "clear=TRUE")
    assert "Say what would be other" in ask("what-if", "hunyuan_video/720p").output
    assert "--set clear is not RULE='expression'" in ask("what-if", "hunyuan_video/720p", "--set", "clear").output


def test_the_coverage_of_a_tier_is_printed_and_written_with_plots_and_targets(there: Place) -> None:
    printed = answer("coverage", "movie_gen/low_resolution", "--page", "coverage.md")
    rows = {cells[0]: cells[1] for cells in _cells(printed) if len(cells) == 4}
    assert rows["landscape"] == "5"
    assert rows["portrait"] == "1"
    page = Path("coverage.md").read_text()
    assert page.startswith("# Movie Gen, low-resolution training set\n\n| clips | hours |")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "against its targets" in page
    assert "against its targets" not in answer("coverage", "hunyuan_video/256p")


def test_a_mix_says_what_each_part_reaches_and_what_limits_it(there: Place) -> None:
    rows = {cells[0]: cells[1:] for cells in _cells(answer("mix", "movie_gen/low_resolution"))}
    assert rows["landscape"][:5] == ["5", "5", "2", "0.6", "0.6667"]
    assert rows["portrait"][:5] == ["1", "1", "1", "0.4", "0.3333"]
    assert rows["portrait"][-1] == "all 1 available are drawn: there are no more"
    assert refusal("mix", "goku/480p").startswith(
        "There is no draw goku/480p; there are movie_gen/augmented_high_resol"
    )


def test_a_clip_is_told_the_rules_of_every_tier(there: Place) -> None:
    clip = there.lake().query("SELECT clip_id FROM clip_sheet WHERE file_name = 'slide_show.mp4'").item()
    printed = answer("why", clip)
    decided = dict(re.findall(r"^(\w+/\w+): dropped by (\w+)", printed, re.MULTILINE))
    assert len(decided) == 12
    assert (decided["movie_gen/low_resolution"], decided["hunyuan_video/256p"]) == ("not_static", "exposed")
    asked = [cells[1:] for cells in _cells(printed) if cells[1:2] == ["not_static"]]
    assert {tuple(cells[:3]) for cells in asked} >= {("not_static", "failed", "still_share <= 0.80")}
    assert all(cells[3].startswith("still_share = ") for cells in asked)
    assert "\nslide_show.mp4, 0.80 to 15.00 s. " in printed


def test_an_unknown_clip_is_answered_with_how_to_find_one(there: Place) -> None:
    said = refusal("why", "0000")
    assert said == "No tier has decided on 0000; SELECT clip_id FROM clips lists the clips."


def test_a_finished_lake_has_nothing_due(there: Place) -> None:
    assert answer("plan").startswith("Nothing is due: every batch is made")
    assert answer("plan", "--detail").startswith("Nothing is due")


def test_a_plan_says_what_would_run_and_why_and_runs_nothing(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_CLIPS__MAX_SECONDS", "12")
    forget_settings()
    printed = answer("plan")
    lines = {cells[0]: cells[1:] for cells in _cells(printed)}
    assert lines["clips"][0] == "stale"
    assert "is now" in printed
    assert lines["visual_scores"][:2] == ["follows", "only if clips changes"]
    assert {"raw_videos", "decoded_videos", "shots"} & set(lines) == set()
    # Twenty videos; 22 clips as far as they are known now.
    assert (lines["clips"][3], lines["visual_scores"][3]) == ("20", "22")
    assert answer("plan") == printed


def _cells(printed: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed.splitlines() if "│" in line]


def test_the_detail_of_a_plan_names_every_batch(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_SHOTS__ADAPTIVE_THRESHOLD", "3.5")
    forget_settings()
    batch = there.lake().query("SELECT DISTINCT batch FROM clips").item()
    found = {cells[0]: cells[1:3] for cells in _cells(answer("plan", "--detail"))}
    assert found["shots"] == [batch, "stale"]


def test_a_setting_that_is_wrong_is_named(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_CLIPS__MIN_SECONDS", "20")
    forget_settings()
    assert "clips.min_seconds is above clips.max_seconds; make it smaller." in refusal("plan")


def test_a_lake_that_another_process_holds_is_said_to_be_held(
    curated_few: Place, here: Place, few_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curated_few.copy(here.folder)
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__LOCK_TIMEOUT_S", "0.1")
    forget_settings()
    with FileLock(here.root / "catalog.sqlite.lock"):
        said = refusal("curate", str(few_files))
    assert said == f"Another process holds {here.root / 'catalog.sqlite.lock'}; try again when it is done."


def test_a_tier_file_that_is_wrong_is_left_out_and_said(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = Path.cwd() / "sql"
    shutil.copytree(Settings().sql_folder, sql)
    (sql / "tiers" / "movie_gen" / "broken.sql").write_text("SELECT clip_id, FROM")
    monkeypatch.setenv("VIDEO_ASSETS_SQL_DIR", str(sql))
    forget_settings()
    printed = answer("funnel", "movie_gen/low_resolution")
    assert "Left out: " in printed
    assert "broken.sql" in printed


def test_every_command_helps() -> None:
    printed = answer("--help")
    for command in ("curate", "demo", "plan", "sql", "funnel", "what-if", "coverage", "mix", "why", "sweep"):
        assert command in printed
        assert answer(command, "--help").startswith("Usage: ")


def test_asking_changes_nothing(there: Place) -> None:
    with closing(sqlite3.connect(f"file:{there.root / 'catalog.sqlite'}?mode=ro", uri=True)) as catalog:
        count = "SELECT count(*) FROM ducklake_snapshot"
        before = catalog.execute(count).fetchone()
        answer("sql", "SELECT 1")
        answer("plan")
        answer("funnel", "hunyuan_video/256p")
        assert catalog.execute(count).fetchone() == before
