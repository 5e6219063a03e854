"""The profile 'full' with a tiny model of random weights: clips are encoded, asked for by text, and scored by heads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.place import Place
from video_assets.batches import scores as scoring
from video_assets.batches.search import Search, towers
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.measure.image_text import Towers
from video_assets.measure.laion import LaionPredictors, layers, score
from video_assets.measure.models import ModelNotReadyError, image_text, sha256_of
from video_assets.measure.types import Crop
from video_assets.measurements import measurements
from video_assets.review.app import make_app
from video_assets.review.selection import Selection, place_of, sorted_page
from video_assets.review.server import Review
from video_assets.review.where import RefusedError
from video_assets.settings import ImageTextSettings, ModelSettings

TINY = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of weights: of the tiny towers, as a state dict and as OpenAI published theirs, and of two heads."""
    import open_clip
    import torch

    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder / "tiny.json")
    torch.manual_seed(0)
    model = open_clip.create_model("tiny", pretrained=None)
    torch.save(model.state_dict(), folder / "tiny.pt")
    traced = torch.jit.trace(
        model.eval(), (torch.zeros(1, 3, 32, 32), torch.zeros(1, 77, dtype=torch.long)), check_trace=False
    )
    traced.save(str(folder / "archive.pt"))
    torch.save(torch.nn.Linear(32, 1).state_dict(), folder / "linear.pth")
    deep = torch.nn.Sequential(torch.nn.Linear(32, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1))
    torch.save(deep.state_dict(), folder / "deep.pth")
    return folder


@pytest.fixture
def settings(folder: Path) -> ModelSettings:
    own = ImageTextSettings(
        architecture="tiny.json", weights="tiny.pt", sha256=sha256_of(folder / "tiny.pt"), licence="MIT"
    )
    return ModelSettings(profile="full", folder=folder, image_text=own)


@pytest.fixture
def lake(curated_few: Place, tmp_path: Path, settings: ModelSettings) -> Lake:
    return curated_few.copy(tmp_path).lake(models=settings)


def test_clips_are_found_by_text_nearest_first(lake: Lake) -> None:
    step = Step(lake, measurements(lake.settings, {}))
    made = scoring.score(step, "clip_embeddings", lake.query("SELECT any_value(batch) FROM clips").item())
    candidates = lake.query("SELECT count(*) FROM candidates WHERE candidate").item()
    assert (made.rows, made.failures) == (candidates, 0)
    assert lake.query("SELECT DISTINCT dimensions, embedding_model FROM clip_embeddings").rows() == [(32, "tiny.pt")]
    found = Search(lake).nearest("a dog runs", 2)
    assert found.height == 2
    assert found["cosine"].to_list() == sorted(found["cosine"], reverse=True)
    text = towers(lake.settings.models).open().encode_text("a dog runs")
    vectors = lake.query("SELECT clip_id, embedding FROM clip_embeddings")
    cosines = {clip: float(np.dot(vector, text)) for clip, vector in vectors.rows()}
    assert found["cosine"][0] == pytest.approx(max(cosines.values()), abs=1e-5)
    assert found["clip_id"][0] == max(cosines, key=lambda c: cosines[c])
    assert found["subjects"].list.len().to_list() == [5, 5]
    review = Review(lake, {}, "ann")
    with review.asking.look() as asked:
        seen, chosen = list[str](), Selection(search="a dog runs")
        while True:
            query = sorted_page(chosen, review.asking, 1)
            rows = asked.rows(query.sql, query.parameters)
            seen.append(rows[0]["clip_id"])
            if len(rows) < 2:
                break
            chosen = chosen.model_copy(update={"after": place_of(rows[0])})
        assert seen == sorted(cosines, key=lambda c: (-cosines[c], c))
        far = Selection(search="a dog runs", where=f"clip_id <> '{seen[0]}'")
        assert [row["clip_id"] for row in asked.rows(*_sql(far, review))] == seen[1:]
        by_length = Selection(search="a dog runs", sort="duration_s", order="desc")
        lengths = [row["value"] for row in asked.rows(*_sql(by_length, review))]
        assert lengths == sorted(lengths, reverse=True)
        assert len(lengths) == candidates
    page = TestClient(make_app(review, (), None), "http://127.0.0.1:8123").get("/clips?search=a+dog+runs")
    assert page.status_code == 200
    review.asking.close()
    assert [page.text.index(f"/clip/{clip}") for clip in seen] == sorted(
        page.text.index(f"/clip/{clip}") for clip in seen
    )


