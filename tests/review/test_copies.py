"""The copy of the sheet from which pages are answered: what is in it, when there is another, and what is left of the one before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.testclient import TestClient

from tests.review.conftest import Opened
from tests.review.footage import TIER, clip_of, clips, tiers_of
from tests.review.sent import row, verdict
from tests.review.test_pages import shown
from video_assets.lake.lake import Lake
from video_assets.review import copies as module
from video_assets.review.asking import RULES, SHOWN, TIMELINE, is_of_sheet
from video_assets.review.clips import LINE, found
from video_assets.review.copies import FOLDER, Copies
from video_assets.review.server import Review
from video_assets.takedown import files
from video_assets.takedown.traces import Traces


@pytest.fixture
def page(seeing: Review, opened: Opened) -> TestClient:
    """Give a browser of a server of the lake of a test's own, which follows the lake when it is told to."""
    client = opened(seeing)
    seeing.stop()
    seeing.copies._stopped.clear()
    return client


def change(lake: Lake, sql: str, **parameters: object) -> None:
    """Change the lake behind the server's back."""
    with lake.cursor() as cursor:
        cursor.execute(sql, parameters)


def folder(lake: Lake) -> Path:
    return lake.settings.lake.scratch_path / FOLDER


def there(lake: Lake) -> list[Path]:
    return sorted(folder(lake).glob("*.duckdb"))


def ask(review: Review, sql: str) -> list[dict[str, Any]]:
    with review.asking.look() as asked:
        return asked.rows(sql)


def test_a_copy_has_the_sheet_in_the_order_of_ids_with_what_each_tier_says(review: Review, lake: Lake) -> None:
    rows = ask(review, f"SELECT * FROM {SHOWN}")
    sheet = lake.query("SELECT * FROM clip_sheet ORDER BY clip_id")
    assert [{name: value for name, value in one.items() if is_of_sheet(name)} for one in rows] == sheet.to_dicts()
    said = ("verdict", "decided_by", "not_passed", "passed")
    verdicts = lake.query(f"SELECT clip_id, {', '.join(said)} FROM tier_verdicts ORDER BY clip_id")
    assert [
        {"clip_id": one["clip_id"]} | {name: one[f"{name} {TIER}"] for name in said} for one in rows
    ] == verdicts.to_dicts()
    rules = ask(review, f"SELECT tier, number, rule, expression FROM {RULES} ORDER BY number")
    assert rules == lake.query("SELECT tier, number, rule, expression FROM tier_rules ORDER BY number").to_dicts()


def test_a_clip_is_the_same_by_the_copy_and_by_the_lake(review: Review, lake: Lake) -> None:
    ids = clips(lake)["clip_id"].to_list()
    with review.asking.look() as asked:
        assert {c: review.source_of(clip) for c in ids if (clip := review.clip(c))} == found(asked, ids)


def test_a_source_has_the_same_shots_and_clips_by_the_copy_and_by_the_lake(review: Review, lake: Lake) -> None:
    by_copy = ask(review, f"SELECT * FROM {TIMELINE} ORDER BY ALL")
    by_lake = lake.query(f"FROM ({LINE.format(here='TRUE')}) ORDER BY ALL").to_dicts()
    assert by_copy == by_lake
    assert sum(part["clip_id"] is not None for part in by_copy) == 44


def test_a_page_that_is_loaded_again_shows_a_lake_that_has_changed(
    seeing: Review, page: TestClient, own_lake: Lake
) -> None:
    assert not seeing.copies.renew()
    clip, before = clip_of(own_lake, "plain.mp4"), there(own_lake)
    change(own_lake, "UPDATE clip_sheet SET luma_mean = 999 WHERE clip_id = $clip", clip=clip)
    change(own_lake, "UPDATE tier_outcomes SET failed = 2 WHERE clip_id = $clip", clip=clip)
    bright, dropped = "/clips?least.luma_mean=900", f"/clips?tier={TIER}&verdict=dropped"
    assert (shown(page.get(bright).text), shown(page.get(dropped).text)) == ([], [])
    assert seeing.copies.renew()
    assert (shown(page.get(bright).text), shown(page.get(dropped).text)) == ([clip], [clip])
    [by] = own_lake.query("SELECT decided_by FROM tier_verdicts WHERE clip_id = ?", [clip])["decided_by"]
    assert f'dropped</span> {TIER} <span class="dim">by {by}</span>' in page.get(f"/clip/{clip}").text
    assert not seeing.copies.renew()
    assert len(there(own_lake)) == 1
    assert there(own_lake) != before


