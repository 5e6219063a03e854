"""Whether one film moves as much and stands as long at 60, 30, 24, 15 and 12 frames a second.

Real shots are played at 60 frames/s, at two to six times their speed, so that there is a film of real motion which is as
smooth; frames are left out of it for the other rates. Beside it stands what the plain mean over frames says, which is how
VMAF's motion is published.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from footage_shots import HELD_OUT, TUNED, shots
from joined import Shot, encode, part
from shots import decoded

from accuracy_rows import Row
from video_assets.lake.schemas import CLIPS
from video_assets.measure.motion import motion_scores

FASTEST, RATES, FILM = 60, (60, 30, 15, 12), 24
SECONDS = 4
WITHIN = 0.1


def rows() -> Iterator[Row]:
    """One row for the motion and one for the stillness, over the films and rates."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        films = [shot for pool in (TUNED, HELD_OUT) for shot in shots(pool, folder) if shot.end >= SECONDS * FILM / 2]
        measured = [(film, _scores(film, folder)) for film in films]
    for what, column, apart in (
        ("vmaf_motion", "vmaf_motion", _ratio),
        ("motion_vector", "motion_vector", _ratio),
        ("still_share", "still_share", _difference),
    ):
        far = [apart(scores[rate][column], scores[FILM][column]) for _, scores in measured for rate in RATES]
        plain = [_ratio(scores[rate]["plain"], scores[FILM]["plain"]) for _, scores in measured for rate in RATES]
        right = sum(off <= WITHIN for off in far)
        yield Row(
            f"{what} of one film at 60, 30, 15, 12 frames/s as at 24",
            right,
            len(far),
            f"largest difference {max(far):.2f}, mean {np.mean(far):.3f}",
            f"plain mean over frames {sum(off <= WITHIN for off in plain)}" if column == "vmaf_motion" else "",
            "within 0.10",
        )


def _ratio(one: float, other: float) -> float:
    return abs(one / other - 1)


def _difference(one: float, other: float) -> float:
    return abs(one - other)


def _scores(film: Shot, folder: Path) -> dict[int, dict[str, float]]:
    """Of every rate, the scores of the whole."""
    frames = part(film, SECONDS * FASTEST, np.random.default_rng(0), 1.0)
    found = {}
    for rate in (*RATES, FILM):
        chosen = frames[np.arange(SECONDS * rate) * FASTEST // rate]
        path = folder / f"{Path(film.path).stem}-{rate}.mp4"
        encode(path, chosen, rate, crf=18)
        signals, _ = decoded(path, folder)
        clip = {"clip_id": "c", "video_id": "v", "start_frame": 0, "end_frame": len(chosen), "end_s": float(SECONDS)}
        clips = CLIPS.frame([clip | {"duration_s": float(SECONDS)}])
        scores = motion_scores(clips, signals).row(0, named=True)
        found[rate] = scores | {"plain": signals.select(pl.col("vmaf_motion").mean()).item()}
    return found
