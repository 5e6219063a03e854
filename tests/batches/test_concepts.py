"""Concepts over batches: fitted when there is much more than there was, otherwise only assigned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.batches.made_vectors import Vector, embed, made_step
from video_assets.batches.concepts import assign_concepts, fit_concepts
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.plan import SHARED, Why, plan
from video_assets.lake.schemas import CANDIDATES, CONCEPT_MODEL, CONCEPTS
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS
from video_assets.settings import ConceptSettings


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return made_step(tmp_path, concepts=ConceptSettings(fewest=2, growth=2.0))


def vectors(batch: str, *axes: int) -> dict[str, Vector]:
    """Clips in these directions, three in each."""
    random = np.random.default_rng(sum(axes))
    found = {}
    for axis in axes:
        for i in range(3):
            vector = np.eye(8)[axis] + random.normal(scale=0.05, size=8)
            found[f"{batch}{axis}{i}"] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return found


def concepts(step: Step) -> dict[str, set[int]]:
    """The concepts of each direction's clips."""
    found: dict[str, set[int]] = {}
    for clip, concept in step.lake.read(CONCEPTS).select("clip_id", "concept").rows():
        found.setdefault(clip[-2], set()).add(concept)
    return found


def why(step: Step) -> dict[str, tuple[Why, str]]:
    """Why the concepts are due for certain: what their vectors come from was never made here."""
    found = [d for d in plan(step.lake, step.order) if d.asset in ("concept_model", "concepts")]
    return {d.asset: (d.why, d.detail) for d in found if d.why is not Why.FOLLOWS}


def test_clips_are_assigned_to_concepts_and_weigh_less_the_more_there_are(step: Step) -> None:
    embed(step, "a", vectors("a", 0, 1))
    assert why(step)["concept_model"] == (Why.NEW, "never made")
    fit_concepts(step)
    assign_concepts(step, "a")
    assert concepts(step) in ({"0": {0}, "1": {1}}, {"0": {1}, "1": {0}})
    assert step.lake.query("SELECT DISTINCT concept_weight FROM concepts").item() == pytest.approx(1 / np.sqrt(3))
    assert why(step) == {}


def test_new_clips_are_assigned_and_the_centres_stay_until_there_is_twice_as_much(step: Step) -> None:
    embed(step, "a", vectors("a", 0, 1))
    first = fit_concepts(step)
    assign_concepts(step, "a")
    embed(step, "b", vectors("b", 1))
    assert fit_concepts(step).data_version == first.data_version
    assert why(step) == {"concepts": (Why.NEW, "never made")}
    assign_concepts(step, "b")
    assert concepts(step)["1"] != concepts(step)["0"]
    assert len(concepts(step)["1"]) == 1

    embed(step, "c", vectors("c", 4, 5, 6))
    assert why(step)["concept_model"] == (Why.STALE, "clip_embeddings has grown")
    assert fit_concepts(step).data_version != first.data_version
    # Every batch is assigned anew, since the centres are others.
    due = [(d.batch, d.why) for d in plan(step.lake, step.order) if d.asset == "concepts"]
    assert due == [("a", Why.STALE), ("b", Why.STALE), ("c", Why.NEW)]


def test_a_concept_that_vanishes_is_retired_and_its_number_is_not_used_again(step: Step) -> None:
    embed(step, "a", vectors("a", 0, 1))
    fit_concepts(step)
    assign_concepts(step, "a")
    kept = concepts(step)["1"]
    gone = concepts(step)["0"]
    embed(step, "a", vectors("a", 1))
    embed(step, "b", vectors("b", 5, 6, 7))
    fit_concepts(step)
    for batch in "ab":
        assign_concepts(step, batch)
    rows = dict(step.lake.read(CONCEPT_MODEL).select("concept", "retired").rows())
    assert {c for c, retired in rows.items() if retired} == gone
    assert concepts(step)["1"] == kept
    assert min(set().union(*(concepts(step)[a] for a in "567")) - kept) == 2


def test_clips_without_a_vector_of_the_present_model_have_no_concept(step: Step) -> None:
    assert fit_concepts(step).rows == 0
    embed(step, "a", vectors("a", 0, 1))
    fit_concepts(step)
    old = step.lake.read(CLIP_EMBEDDINGS.table)
    stale = old.with_columns(version=pl.lit("older"))
    step.lake.commit([Replacement(CLIP_EMBEDDINGS.table, ["a"], stale)], [], message="another model")
    assert assign_concepts(step, "a").rows == 0
    assert step.lake.made()["concept_model", SHARED]["rows"] == 2


def test_the_centres_are_fitted_to_the_footage_and_not_to_benchmarks(tmp_path: Path) -> None:
    steps = made_step(tmp_path / "with"), made_step(tmp_path / "without")
    for step in steps:
        embed(step, "a", vectors("a", 0, 1))
    benchmark = vectors("b", 4, 5)
    embed(steps[0], "b", benchmark)
    rows = CANDIDATES.frame([{"batch": "b", "clip_id": clip, "why": "benchmark"} for clip in benchmark])
    steps[0].lake.commit([Replacement(CANDIDATES, ["b"], rows)], [], message="candidates")
    for step in steps:
        fit_concepts(step)
    centres = [step.lake.read(CONCEPT_MODEL).select("concept", "centre", "fitted_clips") for step in steps]
    assert centres[0].equals(centres[1])
    # And they are not due again for the benchmark's clips, which are as many.
    assert "concept_model" not in {d.asset for d in plan(steps[0].lake, steps[0].order)}
