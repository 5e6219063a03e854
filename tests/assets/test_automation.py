"""What the daemon asks for without anybody asking: what is due, once, in few runs, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import dagster as dg
import pytest

from tests.place import Place, ledger, remade
from video_assets.assets import common
from video_assets.assets.automation import Asked, Memory, asked
from video_assets.assets.run import JOB, open_instance, tags
from video_assets.batches.attempts import note_failure
from video_assets.batches.step import Step
from video_assets.curate.at_hand import AtHand
from video_assets.curate.tiers import TierError
from video_assets.definitions import defs
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED, Measurement, due_now, ledger_key, over_batches, plan
from video_assets.lake.work import Work
from video_assets.resources import resources
from video_assets.sensors import recuration
from video_assets.settings import Settings, settings

ALL = set(common.order())
TIERS = {asset for asset in ALL if asset.startswith("tiers/")}
ROOT, CHILD, GRANDCHILD = "tiers/hunyuan_video/256p", "tiers/hunyuan_video/360p", "tiers/hunyuan_video/540p"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Daemon:
    """A lake and an instance in which the sensor ticks, and in which runs are made by noting what they would make.

    What is made comes out as it was, unless ``contents`` says otherwise.
    """

    lake: Lake
    instance: dg.DagsterInstance
    order: Mapping[str, Measurement] = field(default_factory=common.order)
    contents: dict[tuple[str, str], str] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def take_in(self, *batches: str, content: str = "files") -> None:
        """New files, as the sensor new_footage and the first run of their batch see them."""
        self.note(*(Made("source_files", batch, "1", content, {}, 2) for batch in batches))
        self.instance.add_dynamic_partitions("batch", batches)

    def made(self, *batches: str) -> None:
        """Everything is made in some batches, and what is made for all of them."""
        self.take_in(*batches)
        each = [m for m in self.order.values() if not m.shared]
        made = [
            Made(m.asset, batch, m.version, "as ever", _inputs(m), 2)
            for m in each for batch in batches
        ]  # fmt: skip
        entries = self.lake.made() | {(m.asset, m.batch): vars(m) for m in made}
        for m in (m for m in self.order.values() if m.shared):
            inputs = {i: over_batches(i, entries) if m.over_all else str(2 * len(entries)) for i in m.inputs}
            made.append(Made(m.asset, SHARED, m.version, "as ever", inputs, 2))
        self.note(*made)

    def make(self, work: Work) -> list[tuple[str, str]]:
        """What a run would make: each step what is due at its turn."""
        done = []
        for asset in work.assets:
            batches = [SHARED] if self.order[asset].shared else [*work.batches]
            due = due_now(self.lake, self.order, [asset], batches)
            for batch in (b for b in batches if b in due):
                step = Step(self.lake, self.order)
                content = self.contents.get((asset, batch), "as ever")
                inputs = step.inputs(asset, batch)
                if self.order[asset].growth:
                    inputs = dict.fromkeys(inputs, "2")
                self.note(Made(asset, batch, step.version(asset), content, inputs, 2))
                done.append((asset, batch))
        return done

    def note(self, *made: Made) -> None:
        self.lake.commit([], made, message="made")

    def tick(self) -> Asked:
        found = asked(self.lake, self.instance, self.order, self.memory, self.now)
        self.memory = found.times
        return found

    def until_quiet(self) -> list[list[tuple[str, str]]]:
        """What each run makes, until nothing is asked for any more."""
        runs = []
        while works := self.tick().works:
            runs += [self.make(work) for work in works]
        return runs

    def raised(self, *assets: str) -> None:
        """Raise the version of some assets."""
        self.order = {**self.order} | {a: replace(self.order[a], version="raised") for a in assets}

    def starts(self, work: Work) -> dg.DagsterRun:
        """A run that somebody started and that is not finished."""
        keys = frozenset(dg.AssetKey(asset.split("/")) for asset in work.assets)
        one = {"dagster/partition": work.batches[0]} if len(work.batches) == 1 else {}
        return self.instance.create_run_for_job(
            defs.resolve_job_def(JOB), status=dg.DagsterRunStatus.STARTED, tags=tags(work) | one, asset_selection=keys
        )

    def failed(self, asset: str, *batches: str, passing: bool = False) -> None:
        step = Step(self.lake, self.order)
        note_failure(step, {asset: step.inputs_of(asset, batches)}, "It failed.", passing=passing)


@pytest.fixture
def daemon(here: Place) -> Iterator[Daemon]:
    """Give a daemon over three batches in which everything is made."""
    with dg.DagsterInstance.ephemeral() as instance:
        found = Daemon(here.quick_lake(), instance)
        found.made("a", "b", "c")
        assert found.tick().works == ()
        yield found


def test_new_files_are_left_to_the_run_that_takes_them_in(daemon: Daemon) -> None:
    daemon.take_in("d")
    assert daemon.tick().works == ()
    daemon.starts(Work(("d",), tuple(daemon.order), ()))
    assert daemon.tick().works == ()


def test_two_new_files_are_one_run_and_one_more_for_all_old_batches_in_which_they_change_something(
    daemon: Daemon,
) -> None:
    daemon.made("d")
    assert daemon.tick().works == ()
    # Their copies are among the old clips: as the first run notes it.
    daemon.note(*(_again(daemon, "duplicate_groups", batch, "joined by d") for batch in "abc"))
    daemon.contents |= {("clip_sheet", batch): "with duplicates" for batch in "abc"}
    (run,) = daemon.until_quiet()
    readers = {"contamination", "clip_sheet", "caption_findings", "captions"} | TIERS
    assert {batch for _, batch in run} == set("abc")
    assert {asset for asset, _ in run} == readers


def test_old_batches_wait_for_the_run_that_may_change_them_again_but_not_for_ever(daemon: Daemon) -> None:
    daemon.note(_again(daemon, "duplicate_groups", "a", "joined by d"))
    daemon.take_in("d")
    run = daemon.starts(Work(("d",), tuple(daemon.order), ()))
    assert daemon.tick().works == ()
    daemon.now += timedelta(minutes=11)
    (work,) = daemon.tick().works
    assert work.batches == ("a",)
    daemon.instance.report_run_failed(run)


def test_one_changed_threshold_is_one_run_and_nothing_else_is_made(daemon: Daemon) -> None:
    daemon.raised(CHILD)
    assert daemon.until_quiet() == [[(CHILD, batch) for batch in "abc"]]


def test_a_changed_threshold_that_changes_verdicts_is_one_run_with_what_reads_them(daemon: Daemon) -> None:
    daemon.raised(CHILD)
    daemon.contents[CHILD, "b"] = "other verdicts"
    (run,) = daemon.until_quiet()
    assert run == [*((CHILD, batch) for batch in "abc"), (GRANDCHILD, "b")]


def test_a_changed_threshold_of_a_tier_without_a_parent_asks_in_the_same_run_who_is_to_be_measured(
    daemon: Daemon,
) -> None:
    daemon.raised(ROOT)
    candidates = daemon.order["candidates"]
    daemon.order |= {"candidates": replace(candidates, files={**candidates.files, f"{ROOT}.sql": "raised"})}  # type: ignore[operator]
    assert daemon.until_quiet() == [[(asset, batch) for asset in ("candidates", ROOT) for batch in "abc"]]


def test_other_verdicts_draw_anew_and_caption_anew_in_the_same_run(daemon: Daemon) -> None:
    tier = "tiers/movie_gen/low_resolution"
    daemon.raised(tier)
    daemon.contents[tier, "a"] = "other verdicts"
    (run,) = daemon.until_quiet()
    assert {("captions", "a"), ("draws/movie_gen/low_resolution", SHARED)} < set(run)
    assert [key for key in run if key[1] in ("b", "c")] == [(tier, "b"), (tier, "c")]


def test_what_failed_is_not_asked_for_again_until_its_version_or_what_it_reads_is_another(daemon: Daemon) -> None:
    daemon.raised(CHILD)
    assert len(daemon.tick().works) == 1
    daemon.failed(CHILD, "a", "b", "c")
    assert [daemon.tick().works for _ in range(3)] == [()] * 3
    # Nor with other batches, or by a sensor that has forgotten.
    daemon.made("d")
    daemon.memory = {}
    found = daemon.tick()
    assert (found.works, "3 are left alone" in found.said) == ((), True)

    daemon.note(_again(daemon, "clip_sheet", "a", "another sheet"))
    (work,) = daemon.tick().works
    assert (work.batches, CHILD in work.assets) == (("a",), True)
    daemon.raised(CHILD)
    daemon.order[CHILD] = replace(daemon.order[CHILD], version="mended")  # type: ignore[index]
    (work,) = daemon.tick().works
    assert work.batches == ("a", "b", "c", "d")


def test_what_the_machine_failed_at_is_asked_for_again_later_and_then_later_still(daemon: Daemon) -> None:
    daemon.raised("quality_scores")
    assert len(daemon.tick().works) == 3
    for batch in "abc":
        daemon.failed("quality_scores", batch, passing=True)
    asks, noted = [], datetime.now(UTC)
    for minute in (0, 29, 31, 60, 89, 91, 150, 209, 211):
        daemon.now = noted + timedelta(minutes=minute)
        asks += [minute] * bool(daemon.tick().works)
    # No attempt is noted anew here, so that all waits count from the one: 30 minutes, 60, 120, and then 240.
    assert asks == [31, 60, 150]


def test_a_run_that_vanishes_is_asked_for_three_times_at_most(daemon: Daemon) -> None:
    daemon.raised(CHILD)
    asks = [daemon.tick() for _ in range(5)]
    assert [len(found.works) for found in asks] == [1, 1, 1, 0, 0]
    assert len({key for found in asks for key in found.keys}) == 3


def test_what_an_unfinished_run_makes_is_not_asked_for(daemon: Daemon) -> None:
    daemon.raised(CHILD)
    daemon.starts(Work(("a", "b"), (CHILD,), ()))
    (work,) = daemon.tick().works
    assert work.batches == ("c",)


def test_nothing_waits_for_a_release_that_is_in_the_making(daemon: Daemon) -> None:
    draw = f"draws/{DRAWN}"
    daemon.raised(draw)
    daemon.instance.create_run_for_job(
        defs.resolve_job_def("make_release"), status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "first"},
        run_config={"ops": {"releases": {"config": {"tier": DRAWN}}}},
    )  # fmt: skip
    found = daemon.tick()
    assert [work.assets[0] for work in found.works] == [draw]
    assert "0 are at work" in found.said


def test_a_run_of_the_whole_job_is_at_work_on_everything_of_its_batch(daemon: Daemon) -> None:
    daemon.raised("quality_scores")
    daemon.instance.create_run_for_job(
        defs.resolve_job_def(JOB), status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "b"}
    )
    assert [work.batches for work in daemon.tick().works] == [("a",), ("c",)]


def test_footage_with_other_rights_is_taken_in_again_in_one_run_with_what_follows(daemon: Daemon) -> None:
    daemon.note(Made("source_files", "b", "1", "now a benchmark's", {}, 2))
    daemon.contents["raw_videos", "b"] = "now a benchmark's"
    first, *others = daemon.until_quiet()
    assert {("raw_videos", "b"), ("decoded_videos", "b")} < set(first)
    assert len(others) <= 1


def test_the_first_run_of_a_batch_that_went_down_is_made_up_for(daemon: Daemon) -> None:
    daemon.take_in("d")
    run = daemon.starts(Work(("d",), tuple(daemon.order), ()))
    daemon.instance.report_run_failed(run)
    (work,) = daemon.tick().works
    assert (work.batches, set(work.assets)) == (("d",), ALL)


def test_a_cursor_that_cannot_be_read_is_an_empty_one() -> None:
    assert Memory.parse(None) == Memory.parse("from another version") == Memory()
    assert Memory.parse(Memory(times={"x": 2}).model_dump_json()).times == {"x": 2}


DRAWN = "movie_gen/low_resolution"


@pytest.mark.parametrize(
    ("file", "column", "made", "made_when_it_is_gone"),
    [
        ("tiers/hunyuan_video/256p", "another", {"candidates", ROOT}, {"candidates"}),
        (f"tiers/{DRAWN}", "another", {"candidates", f"tiers/{DRAWN}"}, {"candidates", "captions"}),
        ("tiers/hunyuan_video/360p", "another", {CHILD}, set()),
        ("tiers/hunyuan_video/720p", "another", {"tiers/hunyuan_video/720p"}, set()),
        (f"draws/{DRAWN}", "wanted", {f"draws/{DRAWN}"}, {"captions"}),
    ],
    ids=["root", "root that is drawn from", "middle", "leaf", "draw"],
)
def test_a_broken_file_costs_nothing_nor_does_its_mending_and_a_change_makes_only_what_changed(
    daemon: Daemon, here: Place, file: str, column: str, made: set[str], made_when_it_is_gone: set[str]
) -> None:
    sql = here.folder / "sql"
    shutil.copytree(Settings().sql_folder, sql)
    path = sql / f"{file}.sql"
    good = path.read_text()
    assert good.endswith("\nFROM clip_sheet;\n")

    def write(text: str) -> None:
        path.write_text(text)
        daemon.order = common.catalogue.__wrapped__(Settings(sql_dir=sql)).order

    broken = good.replace("\nFROM clip_sheet;", f",\n    sharpnes > 1 AS {column}\nFROM clip_sheet;")

    write(good)
    assert daemon.until_quiet() == []
    write(broken)
    assert file not in daemon.order
    assert daemon.until_quiet() == []
    write(good)
    assert daemon.until_quiet() == []
    write(broken)
    assert daemon.until_quiet() == []
    write(broken.replace("sharpnes >", "sharpness >"))
    assert {asset for run in daemon.until_quiet() for asset, _ in run} == made
    path.unlink()
    daemon.order = common.catalogue.__wrapped__(Settings(sql_dir=sql)).order
    assert {asset for run in daemon.until_quiet() for asset, _ in run} == made_when_it_is_gone


def test_a_batch_that_is_taken_in_while_a_root_tier_is_broken_asks_it_who_is_to_be_measured_once_it_is_mended(
    daemon: Daemon, here: Place
) -> None:
    sql = here.folder / "sql"
    shutil.copytree(Settings().sql_folder, sql)
    path = sql / f"{ROOT}.sql"
    good, mended = path.read_text(), daemon.order
    path.write_text(good.replace("\nFROM clip_sheet;", ",\n    sharpnes > 1 AS another\nFROM clip_sheet;"))
    daemon.order = common.catalogue.__wrapped__(Settings(sql_dir=sql)).order
    daemon.take_in("d")
    daemon.make(Work(("d",), tuple(daemon.order), ()))
    assert daemon.until_quiet() == []
    daemon.order = mended
    found = {key for run in daemon.until_quiet() for key in run}
    assert ("candidates", "d") in found
    assert {batch for _, batch in found} == {"d"}


def _inputs(measurement: Measurement) -> dict[str, str]:
    """What is read, as it was when everything was made."""
    found = {i: "files" if i == "source_files" else "as ever" for i in measurement.inputs}
    return found | {name: version for name, version in measurement.files.items() if version}


def _again(daemon: Daemon, asset: str, batch: str, content: str) -> Made:
    """The same from the same, with other content."""
    entry = daemon.lake.made([batch, SHARED])[ledger_key(daemon.order[asset], asset, batch)]
    return Made(asset, batch, entry["version"], content, entry["inputs"], 2)


class Ticking:
    """The sensor itself, whose runs are made in this process."""

    def __init__(self, place: Place, instance: dg.DagsterInstance) -> None:
        self.place, self.instance, self.cursor = place, instance, ""

    def tick(self) -> list[dg.ExecuteInProcessResult]:
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=resources(), definitions=defs
        ) as context:
            result = recuration(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor or ""
        return [
            defs.resolve_job_def(JOB).execute_in_process(
                instance=self.instance, partition_key=request.partition_key, tags=dict(request.tags),
                asset_selection=list(request.asset_selection or ()), raise_on_error=False,
            )
            for request in result.run_requests or ()
        ]  # fmt: skip


@pytest.fixture
def ticking(again: Place) -> Iterator[Ticking]:
    """Give the sensor over what was curated."""
    with open_instance(again.home) as instance:
        yield Ticking(again, instance)


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give a way to raise an asset's version in this process."""

    def change(asset: str) -> None:
        order = common.order()
        raised = {**order, asset: replace(order[asset], version="raised")}
        found = common.catalogue(settings())._replace(order=raised)
        monkeypatch.setattr("video_assets.assets.common.catalogue", cache(lambda _chosen: found))

    return change


