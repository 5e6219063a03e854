"""What a caption says of the camera, against the move that was measured."""

from __future__ import annotations

import re

from video_assets.describe.audit.words import sentences, unquoted

_AXES = {
    "zoom in": ("zoom", 1), "zoom out": ("zoom", -1),
    "pan left": ("across", -1), "pan right": ("across", 1), "tilt left": ("across", -1), "tilt right": ("across", 1),
    "pan up": ("upright", 1), "pan down": ("upright", -1), "tilt up": ("upright", 1), "tilt down": ("upright", -1),
    "around left": ("around", -1), "around right": ("around", 1),
}  # fmt: skip
"""Axis and direction of HunyuanVideo's names. A picture does not tell a camera that turns from one that travels."""
_STATIC, _HANDHELD = "static shot", "handheld shot"

_WAY = {
    "left": ("across", -1), "leftward": ("across", -1), "leftwards": ("across", -1),
    "right": ("across", 1), "rightward": ("across", 1), "rightwards": ("across", 1),
    "up": ("upright", 1), "upward": ("upright", 1), "upwards": ("upright", 1),
    "down": ("upright", -1), "downward": ("upright", -1), "downwards": ("upright", -1),
    "in": ("zoom", 1), "closer": ("zoom", 1), "forward": ("zoom", 1), "forwards": ("zoom", 1),
    "out": ("zoom", -1), "back": ("zoom", -1), "backward": ("zoom", -1), "backwards": ("zoom", -1),
}  # fmt: skip

_CAMERA = re.compile(r"\b(?:camera|shot|view|footage|lens|drone)\b", re.IGNORECASE)
_BETWEEN = r"(?:\s+\w+ly|\s+and|\s+from|\s+towards?|\s+to|\s+the|\s+its){0,4}\s+"
_WAYS = rf"(?P<way>{'|'.join(sorted(_WAY, key=len, reverse=True))})\b"
_MOVES = (
    # Heads tilt, trucks and pans are things: these verbs count right behind the camera, or where it goes on to move.
    r"\b(?:camera|shot|view|footage|lens|drone|then|before)(?:\s+\w+ly|\s+then|\s+is|\s+(?:begins|starts)\s+to)*"
    rf"\s+(?:pan|tilt|zoom|truck|doll[iy]|pedestal|cran|boom|mov|glid|slid|track|sweep|push|pull|ris|drift|turn)\w*{_BETWEEN}{_WAYS}",
    rf"(?<!the )(?<!pots and )\b(?:pan(?:s|ning)|zoom(?:s|ing)){_BETWEEN}{_WAYS}",
    r"\b(?:slow|smooth|slight|gentle|quick|subtle|gradual|steady|camera)\s+(?:pan|tilt|zoom|push|pull|dolly)"
    rf"(?:\s+to(?:wards?)?(?:\s+the)?)?[\s-]+{_WAYS}",
)
_MOVE = [re.compile(move, re.IGNORECASE) for move in _MOVES]
_STAYS = (
    r"(?:is|was|remains?|stays?|holds?|appears?|seems?|keeps?|rests?|stands?|to|be|held|kept|very|quite|itself|\w+ly)"
)
_STILL = re.compile(
    r"\b(?:static|stationary|fixed|locked(?:-off| off)?|motionless)\s+(?:camera|shot|view|frame|tripod)"
    rf"|\bcamera(?:\s+{_STAYS}){{1,4}}\s+(?:static|stationary|fixed|still|motionless|locked)\b"
    r"|\bcamera\s+(?:does\s+not|doesn['’]t|never)\s+move|\b(?:no|without(?:\s+any)?)\s+camera\s+(?:movement|motion)",
    re.IGNORECASE,
)
_THEN = re.compile(
    rf",?(?:\s+and|\s+then|\s+before|\s+or){{1,2}}(?:\s+back)?(?:\s+to(?:wards)?)?(?:\s+the)?\s+{_WAYS}", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:not|never|no|without|n['’]t)\s+(?:\w+\s+)?$", re.IGNORECASE)


def contradiction(text: str, measured: str | None) -> str | None:
    """The words with which a text contradicts the measured move; None when nothing does, or nothing is known.

    A move the other way on the same axis contradicts it, a camera that stands still contradicts every move, and a move
    contradicts a camera that was measured to stand. Nothing counts against a text that also says what was measured, as
    one that describes several moves in turn does. A hand's shake goes with every word.

    Args:
        text: a description.
        measured: one of HunyuanVideo's 14 names (arXiv 2412.03603), where the measurement is confident; else None.
    """
    if measured is None or measured == _HANDHELD:
        return None
    claims = _claims(text)
    if measured == _STATIC:
        return None if any(move is None for move, _ in claims) else next((words for _, words in claims), None)
    axis, way = _AXES[measured]
    if any(move == (axis, way) for move, _ in claims):
        return None
    return next((words for move, words in claims if move in (None, (axis, -way))), None)


def _claims(text: str) -> list[tuple[tuple[str, int] | None, str]]:
    """The moves that a text tells of, as axis and direction, or None for standing still; each with its words."""
    claims: list[tuple[tuple[str, int] | None, str]] = []
    for sentence in sentences(unquoted(text)):
        claims += [(None, found.group(0)) for found in _STILL.finditer(sentence)]
        patterns = _MOVE if _CAMERA.search(sentence) else ()
        for found in (f for pattern in patterns for f in pattern.finditer(sentence)):
            if not _NOT.search(sentence[: found.start()]):
                claims.append((_WAY[found["way"].lower()], found.group(0)))
                if then := _THEN.match(sentence, found.end()):
                    claims.append((_WAY[then["way"].lower()], found.group(0) + then.group(0)))
    return claims
