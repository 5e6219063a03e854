"""What a language model may write next, so that its reply is a caption's JSON: any model's, even a small one's.

llguidance, with which vLLM and SGLang constrain their output too, says which tokens keep the reply inside the schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from video_assets.describe.caption import Caption

if TYPE_CHECKING:
    import torch


def schema(longest_field: int) -> dict[str, Any]:
    """The JSON schema of a caption; a field has at most so many characters, so that a model that loops comes to an end."""
    described = Caption.model_json_schema()
    for field in described["properties"].values():
        field["maxLength"] = longest_field
    return described


class CaptionGrammar:
    """A caption's schema in the tokens of one tokenizer."""

    def __init__(self, tokenizer: Any, longest_field: int) -> None:
        from llguidance import LLMatcher
        from llguidance.hf import from_tokenizer

        self._tokens = from_tokenizer(tokenizer)
        self._grammar = LLMatcher.grammar_from_json_schema(
            schema(longest_field), overrides={"whitespace_flexible": False}
        )

    def choice(self, prompt_tokens: int, temperature: float, seeds: Sequence[int]) -> NextToken:
        """What chooses the tokens of some replies that are written at the same time, one seed each."""
        from llguidance import LLMatcher

        matchers = [LLMatcher(self._tokens, self._grammar) for _ in seeds]
        return NextToken(matchers, prompt_tokens, temperature, [np.random.default_rng(seed) for seed in seeds])


class NextToken:
    """A logits processor of transformers: what the schema forbids gets no chance.

    Sampling is by the Gumbel-max trick: the largest of ``score / temperature + noise`` is drawn as softmax would draw it
    (Gumbel 1954). The noise of a reply comes from its own generator, so a clip's caption does not depend on which other
    clips are in its batch.
    """

    def __init__(
        self, matchers: Sequence[Any], prompt_tokens: int, temperature: float, noise: Sequence[np.random.Generator]
    ) -> None:
        self._matchers, self._prompt_tokens = matchers, prompt_tokens
        self._temperature, self._noise = temperature, noise

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores, float (replies, tokens), of which the largest of each row is taken next."""
        import torch

        written = input_ids[:, self._prompt_tokens :]
        if written.shape[1]:
            for matcher, token in zip(self._matchers, written[:, -1].tolist(), strict=True):
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        allowed = torch.from_numpy(self._allowed(scores.shape[1])).to(scores.device)
        if self._temperature:
            noise = np.stack([generator.gumbel(size=scores.shape[1]) for generator in self._noise])
            scores = scores.float() / self._temperature + torch.from_numpy(noise.astype(np.float32)).to(scores.device)
        return scores.masked_fill(~allowed, float("-inf"))

    def _allowed(self, tokens: int) -> NDArray[np.bool_]:
        """Which tokens may follow: (replies, tokens). A model may have more scores than its tokenizer has tokens."""
        allowed = np.zeros((len(self._matchers), tokens), np.bool_)
        for row, matcher in zip(allowed, self._matchers, strict=True):
            bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")[:tokens]
            row[: len(bits)] = bits
        return allowed


def seed_of(seed: int, name: str) -> int:
    """A seed of 64 bits for one clip: the same everywhere and always."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8])
