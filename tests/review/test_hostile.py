"""Whoever means harm: refused, noted in the audit trail, and nothing has happened."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.look.test_look import Page
from tests.review.conftest import HERE, Opened
from tests.review.footage import MARKUP, clip_of
from tests.review.sent import verdict
from video_assets.lake.lake import Lake
from video_assets.review import noting, server
from video_assets.review.guard import MOST_BYTES
from video_assets.review.server import Review

TOKEN = "a token of more than sixteen"


def refusals(review: Review) -> list[str]:
    review.noting.wait()
    return [str(line["said"]) for line in review.journal.trail(100) if line["action"] == "refused"]


def nothing_said(review: Review) -> bool:
    return review.journal.changes(0) == (0, [])


@pytest.mark.parametrize(
    "path",
    [
        "/clip/../../etc/passwd",
        "/clip/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/media/..%2f..%2f..%2fetc%2fpasswd",
        "/media/%2fetc%2fpasswd",
        "/media/file:%2f%2f%2fetc%2fpasswd",
        "/picture/..%2f..%2fetc/0",
        "/media/" + "0" * 32,
        "/media/" + "0" * 31 + "%00",
        "/static/..%2f..%2fapp.py",
        "/static/../app.py",
        "/static/%2e%2e/templates/base.html",
        "/static/questions.toml",
    ],
)
def test_no_path_leads_out_of_the_lake(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_a_picture_that_is_none_is_not_there(client: TestClient, lake: Lake) -> None:
    clip = clip_of(lake, "plain.mp4")
    assert [client.get(f"/picture/{clip}/{n}").status_code for n in (0, 4, 5, 99999)] == [200, 200, 404, 404]
    assert client.get(f"/picture/{clip}/-1").status_code == 404


def test_markup_in_names_and_captions_is_text(client: TestClient, lake: Lake) -> None:
    clip = clip_of(lake, f"{MARKUP}.mp4")
    for path in ("/clips?sort=file_name", f"/clip/{clip}"):
        page = client.get(path, headers={"accept": "text/html"}).text
        assert MARKUP not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page
    sent = verdict(clip, note=MARKUP, caption=f"{MARKUP} </textarea><script>")
    assert client.post("/api/verdict", json=sent).status_code == 200
    page = client.get(f"/clip/{clip}").text
    assert MARKUP not in page
    assert page.count("<script") == len(re.findall(r'<script src="/static/[a-z]+\.js"></script>', page)) == 3


def test_markup_in_an_address_is_text_and_no_question(client: TestClient, review: Review) -> None:
    hostile = '"><script>alert(1)</script>'
    for query in (
        "where",
        "sort",
        "batch",
        "tier",
        "verdict",
        "after",
        "nothing",
        f"least.{hostile}",
        "equal.file_name",
    ):
        page = client.get("/clips", params={query: hostile}, headers={"accept": "text/html"})
        assert page.status_code in (200, 400, 404)
        assert "<script>" not in page.text
    assert any("address" in said or "column" in said for said in refusals(review))


def test_every_answer_forbids_what_a_page_does_not_need(client: TestClient, lake: Lake) -> None:
    clip = clip_of(lake, "plain.mp4")
    for path in (
        "/",
        "/clips",
        f"/clip/{clip}",
        f"/media/{clip}",
        f"/picture/{clip}/0",
        "/static/review.css",
        "/nowhere",
    ):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers
    pages = [client.get(p).text for p in ("/", "/clips", f"/clip/{clip}", "/judge", "/raters", "/thresholds", "/trail")]
    for page in pages:
        for tag, attributes in Page(page).tags:
            assert tag != "style"
            assert tag != "script" or str(attributes["src"]).startswith("/static/")
            assert not [a for a in attributes if a == "style" or a.startswith("on")]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8123", "", "localhost.evil.example"])
def test_another_name_of_this_server_is_refused(client: TestClient, review: Review, host: str) -> None:
    answer = client.get("/clips", headers={"host": host})
    assert answer.status_code == 421
    assert refusals(review)[0].endswith(f"host {host}")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:99", "[::1]:8123", "clips.example", "CLIPS.example:443"])
def test_its_own_names_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/trail", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"x-review-word": "0" * 64}, 403),
        ({"x-review-word": ""}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_a_change_that_another_site_might_send_is_refused(
    client: TestClient, review: Review, lake: Lake, headers: dict[str, str], status: int
) -> None:
    body = json.dumps(verdict(clip_of(lake, "plain.mp4")))
    answer = client.post("/api/verdict", content=body, headers={"content-type": "application/json"} | headers)
    assert answer.status_code == status
    assert nothing_said(review)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_of_another_site_may_lead_here_and_ask_for_nothing(
    client: TestClient, review: Review, lake: Lake, site: str
) -> None:
    clip = clip_of(lake, "plain.mp4")
    paths = ("/api/count?where=TRUE", "/clips?where=TRUE", f"/media/{clip}", f"/picture/{clip}/0")
    for mode, to in (("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe")):
        asked = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": to}
        assert [client.get(path, headers=asked).status_code for path in paths] == [403] * 4
    assert all("another site" in said for said in refusals(review))
    led = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/clips", headers=led).status_code == 200
    own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    assert client.get(f"/picture/{clip}/0", headers=own).status_code == 200


def test_a_change_without_an_origin_or_the_pages_word_is_refused(
    client: TestClient, review: Review, lake: Lake
) -> None:
    sent = verdict(clip_of(lake, "plain.mp4"))
    for missing in ("origin", "x-review-word"):
        before = client.headers.pop(missing)
        assert client.post("/api/verdict", json=sent).status_code == 403
        client.headers[missing] = before
    assert [client.request(method, "/api/verdict").status_code for method in ("PUT", "DELETE", "PATCH")] == [405] * 3
    assert client.get("/api/verdict").status_code == 405
    assert nothing_said(review)
    assert len(refusals(review)) == 2


def test_what_is_too_large_is_refused_whatever_it_says_of_its_size(client: TestClient, review: Review) -> None:
    large = b'{"note": "' + b"x" * MOST_BYTES + b'"}'
    kind = {"content-type": "application/json"}
    assert client.post("/api/verdict", content=large, headers=kind).status_code == 413
    parts = (large[i : i + 10_000] for i in range(0, len(large), 10_000))  # without a Content-Length
    assert client.post("/api/verdict", content=parts, headers=kind).status_code == 413
    assert nothing_said(review)
    assert len(refusals(review)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": "maybe"},
        {"decision": None},
        {"review_id": "../../x"},
        {"review_id": 7},
        {"clip_id": "' OR 1=1 --"},
        {"clip_id": "0" * 32},
        {"questions": "0" * 16},
        {"answers": {"lighting": 6}},
        {"answers": {"lighting": 0}},
        {"answers": {"no_clutter": 2}},
        {"answers": {"no such question": 1}},
        {"answers": {"lighting": "5"}},
        {"answers": {f"q{n}": 1 for n in range(61)}},
        {"flags": ["theft"]},
        {"flags": "rights"},
        {"trim_start_pts": "-1"},
        {"trim_end_pts": "99999999999"},
        {"trim_start_pts": "2000", "trim_end_pts": "1000"},
        {"trim_start_pts": str(2**63)},
        {"trim_start_pts": "1e3"},
        {"caption": "x" * 8_001},
        {"caption": "x\0y"},
        {"note": ["x"]},
        {"seconds": -1},
        {"seconds": 1e9},
        {"rater": "somebody else"},
        {"path": "/etc/passwd"},
    ],
)
def test_a_verdict_that_is_none_is_refused_and_noted(
    client: TestClient, review: Review, lake: Lake, changes: dict[str, Any]
) -> None:
    answer = client.post("/api/verdict", json=verdict(clip_of(lake, "plain.mp4")) | changes)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert nothing_said(review)
    assert len(refusals(review)) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"a":' * 9000, b"\xff\xfe", b'{"review_id": NaN}'])
def test_what_is_no_json_of_a_verdict_is_refused(client: TestClient, review: Review, body: bytes) -> None:
    for path in ("/api/verdict", "/api/undo", "/api/rater"):
        assert client.post(path, content=body, headers={"content-type": "application/json"}).status_code == 400
    assert nothing_said(review)


@pytest.mark.parametrize("name", ["", "   ", "<b>x</b>", "a\nb", "a;b", "x" * 61, "../x", "\0"])
def test_a_name_that_is_none_is_refused(client: TestClient, name: str) -> None:
    assert client.post("/api/rater", json={"name": name}).status_code == 400
    assert "video_assets_rater" not in client.cookies


def test_a_cookie_that_was_written_by_hand_names_nobody(client: TestClient, lake: Lake) -> None:
    client.cookies.set("video_assets_rater", "%3Cscript%3E")
    assert client.post("/api/verdict", json=verdict(clip_of(lake, "plain.mp4"))).json()["rater"] == "ann"


@pytest.mark.parametrize(
    "where",
    [
        "TRUE; DROP TABLE clips",
        "clip_id IN (SELECT content FROM read_text('/etc/passwd'))",
        "clip_id IN (FROM '/etc/passwd')",
        "nonsense > 5",
        "\"clip codec\" = 'h264'",
        "clip_id IN (SELECT clip_id FROM copy.shown)",
        "clip_id IN (SELECT clip_id FROM shown)",
        "vmaf_motion > 'a",
    ],
)
def test_sql_that_writes_or_reads_files_is_refused_on_every_way_in(
    client: TestClient, review: Review, lake: Lake, where: str
) -> None:
    before = lake.query("SELECT count(*) FROM clips").item()
    for path in ("/clips", "/api/count"):
        answer = client.get(path, params={"where": where})
        assert answer.status_code == 400
        assert "root:" not in answer.text
    assert client.get("/api/histogram", params={"where": where, "column": "luma_mean"}).status_code == 400
    assert client.post("/api/next", json={"query": f"where={where}"}).status_code == 400
    assert lake.query("SELECT count(*) FROM clips").item() == before
    assert len(refusals(review)) == 4


@pytest.mark.parametrize(
    "query",
    [
        "sort=nothing", "sort=x%22%20--", "order=up", "verdict=kept", "least.luma_mean=x", "least.luma_mean=nan", "least.luma_mean=inf",
        "least.file_name=1", "least.nothing=1", "equal.nothing=1", "video=x", "after=x", "after=[1]", "after=[[1],%22a%22]", "what=1",
        "&".join(f"least.c{n}=1" for n in range(13)), "column=file_name", "where=" + "x" * 4_001,
    ],
)  # fmt: skip
def test_an_address_that_asks_for_what_there_is_not_is_refused(client: TestClient, query: str) -> None:
    path = "/api/histogram" if query.startswith("column") else "/clips"
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"].endswith((".", "address."))


def test_a_token_is_asked_of_everybody_and_for_everything(review: Review, opened: Opened, lake: Lake) -> None:
    client, clip = opened(review, TOKEN), clip_of(lake, "plain.mp4")
    for path in ("/", "/clips", f"/media/{clip}", f"/picture/{clip}/0", "/api/count", "/static/judge.js", "/trail"):
        assert client.get(path).status_code == 401, path
    assert client.post("/api/verdict", json=verdict(clip)).status_code == 401
    page = client.get("/clips", headers={"accept": "text/html"}, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/enter?next=%2Fclips")
    assert "plain" not in client.get("/enter").text
    for wrong in ("", "x", TOKEN[:-1], f"{TOKEN}x", "é"):
        client.post("/enter", data={"token": wrong})
        assert client.get("/clips").status_code == 401
    for forged in ("", "0" * 64, TOKEN, review.word):
        client.cookies.set("video_assets_review", forged)
        assert client.get("/clips").status_code == 401
        client.cookies.clear()
    assert nothing_said(review)
    assert "a wrong token" in " ".join(refusals(review))
    answer = client.post("/enter", data={"token": TOKEN}, follow_redirects=False)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert client.get("/clips").status_code == 200
    assert client.post("/api/rater", json={"name": "bob"}).status_code == 200
    assert client.post("/api/verdict", json=verdict(clip)).json()["rater"] == "bob"


def test_an_address_that_was_sent_on_leads_to_its_page_also_by_way_of_the_token(review: Review, opened: Opened) -> None:
    client, page = opened(review, TOKEN), "/clips?sort=duration_s&where=file_name+LIKE+%27long%25%27"
    led = {"accept": "text/html", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    to_enter = client.get(page, headers=led, follow_redirects=False).headers["location"]
    form = {t["name"]: t.get("value") for name, t in Page(client.get(to_enter).text).tags if name == "input"}
    assert form["next"] == page
    again = client.post("/enter", data={"token": "x", "next": form["next"]}, follow_redirects=False)
    assert "video_assets_review" not in client.cookies
    assert "That is not the token." in client.get(again.headers["location"]).text
    assert page.split("=")[-1] in client.get(again.headers["location"]).text
    entered = client.post("/enter", data={"token": TOKEN, "next": form["next"]}, follow_redirects=False)
    assert entered.headers["location"] == page
    assert client.get(page, headers=led, follow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    "onward",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "evil", "", "/\n/evil",
     "/\t/evil.example", "/enter?next=/enter", "/" + "x" * 9_000, "/x\r\nset-cookie: a=b", "///evil.example"],
)  # fmt: skip
def test_entering_leads_to_no_other_site(review: Review, opened: Opened, onward: str) -> None:
    client = opened(review, TOKEN)
    shown = Page(client.get("/enter", params={"next": onward}).text).tags
    assert [t["value"] for name, t in shown if name == "input" and t["name"] == "next"] == ["/"]
    answer = client.post("/enter", data={"token": TOKEN, "next": onward}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_a_token_in_an_address_is_none(review: Review, opened: Opened) -> None:
    client = opened(review, TOKEN)
    assert client.get("/clips", params={"token": TOKEN}).status_code == 401
    assert "set-cookie" not in client.get("/enter", params={"token": TOKEN}).headers


@pytest.mark.parametrize(("said", "secure"), [("https", True), ("https, http", True), ("http", False), (None, False)])
def test_cookies_stay_on_tls_where_the_proxy_says_that_it_is_spoken(
    review: Review, opened: Opened, said: str | None, secure: bool
) -> None:
    client = opened(review, TOKEN)
    proxied = {} if said is None else {"x-forwarded-proto": said}
    entered = client.post("/enter", data={"token": TOKEN}, headers=proxied, follow_redirects=False)
    # A browser would send a Secure cookie by TLS; this one asks without.
    client.cookies.set("video_assets_review", entered.headers["set-cookie"].partition("=")[2].partition(";")[0])
    named = client.post("/api/rater", json={"name": "bob"}, headers=proxied)
    for answer in (entered, named):
        cookie = answer.headers["set-cookie"].lower()
        assert ("; secure" in cookie) == secure
        assert "samesite=lax" in cookie


@pytest.mark.parametrize("token", [TOKEN, None])
def test_nobody_judges_without_a_name_where_it_may_be_another_than_who_started_the_server(
    review: Review, opened: Opened, lake: Lake, token: str | None
) -> None:
    """Behind a token, and under a name that other machines ask by; the browser is to keep what was said (no 400)."""
    client = opened(review, token)
    if token is None:
        client.headers.update({"host": "clips.example", "origin": "http://clips.example"})
    else:
        client.post("/enter", data={"token": TOKEN})
    changes = {
        "/api/next": {"most": 1},
        "/api/verdict": verdict(clip_of(lake, "plain.mp4")),
        "/api/undo": {"review_id": "f" * 32},
        "/api/back": {"clips": []},
    }
    for path, body in changes.items():
        answer = client.post(path, json=body)
        assert (answer.status_code, "Say who you are" in answer.text) == (409, True), path
    assert nothing_said(review)
    for page in ("/judge", "/nowhere"):
        assert 'value="ann"' not in client.get(page, headers={"accept": "text/html"}).text


def test_a_verdict_of_another_rater_than_the_browsers_is_refused(review: Review, opened: Opened, lake: Lake) -> None:
    client, clip = opened(review, rater="bob"), clip_of(lake, "plain.mp4")
    answer = client.post("/api/verdict", json=verdict(clip) | {"rater": "ann"})
    assert (answer.status_code, answer.json()["error"][:13]) == (400, "ann said this")
    assert nothing_said(review)
    assert client.post("/api/verdict", json=verdict(clip) | {"rater": "bob"}).json()["rater"] == "bob"


def test_another_sites_form_does_not_enter(review: Review, opened: Opened) -> None:
    client = opened(review, TOKEN)
    answer = client.post("/enter", data={"token": TOKEN}, headers={"origin": "http://evil.example"})
    assert answer.status_code == 403
    assert client.get("/clips").status_code == 401


def test_very_many_refusals_fill_no_disk(client: TestClient, review: Review) -> None:
    for _ in range(120):
        client.get("/clips", headers={"host": "evil.example"})
    assert 20 <= len(refusals(review)) < 120
    assert HERE.startswith("http://127")


def test_who_is_refused_waits_for_no_disk(client: TestClient, review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("video_assets.review.journal._PATIENCE_S", 300.0)  # of the writer, on a slow machine
    with closing(sqlite3.connect(review.journal.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # Nobody can write meanwhile.
        assert client.get("/", headers={"host": "elsewhere.example"}).status_code == 421
        assert client.post("/api/verdict", json={}).status_code == 400
        assert client.get("/clips", params={"where": "nothing_of_that_name"}).status_code == 400
        other.execute("ROLLBACK")
    assert len(refusals(review)) == 3


def test_refusals_beyond_what_may_wait_are_counted(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_REFUSALS_A_SECOND", 10_000)
    with closing(sqlite3.connect(review.journal.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(noting._WAITING + 30):
            review.refused("10.0.0.9", "GET /", "host")
        other.execute("ROLLBACK")
    review.noting.wait()
    review.refused("10.0.0.9", "GET /", "the last")
    said = refusals(review)[0]
    # One or none of them was taken by the writer at once.
    assert said in ("GET /: the last (29 more before)", "GET /: the last (30 more before)")
