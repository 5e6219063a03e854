"""Pages in the UI: each batch's own, by reference, with nothing in Dagster's events that could be asked back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from tests.assets.pages import REFERENCE, web_server
from tests.conftest import forget_settings
from tests.place import Place
from video_assets.assets import tiers
from video_assets.assets.common import order
from video_assets.assets.logs import LakeComputeLogManager, address
from video_assets.assets.run import report_made
from video_assets.bring_up_to_date import dagster_home
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.pages import Picture, store
from video_assets.lake.schemas import CLIPS, PAGES
from video_assets.lake.sheet import SHEET
from video_assets.measurements import tier_asset
from video_assets.resources import resources

TIER = "hunyuan_video/256p"


@pytest.fixture(scope="module")
def events(curated: Place) -> str:
    """Give everything that Dagster's databases hold of a run over the demo, as text."""
    texts: list[str] = []
    for path in curated.home.rglob("*.db"):
        with closing(sqlite3.connect(path)) as database:
            texts += database.iterdump()
    return "\n".join(texts)


def test_events_hold_no_picture_no_file_name_and_no_caption(curated: Place, demo_footage: Path, events: str) -> None:
    assert "kept_share" in events
    names = [path.name for path in demo_footage.iterdir()]
    captions = curated.lake().query("SELECT DISTINCT dense_description FROM captions WHERE reason IS NULL").to_series()
    assert len(names) > 20
    assert len(captions) > 1
    assert [text for text in ("data:image", "base64", *names, *captions) if text in events] == []


def test_every_picture_that_an_event_refers_to_is_a_file_with_a_row_and_comes_from_the_web_server(
    curated: Place, events: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(curated.root))
    forget_settings()
    rows = {address(row["path"]): row for row in curated.lake().read(PAGES).iter_rows(named=True)}
    referred = {found["address"]: found["says"] for found in REFERENCE.finditer(events)}
    assert set(referred) == set(rows)
    with curated.instance() as instance, web_server(instance) as browser:
        for where, says in referred.items():
            answer = browser.get(where)
            kind = {"jpg": "image/jpeg", "svg": "image/svg+xml"}[where.rpartition("/")[2]]
            assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
            assert answer.content == (curated.root / rows[where]["path"]).read_bytes()
            assert (rows[where]["says"], rows[where]["bytes"]) == (says, len(answer.content))
    forget_settings()


def test_nothing_but_pictures_comes_from_the_web_server(here: Place) -> None:
    lake = here.quick_lake()
    dagster_home()
    path = store(lake, "clips", {"2024 (1) a": {"lengths": Picture(b"<svg/>", "svg", "One.")}})["2024 (1) a"]["lengths"]
    name = path.rpartition("/")[2].removesuffix(".svg")
    (here.root / f"{name}.svg").write_bytes(b"outside")
    with here.instance() as instance, web_server(instance) as browser:
        assert isinstance(instance.compute_log_manager, LakeComputeLogManager)
        assert address(path).startswith("/logs/lake/clips/batch%3D2024%20%281%29%20a/")
        assert browser.get(address(path)).content == b"<svg/>"
        for refused in (
            f"/logs/lake/{name}/svg", f"/logs/lake/%2e%2e/{name}/svg", f"/logs/lake/..%2f{name}/svg", "/logs/lake/svg",
            f"/logs/lake/clips/%2e%2e/%2e%2e/{name}/svg", "/logs/lake/%2e%2e/catalog/sqlite", f"/logs/lake/clips/{name}/jpg",
        ):  # fmt: skip
            assert browser.get(refused).status_code == 404, refused


def test_pictures_are_found_by_a_web_server_with_a_path_prefix(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(here.root))
    monkeypatch.setenv("VIDEO_ASSETS_UI_PATH_PREFIX", "/tools/dagster")
    forget_settings()
    path = store(here.quick_lake(), "clips", {"one": {"lengths": Picture(b"<svg/>", "svg", "One.")}})["one"]["lengths"]
    dagster_home()
    with here.instance() as instance, web_server(instance, "/tools/dagster") as browser:
        assert address(path).startswith("/tools/dagster/logs/lake/clips/")
        assert browser.get(address(path)).content == b"<svg/>"


def test_the_logs_of_runs_are_where_dagster_keeps_them(here: Place) -> None:
    home = dagster_home()
    with here.instance() as instance:
        log = home / "storage" / "run" / "compute_logs" / "step.err"
        manager = instance.compute_log_manager
        assert isinstance(manager, LakeComputeLogManager)
        assert manager.get_captured_local_path(["run", "compute_logs", "step"], "err") == str(log.resolve())
        log.parent.mkdir(parents=True)
        log.write_text("said")
        with web_server(instance) as browser:
            assert browser.get("/logs/run/compute_logs/step/err").text == "said"


