"""What a caption's own words give away: refusals, talk of frames, text that nobody read, other alphabets.

Each function takes a text and returns the words that give it away, as evidence, or None.
"""

from __future__ import annotations

import re
import unicodedata

_QUOTED = re.compile(r"[\"“”„«]([^\"“”„«»]{1,200})[\"“”»]")
# Single quotes are apostrophes too: they count where they stand around words, not within one.
_SINGLE = re.compile(r"(?<!\w)['‘]([^'‘’]{2,200})['’](?!\w)")

_I_CANNOT = r"\bI(?:['’]m| am) (?:unable|not able)|\bI (?:can(?:no|['’])t|could(?: not|n['’]t)|won['’]t|will not)"
_REFUSAL = re.compile(
    r"\bas an? (?:AI\b|(?:artificial|large|language|text)[- ](?:intelligence|language|model|based))"
    r"|\bI(?:['’]m| am) (?:very |really |so )?sorry\b|\bI apologi[sz]e\b"
    rf"|(?:{_I_CANNOT})\b[^.]{{0,30}}?\b(?:assist|help|describ|provid|identif|view|see|watch|process|comply|fulfil|continue|caption|access)\w*"
    r"|\b(?:violates?|against) (?:my|our|the|content|usage) (?:\w+ )?(?:guidelines|polic(?:y|ies))\b",
    re.IGNORECASE,
)

_PICTURES = r"(?:image|picture|photo(?:graph)?|screenshot|snapshot)"
# A picture that is somewhere in the clip.
_A_THING = r"(?!\s+(?:on|of|above|behind|hanging|that|which|she|he|they|frame|album|booth|gallery)\b)"
_FRAMES = re.compile(
    rf"\b(?:in|across|throughout|from|over) (?:the|this|that|these|those|each|every|all|both) (?:{_PICTURES}s?|frames)\b{_A_THING}"
    rf"|\b(?:in|across|throughout) (?:this|each|every|that) frame\b"
    rf"|\b(?:the|this|each|every|these) (?:{_PICTURES}s?|frames?) (?:show|depict|featur|display|captur|contain|reveal|present|illustrat|portray)\w*"
    rf"|\b(?:first|second|third|fourth|last|final|next|previous|following|subsequent|opening|closing|other|provided|given) (?:image|frame)s?\b"
    rf"|\b(?:series|sequence|set|collection|number) of (?:\w+ )?(?:{_PICTURES}s|frames|stills)\b"
    rf"|\bframes? \d+\b|^(?:an?|the) {_PICTURES} of\b",
    re.IGNORECASE,
)

_ON_SCREEN = re.compile(
    r"\b(?:text|words?|letters?|letterings?|signs?|signage|titles?|logos?|labels?|label(?:l)?ed|captions?|subtitles?|banners?|"
    r"posters?|billboards?|watermarks?|overlays?|slogans?|inscriptions?|plates?|jerseys?|shirts?|screens?|buttons?|"
    r"reads?|reading|written|printed|spelled|marked|display(?:s|ed|ing)?)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”']?\s+")


def refusal(text: str) -> str | None:
    """Words with which a model declines, such as "I'm sorry" or "As an AI"; what is quoted was said by another."""
    return _found(_REFUSAL, unquoted(text))


def mention_of_frames(text: str) -> str | None:
    """Words that speak of the pictures that the captioner was shown, such as "in this image" or "the second frame".

    What a picture shows ("enters the frame", "a picture frame", "a photo of her mother on the desk") is no such thing.
    """
    return next((found for s in sentences(text) if (found := _found(_FRAMES, s))), None)


def quoted_text(text: str) -> str | None:
    """The first text that a caption says can be read on the screen: in quotes, in a sentence that speaks of text."""
    for sentence in sentences(text):
        if not _ON_SCREEN.search(unquoted(sentence)):
            continue
        for pattern in (_QUOTED, _SINGLE):
            if found := pattern.search(sentence):
                return found.group(1)
    return None


def other_alphabet(text: str) -> str | None:
    """The first word in another alphabet than the Latin one in a text that is mostly in it; quotes may have any."""
    words = re.findall(r"[^\W\d_]+", unquoted(text))
    foreign = [
        word for word in words if not all(unicodedata.name(c, "").startswith(("LATIN", "MODIFIER")) for c in word)
    ]
    if not foreign or sum(map(len, foreign)) * 2 > sum(map(len, words)):
        return None
    return next((word for word in foreign if len(word) > 1), None)


def unquoted(text: str) -> str:
    """A text without what stands in quotes."""
    return _SINGLE.sub(" ", _QUOTED.sub(" ", text))


def sentences(text: str) -> list[str]:
    """A text's sentences."""
    return [s for s in _SENTENCE_END.split(text.strip()) if s]


def _found(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found.group(0) if found else None
