"""The chain from a source to the models that have seen it, from each of its links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.place import Place
from tests.tables import TABLES
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import CLIPS, RAW_VIDEOS, RELEASE_CLIPS, RELEASES, TRAINING_CLIPS, TRAINING_RUNS, Table
from video_assets.publish.trace import Link, trace

VIDEOS = {"harbour": "a" * 32, "market": "b" * 32}
CLIP = {"harbour 1": "1" * 32, "harbour 2": "2" * 32, "market 1": "3" * 32}
SHARD = "shards/train/64x48_2-4s/000000.tar"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rows(table: Table, rows: list[dict[str, Any]], by: str = "batch") -> Replacement:
    return Replacement(table, sorted({str(row[by]) for row in rows}), table.frame(rows), by=by)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two sources with three clips; the first release has two of them, the second all; a model of each, another read nothing."""
    made = Place(tmp_path_factory.mktemp("traced")).quick_lake()
    videos = [
        {"batch": "b", "video_id": VIDEOS[name], "sha256": VIDEOS[name] * 2, "file_name": f"{name}.mp4", "uri": f"/f/{name}.mp4",
         "content": name, "licence": licence, "holder": holder, "source_url": f"https://www.{name}.org/v", "acquired_how": "public"}
        for name, licence, holder in (("harbour", "CC-BY-4.0", "Harbour Films"), ("market", "CC0-1.0", "Market Archive"))
    ]  # fmt: skip
    clips = [
        {"batch": "b", "clip_id": clip, "video_id": VIDEOS[name.split()[0]], "start_pts": n}
        for n, (name, clip) in enumerate(CLIP.items())
    ]
    releases = [
        {
            "release": name,
            "release_id": name * 8,
            "tier": "lab/smooth",
            "policy": "policies/default",
            "made_at": NOW,
            "refused": 0,
        }
        for name in ("first", "second")
    ]
    held = [("first", "harbour 1"), ("first", "harbour 2"), *(("second", name) for name in CLIP)]
    of_releases = [
        {"release": release, "clip_id": CLIP[name], "video_id": VIDEOS[name.split()[0]], "shard": SHARD,
         "holder": next(v["holder"] for v in videos if v["video_id"] == VIDEOS[name.split()[0]]), "licence": "CC-BY-4.0"}
        for release, name in held
    ]  # fmt: skip
    runs = [
        {"run": run, "model": model, "release": release}
        for run, model, release in (("r1", "small", "first"), ("r2", "large", "second"), ("r3", "idle", "second"))
    ]
    read = [("r1", "harbour 1", 3, 0), ("r2", "harbour 1", 1, 0), ("r2", "market 1", 2, 1), ("r3", "market 1", 0, 4)]
    seen = [{"run": r, "clip_id": CLIP[c], "times": times, "times_rolled_back": lost} for r, c, times, lost in read]
    made.commit(
        [
            rows(RAW_VIDEOS, videos), rows(CLIPS, clips), rows(RELEASES, releases, "release"),
            rows(RELEASE_CLIPS, of_releases, "release"), rows(TRAINING_RUNS, runs, "run"), rows(TRAINING_CLIPS, seen, "run"),
        ],
        [],
        message="made by hand",
    )  # fmt: skip
    return made


def named(links: object, kind: str) -> list[str]:
    """The names of all links of a kind in a tree."""
    found: list[str] = []
    for link in links if isinstance(links, list | tuple) else ():
        assert isinstance(link, Link)
        found += [link.name] * (link.kind == kind) + named(link.below, kind)
    return found


@pytest.mark.parametrize(
    ("what", "kind", "counts"),
    [
        ("Harbour Films", "holder", (1, 2, 2, 2, 2)),
        ("harbour films", "holder", (1, 2, 2, 2, 2)),
        ("Market Archive", "holder", (1, 1, 1, 1, 1)),
        ("CC0-1.0", "licence", (1, 1, 1, 1, 1)),
        ("market.org", "domain", (1, 1, 1, 1, 1)),
        ("market.mp4", "source", (1, 1, 1, 1, 1)),
        ("b" * 8, "source", (1, 1, 1, 1, 1)),
        ("https://www.market.org/v", "source", (1, 1, 1, 1, 1)),
        ("11111111", "clip", (1, 1, 2, 2, 2)),
        ("22222222", "clip", (1, 1, 2, 2, 0)),
        ("first", "release", (1, 2, 1, 1, 1)),
        ("second", "release", (2, 3, 1, 1, 1)),
        (f"second/{SHARD}", "shard", (2, 3, 1, 1, 1)),
        ("small", "model", (1, 1, 1, 1, 1)),
        ("r2", "run", (2, 2, 1, 1, 1)),
    ],
)
def test_what_a_thing_hangs_together_with_is_counted(lake: Lake, what: str, kind: str, counts: tuple[int, ...]) -> None:
    found = trace(lake, what)
    assert (found.kind, tuple(found.counts.values())) == (kind, counts)
    assert list(found.counts) == ["sources", "clips", "releases", "shards", "models"]


def test_from_a_model_up_to_its_sources_and_no_further(lake: Lake) -> None:
    found = trace(lake, "large")
    assert named(found.up, "release") == ["second"]
    assert sorted(named(found.up, "source")) == sorted(VIDEOS.values())
    assert found.down == []


def test_from_a_source_down_to_the_models_that_have_seen_it(lake: Lake) -> None:
    found = trace(lake, "harbour.mp4")
    assert named(found.down, "release") == ["first", "second"]
    assert named(found.down, "model") == ["small", "large"]
    assert named(found.up, "rights") == ["as stated"]


def test_a_model_whose_reading_was_lost_has_not_seen_it(lake: Lake) -> None:
    assert named(trace(lake, "market.mp4").down, "model") == ["large"]
    with pytest.raises(ValueError, match="Nothing in the lake is named nobody"):
        trace(lake, "nobody")


def test_an_id_that_two_begin_with_is_asked_again(lake: Lake) -> None:
    other = {"batch": "c", "clip_id": "11111111" + "f" * 24, "video_id": "c" * 32, "start_pts": 0}
    lake.commit([Replacement(CLIPS, ["c"], CLIPS.frame([other]))], [], message="another")
    with pytest.raises(ValueError, match="Several clips have an id that begins with 11111111"):
        trace(lake, "11111111")
    lake.commit([Replacement(CLIPS, ["c"], CLIPS.empty())], [], message="gone again")


def test_which_models_have_seen_anything_by_a_holder_is_one_question_in_sql(lake: Lake) -> None:
    question = (lake.settings.sql_folder / "explore" / "models_by_holder.sql").read_text()
    assert lake.query(question).rows() == [
        ("Harbour Films", "large", "r2", "second", 1, 1, 1),
        ("Harbour Films", "small", "r1", "first", 1, 1, 3),
        ("Market Archive", "large", "r2", "second", 1, 1, 2),
    ]


def test_what_is_gone_from_the_lake_is_still_traced_by_its_releases(lake: Lake) -> None:
    tables = {name: lake.read(TABLES[name]) for name in ("raw_videos", "clips")}
    lake.commit(
        [Replacement(TABLES[name], ["b"], frame.clear()) for name, frame in tables.items()], [], message="taken down"
    )
    try:
        found = trace(lake, CLIP["market 1"])
        assert found.counts["models"] == 1
        assert "gone from the lake" in "".join(line for link in found.up for _, line in link.lines())
        assert trace(lake, "Market Archive").counts["clips"] == 1
    finally:
        lake.commit([Replacement(TABLES[n], ["b"], frame) for n, frame in tables.items()], [], message="back")
