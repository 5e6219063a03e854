"""Transitions by the numbers that the one decode recorded of every step, without a network.

All count steps, of which there are 24 to 34 a second in a film and in whatever is faster (``measure/pace.py``). Spans are
``[start, end)`` of the steps given; only times count otherwise.

PySceneDetect's AdaptiveDetector is replayed on the recorded values instead of pixels, so a changed threshold needs no
decode; fades and dissolves are found in the course of light and of small pictures.

Its content value is the mean of the changes of hue, saturation and luma. In a grey picture the first two are nothing, and a
cut would need three times the luma: here they weigh as much as there is colour (:func:`weighed_change`).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from video_assets.settings import ShotSettings
from video_assets.settings.segmenting import BLACK_SHARE

Floats = npt.NDArray[np.float64]
_Values: TypeAlias = Floats | float
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Span = tuple[int, int]

STEP = pl.col("difference").is_not_null() | pl.col("frame_difference").is_null()
"""Whether a row of FRAME_SIGNALS is a step: between steps, only the change from the frame before is measured."""

LEAST_SINGLE, LESS = 0.3, 0.7
"""What one end alone leaves at least of a mixture, and what both may leave of that. Chosen on 25 real videos: a residual of 0.4
with these finds their dissolves and fades and no moving picture; a pan that turns back is explained by one end."""
MOTION_SINGLE = 0.2
"""What is left at most of a picture that one of the two ends alone explains, so that it moves and is not mixed."""
BLEND_SPAN = 12  # Steps between the two ends that blend_distance and blend_residual compare.
FULL_COLOUR = 0.1  # Mean saturation from which hue and saturation weigh as much as luma; muted films have 0.08 to 0.2.
_FLASH_FRAMES = 3  # Longest flash, in steps.
_BLENDED_SHARE = (
    0.2  # Of a change over two steps, the least that either holds where the picture between is blended of both shots.
)
_STUTTER_REACH = 12  # Steps on either side of a change in which changes like it are counted.
_STUTTER_CHANGES = 3  # So many changes alike in that reach are cuts; more are motion at a low frame rate.
_FADE_STEP = 0.2  # Least change of mean luma in a frame, 0-255, that carries a fade on.
_DISSOLVE_WINDOWS = 3  # Least consecutive windows that look like a blend.
_LEAST_MIXTURES = 2  # Least moments that look like a mixture, at most so many seconds apart.
_MIXTURE_GAP_S = 0.25
_MIXTURE_EVERY_S = 0.1  # Between the moments at which it is looked for,
_MIXTURE_SPAN_S = 1.2  # and between the two pictures that each is made of.
_EXTENT_S = 1.5  # After such a moment, when it is told when the transition begins and ends.
_MOST_SEEN_FOR_S = 0.8  # Of a transition that fits between them, or nearly.
_MIXTURE_MARGIN_S = 0.1  # A share is told to a 24th, and a length by it.
_LONGEST_MIXTURE_S = 4.0
_LEAST_GROWTH = (
    0.35  # By which the share of the later shot grows in a wipe, a second: made ones of 2 s had 0.42 and more.
)
_LEAST_LONG = 2  # Least moments at which two pictures 4 s apart are blended, at most so many seconds apart.
_LONG_GAP_S = 0.5
_LONG_SPAN_S = 4.0
_SEEN_S = 0.5  # An end of a dissolve that is so far inside the 4 s is one; otherwise it may last longer,
_UNSEEN_S = 1.0  # by so much: one of 5 s is found.
_LONG_MARGIN_S = 0.25  # To what an end is told.


def hard_cuts(signals: pl.DataFrame, settings: ShotSettings) -> set[int]:
    """Find the first frames of new shots by PySceneDetect's AdaptiveDetector, without flashes."""
    from scenedetect import AdaptiveDetector, FrameTimecode

    class Replay(AdaptiveDetector):  # type: ignore[misc]
        """AdaptiveDetector on a recorded content value: ``frame_img`` is a one-element array that holds it."""

        def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: Floats) -> float:  # noqa: ARG002
            return float(frame_img[0])

    content = content_value(signals)
    detector = Replay(
        adaptive_threshold=settings.adaptive_threshold, min_scene_len=1, min_content_val=settings.min_content_change
    )
    # Numbered at one frame a second: lengths count frames, and pts stay ours, whatever the frame rate does.
    found = [
        cut.frame_num
        for i in range(len(content))
        for cut in detector.process_frame(FrameTimecode(i, 1.0), content[i : i + 1])
    ]
    found += _blended_cuts(content, signals, settings)
    return {c for c in found if not flash_at(c, signals) and not _is_stutter(c, content)}


