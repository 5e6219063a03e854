"""The command line: answers, and errors that are sentences."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from tests.commands import answer, ask, document, refusal, rows
from tests.conftest import forget_settings
from tests.place import Place
from tests.terminal import watch
from video_assets.reasons import Reason
from video_assets.settings import Settings

EXPLORE = sorted((Settings().sql_folder / "explore").glob("*.sql"))


def test_a_folder_that_is_not_there_is_named(here: Place) -> None:
    assert refusal("curate", "nowhere", code=2) == "nowhere is not a folder; give one that holds videos."
    assert not here.root.exists()


def test_a_file_is_not_a_folder(here: Place) -> None:
    (here.folder / "film.mp4").touch()
    assert refusal("curate", "film.mp4", code=2) == "film.mp4 is not a folder; give one that holds videos."


def test_a_query_that_is_wrong_is_answered_with_what_is_wrong(there: Place) -> None:
    assert "Table with name clip_shet does not exist" in refusal("sql", "FROM clip_shet")
    assert "syntax error" in refusal("sql", "SELEC 1")


@pytest.mark.parametrize(
    "text", ["-- which?\nSELECT 7 AS n", "--which?\nSELECT 7 AS n", "-- which?\n-- this\n\nSELECT 7 AS n;"]
)
def test_a_query_may_begin_with_a_comment(there: Place, text: str) -> None:
    assert rows(answer("sql", text, "--csv")) == [{"n": "7"}]
    assert refusal("sql", "-- nothing").startswith("There is no SQL in this")
    assert "Did you mean '--csv'?" in refusal("sql", "--cvs", text, code=2)


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
    without = {"caption_findings", "benchmarks", "contaminated", "models_by_holder"}
    assert (rows(answer("sql", "--csv", str(file))) == []) == (file.stem in without)


def test_the_ready_question_about_tiers_counts_every_clip_of_every_tier(there: Place) -> None:
    found = rows(answer("sql", "--csv", str(next(f for f in EXPLORE if f.stem == "hours_per_tier"))))
    assert sum(int(r["clips"]) for r in found) == 13 * 22


def test_the_edge_of_a_terminal_breaks_no_word_of_an_error(here: Place) -> None:
    lines = [line.rstrip() for line in watch(here, "sql", "hours_per_tire", code=1).screen.splitlines()]
    assert lines == [
        "Error: There is no question hours_per_tire. Did you mean hours_per_tier? For a",
        "table write 'FROM hours_per_tire'.",
    ]
    usage = watch(here, "curate", f"{'nowhere ' * 8}folders", code=2).screen.splitlines()
    assert max(map(len, usage)) <= 80
    assert usage[-2:] == [f"Error: {'nowhere ' * 8}folders", "is not a folder; give one that holds videos."]


def test_a_file_that_is_not_there_is_not_taken_for_a_query(there: Place) -> None:
    assert "no_such_file.sql" in refusal("sql", "no_such_file.sql", code=2)


def test_the_statements_that_open_the_lake_work_in_any_shell(there: Place) -> None:
    import duckdb

    statements = answer("sql", "--attach")
    with duckdb.connect() as shell:
        shell.execute(statements)
        assert shell.execute("SELECT count(*) FROM clip_sheet").fetchall() == [(22,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            shell.execute("DELETE FROM clips")


def test_a_funnel_goes_from_all_clips_to_those_that_are_kept(there: Place) -> None:
    found = document("funnel", "movie_gen/low_resolution", "--json")
    assert found["title"] == "Movie Gen, low-resolution training set"
    steps = [(step["rule"], step["clips_left"]) for step in found["rules"]]
    assert (steps[0], steps[-1]) == (("all clips", 22), ("no_duplicate", 4))
    hours = there.lake().query("SELECT sum(duration_s) / 3600 FROM clip_sheet").item()
    assert found["rules"][0]["hours_left"] == pytest.approx(hours, rel=1e-12)
    lines = [line.split() for line in answer("funnel", "movie_gen/low_resolution").splitlines()]
    assert ["no_duplicate", "4", "0.008944", "5", "0"] in lines


def test_an_unknown_tier_is_answered_with_those_that_there_are(there: Place) -> None:
    said = refusal("funnel", "movie_gen/high")
    assert said.startswith("There is no tier movie_gen/high. Did you mean movie_gen/high_resolution? There are ")


def test_what_another_rule_would_gain_is_told_and_shown_and_changes_nothing(there: Place) -> None:
    before = answer("sql", "--csv", "SELECT count(*) FROM ducklake_snapshots('lake')")
    found = document("what-if", "hunyuan_video/256p", "--set", "no_duplicate = TRUE", "--json")
    kept = {t["tier"]: (t["kept_before"], t["kept_after"], t["clips_gained"]) for t in found["tiers"]}
    assert kept["hunyuan_video/256p"] == (6, 18, 12)
    assert kept["hunyuan_video/720p"] == (3, 7, 4)
    assert sum(c["change"] == "gained" for c in found["clips"]) == 12
    page = Path("what-if.html").read_text()
    assert page.count("<img ") == 1
    assert "12 of 12 clips" in page
    assert answer("sql", "--csv", "SELECT count(*) FROM ducklake_snapshots('lake')") == before


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("enough_motoin=TRUE", "The tier has no rule enough_motoin. Did you mean enough_motion? "),
        ("enough_motion=vmaf_motoin > 1", 'DuckDB refuses the tier: Binder Error: Referenced column "vmaf_motoin" '),
        ("enough_motion=vmaf_motion >", "Parser Error: syntax error at or near"),
    ],
)
def test_what_is_wrong_with_a_rule_that_is_set_is_not_said_of_the_file(here: Place, rule: str, says: str) -> None:
    here.quick_lake()
    said = ask("what-if", "movie_gen/low_resolution", "--set", rule)
    assert said.exit_code == 1
    assert said.output.splitlines()[-1].startswith(f"Error: What --set says cannot be asked: {says}")
    assert ".sql" not in said.output


def test_what_if_reads_an_edited_copy_and_says_what_it_lacks(there: Place) -> None:
    copy = Path("stricter.sql")
    tier = Settings().sql_folder / "tiers" / "hunyuan_video" / "720p.sql"
    copy.write_text(tier.read_text().replace("sharpness >= 60", "sharpness >= 1e9"))
    printed = answer("what-if", "hunyuan_video/720p", "--file", "stricter.sql", "--page", "strict.html")
    assert "hunyuan_video/720p\n    keeps 3 → 0 clips, is undecided on 0 → 0\n    gains 0 clips (0 h)," in printed
    assert "strict.html" in printed
    assert "3 of 3 clips" in Path("strict.html").read_text()
    assert "The tier has no rule clearer." in refusal("what-if", "hunyuan_video/720p", "--set", "clearer=TRUE")
    assert "There is no tier hunyuan_video/8k" in refusal("what-if", "hunyuan_video/8k", "--set", "clear=TRUE")
    assert "Say what would be other" in ask("what-if", "hunyuan_video/720p").output
    assert "--set clear is not RULE='expression'" in ask("what-if", "hunyuan_video/720p", "--set", "clear").output


def test_the_coverage_of_a_tier_is_printed_and_written_with_plots_and_targets(there: Place) -> None:
    printed = answer("coverage", "movie_gen/low_resolution", "--page", "coverage.md")
    lines = [line.split()[:2] for line in printed.splitlines()]
    assert ["landscape", "4"] in lines
    found = document("coverage", "movie_gen/low_resolution", "--json")
    assert found["totals"]["clips"] == 4
    assert {row["value"]: row["clips"] for row in found["breakdowns"]["Orientation"]} == {"landscape": 4}
    assert [part["part"] for part in found["shares"]] == ["landscape", "others"]
    page = Path("coverage.md").read_text()
    assert page.startswith("# Movie Gen, low-resolution training set\n\n| clips | hours |")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "against its targets" in page
    assert "against its targets" not in answer("coverage", "hunyuan_video/256p")


def test_a_mix_says_what_each_part_reaches_and_what_limits_it(there: Place) -> None:
    parts = {part["part"]: part for part in document("mix", "movie_gen/low_resolution", "--json")["parts"]}
    counts = ("kept", "available", "drawn", "target_share")
    assert [parts["landscape"][c] for c in counts] == [4, 3, 3, 0.6]
    assert [parts["others"][c] for c in counts] == [0, 0, 0, 0.4]
    assert parts["landscape"]["reached_share"] == 1
    assert parts["landscape"]["limits"] is None
    printed = answer("mix", "movie_gen/low_resolution")
    assert (
        "others: 0 drawn of 0 available, 0 kept\n    share 0, target 0.4\n"
        "    the tier keeps none, and the mix is made without them" in printed
    )
    assert refusal("mix", "goku/480p").startswith(
        "There is no draw goku/480p. There are movie_gen/augmented_high_resol"
    )


def test_a_clip_is_told_the_rules_of_every_tier(there: Place) -> None:
    clip = there.lake().query("SELECT clip_id FROM clip_sheet WHERE file_name = 'slide_show.mp4'").item()
    printed = answer("why", clip)
    decided = dict(re.findall(r"^(\w+/\w+): dropped by (\w+)", printed, re.MULTILINE))
    assert len(decided) == 12
    assert (decided["movie_gen/low_resolution"], decided["hunyuan_video/256p"]) == ("not_static", "exposed")
    assert "failed    not_static: still_share <= 0.80 (still_share = 0." in printed
    assert "\nslide_show.mp4, 0.80 to 15.00 s. " in printed
    assert answer("why", clip[:8]) == printed
    found = document("why", clip[:8], "--json")
    [tier] = [t for t in found["tiers"] if t["tier"] == "movie_gen/low_resolution"]
    [rule] = [r for r in tier["rules"] if r["decided"]]
    still = there.lake().query("SELECT still_share FROM clip_sheet WHERE clip_id = ?", [clip]).item()
    assert (tier["verdict"], tier["decided_by"], found["benchmark"]) == ("dropped", "not_static", None)
    assert (rule["outcome"], rule["measured"]) == ("failed", {"still_share": still})


def test_a_file_is_told_what_it_came_to(there: Place, demo_footage: Path) -> None:
    cut_short = "bunny_truncated_without_index.mp4"
    said = " ".join(answer("why", cut_short).split())
    assert said.startswith(f"{demo_footage}/{cut_short} is in the batch b-")
    assert f"It was set aside as truncated: {cut_short} is an MP4 or QuickTime file without its index" in said
    assert said.endswith(Reason.TRUNCATED.advice)
    assert answer("why", str(demo_footage / cut_short)) == answer("why", cut_short)

    without = rows(answer("sql", "videos_without_clip", "--csv"))
    for file in without:
        assert "It gives no clip. " in " ".join(answer("why", file["file_name"]).split())
    assert len(without) == 1

    clips = rows(
        answer(
            "sql",
            "SELECT clip_id FROM clip_sheet WHERE file_name = 'three_shots_cuts.mp4' ORDER BY start_frame",
            "--csv",
        )
    )
    told = answer("why", "three_shots_cuts.mp4")
    assert f"It gives {len(clips)} clips." in told
    assert [line.split()[-1] for line in told.splitlines()[-len(clips) :]] == [c["clip_id"] for c in clips]
    (file,) = document("why", "three_shots_cuts.mp4", "--json")["files"]
    assert (file["reason"], file["clips"]) == (None, [c["clip_id"] for c in clips])


def test_a_file_that_the_lake_does_not_have_is_said_to_be_none(there: Place) -> None:
    assert refusal("why", "Nowhere.mp4") == (
        "The lake has no file Nowhere.mp4; 'video-assets curate' names what it could not take in, and "
        "'video-assets clips' lists the clips."
    )


def test_an_unknown_clip_is_answered_with_how_to_find_one(there: Place) -> None:
    said = refusal("why", "0000")
    assert said == "No clip has an id that begins with '0000'; 'video-assets clips' lists the clips."


def test_a_finished_lake_has_nothing_due(there: Place) -> None:
    assert answer("plan").startswith("Nothing is due: every batch is made")
    assert answer("plan", "--detail").startswith("Nothing is due")
    assert document("plan", "--json") == {"due": []}


def test_a_plan_says_what_would_run_and_why_and_runs_nothing(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_CLIPS__MAX_SECONDS", "12")
    forget_settings()
    printed = answer("plan")
    due = {d["asset"]: d for d in document("plan", "--json")["due"]}
    assert due["clips"]["why"] == "stale"
    assert " is now " in due["clips"]["detail"]
    assert (due["visual_scores"]["why"], due["visual_scores"]["detail"]) == ("follows", "only if clips changes")
    assert {"raw_videos", "decoded_videos", "shots"} & set(due) == set()
    # Twenty videos; 22 clips as far as they are known now.
    assert (due["clips"]["rows"], due["visual_scores"]["rows"]) == (20, 22)
    assert f"clips in 1 batch: stale, {due['clips']['detail']}\n    20 rows, " in printed
    assert answer("plan") == printed


def test_the_detail_of_a_plan_names_every_batch(there: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_SHOTS__ADAPTIVE_THRESHOLD", "3.5")
    forget_settings()
    batch = there.lake().query("SELECT DISTINCT batch FROM clips").item()
    assert f"shots of {batch}: stale, " in " ".join(answer("plan", "--detail").split())


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


def test_asking_changes_nothing(there: Place) -> None:
    with closing(sqlite3.connect(f"file:{there.root / 'catalog.sqlite'}?mode=ro", uri=True)) as catalog:
        count = "SELECT count(*) FROM ducklake_snapshot"
        before = catalog.execute(count).fetchone()
        answer("sql", "SELECT 1")
        answer("plan")
        answer("funnel", "hunyuan_video/256p")
        assert catalog.execute(count).fetchone() == before
