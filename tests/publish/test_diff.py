"""What is other between two releases, and each clip's cause."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.commands import answer
from tests.place import Place
from tests.takedown.rows import clip_of, commit_videos, digest
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import CLIPS, RELEASE_CLIPS, RELEASES
from video_assets.publish.diff import Diff, diff
from video_assets.publish.manifest import SCHEMA, TABLE

SAME: Mapping[str, Any] = {"draw_version": None, "measured_by": {"motion_scores": "1"}}


@pytest.fixture
def lake(here: Place) -> Lake:
    """Give a lake with a video of one clip, which is there before any release."""
    lake = here.quick_lake()
    taken_in(lake, "old")
    return lake


def taken_in(lake: Lake, name: str, *, cut: bool = True) -> None:
    batch = f"batch-{digest(name)[:4]}"
    commit_videos(lake, batch, [name])
    clip = {"clip_id": clip_of(name), "video_id": digest(name)[:32], "duration_s": 1.0}
    rows = CLIPS.frame([clip] if cut else [], batch=batch)
    lake.commit([Replacement(CLIPS, [batch], rows)], [], message="clips")


def frozen(lake: Lake, release: str, clips: Sequence[str], header: Mapping[str, Any] = SAME, **said: object) -> None:
    """A release of one clip of each of these videos, as the lake is now."""
    whole = {"tier": "lab/t", "tier_version": "1", "policy": "policies/default", "policy_version": "1"}
    row = whole | {
        "release": release, "header": json.dumps({**whole, **header}), "clips": len(clips), "hours": len(clips) / 3600,
        "snapshot": lake.query("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").item(), "release_id": release,
    }  # fmt: skip
    rows = [
        {"clip_id": clip_of(n), "video_id": digest(n)[:32], "start_pts": 0, "end_pts": 25, "time_base_num": 1, "time_base_den": 25,
         "licence": "MIT", "dense_description": "A cat.", "scores": "{}", "bucket": "b", **said}
        for n in clips
    ]  # fmt: skip
    folder = Path(lake.settings.lake.root, "releases", release)
    folder.mkdir(parents=True)
    pl.DataFrame(rows, schema_overrides=SCHEMA).select(
        pl.col(n) if n in rows[0] else pl.lit(None, kind).alias(n) for n, kind in SCHEMA.items()
    ).write_parquet(folder / TABLE)
    listed = [{"clip_id": r["clip_id"], "video_id": r["video_id"]} for r in rows]
    lake.commit(
        [
            Replacement(RELEASES, [release], RELEASES.frame([row]), by="release"),
            Replacement(RELEASE_CLIPS, [release], RELEASE_CLIPS.frame(listed, release=release), by="release"),
        ],
        [], message="release",
    )  # fmt: skip


def causes(found: Diff) -> list[tuple[str, str, str | None]]:
    return found.clips.select("change", "cause", "detail").rows()


def test_footage_that_came_after_the_first_release_is_a_new_source(lake: Lake) -> None:
    frozen(lake, "a", ["old"])
    taken_in(lake, "new")
    frozen(lake, "b", ["old", "new"], {"draw_version": None, "measured_by": {"motion_scores": "2"}})
    found = diff(lake, "a", "b")
    assert causes(found) == [("in", "new_source", None)]
    assert (found.same, found.hours("out")) == (1, 0.0)
    assert found.hours("in") == pytest.approx(1 / 3600)


@pytest.mark.parametrize(("header", "cause"), [
    ({"tier_version": "2"}, ("rule", None)),
    ({"policy_version": "2"}, ("policy", None)),
    ({"draw_version": "7"}, ("draw", None)),
    ({"measured_by": {"motion_scores": "2", "text_scores": "1"}}, ("measurement", "motion_scores")),
    ({}, ("rights", None)),
])  # fmt: skip
def test_a_clip_that_was_there_before_came_or_went_for_the_first_thing_that_decides_otherwise(
    lake: Lake, header: dict[str, Any], cause: tuple[str, str | None]
) -> None:
    taken_in(lake, "second")
    frozen(lake, "a", ["old"])
    frozen(lake, "b", ["old", "second"], {**SAME, **header})
    frozen(lake, "c", ["old"], {**SAME, **header})
    frozen(lake, "d", ["old", "second"])
    assert causes(diff(lake, "a", "b")) == [("in", *cause)]
    assert causes(diff(lake, "d", "c")) == [("out", *cause)]


def test_a_clip_that_is_not_cut_so_any_more_was_measured_otherwise(lake: Lake) -> None:
    taken_in(lake, "second")
    frozen(lake, "a", ["old", "second"])
    taken_in(lake, "second", cut=False)
    frozen(lake, "b", ["old"])
    assert causes(diff(lake, "a", "b")) == [("out", "measurement", "clips")]


@pytest.mark.parametrize(("said", "cause"), [
    ({"licence": "CC0-1.0", "dense_description": "A dog."}, "rights"),
    ({"dense_description": "A dog.", "scores": "x"}, "caption"),
    ({"scores": "x", "bucket": "c"}, "measurement"),
    ({"bucket": "c"}, "settings"),
])  # fmt: skip
def test_a_clip_in_both_changed_for_the_first_of_rights_caption_measurement_and_settings(
    lake: Lake, said: dict[str, str], cause: str
) -> None:
    frozen(lake, "a", ["old"])
    frozen(lake, "b", ["old"], SAME, **said)
    [(change, told, detail)] = causes(diff(lake, "a", "b"))
    assert (change, told, set((detail or "").split(", "))) == ("changed", cause, set(said))


def test_what_was_taken_down_is_counted_though_no_manifest_has_it_any_more(lake: Lake) -> None:
    taken_in(lake, "somebody else's")
    frozen(lake, "a", ["old", "somebody else's"])
    lake.close()
    answer("takedown", "--holder", "somebody else's", "--yes")
    frozen(lake, "b", ["old"])
    found = diff(lake, "a", "b")
    assert found.counts.select("change", "cause", "clips").rows() == [("out", "takedown", 1)]
    assert (found.clips.height, found.same) == (0, 1)
    assert found.hours("out") == pytest.approx(1 / 3600)
    assert "takedown: 1 clip (" in answer("diff", "a", "b")
    assert diff(lake, "b", "b").counts.is_empty()
