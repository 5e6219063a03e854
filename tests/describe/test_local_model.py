"""A local vision-language model: a tiny one with random weights, of the architecture of Qwen2.5-VL."""

from __future__ import annotations

import hashlib
import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from tests.describe.tiny_model import save_tiny_model
from video_assets.describe.answer import Answer, Shown
from video_assets.describe.caption import FIELDS, Caption
from video_assets.describe.local_model import LocalModel, OpenLocalModel, local_model
from video_assets.describe.weights import folder_of, vouched_folder, weights_hash
from video_assets.measure.models import ModelNotReadyError
from video_assets.reasons import Reason
from video_assets.settings import CaptionerSettings

PROMPT = "Describe the clip: é."


def model(folder: Path, **chosen: Any) -> OpenLocalModel:
    """One whose random text is short."""
    return LocalModel(folder, PROMPT, **({"longest_field": 8, "max_tokens": 400} | chosen)).open()


def jpeg(red: int, size: tuple[int, int] = (64, 48)) -> bytes:
    held = BytesIO()
    Image.new("RGB", size, (red, 60, 90)).save(held, "JPEG")
    return held.getvalue()


CLIPS = [
    Shown("clip-a", (jpeg(10), jpeg(20), jpeg(30))),
    Shown("clip-b", (jpeg(200, (48, 64)),)),
    Shown("clip-c", (jpeg(90), jpeg(91))),
]


def said(answers: list[Answer[Caption]]) -> list[tuple[str, Caption | None]]:
    return [(a.clip_id, a.said) for a in answers]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tiny-model")
    torch.set_num_threads(1)
    save_tiny_model(made)
    return made


@pytest.fixture(scope="module")
def drawing(folder: Path) -> OpenLocalModel:
    return model(folder, seed=7, temperature=1.0)


def test_whatever_a_random_model_says_is_a_caption_with_all_its_fields(drawing: OpenLocalModel) -> None:
    answers = drawing.answer(CLIPS)
    assert [a.clip_id for a in answers] == ["clip-a", "clip-b", "clip-c"]
    for answer in answers:
        assert answer.said is not None
        assert all(len(getattr(answer.said, field)) <= 8 for field in FIELDS)
        assert answer.said.short_description
        # A byte is a token, and there is no space that need not be.
        written = json.dumps(answer.said.model_dump(), ensure_ascii=False, separators=(",", ":"))
        assert answer.output_tokens is not None
        assert answer.output_tokens >= len(written.encode())
        assert answer.compute_seconds is not None
        assert 0 < answer.compute_seconds < 60
        assert (answer.reason, answer.message, answer.gpu_seconds) == (None, None, None)
    assert len({a.said for a in answers}) == 3
    # Beside the prompt: four tokens of each picture, and those that stand around it.
    turns = len("<>user\n<>\n<>assistant\n") - 3  # a mark is one token
    assert [a.input_tokens for a in answers] == [6 * len(c.jpegs) + len(PROMPT.encode()) + turns for c in CLIPS]


def test_a_clips_caption_depends_on_the_seed_and_not_on_the_other_clips(folder: Path, drawing: OpenLocalModel) -> None:
    together = said(drawing.answer(CLIPS))
    assert said(drawing.answer(CLIPS[::-1]))[::-1] == together
    assert [said(drawing.answer([clip]))[0] for clip in CLIPS] == together
    assert said(model(folder, seed=8, temperature=1.0).answer(CLIPS[:1])) != together[:1]


def test_a_reply_that_is_no_caption_is_asked_for_once_more_and_then_fails_with_its_reason(folder: Path) -> None:
    (answer,) = model(folder, max_tokens=5).answer(CLIPS[:1])
    assert answer.said is None
    assert (answer.reason, answer.message) == (Reason.CAPTION_CUT_OFF, "The reply was cut off after 5 tokens.")
    assert answer.output_tokens == 10


