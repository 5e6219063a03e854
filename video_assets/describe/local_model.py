"""A vision-language model on this machine, through transformers: Qwen2.5-VL, Qwen3-VL and others of the same task."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from video_assets.describe.answer import Answer, Shown
from video_assets.describe.caption import Caption
from video_assets.describe.chat import CaptionError, a_caption, read
from video_assets.describe.constrained import CaptionGrammar, seed_of
from video_assets.describe.weights import vouched_folder
from video_assets.reasons import Reason
from video_assets.settings import CaptionerSettings

if TYPE_CHECKING:
    from PIL.Image import Image


def local_model(settings: CaptionerSettings) -> LocalModel:
    """The model of a captioner of kind 'local', whose files are as somebody has vouched for.

    Raises:
        ModelNotReadyError: the model is not on this machine, or nobody has vouched for its weights.
    """
    return LocalModel(
        vouched_folder(settings.model, settings.weights_sha256), settings.prompt, settings.seed, settings.temperature,
        settings.max_tokens, settings.longest_field,
    )  # fmt: skip


@dataclass(frozen=True)
class LocalModel:
    """What :meth:`open` loads.

    Attributes:
        folder: with the model's files.
        prompt: what it is asked about each clip.
        seed: another one draws other texts, when the temperature is above 0.
        temperature: 0 takes the likeliest token; above, tokens are drawn.
        max_tokens: most tokens of a reply; one that is longer is cut off, and so no caption.
        longest_field: most characters of a field.
    """

    folder: Path
    prompt: str
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

    def caption(self) -> Caption:
        """What was written, as a caption.

        Raises:
            CaptionError: it is none.
        """
        if self.cut_off:
            message = f"The reply was cut off after {self.output_tokens} tokens."
            raise CaptionError(Reason.CAPTION_CUT_OFF, message, again=True)
        return read(self.text, a_caption(""))


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

    def answer(self, clips: Sequence[Shown]) -> list[Answer[Caption]]:
        """Each clip's caption, or why there is none, in order; all are written at the same time.

        A clip's answer does not depend on the other clips but by rounding. Every clip has a picture at least. A reply
        that is no caption is asked for once more, with what was wrong.
        """
        processor, clock = time.process_time(), time.perf_counter()
        talks: dict[int, _Talk] = {}
        answers: dict[int, Answer[Caption]] = {}
        for i, clip in enumerate(clips):
            try:
                pictures = [_picture(jpeg) for jpeg in clip.jpegs]
            except OSError as error:
                message = f"A picture of the clip could not be read: {error}"
                answers[i] = Answer(clip.clip_id, None, Reason.MODEL_FAILED, message)
            else:
                talks[i] = _Talk(clip.clip_id, pictures, [_from_user(self._described.prompt, len(pictures))])
        answers |= self._captions(talks)
        busy = (time.process_time() - processor) / len(clips)
        gpu = (time.perf_counter() - clock) / len(clips) if self._device == "cuda" else None
        return [replace(answers[i], compute_seconds=busy, gpu_seconds=gpu) for i in range(len(clips))]

    def _captions(self, talks: Mapping[int, _Talk]) -> dict[int, Answer[Caption]]:
        answers: dict[int, Answer[Caption]] = {}
        again: dict[int, _Talk] = {}
        first = self._write(talks)
        for i, written in first.items():
            answers[i], error = _answer(talks[i].clip_id, [written])
            if error is not None and error.again:
                again[i] = talks[i].asked_again(written.text, error.message)
        for i, written in self._write(again).items():
            answers[i], _ = _answer(talks[i].clip_id, [first[i], written])
        return answers

    def _write(self, talks: Mapping[int, _Talk]) -> dict[int, _Written]:
        """What the model says next in each of these conversations."""
        import torch

        if not talks:
            return {}
        texts = [
            self._processor.apply_chat_template(talk.said, tokenize=False, add_generation_prompt=True)
            for talk in talks.values()
        ]
        # What is written goes on at the right end, so shorter conversations are filled up on the left.
        inputs = self._processor(
            text=texts, images=[talk.pictures for talk in talks.values()], return_tensors="pt", padding=True,
            padding_side="left",
        ).to(self._device, dtype=self._model.dtype)  # fmt: skip
        length = inputs["input_ids"].shape[1]
        seeds = [seed_of(self._described.seed, talk.clip_id) for talk in talks.values()]
        stop = self._tokenizer.eos_token_id
        with torch.inference_mode():
            tokens = self._model.generate(
                **inputs, max_new_tokens=self._described.max_tokens, do_sample=False, temperature=None, top_p=None,
                top_k=None, eos_token_id=stop, pad_token_id=self._tokenizer.pad_token_id,
                logits_processor=[self._grammar.choice(length, self._described.temperature, seeds)],
            )[:, length:].tolist()  # fmt: skip
        given = inputs["attention_mask"].sum(dim=1).tolist()
        return {i: self._written(row, count, stop) for i, row, count in zip(talks, tokens, given, strict=True)}

    def _written(self, row: list[int], given: int, stop: int) -> _Written:
        """A reply without the stop and what fills it up behind that."""
        kept = row[: row.index(stop)] if stop in row else row
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        return _Written(text, given, len(kept), cut_off=stop not in row)


@dataclass(frozen=True)
class _Talk:
    """What was said about a clip, in the form of transformers' chat templates."""

    clip_id: str
    pictures: list[Image]
    said: list[dict[str, Any]]

    def asked_again(self, text: str, problem: str) -> _Talk:
        request = f"That cannot be used. {problem} Answer again."
        return replace(self, said=[*self.said, _from_assistant(text), _from_user(request, 0)])


def _answer(clip: str, written: Sequence[_Written]) -> tuple[Answer[Caption], CaptionError | None]:
    """The answer in the last of a clip's replies, with the tokens of all; and what is wrong with it, if anything is."""
    tokens = sum(w.input_tokens for w in written), sum(w.output_tokens for w in written)
    try:
        return Answer(clip, written[-1].caption(), None, None, *tokens), None
    except CaptionError as error:
        return Answer(clip, None, error.reason, error.message, *tokens), error


def _picture(jpeg: bytes) -> Image:
    from PIL import Image

    return Image.open(BytesIO(jpeg)).convert("RGB")


def _from_user(prompt: str, pictures: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "image"} for _ in range(pictures)]
    return {"role": "user", "content": [*content, {"type": "text", "text": prompt}]}


def _from_assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}
