"""The work plan: what is due and why, by the anti-join of rows and by the ledger of partitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.lake.rows import clips
from tests.place import Place
from tests.servers.stored import each_way
from video_assets.assets.common import catalogue
from video_assets.lake import schemas
from video_assets.lake.again import RETRY, TRANSIENT, parameters, settled, tried_again_sql
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import (
    SHARED,
    Due,
    Measurement,
    Why,
    due_partitions,
    due_rows,
    over_batches,
    plan,
)
from video_assets.lake.schemas import RAW_VIDEOS, SOURCE_FILES
from video_assets.lake.work import ready
from video_assets.measurements import MODELLED
from video_assets.reasons import Reason
from video_assets.scorers.visual import VISUAL_SCORES
from video_assets.settings import ModelSettings, Settings, TransitionSettings, WorkerSettings

Ledger = dict[tuple[str, str], dict[str, Any]]
LIMITS = ("cpu = 1", "memory = 1")
SCHEMA = {"subject": pl.String, "version": pl.String, "reason": pl.String, "limited_by": pl.String}
Row = tuple[str, str, Reason | None, str | None]
ROW = st.tuples(
    st.sampled_from("abcdef"),
    st.sampled_from(["1", "2", RETRY]),
    st.none() | st.sampled_from(list(Reason)),
    st.none() | st.sampled_from([*LIMITS, "cpu = 2"]),
)


def again(reason: Reason | None, limited_by: str | None) -> bool:
    """Whether a failed row of the version of now is tried again."""
    if reason is None:
        return limited_by is not None and limited_by not in LIMITS
    at_another = limited_by not in LIMITS if reason.at_a_limit or limited_by is not None else False
    return reason.transient or at_another


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.lists(ROW))
def test_rows_are_due_without_a_row_of_this_version_that_is_good_or_failed_for_good_at_these_limits(
    subjects: list[str], rows: list[Row]
) -> None:
    now = replace(measurement("scores", version="2"), limits=LIMITS)
    done = {key for key, version, reason, by in rows if version == "2" and not again(reason, by)}
    due = due_rows(subjects, pl.DataFrame(rows, SCHEMA, orient="row"), "subject", now)
    assert due == [s for s in subjects if s not in done]


@given(st.lists(ROW, min_size=1), st.sampled_from([LIMITS, ()]))
@example([("a", "2", reason, by) for reason in Reason for by in (None, *LIMITS, "cpu = 2")], LIMITS)
def test_sql_tries_the_same_rows_again(rows: list[Row], limits: tuple[str, ...]) -> None:
    frame = pl.DataFrame(rows, SCHEMA, orient="row").with_row_index()
    now = replace(measurement("scores", version="2"), limits=limits)
    with duckdb.connect() as connection:
        connection.register("given", frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
        sql = f"SELECT index FROM given AS r WHERE version = '2' AND NOT {tried_again_sql('r')} ORDER BY index"
        found = connection.execute(sql, parameters(limits)).pl()["index"].to_list()
    assert found == frame.filter(settled(now))["index"].to_list()


def measurement(asset: str, *inputs: str, version: str = "1") -> Measurement:
    return Measurement(asset, schemas.CLIPS, version, inputs, "clip")


# A diamond: what both scores read is the same clips, and the tier reads both scores.
ORDER = {
    m.asset: m
    for m in (
        measurement("clips", "source_files"),
        measurement("visual", "clips"),
        measurement("motion", "clips"),
        measurement("tier", "visual", "motion"),
    )
}


def made(order: Mapping[str, Measurement] = ORDER, batch: str = "b") -> Ledger:
    """The ledger of a batch of which everything is made."""
    ledger: Ledger = {("source_files", batch): {"version": "1", "data_version": "source_files", "inputs": {}}}
    for asset, m in order.items():
        ledger[asset, batch] = {"version": m.version, "data_version": asset, "inputs": {i: i for i in m.inputs}}
    return ledger


def whys(ledger: Ledger, order: Mapping[str, Measurement] = ORDER, **told: str) -> dict[str, Why]:
    failed = {(asset, "b"): sentence for asset, sentence in told.items()}
    return {asset: why for asset, _, why, _ in due_partitions(order, ["b"], ledger, failed)}


def test_nothing_is_due_after_everything_is_made() -> None:
    assert whys(made()) == {}


def test_a_batch_that_was_only_taken_in_is_new_throughout() -> None:
    ledger = {key: entry for key, entry in made().items() if key[0] == "source_files"}
    assert whys(ledger) == dict.fromkeys(ORDER, Why.NEW)


def test_a_raised_version_makes_its_own_asset_stale_and_what_reads_it_follows() -> None:
    order = ORDER | {"motion": measurement("motion", "clips", version="2")}
    assert whys(made(), order) == {"motion": Why.STALE, "tier": Why.FOLLOWS}
    ((_, _, _, detail), _) = due_partitions(order, ["b"], made(), {})
    assert detail == "version 1 is now 2"


def test_a_changed_input_makes_an_asset_stale() -> None:
    ledger = made()
    ledger["source_files", "b"]["data_version"] = "more"
    assert whys(ledger) == {"clips": Why.STALE, "visual": Why.FOLLOWS, "motion": Why.FOLLOWS, "tier": Why.FOLLOWS}


def test_an_input_that_was_made_again_with_the_same_content_changes_nothing() -> None:
    ledger = made()
    ledger["clips", "b"]["made_at"] = "later"
    assert whys(ledger) == {}


def test_failed_rows_that_are_tried_again_make_their_partition_due() -> None:
    assert whys(made(), visual="2 failed") == {"visual": Why.FAILED, "tier": Why.FOLLOWS}
    ((_, _, _, detail), _) = due_partitions(ORDER, ["b"], made(), {("visual", "b"): "2 failed"})
    assert detail == "2 failed"


def of_files(**files: str | None) -> dict[str, Measurement]:
    """The order in which one of the scores reads files, by name and version; None: it cannot be used."""
    named = {f"{name}.sql": version for name, version in files.items()}
    return ORDER | {"motion": replace(ORDER["motion"], files=named)}


def made_with(**files: str) -> Ledger:
    ledger = made()
    ledger["motion", "b"]["inputs"] |= {f"{name}.sql": version for name, version in files.items()}
    return ledger


@pytest.mark.parametrize("now", [{"one": "1", "two": "1"}, {"one": None, "two": "1"}, {"one": None, "two": None}])
def test_a_file_that_is_as_it_was_or_cannot_be_used_makes_nothing_due(now: dict[str, str | None]) -> None:
    assert whys(made_with(one="1", two="1"), of_files(**now)) == {}


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"one": "2", "two": "1"}, "one.sql changed"),
        ({"two": "1"}, "one.sql changed"),
        ({"one": "1", "two": "1", "three": "1"}, "three.sql changed"),
        ({"one": None, "two": "2"}, "two.sql changed"),
    ],
)
def test_a_file_that_is_another_new_or_gone_makes_what_reads_it_due(now: dict[str, str | None], told: str) -> None:
    found = due_partitions(of_files(**now), ["b"], made_with(one="1", two="1"), {})
    assert [(asset, why) for asset, _, why, _ in found] == [("motion", Why.STALE), ("tier", Why.FOLLOWS)]
    assert found[0][3] == told


def test_what_was_made_while_a_file_could_not_be_used_is_due_when_it_can() -> None:
    ledger = made_with(two="1")
    assert whys(ledger, of_files(one=None, two="1")) == {}
    assert whys(ledger, of_files(one="1", two="1")) == {"motion": Why.STALE, "tier": Why.FOLLOWS}


def test_batches_do_not_touch_each_other() -> None:
    ledger = made() | made(batch="c")
    ledger["source_files", "c"]["data_version"] = "more"
    assert {batch for _, batch, _, _ in due_partitions(ORDER, ["b", "c"], ledger, {})} == {"c"}


OVER_ALL = {**ORDER, "draw": Measurement("draw", schemas.CLIPS, "1", ("tier",), "clip", over_all=True)}


def two_batches() -> Ledger:
    """The ledger of two batches, with a draw over both."""
    ledger = made() | made(batch="c")
    inputs = {"tier": over_batches("tier", ledger)}
    ledger["draw", SHARED] = {"version": "1", "data_version": "draw", "inputs": inputs}
    return ledger


def over_all(ledger: Ledger, order: Mapping[str, Measurement] = OVER_ALL) -> list[tuple[str, Why]]:
    """What is due of two batches, each asset once."""
    return list(dict.fromkeys((asset, why) for asset, _, why, _ in due_partitions(order, ["b", "c"], ledger, {})))


def test_what_is_made_over_all_batches_is_due_once_when_an_input_changes_in_any_of_them() -> None:
    assert over_all(two_batches()) == []
    changed = two_batches()
    changed["tier", "c"]["data_version"] = "other"
    assert over_all(changed) == [("draw", Why.STALE)]
    assert len(due_partitions(OVER_ALL, ["b", "c"], changed, {})) == 1
    raised = OVER_ALL | {"draw": replace(OVER_ALL["draw"], version="2")}
    assert over_all(two_batches(), raised) == [("draw", Why.STALE)]
    never = two_batches()
    del never["draw", SHARED]
    assert over_all(never) == [("draw", Why.NEW)]
    assert due_partitions(OVER_ALL, [], {}, {}) == []


def test_what_is_made_over_all_batches_waits_for_the_last_of_them() -> None:
    ledger = two_batches()
    del ledger["tier", "b"]
    assert over_all(ledger) == [("tier", Why.NEW), ("draw", Why.FOLLOWS)]
    due = [Due(*found) for found in due_partitions(OVER_ALL, ["b", "c"], ledger, {})]
    assert [(d.asset, d.batch) for d in ready(due, OVER_ALL)] == [("tier", "b")]


def test_only_what_is_due_for_certain_and_not_downstream_of_a_doubt_is_ready() -> None:
    order = ORDER | {
        "motion": measurement("motion", "clips", version="2"),
        "tier": measurement("tier", "visual", version="2"),
    }
    ledger = made()
    ledger["source_files", "b"]["data_version"] = "more"
    due = [Due(*found) for found in due_partitions(order, ["b"], ledger, {})]
    assert {d.asset: d.why for d in due} == {
        "clips": Why.STALE, "visual": Why.FOLLOWS, "motion": Why.STALE, "tier": Why.STALE,
    }  # fmt: skip
    assert [d.asset for d in ready(due, order)] == ["clips", "motion"]


VERSIONS = st.fixed_dictionaries({asset: st.sampled_from("12") for asset in ORDER})


@given(VERSIONS, VERSIONS, st.sets(st.sampled_from(list(ORDER))), st.booleans(), st.sets(st.sampled_from(list(ORDER))))
def test_running_what_is_ready_makes_each_asset_at_most_once_and_ends_with_nothing_due(
    before: dict[str, str], now: dict[str, str], missing: set[str], more: bool, same: set[str]
) -> None:
    """``same`` are the assets whose content is always the same, whatever they are made from."""
    order = {asset: replace(m, version=now[asset]) for asset, m in ORDER.items()}
    ledger: Ledger = {("source_files", "b"): {"version": "1", "data_version": "0", "inputs": {}}}

    def make(asset: str, version: str) -> None:
        inputs = {i: ledger[i, "b"]["data_version"] for i in order[asset].inputs}
        content = asset if asset in same else f"{asset}{version}({','.join(inputs.values())})"
        ledger[asset, "b"] = {"version": version, "data_version": content, "inputs": inputs}

    for asset in order:
        make(asset, before[asset])
    for asset in missing:
        del ledger[asset, "b"]
    ledger["source_files", "b"]["data_version"] = "1" if more else "0"

    ran: list[str] = []
    while True:
        due = [Due(*found) for found in due_partitions(order, ["b"], ledger, {})]
        now_ready = ready(due, order)
        if not now_ready:
            break
        for d in now_ready:
            make(d.asset, now[d.asset])
            ran.append(d.asset)
    assert due == []
    assert len(ran) == len(set(ran))
    assert missing <= set(ran)


@pytest.fixture
def lake(lake: Lake) -> Lake:
    """Give a lake with two batches: two hours of video that were decoded once, and three files that nobody opened yet."""
    old: list[dict[str, object]] = [{"video_id": v, "duration_s": 3600.0, "version": "1"} for v in ("v1", "v2")]
    new: list[dict[str, object]] = [
        {"uri": uri, "content": content, "current": True} for uri, content in (("/a", "x"), ("/b", "y"), ("/c", "y"))
    ]
    seen: list[dict[str, object]] = [{"uri": f"/{v}", "content": v, "current": True} for v in ("v1", "v2")]
    ledger = [Made("source_files", batch, "1", batch, {}, 3) for batch in ("new", "old")]
    ledger.append(Made("raw_videos", "old", "1", "r", {"source_files": "old"}, 2))
    ledger.append(Made("decoded_videos", "old", "1", "d", {"raw_videos": "r"}, 2, 0, 7200.0, 1800.0))
    lake.commit(
        [
            Replacement(SOURCE_FILES, ["new"], SOURCE_FILES.frame(new, batch="new")),
            Replacement(SOURCE_FILES, ["old"], SOURCE_FILES.frame(seen, batch="old")),
            Replacement(RAW_VIDEOS, ["old"], RAW_VIDEOS.frame(old, batch="old")),
            Replacement(schemas.CLIPS, ["old"], clips("old", 4).with_columns(duration_s=pl.lit(9.0))),
        ],
        ledger,
        message="two batches",
    )
    return lake


def commit_raw(lake: Lake, rows: pl.DataFrame) -> None:
    failures = rows["reason"].count()
    made = Made("raw_videos", "old", "1", "r", {"source_files": "old"}, rows.height, failures)
    lake.commit([Replacement(RAW_VIDEOS, ["old"], rows)], [made], message="failed")


def small_order(decode: str) -> dict[str, Measurement]:
    return {
        "raw_videos": Measurement("raw_videos", RAW_VIDEOS, "1", ("source_files",), "video"),
        "decoded_videos": Measurement("decoded_videos", schemas.DECODED_VIDEOS, decode, ("raw_videos",), "video"),
        "scores": Measurement("scores", VISUAL_SCORES.table, "1", ("decoded_videos",), "clip"),
    }


@each_way
def test_the_plan_of_a_lake_says_how_many_rows_and_hours_and_what_they_will_cost(lake: Lake) -> None:
    due = {(d.asset, d.batch): d for d in plan(lake, small_order(decode="2"))}
    assert {key: (d.why, d.rows, d.hours, d.cost_seconds) for key, d in due.items()} == {
        ("raw_videos", "new"): (Why.NEW, 2, 0.0, None),
        ("decoded_videos", "new"): (Why.NEW, 2, 0.0, None),
        ("scores", "new"): (Why.NEW, 0, 0.0, None),
        ("decoded_videos", "old"): (Why.STALE, 2, 2.0, 1800.0),
        ("scores", "old"): (Why.NEW, 4, 0.01, None),
    }


@each_way
def test_the_plan_can_be_narrowed_to_some_batches(lake: Lake) -> None:
    assert {d.batch for d in plan(lake, small_order(decode="2"), ["old"])} == {"old"}
    assert plan(lake, small_order(decode="2"), ["nowhere"]) == []


@pytest.mark.parametrize("reason", list(Reason))
def test_only_a_passing_failure_is_planned_again_and_no_file_that_is_gone(lake: Lake, reason: Reason) -> None:
    rows = RAW_VIDEOS.frame([{"video_id": "v1", "reason": reason.value, "version": "1"}], batch="old")
    commit_raw(lake, rows)
    failed = [(d.asset, d.detail) for d in plan(lake, small_order(decode="1"), ["old"]) if d.why is Why.FAILED]
    again = reason.value in TRANSIENT and reason is not Reason.SOURCE_MISSING
    assert failed == ([("raw_videos", "1 failed for a passing reason")] if again else [])


@each_way
def test_the_plan_says_how_many_rows_are_tried_again_and_why(lake: Lake) -> None:
    failed: list[dict[str, object]] = [
        {"video_id": f"{number}", "reason": reason, "limited_by": by, "version": version}
        for number, (reason, by, version) in enumerate(
            [
                ("read_error", None, "1"), ("worker_lost", None, "1"), ("decode_timeout", "cpu = 2", "1"),
                ("decode_timeout", "cpu = 1", "1"), ("not_a_video", None, "1"), ("not_a_video", None, RETRY),
                ("decode_timeout", "cpu = 2", RETRY), (None, None, "1"),
            ]
        )
    ]  # fmt: skip
    commit_raw(lake, RAW_VIDEOS.frame(failed, batch="old"))
    order = small_order(decode="1")
    order["raw_videos"] = replace(order["raw_videos"], limits=LIMITS)
    assert [d.detail for d in plan(lake, order, ["old"]) if d.why is Why.FAILED] == [
        "2 failed for a passing reason, 1 failed at a limit that is another now, 2 to be tried again"
    ]


def test_a_limit_is_part_of_no_version_and_every_limit_of_a_worker_is_known_to_the_plan() -> None:
    """Else a limit that is raised would measure everything anew, or nothing."""
    before = catalogue(Settings())[1]
    raised = Settings(
        workers=WorkerSettings(
            idle_seconds=7, cpu_seconds_base=7, cpu_seconds_per_gib=7, cpu_seconds_per_gigapixel=7, memory_mib=777
        ),
        models=ModelSettings(cpu_seconds_per_picture=7),
        transitions=TransitionSettings(cpu_seconds_per_frame=7),
    )
    after = catalogue(raised)[1]
    assert {a: m.version for a, m in after.items()} == {a: m.version for a, m in before.items()}
    limited = {a for a, m in before.items() if "limited_by" in m.table.schema} - {"captions"}
    assert {a for a, m in before.items() if m.limits} == limited
    assert all(not {*after[a].limits} & {*before[a].limits} for a in limited)


def test_a_curated_lake_has_nothing_due_until_a_version_is_raised(curated_few: Place) -> None:
    lake = curated_few.lake()
    tiers, everything, errors, _ = catalogue(lake.settings)
    order = {asset: m for asset, m in everything.items() if not m.over_all}
    assert (plan(lake, order), [*errors]) == ([], [])
    raised = order | {"motion_scores": replace(order["motion_scores"], version="2-raised")}
    stale, *followers = plan(lake, raised)
    assert (stale.asset, stale.why, stale.rows) == ("motion_scores", Why.STALE, lake.read(schemas.CLIPS).height)
    assert stale.hours == pytest.approx(lake.read(schemas.CLIPS)["duration_s"].sum() / 3600)
    assert stale.cost_seconds is not None
    assert stale.cost_seconds > 0
    scores = {"candidates", *MODELLED, "near_duplicates", "duplicate_groups", "contamination", "concepts", "clip_sheet"}
    scores |= {"copy_checks", "captions", "caption_findings"}
    assert {d.asset for d in followers} == scores | {f"tiers/{name}" for name in tiers}
    assert {(d.why, d.cost_seconds) for d in followers} == {(Why.FOLLOWS, None)}
