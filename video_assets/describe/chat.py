"""OpenAI's chat completions: a clip's pictures as a request, and a reply as a caption or as answers. No network here."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from pydantic import ValidationError

from video_assets.describe.answer import T
from video_assets.describe.caption import Caption
from video_assets.reasons import Reason

# What strict structured output does not allow in a schema, or has no use for.
_LEFT_OUT = {"title", "minLength"}
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?```\s*\Z", re.DOTALL)
_DECLINES = re.compile(
    r"\A\W*(?:(?:i['\u2019]?m|i am|we['\u2019]re) (?:very |really |so )?sorry|sorry\b|i (?:can['\u2019]?t|cannot|can not|won['\u2019]t|am unable|am not able)"
    r"|i['\u2019]m (?:unable|not able)|as an ai\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Wanted(Generic[T]):
    """What a model is asked for.

    Attributes:
        name: what the schema is called in the request.
        form: the model of a sound reply, all of whose fields are required.
        prompt: what stands before the pictures.
        texts: of a sound reply, the texts in which a model may decline in its place.
    """

    name: str
    form: type[T]
    prompt: str
    texts: Callable[[T], Iterable[str]] = lambda _: ()

    def schema(self) -> dict[str, Any]:
        """The JSON schema of a reply, as strict structured output takes it: every field required, no others."""
        made = self.form.model_json_schema()
        fields = {
            name: {k: v for k, v in field.items() if k not in _LEFT_OUT} for name, field in made["properties"].items()
        }
        return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def a_caption(prompt: str) -> Wanted[Caption]:
    """A caption, asked for in these words."""
    return Wanted("caption", Caption, prompt, lambda c: (c.short_description, c.dense_description))


class CaptionError(Exception):
    """A reply that holds nothing of what was asked for. ``again`` says whether asking once more, with the error, may mend it."""

    def __init__(self, reason: Reason, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.reason, self.message, self.again = reason, message, again


@dataclass(frozen=True)
class Usage:
    """Tokens of one or several requests; None where the server does not count them."""

    input_tokens: int | None = None
    output_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(_sum(self.input_tokens, other.input_tokens), _sum(self.output_tokens, other.output_tokens))


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def request(
    wanted: Wanted[T], model: str, jpegs: Sequence[bytes], *, seed: int, temperature: float, max_tokens: int
) -> dict[str, Any]:
    """The body of a request: the prompt, then the pictures in order, and the schema that the reply is held to."""
    pictures = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"}}
        for jpeg in jpegs
    ]
    return {
        "model": model,
        "messages": [{"role": "user", "content": [{"type": "text", "text": wanted.prompt}, *pictures]}],
        "response_format": {
            "type": "json_schema", "json_schema": {"name": wanted.name, "strict": True, "schema": wanted.schema()},
        },
        "seed": seed,
        "temperature": temperature,
        "max_tokens": max_tokens,
    }  # fmt: skip


def asked_again(body: Mapping[str, Any], text: str, error: str) -> dict[str, Any]:
    """The same request, with the reply that could not be used and what was wrong with it."""
    mend = f"That is not the JSON object that was asked for: {error} Reply with the JSON object alone."
    more = [{"role": "assistant", "content": text}, {"role": "user", "content": mend}]
    return {**body, "messages": [*body["messages"], *more]}


def usage(reply: object) -> Usage:
    """The tokens that a reply says it took."""
    counted = reply.get("usage") if isinstance(reply, dict) else None
    if not isinstance(counted, dict):
        return Usage()
    read, written = counted.get("prompt_tokens"), counted.get("completion_tokens")
    return Usage(read if isinstance(read, int) else None, written if isinstance(written, int) else None)


def text_of(reply: object) -> str:
    """What the model said.

    Raises:
        CaptionError: it declined, came to its limit of tokens, or the reply is no chat completion.
    """
    choice = _first(reply)
    message = choice.get("message")
    if not isinstance(message, dict):
        message = {}
    if refusal := message.get("refusal"):
        raise CaptionError(Reason.CAPTION_REFUSED, _short(str(refusal)))
    text = message.get("content")
    if choice.get("finish_reason") == "content_filter":
        raise CaptionError(Reason.CAPTION_REFUSED, "The endpoint's content filter stopped the reply.")
    if choice.get("finish_reason") == "length":
        raise CaptionError(Reason.CAPTION_CUT_OFF, f"The reply breaks off after: {_short(str(text or ''), end=True)}")
    if not isinstance(text, str):
        raise CaptionError(Reason.INVALID_CAPTION, "The reply has no text.", again=True)
    return text


def said(reply: object) -> str:
    """The text of a reply that could not be used; empty where there is none."""
    try:
        return text_of(reply)
    except CaptionError:
        return ""


def _first(reply: object) -> dict[str, Any]:
    choices = reply.get("choices") if isinstance(reply, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise CaptionError(Reason.INVALID_CAPTION, f"The reply is no chat completion: {_short(str(reply))}", again=True)
    return choices[0]


def read(text: str, wanted: Wanted[T]) -> T:
    """A model's text as what was asked for; JSON in a Markdown fence is taken out of it.

    Raises:
        CaptionError: it is not the JSON that was asked for, or it declines in its place.
    """
    fenced = _FENCE.match(text)
    try:
        found = wanted.form.model_validate_json(fenced[1] if fenced else text)
    except ValidationError as error:
        if _DECLINES.match(text):
            raise CaptionError(Reason.CAPTION_REFUSED, _short(text)) from error
        raise CaptionError(Reason.INVALID_CAPTION, f"{_told(error)} The reply: {_short(text)}", again=True) from error
    for said in wanted.texts(found):
        if _DECLINES.match(said):
            raise CaptionError(Reason.CAPTION_REFUSED, _short(said))
    return found


def _told(error: ValidationError) -> str:
    """What is wrong, as a sentence; not pydantic's, which repeats the whole input."""
    wrong = [f"{'.'.join(map(str, e['loc'])) or 'the reply'}: {e['msg']}" for e in error.errors(include_url=False)]
    return f"{'; '.join(wrong)}."


def _short(text: str, most: int = 200, *, end: bool = False) -> str:
    """The beginning of a text, or its end, on one line."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return f"...{line[-most:]}" if end else f"{line[:most]}..."