def test_the_model_is_told_what_was_wrong_and_its_second_reply_counts(
    drawing: OpenLocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate, tokenizer = drawing._model.generate, drawing._tokenizer
    prompts: list[str] = []
    written: list[str] = []

    def once_cut_off(**given: Any) -> Any:
        tokens = generate(**(given | {"max_new_tokens": given["max_new_tokens"] if prompts else 5}))
        prompts.append(tokenizer.decode(given["input_ids"][0]))
        written.append(tokenizer.decode(tokens[0, given["input_ids"].shape[1] :]))
        return tokens

    monkeypatch.setattr(drawing._model, "generate", once_cut_off)
    (answer,) = drawing.answer(CLIPS[:1])
    first, second = prompts
    request = "That cannot be used. The reply was cut off after 5 tokens. Answer again."
    assert second == f"{first}{written[0]}<|im_end|>\n<|im_start|>user\n{request}<|im_end|>\n<|im_start|>assistant\n"
    text = written[1].removesuffix("<|im_end|>")
    assert answer.said == Caption.model_validate_json(text)
    assert answer.reason is None
    assert answer.output_tokens == 5 + len(text.encode())
    assert answer.input_tokens == len(tokenizer(first + second)["input_ids"])


def test_a_picture_that_is_none_fails_its_own_clip_alone(drawing: OpenLocalModel) -> None:
    failed, *others = drawing.answer([Shown("clip-x", (b"no picture",)), CLIPS[0]])
    assert (failed.said, failed.reason) == (None, Reason.MODEL_FAILED)
    assert str(failed.message).startswith("A picture of the clip could not be read: cannot identify image file")
    assert said(others) == said(drawing.answer(CLIPS[:1]))


def test_a_captioner_of_the_settings_answers_for_every_clip_once_its_weights_are_vouched_for(folder: Path) -> None:
    settings = CaptionerSettings(name="tiny", kind="local", model=str(folder), prompt=PROMPT, max_tokens=64)
    with pytest.raises(ModelNotReadyError) as error:
        local_model(settings)
    assert str(error.value).endswith(f'set the captioner\'s weights_sha256 = "{weights_hash(folder)}".')
    described = local_model(settings.model_copy(update={"weights_sha256": weights_hash(folder)}))
    found = described.open().answer(CLIPS)
    # The likeliest letters of a random model go on and on.
    assert [(a.clip_id, a.reason) for a in found] == [(clip.clip_id, Reason.CAPTION_CUT_OFF) for clip in CLIPS]
    with pytest.raises(ModelNotReadyError, match="holds another model than weights_sha256 says"):
        vouched_folder(str(folder), "0" * 64)


def test_the_hash_is_of_the_weights_and_of_what_stands_beside_them(folder: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(folder, copied)
    (copied / "README.md").write_text("Not a part of the model.")
    files = sorted(f for f in folder.iterdir() if f.is_file())
    listed = "".join(f"{f.name} {hashlib.sha256(f.read_bytes()).hexdigest()}\n" for f in files)
    assert weights_hash(folder) == weights_hash(copied) == hashlib.sha256(listed.encode()).hexdigest()
    weights = bytearray((copied / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copied / "model.safetensors").write_bytes(weights)
    changed = weights_hash(copied)
    assert changed != weights_hash(folder)
    (copied / "chat_template.jinja").write_text("Another one.")
    assert weights_hash(copied) not in (changed, weights_hash(folder))


def test_a_model_that_is_not_there_is_said_with_what_fetches_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert folder_of(str(folder)) == folder
    with pytest.raises(ModelNotReadyError, match=r"^own/tiny is not on this machine; run: hf download own/tiny$"):
        folder_of("own/tiny")
    with pytest.raises(ModelNotReadyError, match=r"^a/b/c is neither a folder nor a name on the Hugging Face hub"):
        folder_of("a/b/c")
    # As the hub's own command lays it out.
    fetched = tmp_path / "cache" / "models--own--tiny"
    shutil.copytree(folder, fetched / "snapshots" / ("0" * 40))
    (fetched / "refs").mkdir()
    (fetched / "refs" / "main").write_text("0" * 40)
    assert folder_of("own/tiny") == fetched / "snapshots" / ("0" * 40)
    copied = tmp_path / "copy"
    shutil.copytree(folder, copied)
    (copied / "model.safetensors").unlink()
    incomplete = f"{copied} holds no complete model: %s is missing; run: hf download OWNER/MODEL --local-dir {copied}"
    with pytest.raises(ModelNotReadyError) as missing:
        folder_of(str(copied))
    assert str(missing.value) == incomplete % "model.safetensors"
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (copied / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    (copied / shards["a"]).touch()
    with pytest.raises(ModelNotReadyError) as missing:
        folder_of(str(copied))
    assert str(missing.value) == incomplete % shards["b"]