def test_a_column_that_the_sheet_gains_is_one_to_sort_by(seeing: Review, page: TestClient, own_lake: Lake) -> None:
    asks = ("/clips?sort=newest_score", "/clips?where=newest_score > 0", "/api/histogram?column=newest_score")
    change(own_lake, "ALTER TABLE clip_sheet ADD COLUMN newest_score DOUBLE DEFAULT 1.0")
    assert [page.get(path).status_code for path in asks] == [400] * 3
    assert seeing.copies.renew()
    assert [page.get(path).status_code for path in asks] == [200] * 3


def test_verdicts_are_seen_without_another_copy(seeing: Review, page: TestClient, own_lake: Lake) -> None:
    before, clip = there(own_lake), clip_of(own_lake, "plain.mp4")
    page.post("/api/verdict", json=verdict(clip, "keep"))
    assert seeing.fold() == 1
    assert not seeing.copies.renew()
    assert there(own_lake) == before
    assert shown(page.get("/clips?people=keep").text) == [clip]


def test_what_was_taken_down_is_shown_nowhere_before_there_is_another_copy(
    seeing: Review, page: TestClient, own_lake: Lake
) -> None:
    known = clips(own_lake).filter(file_name="plain.mp4")
    clip, video = known.row(0, named=True)["clip_id"], known["video_id"][0]
    asks = (f"/clip/{clip}", f"/picture/{clip}/2", f"/media/{clip}", f"/api/places/{clip}")
    assert [page.get(path).status_code for path in asks] == [200] * 4
    for query in (f"tier={TIER}", f"tier={TIER}&first=rare", ""):  # The order of a queue is kept for a minute.
        assert page.post("/api/next", json={"query": query, "most": 1}).json()["left"] == 44
    change(own_lake, "INSERT INTO tombstones (video_id, takedown) VALUES ($video, 't1')", video=video)
    assert not seeing.copies.renew(make=False)
    for renewed in (False, True):
        assert [page.get(path).status_code for path in asks] == [404] * 4
        assert clip not in page.get(f"/clips?video={video}").text
        assert page.get("/api/count").json()["clips"] == 44 - known.height
        histogram = page.get("/api/histogram?column=duration_s").json()
        assert sum(b["clips"] for b in histogram["bins"]) == 44 - known.height
        for query in (f"tier={TIER}", f"tier={TIER}&first=rare", ""):
            given = page.post("/api/next", json={"query": query, "most": 10}).json()
            assert given["left"] == 44 - known.height
            assert clip not in [one["clip_id"] for one in given["clips"]]
        [tried] = page.get(f"/api/moved?tier={TIER}&rule=bright&cut=0").json()["tiers"]
        assert (tried["kept_before"], tried["kept_after"]) == (44 - known.height, 44 - known.height)
        beside = page.get(f"/compare?left=tier:{TIER}&right=draw:{TIER}").text
        assert f"{44 - known.height} clips, " in beside
        assert page.post("/api/verdict", json=verdict(clip)).status_code == 400
        assert seeing.copies.renew() != renewed
        assert ask(seeing, f"SELECT count(*) AS n FROM {SHOWN} WHERE video_id = '{video}'") == [{"n": 0}]
    change(own_lake, "UPDATE tombstones SET admitted_at = now()")
    assert seeing.copies.renew()
    assert len(shown(page.get(f"/clips?video={video}").text)) == known.height


