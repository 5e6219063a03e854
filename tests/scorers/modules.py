"""Modules of scorers of one's own, as texts."""

from __future__ import annotations

from pathlib import Path

HEAD = """\
import polars as pl
from video_assets.scorer import FLOAT, TEXT, WHOLE, YES_NO, Column, Frames, Keyframes, Pairs, Scorer, Tables
"""


def module(
    measure: str,
    reads: str = "Keyframes(2)",
    column: str = "Column('mine', FLOAT, 'A number.', least=0, most=10)",
    more: str = "",
) -> str:
    """A module of one scorer, ``mine_scores``, with this function's body."""
    arguments = "clips, *tables" if reads.startswith("Tables") else "pictures, crop"
    body = "\n".join(f"    {line}" for line in measure.splitlines())
    return (
        f"{HEAD}\n\ndef measure({arguments}):\n{body}\n\n\n"
        f"scorer = Scorer(name='mine_scores', says='Mine.', columns=({column},), reads={reads}, measure=measure{more})\n"
    )


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    """Put a module into the folder ``scorers`` of a working directory."""
    path = folder / "scorers" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path
