"""Who is given which clip: near a threshold first, a share to two, what two disagree on to a third, nobody's twice at once."""

from __future__ import annotations

import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from uuid import NAMESPACE_OID, uuid5

import pytest

from tests.review.conftest import Opened
from tests.review.footage import TIER, clips
from tests.review.sent import row, verdict
from video_assets.curate.tiers import Tier, read_tier
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import REVIEWS
from video_assets.review import queue as queue_module
from video_assets.review.asking import TooLongError
from video_assets.review.fold import rows_of
from video_assets.review.margins import queue, thresholds
from video_assets.review.queue import wants
from video_assets.review.server import Review

HALF, LESS = "0" * 24 + "7fffffff", "0" * 24 + "0fffffff"


def tier(*rules: str) -> Tier:
    from pathlib import Path

    listed = ",\n    ".join(f"{rule} AS rule_{n}" for n, rule in enumerate(rules))
    return read_tier("team/usable", Path("usable.sql"), f"SELECT\n    clip_id,\n    {listed}\nFROM clip_sheet;\n")


def test_thresholds_are_read_from_rules() -> None:
    found = thresholds(
        tier(
            "vmaf_motion >= 1.5",
            "0.2 < luma_mean",
            "duration_s BETWEEN 4 AND 16",
            "(a > -3 AND b <= 2)",
            "layout = 'single'",
            "a > b",
            "NOT a > 3",
            "human_keep IS TRUE OR a >= 3",
            "b IS TRUE OR a >= 3",
        )
    )
    *found, of_people = found
    assert (of_people.column, of_people.alone, of_people.moved(2)) == ("a", True, 'human_keep IS TRUE OR "a" >= 2')
    assert [(t.rule, t.column, t.sign, t.value, t.alone) for t in found] == [
        ("rule_0", "vmaf_motion", ">=", 1.5, True),
        ("rule_1", "luma_mean", ">", 0.2, True),
        ("rule_2", "duration_s", ">=", 4.0, False),
        ("rule_2", "duration_s", "<=", 16.0, False),
        ("rule_3", "a", ">", -3.0, False),
        ("rule_3", "b", "<=", 2.0, False),
    ]
    assert found[0].moved(2.25) == '"vmaf_motion" >= 2.25'


def test_the_clips_nearest_to_a_threshold_come_first(review: Review, lake: Lake) -> None:
    low, high = lake.query("SELECT min(luma_mean), max(luma_mean) FROM clip_sheet").row(0)
    middle = (low + high) / 2
    shifted = tier("TRUE", f"luma_mean >= {middle}")
    with review.asking.look() as asked:
        order = queue(asked, review.asking, shifted, 0.5)
    luma = dict(lake.query("SELECT clip_id, luma_mean FROM clip_sheet").iter_rows())
    assert sorted(order) == sorted(luma)  # the verdicts of the lake keep all of them
    distances = [abs(luma[clip] - middle) for clip in order]
    assert all(a <= b + 1e-9 for a, b in pairwise(distances))


def test_kinds_of_which_people_keep_few_come_first_when_that_is_asked_for(seeing: Review) -> None:
    lake, usual = seeing.lake, tier("TRUE", "luma_mean >= 128")
    of = lake.query("SELECT clip_id, floor(duration_s / 2)::INTEGER::VARCHAR || orientation FROM clip_sheet")
    kind = dict(of.iter_rows())
    assert Counter(kind.values()) == {"1landscape": 35, "0landscape": 8, "0portrait": 1}

    def order() -> list[str]:
        with seeing.asking.look() as asked:
            return queue(asked, seeing.asking, usual, 0.5, rare=True)

    before = order()
    assert sorted(before) == sorted(kind)
    assert len({kind[clip] for clip in before[:3]}) == 3  # a clip of each in turn
    usual_kind = [clip for clip in before if kind[clip] == "1landscape"]
    said = [*(row(clip, "ann") for clip in usual_kind[:3]), row(usual_kind[3], "ann", "drop")]
    lake.commit([Replacement(REVIEWS, ["1"], rows_of("1", said), by="part")], [], message="verdicts")
    after = [clip for clip in order() if clip not in usual_kind[:4]]
    # Until the others have had three as well, or have no more.
    assert Counter(kind[clip] for clip in after[:4]) == {"0landscape": 3, "0portrait": 1}
    assert kind[after[4]] != kind[after[5]]


