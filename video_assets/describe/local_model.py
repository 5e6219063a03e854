"""A vision-language model on this machine, through transformers: Qwen2.5-VL, Qwen3-VL and others of the same task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from video_assets.describe.caption import Caption, Reply
from video_assets.describe.constrained import CaptionGrammar, seed_of
from video_assets.reasons import Reason

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Question:
    """A clip's frames, one JPEG at least and in order of time, and what is asked about them."""

    clip_id: str
    frames: tuple[bytes, ...]
    prompt: str


@dataclass(frozen=True)
class Unanswered:
    """Why a clip has no caption."""

    reason: Reason
    message: str


@dataclass(frozen=True)
class LocalModel:
    """What :meth:`open` loads.

    Attributes:
        folder: with the model's files (weights.folder_of).
        batch: clips whose captions are written at the same time.
        seed: another one draws other texts, when the temperature is above 0.
        temperature: 0 takes the likeliest token; above, tokens are drawn.
        max_tokens: most tokens of a reply; one that is longer is cut off, and so no caption.
        longest_field: most characters of a field.
    """

    folder: Path
    batch: int = 8
    seed: int = 0
    temperature: float = 0.0
    max_tokens: int = 1024
    longest_field: int = 1500

    def open(self) -> OpenLocalModel:
        return OpenLocalModel(self)


@dataclass(frozen=True)
class _Written:
    text: str
    input_tokens: int
    output_tokens: int
    cut_off: bool


class OpenLocalModel:
    """The loaded model: in bfloat16 on a GPU where there is one, in single precision on the CPU."""

    def __init__(self, described: LocalModel) -> None:
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self._described = described
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.bfloat16 if self._device == "cuda" else torch.float32
        folder = str(described.folder)
        # Code that comes with a model is not run: trust_remote_code stays off.
        self._processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
        model = AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True, dtype=dtype)
        self._model = model.to(self._device).eval()
        self._tokenizer = self._processor.tokenizer
        self._grammar = CaptionGrammar(self._tokenizer, described.longest_field)

    def answer(self, questions: Sequence[Question]) -> list[Reply | Unanswered]:
        """A caption, or why there is none, for each question in order; a clip's does not depend on the others' but by rounding."""
        answers: list[Reply | Unanswered] = []
        for start in range(0, len(questions), self._described.batch):
            answers += self._answer(questions[start : start + self._described.batch])
        return answers

    def _answer(self, questions: Sequence[Question]) -> list[Reply | Unanswered]:
        answers: dict[int, Reply | Unanswered] = {}
        asked: dict[int, list[Image]] = {}
        for i, question in enumerate(questions):
            try:
                asked[i] = [_picture(jpeg) for jpeg in question.frames]
            except OSError as error:
                answers[i] = Unanswered(Reason.MODEL_FAILED, f"A frame could not be read: {error}")
        said = {i: [_from_user(questions[i].prompt, len(asked[i]))] for i in asked}
        first = self._write(questions, asked, said)
        again: dict[int, str] = {}
        for i, written in first.items():
            found = _caption(written)
            if isinstance(found, Caption):
                answers[i] = Reply(found, written.input_tokens, written.output_tokens)
            else:
                again[i] = found
        for i, problem in again.items():
            said[i] += [_from_assistant(first[i].text), _from_user(f"That cannot be used. {problem} Answer again.", 0)]
        for i, written in self._write(questions, {i: asked[i] for i in again}, said).items():
            found = _caption(written)
            if isinstance(found, Caption):
                tokens = first[i].input_tokens + written.input_tokens, first[i].output_tokens + written.output_tokens
                answers[i] = Reply(found, *tokens)
            else:
                reason = Reason.CAPTION_CUT_OFF if written.cut_off else Reason.INVALID_CAPTION
                answers[i] = Unanswered(reason, f"Asked twice, the model gave no caption. {found}")
        return [answers[i] for i in range(len(questions))]

    def _write(
        self, questions: Sequence[Question], asked: dict[int, list[Image]], said: dict[int, list[dict[str, Any]]]
    ) -> dict[int, _Written]:
        """What the model says next in each of these conversations."""
        import torch

        if not asked:
            return {}
        texts = [
            self._processor.apply_chat_template(said[i], tokenize=False, add_generation_prompt=True) for i in asked
        ]
        # What is written goes on at the right end, so shorter conversations are filled up on the left.
        inputs = self._processor(
            text=texts, images=list(asked.values()), return_tensors="pt", padding=True, padding_side="left"
        ).to(self._device, dtype=self._model.dtype)
        length = inputs["input_ids"].shape[1]
        seeds = [seed_of(self._described.seed, questions[i].clip_id) for i in asked]
        stop = self._tokenizer.eos_token_id
        with torch.inference_mode():
            tokens = self._model.generate(
                **inputs, max_new_tokens=self._described.max_tokens, do_sample=False, temperature=None, top_p=None,
                top_k=None, eos_token_id=stop, pad_token_id=self._tokenizer.pad_token_id,
                logits_processor=[self._grammar.choice(length, self._described.temperature, seeds)],
            )[:, length:].tolist()  # fmt: skip
        given = inputs["attention_mask"].sum(dim=1).tolist()
        return {i: self._written(row, count, stop) for i, row, count in zip(asked, tokens, given, strict=True)}

    def _written(self, row: list[int], given: int, stop: int) -> _Written:
        """A reply without the stop and what fills it up behind that."""
        kept = row[: row.index(stop)] if stop in row else row
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        return _Written(text, given, len(kept), cut_off=stop not in row)


def _picture(jpeg: bytes) -> Image:
    from PIL import Image

    return Image.open(BytesIO(jpeg)).convert("RGB")


def _from_user(prompt: str, pictures: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "image"} for _ in range(pictures)]
    return {"role": "user", "content": [*content, {"type": "text", "text": prompt}]}


def _from_assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def _caption(written: _Written) -> Caption | str:
    """The caption in a reply, or what is wrong with it, as a sentence."""
    if written.cut_off:
        return f"The reply was cut off after {written.output_tokens} tokens."
    try:
        return Caption.model_validate_json(written.text)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in error.errors())
        return f"The reply is no caption ({wrong})."
