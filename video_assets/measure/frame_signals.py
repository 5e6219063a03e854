"""The numbers of every frame: its light, and how it differs from those before it.

Changes are measured from step to step: up to 34 frames a second every frame is one (see :mod:`video_assets.measure.pace`).

All are computed on the analysis picture (long side ``decode.analysis_long_side``, full-range luma) or on its half-size
colour picture, whose B, G, R come from the JPEG (BT.601) matrix.
"""

from __future__ import annotations

from collections import deque
from functools import cached_property

import cv2
import numpy as np

from video_assets.measure.pace import FILM_S, slower_than_film
from video_assets.measure.pictures import Planes
from video_assets.measure.samples import SampleClock
from video_assets.measure.types import Picture, Signals
from video_assets.segment.detectors import weighed_change

BLACK_LUMA = 16
"""Luma under this (full range) counts as black."""
CHANGED_LUMA = 6
"""A blurred pixel that differs by more than this from the film's frame before has changed."""
BLEND_FRAMES = 12
"""Distance in steps of the two ends that dissolve evidence compares."""

_LEAST_BLEND_DISTANCE = 1.0
_TWO_STEPS_HZ = 4.0  # How often the change over two steps is measured, a second.
# VMAF's motion filter: 5 taps, sum 65536 (libvmaf, integer_motion.h: {3571, 16004, 26386, 16004, 3571}).
_VMAF_TAPS = (np.array([3571, 16004, 26386, 16004, 3571]) / 65536).astype(np.float32)


class FrameSignals:
    """Measures the frames of one video in their order; holds the last frame, the last two steps and 13 thumbnails."""

    def __init__(self) -> None:
        self._now: _Measured | None = None
        self._last_step: _Measured | None = None
        self._step_before: _Measured | None = None
        self._elapsed, self._two_steps_clock = 0.0, SampleClock(_TWO_STEPS_HZ)
        self._thumbnails: deque[Picture] = deque(maxlen=BLEND_FRAMES + 1)

    def measure(self, planes: Planes, since: float | None = FILM_S) -> Signals:
        """The ``frame_signals`` columns of the next frame that come from every frame (see ``lake/schemas``).

        Two more keys: ``saturation`` (mean HSV saturation, 0-1) is there for sampled frames, and ``content_change`` (the
        content value of a step, as the detectors compute it from the others) for what decides on doubt.

        Args:
            planes: The analysis picture.
            since: The time since the step before, in s; None when the frame is no step and no change is measured.
        """
        before, now = self._now, _Measured(planes)
        self._now = now
        signals = now.light() | {"frame_difference": _mean_distance(now.luma, before.luma) if before else None}
        if since is not None:
            signals |= now.change_from(self._last_step, since) | self._over_two_steps(now, since)
            signals |= self._blend(now.thumbnail())
            self._step_before, self._last_step = self._last_step, now
        return signals

    def _over_two_steps(self, now: _Measured, since: float) -> Signals:
        self._elapsed += since
        if not self._two_steps_clock.due(self._elapsed) or self._step_before is None:
            return {}
        return {"vmaf_motion_two_steps": _mean_distance(now.blurred, self._step_before.blurred)}

    @property
    def picture(self) -> Picture:
        """The last frame's half-size colour picture, uint8 (h/2, w/2, 3) in B, G, R order."""
        assert self._now is not None
        return self._now.bgr

    def _blend(self, thumbnail: Picture) -> Signals:
        """Dissolve evidence: in a linear blend the middle frame is the average of the ends."""
        self._thumbnails.append(thumbnail)
        if len(self._thumbnails) <= BLEND_FRAMES:
            return {"blend_distance": None, "blend_residual": None}
        start, middle, end = self._thumbnails[0], self._thumbnails[BLEND_FRAMES // 2], thumbnail
        distance = _mean_distance(start, end)
        if distance < _LEAST_BLEND_DISTANCE:
            return {"blend_distance": distance, "blend_residual": None}
        average = cv2.addWeighted(start, 0.5, end, 0.5, 0.0, dtype=cv2.CV_32F)
        return {
            "blend_distance": distance,
            "blend_residual": _mean_distance(middle.astype(np.float32), average) / distance,
        }


class _Measured:
    """One frame's pictures, each computed once, when it is first asked for."""

    def __init__(self, planes: Planes) -> None:
        self.luma = planes.luma
        size = planes.cb.shape[1], planes.cb.shape[0]
        self.half = cv2.resize(planes.luma, size, interpolation=cv2.INTER_AREA)
        self.bgr = small_bgr(self.half, planes)

    @cached_property
    def hsv(self) -> Picture:
        return cv2.cvtColor(self.bgr, cv2.COLOR_BGR2HSV)

    @cached_property
    def saturation(self) -> float:
        return cv2.sumElems(self.hsv)[1] / self.half.size / 255.0

    @cached_property
    def boxed(self) -> Picture:
        # An average over 4x4 pixels of the half-size picture is one over 8x8 of the analysis picture.
        return cv2.blur(self.half, (4, 4))

    @cached_property
    def blurred(self) -> Picture:
        return cv2.sepFilter2D(self.luma, cv2.CV_32F, _VMAF_TAPS, _VMAF_TAPS)

    def light(self) -> Signals:
        mean, deviation = cv2.meanStdDev(self.luma)
        bright = cv2.countNonZero(cv2.threshold(self.luma, BLACK_LUMA - 1, 255, cv2.THRESH_BINARY)[1])
        return {
            "luma_mean": mean.item(),
            "luma_std": deviation.item(),
            "rgb_mean": cv2.mean(self.bgr.reshape(self.bgr.shape[0], -1))[0],
            "black_share": 1.0 - bright / self.luma.size,
            "saturation": self.saturation,
        }

    def change_from(self, last: _Measured | None, since: float) -> Signals:
        if last is None:
            return dict.fromkeys(
                ("content_change", "delta_hue", "delta_sat", "delta_lum", "difference", "changed_share", "vmaf_motion"),
                None,
            )
        changes = cv2.sumElems(cv2.absdiff(self.hsv, last.hsv))
        hue, saturation, value = (change / self.half.size for change in changes[:3])
        least = CHANGED_LUMA * slower_than_film(since)
        change = cv2.threshold(cv2.absdiff(self.boxed, last.boxed), least, 255, cv2.THRESH_BINARY)[1]
        return {
            "content_change": weighed_change(hue, saturation, value, max(self.saturation, last.saturation)),
            "delta_hue": hue,
            "delta_sat": saturation,
            "delta_lum": value,
            "difference": _mean_distance(self.luma, last.luma),
            "changed_share": cv2.countNonZero(change) / change.size,
            "vmaf_motion": _mean_distance(self.blurred, last.blurred),
        }

    def thumbnail(self) -> Picture:
        """A tenth of the analysis picture's sides."""
        height, width = self.half.shape
        size = max(1, round(width / 5)), max(1, round(height / 5))
        return cv2.resize(self.half, size, interpolation=cv2.INTER_AREA)


def small_bgr(half_luma: Picture, planes: Planes) -> Picture:
    """The half-size colour picture: chroma is stored at that size, so only luma is averaged. uint8 (h/2, w/2, 3)."""
    return cv2.cvtColor(cv2.merge([half_luma, planes.cr, planes.cb]), cv2.COLOR_YCrCb2BGR)


def _mean_distance(a: Picture, b: Picture) -> float:
    return float(cv2.norm(a, b, cv2.NORM_L1)) / a.size
