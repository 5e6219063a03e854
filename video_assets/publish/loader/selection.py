"""Which clips of a manifest are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

COLUMNS = ("split", "bucket", "start_pts", "end_pts", "time_base_num", "time_base_den")
"""Columns of the manifest that decide."""


def chosen(
    rows: Mapping[str, Sequence[Any]], split: str, buckets: Sequence[str] | None, least: Fraction
) -> tuple[list[int], int]:
    """Which clips of a manifest are read. Pure: it hangs on the manifest alone, so that what was read can be told later.

    Args:
        rows: the manifest's ``COLUMNS``.
        split: whose clips.
        buckets: those of these alone; None: of all.
        least: clips must be longer than that, in s.

    Returns:
        Their numbers in the manifest, and how many others are too short.
    """
    found, short = list[int](), 0
    columns = (rows[name] for name in COLUMNS)
    for number, (of, bucket, start, end, num, den) in enumerate(zip(*columns, strict=True)):
        if of != split or (buckets is not None and bucket not in buckets):
            continue
        if (end - start) * num * least.denominator > least.numerator * den:
            found.append(number)
        else:
            short += 1
    return found, short


def least_seconds(frames: int, fps: Fraction) -> Fraction:
    """What a clip must be longer than, in s, so that so many frames at that rate are inside it."""
    return (frames - 1) / fps
