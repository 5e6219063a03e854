"""The same film has the same numbers at every frame rate, and whether or not its still frames were stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.measure.decoding import Decoded, decode
from tests.measure.made_clips import clips_of
from video_assets.measure.motion import motion_scores
from video_assets.measure.pace import Pace
from video_assets.measure.visual import visual_scores

SECONDS = 4
_NOISE = np.random.default_rng(7).integers(0, 256, (36, 300, 3), dtype=np.uint8)
SCENE = cv2.resize(_NOISE, (2400, 180), interpolation=cv2.INTER_CUBIC)
Scores = dict[str, float]


def pan(seconds: float) -> float:
    """How far the camera has gone, in pixels."""
    return 60 * seconds


def pan_and_rest(seconds: float) -> float:
    """A camera that moves in the second quarter of the film alone."""
    return 60 * min(max(seconds - SECONDS / 4, 0), SECONDS / 4)


def filmed(path: Path, times: Sequence[Fraction], where: Callable[[float], float], until: float = SECONDS) -> Scores:
    """Shoot the scene at these moments, in a time base of 1/240 s; the motion and visual scores of the whole."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=240, options={"preset": "ultrafast", "crf": "12", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, 240)
        for time in times:
            left = where(float(time))
            shifted = np.array([[1, 0, -left], [0, 1, 0]], np.float32)
            picture = cv2.warpAffine(SCENE, shifted, (320, 180)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = int(time * 240), Fraction(1, 240)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return scored(decode(path, path.parent), until)


def scored(found: Decoded, until: float) -> Scores:
    clips = clips_of(
        {
            "clip_id": "c",
            "video_id": "video",
            "start_frame": 0,
            "end_frame": found.video.frames,
            "end_s": until,
            "duration_s": until,
        }
    )
    motion = motion_scores(clips, found.signals).row(0, named=True)
    return motion | visual_scores(clips, found.signals, 0.04).row(0, named=True)


def at(rate: int) -> list[Fraction]:
    return [Fraction(n, rate) for n in range(rate * SECONDS)]


@pytest.mark.parametrize("rate", [12, 15, 30, 60, 120, 240])
def test_a_film_moves_as_much_and_stands_as_long_at_every_frame_rate(rate: int, tmp_path: Path) -> None:
    for where, still in ((pan, 0.0), (pan_and_rest, 0.75)):
        film, same = (filmed(tmp_path / f"{r}.mp4", at(r), where) for r in (24, rate))
        assert same["vmaf_motion"] == pytest.approx(film["vmaf_motion"], rel=0.1)
        assert same["motion_vector"] == pytest.approx(film["motion_vector"], rel=0.1)
        assert film["still_share"] == pytest.approx(still, abs=0.02)
        assert same["still_share"] == pytest.approx(still, abs=0.03)
        assert same["longest_still_s"] == pytest.approx(film["longest_still_s"], abs=0.1)


def test_a_recording_that_stores_no_still_frame_has_the_scores_of_one_that_does(tmp_path: Path) -> None:
    """A page that turns every 0.8 s, and for the last time a second before the end."""
    turns = [Fraction(0), Fraction(8, 10), Fraction(16, 10), Fraction(24, 10), Fraction(30, 10)]

    def page(seconds: float) -> float:
        return 400.0 * sum(turn <= seconds + 1e-9 for turn in turns)

    whole = filmed(tmp_path / "whole.mp4", at(30), page)
    stored = filmed(tmp_path / "stored.mp4", turns, page)
    assert whole["still_share"] == pytest.approx(1 - 4 / 119, abs=0.001)
    assert stored["still_share"] == pytest.approx(whole["still_share"], abs=0.02)
    assert stored["sudden_changes"] == whole["sudden_changes"] == 4
    assert stored["longest_still_s"] == pytest.approx(whole["longest_still_s"], abs=0.1)
    # Codecs need some frames to sharpen a page, which differ a little.
    for name, tolerance in (("vmaf_motion", 0.15), ("luma_mean", 0.01), ("sharpness", 0.1), ("flicker", 0.3)):
        assert stored[name] == pytest.approx(whole[name], rel=tolerance), name


@pytest.mark.parametrize(("rate", "every"), [(12, 1), (24, 1), (30, 1), (48, 2), (50, 2), (60, 2), (120, 4), (240, 8)])
def test_changes_are_measured_at_the_rate_of_film(rate: int, every: int) -> None:
    for unit in (Fraction(1, 90000), Fraction(1, 1000)):
        pace = Pace()
        times = [float(round(Fraction(n, rate) / unit) * unit) for n in range(rate)]
        steps = [n for n, time in enumerate(times) if pace.step(time) is not None]
        assert steps == list(range(0, rate, every))


def test_between_the_steps_of_a_fast_stream_nothing_but_the_change_from_the_frame_before_is_there(
    tmp_path: Path,
) -> None:
    filmed(tmp_path / "fast.mp4", at(60)[:60], pan)
    found = decode(tmp_path / "fast.mp4", tmp_path).signals
    between = found[1::2]
    for name in ("difference", "vmaf_motion", "changed_share", "delta_lum", "small_change", "blend_distance"):
        assert between[name].null_count() == 30
        assert found[name][::2].null_count() == (12 if name == "blend_distance" else 1)
    assert found["frame_difference"].null_count() == 1
    assert found["luma_mean"].null_count() == 0
