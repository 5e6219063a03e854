from __future__ import annotations

from collections.abc import Iterator

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from scenedetect import FrameTimecode, StatsManager
from scenedetect.detectors import ContentDetector, ThresholdDetector

from tests.media.video_files import BIKES
from video_assets.measure.frame_signals import FrameSignals, small_bgr
from video_assets.measure.pictures import Planes, Scaler, size_by_long_side
from video_assets.measure.types import Signals
from video_assets.media.streams import Geometry


def flat(luma: int, height: int = 180, width: int = 320) -> Planes:
    return planes_of(np.full((height, width), luma, np.uint8))


def planes_of(luma: npt.NDArray[np.uint8]) -> Planes:
    grey = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8)
    return Planes(luma, grey, grey)


def bikes_planes(frames: int) -> Iterator[Planes]:
    with av.open(str(BIKES)) as container:
        shape = Geometry(640, 272)
        scaler = Scaler(shape, size_by_long_side(shape.display, 320))
        for frame, _ in zip(container.decode(video=0), range(frames), strict=False):
            yield scaler.planes(frame)


def test_the_components_are_pyscenedetect_s_own() -> None:
    stats, content, fades = StatsManager(), ContentDetector(), ThresholdDetector()
    content.stats_manager = fades.stats_manager = stats
    signals, measured = FrameSignals(), []
    for number, planes in enumerate(bikes_planes(90)):
        measured.append(signals.measure(planes))
        half = cv2.resize(planes.luma, planes.cb.shape[::-1], interpolation=cv2.INTER_AREA)
        picture, timecode = small_bgr(half, planes), FrameTimecode(number, fps=25.0)
        content.process_frame(timecode, picture)
        fades.process_frame(timecode, picture)
    keys = ["delta_hue", "delta_sat", "delta_lum"]
    for number, found in enumerate(measured):
        timecode = FrameTimecode(number, fps=25.0)
        assert stats.get_metrics(timecode, ["average_rgb"]) == [pytest.approx(found["rgb_mean"], abs=1e-4)]
        if number:
            assert [found[k] for k in keys] == pytest.approx(stats.get_metrics(timecode, keys), abs=1e-4)


def measured(*pictures: Planes) -> list[Signals]:
    signals = FrameSignals()
    return [signals.measure(picture) for picture in pictures]


def test_a_uniform_step_of_light_is_measured_exactly() -> None:
    _, after = measured(flat(100), flat(110))
    assert after["luma_mean"] == 110
    assert after["luma_std"] == 0
    assert after["difference"] == after["delta_lum"] == 10
    assert after["vmaf_motion"] == pytest.approx(10, abs=1e-4)
    assert after["changed_share"] == 1


@pytest.mark.parametrize(("step", "share"), [(6, 0.0), (7, 1.0)])
def test_a_pixel_has_changed_by_more_than_six(step: int, share: float) -> None:
    assert measured(flat(50), flat(50 + step))[1]["changed_share"] == share


def test_the_share_that_changed_is_the_area_that_changed() -> None:
    picture = np.full((180, 320), 100, np.uint8)
    changed = picture.copy()
    changed[:, :160] = 200
    share = measured(planes_of(picture), planes_of(changed))[1]["changed_share"]
    assert share == pytest.approx(0.5, abs=0.02)


def test_noise_moves_blurred_pixels_less_than_pixels() -> None:
    random = np.random.default_rng(5)
    frames = [planes_of((128 + random.integers(-20, 21, (180, 320))).astype(np.uint8)) for _ in range(2)]
    after = measured(*frames)[1]
    assert after["difference"] is not None
    assert after["vmaf_motion"] is not None
    assert after["vmaf_motion"] < 0.4 * after["difference"]


def test_vmaf_motion_is_the_difference_after_libvmaf_s_filter() -> None:
    random = np.random.default_rng(6)
    pictures = [random.integers(0, 256, (180, 320)).astype(np.uint8) for _ in range(2)]
    taps = np.array([3571, 16004, 26386, 16004, 3571]) / 65536
    blurred = []
    for picture in pictures:
        rows = np.apply_along_axis(np.convolve, 1, np.pad(picture.astype(float), 2, mode="reflect"), taps, "valid")
        blurred.append(np.apply_along_axis(np.convolve, 0, rows, taps, "valid"))
    expected = np.abs(blurred[1] - blurred[0]).mean()
    assert measured(*map(planes_of, pictures))[1]["vmaf_motion"] == pytest.approx(expected, rel=1e-4)


def test_black_is_luma_under_sixteen() -> None:
    luma = np.full((180, 320), 16, np.uint8)
    luma[:45] = 15
    assert measured(planes_of(luma))[0]["black_share"] == 0.25


def test_a_linear_blend_has_no_residual_and_a_step_has_half() -> None:
    random = np.random.default_rng(7)
    start, end = (cv2.resize(random.integers(0, 256, (9, 16)).astype(np.uint8), (320, 180)) for _ in range(2))
    blend = [planes_of(cv2.addWeighted(start, 1 - n / 12, end, n / 12, 0).astype(np.uint8)) for n in range(13)]
    step = [planes_of((start if n < 9 else end).astype(np.uint8)) for n in range(13)]
    blended, stepped = measured(*blend)[-1], measured(*step)[-1]
    assert blended["blend_distance"] == pytest.approx(stepped["blend_distance"], abs=0.01)
    assert blended["blend_residual"] == pytest.approx(0, abs=0.02)
    assert stepped["blend_residual"] == pytest.approx(0.5, abs=0.01)


def test_blend_evidence_looks_back_exactly_twelve_frames() -> None:
    found = measured(flat(10), *[flat(60)] * 12)
    assert [s["blend_distance"] for s in found] == [None] * 12 + [50.0]
