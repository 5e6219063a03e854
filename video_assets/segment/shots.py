"""Frames to shots, from the numbers that the one decode recorded and the network's scores.

Two kinds of witness are heard, as HunyuanVideo and SkyReels hear PySceneDetect and TransNetV2: detectors, which see every
frame's numbers, and the network, which looked where those leave doubt. What a detector finds stands unless the network
sees no hint of it; what only the network finds stands when it is clear. So a changed threshold needs neither a
decode nor a network: the shots of an hour of footage are found again in seconds.

Every frame is labelled with the gradual transition or the damage that it belongs to, if any; the shots are what is
left, split at the hard cuts, where time breaks off and where the picture's size changes. So shots are sorted and disjoint,
hold no transition frame, no corrupt frame and no hole in time, and have one size, by construction. A piece shorter than
``min_shot_seconds`` between two boundaries belongs to no shot.

Transitions are found on steps, 24 to 34 frames a second whatever the frame rate is, and placed on frames: a cut where the
picture changes most from one frame to the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import polars as pl

from video_assets.lake.schemas import SHOTS
from video_assets.media.holes import holes
from video_assets.media.identity import shot_id
from video_assets.segment.detectors import (
    STEP,
    Floats,
    Ints,
    Mixed,
    Span,
    column,
    dissolves,
    fades,
    flash_at,
    hard_cuts,
    long_dissolves,
    mixtures,
)
from video_assets.segment.network import Opinion, near
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import ShotSettings

_MOST = 0.6  # Share of a transition of which the network has seen all of it; it was tested on some of half a second and of a second.
# What its pictures within 1.5 s of the middle tell of a transition that lasts longer is not the whole; what lasts no longer than that is.
_LONGEST_TOLD_S, _SURELY_WHOLE_S = 2.8, 2.5
# So much of the veto is enough for what has a witness of its own: motion that looked mixed had 0.003 to 0.008.
_OF_THE_VETO = 0.2
# Dissolves of about a second are what the network knows best: it gives them 0.45 and more. A car that passed a camera which adapts to it,
# and looked so, had 0.05 to 0.19. What is so short needs so many times the veto.
_SHORT_S, _OF_SHORT = 1.25, 5.0
_STITCH_REACH = 12  # Steps on either side of a cut whose pictures are compared: half of what wide_distance spans.


def find_shots(
    signals: pl.DataFrame, video: VideoFacts, settings: ShotSettings, scores: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Find the shots of one video.

    Args:
        signals: the video's rows of FRAME_SIGNALS, sorted by frame, frames numbered from 0 without gaps.
        video: the video.
        settings: thresholds.
        scores: the video's good rows of TRANSITION_SCORES, none when nothing was in doubt; None when no network looked,
            so that the detectors alone decide.

    Returns:
        Rows of SHOTS without batch and version, in order; none when no stretch of ``min_shot_seconds`` is usable.

    Raises:
        ValueError: the frames are not numbered 0, 1, 2, ... in order.
    """
    if not np.array_equal(signals["frame"].to_numpy(), np.arange(signals.height)):
        raise ValueError(f"The frames of {video.video_id} are not numbered from 0 in order; sort one video's by frame.")
    steps = _Steps(signals)
    opinion = None if scores is None else Opinion(scores, steps.frames, settings)
    broken = _breaks(signals)
    cuts, gradual = _transitions(steps.table, settings, opinion, steps.at(broken))
    named = [(steps.between(span), name) for span, name in gradual]
    labels = _labels(signals, named, [steps.between(span) for span in fades(steps.table, settings)])
    pts = [*signals["pts"].to_list(), video.end_pts]
    shortest = Fraction(str(settings.min_shot_seconds)) / video.time_base
    pieces = _pieces(labels, {steps.first_after(cut) for cut in cuts} | broken)
    spans = [(start, end) for start, end in pieces if pts[end] - pts[start] >= shortest]
    rows = [_row(video, number, span, labels, broken, pts) for number, span in enumerate(spans)]
    columns = [c for c in SHOTS.schema if c not in ("batch", "version")]
    found = SHOTS.frame(rows) if rows else SHOTS.empty()
    found_by = "detectors" if opinion is None else "detectors and network"
    return found.with_columns(found_by=pl.lit(found_by)).select(columns)


