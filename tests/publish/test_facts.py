"""What is counted of a release for its documents."""

from __future__ import annotations

import polars as pl
import pytest

from tests.curate.conftest import Lake
from tests.publish.loader.made import row
from video_assets.publish.documents.facts import Facts, counted
from video_assets.publish.manifest import SCHEMA


def counts(lake: Lake, *clips: str) -> Facts:
    """Count a manifest of clips of a second, of a video each."""
    rows = [row(clip, 64, 48, 16, "train", captioned=False) | {"video_id": f"video of {clip}"} for clip in clips]
    told = {"tier": "lab/smooth", "header": "{}"}
    return counted(lake.connection, told, pl.DataFrame(rows, schema=SCHEMA), pl.DataFrame(), [])


def test_clips_are_counted_by_concept_and_their_scores_are_there(lake: Lake) -> None:
    for clip, concept, quality in (("a1", 7, 0.8), ("a2", 7, 0.6), ("a3", 2, None)):
        lake.clip(clip, quality_scores={"technical_quality": quality})
        lake.row("concepts", {"batch": "a", "clip_id": clip, "concept": concept})
    found = counts(lake, "a1", "a2", "a3", "forgotten")
    assert found.by["concept"].select("concept", "clips").rows() == [("7", 2), ("2", 1), ("unknown", 1)]
    assert sorted(found.spread["technical_quality"], key=str) == [0.6, 0.8, None, None]
    assert found.spread.select("duration_s", "min_side", "aspect").unique().rows() == [(1.0, 48, pytest.approx(4 / 3))]
    assert (found.sources, found.with_people, found.acquired) == (4, 0, ("2025-01-31", "2025-01-31"))


def test_of_what_the_lake_does_not_know_any_more_nothing_is_said(lake: Lake) -> None:
    found = counts(lake, "forgotten")
    assert (found.with_people, found.with_sound, found.acquired) == (None, None, None)
    assert found.spread["sharpness"].to_list() == [None]
