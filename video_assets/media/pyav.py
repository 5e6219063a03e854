"""Where the PyAV versions that may be installed differ, and the one place that knows: 18 (Python 3.11) and 19 (3.12 on)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

VERSION = int(av.__version__.partition(".")[0])

# Tags that are not UTF-8 are no fault of the pictures: 18 must be told, 19 never raises and has no such option.
_TAGS: dict[str, Any] = {"metadata_errors": "replace"} if VERSION < 19 else {}


def open_input(path: Path, container_options: dict[str, str], options: dict[str, str]) -> InputContainer:
    """Open a local file for reading; tags that are not UTF-8 are read as far as they go.

    Raises:
        FFmpegError: FFmpeg could not open it.
    """
    # Without the prefix FFmpeg reads "a:b.mp4" as protocol "a".
    container: InputContainer = av.open(f"file:{path}", container_options=container_options, options=options, **_TAGS)
    return container


def exact(number: Fraction | None) -> Fraction | None:
    """A rational number of FFmpeg's, exactly; None where FFmpeg has none.

    18 gives a Fraction or None. 19 gives a number of its own, whose products are rounded to 32-bit integers and which is
    0, or has the denominator 0, where there is none.
    """
    return Fraction(number.numerator, number.denominator) if number else None
