"""What a takedown has to do, kept in scratch space until it is done: one that was stopped is finished by it.

The file has names in it. It goes when everything was read and nothing found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from video_assets.lake.files import atomic_path
from video_assets.takedown.marks import Marks
from video_assets.takedown.match import Video

PREFIX = ".takedown-"


@dataclass(frozen=True)
class Work:
    """A takedown that was begun.

    Attributes:
        takedown: its number.
        asked_at: when it was asked for.
        asked_by: by what the footage was named.
        videos: what is meant.
        marks: by what its traces are known.
        counts: what it reached when it began.
        rows: rows by table then.
        batches: batches that had any.
        released: clips by release and shard, '' for those without media.
    """

    takedown: str
    asked_at: datetime
    asked_by: str
    videos: Sequence[Video]
    marks: Marks
    counts: Mapping[str, int]
    rows: Mapping[str, int]
    batches: Sequence[str]
    released: Mapping[str, Mapping[str, Sequence[str]]]

    def save(self, scratch: Path) -> None:
        """Keep it until :meth:`forget`."""
        marks = {name: sorted(v) if isinstance(v, frozenset) else v for name, v in asdict(self.marks).items()}
        said = vars(self) | {"asked_at": self.asked_at.isoformat(), "marks": marks}
        with atomic_path(_path(scratch, self.takedown)) as temporary:
            temporary.write_text(json.dumps(said))

    def forget(self, scratch: Path) -> None:
        """Remove what was kept."""
        _path(scratch, self.takedown).unlink(missing_ok=True)


def unfinished(scratch: Path) -> list[Work]:
    """The takedowns that were begun and are not done, the oldest first."""
    found = [_read(path) for path in scratch.glob(f"{PREFIX}*.json")]
    return sorted(found, key=lambda work: work.asked_at)


def is_work(path: Path) -> bool:
    """Whether a file is one of these."""
    return path.name.startswith(PREFIX)


def _path(scratch: Path, takedown: str) -> Path:
    return scratch / f"{PREFIX}{takedown}.json"


def _read(path: Path) -> Work:
    said: dict[str, Any] = json.loads(path.read_text())
    kept: dict[str, Any] = {name: frozenset(v) if isinstance(v, list) else v for name, v in said["marks"].items()}
    marks = Marks(**kept)
    return Work(
        **said | {
            "marks": marks, "videos": [Video(*v) for v in said["videos"]], "asked_at": datetime.fromisoformat(said["asked_at"]),
        }
    )  # fmt: skip
