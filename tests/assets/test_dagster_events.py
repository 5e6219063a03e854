"""Dagster's records after a takedown: what named the footage names nothing, and all else can be read."""

from __future__ import annotations

import dagster as dg
import pytest

from tests.place import Place
from video_assets.assets.dagster_events import INSTEAD, at_work, clean, elsewhere, forget_pictures
from video_assets.takedown.traces import Traces, files_in

NAME = 'Jürgens "best" day.mp4'


@pytest.fixture
def place(place: Place) -> Place:
    """Give a place with events: one names a file in its metadata, another does not."""
    with place.instance() as instance:
        for asset, said in (("a", f"/footage/{NAME}"), ("b", "nothing of it")):
            event = dg.AssetMaterialization(asset, metadata={"said": said, "rows": 3})
            instance.report_runless_asset_event(event)
    (place.home / "storage").mkdir(exist_ok=True)
    (place.home / "storage" / "run.err").write_text(f"could not open {NAME}\n")
    return place


def said(place: Place, asset: str) -> object:
    with place.instance() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        assert event is not None
        assert event.asset_materialization is not None
        return {k: v.value for k, v in event.asset_materialization.metadata.items()}


def test_a_name_is_replaced_in_events_and_logs_and_in_no_byte_any_more(place: Place) -> None:
    traces = Traces({NAME})
    assert len([p for p in files_in(place.home) if traces.in_file(p)]) >= 2
    assert clean(place.home, traces) >= 3
    assert [p for p in files_in(place.home) if traces.in_file(p)] == []
    assert said(place, "a") == {"said": f"/footage/{INSTEAD}", "rows": 3}
    assert said(place, "b") == {"said": "nothing of it", "rows": 3}
    assert clean(place.home, traces) == 0


def test_pictures_in_events_of_early_builds_go_and_what_is_said_beside_them_stays(place: Place) -> None:
    picture = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ=="
    with place.instance() as instance:
        sheet = dg.MetadataValue.md(f"![a]({picture}) of 3 ![b]({picture})")
        instance.report_runless_asset_event(dg.AssetMaterialization("c", metadata={"sheet": sheet}))
    pictures = Traces({picture})
    assert [p for p in files_in(place.home) if pictures.in_file(p)]
    assert clean(place.home, Traces({NAME})) >= 1
    assert [p for p in files_in(place.home) if pictures.in_file(p)] == []
    assert said(place, "c") == {"sheet": f"![a]({INSTEAD}) of 3 ![b]({INSTEAD})"}


def test_pictures_of_early_builds_go_once_when_no_run_is_at_work(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(place.home))
    picture = "data:image/png;base64,iVBORw0KGgo="

    def report(asset: str) -> None:
        with place.instance() as instance:
            shown = {"sheet": dg.MetadataValue.md(f"![a]({picture})")}
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, metadata=shown))

    report("c")
    with place.instance() as instance:
        run = instance.create_run_for_job(dg.job(name="j")(lambda: None), status=dg.DagsterRunStatus.STARTED)
    assert forget_pictures(place.home) == 0
    assert said(place, "c") == {"sheet": f"![a]({picture})"}
    with place.instance() as instance:
        instance.delete_run(run.run_id)
    assert forget_pictures(place.home) >= 1
    assert said(place, "c") == {"sheet": f"![a]({INSTEAD})"}
    report("d")  # whoever still puts one there does so knowingly
    assert forget_pictures(place.home) == 0


def test_a_home_that_is_not_there_has_nothing_at_work_and_is_not_made(here: Place) -> None:
    assert (at_work(here.home), elsewhere(here.home), clean(here.home, Traces({NAME}))) == (0, [], 0)
    assert not here.home.exists()


def test_sqlite_in_the_home_is_where_all_records_are(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(place.home))
    assert (elsewhere(place.home), at_work(place.home)) == ([], 0)
