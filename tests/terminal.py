"""A command on a terminal of 80 columns and 24 lines, read as a person reads it: while it works."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.place import COMMAND, Place

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COUNT = re.compile(r"([\d,]+) of ([\d,]+) (clips|s of footage|frames in doubt)")


@dataclass(frozen=True)
class Count:
    """A count as it came to be read, and the tables that had files at that moment."""

    done: int
    total: int
    unit: str
    made: list[str]


@dataclass(frozen=True)
class Watched:
    """Everything that was written to the screen, less control sequences, and each count between none and all."""

    screen: str
    between: list[Count]

    def save(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, file: Path) -> Watched:
        saved = json.loads(file.read_text())
        return cls(saved["screen"], [Count(**c) for c in saved["between"]])


def watch(place: Place, *arguments: str, code: int = 0) -> Watched:
    """Run a command of ``video-assets`` on a terminal; it must end with that code."""
    place.home.mkdir(parents=True, exist_ok=True)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = place.environment() | {"TERM": "xterm-256color"}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=place.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen, seen = b"", {}
    while piece := _read(ours):
        screen += piece
        for done, total, unit in _COUNT.findall(plain(screen[-len(piece) - 400 :].decode(errors="replace"))):
            count = int(done.replace(",", "")), int(total.replace(",", "")), unit
            if 0 < count[0] < count[1] and count not in seen:
                seen[count] = sorted(p.name for p in (place.root / "data").glob("*") if any(p.rglob("*.parquet")))
    os.close(ours)
    shown = plain(screen.decode(errors="replace"))
    assert process.wait() == code, shown
    return Watched(shown, [Count(*count, made) for count, made in seen.items()])


def _read(terminal: int) -> bytes:
    """What is written next; nothing when the command has ended."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def plain(screen: str) -> str:
    """What is written, less control sequences."""
    return _CONTROL.sub("", screen)
