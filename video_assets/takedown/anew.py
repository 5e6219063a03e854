"""What is made over all clips is made anew without those that went: groups of near-duplicates, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from video_assets.batches.contamination import find_contamination
from video_assets.batches.duplicates import group_duplicates
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.lake.ledger import Made
from video_assets.lake.sheet import SHEET
from video_assets.takedown.rewrite import remade


def make_anew(step: Step, batches: Sequence[str]) -> tuple[str, ...]:
    """Make the groups, the contamination and the sheets of these batches anew, and of all others in which they change.

    What was made by older code stays as it is and is due, as it was before.

    Args:
        step: the step.
        batches: those from which rows were removed.

    Returns:
        The batches in which a group changed.
    """
    before = step.lake.made()
    steps: tuple[tuple[str, Callable[[Step, str], list[Made]]], ...] = (
        ("duplicate_groups", group_duplicates),
        ("contamination", find_contamination),
    )
    changed: set[str] = set()
    for asset, make in steps:
        for batch in batches:
            if remade(step, asset, batch, before):
                make(step, batch)
        after = step.lake.made()
        changed |= {
            b for (a, b), entry in after.items() if a == asset and entry["data_version"] != before[a, b]["data_version"]
        }
    # By the ledger and not by what changed just now: who was stopped here finds the groups as they are to be.
    after = step.lake.made()
    for asset, batch in sorted(after):
        if asset == SHEET and _behind(after, batch) and remade(step, SHEET, batch, after):
            write_sheet(step, batch)
    return tuple(sorted(changed))


def _behind(ledger: Mapping[tuple[str, str], Mapping[str, Any]], batch: str) -> bool:
    """Whether a batch's sheet was made from other groups or contamination than there are now."""
    read = ledger[SHEET, batch]["inputs"]
    made = ("duplicate_groups", "contamination")
    return any(a in read and (a, batch) in ledger and read[a] != ledger[a, batch]["data_version"] for a in made)