def _breaks(signals: pl.DataFrame) -> set[int]:
    """The frames before which something breaks off that is no transition.

    Time starts again there or has a hole, or the picture's size as displayed is another.
    """
    changes = (pl.col("width") != pl.col("width").shift()) | (pl.col("height") != pl.col("height").shift())
    told = signals.filter(pl.col("breaks").is_not_null() | changes)["frame"].to_list()
    damaged = signals["corrupt"].fill_null(value=False).to_numpy()
    key = signals["keyframe"].fill_null(value=True).to_numpy()
    return {*told, *map(int, holes(column(signals, "time_s"), column(signals, "frame_difference"), damaged, key))}


class _Steps:
    """A video's steps, and the frames that they stand for."""

    def __init__(self, signals: pl.DataFrame) -> None:
        self.table = signals.filter(STEP | (pl.col("frame") == 0))
        self.frames: Ints = self.table["frame"].to_numpy().astype(np.int64)
        self._total = signals.height
        self._changes = np.nan_to_num(column(signals, "frame_difference"))

    def first_after(self, cut: int) -> int:
        """The first frame after a cut, of those between the step before it and the step that shows the new picture."""
        if cut >= len(self.frames):
            return self._total
        first, last = int(self.frames[cut - 1]) + 1 if cut else 0, int(self.frames[cut])
        return last if first >= last else first + int(np.argmax(self._changes[first : last + 1]))

    def at(self, frames: set[int]) -> set[int]:
        """The steps that show frames first."""
        return {int(step) for step in np.searchsorted(self.frames, sorted(frames))}

    def between(self, span: Span) -> Span:
        """Every frame after the last step before a span of steps, up to the first step after it."""
        start, end = span
        first = int(self.frames[start - 1]) + 1 if start else 0
        return first, int(self.frames[end]) if end < len(self.frames) else self._total


def _transitions(
    steps: pl.DataFrame, settings: ShotSettings, opinion: Opinion | None, broken: set[int]
) -> tuple[set[int], list[tuple[Span, str]]]:
    """The first steps after cuts, and the gradual transitions that are no fades, with their names."""
    cuts, gradual, long = hard_cuts(steps, settings), dissolves(steps, settings), long_dissolves(steps, settings)
    mixed, time = mixtures(steps, settings), column(steps, "time_s")
    seen: list[Span] = []
    if opinion is not None:
        cuts = {c for c in cuts if opinion.allows(c)}
        seen_cuts, seen = opinion.transitions()
        mixed = [m for m in mixed if _borne_out(m, opinion, time)]
        # Of what moves on both sides of a cut, some looks mixed.
        sure = cuts & set(seen_cuts)
        mixed = [m for m in mixed if not any(m.span[0] < cut < m.span[1] for cut in sure)]
        # A whip pan that ends where it began is what the network takes for a cut, too.
        lone = {c for c in seen_cuts if not near(c, cuts | broken)}
        cuts |= {c for c in lone if not flash_at(c, steps) and not _is_one_shot(c, steps, settings)}
        # A blend of two pictures that are so alike that there is no doubt is none.
        gradual = [g for g in gradual if opinion.hints(*g, part=_OF_SHORT if _seconds(g, time) <= _SHORT_S else 1.0)]
    if settings.stitch:
        cuts = {c for c in cuts if not _is_one_shot(c, steps, settings)}
    # The way from one picture to another tells nothing where something breaks off between them.
    mixed = [m for m in mixed if not any(m.span[0] < step < m.span[1] for step in broken)]
    return cuts, _by_the_best(seen, mixed, gradual, long, _longest(long, mixed, time))


def _borne_out(mixed: Mixed, opinion: Opinion, time: Floats) -> bool:
    """Whether the network sees enough of a mixture: it knows few wipes and hardly a dissolve of seconds."""
    short = mixed.told and _seconds(mixed.span, time) <= _SHORT_S
    return mixed.name == "wipe" or opinion.hints(*mixed.span, part=_OF_SHORT if short else _OF_THE_VETO)


