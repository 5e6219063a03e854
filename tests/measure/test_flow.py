"""Everything around the flow's network: which frames it is given, at which size, and what becomes of its lengths.

What a network finds cannot be judged with random weights; a classical flow (DIS) and known fields stand in for it here.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.measure.clip_pictures import pictures
from tests.measure.decoding import Decoded, decode
from tests.media.video_files import BIKES
from video_assets.lake.schemas import FLOW_FRAMES
from video_assets.measure.flow import Flow, FlowModel, OpenFlowModel, flow_lengths, flow_scores, network_size
from video_assets.measure.types import Crop, Picture

FULL = Crop(0, 0, 640, 360)


def dis(before: Picture, after: Picture) -> NDArray[np.float32]:
    """A classical dense flow, in place of a learned one."""
    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = (cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (before, after))
    return np.asarray(method.calc(*grey, None), np.float32)  # type: ignore[call-overload]


def steady(x: float, y: float) -> Flow:
    """A flow that is the same everywhere, in the pixels of the picture that it is given."""
    return lambda before, _after: np.full((*before.shape[:2], 2), (x, y), np.float32)


def texture(width: int, height: int) -> Picture:
    noise = np.random.default_rng(0).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


def shifted(width: int, height: int, x: int, y: int) -> tuple[Picture, Picture]:
    """Two views of a texture, the second of which shows it moved by x to the right and y down."""
    large = texture(width + 64, height + 64)
    return large[32 : 32 + height, 32 : 32 + width], large[32 - y : 32 - y + height, 32 - x : 32 - x + width]


@pytest.mark.parametrize(
    ("size", "moved"), [((1280, 720), (6, 8)), ((640, 360), (3, 4)), ((360, 640), (3, 4)), ((2160, 1080), (9, 12))]
)
def test_a_known_translation_has_the_same_length_at_every_size_of_picture(
    size: tuple[int, int], moved: tuple[int, int]
) -> None:
    lengths = flow_lengths(*shifted(*size, *moved), dis)
    assert float(np.median(lengths)) == pytest.approx(5.0, abs=0.1)


def test_lengths_are_those_of_the_picture_and_not_of_what_the_network_was_given() -> None:
    picture = np.zeros((360, 500, 3), np.uint8)
    assert network_size(500, 360) == (496, 360)
    lengths = flow_lengths(picture, picture, steady(3.0, 4.0))
    assert lengths.shape == (360, 496)
    assert float(lengths.max()) == pytest.approx(np.hypot(3.0 * 500 / 496, 4.0))
    small = flow_lengths(picture[:180, :250], picture[:180, :250], steady(3.0, 4.0))
    assert float(small.max()) == pytest.approx(np.hypot(3.0 * 500 / 496, 4.0))


@given(st.integers(16, 4096), st.integers(16, 4096))
def test_a_network_is_given_a_short_side_of_360_and_multiples_of_8(width: int, height: int) -> None:
    across, down = network_size(width, height)
    assert (across % 8, down % 8, min(across, down)) == (0, 0, 360)
    assert max(across, down) == pytest.approx(min(1440, 360 * max(width, height) / min(width, height)), abs=4)


def test_scores_are_means_over_the_pairs() -> None:
    half = np.zeros((10, 10), np.float32)
    half[:, 5:] = 4.0
    assert flow_scores([half, np.full((10, 10), 0.5, np.float32)]) == {
        "flow_pairs": 2,
        "flow_mean": (2.0 + 0.5) / 2,
        "flow_p95": (4.0 + 0.5) / 2,
        "flow_moving_share": (0.5 + 1.0) / 2,
    }


def test_pictures_are_compared_two_by_two() -> None:
    seen: list[tuple[int, int]] = []

    def note(before: Picture, after: Picture) -> NDArray[np.float32]:
        seen.append((int(before.mean()), int(after.mean())))
        return np.zeros((*before.shape[:2], 2), np.float32)

    levels = [np.full((360, 640, 3), level, np.uint8) for level in (10, 11, 50, 51)]
    found = OpenFlowModel(note).measure(levels, FULL)
    assert seen == [(10, 11), (50, 51)]
    assert found == {"flow_pairs": 2, "flow_mean": 0.0, "flow_p95": 0.0, "flow_moving_share": 0.0}


def test_raft_of_random_weights_takes_pictures_of_any_shape(tmp_path: Path) -> None:
    import torch
    from torchvision.models.optical_flow import raft_large

    torch.manual_seed(0)
    torch.save(raft_large(weights=None).state_dict(), tmp_path / "raft.pth")
    picture = texture(96, 90)
    found = FlowModel(tmp_path / "raft.pth").open().measure([picture, picture], Crop(0, 0, 96, 90))
    assert found["flow_pairs"] == 1
    assert np.isfinite([found[c] for c in ("flow_mean", "flow_p95", "flow_moving_share")]).all()  # type: ignore[arg-type]


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    import torch
    from torchvision.models.optical_flow import raft_small

    torch.save(raft_small(weights=None).state_dict(), tmp_path / "raft.pth")
    with pytest.raises(RuntimeError, match="state_dict"):
        FlowModel(tmp_path / "raft.pth").open()


@pytest.fixture(scope="module")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Decoded, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("bikes")
    decoded = decode(BIKES, folder, flow_frames=folder / "flow_frames.parquet")
    return decoded, pl.read_parquet(folder / "flow_frames.parquet")


def test_the_frame_after_each_keyframe_is_kept_at_the_keyframe_s_size(bikes: tuple[Decoded, pl.DataFrame]) -> None:
    decoded, after = bikes
    assert list(after.schema.items()) == list(FLOW_FRAMES.schema.items())[1:]
    assert after["frame"].to_list() == (decoded.keyframes["frame"] + 1).to_list()
    expected = decoded.signals.filter(pl.col("frame").is_in(after["frame"].to_list()))
    assert after.select("pts", "time_s").equals(expected.select("pts", "time_s"))
    assert after.select("width", "height").equals(decoded.keyframes.select("width", "height"))
    images = [cv2.imdecode(np.frombuffer(j, np.uint8), cv2.IMREAD_COLOR) for j in after["jpeg"]]
    means = [np.asarray(image).mean() for image in images]
    assert means == pytest.approx(expected["rgb_mean"].to_list(), abs=2)


def test_keeping_them_changes_nothing_else(bikes: tuple[Decoded, pl.DataFrame], tmp_path: Path) -> None:
    without = decode(BIKES, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["keyframes.parquet", "shot_frames.parquet", "signals.parquet"]
    for table in ("signals", "keyframes", "shot_frames"):
        assert getattr(without, table).equals(getattr(bikes[0], table))


def test_a_moving_clip_has_more_flow_than_a_still_one(bikes: tuple[Decoded, pl.DataFrame]) -> None:
    moving = pictures(BIKES, 40, 1, 2)
    measured = OpenFlowModel(dis).measure([*moving, moving[0], moving[0]], FULL)
    alone = OpenFlowModel(dis).measure(moving, FULL)
    still = OpenFlowModel(dis).measure([moving[0], moving[0]], FULL)
    assert still["flow_mean"] == pytest.approx(0.0, abs=0.01)
    assert alone["flow_mean"] == pytest.approx(2 * measured["flow_mean"], rel=0.01)  # type: ignore[operator]
    assert alone["flow_mean"] > 0.5  # type: ignore[operator]
