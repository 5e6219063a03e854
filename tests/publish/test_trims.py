"""A clip that people trimmed goes out as they trimmed it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import polars as pl
import pytest

from tests.curate.conftest import Lake
from tests.place import Place
from tests.review.sent import row
from video_assets.publish.trims import note_trims
from video_assets.review.journal import FILE, Journal

CLIP = "c1"  # of pts 4,000 to 18,000


@pytest.fixture
def filmed(lake: Lake) -> Lake:
    """A clip of 14 s with a frame every 40 ms, as its source has before and after it."""
    lake.clip(CLIP)
    lake.clip("c2")
    lake.connection.execute(
        "INSERT INTO frame_signals (batch, video_id, frame, pts) SELECT 'a', 'video of c1', i, i * 40 FROM range(1000) AS r(i)"
    )
    return lake


def said(lake: Lake, rater: str, start: int | None, end: int | None, hour: int = 1) -> None:
    lake.row(
        "reviews",
        {
            "part": "1", "review_id": f"{rater} {hour}", "clip_id": CLIP, "rater": rater, "decision": "keep",
            "judged_at": f"2026-01-01 0{hour}:00:00", "trim_start_pts": start, "trim_end_pts": end,
        },
    )  # fmt: skip


def trimmed(lake: Lake, wanted: bool = True) -> list[tuple[Any, ...]]:
    note_trims(lake.connection, "clips", wanted=wanted)
    return lake.query("FROM trimmed")


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (5000, 7000, [(CLIP, 5000, 7000, 50)]),
        (5010, 6990, [(CLIP, 5040, 7000, 49)]),
        (4000, 18_000, [(CLIP, 4000, 18_000, 350)]),
        (17_000, 18_000, [(CLIP, 17_000, 18_000, 25)]),
        (0, 5000, [(CLIP, 4000, 5000, 25)]),
        (17_000, 39_000, [(CLIP, 17_000, 18_000, 25)]),
        (5010, 5030, []),
    ],
    ids=["at frames", "between frames", "all of it", "its end", "begins before it", "ends after it", "no frame"],
)
def test_a_stretch_begins_and_ends_with_a_frame_of_the_clip(
    filmed: Lake, start: int, end: int, found: list[tuple[Any, ...]]
) -> None:
    said(filmed, "ann", start, end)
    assert trimmed(filmed) == found
    assert trimmed(filmed, wanted=False) == []


def test_who_trimmed_last_is_followed_and_who_did_not_trim_changes_nothing(filmed: Lake) -> None:
    said(filmed, "ann", 5000, 7000, 2)
    said(filmed, "bob", 9000, 9400, 3)
    said(filmed, "cleo", None, None, 4)
    assert trimmed(filmed) == [(CLIP, 9000, 9400, 10)]


def test_a_trimmed_clip_is_exported_and_released_in_those_frames(again: Place, tmp_path: Path) -> None:
    lake = again.lake()
    clip, start, end = lake.query(
        "WITH f AS (SELECT c.clip_id, f.pts, row_number() OVER (PARTITION BY c.clip_id ORDER BY f.pts) AS n FROM clips AS c "
        "JOIN frame_signals AS f ON f.video_id = c.video_id AND f.pts >= c.start_pts AND f.pts < c.end_pts) "
        "SELECT clip_id, min(pts) FILTER (n = 6), min(pts) FILTER (n = 16) FROM f GROUP BY 1 ORDER BY 1 LIMIT 1"
    ).row(0)
    Journal(lake.settings.lake.scratch_path / FILE).add(row(clip, "ann", trim_start_pts=start, trim_end_pts=end))
    again.run("verdicts", "apply")
    again.run("export", f"clip_id = '{clip}'", "--media", "--to", str(tmp_path / "out"))
    with av.open(tmp_path / "out" / f"{clip}.mp4") as media:
        assert sum(1 for _ in media.decode(video=0)) == 10
    [listed] = pl.read_csv(tmp_path / "out" / "clips.csv").iter_rows(named=True)
    [base] = lake.query(
        f"SELECT time_base_num / time_base_den FROM decoded_videos JOIN clips USING (video_id) WHERE clip_id = '{clip}'"
    )
    assert listed["end_s"] - listed["start_s"] == pytest.approx((end - start) * base.item())
