"""Weights are read without torch: the same numbers, and nothing that could run."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from video_assets.measure.models import TRANSNET_V2, Model
from video_assets.measure.torch_files import read_weights
from video_assets.scorers.embeddings import EFFICIENTNET
from video_assets.settings import ModelSettings


@pytest.mark.parametrize("model", [TRANSNET_V2, EFFICIENTNET], ids=lambda m: m.name)
def test_the_weights_of_the_packages_are_those_that_torch_reads(model: Model) -> None:
    path = model.weights(ModelSettings())
    theirs, ours = torch.load(path, weights_only=True), read_weights(path)
    assert list(ours) == list(theirs)
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(ours[name], tensor.numpy())


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_that_share_or_skip_numbers_are_read_as_they_are(tmp_path: Path, zipped: bool) -> None:
    whole = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    state = OrderedDict(
        whole=whole, part=whole[1, 1:], turned=whole.permute(2, 0, 1), one=torch.tensor(7), none=torch.zeros(0, 3),
        half=torch.tensor([0.5, -1.0], dtype=torch.float16),
    )  # fmt: skip
    torch.save(state, tmp_path / "weights.pth", _use_new_zipfile_serialization=zipped)
    found = read_weights(tmp_path / "weights.pth")
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert found[name].shape == tuple(tensor.shape)
        np.testing.assert_array_equal(found[name], tensor.numpy())


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_names_anything_but_tensors_is_refused(tmp_path: Path, zipped: bool) -> None:
    torch.save({"weights": Path("x")}, tmp_path / "other.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match="no part of a tensor"):
        read_weights(tmp_path / "other.pth")


def test_bytes_that_torch_never_wrote_are_refused(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"not a pickle", pickle.dumps(5), pickle.dumps([1]))):
        path = tmp_path / f"{number}.pth"
        path.write_bytes(content)
        with pytest.raises(ValueError, match="does not hold named tensors"):
            read_weights(path)


WITHOUT = """
import sys
sys.modules["torch"] = None  # as though it were not installed
import numpy as np
from video_assets.measure.embedding import ClipEncoder
from video_assets.measure.models import TRANSNET_V2
from video_assets.scorers.embeddings import EFFICIENTNET
from video_assets.measure.transnet import TransitionModel
from video_assets.settings import ModelSettings
frames = np.zeros((60, 27, 48, 3), np.uint8)
(scores,) = TransitionModel(TRANSNET_V2.weights(ModelSettings())).open().scores([frames])
encoder = ClipEncoder(EFFICIENTNET.weights(ModelSettings()), EFFICIENTNET.name, frames=4, subjects=3).open()
picture = np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8)
print(scores.shape, len(encoder.measure([picture] * 4, None)["embedding"]))
"""


def test_the_embedded_profile_measures_without_torch() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert ran.stdout == "(30, 2) 1280\n"


def test_a_buffer_with_a_class_of_its_own_never_calls_it(tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (str(tmp_path / "touched"),)

    written = io.BytesIO()
    pickle.dump({"weights": Touch()}, written)
    (tmp_path / "hostile.pth").write_bytes(written.getvalue())
    with pytest.raises(ValueError, match="does not hold named tensors"):
        read_weights(tmp_path / "hostile.pth")
    assert not (tmp_path / "touched").exists()
