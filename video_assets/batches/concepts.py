"""Concepts: clusters of the clips' vectors, fitted to all batches now and then, to which each batch's clips are assigned."""

from __future__ import annotations

from typing import Any

import polars as pl

from video_assets.batches.step import Step, Stopwatch
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED, outgrown
from video_assets.lake.schemas import CONCEPT_MODEL, CONCEPTS

_MODEL = "concept_model"


def fit_concepts(step: Step) -> Made:
    """Fit the centres if that is due, and commit ``concept_model``; otherwise leave them as they are.

    Returns:
        The ledger entry, of this fit or of the one that holds.
    """
    lake, version = step.lake, step.version(_MODEL)
    ledger = lake.entries()
    entry = ledger.get((_MODEL, SHARED))
    if entry and entry["version"] == version and not outgrown(step.order[_MODEL], ledger):
        step.progress(_MODEL, 1, 1)
        return Made(_MODEL, SHARED, version, entry["data_version"], entry["inputs"], entry["rows"])
    watch = Stopwatch()
    rows, clips = _fitted(step)
    inputs = {"clip_embeddings": str(clips)}
    made = step.made(_MODEL, SHARED, rows, inputs, compute_seconds=watch.seconds)
    lake.commit([Replacement(CONCEPT_MODEL, [SHARED], rows)], [made], message=_MODEL, run_id=step.run_id)
    return made


def _fitted(step: Step) -> tuple[pl.DataFrame, int]:
    """The concepts of a new fit to the footage beside the retired ones, and how many clips there were, benchmarks' too."""
    import numpy as np

    from video_assets.measure.concepts import assign, cluster_count, fit, lasting_ids

    settings, embedded = step.lake.settings.concepts, step.version("clip_embeddings")
    good = "FROM clip_embeddings WHERE version = ? AND reason IS NULL"
    every: int = step.lake.query(f"SELECT count(*) {good}", [embedded]).row(0)[0]
    good += " AND clip_id NOT IN (SELECT clip_id FROM candidates WHERE why = 'benchmark')"
    clips: int = step.lake.query(f"SELECT count(*) {good}", [embedded]).row(0)[0]
    # Ids are hashes: the smallest are an even sample.
    sample = step.lake.query(f"SELECT embedding {good} ORDER BY clip_id LIMIT ?", [embedded, settings.fit_clips])
    old = step.lake.read(CONCEPT_MODEL, [SHARED])
    if sample.is_empty():
        return old.with_columns(retired=pl.lit(True)), every
    vectors = _matrix(sample["embedding"])
    living = old.filter(~pl.col("retired") & (pl.col("embedding_version") == embedded))
    known = dict(zip(living["concept"], _matrix(living["centre"]), strict=True)) if living.height else {}
    centres = fit(
        vectors, cluster_count(clips, settings.fewest, settings.most), np.stack(list(known.values())) if known else None
    )
    ids = lasting_ids(centres, known, 1 + max(old["concept"], default=-1))
    sizes = np.bincount(assign(vectors, centres)[0], minlength=len(centres)) * (clips / len(vectors))
    new = CONCEPT_MODEL.frame(
        pl.DataFrame({"concept": ids, "centre": centres.tolist(), "fitted_clips": np.round(sizes)}),
        batch=SHARED, retired=False, embedding_version=embedded, version=step.version(_MODEL),
    )  # fmt: skip
    gone = old.filter(~pl.col("concept").is_in(ids)).with_columns(retired=pl.lit(True))
    return CONCEPT_MODEL.frame(pl.concat([gone, new])), every


def assign_concepts(step: Step, batch: str) -> Made:
    """Assign the batch's clips to the nearest centres; commit ``concepts``."""
    from video_assets.measure.concepts import assign

    asset, embedded = "concepts", step.version("clip_embeddings")
    inputs, watch = step.inputs(asset, batch), Stopwatch()
    clips = step.lake.query(
        "SELECT clip_id, embedding FROM clip_embeddings WHERE batch = ? AND version = ? AND reason IS NULL ORDER BY clip_id",
        [batch, embedded],
    )
    model = step.lake.read(CONCEPT_MODEL, [SHARED]).filter(
        ~pl.col("retired") & (pl.col("embedding_version") == embedded)
    )
    rows = CONCEPTS.empty()
    if clips.height and model.height:
        nearest, cosines = assign(_matrix(clips["embedding"]), _matrix(model["centre"]))
        concepts = model.select("concept", concept_weight=1 / pl.col("fitted_clips").clip(1).sqrt())[nearest.tolist()]
        found = clips.select("clip_id").hstack(concepts).with_columns(concept_cosine=pl.Series(cosines))
        rows = CONCEPTS.frame(found, batch=batch, version=step.version(asset))
    made = step.made(asset, batch, rows, inputs, compute_seconds=watch.seconds)
    step.lake.commit([Replacement(CONCEPTS, [batch], rows)], [made], message=f"{asset}/{batch}", run_id=step.run_id)
    return made


def _matrix(vectors: pl.Series) -> Any:
    """Lists of equal length as float32 (rows, n)."""
    return vectors.explode().cast(pl.Float32).to_numpy().reshape(len(vectors), -1)