def _blended_cuts(content: Floats, signals: pl.DataFrame, settings: ShotSettings) -> list[int]:
    """The steps of changes that are spread over two: a conversion of the frame rate blends one picture of both shots.

    AdaptiveDetector compares the one half with the other. Here their mean is compared with the step on either side, and they
    have to lead from one picture to another. There is a cut on either side of the blended picture.
    """
    distance, difference = column(signals, "blend_distance"), column(signals, "difference")
    changes = np.append(content, 0.0)
    at = np.arange(1, len(content) - 1)  # the first of the two steps
    four = (changes[at - 1], content[at], content[at + 1], changes[at + 2])
    found = []
    for first in at[is_spread(*four, settings.min_content_change, settings.adaptive_threshold)]:
        across = distance[first + 1 : first + BLEND_SPAN]
        across = across[~np.isnan(across)]
        if across.size and np.median(across) >= (difference[first] + difference[first + 1]) / 2:
            found += [int(first), int(first) + 1]
    return found


def is_spread(before: _Values, first: _Values, second: _Values, after: _Values, least: float, times: float) -> Bools:
    """Whether two changes in a row are the halves of one that stands out from those beside them.

    Args:
        before: content values of the step before the two, 0-255; one or an array of them.
        first: of the first.
        second: of the second.
        after: of the step after them.
        least: what both are together.
        times: how often their mean is as much as what is beside them.
    """
    both = first + second
    # A quick movement swells and fades: the steps next to its quickest two are not much slower.
    stands_out = (both >= least) & (both / 2 >= times * np.maximum(before, after))
    return np.asarray(stands_out & (np.minimum(first, second) >= _BLENDED_SHARE * both))


def content_value(signals: pl.DataFrame) -> Floats:
    """The content value of each step of one video, 0-255; 0 on the first: see :func:`weighed_change`."""
    values: Floats = signals.select(content_change()).to_series().fill_null(0.0).to_numpy()
    return values


def content_change() -> pl.Expr:
    """The content value of rows of FRAME_SIGNALS in order, of one video or ``over`` several; NULL without a step before.

    Of the samples of saturation on either side the more colourful counts: a cut from black and white to colour is one.
    """
    sampled = pl.col("saturation").cast(pl.Float64)
    colour = pl.max_horizontal(sampled.forward_fill(), sampled.backward_fill()).fill_null(FULL_COLOUR)
    hue, saturation, luma = (pl.col(c).cast(pl.Float64) for c in ("delta_hue", "delta_sat", "delta_lum"))
    return weighed_change(hue, saturation, luma, colour)


_Number = TypeVar("_Number", float, pl.Expr)


def weighed_change(hue: _Number, saturation: _Number, luma: _Number, colour: _Number) -> _Number:
    """The mean of three changes, in which the first two weigh as much as there is colour.

    Args:
        hue: change of hue, 0-180.
        saturation: change of saturation, 0-255.
        luma: change of luma, 0-255.
        colour: mean saturation, 0-1; from :data:`FULL_COLOUR` on this is PySceneDetect's content value.
    """
    weight = colour / FULL_COLOUR
    weight = weight.clip(0.0, 1.0) if isinstance(weight, pl.Expr) else min(weight, 1.0)
    return (luma + weight * (hue + saturation)) / (1.0 + 2.0 * weight)


def _is_stutter(cut: int, content: Floats) -> bool:
    """Whether a change is one of many alike: frames repeated to a higher rate move every few frames only.

    AdaptiveDetector compares a change with the two frames on either side, which are repeats and do not change.
    """
    near = content[max(cut - _STUTTER_REACH, 0) : cut + _STUTTER_REACH + 1]
    return int(np.count_nonzero(near >= content[cut] / 2)) > _STUTTER_CHANGES


def flash_at(cut: int, signals: pl.DataFrame) -> bool:
    """Whether a change at ``cut`` begins or ends a flash."""
    distance, difference = column(signals, "blend_distance"), column(signals, "difference")
    spans = (span for n in range(1, _FLASH_FRAMES + 1) for span in ((cut, cut + n), (cut - n, cut)))
    return any(_is_flash(start, end, distance, difference) for start, end in spans)


