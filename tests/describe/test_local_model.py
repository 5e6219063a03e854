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
from video_assets.describe.caption import FIELDS, Caption, Reply
from video_assets.describe.local_model import LocalModel, OpenLocalModel, Question, Unanswered
from video_assets.describe.weights import folder_of, weights_hash
from video_assets.measure.models import ModelNotReadyError
from video_assets.reasons import Reason

SHORT = {"longest_field": 8, "max_tokens": 400}


def jpeg(red: int, size: tuple[int, int] = (64, 48)) -> bytes:
    held = BytesIO()
    Image.new("RGB", size, (red, 60, 90)).save(held, "JPEG")
    return held.getvalue()


QUESTIONS = [
    Question("clip-a", (jpeg(10), jpeg(20), jpeg(30)), "Describe the clip."),
    Question("clip-b", (jpeg(200, (48, 64)),), "Describe the clip, as longer as it takes: é."),
    Question("clip-c", (jpeg(90), jpeg(91)), "Describe the clip."),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tiny-model")
    torch.set_num_threads(1)
    save_tiny_model(made)
    return made


@pytest.fixture(scope="module")
def drawing(folder: Path) -> OpenLocalModel:
    return LocalModel(folder, batch=2, seed=7, temperature=1.0, **SHORT).open()


def test_whatever_a_random_model_says_is_a_caption_with_all_its_fields(drawing: OpenLocalModel) -> None:
    answers = drawing.answer(QUESTIONS)
    assert len(answers) == 3
    for answer in answers:
        assert isinstance(answer, Reply)
        assert all(0 <= len(getattr(answer.caption, field)) <= 8 for field in FIELDS)
        assert answer.caption.short_description
        # A byte is a token: the reply is the JSON without any space that need not be.
        written = json.dumps(answer.caption.model_dump(), ensure_ascii=False, separators=(",", ":"))
        assert answer.output_tokens is not None
        assert answer.output_tokens >= len(written.encode())
    texts = [a.caption.short_description for a in answers if isinstance(a, Reply)]
    assert len(set(texts)) == 3
    # Beside the text: four tokens a picture, for three, one and two pictures.
    letters = [len(q.prompt.encode()) for q in QUESTIONS]
    tokens = [a.input_tokens for a in answers if isinstance(a, Reply)]
    around = [t - n - 6 * len(q.frames) for t, n, q in zip(tokens, letters, QUESTIONS, strict=True) if t is not None]
    assert len(set(around)) == 1


def test_a_clips_caption_depends_on_the_seed_and_not_on_the_other_clips(folder: Path, drawing: OpenLocalModel) -> None:
    together = drawing.answer(QUESTIONS)
    assert drawing.answer(QUESTIONS[::-1])[::-1] == together
    assert [drawing.answer([question])[0] for question in QUESTIONS] == together
    other_seed = LocalModel(folder, batch=2, seed=8, temperature=1.0, **SHORT).open()
    assert other_seed.answer(QUESTIONS[:1]) != together[:1]


def test_a_reply_that_is_no_caption_is_asked_for_once_more_and_then_fails_with_its_reason(folder: Path) -> None:
    (answer,) = LocalModel(folder, max_tokens=5).open().answer(QUESTIONS[:1])
    problem = "The reply was cut off after 5 tokens."
    assert answer == Unanswered(Reason.CAPTION_CUT_OFF, f"Asked twice, the model gave no caption. {problem}")


def test_the_model_is_told_what_was_wrong_and_its_second_reply_counts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LocalModel(folder, temperature=1.0, **SHORT).open()
    generate = model._model.generate
    prompts: list[str] = []
    written: list[str] = []

    def once_cut_off(**given: Any) -> Any:
        tokens = generate(**(given | {"max_new_tokens": given["max_new_tokens"] if prompts else 5}))
        prompts.append(model._tokenizer.decode(given["input_ids"][0]))
        written.append(model._tokenizer.decode(tokens[0, given["input_ids"].shape[1] :]))
        return tokens

    monkeypatch.setattr(model._model, "generate", once_cut_off)
    (answer,) = model.answer(QUESTIONS[:1])
    assert isinstance(answer, Reply)
    first, second = prompts
    request = "That cannot be used. The reply was cut off after 5 tokens. Answer again."
    assert second == f"{first}{written[0]}<|im_end|>\n<|im_start|>user\n{request}<|im_end|>\n<|im_start|>assistant\n"
    assert answer.caption == Caption.model_validate_json(written[1].removesuffix("<|im_end|>"))
    assert answer.output_tokens == 5 + len(written[1].removesuffix("<|im_end|>").encode())
    assert answer.input_tokens == len(model._tokenizer(first + second)["input_ids"])


def test_a_frame_that_is_no_picture_fails_its_own_clip_alone(drawing: OpenLocalModel) -> None:
    broken = Question("clip-x", (b"no picture",), "Describe the clip.")
    failed, *others = drawing.answer([broken, QUESTIONS[0]])
    assert isinstance(failed, Unanswered)
    assert failed.reason == Reason.MODEL_FAILED
    assert failed.message.startswith("A frame could not be read: cannot identify image file")
    assert others == drawing.answer(QUESTIONS[:1])


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