@pytest.mark.parametrize(
    ("clip", "said", "wanted"),
    [
        (LESS, {}, True),
        (LESS, {"bob": "keep"}, True),
        (HALF, {"bob": "keep"}, False),
        (LESS, {"ann": "keep"}, False),
        (LESS, {"bob": "keep", "cleo": "keep"}, False),
        (HALF, {"bob": "keep", "cleo": "drop"}, True),
        (HALF, {"bob": "unsure", "cleo": "drop"}, True),
        (LESS, {"bob": "keep", "cleo": "drop", "dora": "keep"}, False),
        (HALF, {"bob": "unsure", "cleo": "unsure"}, False),
        (HALF, {"bob": "keep", "cleo": "drop", "dora": "unsure"}, True),
        (HALF, {"bob": "keep", "cleo": "drop", "dora": "unsure", "eve": "keep"}, False),
        (HALF, {"bob": "keep", "cleo": "drop", "dora": "keep", "eve": "drop"}, True),
        (HALF, {"bob": "keep", "cleo": "drop", "dora": "keep", "eve": "drop", "finn": "unsure"}, False),
        (LESS, {"bob": "keep", "ann": "drop"}, False),
    ],
)
def test_one_judges_a_share_is_judged_by_two_and_a_third_decides(clip: str, said: dict[str, str], wanted: bool) -> None:
    assert wants(clip, said, "ann", 0.2) is wanted


def test_the_share_of_two_is_spread_over_the_order_of_ids() -> None:
    ids = sorted(uuid5(NAMESPACE_OID, str(n)).hex for n in range(1000))
    places = [n for n, clip in enumerate(ids) if wants(clip, {"bob": "keep"}, "ann", 0.2)]
    assert 150 < len(places) < 250
    assert 400 < sum(places) / len(places) < 600  # and not all of them among the first


