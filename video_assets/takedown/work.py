"""What a takedown has to do, kept beside the catalog until it is done: one that was stopped, or waits, is finished by it.

The file has names in it. It goes when everything was read and nothing found.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from video_assets.lake.backend import beside
from video_assets.lake.files import atomic_path
from video_assets.settings import LakeSettings
from video_assets.takedown.marks import Marks
from video_assets.takedown.match import Video

_ENDING = ".takedown.json"


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
        asked_for: the name itself.
        documented: releases of these that had documents.
        held_until: until when what cannot be undone waits.
        like: of a takedown by what a file looks like, that file.
        like_clips: and its clips: copy_signature, time_course and duration_s of each.
        frozen: of one with a hold, what goes out of the lists of releases
            (:func:`video_assets.takedown.releases.frozen_rows`), for whoever calls it off.
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
    asked_for: str = ""
    documented: Sequence[str] = ()
    held_until: datetime | None = None
    like: Video | None = None
    like_clips: Sequence[Mapping[str, Any]] = ()
    frozen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def save(self, places: LakeSettings) -> None:
        """Keep it until :meth:`forget`."""
        marks = {name: sorted(v) if isinstance(v, frozenset) else v for name, v in asdict(self.marks).items()}
        until = self.held_until.isoformat() if self.held_until else None
        said = vars(self) | {"asked_at": self.asked_at.isoformat(), "marks": marks, "held_until": until}
        with atomic_path(beside(places) / f"{self.takedown}{_ENDING}") as temporary:
            temporary.write_text(json.dumps(said))

    def forget(self, places: LakeSettings) -> None:
        """Remove what was kept."""
        (beside(places) / f"{self.takedown}{_ENDING}").unlink(missing_ok=True)

    def waits(self, now: datetime) -> bool:
        """Whether what cannot be undone has to wait still."""
        return self.held_until is not None and now < self.held_until


def unfinished(places: LakeSettings) -> list[Work]:
    """The takedowns that were begun and are not done, the oldest first."""
    found = [_read(path) for path in beside(places).glob(f"*{_ENDING}")]
    return sorted(found, key=lambda work: work.asked_at)


def is_work(path: Path) -> bool:
    """Whether a file is one of these."""
    return path.name.endswith(_ENDING)


def _read(path: Path) -> Work:
    said: dict[str, Any] = json.loads(path.read_text())
    kept: dict[str, Any] = {name: frozenset(v) if isinstance(v, list) else v for name, v in said["marks"].items()}
    return Work(
        **said | {
            "marks": Marks(**kept), "videos": [Video(*v) for v in said["videos"]],
            "asked_at": datetime.fromisoformat(said["asked_at"]),
            "held_until": datetime.fromisoformat(said["held_until"]) if said["held_until"] else None,
            "like": Video(*said["like"]) if said["like"] else None,
        }
    )  # fmt: skip
