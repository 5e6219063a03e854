from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.curate.conftest import SQL, Lake, make_tier, write_tier
from video_assets.curate.draws import Draw, draw, load_draws
from video_assets.curate.tiers import TierError, load_tiers
from video_assets.settings import DrawSettings

MACROS = SQL / "macros.sql"
SHIPPED, _ = load_tiers(SQL / "tiers")
WISH: dict[str, Any] = {
    "drawn_before": False, "chance": 1.0, "part": "all", "part_share": 1.0, "wanted": False, "wanted_share": 0.0,
    "source": None, "most_per_source": None, "bucket": None, "most_per_bucket": None,
}  # fmt: skip
SCHEMA = {
    "clip_id": pl.String, "luck": pl.Float64, "drawn_before": pl.Boolean, "chance": pl.Float64, "part": pl.String,
    "part_share": pl.Float64, "wanted": pl.Boolean, "wanted_share": pl.Float64, "source": pl.String,
    "most_per_source": pl.Int64, "bucket": pl.String, "most_per_bucket": pl.Int64,
}  # fmt: skip


@pytest.fixture(scope="module")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(MACROS.read_text())
        yield connection


def drawn(connection: duckdb.DuckDBPyConnection, *wishes: dict[str, Any]) -> pl.DataFrame:
    """The clips that are drawn; a wish has a luck that rises with its place."""
    rows = [WISH | {"clip_id": f"{n:03}", "luck": n / 1000} | wish for n, wish in enumerate(wishes)]
    connection.register("wishes", pl.DataFrame(rows, SCHEMA).to_arrow())
    found = connection.execute("FROM draw_from('wishes') WHERE drawn ORDER BY clip_id").pl()
    connection.unregister("wishes")
    return found


def ids(rows: pl.DataFrame) -> list[str]:
    return rows["clip_id"].to_list()


WISHES = st.lists(
    st.fixed_dictionaries(
        {
            "part": st.sampled_from(["landscape", "portrait"]),
            "wanted": st.booleans(),
            "luck": st.floats(0, 1, exclude_max=True),
        }
    ),
    max_size=40,
)
SHARES = st.tuples(st.sampled_from([0.2, 0.4, 0.5, 0.8]), st.sampled_from([0.0, 0.25, 0.6, 1.0]))


def mixed(wishes: list[dict[str, Any]], portrait: float, least: float) -> list[dict[str, Any]]:
    shares = {"portrait": portrait, "landscape": 1 - portrait}
    return [w | {"part_share": shares[w["part"]], "wanted_share": least} for w in wishes]


