"""How long the review page takes to answer in a lake of many synthetic clips, beside a page with nothing on it.

The pages are asked for in turns, in this process, each for other clips. What each says is compared with what the lake's tables say:
a quick answer that is wrong ends the benchmark.

    PYTHONPATH=. python benchmarks/review.py --clips 100_000
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import resource
import tempfile
import time
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import numpy as np
from review_lake import CONCEPTS, RELEASES, made, settings_of, some
from starlette.testclient import TestClient
from tiers import TIER

from video_assets.batches.search import Search
from video_assets.curate.tiers import Tier
from video_assets.curate.what_if import edited, what_if
from video_assets.lake.lake import Lake
from video_assets.review.app import make_app
from video_assets.review.copies import FOLDER
from video_assets.review.embedding_map import POINTS
from video_assets.review.likeness import Likeness
from video_assets.review.questions import read_questions
from video_assets.review.selection import PAGE
from video_assets.review.server import Review

EMPTY = "an empty page"
HERE = "http://127.0.0.1:8123"
CUTS, SEARCHES = 8, 10
Action = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description="The review page's answers beside an empty page.")
    parser.add_argument("--clips", type=int, default=100_000, help="Clips in the lake.")
    parser.add_argument("--batch-clips", type=int, default=10_000, help="Clips in a batch.")
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--lake", help="Folder in which the lake is filled and left, or was left before.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake, tiers = made(arguments.lake or folder, arguments.clips, arguments.batch_clips)
        start = time.perf_counter()
        review = Review(lake, tiers, "somebody")
        [size] = [path.stat().st_size for path in (lake.settings.lake.scratch_path / FOLDER).glob("*.duckdb")]
        print(
            f"the copy: {time.perf_counter() - start:.1f} s, {size / 2**20:.0f} MiB, at most {peak():.1f} GiB of memory"
        )
        with TestClient(make_app(review, (), None), HERE) as client:
            client.headers.update({"origin": HERE, "x-review-word": review.word})
            asking = Asking(client, lake, review, tiers)
            asking.judge()
            review.fold()  # so that there is a verdict in the lake
            report(asking.actions(), arguments.repeats)
            # Not among the others: it reads all vectors, and what they have at hand makes room for those.
            report({"grid by what clips look like": asking.search()}, min(arguments.repeats, SEARCHES))
        print(f"memory at most: {peak():.1f} GiB")


def peak() -> float:
    """The most memory that this process has had, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


