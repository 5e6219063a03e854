"""Browsing: what a grid shows, in which order, page by page; histograms and what-ifs; a clip's page."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.review.conftest import Opened
from tests.review.footage import ENCODED, MARKUP, RULES, TIER, clip_of, clips, tiers_of
from tests.review.sent import row, verdict
from video_assets.batches.step import Step
from video_assets.batches.tiers import decide
from video_assets.curate.sql_files import note, read_files
from video_assets.curate.what_if import edited, what_if
from video_assets.lake.lake import Lake
from video_assets.measurements import measurements
from video_assets.review import grid_pages, moved
from video_assets.review.server import Review


def shown(page: str) -> list[str]:
    """The clips of a grid, in order."""
    return re.findall(r'<a href="/clip/([0-9a-f]{32})" aria-label', page)


def walked(client: TestClient, path: str) -> list[str]:
    """The clips of a grid and of all pages behind it."""
    found: list[str] = []
    while True:
        page = client.get(path).text
        found += shown(page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        if onward is None:
            return found
        path = unescape(onward[1])


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    "column", ["clip_id", "luma_mean", "duration_s", "file_name", "has_audio", "text_score", "bit_depth"]
)
def test_pages_behind_one_another_show_every_clip_once_in_order(
    client: TestClient, lake: Lake, monkeypatch: pytest.MonkeyPatch, column: str, order: str
) -> None:
    monkeypatch.setattr(grid_pages, "PAGE", 7)
    monkeypatch.setattr("video_assets.review.selection.PAGE", 7)
    monkeypatch.setattr("video_assets.review.selection.sorted_page.__defaults__", (7,))
    then = "" if column == "clip_id" else ", clip_id"
    expected = lake.query(f"SELECT clip_id FROM clip_sheet ORDER BY {column} {order} NULLS LAST{then}")[
        "clip_id"
    ].to_list()
    assert len(expected) == 44
    assert walked(client, f"/clips?sort={column}&order={order}") == expected


def test_what_is_chosen_by_tier_batch_video_people_filters_and_sql_is_shown(client: TestClient, lake: Lake) -> None:
    one = lake.query("SELECT batch, video_id FROM clip_sheet ORDER BY clip_id").row(0, named=True)

    def expect(condition: str, **query: str) -> None:
        ids = lake.query(f"SELECT clip_id FROM clip_sheet WHERE {condition} ORDER BY clip_id")["clip_id"].to_list()
        answer = client.get("/clips", params=query)
        assert answer.status_code == 200, answer.text
        assert shown(answer.text) == ids
        assert client.get("/api/count", params=query).json()["clips"] == len(ids)

    expect("TRUE")
    expect("TRUE", tier=TIER)
    expect("FALSE", tier=TIER, verdict="dropped")
    expect("TRUE", batch=one["batch"])
    expect("FALSE", batch="none")
    expect(f"video_id = '{one['video_id']}'", video=one["video_id"])
    expect("luma_mean >= 100 AND luma_mean <= 150", **{"least.luma_mean": "100", "most.luma_mean": "150"})
    expect("container = 'avi'", **{"equal.container": "avi"})
    expect("file_name LIKE 'long%' AND start_s > 30", where="file_name LIKE 'long%' AND start_s > 30 -- late")


def test_verdicts_that_are_in_the_lake_choose_clips(own_lake: Lake, opened: Opened) -> None:
    lake, review = own_lake, Review(own_lake, tiers_of(own_lake), "ann")
    client = opened(review)
    keep, drop = clips(lake)["clip_id"][:2]
    for clip, said in ((keep, "keep"), (drop, "drop")):
        client.post("/api/verdict", json=verdict(clip, said))
    assert review.fold() == 2
    assert shown(client.get("/clips?people=keep").text) == [keep]
    assert shown(client.get("/clips?people=drop").text) == [drop]
    assert len(shown(client.get("/clips?people=none").text)) == 42
    page = client.get(f"/clip/{drop}").text
    assert "People and rules disagree: team/usable has it kept." in page
    against = client.get("/raters").text
    assert f'/clips?tier={TIER}&amp;verdict=kept&amp;people=drop">1<' in against
    for line in list(review.journal.last("ann", 9)):
        client.post("/api/undo", json={"review_id": line.review_id[::-1], "takes_back": line.review_id})
    review.fold()
    assert len(shown(client.get("/clips?people=none").text)) == 44


def test_a_histogram_counts_every_clip_and_its_own_filter_does_not_hold(client: TestClient, lake: Lake) -> None:
    found = client.get("/api/histogram?column=luma_mean&least.luma_mean=120").json()
    assert sum(b["clips"] for b in found["bins"]) + found["unmeasured"] == 44
    low, high = lake.query("SELECT min(luma_mean)::DOUBLE, max(luma_mean)::DOUBLE FROM clip_sheet").row(0)
    assert (found["least"], found["most"]) == (low, high)
    cut = (low + high) / 2
    sides = client.get(f"/api/split?column=luma_mean&cut={cut}").json()
    above, hours = lake.query(
        "SELECT count(*), sum(duration_s) / 3600 FROM clip_sheet WHERE luma_mean >= ?", [cut]
    ).row(0)
    assert (sides["above"], sides["below"]) == (above, 44 - above)
    assert sides["hours_above"] == pytest.approx(hours)
    empty = client.get("/api/histogram?column=text_score").json()
    assert (empty["least"], empty["unmeasured"]) == (None, 44)


def test_another_threshold_is_tried_on_the_tier_and_nothing_is_changed(client: TestClient, lake: Lake) -> None:
    high = lake.query("SELECT quantile_cont(luma_mean, 0.5) FROM clip_sheet").item()
    found = client.get(f"/api/moved?tier={TIER}&rule=bright&cut={high}").json()
    kept = lake.query(f"SELECT count(*) FROM clip_sheet WHERE luma_mean >= {high!r}").item()
    [row] = found["tiers"]
    assert (row["kept_before"], row["kept_after"], row["clips_lost"]) == (44, kept, 44 - kept)
    assert lake.query("SELECT count(*) FROM tier_verdicts WHERE kept").item() == 44
    assert client.get(f"/api/moved?tier={TIER}&rule=none&cut=1").status_code == 400
    assert client.get("/api/moved?tier=none&rule=bright&cut=1").status_code == 404
    assert client.get(f"/api/moved?tier={TIER}&rule=bright&cut=1;DROP").status_code == 400


CHILD = """-- title: What a team likes best
-- parent: team/usable
SELECT
    clip_id,
    (SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = 'team/usable' AND v.clip_id = clip_sheet.clip_id) AS usable,
    {} AS longest
