"""In which batch a clip is likely to be, so that no question about one clip looks through the ids of all.

A hint and no more: whoever asks about the clip there sees whether it is there. Kept are 8 bytes of each id and a number, sorted: 12 MB for a
million clips.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from video_assets.review.asking import Asked

_AGAIN_S = 60.0
"""At most so often all ids are read."""


class Whereabouts:
    """The batches of clips. Safe for several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._ids: Any = None
        self._batch_of: Any = None
        self._names: list[str] = []

    def likely(self, asked: Asked, clips: Sequence[str]) -> dict[str, str]:
        """The batch of each clip of which one is known.

        Ids are read where one of the clips is not known, and have not been for a minute.
        """
        found = self._known(clips)
        if len(found) < len(set(clips)) and self._may_read():
            self._read(asked)
            found = self._known(clips)
        return found

    def _may_read(self) -> bool:
        with self._lock:
            if time.monotonic() - self._read_at <= _AGAIN_S:
                return False
            self._read_at = time.monotonic()
            return True

    def _read(self, asked: Asked) -> None:
        rows = asked.frame("SELECT ('0x' || left(clip_id, 16))::UBIGINT AS id, batch FROM clips ORDER BY id")
        names = rows["batch"].unique().sort().to_list()
        batch_of = rows["batch"].replace_strict({name: n for n, name in enumerate(names)}) if names else rows["batch"]
        with self._lock:
            self._ids, self._batch_of, self._names = rows["id"].to_numpy(), batch_of, names

    def _known(self, clips: Sequence[str]) -> dict[str, str]:
        import numpy as np

        with self._lock:
            ids, batch_of, names = self._ids, self._batch_of, self._names
        if not names:
            return {}
        wanted = np.array([int(clip[:16], 16) for clip in clips], np.uint64)
        at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
        there = ids[at] == wanted
        return {clip: names[batch_of[int(n)]] for clip, n, ok in zip(clips, at, there, strict=True) if ok}