def test_a_changed_tier_is_made_by_one_real_run_that_says_what_it_made(
    ticking: Ticking, changed: Callable[[str], None]
) -> None:
    assert ticking.tick() == []
    before = ledger(ticking.place.lake())
    changed(CHILD)
    (result,) = ticking.tick()
    assert result.success
    assert remade(before, ledger(ticking.place.lake())) == {CHILD}
    assert ticking.tick() == []
    made = {e.asset_key.to_user_string() for e in result.get_asset_materialization_events() if e.asset_key}
    assert made == {CHILD}
    logged = [entry.user_message for entry in ticking.instance.all_logs(result.run_id)]
    assert any(line.startswith(f"{CHILD} of ") and " rows, 0 of them failed; " in line for line in logged)
    assert any(line.startswith(f"{GRANDCHILD}: nothing to make in ") for line in logged)


def test_a_tier_that_is_refused_is_tried_once_and_its_sentence_file_and_line_come_first(
    ticking: Ticking, changed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    tier = common.catalogue(settings())[0]["hunyuan_video/360p"]

    def refused(*_: object) -> None:
        raise TierError(tier.path, 7, "There is no column sharpnes.", "Did you mean sharpness?")

    changed(CHILD)
    decide = AtHand.decide
    monkeypatch.setattr(AtHand, "decide", refused)
    (result,) = ticking.tick()
    (failure,) = result.filter_events(lambda e: e.is_step_failure)
    data = failure.step_failure_data
    said = f"{tier.path}:7: There is no column sharpnes. Did you mean sharpness?"
    assert data.user_failure_data
    assert data.user_failure_data.description == said
    assert {k: v.value for k, v in data.user_failure_data.metadata.items()} == {"file": str(tier.path), "line": 7}
    assert [ticking.tick() for _ in range(3)] == [[]] * 3
    ticking.cursor = ""
    assert ticking.tick() == []
    monkeypatch.setattr(AtHand, "decide", decide)
    changed(CHILD)
    assert plan(ticking.place.lake(), common.order()) != []