@pytest.fixture
def two_batches(again: Place) -> Iterator[tuple[Lake, list[str]]]:
    """Give a lake whose second batch has one clip of the first."""
    lake = again.lake()
    [first] = lake.query("SELECT DISTINCT batch FROM clips")["batch"]
    for table in (CLIPS, order()[SHEET].table):
        one = lake.read(table, [first]).head(1)
        one = one.with_columns(batch=pl.lit("one"), clip_id=pl.lit("one"))
        lake.commit([Replacement(table, ["one"], one)], [Made(table.name, "one", "1", "1", {}, 1)], message="one")
    yield lake, [first, "one"]
    forget_settings()


def decide(instance: dg.DagsterInstance, batches: list[str]) -> dict[str, dict[str, Any]]:
    """Decide a tier on several batches in one run; what the page of each shows."""
    [asset] = [a for a in tiers.tiers if a.key.to_user_string() == tier_asset(TIER)]
    instance.add_dynamic_partitions("batch", batches)
    many = {"dagster/asset_partition_range_start": batches[0], "dagster/asset_partition_range_end": batches[-1]}
    assert dg.materialize([asset], instance=instance, resources=resources(), tags=many).success
    shown = {}
    for batch in batches:
        filtered = dg.AssetRecordsFilter(asset.key, asset_partitions=[batch])
        [record] = instance.fetch_materializations(filtered, limit=1).records
        assert record.asset_materialization
        shown[batch] = {name: value.value for name, value in record.asset_materialization.metadata.items()}
    return shown


def test_in_a_run_over_several_batches_each_page_shows_its_own(two_batches: tuple[Lake, list[str]]) -> None:
    lake, batches = two_batches
    with dg.DagsterInstance.ephemeral() as instance:
        shown = decide(instance, batches)
    for batch, clips in zip(batches, (5, 1), strict=True):
        page = shown[batch]
        assert page["dagster/row_count"] == clips
        assert page["kept"] + page["dropped"] + page["undecided"] == clips
        assert page["kept_share"] == round(page["kept"] / clips, 4)
        assert page["funnel"].splitlines()[2].startswith(f"| all clips | {clips} |")
        found = REFERENCE.fullmatch(page["funnel_plot"])
        assert found
        assert found["says"].startswith(f"{page['kept']} of {clips} clips are kept")
        assert f"/batch%3D{batch}/" in found["address"]
    rows = lake.read(PAGES).filter(asset=tier_asset(TIER))
    assert set(rows.filter(name="funnel_plot")["batch"]) == set(batches)


def test_the_numbers_are_numbers_with_the_same_names_in_every_batch(two_batches: tuple[Lake, list[str]]) -> None:
    _, batches = two_batches
    with dg.DagsterInstance.ephemeral() as instance:
        shown = decide(instance, [*batches, "of no clip"])
    assert len({tuple(sorted(page)) for page in shown.values()}) == 1
    for page in shown.values():
        for name in ("dagster/row_count", "kept", "dropped", "undecided"):
            assert isinstance(page[name], int)
        for name in ("hours_kept", "cpu_seconds"):
            assert isinstance(page[name], float)
    empty = shown["of no clip"]
    assert (empty["kept"], empty["hours_kept"], empty["kept_share"], empty["seconds_per_kept_hour"]) == (
        0,
        0,
        None,
        None,
    )


def test_a_run_over_many_batches_makes_pictures_for_the_newest_and_says_so(
    two_batches: tuple[Lake, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, batches = two_batches
    monkeypatch.setattr(tiers, "MOST_PAGES", 1)
    with dg.DagsterInstance.ephemeral() as instance:
        shown = decide(instance, batches)
    old, new = (shown[batch] for batch in batches)
    assert REFERENCE.fullmatch(new["funnel_plot"])
    assert "funnel_plot" not in old
    assert "materialize this one alone" in old["page"]
    assert {"kept", "kept_share", "hours_kept"} <= set(old)
    # What the older page showed before is no longer what the tier says.
    assert set(lake.read(PAGES).filter(asset=tier_asset(TIER))["batch"]) == {"one"}


def test_what_is_reported_beside_a_run_has_the_same_numbers_and_its_page(again: Place) -> None:
    lake = again.lake()
    [batch] = lake.query("SELECT DISTINCT batch FROM clips")["batch"]
    made = Made("captions", batch, "1", "1", {}, 3, failures=0, compute_seconds=1.5)
    with dg.DagsterInstance.ephemeral() as instance:
        report_made(instance, lake, [made], {batch: {"words": 7}}, changed_by_batch="another")
        event = instance.get_latest_materialization_event(dg.AssetKey("captions"))
    assert event
    assert event.asset_materialization
    told = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert told.pop("failures_by_reason") == "None."
    expected = {"dagster/row_count": 3, "cpu_seconds": 1.5, "failures": 0, "words": 7, "changed_by_batch": "another"}
    assert told == expected
