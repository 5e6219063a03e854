"""What real pictures are of, and which are alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from timm.data import ImageNetInfo

from tests.measure.clip_pictures import pictures
from video_assets.measure.efficientnet import OpenEfficientNet, imagenet_classes, prepare
from video_assets.measure.embedding import ClipEncoder, OpenClipEncoder, unit_mean
from video_assets.measure.types import Crop
from video_assets.scorers.embeddings import EFFICIENTNET
from video_assets.settings import ModelSettings

CLIPS = {
    "passenger": ("passenger_qcif.mp4", 5, 10),
    "passenger later": ("passenger_qcif.mp4", 70, 10),
    "bunny": ("bunny_720p.mp4", 5, 10),
    "bunny later": ("bunny_720p.mp4", 80, 10),
}


@pytest.fixture(scope="module")
def measured(demo_footage: Path) -> dict[str, dict[str, Any]]:
    weights = EFFICIENTNET.weights(ModelSettings())
    encoder: OpenClipEncoder = ClipEncoder(weights, EFFICIENTNET.name, frames=4, subjects=3).open()
    found = {name: pictures(demo_footage / file, first, step) for name, (file, first, step) in CLIPS.items()}
    return {name: encoder.measure(seen, Crop(0, 0, 1, 1)) for name, seen in found.items()}


def test_a_man_in_a_suit_is_told_by_his_tie(measured: dict[str, dict[str, Any]]) -> None:
    first, *others = measured["passenger"]["subjects"]
    assert first["subject"] in ("bow tie", "Windsor tie")
    assert first["probability"] > 0.2
    assert len(others) == 2
    assert first["probability"] >= others[0]["probability"] >= others[1]["probability"]


def test_moments_of_one_scene_are_more_alike_than_two_scenes(measured: dict[str, dict[str, Any]]) -> None:
    vector = {name: np.array(row["embedding"]) for name, row in measured.items()}
    across = max(vector[a] @ vector[b] for a in vector for b in vector if a.split()[0] != b.split()[0])
    assert vector["passenger"] @ vector["passenger later"] > across + 0.1
    assert vector["bunny"] @ vector["bunny later"] > across + 0.1


def test_an_embedding_has_length_one_and_says_whose_it_is(measured: dict[str, dict[str, Any]]) -> None:
    for row in measured.values():
        assert row["dimensions"] == len(row["embedding"]) == 1280
        assert np.linalg.norm(row["embedding"]) == pytest.approx(1, abs=1e-5)
        assert row["embedding_model"] == "EfficientNet-Lite0"


def test_the_network_gives_what_its_published_layers_give_in_torch(demo_footage: Path) -> None:
    weights = EFFICIENTNET.weights(ModelSettings())
    seen = pictures(demo_footage / "bunny_720p.mp4", 5, 10)
    theirs = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    # The same layers in the same order under other names.
    state = torch.load(weights, weights_only=True)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    with torch.inference_mode():
        prepared = torch.from_numpy(np.stack([prepare(p) for p in seen]))
        expected = theirs.forward_head(theirs.forward_features(prepared), pre_logits=True)
        chances = theirs.get_classifier()(expected).softmax(-1)
    features, probabilities = OpenEfficientNet(weights).look(seen)
    np.testing.assert_allclose(features, expected.numpy(), atol=1e-4)
    np.testing.assert_allclose(probabilities, chances.numpy(), atol=1e-5)


def test_the_classes_have_the_names_that_timm_gives_them() -> None:
    theirs = ImageNetInfo()
    assert imagenet_classes() == [theirs.index_to_description(i).partition(",")[0] for i in range(1000)]


def test_vectors_that_are_no_numbers_or_cancel_out_are_no_embedding() -> None:
    for vectors in ([[np.nan, 1.0]], [[1.0, 0.0], [-1.0, 0.0]]):
        with pytest.raises(ValueError, match="no vector"):
            unit_mean(np.array(vectors, np.float32))
