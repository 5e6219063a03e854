"""What FFmpeg notes beside a stream (its side data): PyAV gives it in FFmpeg's own listing of the file alone."""

from __future__ import annotations

import re

import av.logging
from av.container import InputContainer

_STREAM = re.compile(r" *Stream #\d+:(\d+)\b")
_HEADING = re.compile(r" *Side data:$")


class StreamNotes:
    """The lines of the listing that stand under a stream's "Side data:" (libavformat/dump.c)."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first line that is as the pattern says, but for the space around it."""
        return next((found for line in self._lines if (found := pattern.fullmatch(line))), None)


def stream_notes(container: InputContainer, index: int) -> StreamNotes:
    """What FFmpeg notes beside the stream with this index."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        listing: str = container.dumps_format()  # type: ignore[attr-defined]
    finally:
        av.logging.set_level(level)
    return StreamNotes(_under_side_data(listing, index))


def _under_side_data(listing: str, index: int) -> list[str]:
    notes, here, depth = [], False, None
    for line in listing.splitlines():
        indent = len(line) - len(line.lstrip())
        if found := _STREAM.match(line):
            here, depth = int(found[1]) == index, None
        elif here and _HEADING.fullmatch(line):
            depth = indent
        elif depth is not None and indent > depth:
            notes.append(line.strip())
        else:  # metadata, whose keys and values may read like anything
            depth = None
    return notes
