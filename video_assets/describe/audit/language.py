"""The language in which a caption is written."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from video_assets.describe.audit.words import other_alphabet, unquoted

# Of fewer words no language is told.
_LEAST_WORDS = 8
_LEAST_PROBABILITY = 0.9


def wrong_language(text: str, wanted: str) -> str | None:
    """What gives away that a text is not in the language that is wanted; None where that cannot be told.

    py3langid tells the language from the letters (Lui and Baldwin 2011). A text of the right language with a word in
    another alphabet counts too: a model of several languages may slip.

    Args:
        text: a description; what it quotes may be in any language.
        wanted: an ISO 639-1 code, such as en.
    """
    said = unquoted(text)
    if _words(said) >= _LEAST_WORDS:
        language, probability = _identifier().classify(said)
        if language != wanted and probability >= _LEAST_PROBABILITY:
            return f"{language} ({probability:.2f}): {said[:100]}"
    return other_alphabet(text)


def _words(text: str) -> int:
    """Words; a character counts as one in a script that does not part them."""
    return max(len(text.split()), sum(ord(c) > 0x2E80 for c in text))


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