def test_what_is_judged_stays_known_where_it_cannot_be_read_anew(
    review: Review, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = clips(lake)["clip_id"][3]
    review.journal.add(row(clip, "bob"))
    review.judged.look()
    monkeypatch.setattr(queue_module, "_FRESH_S", -1.0)  # always to be read anew
    seen = list[dict[str, dict[str, str]]]()

    def fails() -> None:
        seen.append({c: {r: s[-1][1] for r, s in by.items()} for c, by in review.judged._by_clip.items()})
        raise TooLongError("longer than 10 s")

    with monkeypatch.context() as failing:
        failing.setattr(review.asking, "look", fails)
        with pytest.raises(TooLongError):
            review.judged.look()
    assert seen == [{clip: {"bob": "keep"}}]  # also meanwhile
    assert review.judged.all() == {clip: {"bob": "keep"}}


def test_who_judged_first_comes_first_wherever_it_is_read_from(review: Review, lake: Lake) -> None:
    clip = clips(lake)["clip_id"][3]
    for rater in ("zoe", "bob"):
        review.journal.add(row(clip, rater))
    review.fold()
    undone = row(clip, "ann")
    for said in (undone, row(clip, "cleo"), row(clip, "ann", None, takes_back=undone.review_id), row(clip, "ann")):
        review.journal.add(said)
    review.judged.look()
    assert list(review.judged.of(clip)) == ["zoe", "bob", "cleo", "ann"]


def test_an_open_page_keeps_its_clips_and_is_told_which_it_has_lost(review: Review, opened: Opened, lake: Lake) -> None:
    ann, bob = opened(review, rater="ann"), opened(review, rater="bob")
    query = f"tier={TIER}"
    have = [c["clip_id"] for c in ann.post("/api/next", json={"query": query, "most": 3}).json()["clips"]]

    def run_out(*gone: str) -> None:
        with closing(sqlite3.connect(review.journal.path)) as database, database:
            database.executemany("UPDATE leases SET until = 1.0 WHERE clip_id = ?", [[c] for c in gone])

    run_out(*have)
    asked = {"query": query, "most": 1, "have": have}
    assert ann.post("/api/next", json=asked).json()["lost"] == []
    theirs = bob.post("/api/next", json={"query": query, "most": 3}).json()["clips"]
    assert not set(have) & {c["clip_id"] for c in theirs}
    run_out(have[0])
    assert [c["clip_id"] for c in bob.post("/api/next", json={"query": query, "most": 1}).json()["clips"]] == have[:1]
    # Judged by another meanwhile, and not of the share that two judge.
    other = next(c for c in have[1:])
    review.journal.give_back("ann", [other])
    for rater in ("cleo", "dora"):
        review.journal.add(row(other, rater))
    assert set(ann.post("/api/next", json=asked).json()["lost"]) == {have[0], other}


def test_several_people_at_once_never_have_the_same_clip(review: Review, opened: Opened, lake: Lake) -> None:
    raters = [f"rater {n}" for n in range(6)]
    browsers = [opened(review, rater=name) for name in raters]
    query = f"tier={TIER}"

    def judge(number: int) -> list[str]:
        mine: list[str] = []
        while True:
            found = browsers[number].post("/api/next", json={"query": query, "most": 2}).json()
            if not found["clips"]:
                return mine
            for clip in found["clips"]:
                answer = browsers[number].post("/api/verdict", json=verdict(clip["clip_id"], tier=TIER))
                assert answer.json() == {"new": True, "rater": raters[number]}
                mine.append(clip["clip_id"])

    with ThreadPoolExecutor(6) as threads:
        done = list(threads.map(judge, range(6)))
    # Whoever found nothing while others had their clips in hand comes back for the second look at these.
    done = [[*mine, *judge(number)] for number, mine in enumerate(done)]
    # All say keep, so that nothing goes to a third.
    share = {c for c in clips(lake)["clip_id"] if int(c[-8:], 16) / 2**32 < lake.settings.review.second_share}
    assert 0 < len(share) < 44
    counts: dict[str, int] = {}
    for clip in (clip for mine in done for clip in mine):
        counts[clip] = counts.get(clip, 0) + 1
    assert counts == {clip: 2 if clip in share else 1 for clip in clips(lake)["clip_id"]}
    assert all(len(mine) == len(set(mine)) for mine in done)


def test_what_two_disagree_on_is_what_a_third_is_asked_first(review: Review, opened: Opened, lake: Lake) -> None:
    disputed = clips(lake)["clip_id"][20]
    for rater, decision in (("bob", "keep"), ("cleo", "drop")):
        review.journal.add(row(disputed, rater, decision))
    given = opened(review, rater="dora").post("/api/next", json={"query": f"tier={TIER}", "most": 3}).json()
    assert given["clips"][0]["clip_id"] == disputed
    assert given["left"] == 44
    again = opened(review, rater="bob").post("/api/next", json={"query": f"tier={TIER}", "most": 10}).json()
    assert disputed not in [c["clip_id"] for c in again["clips"]]


def test_a_browser_that_comes_back_is_given_what_it_had(review: Review, opened: Opened) -> None:
    ann, bob = opened(review, rater="ann"), opened(review, rater="bob")
    first = [c["clip_id"] for c in ann.post("/api/next", json={"query": f"tier={TIER}", "most": 3}).json()["clips"]]
    others = [c["clip_id"] for c in bob.post("/api/next", json={"query": f"tier={TIER}", "most": 3}).json()["clips"]]
    assert not set(first) & set(others)
    assert [
        c["clip_id"] for c in ann.post("/api/next", json={"query": f"tier={TIER}", "most": 3}).json()["clips"]
    ] == first
    ann.post("/api/back", json={"clips": first})
    assert [
        c["clip_id"]
        for c in opened(review, rater="cleo")
        .post("/api/next", json={"query": f"tier={TIER}", "most": 3})
        .json()["clips"]
    ] == first


def test_a_queue_may_be_any_selection(review: Review, opened: Opened, lake: Lake) -> None:
    given = (
        opened(review)
        .post("/api/next", json={"query": "where=file_name LIKE 'long%25'&least.start_s=30", "most": 10})
        .json()
    )
    expected = lake.query(
        "SELECT clip_id FROM clip_sheet WHERE file_name LIKE 'long%' AND start_s >= 30 ORDER BY clip_id"
    )
    assert [c["clip_id"] for c in given["clips"]] == expected["clip_id"].to_list()[:10]
    assert given["left"] == expected.height


def test_an_undo_gives_the_clip_back_with_what_was_said(review: Review, opened: Opened, lake: Lake) -> None:
    client = opened(review, rater="ann")
    [clip] = client.post("/api/next", json={"query": f"tier={TIER}", "most": 1}).json()["clips"]
    assert clip["caption"].startswith("Bars move.")
    sent = verdict(
        clip["clip_id"],
        "drop",
        answers={"lighting": 2},
        flags=["safety"],
        caption="Other.",
        trim_start_pts=clip["start_pts"],
    )
    client.post("/api/verdict", json=sent)
    undo = {"review_id": "f" * 32, "takes_back": sent["review_id"]}
    found = client.post("/api/undo", json=undo).json()
    assert found["clip"]["clip_id"] == clip["clip_id"]
    assert (found["said"]["decision"], found["said"]["answers"], found["said"]["caption"]) == (
        "drop",
        {"lighting": 2},
        "Other.",
    )
    assert found["said"]["trim_start_pts"] == clip["start_pts"]
    assert client.post("/api/undo", json=undo).json() == found | {"new": False}
    # It is hers again, and nobody else's.
    assert clip["clip_id"] not in [
        c["clip_id"]
        for c in opened(review, rater="bob")
        .post("/api/next", json={"query": f"tier={TIER}", "most": 9})
        .json()["clips"]
    ]
    assert client.post("/api/undo", json={"review_id": "e" * 32}).status_code == 400
    review.judged.look()
    assert review.judged.of(clip["clip_id"]) == {}