FROM clip_sheet;
"""


@pytest.mark.parametrize("rule", ["duration_s >= 1.9", "TRY_CAST(nullif(file_name, 'long.mp4') AS INTEGER) IS NULL"])
def test_another_threshold_reaches_the_tiers_below_by_the_verdicts_that_are_there(
    own_lake: Lake, opened: Opened, monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    folder = Path(str(own_lake.settings.own_sql)) / "tiers" / "team"
    (folder / "best.sql").write_text(CHILD.format(rule))
    tiers = {name: tier for name, tier in read_files(own_lake.settings).tiers.items() if name.startswith("team/")}
    batches = own_lake.query("SELECT DISTINCT batch FROM clips")["batch"].to_list()
    with own_lake.cursor() as cursor:  # One clip of which nobody knows how bright it is.
        cursor.execute("UPDATE clip_sheet SET luma_mean = NULL WHERE clip_id IN (SELECT min(clip_id) FROM clip_sheet)")
    note(own_lake)
    for tier in tiers.values():
        decide(Step(own_lake, measurements(own_lake.settings, tiers)), tier, batches)
    seeing = Review(own_lake, tiers, "ann")
    client = opened(seeing)
    cuts = own_lake.query("SELECT DISTINCT luma_mean FROM clip_sheet WHERE luma_mean IS NOT NULL")["luma_mean"].sort()
    expected = {}
    for cut in cuts:
        other = edited(tiers[TIER], {"bright": f"luma_mean >= {cut!r}"})
        with own_lake.cursor() as cursor:
            expected[cut] = what_if(cursor, tiers[TIER], other, tiers).tiers.drop("undecided_before", "undecided_after")
    monkeypatch.setattr(moved, "what_if", lambda *_, **__: pytest.fail("decided anew"))
    for cut, rows in expected.items():
        found = client.get(f"/api/moved?tier={TIER}&rule=bright&cut={cut!r}").json()["tiers"]
        assert found == [pytest.approx(row) for row in rows.iter_rows(named=True)]
    assert len({tuple(row["kept_after"] for row in rows.iter_rows(named=True)) for rows in expected.values()}) > 5
    monkeypatch.undo()
    # A file that was changed since is asked as it is now.
    (folder / "usable.sql").write_text(RULES.replace("duration_s >= 1.5", "duration_s < 0"))
    seeing.tiers = {name: tier for name, tier in read_files(own_lake.settings).tiers.items() if name in tiers}
    found = client.get(f"/api/moved?tier={TIER}&rule=bright&cut=0").json()["tiers"]
    assert (found[0]["kept_before"], found[0]["kept_after"]) == (0, 0)
    seeing.asking.close()


def test_a_clips_page_tells_everything_of_it(client: TestClient, lake: Lake) -> None:
    long = clips(lake).filter(file_name="long.mp4")
    clip = long.row(5, named=True)
    client.post(
        "/api/verdict",
        json=verdict(clip["clip_id"], answers={"lighting": 4}, flags=["safety"], caption="Bars and a ball."),
    )
    page = client.get(f"/clip/{clip['clip_id']}").text
    sheet = lake.query("SELECT * FROM clip_sheet WHERE clip_id = ?", [clip["clip_id"]]).row(0, named=True)
    for name in sheet:
        if name not in ("clip_id", "batch", "video_id"):
            assert f'<tr data-name="{name}">' in page
    assert page.count('<rect class="span') == long.height
    assert page.count('<rect class="span this"') == 1
    assert "lighting 4" in page
    assert "Bars and a ball." in page
    assert "long_enough" in page
    assert "tester" in page
    assert "What plays are the source's own bytes" in unescape(page)
    places = client.get(f"/api/places/{clip['clip_id']}").json()
    lower = lake.query(
        "SELECT (count(*) FILTER (luma_mean < $v) + count(*) FILTER (luma_mean <= $v)) / 2 / count(*) FROM clip_sheet",
        {"v": sheet["luma_mean"]},
    )
    assert places["luma_mean"] == pytest.approx(lower.item())
    assert all(0 <= p <= 1 for p in places.values())
    assert "text_score" not in places


def test_a_clips_page_says_when_what_plays_is_not_the_source(client: TestClient, lake: Lake) -> None:
    for name in ENCODED:
        page = client.get(f"/clip/{clip_of(lake, name)}").text
        assert "What plays is encoded for browsers" in page
    assert MARKUP not in page


def test_the_first_page_has_the_tiers_with_what_they_keep(client: TestClient) -> None:
    page = client.get("/").text
    assert TIER in page
    assert "What a team can use" in page
    assert '<td class="n">44</td>' in page


def test_every_page_answers_with_a_page_where_something_is_not_there(client: TestClient) -> None:
    html = {"accept": "text/html"}
    for path, status in (
        ("/clip/" + "0" * 32, 404),
        ("/judge?tier=none", 404),
        ("/clips?sort=none", 400),
        ("/thresholds?column=none", 400),
    ):
        answer = client.get(path, headers=html)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert 'role="alert"' in answer.text


def player(client: TestClient, clip: str) -> dict[str, Any]:
    page = client.get(f"/clip/{clip}").text
    found = re.search(r'id="player" class="player" data-player="([^"]+)"', page)
    assert found is not None
    said: dict[str, Any] = json.loads(unescape(found[1]))
    return said


def test_a_player_is_told_the_span_and_the_crop(client: TestClient, lake: Lake) -> None:
    barred = clips(lake).filter(file_name="barred.mp4").row(0, named=True)
    said = player(client, barred["clip_id"])
    assert said["crop"] == [0, 32, 256, 144, 256, 208]
    assert (said["start"], said["end"]) == (barred["player_start_s"], barred["player_end_s"])
    rotated = player(client, clip_of(lake, "rotated.mp4"))
    assert rotated["crop"] == [0, 0, 144, 256, 144, 256]
    hevc = player(client, clip_of(lake, "hevc.mp4"))
    assert (hevc["own"], hevc["start"]) == (False, 0.0)
    assert hevc["why"] == "codec hevc in mp4"


def test_kappa_is_of_the_first_two_verdicts_on_each_clip(client: TestClient, review: Review, lake: Lake) -> None:
    chosen = clips(lake)["clip_id"][:4].to_list()
    # Two agree on half of the clips, and a third decides the others: by all verdicts 0.14, by the first two 0.
    for clip, said in zip(
        chosen, (["keep"] * 2, ["drop"] * 2, ["keep", "drop", "keep"], ["keep", "drop", "drop"]), strict=True
    ):
        for rater, decision in zip(("zoe", "bob", "ann"), said, strict=False):
            review.journal.add(row(clip, rater, decision))
    page = client.get("/raters").text
    assert "first two verdicts on each of these: <strong>0</strong>" in page


def test_verdicts_that_cannot_be_committed_are_told_and_tried_again_whatever_fails(
    client: TestClient, review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    review.stop()
    review._stopped.clear()
    turns, told = list[str](), list[str]()
    failed, again = threading.Event(), threading.Event()

    def fold() -> int:
        turns.append("")
        if len(turns) <= 3:
            if len(turns) == 3:
                failed.set()
                assert again.wait(60)
            raise OSError("No space left on device")
        review._stopped.set()
        return 0

    def note(action: str, *_more: object) -> None:
        told.append(action)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(review, "fold", fold)
    monkeypatch.setattr(review, "settings", review.settings.model_copy(update={"fold_seconds": 0.01}))
    with monkeypatch.context() as full:
        full.setattr(review.journal, "note", note)
        review.start()
        assert failed.wait(60)
        assert "Verdicts are not committed to the lake since" in client.get("/").text
        again.set()
        for thread in review._threads:
            thread.join(60)
    assert (len(turns), told) == (4, ["not committed", "committed again"])
    assert "not committed" not in client.get("/").text
