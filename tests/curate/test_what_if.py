from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.curate.conftest import NOT_MEASURED, SQL, Lake, make_tier
from tests.curate.test_verdicts import CHILD
from tests.tables import TABLES
from video_assets.curate.tiers import Tier, TierError, load_tiers
from video_assets.curate.what_if import edited, read_edited, what_if
from video_assets.lake.catalog import extension

SHIPPED, _ = load_tiers(SQL / "tiers")


def loosened(**rules: str) -> Tier:
    return edited(SHIPPED["movie_gen/low_resolution"], rules)


@pytest.fixture
def moving(tmp_path: Path) -> dict[str, Tier]:
    """Give a tier that wants movement, its child that wants frames, and a stranger."""
    return {
        "lab/moving": make_tier(tmp_path, "lab/moving", "vmaf_motion > 2 AS moves, duration_s > 1 AS lasts"),
        "lab/smooth": make_tier(
            tmp_path, "lab/smooth", f"{CHILD.format('lab/moving')},\n    fps >= 24 AS smooth", "-- parent: lab/moving\n"
        ),
        "lab/other": make_tier(tmp_path, "lab/other", "fps >= 24 AS smooth"),
    }


def kept(lake: Lake, *tiers: Tier) -> dict[str, set[str]]:
    """The clips that each tier keeps, decided in turn and forgotten."""
    found = {}
    for tier in tiers:
        found[tier.name] = set(lake.decide(tier, ["a", "b"]).filter("kept")["clip_id"])
    return found


def test_clips_and_hours_gained_and_lost_are_told_for_the_tier_and_those_below_it(
    lake: Lake, moving: dict[str, Tier]
) -> None:
    ours = {"holder": "Our Films", "licence": "ours"}
    lake.clip("slow", clips={"duration_s": 7.2}, motion_scores={"vmaf_motion": 1.5})
    lake.clip(
        "slow and ours", clips={"duration_s": 3.6, "fps": 12.0}, motion_scores={"vmaf_motion": 1.2}, raw_videos=ours
    )
    lake.clip("hectic", clips={"duration_s": 10.8}, motion_scores={"vmaf_motion": 30.0}, batch="b")
    lake.clip("usual")
    lake.clip("unknown", motion_scores={"vmaf_motion": NOT_MEASURED})
    kept(lake, *moving.values())

    tier = moving["lab/moving"]
    found = what_if(lake.connection, tier, edited(tier, {"Moves": "vmaf_motion BETWEEN 1 AND 20"}), moving)

    rows = found.tiers.with_columns(pl.col("hours_gained", "hours_lost") * 3600).with_columns(
        pl.col(pl.Float64).round(6)
    )
    assert rows.columns == [
        "tier", "kept_before", "kept_after", "clips_gained", "hours_gained", "clips_lost", "hours_lost",
        "undecided_before", "undecided_after",
    ]  # fmt: skip
    assert rows.rows() == [
        ("lab/moving", 2, 3, 2, 10.8, 1, 10.8, 1, 1),
        ("lab/smooth", 2, 2, 1, 7.2, 1, 10.8, 1, 1),
    ]
    licences = found.licences.drop("hours_gained", "hours_lost").sort("tier", "licence")
    assert licences.rows() == [
        ("lab/moving", "CC-BY-4.0", 1, 1),
        ("lab/moving", "ours", 1, 0),
        ("lab/smooth", "CC-BY-4.0", 1, 1),
    ]
    assert set(found.sources["holder"]) == {"Our Films", "Harbour Films"}
    assert found.border.select("clip_id", "change", "value").rows() == [
        ("slow and ours", "gained", pytest.approx(1.2)),
        ("slow", "gained", 1.5),
        ("hectic", "lost", 30.0),
    ]
    leftovers = "SELECT table_name FROM duckdb_tables() WHERE temporary UNION ALL SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"
    assert lake.query(leftovers) == []


def test_the_rule_of_all_tiers_is_asked_and_cannot_be_set(lake: Lake, moving: dict[str, Tier]) -> None:
    lake.clip("near", motion_scores={"vmaf_motion": 1.0}, contamination={"near_benchmark": True})
    lake.clip("not compared", motion_scores={"vmaf_motion": 1.0}, contamination={"near_benchmark": None})
    lake.clip("clean", motion_scores={"vmaf_motion": 1.0})
    tier = moving["lab/moving"]
    found = what_if(lake.connection, tier, edited(tier, {"moves": "TRUE"}), moving)
    assert found.border["clip_id"].to_list() == ["clean"]
    assert found.tiers["undecided_after"].to_list()[0] == 1
    with pytest.raises(TierError, match="not_near_benchmark is the rule of all tiers, which no file has"):
        edited(tier, {"not_near_benchmark": "TRUE"})