def _longest(long: list[Span], mixed: list[Mixed], time: Floats) -> list[Span]:
    """Those long dissolves that last longer than their pictures within 1.5 s of the middle could tell."""
    # Pictures that wait for so long before and after it have told the whole.
    whole = [m.span for m in mixed if m.told and _seconds(m.span, time) <= _SURELY_WHOLE_S]
    return [s for s in long if _seconds(s, time) >= _LONGEST_TOLD_S and not any(_overlap(s, told) for told in whole)]


def _seconds(span: Span, time: Floats) -> float:
    return float(time[min(span[1], len(time) - 1)] - time[span[0]])


def _by_the_best(
    seen: list[Span], mixed: list[Mixed], gradual: list[Span], long: list[Span], longest: list[Span]
) -> list[tuple[Span, str]]:
    """The gradual transitions that several have found, each as long as those say who know best.

    What the network sees lasts about a second, and nobody sees its ends better. Of what lasts longer it sees a part, and the
    way of the pictures tells when that begins and ends, unless it is one of the ``longest``. What overlaps nothing of either is as
    long as all others say.
    """
    told = [m for m in mixed if m.told and not any(_most_of(span, m.span) for span in seen)]
    told = [m for m in told if not any(_overlap(m.span, span) for span in longest)]
    better = [m.span for m in told]
    seen = [span for span in seen if not any(_overlap(span, one) for one in better)]
    better += seen
    others = [span for span in gradual + long if not any(_overlap(span, one) for one in better)]
    rest = [m for m in mixed if m not in told and not any(_overlap(m.span, one) for one in better)]
    return [(span, "dissolve") for span in seen + others] + [(m.span, m.name) for m in told + rest]


def _most_of(one: Span, other: Span) -> bool:
    """Whether one span covers most of another."""
    return min(one[1], other[1]) - max(one[0], other[0]) >= _MOST * (other[1] - other[0])


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _is_one_shot(cut: int, signals: pl.DataFrame, settings: ShotSettings) -> bool:
    """Whether the pictures on both sides of a cut are so alike that the shots are one (Panda-70M, arXiv 2402.19479)."""
    after = cut + _STITCH_REACH
    if after >= signals.height:
        return False
    colours, pixels = (column(signals, name)[after] for name in ("wide_histogram", "wide_distance"))
    return bool(colours < settings.stitch_histogram and pixels < settings.stitch_distance)


def _row(
    video: VideoFacts, number: int, span: Span, labels: list[str | None], broken: set[int], pts: list[int]
) -> dict[str, object]:
    start, end = span
    seconds = video.seconds(pts[start], pts[end])
    return {
        "shot_id": shot_id(video.video_id, video.stream, pts[start], pts[end]),
        "video_id": video.video_id,
        "shot": number,
        "start_frame": start,
        "end_frame": end,
        "start_pts": pts[start],
        "end_pts": pts[end],
        **seconds,
        "duration_s": seconds["end_s"] - seconds["start_s"],
        "begins": "start" if start == 0 else labels[start - 1] or ("break" if start in broken else "cut"),
        "ends": "end" if end == len(labels) else labels[end] or ("break" if end in broken else "cut"),
    }


def _pieces(labels: list[str | None], cuts: set[int]) -> Iterator[Span]:
    """Yield the stretches without a label, split at the cuts."""
    start: int | None = None
    for frame in range(len(labels) + 1):
        free = frame < len(labels) and labels[frame] is None
        if start is not None and (not free or frame in cuts):
            yield start, frame
            start = None
        if free and start is None:
            start = frame


def _labels(signals: pl.DataFrame, gradual: list[tuple[Span, str]], faded: list[Span]) -> list[str | None]:
    """Name for every frame the gradual transition or the damage that it belongs to, else None.

    What touches a fade is part of it: a network sees a fade through black as two transitions.
    """
    labels: list[str | None] = [None] * signals.height
    for (start, end), name in gradual:
        touched = any(start < fade_end and fade_start < end for fade_start, fade_end in faded)
        labels[start:end] = ["fade" if touched else name] * (end - start)
    for start, end in faded:
        labels[start:end] = ["fade"] * (end - start)
    return ["damage" if corrupt else label for corrupt, label in zip(signals["corrupt"], labels, strict=True)]