def _is_flash(start: int, end: int, distance: Floats, difference: Floats) -> bool:
    """Whether ``[start, end)`` are odd frames after which the old picture is back.

    It comes and goes in one step each, and pictures 12 frames apart differ where the later one is inside it, but
    resemble each other across it. False where the video is too short on either side to tell.
    """
    if start < BLEND_SPAN or end >= len(distance):
        return False
    inside = distance[start:end].min()
    across = np.median(distance[end : start + BLEND_SPAN])
    return bool(across < inside / 2 and min(difference[start], difference[end]) > inside / 2)


def fades(signals: pl.DataFrame, settings: ShotSettings) -> list[Span]:
    """Find fades out of, into and through black, from where luma starts to fall to where it has recovered.

    ThresholdDetector's rule (mean RGB under a level) alone would take a dark scene for a fade; here the picture must
    turn black as well. A black flash is none.
    """
    luma, distance, difference = (column(signals, c) for c in ("luma_mean", "blend_distance", "difference"))
    black = (column(signals, "rgb_mean") < settings.fade_level) & (column(signals, "black_share") >= BLACK_SHARE)
    frames = len(luma)
    return [
        (frames - _recovered(luma[::-1], frames - start), _recovered(luma, end))
        for start, end in runs(black)
        if end - start > _FLASH_FRAMES or not _is_flash(start, end, distance, difference)
    ]


def _recovered(luma: Floats, frame: int) -> int:
    """Find the first frame from ``frame`` on after which luma no longer rises; one repeated frame ends no rise."""
    last = len(luma) - 1
    while frame < last:
        rises = luma[frame + 1] - luma[frame], (luma[min(frame + 2, last)] - luma[frame]) / 2
        if max(rises) < _FADE_STEP:
            break
        frame += 1
    return frame


def dissolves(signals: pl.DataFrame, settings: ShotSettings) -> list[Span]:
    """Find linear blends of two pictures.

    In a linear blend the middle is the average of the ends, and every pixel goes straight from one to the other: the
    12 steps between the ends add up to little more than their distance. A pan over soft shapes looks averaged too, but
    its pixels go up and down on the way. A window of 12 frames passes once it reaches about nine frames into the
    dissolve and until three frames after it. Where the ends are as far apart as ``dissolve_distance`` somewhere, half
    of that carries the stretch on.
    """
    distance, residual = column(signals, "blend_distance"), column(signals, "blend_residual")
    path = signals["difference"].cast(pl.Float64).rolling_sum(BLEND_SPAN).fill_null(float("nan")).to_numpy()
    blend = (
        (residual <= settings.dissolve_residual)
        & (distance >= settings.dissolve_distance / 2)
        & (path <= settings.dissolve_detour * distance)
    )
    found = [
        (max(start - 9, 0), end - 3)
        for start, end in runs(blend)
        if end - start >= _DISSOLVE_WINDOWS and distance[start:end].max() >= settings.dissolve_distance
    ]
    return [span for span in found if not _is_motion(span, signals)]


def _is_motion(span: Span, signals: pl.DataFrame) -> bool:
    """Whether one of two pictures 1.2 s apart, shifted, explains whatever lies between them in a span."""
    single = column(signals, "mixture_single")
    measured = np.flatnonzero(~np.isnan(single))
    time = column(signals, "time_s")
    start, end = time[span[0]], time[min(span[1], len(time) - 1)]
    middles = time[measured] - _MIXTURE_SPAN_S / 2
    inside = single[measured[(middles >= start) & (middles <= end)]]
    return len(inside) > 0 and bool(inside.max() < MOTION_SINGLE)


class Mixed(NamedTuple):
    """A gradual transition that is found by its mixed pictures.

    Attributes:
        span: its steps.
        name: dissolve or wipe.
        told: whether its pictures say when it begins and ends; otherwise that follows from for how long they are mixed.
    """

    span: Span
    name: str
    told: bool