class Asking:
    """Asks for pages, each time for another, and sees that they say what the lake's tables say.

    Args:
        client: a browser.
        lake: the lake.
        review: its server.
        tiers: its tiers.
    """

    def __init__(self, client: TestClient, lake: Lake, review: Review, tiers: Mapping[str, Tier]) -> None:
        self._client, self._lake, self._review, self._tiers = client, lake, review, tiers
        self._clips = itertools.cycle(some(lake, 1000))
        self._total = int(lake.query("SELECT count(*) FROM clip_sheet").item())
        self._cuts = itertools.cycle(random.Random(0).sample(range(1, 400), CUTS))
        self._above = self._counts("vmaf_motion >", "TRUE")
        self._moved = {cut: self._what_if(cut) for cut in self._above}
        self._onward = ""

    def _counts(self, condition: str, also: str) -> dict[int, int]:
        """Of each hundredth by which it is cut, how many clips a condition has."""
        found = {}
        for cut in itertools.islice(self._cuts, CUTS):
            sql = f"SELECT count(*) FROM clip_sheet WHERE {condition} {cut / 100} AND {also}"
            found[cut] = int(self._lake.query(sql).item())
        return found

    def _what_if(self, cut: int) -> dict[str, int]:
        """What each tier keeps with another threshold, decided anew."""
        other = edited(self._tiers[TIER], {"enough_motion": f"vmaf_motion > {cut / 100}"})
        with self._lake.cursor() as cursor:
            rows = what_if(cursor, self._tiers[TIER], other, self._tiers).tiers
        return dict(rows.select("tier", "kept_after").iter_rows())

    def _get(self, path: str, **query: object) -> str:
        answer = self._client.get(f"{path}?{urlencode(query)}" if query else path)
        assert answer.status_code == 200, (path, answer.text[:200])
        return answer.text

    def _json(self, path: str, **query: object) -> Any:
        answer = self._client.get(f"{path}?{urlencode(query)}")
        assert answer.status_code == 200, (path, answer.text[:200])
        return answer.json()

    def _grid(self, **query: object) -> str:
        """A page of the grid, which is full."""
        page = self._get("/clips", **query)
        assert len(_cards(page)) == PAGE, query
        return page

    def judge(self) -> None:
        """Keep a clip."""
        said = {
            "review_id": uuid4().hex, "clip_id": next(self._clips), "questions": read_questions().version, "decision": "keep",
        }  # fmt: skip
        answer = self._client.post("/api/verdict", json=said)
        assert answer.json()["new"], answer.text

    def _next_page(self) -> None:
        page = self._get(self._onward) if self._onward else self._grid(tier=TIER, sort="vmaf_motion", order="desc")
        assert len(_cards(page)) == PAGE
        self._onward = unescape(re.findall(r'rel="next" href="([^"]+)"', page)[0])

    def _count(self) -> None:
        cut = next(self._cuts)
        found = self._json("/api/count", where=f"vmaf_motion > {cut / 100}")["clips"]
        assert found == self._above[cut], (cut, found)

    def _clip(self) -> None:
        page = self._get(f"/clip/{next(self._clips)}")
        assert 'aria-label="1 clips in 1 shots of the source"' in page
        assert page.count('<span class="verdict ') == len(self._tiers)
        assert "<h2>Near-duplicates</h2>" in page
        assert "trained on" in page

    def _picture(self) -> None:
        assert self._client.get(f"/picture/{next(self._clips)}/2").headers["content-type"] == "image/jpeg"

    def _places(self) -> None:
        found = self._json(f"/api/places/{next(self._clips)}")
        assert len(found) > 100
        assert all(0 <= place <= 1 for place in found.values())

    def _next_clips(self) -> None:
        answer = self._client.post("/api/next", json={"query": f"tier={TIER}", "most": 3})
        assert len(answer.json()["clips"]) == 3, answer.text

    def _histogram(self) -> None:
        found = self._json("/api/histogram", column="vmaf_motion")
        assert sum(b["clips"] for b in found["bins"]) == self._total

    def _split(self) -> None:
        cut = next(self._cuts)
        found = self._json("/api/split", column="vmaf_motion", cut=cut / 100)
        assert (found["above"], found["below"]) == (self._above[cut], self._total - self._above[cut])

    def _dragged(self) -> None:
        cut = next(self._cuts)
        found = self._json("/api/moved", tier=TIER, rule="enough_motion", cut=cut / 100)["tiers"]
        assert {row["tier"]: row["kept_after"] for row in found} == self._moved[cut]

    def _map(self) -> None:
        page = self._get("/map", tier=TIER)
        assert (page.count('class="point'), page.count('class="concept')) == (POINTS, CONCEPTS)

    def _beside(self, left: str, right: str) -> Action:
        """Asks for two sets side by side."""
        sql = "FROM (SELECT clip_id, {} AS l, {} AS r FROM clips)"
        found = self._lake.query(
            "SELECT count(*) FILTER (l AND r), count(*) FILTER (l AND NOT r), count(*) FILTER (r AND NOT l) "
            + sql.format(
                *(f"clip_id IN ({_SETS[s.partition(':')[0]].format(s.partition(':')[2])})" for s in (left, right))
            )
        )
        expected = [f"{n:,} clips" for n in found.row(0)]

        def ask() -> None:
            told = re.findall(r"([\d,]+ clips), [\d.,]+ h are in", self._get("/compare", left=left, right=right))
            assert told == expected, (told, expected)

        return ask

    def search(self) -> Action:
        """Asks for clips by a text whose vector is that of a clip."""
        search = Search(Lake(settings_of(self._lake.settings.lake.root, "full")))
        vectors = self._lake.query(
            "SELECT clip_id, embedding FROM clip_embeddings WHERE batch = (SELECT min(batch) FROM clips) LIMIT 200"
        )
        known = dict(vectors.iter_rows())
        search._encode = lambda text: np.array(known[text], np.float32)
        asking = self._review.asking

        def rows(sql: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
            with asking.look() as asked:
                return asked.rows(sql, parameters)

        asking.likeness = Likeness(search, rows)
        texts = iter(known)

        def ask() -> None:
            text = next(texts)
            assert _cards(self._grid(search=text))[0] == text

        return ask

    def actions(self) -> dict[str, Action]:
        """By what is told of it, what asks for a page."""
        first, second = (f"release:{name}" for name in RELEASES)
        other = "hunyuan_video/256p"
        return {
            EMPTY: lambda: self._get("/enter"),
            "tiers": lambda: self._get("/"),
            "grid": self._grid,
            "grid of a tier, sorted, the next page": self._next_page,
            "grid by a condition": lambda: self._grid(where=f"vmaf_motion > {next(self._cuts) / 100}"),
            "how many clips a condition has": self._count,
            "grid of near-duplicates": lambda: self._grid(where="duplicate", sort="duplicate_group"),
            "clip": self._clip,
            "picture": self._picture,
            "places of a clip's numbers": self._places,
            "map": self._map,
            "raters": lambda: self._get("/raters"),
            "thresholds": lambda: self._get("/thresholds", column="vmaf_motion"),
            "two tiers side by side": self._beside(f"tier:{TIER}", f"tier:{other}"),
            "a tier and its draw side by side": self._beside(f"tier:{TIER}", f"draw:{TIER}"),
            "two releases side by side": self._beside(first, second),
            "judging page": lambda: self._get("/judge", tier=TIER),
            "next clips of a queue": self._next_clips,
            "verdict": self.judge,
            "histogram": self._histogram,
            "cut of it": self._split,
            "what tiers keep with another threshold": self._dragged,
        }


_SETS = {
    "tier": "SELECT clip_id FROM tier_verdicts WHERE tier = '{}' AND kept",
    "draw": "SELECT clip_id FROM draws WHERE tier = '{}'",
    "release": "SELECT clip_id FROM release_clips WHERE release = '{}'",
}


def _cards(page: str) -> list[str]:
    """The clips of a grid, in order."""
    return re.findall(r'<a href="/clip/([0-9a-f]{32})" aria-label', page)


def report(actions: Mapping[str, Action], repeats: int) -> None:
    """Time every action, in turns, so that what else the machine does meets all of them."""
    first = {name: _taken(action)[0] for name, action in actions.items()}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            taken[name].append(_taken(action))
    for name, times in taken.items():
        wall, cpu = np.array(times).T * 1000
        middle, late = np.percentile(wall, [50, 95])
        print(
            f"{name}: {middle:.1f} ms, 95th percentile {late:.1f} ms, the first {1000 * first[name]:.0f} ms; "
            f"of processor time {np.median(cpu):.1f} ms, 95th percentile {np.percentile(cpu, 95):.1f} ms"
        )


def _taken(action: Action) -> tuple[float, float]:
    """Seconds by the clock, and of processor time, of all threads."""
    start, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start, time.process_time() - cpu


if __name__ == "__main__":
    main()
