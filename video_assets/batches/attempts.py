"""Attempts that failed as a whole, so that nobody makes them again at the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import FAILED_ATTEMPTS

Inputs = Mapping[str, Mapping[str, Mapping[str, str]]]
"""By asset and batch, what was read: the data version of each input."""


def note_failure(step: Step, tried: Inputs, message: str, *, passing: bool) -> None:
    """Note that a step failed.

    Args:
        step: the step.
        tried: the assets and batches that it was to make, and from what.
        message: what went wrong.
        passing: whether it may pass by itself.
    """
    now = datetime.now(UTC)
    replacements = []
    for asset, batches in tried.items():
        rows = [
            {
                "asset": asset, "batch": batch, "version": step.version(asset), "inputs": as_text(inputs),
                "passing": passing, "message": message, "run_id": step.run_id, "failed_at": now,
            }
            for batch, inputs in batches.items()
        ]  # fmt: skip
        if rows:
            replacement = Replacement(FAILED_ATTEMPTS, list(batches), FAILED_ATTEMPTS.frame(rows), {"asset": asset})
            replacements.append(replacement)
    step.lake.commit(replacements, [], message=f"{', '.join(tried)} failed", run_id=step.run_id)


def failed_attempts(lake: Lake) -> dict[tuple[str, str], dict[str, object]]:
    """The last failed attempt at each asset and batch, if it was not made since."""
    rows = lake.read(FAILED_ATTEMPTS)
    made = lake.entries(rows["batch"].unique().to_list()) if rows.height else {}
    attempts = {(row["asset"], row["batch"]): row for row in rows.iter_rows(named=True)}
    return {k: row for k, row in attempts.items() if k not in made or made[k]["made_at"] <= row["failed_at"]}


def as_text(inputs: Mapping[str, str]) -> str:
    """What was read, as the table has it."""
    return json.dumps(dict(sorted(inputs.items())))
