"""Conditions that people type: what is asked, what is refused, and that the connection refuses what the parser lets through."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from video_assets.lake.lake import Lake
from video_assets.review.asking import Asking, TooLongError
from video_assets.review.server import Review
from video_assets.review.where import LONGEST, RefusedError, checked
from video_assets.settings import ReviewSettings

TABLES = frozenset({"clip_sheet", "clips", "tier_verdicts"})


@pytest.mark.parametrize(
    "condition",
    [
        "vmaf_motion > 5",
        "vmaf_motion > 5 -- fast",
        "file_name ILIKE '%bunny%' AND duration_s BETWEEN 2 AND 3",
        "EXISTS (FROM tier_verdicts AS v WHERE v.clip_id = clip_sheet.clip_id AND v.kept)",
        "clip_id IN (WITH some AS (SELECT clip_id FROM clips) SELECT clip_id FROM some)",
        "len(list_filter(subjects, lambda s: s.probability > 0.5)) > 0",
        "licence = 'it''s; DROP TABLE clips --'",
        "lower(licence) LIKE 'cc-%' AND licence NOT ILIKE '%nc%' AND regexp_matches(file_name, '^IMG_[0-9]+')",
        "round(vmaf_motion, 1) % 2 = 0 OR coalesce(try_cast(left(file_name, 4) AS INTEGER), 0) BETWEEN 1990 AND 2020",
        "vmaf_motion > (SELECT avg(vmaf_motion) FILTER (WHERE duration_s > 2) FROM clip_sheet) AND hash(clip_id) % 10 = 1",
        "clip_id IN (SELECT clip_id FROM tier_verdicts GROUP BY clip_id HAVING count(*) FILTER (WHERE kept) > 2)",
        "clip_id IN (SELECT clip_id FROM clips QUALIFY row_number() OVER (PARTITION BY video_id ORDER BY start_pts) = 1)",
        "list_contains(languages, 'en') OR languages[1] IN ('de', 'fr')",
        "year(recorded_at) = 2020 AND recorded_at > DATE '2020-02-01' + INTERVAL 3 DAY",
    ],
)
def test_a_condition_is_asked(condition: str) -> None:
    said = checked(condition, TABLES)
    assert "--" not in said or "'" in said
    assert checked(said, TABLES) == said


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "TRUE; DROP TABLE clips",
        "TRUE) OR (TRUE",
        "TRUE) UNION SELECT 1 --",
        "TRUE) LIMIT 1 --",
        "TRUE) AS a, (SELECT 1 FROM clips",
        "1=1 /* */ ) AND (SELECT 1 FROM clips",
        "clip_id IN (SELECT clip_id FROM read_csv('/etc/passwd'))",
        "clip_id IN (SELECT content FROM read_text('/etc/passwd'))",
        "clip_id IN (FROM '/etc/passwd')",
        "clip_id IN (WITH \"/etc/passwd\" AS (SELECT 1) SELECT 1) OR clip_id IN (FROM '/etc/passwd')",
        "clip_id IN (SELECT name FROM sqlite_scan('x.db', 't'))",
        "clip_id IN (SELECT key FROM __ducklake_metadata_lake.ducklake_metadata)",
        "clip_id IN (SELECT path FROM duckdb_databases())",
        "clip_id IN (SELECT * FROM query('DROP TABLE clips'))",
        "clip_id IN (WITH gone AS (DELETE FROM clips RETURNING clip_id) SELECT clip_id FROM gone)",
        "clip_id IN (SELECT clip_id FROM information_schema.tables)",
        "current_setting('threads') = '1'",
        "getenv('HOME') = '/root'",
        "a = $1",
        "a = ?",
        "a = 'x\0y'",
        "(" * 3000,
        "a" * (LONGEST + 1),
    ],
)
def test_what_is_no_condition_or_reads_something_else_is_refused(condition: str) -> None:
    with pytest.raises(RefusedError):
        checked(condition, TABLES)


@pytest.mark.parametrize(
    "condition",
    [
        "length(repeat('x', 1000000000)) > 1",
        "length(lpad('x', 1000000000, 'x')) > 1",
        "length(replace(replace(file_name, 'a', 'aaaaaaaa'), 'a', 'aaaaaaaa')) > 1",
        "regexp_replace(file_name, '.', 'aaaaaaaa', 'g') = ''",
        "(SELECT length(s || s) FROM (SELECT t || t AS s FROM (SELECT 'xxxxxxxx' AS t))) > 1",
        "length(concat(file_name, file_name)) > 1",
        "length(format('{:>1000000000}', 1)) > 1",
        "len(range(1000000000)) > 1",
        "len(list_transform(a, lambda x: a)) > 1",
        "len([x FOR x IN a]) > 1",
        "(SELECT len([s, s]) FROM (SELECT [t, t] AS s FROM (SELECT [1, 2] AS t))) > 1",
        "{'a': clip_sheet} IS NULL",
        "clip_id IN (SELECT x FROM (SELECT y AS a, y AS b FROM (SELECT 1) AS y) AS x)",
        "(SELECT len(list(a.clip_id)) FROM clips AS a, clips AS b) > 1",
        "(SELECT length(string_agg(a.clip_id)) FROM clips AS a, clips AS b) > 1",
        "(SELECT median(a.start_pts) FROM clips AS a, clips AS b) > 1",
        "(SELECT max(clip_id, 1000000) FROM clips) IS NULL",
        "len(ARRAY(SELECT clip_id FROM clips)) > 1",
        "clip_id IN (WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT n FROM x)",
        "clip_id IN (SELECT 1 FROM range(1000000000))",
        "length(CAST(CAST(file_name AS JSON) AS VARCHAR)) > 1",
        "length(CAST(CAST(file_name AS BLOB) AS VARCHAR)) > 1",
        "len(list_filter(a, lambda x: len(list_filter(a, lambda y: y > x)) > 1)) > 1",
        "file_name LIKE '%a%a%a%a%_b'",
        "file_name ILIKE '%a%a%a%a%_b'",
        "file_name LIKE '%a%a%a%a%b' ESCAPE '$'",
        "file_name LIKE clip_id",
        "file_name GLOB '*a*a*a*a*b'",
        "regexp_matches(file_name, '((a{100}){100}){100}')",
        "file_name SIMILAR TO clip_id",
        "levenshtein(file_name, clip_id) > 1",
        " OR ".join(["1 IN (SELECT 1)"] * 13),
    ],
)
def test_what_could_take_memory_or_time_that_nothing_bounds_is_refused(condition: str) -> None:
    with pytest.raises(RefusedError):
        checked(condition, TABLES)


def test_a_pattern_of_many_parts_is_looked_for_in_a_long_text_at_once(review: Review) -> None:
    """DuckDB's own ILIKE takes the length's fifth power for this, and is not to be interrupted meanwhile."""
    said = review.asking.condition(f"'{'a' * 3_000}' ILIKE '%A%a%a%a%b'")
    with review.asking.look() as asked:
        assert asked.rows(f"SELECT count(*) AS n FROM clip_sheet WHERE ({said})") == [{"n": 0}]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "FROM glob('/etc/*')",
        "COPY (SELECT 1) TO '{folder}/written.csv'",
        "ATTACH '{folder}/other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "DELETE FROM clips",
        "CREATE TABLE mine AS SELECT 1",
        "DROP TABLE reviews",
        "INSERT INTO reviews (clip_id) VALUES ('x')",
        "DELETE FROM copy.shown",
        "DROP TABLE copy.rules",
        "CREATE TABLE copy.mine AS SELECT 1",
    ],
)
def test_the_connection_itself_writes_nothing_and_opens_no_other_file(
    review: Review, lake: Lake, tmp_path: Path, statement: str
) -> None:
    before = lake.query("SELECT count(*) FROM clips").item()
    with pytest.raises(duckdb.Error), review.asking.look() as asked:
        asked.cursor.execute(statement.format(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert lake.query("SELECT count(*) FROM clips").item() == before
    with review.asking.look() as asked:
        for table in ("clips", "copy.shown"):
            assert asked.one(f"SELECT count(*) AS n FROM {table}") == {"n": before}


@pytest.fixture
def hurried(lake: Lake) -> Iterator[Asking]:
    """Give what asks the lake and gives it 0.3 s."""
    asking = Asking(Lake(lake.settings.model_copy(update={"review": ReviewSettings(query_seconds=0.3)})))
    yield asking
    asking.close()


ENDLESS = "SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a.range % 7 = b.range % 11"


def test_a_question_that_takes_too_long_is_ended_and_the_next_one_answered(hurried: Asking) -> None:
    with pytest.raises(TooLongError, match=r"longer than 0\.3 s"), hurried.look() as asked:
        asked.rows(ENDLESS)
    with hurried.look() as asked:
        assert asked.one("SELECT 1 AS n") == {"n": 1}


def late(asking: Asking) -> None:
    """Ask twice, the second time when the time is over."""
    with asking.look() as asked:
        time.sleep(0.4)
        asked.rows("SELECT 1")


def late_inside(asking: Asking) -> None:
    with asking.look():
        time.sleep(0.4)
        with asking.look() as asked:
            asked.rows(ENDLESS)


@pytest.mark.parametrize("ask", [late, late_inside])
def test_the_time_is_over_for_all_questions_of_a_look_though_it_ended_between_two(
    hurried: Asking, ask: Callable[[Asking], None]
) -> None:
    with pytest.raises(TooLongError, match=r"longer than 0\.3 s"):
        ask(hurried)
    with hurried.look() as asked:
        assert asked.one("SELECT 1 AS n") == {"n": 1}