def _sql(selection: Selection, review: Review) -> tuple[str, dict[str, object]]:
    query = sorted_page(selection, review.asking)
    return query.sql, query.parameters


def test_clips_of_another_model_cannot_be_asked_for(lake: Lake) -> None:
    with pytest.raises(ValueError, match="run 'video-assets curate' in the profile 'full' first"):
        Search(lake).nearest("a dog runs", 2)


def test_the_embedded_profile_says_that_search_needs_the_full_one(curated_few: Place) -> None:
    with pytest.raises(ValueError, match=r"set models\.profile = 'full'"):
        Search(curated_few.lake()).nearest("a dog runs", 2)


def test_a_page_says_that_search_needs_the_full_profile(curated_few: Place, tmp_path: Path) -> None:
    review = Review(curated_few.copy(tmp_path).lake(), {}, "ann")
    with pytest.raises(RefusedError, match=r"set models\.profile = 'full'"):
        sorted_page(Selection(search="a dog runs"), review.asking)


def test_the_page_shows_the_clips_that_look_most_like_one(curated_few: Place, tmp_path: Path) -> None:
    """Embedded vectors are enough for that."""
    lake = curated_few.copy(tmp_path).lake()
    vectors = dict(lake.query("SELECT clip_id, embedding FROM clip_embeddings WHERE embedding IS NOT NULL").iter_rows())
    review = Review(lake, {}, "ann")
    client = TestClient(make_app(review, (), None), "http://127.0.0.1:8123")
    for clip, vector in vectors.items():
        nearest = sorted(vectors, key=lambda c: (-float(np.dot(vectors[c], vector)), c))
        expected = [clip, *(c for c in nearest if c != clip)]
        page = client.get(f"/clips?similar={clip}").text
        assert re.findall(r'<a href="/clip/([0-9a-f]{32})"', page) == expected
        assert f"/clips?similar={clip}" in client.get(f"/clip/{clip}").text
    refused = client.get(f"/clips?similar={'0' * 32}")
    assert (refused.status_code, "No model has looked at the clip" in refused.text) == (400, True)
    both = client.get(f"/clips?similar={clip}&search=a+dog")
    assert (both.status_code, "like a text, or like another clip" in both.text) == (400, True)
    review.asking.close()


def test_an_archive_as_openai_published_them_gives_the_same_vectors(folder: Path) -> None:
    architecture = str(folder / "tiny.json")
    plain = Towers(architecture, folder / "tiny.pt").open()
    archived = Towers(architecture, folder / "archive.pt").open()
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    assert np.array_equal(plain.encode_pictures([picture]), archived.encode_pictures([picture]))
    assert np.linalg.norm(plain.encode_text("a dog")) == pytest.approx(1, abs=1e-5)


def test_own_weights_are_used_only_once_somebody_has_vouched_for_their_hash(settings: ModelSettings) -> None:
    unknown = settings.model_copy(update={"image_text": settings.image_text.model_copy(update={"sha256": ""})})
    with pytest.raises(ModelNotReadyError) as error:
        image_text(unknown).weights(unknown)
    assert f'set models.image_text.sha256 = "{settings.image_text.sha256}"' in str(error.value)
    assert replace(image_text(settings), sha256="0" * 64).problem(settings) is not None


def test_a_predictor_is_its_linear_layers_on_the_middle_picture(folder: Path) -> None:
    import torch

    pictures = [np.full((40, 40, 3), level, np.uint8) for level in (10, 120, 240)]
    described = Towers(str(folder / "tiny.json"), folder / "tiny.pt")
    predictors = LaionPredictors(described, folder / "linear.pth", folder / "deep.pth").open()
    (vector,) = described.open().encode_pictures(pictures[1:2])
    deep = torch.nn.Sequential(torch.nn.Linear(32, 8), torch.nn.Linear(8, 1))
    state = torch.load(folder / "deep.pth", weights_only=True)
    deep.load_state_dict({"0.weight": state["0.weight"], "0.bias": state["0.bias"],
                          "1.weight": state["2.weight"], "1.bias": state["2.bias"]})  # fmt: skip
    with torch.inference_mode():
        expected = float(deep(torch.from_numpy(vector)))
    assert predictors.measure(pictures, Crop(0, 0, 40, 40)) == {
        "aesthetic_laion": pytest.approx(expected, abs=1e-5),
        "aesthetic_laion_v1": pytest.approx(score(vector, layers(folder / "linear.pth"))),
    }
