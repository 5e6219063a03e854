"""Refusals on their way into the audit trail: who is refused waits for no disk, and whoever sends many fills none."""

from __future__ import annotations

import queue
import sqlite3
import threading
from contextlib import suppress

from video_assets.review.journal import Journal

_WAITING = 200
"""Refusals that may wait to be written."""
_IDLE_S = 5.0
"""After so long without one the thread ends; the next one begins another."""


class Noting:
    """Writes refusals down on a thread of its own: answers are given by the server's one loop, and a sync takes as long as it takes.

    Args:
        journal: with the audit trail.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lines: queue.Queue[tuple[str, str]] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._writing = False

    def put(self, address: str, said: str) -> bool:
        """Have a refusal written down; False where too many wait already."""
        with self._lock:
            try:
                self._lines.put_nowait((address, said))
            except queue.Full:
                return False
            if not self._writing:
                self._writing = True
                threading.Thread(target=self._write, name="refusals", daemon=True).start()
        return True

    def wait(self) -> None:
        """Until all are written down, or could not be."""
        self._lines.join()

    def _write(self) -> None:
        while True:
            try:
                address, said = self._lines.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._lock:
                    if not self._lines.empty():
                        continue
                    self._writing = False
                self._journal.close()
                return
            try:
                # On a full disk nothing can be noted, and the refusal holds all the same.
                with suppress(sqlite3.Error):
                    self._journal.note_refusal(address, said)
            finally:
                self._lines.task_done()
