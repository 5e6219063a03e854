"""Technical quality falls, measure by measure, as a real clip is made worse; appeal follows its rules."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure.edited import edit, keyframes
from video_assets.measure.appeal import appeal, colourfulness
from video_assets.measure.quality import QualityModel
from video_assets.measure.technical import blockiness, blur, noise, technical_quality
from video_assets.measure.types import Crop, Picture

CROP = Crop(0, 0, 1280, 720)
# What is done to the clip, from the least to the most.
WORSE: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "blur": [("null", ("-crf", "16")), ("gblur=2", ("-crf", "16")), ("gblur=5", ("-crf", "16"))],
    "noise": [
        ("null", ("-crf", "16")),
        ("noise=alls=20:allf=t", ("-crf", "16")),
        ("noise=alls=50:allf=t", ("-crf", "16")),
    ],
    "blockiness": [("null", ("-crf", "16")), ("null", ("-qp", "38")), ("null", ("-qp", "45"))],
}


@pytest.fixture(scope="module")
def short(demo_footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a clip of one frame a second of the bunny's: as few as keyframes need."""
    made = tmp_path_factory.mktemp("short") / "short.mp4"
    return edit(made, "fps=1", demo_footage / "bunny_720p.mp4", encode=("-crf", "10"))


@pytest.mark.parametrize("measure", WORSE)
def test_each_measure_rises_and_technical_quality_falls_as_a_clip_is_made_worse(
    short: Path, tmp_path: Path, measure: str
) -> None:
    found = []
    for number, (graph, encode) in enumerate(WORSE[measure]):
        made = edit(tmp_path / f"{number}.mp4", f"{graph},format=yuv420p", short, encode=encode)
        found.append(QualityModel().measure(keyframes(made, tmp_path), CROP))
    assert all(a[measure] < b[measure] for a, b in pairwise(found))  # type: ignore[operator]
    assert all(a["technical_quality"] > b["technical_quality"] for a, b in pairwise(found))  # type: ignore[operator]
    assert found[0]["technical_quality"] > 0.75  # type: ignore[operator]
    assert found[-1]["technical_quality"] < 0.35  # type: ignore[operator]


def test_a_phone_clip_compressed_until_blocks_show_is_worse_than_the_same_scene(
    demo_footage: Path, tmp_path: Path
) -> None:
    qcif = Crop(0, 0, 194, 144)
    clean, coarse = (
        QualityModel().measure(keyframes(demo_footage / name, tmp_path), qcif)
        for name in ("passenger_qcif.mp4", "passenger_qcif_coarse.mp4")
    )
    assert clean["technical_quality"] > 1.5 * coarse["technical_quality"]  # type: ignore[operator]


@given(st.floats(1, 15), st.integers(0, 2**32 - 1))
def test_noise_of_a_known_deviation_is_measured_on_a_flat_picture(sigma: float, seed: int) -> None:
    luma = np.random.default_rng(seed).normal(128, sigma, (96, 96)).astype(np.float32)
    # The flattest quarter of the patches answers a little less than all of them.
    assert noise(luma) == pytest.approx(sigma, rel=0.25)


def test_straight_edges_are_no_noise() -> None:
    luma = np.zeros((96, 96), np.float32)
    luma[:, 48:] = 255
    assert noise(luma) == 0


def blocks(size: int, width: int = 96) -> Picture:
    """Blocks of random luma on a slope."""
    random = np.random.default_rng(1).uniform(0, 30, (width // size + 1, width // size + 1))
    flat = np.kron(random, np.ones((size, size)))[:width, :width]
    return (flat + np.linspace(0, 3 * width, width)).astype(np.float32)


@pytest.mark.parametrize(("scale", "seen"), [(1, 8), (2, 4)])
def test_blocks_are_seen_on_their_grid_at_the_pictures_own_scale_and_where_the_crop_puts_it(
    scale: int, seen: int
) -> None:
    picture = blocks(seen)
    on = blockiness(picture, Crop(0, 0, 96 * scale, 96 * scale))
    moved = blockiness(np.ascontiguousarray(picture[2:, 2:]), Crop(2 * scale, 2 * scale, 94 * scale, 94 * scale))
    off = blockiness(picture, Crop(2 * scale, 2 * scale, 96 * scale, 96 * scale))
    assert on is not None
    assert moved is not None
    assert off is not None
    assert on > 2
    assert moved == pytest.approx(on, rel=0.1)
    assert off < 0.1


def test_blocks_that_scaling_has_made_too_fine_are_left_open() -> None:
    assert blockiness(blocks(8), Crop(0, 0, 300, 300)) is None
    assert technical_quality(0.0, None, 0.2) == 1


def test_a_picture_of_one_colour_is_as_blurred_as_can_be_and_a_chequered_one_is_sharp() -> None:
    chequered = np.kron(np.indices((24, 24)).sum(axis=0) % 2, np.ones((4, 4))).astype(np.float32) * 255
    assert blur(np.full((96, 96), 128, np.float32)) == 1
    assert blur(chequered) < 0.2


@given(st.floats(0, 300), st.none() | st.floats(0, 50), st.floats(0, 1))
def test_technical_quality_is_a_share(noisy: float, blocky: float | None, blurred: float) -> None:
    assert 0 <= technical_quality(noisy, blocky, blurred) <= 1


def test_colour_contrast_and_light_are_what_appeal_sees(demo_footage: Path, tmp_path: Path) -> None:
    picture = keyframes(demo_footage / "bunny_720p.mp4", tmp_path)[0]
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    flat, dark = (picture * 0.2 + 90).astype(np.uint8), (picture * 0.15).astype(np.uint8)
    usual = appeal(picture)
    assert usual.colourfulness > 45
    assert appeal(grey).colourfulness == 0
    assert appeal(flat).contrast < 0.5 * usual.contrast
    assert appeal(dark).exposure < 0.5 * usual.exposure
    assert all(appeal(worse).score < usual.score for worse in (grey, flat, dark))


def test_a_sharp_subject_on_a_soft_ground_stands_out_and_is_best_on_a_crossing_of_thirds(
    demo_footage: Path, tmp_path: Path
) -> None:
    picture = keyframes(demo_footage / "bunny_720p.mp4", tmp_path)[0]

    def sharp_at(x: int, y: int) -> Picture:
        soft = cv2.GaussianBlur(picture, (0, 0), 9)
        soft[y - 50 : y + 50, x - 90 : x + 90] = picture[130:230, 230:410]
        return soft

    crossing, corner = appeal(sharp_at(213, 120)), appeal(sharp_at(90, 50))
    assert crossing.subject_sharpness > 1.5 * appeal(picture).subject_sharpness
    assert crossing.thirds > corner.thirds + 0.1


@given(st.integers(0, 2**32 - 1), st.integers(8, 60), st.integers(8, 60))
def test_every_picture_has_an_appeal_between_nought_and_one(seed: int, width: int, height: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    seen = appeal(picture)
    assert all(0 <= part <= 1 for part in (*seen[1:], seen.score))
    assert 0 <= seen.colourfulness == colourfulness(picture)


def test_a_clips_scores_are_the_medians_over_its_pictures(demo_footage: Path, tmp_path: Path) -> None:
    pictures = keyframes(demo_footage / "bunny_720p.mp4", tmp_path)[:3]
    each = [QualityModel().measure([p], CROP) for p in pictures]
    whole = QualityModel().measure(pictures, CROP)
    assert whole == {
        name: median(float(one[name]) for one in each)  # type: ignore[arg-type]
        for name in whole
        if name != "quality_frames"
    } | {"quality_frames": 3}