@given(wishes=WISHES, shares=SHARES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_draw_has_its_mix_to_within_one_clip_its_least_share_and_all_that_the_scarcest_part_allows(
    macros: duckdb.DuckDBPyConnection, wishes: list[dict[str, Any]], shares: tuple[float, float]
) -> None:
    portrait, least = shares
    found = drawn(macros, *mixed(wishes, portrait, least))
    target = {"portrait": portrait, "landscape": 1 - portrait}
    most = {}
    for part in target:
        of_part = [w for w in wishes if w["part"] == part]
        good = sum(w["wanted"] for w in of_part)
        most[part] = min(len(of_part), int(good / least + 1e-9)) if least else len(of_part)
    able = {part for part, n in most.items() if n}
    counts = Counter(found["part"])
    assert set(counts) <= able
    if len(able) == 2:
        total = min(most[part] / target[part] for part in able)
        for part in able:
            assert abs(counts[part] - total * target[part]) <= 1
    elif able:
        (part,) = able
        assert counts[part] == most[part]
    for part in counts:
        good = found.filter(part=part)["wanted"].sum()
        assert good >= least * counts[part] - 1e-9


@given(wishes=WISHES, shares=SHARES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_the_same_wishes_give_the_same_draw_in_any_order(
    macros: duckdb.DuckDBPyConnection, wishes: list[dict[str, Any]], shares: tuple[float, float]
) -> None:
    named = [w | {"clip_id": f"{n:03}"} for n, w in enumerate(mixed(wishes, *shares))]
    assert ids(drawn(macros, *named)) == ids(drawn(macros, *reversed(named)))


@given(wishes=WISHES, more=WISHES, shares=SHARES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_clip_stays_drawn_when_more_footage_of_the_same_parts_arrives(
    macros: duckdb.DuckDBPyConnection,
    wishes: list[dict[str, Any]],
    more: list[dict[str, Any]],
    shares: tuple[float, float],
) -> None:
    named = [w | {"clip_id": f"{n:03}"} for n, w in enumerate(mixed(wishes, *shares))]
    first = drawn(macros, *named)
    known = set(ids(first))
    later = [w | {"clip_id": f"new {n:03}"} for n, w in enumerate(mixed(more, *shares))]
    again = drawn(macros, *(w | {"drawn_before": w["clip_id"] in known} for w in named), *later)
    if set(first["part"]) == set(again["part"]):
        assert known <= set(ids(again))


def test_chance_decides_by_the_clips_own_luck_and_no_chance_is_none(macros: duckdb.DuckDBPyConnection) -> None:
    wishes = [
        {"luck": luck, "chance": chance}
        for luck, chance in ((0.1, 0.5), (0.5, 0.5), (0.49, 0.5), (0.0, None), (0.9, 1.0))
    ]
    assert ids(drawn(macros, *wishes)) == ["000", "002", "004"]


def test_a_source_and_a_bucket_give_so_many_and_those_drawn_before_come_first(
    macros: duckdb.DuckDBPyConnection,
) -> None:
    capped = {"source": "a", "most_per_source": 2}
    assert ids(drawn(macros, capped, capped, capped, {**capped, "source": "b"})) == ["000", "001", "003"]
    assert ids(drawn(macros, capped, capped, {**capped, "drawn_before": True})) == ["000", "002"]
    bucket = {"bucket": "4-8 s", "most_per_bucket": 1}
    assert ids(drawn(macros, bucket, bucket, {**bucket, "bucket": None})) == ["000"]


def test_a_part_that_the_mix_does_not_name_is_not_drawn(macros: duckdb.DuckDBPyConnection) -> None:
    assert ids(drawn(macros, {"part": "square", "part_share": None}, {"part": "landscape"})) == ["001"]


def test_luck_is_even_and_hangs_on_the_clip_and_the_seed_alone(macros: duckdb.DuckDBPyConnection) -> None:
    one, again, other = macros.execute("SELECT luck('a', 1), luck('a', 1), luck('a', 2)").fetchall()[0]
    assert one == again != other
    low, mean, high = macros.execute(
        "SELECT min(x), avg(x), max(x) FROM (SELECT luck(range::VARCHAR, 0) AS x FROM range(10000))"
    ).fetchall()[0]
    assert 0 <= low < 0.001
    assert mean == pytest.approx(0.5, abs=0.02)
    assert 0.999 < high < 1


def test_the_clips_of_a_video_are_all_held_out_or_none_is_whatever_the_seed(lake: Lake, tmp_path: Path) -> None:
    for n in range(200):
        keys = {"batch": "ab"[n % 2], "clip_id": f"clip {n}", "video_id": f"video {n % 50}"}
        lake.row("clips", keys | {"fps": 25.0, "duration_s": 5.0})
        lake.row("contamination", {"batch": keys["batch"], "clip_id": keys["clip_id"], "near_benchmark": False})
    found: dict[str, str] = {}
    for seed in (0, 1):
        wanted = replace(
            mix_of(lake, tmp_path, "0.5 AS chance", seed), settings=DrawSettings(seed=seed, held_out_share=0.3)
        )
        for video, split in draw(lake.connection, wanted).rows.select("video_id", "split").iter_rows():
            assert found.setdefault(video, split) == split
    assert set(found.values()) == {"train", "evaluation"}
    assert 0.1 < list(found.values()).count("evaluation") / len(found) < 0.5


@pytest.mark.parametrize(
    ("seconds", "fps", "bucket"),
    [
        (16, 16, "16 s at 16 fps"), (16, 15, None), (14, 25, "12-16 s, 256 frames"), (14, 18, None), (11, 24, "10.67 s at 24 fps"),
        (11, 20, "8-12 s, 192 frames"), (9, 25, "8-12 s, 192 frames"), (9, 20, None), (5, 30, "4-8 s, 128 frames"),
        (5, 25, None), (3, 60, None),
    ],
)  # fmt: skip
def test_a_duration_bucket_needs_its_frame_rate(
    macros: duckdb.DuckDBPyConnection, seconds: float, fps: float, bucket: str | None
) -> None:
    assert macros.execute("SELECT duration_bucket(?, ?)", [seconds, fps]).fetchall() == [(bucket,)]


def test_the_five_aspects_are_their_own_buckets(macros: duckdb.DuckDBPyConnection) -> None:
    sizes = [(1024, 576), (640, 480), (500, 500), (480, 640), (576, 1024)]
    found = [macros.execute(f"SELECT aspect_bucket({w} / {h})").fetchall()[0][0] for w, h in sizes]
    assert found == ["16:9", "4:3", "1:1", "3:4", "9:16"]


def mix_of(lake: Lake, root: Path, columns: str, seed: int = 0) -> Draw:
    """A draw from a tier that keeps every smooth clip, which is decided here."""
    tier = make_tier(root / "tiers", "lab/smooth", "fps >= 24 AS smooth")
    lake.connection.execute("DELETE FROM tier_outcomes")
    lake.decide(tier, ["a", "b"])
    write_tier(root / "draws", "lab/smooth", columns)
    draws, errors = load_draws([root / "draws"], {tier.name: tier}, MACROS, DrawSettings(seed=seed))
    assert errors == []
    return draws["lab/smooth"]


def test_a_draw_takes_from_what_its_tier_keeps_and_says_what_limits_it(lake: Lake, tmp_path: Path) -> None:
    for n in range(6):
        lake.clip(f"wide {n}", batch="ab"[n % 2])
    tall = {"crop_width": 608, "crop_height": 1080}
    lake.clip("tall", clips=tall)
    lake.clip("slow and tall", clips=tall | {"fps": 12.0})
    columns = "orientation AS part,\n    mix(orientation, MAP {'landscape': 0.6, 'portrait': 0.3, 'square': 0.1}) AS part_share"
    found = draw(lake.connection, mix_of(lake, tmp_path, columns))
    shares = found.shares.select("part", "kept", "available", "drawn", "limits").rows()
    assert shares == [
        ("landscape", 6, 6, 2, None),
        ("portrait", 1, 1, 1, "all 1 available are drawn: there are no more"),
        ("others", 0, 0, 0, "the tier keeps none, and the mix is made without them"),
    ]
    assert found.shares["target_share"].to_list() == pytest.approx([0.6, 0.3, 0.1])
    assert found.shares["reached_share"].to_list() == pytest.approx([2 / 3, 1 / 3, 0])
    assert Counter(found.rows["part"]) == {"landscape": 2, "portrait": 1}
    assert set(found.rows["tier"]) == {"lab/smooth"}
    assert lake.query("SELECT count(*) FROM duckdb_tables() WHERE temporary") == [(0,)]


def test_too_few_people_limit_a_draw_and_another_seed_draws_others(lake: Lake, tmp_path: Path) -> None:
    for n in range(20):
        lake.clip(f"{n}", people_scores={"faces_max": int(n < 3)})
    columns = "coalesce(shows_people, FALSE) AS wanted,\n    0.6 AS wanted_share"
    found = draw(lake.connection, mix_of(lake, tmp_path, columns))
    assert found.shares.select("drawn", "drawn_wanted", "reached_wanted", "limits").rows() == [
        (5, 3, 0.6, "its 3 wanted clips are enough for 5 of 20 available")
    ]
    again = draw(lake.connection, mix_of(lake, tmp_path, columns))
    other = draw(lake.connection, mix_of(lake, tmp_path, columns, seed=1))
    assert found.rows.equals(again.rows)
    assert set(found.rows["clip_id"]) != set(other.rows["clip_id"])


def test_what_was_drawn_stays_drawn_when_a_batch_arrives(lake: Lake, tmp_path: Path) -> None:
    columns = "file_name AS source,\n    2 AS most_per_source"
    for n in range(5):
        lake.clip(f"old {n}")
    first = draw(lake.connection, mix_of(lake, tmp_path, columns))
    lake.add("draws_history", first.rows)
    for n in range(50):
        lake.clip(f"new {n}", batch="b")
    assert draw(lake.connection, mix_of(lake, tmp_path, columns)).rows.equals(first.rows)
    lake.connection.execute("DELETE FROM draws_history")
    assert not draw(lake.connection, mix_of(lake, tmp_path, columns)).rows.equals(first.rows)


def test_a_file_that_cannot_draw_is_refused_with_its_line_and_the_others_are_used(lake: Lake, tmp_path: Path) -> None:
    tiers = {"lab/smooth": make_tier(tmp_path / "tiers", "lab/smooth", "fps >= 24 AS smooth")}
    write_tier(tmp_path / "draws", "lab/rough", "1 AS chance")
    write_tier(tmp_path / "draws", "lab/odd", "1 AS chance,\n    3 AS probability")
    write_tier(tmp_path / "draws", "lab/smooth", "sharpnes AS chance")
    draws, errors = load_draws([tmp_path / "draws"], tiers, MACROS, DrawSettings())
    assert [(e.path.stem, e.line, e.what) for e in errors] == [
        ("odd", 4, "A draw has no column probability."),
        ("rough", 1, "There is no tier lab/rough to draw from."),
    ]
    with pytest.raises(TierError, match='Referenced column "sharpnes" not found'):
        draw(lake.connection, draws["lab/smooth"])
    assert lake.query("SELECT count(*) FROM duckdb_tables() WHERE temporary") == [(0,)]


def test_every_shipped_draw_is_of_a_tier_and_runs_with_the_macros_in_a_ducklake(ducklake: Lake) -> None:
    draws, errors = load_draws([SQL / "draws"], SHIPPED, MACROS, DrawSettings())
    assert errors == []
    assert list(draws) == ["movie_gen/augmented_high_resolution", "movie_gen/low_resolution"]
    ducklake.clip("good", people_scores={"faces_max": 1})
    ducklake.row("concepts", {"batch": "a", "clip_id": "good", "concept": 1, "concept_weight": 0.5})
    for name, wanted in draws.items():
        assert wanted.file.description
        ducklake.decide(SHIPPED[name], ["a"])
        assert draw(ducklake.connection, wanted).rows["clip_id"].to_list() == ["good"]
