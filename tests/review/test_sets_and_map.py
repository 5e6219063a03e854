"""Sets of clips side by side, and the map of the embeddings."""

from __future__ import annotations

import re

import polars as pl
import pytest
from starlette.testclient import TestClient

from tests.review.conftest import Opened
from tests.review.footage import TIER, on_map
from tests.review.test_pages import shown
from video_assets.lake.lake import Replacement
from video_assets.lake.schemas import DRAWS_HISTORY
from video_assets.review.embedding_map import plane, points, sample
from video_assets.review.server import Review


def test_two_sets_stand_side_by_side_with_what_each_has_alone(seeing: Review, opened: Opened) -> None:
    lake, client = seeing.lake, opened(seeing)
    judged = "FROM tier_verdicts JOIN clips USING (batch, clip_id) WHERE tier = ?"
    kept = lake.query(f"SELECT batch, clip_id, video_id {judged} AND kept ORDER BY 2", [TIER])
    others = lake.query(f"SELECT batch, clip_id, video_id {judged} AND NOT kept ORDER BY 2 LIMIT 1", [TIER])
    both = pl.concat([kept.head(3), others])
    drawn = DRAWS_HISTORY.frame(both, tier=TIER, part="all", split="train", luck=0.1, version="1")
    lake.commit([Replacement(DRAWS_HISTORY, [kept["batch"][0]], drawn, {"tier": TIER})], [], message="by hand")
    left, right = f"tier:{TIER}", f"draw:{TIER}"
    page = client.get("/compare", params={"left": left, "right": right})
    assert page.status_code == 200, page.text
    told = re.findall(r"(\d+) clips, [\d.]+ h are in", page.text)
    assert told == ["3", str(kept.height - 3), str(others.height)]
    alone = sorted(kept["clip_id"])[3:]
    assert shown(page.text) == [*alone[:24], *others["clip_id"]]
    assert shown(client.get("/clips", params={"tier": TIER, "verdict": "kept", "outside": right}).text) == alone
    assert len(shown(client.get("/clips", params={"draw": TIER}).text)) == drawn.height
    assert client.get("/compare", params={"left": "clips", "right": left}).status_code == 400
    assert client.get("/clips", params={"outside": "tier"}).status_code == 400
    assert "Choose two" in client.get("/compare", params={"left": left, "right": left}).text


def test_an_address_that_names_a_set_that_is_no_more_says_so(seeing: Review, opened: Opened) -> None:
    client, lake = opened(seeing), seeing.lake
    with lake.cursor() as cursor:
        cursor.execute("INSERT INTO releases BY NAME SELECT 'empty' AS release, 'frozen' AS state")
    for query in ({"release": "empty"}, {"tier": TIER, "verdict": "undecided"}, {"draw": TIER}):
        page = client.get("/clips", params=query)
        assert (page.status_code, shown(page.text)) == (200, [])
    assert client.get("/compare", params={"left": "release:empty", "right": f"tier:{TIER}"}).status_code == 200
    for kind, said in (("release", "There is no release gone."), ("tier", "There is no tier gone.")):
        page = client.get("/clips", params={kind: "gone"})
        assert (page.status_code, page.json()) == (404, {"error": said})
        page = client.get("/compare", params={"left": f"tier:{TIER}", "right": f"{kind}:gone"})
        assert (page.status_code, page.json()) == (404, {"error": said})


def test_an_address_of_no_page_says_so_and_leads_on(seeing: Review, opened: Opened) -> None:
    page = opened(seeing).get("/nothing/here", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "There is no such page." in page.text
    assert '<a href="/clips"' in page.text


def test_a_clips_page_leads_to_its_near_duplicates_side_by_side_and_to_judging_it(
    seeing: Review, opened: Opened
) -> None:
    ids = seeing.lake.query("SELECT clip_id FROM clip_sheet ORDER BY clip_id LIMIT 3")["clip_id"].to_list()
    with seeing.lake.cursor() as cursor:
        cursor.execute(
            "UPDATE clip_sheet SET duplicate_group = 'g & h' WHERE clip_id IN (SELECT unnest($ids))", {"ids": ids}
        )
    seeing.copies.renew()
    client = opened(seeing)
    page = client.get(f"/clip/{ids[0]}").text
    [group] = re.findall(r'<a href="([^"]+)">All of them side by side', page)
    assert shown(client.get(group).text) == ids
    [judging] = re.findall(r'<a href="/judge\?([^"]+)">Judge it', page)
    [given] = client.post("/api/next", json={"query": judging, "most": 5}).json()["clips"]
    assert given["clip_id"] == ids[0]


def test_a_clip_lies_on_the_map_where_its_concept_does_and_the_longer_difference_goes_across(
    seeing: Review, opened: Opened
) -> None:
    client: TestClient = opened(seeing)
    assert "There is no map" in client.get("/map").text
    on_map(seeing.lake)
    with seeing.asking.look() as asked:
        made = plane(asked)
        assert made is not None
        found = points(asked, seeing.asking, sample(asked, made), TIER)
    assert made.share == pytest.approx(1)
    at = {c["concept"]: (c["x"], c["y"]) for c in made.concepts}
    # Two thirds of the map lie between the two that differ most; they differ by twice as much across as up.
    assert at[1][0] - at[0][0] == pytest.approx(2000 / 3)
    assert at[2][1] - at[0][1] == pytest.approx(1000 / 3)
    assert at[0][1] == pytest.approx(at[1][1])
    assert len(found) == 44
    assert all((p["x"], p["y"]) == pytest.approx(at[p["concept"]]) for p in found)
    assert {p["verdict"] for p in found} <= {"kept", "dropped", "undecided"}
    page = client.get("/map", params={"tier": TIER}).text
    assert len(re.findall(r'<circle class="point', page)) == 44
    assert '<a href="/clips?equal.concept=3" aria-label="concept 3: 11 clips">' in page
    assert client.get("/map", params={"tier": "team/nothing"}).status_code == 404