def test_no_change_changes_nothing(lake: Lake) -> None:
    lake.clip("good")
    lake.clip("still", motion_scores={"vmaf_motion": 0.0})
    for tier in SHIPPED.values():
        found = what_if(lake.connection, tier, tier, SHIPPED)
        assert found.tiers["kept_before"].to_list() == found.tiers["kept_after"].to_list()
        assert found.border.is_empty()
        assert found.licences.is_empty()


CLIPS = st.lists(
    st.tuples(st.none() | st.floats(0, 10, width=32), st.sampled_from([12.0, 25.0]), st.sampled_from("ab")), max_size=12
)


@given(clips=CLIPS, threshold=st.floats(0, 10))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@pytest.mark.long
def test_what_would_be_is_what_comes_to_be_when_the_tier_is_changed(
    lake: Lake, moving: dict[str, Tier], clips: list[tuple[float | None, float, str]], threshold: float
) -> None:
    for table in ("clips", "motion_scores", "contamination", "tier_outcomes"):
        lake.connection.execute(f"DELETE FROM {table}")
    for n, (motion, fps, batch) in enumerate(clips):
        keys = {"batch": batch, "clip_id": f"{n}"}
        lake.row("clips", keys | {"fps": fps, "duration_s": 5.0})
        lake.row("motion_scores", keys | {"vmaf_motion": motion})
        lake.row("contamination", keys | {"near_benchmark": [False, True, None, False][n % 4]})
    tier = moving["lab/moving"]
    other = edited(tier, {"moves": f"vmaf_motion > {threshold:.9f}"})
    before = kept(lake, tier, moving["lab/smooth"])

    found = what_if(lake.connection, tier, other, moving)

    after = kept(lake, other, moving["lab/smooth"])
    for row in found.tiers.iter_rows(named=True):
        was, is_now = before[row["tier"]], after[row["tier"]]
        assert (row["kept_before"], row["kept_after"]) == (len(was), len(is_now))
        assert (row["clips_gained"], row["clips_lost"]) == (len(is_now - was), len(was - is_now))
    sides = {(r["clip_id"], r["change"]) for r in found.border.iter_rows(named=True)}
    was, is_now = before["lab/moving"], after["lab/moving"]
    assert sides == {(c, "gained") for c in is_now - was} | {(c, "lost") for c in was - is_now}


def test_an_edited_rule_stands_in_the_text_where_the_old_one_stood() -> None:
    tier = SHIPPED["movie_gen/low_resolution"]
    other = edited(tier, {"resolution": "min_side >= 480", "not_jittery": "TRUE"})
    changed = {r.name: r.expression for r in other.rules if r not in tier.rules}
    assert changed == {"resolution": "min_side >= 480", "not_jittery": "TRUE"}
    assert [r.name for r in other.rules] == [r.name for r in tier.rules]
    assert [r.line for r in other.rules] == [r.line for r in tier.rules]
    assert other.version != tier.version


@pytest.mark.parametrize(
    ("rule", "expression", "says"),
    [
        (
            "resolutoin",
            "TRUE",
            "The tier has no rule resolutoin. Did you mean resolution? Its rules are flat_and_mono, source_duration,",
        ),
        ("resolution", "TRUE AS easy, FALSE", "What is set is more than an expression: TRUE AS easy, FALSE."),
        ("resolution", "min_side >=", "Parser Error: syntax error"),
        ("resolution", "min_side >= 3 -- all", "Parser Error"),
        ("resolution", "TRUE FROM clip_sheet; DROP TABLE clips; SELECT 1", "A tier is one SELECT and nothing else."),
    ],
)
def test_what_does_not_make_a_rule_is_refused_with_the_file_and_the_mend(rule: str, expression: str, says: str) -> None:
    with pytest.raises(TierError) as caught:
        loosened(**{rule: expression})
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(SHIPPED["movie_gen/low_resolution"].path))


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("min_sid >= 3", 'Referenced column "min_sid" not found'),
        ("min_side", "The rule resolution is INTEGER and not BOOLEAN."),
        ("acquired_at::DATE > DATE '2020-01-01'", "A rule fails on a value that it meets"),
    ],
)
def test_a_rule_that_the_lake_cannot_answer_is_refused_and_leaves_nothing_behind(
    lake: Lake, expression: str, says: str
) -> None:
    lake.clip("it", raw_videos={"acquired_at": "last summer"})
    tier = SHIPPED["movie_gen/low_resolution"]
    with pytest.raises(TierError, match=says):
        what_if(lake.connection, tier, loosened(resolution=expression), SHIPPED)
    assert lake.query("SELECT count(*) FROM duckdb_views() WHERE temporary AND NOT internal") == [(0,)]


