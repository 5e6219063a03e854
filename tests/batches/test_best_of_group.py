"""Which clip of a group is the best: what is covered, a later generation and a smaller picture lose, in this order."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.batches.made_vectors import embed, made_step, signature
from video_assets.batches.duplicates import ranked
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.schemas import RAW_VIDEOS
from video_assets.scorers.overlay import OVERLAY_SCORES
from video_assets.scorers.quality import QUALITY_SCORES
from video_assets.scorers.text import TEXT_SCORES
from video_assets.scorers.visual import VISUAL_SCORES

# Measured of a clip and of what was made of it, 360 lines high: sharpness, deviation of luma, share that is clipped.
ORIGINAL, AGAIN, GRADED = (30.2, 67.6, 0.047), (28.0, 67.6, 0.048), (39.8, 70.3, 0.106)
PLAIN = {
    "picture": ORIGINAL, "bits": 1000, "width": 1000, "logo": 0.0, "blocks": 0.0, "noise": 0.0, "fps": 25.0, "border": 0.0, "frame": 1000
}  # fmt: skip
# What it is compared with, and whether the plain clip is the better.
WORSE: dict[str, dict[str, object]] = {
    "encoded again in more bits": {"picture": (26.0, 67.6, 0.047), "bits": 4000},
    "graded, in more bits": {"picture": GRADED, "bits": 4000},
    "of more detail, with a logo": {"picture": (40.0, 67.6, 0.047), "logo": 0.03},
    "full of blocks": {"blocks": 0.3, "bits": 4000},
    "enlarged by a later generation": {"picture": (20.0, 67.6, 0.047), "width": 4000},
    "with noise on it": {"picture": (628.0, 67.7, 0.047), "noise": 5.6},
    "of fewer pixels and as much detail": {"width": 800, "bits": 4000},
    "of fewer bits and the same detail": {"bits": 900},
    "of every second frame, in more bits": {"fps": 12.5, "picture": (30.9, 67.6, 0.047), "bits": 4000},
    "with bars in the picture": {"border": 0.3, "bits": 4000},
    "a little less sharp at the same size": {"picture": (29.5, 67.6, 0.047), "bits": 4000},
}


def put(step: Step, clips: dict[str, dict[str, object]]) -> None:
    """A batch of clips of which this was measured."""
    places = {clip: {"fps": of["fps"], "width": of["frame"], "height": 1000} for clip, of in clips.items()}
    widths = [int(str(of["width"])) for of in clips.values()]
    embed(step, "b", {clip: signature(0) for clip in clips}, widths, others=places)
    keys: dict[str, dict[str, object]] = {c: {"batch": "b", "clip_id": c, "video_id": c} for c in clips}
    pictures = {clip: cast("tuple[float, float, float]", of["picture"]) for clip, of in clips.items()}
    visual, text, overlays, quality, videos = [], [], [], [], []
    for clip, of in clips.items():
        sharpness, deviation, clipped = pictures[clip]
        light = {"sharpness": sharpness, "luma_std": deviation, "dark_share": clipped, "bright_share": 0.0}
        visual.append(keys[clip] | light | {"border_share": of["border"]})
        text.append(keys[clip] | {"text_share": 0.0})
        overlays.append(keys[clip] | {"overlay_share": of["logo"]})
        quality.append(keys[clip] | {"noise": of["noise"], "blockiness": of["blocks"]})
        videos.append({"batch": "b", "video_id": clip, "bit_rate": of["bits"]})
    tables = zip(
        (VISUAL_SCORES.table, TEXT_SCORES.table, OVERLAY_SCORES.table, QUALITY_SCORES.table, RAW_VIDEOS),
        (visual, text, overlays, quality, videos),
        strict=True,
    )
    step.lake.commit([Replacement(t, ["b"], t.frame(rows)) for t, rows in tables], [], message="measured")


def test_the_original_is_better_than_each_of_its_copies(tmp_path: Path) -> None:
    step = made_step(tmp_path)
    clips = {"plain": PLAIN} | {name: PLAIN | of for name, of in WORSE.items()}
    put(step, clips)
    for name in WORSE:
        places, batches = ranked(step, {"plain": "g", name: "g"})
        assert places == {"plain": (0,), name: (1,)}
        assert batches == {"plain": "b", name: "b"}


def test_more_pictures_than_a_film_has_and_bars_that_were_cut_off_decide_nothing(tmp_path: Path) -> None:
    step = made_step(tmp_path)
    others = {"60 a second": {"fps": 60.0}, "letterboxed": {"border": 0.3, "frame": 1400}}
    put(step, {"plain": PLAIN} | {name: PLAIN | of | {"bits": 999} for name, of in others.items()})
    for name in others:
        assert ranked(step, {"plain": "g", name: "g"})[0] == {"plain": (0,), name: (1,)}


def test_a_team_has_a_rule_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "best_of_group.sql").write_text(
        "SELECT m.clip_id, -v.bit_rate AS bits FROM members AS m JOIN raw_videos AS v ON v.video_id = m.clip_id;\n"
    )
    step = made_step(tmp_path, own_sql=own)
    put(step, {"plain": PLAIN, "more": PLAIN | WORSE["graded, in more bits"]})
    places, _ = ranked(step, {"plain": "g", "more": "g"})
    assert places == {"more": (0,), "plain": (1,)}
    assert step.version("duplicate_groups") != made_step(tmp_path).version("duplicate_groups")


def test_a_rule_that_leaves_clips_out_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "best_of_group.sql").write_text("SELECT clip_id FROM members WHERE clip_id <> 'plain'")
    step = made_step(tmp_path, own_sql=own)
    put(step, {"plain": PLAIN, "more": PLAIN})
    with pytest.raises(ValueError, match=r"best_of_group\.sql must give each clip"):
        ranked(step, {"plain": "g", "more": "g"})