def mixtures(signals: pl.DataFrame, settings: ShotSettings) -> list[Mixed]:
    """Find gradual transitions by the pictures that are made of one before and one after them.

    When one begins and ends is told by the way that the pictures go from before it to after it, at even speed, and by how
    long it is seen, of which the wider counts: a camera that sways may look like the one, and hits may be missed. A picture is
    mixed where its share of the later shot is 0.3 to 0.7, for 0.4 of a transition that fits between the two pictures; of
    a longer one, where both lie inside it, too. A wipe's or a push's length follows from how its share grows.
    """
    time = column(signals, "time_s")
    begins, ends = (time - column(signals, name) for name in ("mixture_begins_ago", "mixture_ends_ago"))
    residual, single = column(signals, "mixture_residual"), column(signals, "mixture_single")
    mixed = (residual <= settings.mixture_residual) & (single >= LEAST_SINGLE) & (residual <= LESS * single)
    hits = np.flatnonzero(mixed)
    found = []
    for group in np.split(hits, np.flatnonzero(np.diff(time[hits]) > _MIXTURE_GAP_S) + 1):
        if len(group) < _LEAST_MIXTURES:
            continue
        middles, shares = time[group] - _MIXTURE_SPAN_S / 2, column(signals, "mixture_share")[group]
        seen_for = middles[-1] - middles[0] + _MIXTURE_EVERY_S
        of_these = np.abs(time - _EXTENT_S - middles.mean()) <= seen_for / 2 + _MIXTURE_EVERY_S
        told = of_these & ~np.isnan(begins)
        name = "dissolve" if np.isnan(shares).mean() > 0.5 else "wipe"
        # Of a transition that is much longer than what it fits between, the pictures that each moment is made of are part,
        # too, and its ends are not seen: there the two are too alike.
        half_span = _MIXTURE_SPAN_S / 2
        fits = seen_for <= _MOST_SEEN_FOR_S
        length = min(seen_for / 0.4, seen_for + half_span) if fits else seen_for + 1.8 * half_span
        centre = middles.mean()
        beside = ~np.isnan(shares)
        if name == "wipe":
            grown, while_ = shares[beside][-1] - shares[beside][0], middles[beside][-1] - middles[beside][0]
            if (
                grown <= _LEAST_GROWTH * while_
            ):  # What walks through a picture fills a part of it, and no more of it later.
                continue
            length = while_ / grown
            centre = middles[beside].mean() + (0.5 - shares[beside].mean()) * length
        half = min(length, _LONGEST_MIXTURE_S) / 2 + (_MIXTURE_MARGIN_S if name == "wipe" else 0.0)
        begun, ended = centre - half, centre + half
        if told.any():
            begun, ended = min(begun, np.median(begins[told])), max(ended, np.median(ends[told]))
        start, end = (int(n) for n in np.searchsorted(time, [begun, ended]))
        found.append(Mixed((start, end), name, bool(told.any())))
    return found


def long_dissolves(signals: pl.DataFrame, settings: ShotSettings) -> list[Span]:
    """Find dissolves of seconds by the pictures that are blended of one 2 s before and one 2 s after them.

    Of all moments at which that is so, those say when it begins or ends that see the picture stand before or after it. Where
    none does, the one counts that is most clearly blended, and the dissolve is taken to last longer.
    """
    time = column(signals, "time_s")
    residual, single = column(signals, "long_residual"), column(signals, "long_single")
    begins, ends = (time - column(signals, name) for name in ("long_begins_ago", "long_ends_ago"))
    blended = (residual <= settings.mixture_residual) & (single >= LEAST_SINGLE) & (residual <= LESS * single)
    hits = np.flatnonzero(blended)
    found = []
    for group in np.split(hits, np.flatnonzero(np.diff(time[hits]) > _LONG_GAP_S) + 1):
        if len(group) < _LEAST_LONG:
            continue
        clearest = group[np.argmin(residual[group])]
        begun = begins[group][begins[group] >= time[group] - _LONG_SPAN_S + _SEEN_S]
        ended = ends[group][ends[group] <= time[group] - _SEEN_S]
        start = np.median(begun) - _LONG_MARGIN_S if len(begun) else begins[clearest] - _UNSEEN_S
        end = np.median(ended) + _LONG_MARGIN_S if len(ended) else ends[clearest] + _UNSEEN_S
        first, last = (int(n) for n in np.searchsorted(time, [start, end]))
        found.append((first, last))
    return found


def runs(mask: Bools) -> list[Span]:
    """List the maximal ``[start, end)`` stretches in which a mask is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def column(signals: pl.DataFrame, name: str) -> Floats:
    """Read a column as float64; NULL becomes NaN, which no comparison accepts."""
    return signals[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