def test_a_rule_further_down_that_fails_on_a_value_is_refused_by_its_own_file(
    lake: Lake, moving: dict[str, Tier], tmp_path: Path
) -> None:
    lake.clip("it", raw_videos={"acquired_at": "last summer"}, motion_scores={"vmaf_motion": 1.5})
    kept(lake, moving["lab/moving"])
    rules = f"{CHILD.format('lab/moving')},\n    acquired_at::DATE > DATE '2020-01-01' AS recent"
    below = make_tier(tmp_path, "lab/recent", rules, "-- parent: lab/moving\n")
    tier = moving["lab/moving"]
    with pytest.raises(TierError, match="A rule fails on a value that it meets") as caught:
        what_if(lake.connection, tier, edited(tier, {"moves": "TRUE"}), {tier.name: tier, below.name: below})
    assert caught.value.path == below.path
    assert lake.query("SELECT count(*) FROM duckdb_views() WHERE temporary AND NOT internal") == [(0,)]


def test_an_edited_copy_may_have_other_rules_and_be_anywhere(lake: Lake, tmp_path: Path) -> None:
    lake.clip("still", motion_scores={"still_share": 0.9})
    copy = tmp_path / "looser.sql"
    copy.write_text("SELECT clip_id, fps > 1 AS any_film FROM clip_sheet")
    tier = SHIPPED["movie_gen/low_resolution"]
    found = what_if(lake.connection, tier, read_edited(copy, tier), SHIPPED)
    assert found.tiers.select("kept_before", "kept_after").rows() == [(0, 1)]
    with pytest.raises(TierError, match=r"nowhere.sql:1: The file cannot be read"):
        read_edited(tmp_path / "nowhere.sql", tier)
    copy.write_text("SELECT clip_id, c.fps > 1 AS any_film FROM clip_sheet AS c")
    with pytest.raises(TierError, match=r"The changed tier reads FROM clip_sheet AS c\. Write FROM clip_sheet, as"):
        what_if(lake.connection, tier, read_edited(copy, tier), SHIPPED)


def test_of_many_clips_at_the_border_an_even_share_is_shown(lake: Lake, moving: dict[str, Tier]) -> None:
    for name in ("clips", "raw_videos", "motion_scores", "contamination"):
        keys = {"batch": "a", "duration_s": 5.0, "vmaf_motion": 1.0, "near_benchmark": False}
        rows = [
            {"clip_id": f"{n:03}", "video_id": f"v{n}"} | {k: v for k, v in keys.items() if k in TABLES[name].schema}
            for n in range(100)
        ]
        lake.add(name, TABLES[name].frame([{k: v for k, v in r.items() if k in TABLES[name].schema} for r in rows]))
    tier = moving["lab/moving"]
    found = what_if(lake.connection, tier, edited(tier, {"moves": "TRUE"}), moving, most=10)
    assert found.tiers["clips_gained"].to_list() == [100, 0]
    assert found.border["clip_id"].to_list() == [f"{n:03}" for n in range(0, 100, 10)]


def test_asking_needs_no_right_to_write(ducklake: Lake, tmp_path: Path) -> None:
    ducklake.clip("slow", motion_scores={"vmaf_motion": 0.9})
    for statement in ("USE memory", "DETACH lake"):
        ducklake.connection.execute(statement)
    with duckdb.connect() as reader:
        for name in ("sqlite_scanner", "ducklake"):
            reader.execute(f"LOAD '{extension(name)}'")
        reader.execute(f"ATTACH 'ducklake:sqlite:{tmp_path}/lake/catalog.sqlite' AS lake (READ_ONLY)")
        reader.execute("USE lake")
        tier = SHIPPED["movie_gen/low_resolution"]
        found = what_if(reader, tier, loosened(enough_motion="vmaf_motion > 0.5"), SHIPPED)
    assert found.tiers.select("clips_gained").item() == 1
