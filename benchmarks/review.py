"""How long the review page takes to answer in a lake of many synthetic clips, beside a page with nothing on it.

Clips that nobody filmed, with one picture for all of them; the pages are asked for in turns, in this process, each for other clips.

    PYTHONPATH=. python benchmarks/review.py --clips 100_000
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import tempfile
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import cv2
import duckdb
import numpy as np
import tiers as tables
from starlette.testclient import TestClient
from tiers import TIER, fill

from video_assets.batches.step import Step
from video_assets.batches.tiers import decide
from video_assets.curate.sql_files import note, read_files
from video_assets.lake.lake import Lake
from video_assets.measurements import measurements
from video_assets.review.app import make_app
from video_assets.review.copies import FOLDER
from video_assets.review.questions import read_questions
from video_assets.review.server import Review
from video_assets.settings import LakeSettings, ReviewSettings, Settings

EMPTY = "an empty page"
HERE = "http://127.0.0.1:8123"
# What the page shows of a clip, beside what tiers read.
ALSO = {
    "clips": "3000 AS start_pts, 9000 AS end_pts, 0 AS pts_offset, 9.0 AS end_s, 3.0 AS player_start_s, 9.0 AS player_end_s, "
    "0 AS crop_x, 0 AS crop_y, 1920 AS width, 1080 AS height, 150 AS frames, 0 AS stream",
    "raw_videos": "'v' || i || '.mp4' AS file_name, 'v' || i AS content, '/nowhere' AS uri, 1 AS size_bytes, 'mov,mp4' AS container, "
    "'h264' AS codec, 'yuv420p' AS pixel_format",
    "decoded_videos": "1 AS time_base_num, 1000 AS time_base_den, 1920 AS width, 1080 AS height, 1 AS pieces",
    "shots": "3000 AS start_pts, 9000 AS end_pts",
}
# What a lake has of any clips, and tiers do not read. DuckLake takes longer to plan over a table that has no row than over one that has.
OTHERS = {
    "captions": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, 'measured' AS captioner, '1' AS version, FALSE AS withdrawn, "
    "TRUE AS current, TRUE AS drawn, 'A clip.' AS short_description, 'A clip.' AS dense_description, 2 AS words",
    "source_files": "'/nowhere/v' || i || '.mp4' AS uri, 'v' || i AS content, 1 AS size_bytes, TRUE AS current",
}
ROWS = {
    table: f"{columns}, {ALSO[table]}" if table in ALSO else columns for table, columns in tables.ROWS.items()
} | OTHERS


def main() -> None:
    parser = argparse.ArgumentParser(description="The review page's answers beside an empty page.")
    parser.add_argument("--clips", type=int, default=100_000, help="Clips in the lake.")
    parser.add_argument("--batch-clips", type=int, default=10_000, help="Clips in a batch.")
    parser.add_argument("--repeats", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Settings(lake=LakeSettings(root=folder), review=ReviewSettings(fold_seconds=3600)))
        with lake.cursor() as cursor:
            fill(cursor, arguments.clips, arguments.batch_clips, ROWS, each=True)
            add_keyframes(cursor)
        note(lake)
        tiers = read_files(lake.settings).tiers
        step = Step(lake, measurements(lake.settings, tiers))
        decide(step, tiers[TIER], lake.query("SELECT DISTINCT batch FROM clips ORDER BY 1")["batch"].to_list())
        start = time.perf_counter()
        review = Review(lake, tiers, "somebody")
        [size] = [path.stat().st_size for path in (lake.settings.lake.scratch_path / FOLDER).glob("*.duckdb")]
        print(
            f"the copy: {time.perf_counter() - start:.1f} s, {size / 2**20:.0f} MiB, at most {peak():.1f} GiB of memory"
        )
        with TestClient(make_app(review, (), None), HERE) as client:
            client.headers.update({"origin": HERE, "x-review-word": review.word})
            judge(client, lake.query("SELECT min(clip_id) FROM clips").item())
            review.fold()  # so that there is a verdict in the lake
            report(
                client,
                lake.query("SELECT clip_id FROM clips USING SAMPLE 1000")["clip_id"].to_list(),
                arguments.repeats,
            )
        print(f"memory at most: {peak():.1f} GiB")


def peak() -> float:
    """The most memory that this process has had, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def add_keyframes(cursor: duckdb.DuckDBPyConnection) -> None:
    """The same picture in every clip."""
    _, jpeg = cv2.imencode(".jpg", np.full((180, 320, 3), 128, np.uint8))
    for (batch,) in cursor.execute("SELECT DISTINCT batch FROM clips ORDER BY batch").fetchall():
        cursor.execute(
            "INSERT INTO keyframes BY NAME SELECT batch, video_id, 5000 AS pts, 5.0 AS time_s, ? AS jpeg FROM clips WHERE batch = ?",
            [jpeg.tobytes(), batch],
        )


def judge(client: TestClient, clip: str) -> None:
    """Keep a clip."""
    said = {"review_id": uuid4().hex, "clip_id": clip, "questions": read_questions().version, "decision": "keep"}
    answer = client.post("/api/verdict", json=said)
    assert answer.status_code == 200, answer.text


def report(client: TestClient, clips: list[str], repeats: int) -> None:
    chosen = random.Random(0)
    onward = "/clips?sort=vmaf_motion&order=desc"

    def get(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text[:200])
        return answer.text

    def next_page() -> None:
        nonlocal onward
        found = re.search(r'rel="next" href="([^"]+)"', get(onward))
        onward = unescape(found[1]) if found else "/clips?sort=vmaf_motion&order=desc"

    def post(path: str, body: dict[str, Any]) -> Any:
        answer = client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    actions: dict[str, Callable[[], object]] = {
        EMPTY: lambda: get("/enter"),
        "tiers": lambda: get("/"),
        "grid": lambda: get("/clips"),
        "grid of a tier, sorted, the next page": next_page,
        "grid by a condition": lambda: get(f"/clips?tier={TIER}&where=vmaf_motion %3E {chosen.random():.4f}"),
        "clip": lambda: get(f"/clip/{chosen.choice(clips)}"),
        "picture": lambda: client.get(f"/picture/{chosen.choice(clips)}/2"),
        "places of a clip's numbers": lambda: get(f"/api/places/{chosen.choice(clips)}"),
        "raters": lambda: get("/raters"),
        "thresholds": lambda: get("/thresholds?column=vmaf_motion"),
        "two sets side by side": lambda: get(f"/compare?left=tier:{TIER}&right=draw:{TIER}"),
        "judging page": lambda: get(f"/judge?tier={TIER}"),
        "next clip of a queue": lambda: post("/api/next", {"query": f"tier={TIER}", "most": 3}),
        "verdict": lambda: judge(client, chosen.choice(clips)),
        "histogram": lambda: get("/api/histogram?column=vmaf_motion"),
        "cut of it": lambda: get(f"/api/split?column=vmaf_motion&cut={chosen.random():.4f}"),
    }
    for action in actions.values():
        action()
    taken: dict[str, list[float]] = {name: [] for name in actions}
    # In turns, so that what else the machine does meets all of them.
    for _ in range(repeats):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            taken[name].append(time.perf_counter() - start)
    for name, seconds in taken.items():
        middle, late = np.percentile(np.array(seconds) * 1000, [50, 95])
        print(f"{name}: {middle:.1f} ms, 95th percentile {late:.1f} ms")


if __name__ == "__main__":
    main()