def test_a_verdict_on_a_clip_that_the_lake_has_no_more_is_refused_though_the_copy_has_it(
    seeing: Review, page: TestClient, own_lake: Lake
) -> None:
    clip = clip_of(own_lake, "plain.mp4")
    change(own_lake, "DELETE FROM clips WHERE clip_id = $clip", clip=clip)
    assert page.get(f"/clip/{clip}").status_code == 200
    assert page.post("/api/verdict", json=verdict(clip)).status_code == 400
    assert seeing.journal.changes(0) == (0, [])
    assert seeing.copies.renew()
    assert page.get(f"/clip/{clip}").status_code == 404
    assert len(shown(page.get("/clips").text)) == 43


def test_a_clip_that_nobody_has_measured_yet_has_its_page_and_is_judged(
    seeing: Review, page: TestClient, own_lake: Lake
) -> None:
    clip = clip_of(own_lake, "plain.mp4")
    change(own_lake, "DELETE FROM clip_sheet WHERE clip_id = $clip", clip=clip)
    assert seeing.copies.renew()
    assert clip not in shown(page.get("/clips").text)
    assert 'aria-label="1 clips in 1 shots of the source"' in page.get(f"/clip/{clip}").text
    assert page.post("/api/verdict", json=verdict(clip)).json()["new"]


def test_who_looks_goes_on_in_the_copy_before_and_its_file_goes(
    seeing: Review, page: TestClient, own_lake: Lake
) -> None:
    clip, [before] = clip_of(own_lake, "plain.mp4"), there(own_lake)
    count = f"SELECT count(*) AS n FROM {SHOWN} WHERE luma_mean = 999"
    looking, renewed = threading.Event(), threading.Event()
    found: list[Any] = []

    def look() -> None:
        with seeing.asking.look() as asked:
            found.append(asked.one(count))
            looking.set()
            assert renewed.wait(60)
            found.append(asked.one(count))
        found.extend(ask(seeing, count))

    thread = threading.Thread(target=look)
    thread.start()
    assert looking.wait(60)
    change(own_lake, "UPDATE clip_sheet SET luma_mean = 999 WHERE clip_id = $clip", clip=clip)
    assert seeing.copies.renew()
    assert not before.exists()
    held = str(before) in opened_files()
    renewed.set()
    thread.join(60)
    assert found == [{"n": 0}, {"n": 0}, {"n": 1}]
    assert (held, str(before) in opened_files()) == (True, False)


def opened_files() -> set[str]:
    """The files that this process has open, also those that were removed."""
    names = set()
    for link in Path("/proc/self/fd").iterdir():
        if link.is_symlink():
            names.add(str(link.readlink()).removesuffix(" (deleted)"))
    return names


