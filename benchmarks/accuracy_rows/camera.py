"""What the camera does: moves made from photographs that nobody tuned to (benchmarks/made_moves.py), and AP of each class.

The photographs are those of scikit-image and scikit-learn: public domain, CC0, and CC BY for china.jpg and flower.jpg.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import made_moves
import numpy as np

from accuracy_rows import Row
from video_assets.measure.camera import HANDHELD, MOVES, STATIC

CLASSES = (STATIC, *(name for pair in MOVES.values() for name in pair), HANDHELD)


def rows() -> Iterator[Row]:
    """One line for each kind of move, and one for each class: right ones of those made, AP in the note."""
    random = np.random.default_rng(77)
    found: list[tuple[made_moves.Case, str | None, float]] = []
    for case in made_moves.cases(made_moves.photographs(made_moves.HELD_OUT), random):
        told = made_moves.measured(case, random)
        found.append((case, *_told(told)))
    kinds: defaultdict[str, list[bool]] = defaultdict(list)
    for case, motion, _ in found:
        kinds[case.name].append(motion in case.right)
    yield Row("camera: made moves, held out", sum(map(sum, kinds.values())), len(found), target="66 of 70 (0.943)")
    for kind, right in kinds.items():
        yield Row(f"camera: {kind}", sum(right), len(right))
    for name in CLASSES:
        # Of what may be called so, but need not, nothing is counted: a truck is a pan to geometry.
        counted = [
            (case, motion, sure) for case, motion, sure in found if name not in case.right or len(case.right) == 1
        ]
        made = [name in case.right for case, *_ in counted]
        scores = [sure if motion == name else 0.0 for _, motion, sure in counted]
        hits = sum(score > 0 for score, right in zip(scores, made, strict=True) if right)
        others = sum(score > 0 for score, right in zip(scores, made, strict=True) if not right)
        note = f"AP {average_precision(scores, made):.3f}; {others} others called so"
        yield Row(f"camera: AP of {name}", hits, sum(made), note, target="AP 0.9" if "zoom" in name else "")


def _told(row: dict[str, object]) -> tuple[str | None, float]:
    motion, sure = row["camera_motion"], row["camera_confidence"]
    return (motion if isinstance(motion, str) else None), (sure if isinstance(sure, float) else 0.0)


def average_precision(scores: Sequence[float], right: Sequence[bool]) -> float:
    """The mean precision over the right ones, in falling order of score; of equal scores, the wrong ones come first."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], right[i]))
    hits, total = 0, 0.0
    for place, i in enumerate(order, 1):
        # What has no score at all was not found.
        if right[i] and scores[i] > 0:
            hits += 1
            total += hits / place
    return total / max(1, sum(right))