def test_another_server_takes_the_copy_that_is_there_and_one_of_another_build_makes_its_own(
    seeing: Review, own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = there(own_lake)
    inode = first.stat().st_ino
    monkeypatch.setattr(Copies, "_make", lambda *_: pytest.fail("made again"))
    again = Review(own_lake, tiers_of(own_lake), "ann")
    again.asking.close()
    assert [(path, path.stat().st_ino) for path in there(own_lake)] == [(first, inode)]
    monkeypatch.undo()
    monkeypatch.setattr(module, "_FORM", "another build")
    other = Review(own_lake, tiers_of(own_lake), "ann")
    other.asking.close()
    assert len(there(own_lake)) == 1
    assert there(own_lake) != [first]


def test_what_a_killed_server_was_making_is_removed_and_never_asked(own_lake: Lake) -> None:
    half = folder(own_lake) / ".making-killed"
    half.mkdir(parents=True)
    (half / "mixed").write_bytes(b"half a database")
    made = Review(own_lake, tiers_of(own_lake), "ann")
    assert not half.exists()
    assert ask(made, f"SELECT count(*) AS n FROM {SHOWN}") == [{"n": 44}]
    assert [path.name for path in folder(own_lake).iterdir() if path.suffix != ".duckdb"] == [".lock"]
    made.asking.close()


def test_a_copy_that_a_takedown_removes_while_it_is_made_never_comes_to_be(
    seeing: Review, page: TestClient, own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clip_of(own_lake, "plain.mp4")
    change(own_lake, "UPDATE clip_sheet SET luma_mean = 999 WHERE clip_id = $clip", clip=clip)
    inner = module._selects

    def meanwhile(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        yield from inner(connection)
        assert files.clear_scratch(own_lake, [], Traces([clip])) >= 2

    with monkeypatch.context() as taken:
        taken.setattr(module, "_selects", meanwhile)
        with pytest.raises(OSError, match=r"review_sheet|No copy"):
            seeing.copies.renew()
    assert there(own_lake) == []
    assert page.get(f"/clip/{clip}").status_code == 200
    assert seeing.copies.renew()
    assert len(there(own_lake)) == 1


def test_pages_go_on_when_no_copy_can_be_made_which_is_noted_once_and_tried_again(
    seeing: Review, page: TestClient, own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clip_of(own_lake, "plain.mp4")
    change(own_lake, "UPDATE clip_sheet SET luma_mean = 999 WHERE clip_id = $clip", clip=clip)
    seeing._stopped.clear()
    monkeypatch.setattr("video_assets.review.server._RESTS", 0)

    def full(*_: object) -> Path:
        raise duckdb.IOException("No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(Copies, "_make", full)
        for _ in range(3):
            seeing._renew_or_say()
    noted = [line["said"] for line in seeing.journal.trail(99) if line["action"] == "not renewed"]
    assert len(noted) == 1
    assert "No space left on device Make room there (lake.scratch)" in str(noted[0])
    assert len(shown(page.get("/clips").text)) == 44
    seeing._renew_or_say()
    assert shown(page.get("/clips?least.luma_mean=900").text) == [clip]


def test_between_two_copies_the_server_rests_and_hides_what_was_taken_down(
    seeing: Review, page: TestClient, own_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("video_assets.review.server._RESTS", 10_000)
    known = clips(own_lake).filter(file_name="plain.mp4")
    clip, video = known["clip_id"][0], known["video_id"][0]
    seeing._stopped.clear()
    for turn in range(2):
        change(own_lake, "UPDATE clip_sheet SET luma_mean = $n WHERE clip_id = $clip", clip=clip, n=900 + turn)
        seeing._renew_or_say()
        assert shown(page.get("/clips?least.luma_mean=900&most.luma_mean=900").text) == [clip]
    change(own_lake, "INSERT INTO tombstones (video_id, takedown) VALUES ($video, 't1')", video=video)
    seeing._renew_or_say()
    assert shown(page.get("/clips?least.luma_mean=900").text) == []


def test_a_lake_without_a_clip_has_an_empty_copy(own_lake: Lake, opened: Opened) -> None:
    change(own_lake, "DELETE FROM clip_sheet")
    change(own_lake, "DELETE FROM tier_outcomes")
    made = Review(own_lake, tiers_of(own_lake), "ann")
    client = opened(made)
    for path in ("/", "/clips", f"/clips?tier={TIER}&sort=luma_mean", "/raters", "/thresholds?column=luma_mean"):
        assert client.get(path).status_code == 200
    assert client.get("/api/count").json()["clips"] == 0
    made.asking.close()


def test_people_against_a_tier_are_counted_on_clips_on_which_they_are_sure(
    seeing: Review, page: TestClient, own_lake: Lake
) -> None:
    chosen = clips(own_lake)["clip_id"][:4].to_list()
    change(own_lake, "UPDATE tier_outcomes SET failed = 1 WHERE clip_id IN ($a, $b)", a=chosen[0], b=chosen[1])
    for clip, decision in zip(chosen, ("keep", "drop", "drop", "unsure"), strict=True):
        seeing.journal.add(row(clip, "ann", decision))
    assert seeing.fold() == 4
    assert seeing.copies.renew()
    told = " ".join(page.get("/raters").text.split())
    assert 'verdict=kept&amp;people=drop">1<' in told
    assert 'verdict=dropped&amp;people=keep">1<' in told
