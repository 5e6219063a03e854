"""Objects on local disk for as long as there is room: what several workers read is fetched once.

An entry is a file under the hash of its content key. Who reads it holds a lock that others can share; what nobody holds may
be removed, the longest unused first. The locks are the kernel's, so that a worker that is killed leaves none behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PATIENCE_S = 60.0
_BETWEEN_TRIES_S = 0.1


class Spool:
    """A folder of fetched objects.

    Args:
        folder: it need not exist.
        most_bytes: that all of them may have together; a larger object is fetched each time.
    """

    def __init__(self, folder: Path, most_bytes: float) -> None:
        self._folder = folder
        self._most = most_bytes

    @contextmanager
    def file(self, key: str, name: str, size: int, fetch: Callable[[Path], None]) -> Iterator[Path]:
        """An object on disk for as long as the block runs.

        Args:
            key: of its content.
            name: its file name, which messages tell.
            size: bytes that it is known to have.
            fetch: writes it to a path; what it raises leaves nothing behind.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        entry = hashlib.sha256(key.encode()).hexdigest()
        held, kept = self._folder / f"{entry}.lock", self._folder / entry
        with ExitStack() as stack:
            if path := self._held(held, kept, name, size, fetch, stack):
                yield path
                return
            # Too large, or another process fetches it and takes long: it is fetched for this block alone.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=".tmp-", dir=self._folder.parent))
            path = Path(folder, name)
            fetch(path)
            yield path

    def _held(
        self, held: Path, kept: Path, name: str, size: int, fetch: Callable[[Path], None], stack: ExitStack
    ) -> Path | None:
        """The entry's file, held for others' removal for as long as the stack; None where it does not come to be there."""
        if size > self._most:
            return None
        lock = stack.enter_context(_opened(held))
        if not _taken(lock, fcntl.LOCK_SH):
            return None
        if (path := _whole(kept, size)) is None:
            if not _taken(lock, fcntl.LOCK_EX):
                return None
            # Another may have fetched it meanwhile.
            path = _whole(kept, size)
            if path is None:
                shutil.rmtree(kept, ignore_errors=True)
                self._make_room(size)
                path = self._fetched(kept, name, fetch)
            fcntl.flock(lock, fcntl.LOCK_SH)
        os.utime(held)
        # A lock is let go for a moment while it is made a shared one.
        return path if path.exists() else None

    def _fetched(self, kept: Path, name: str, fetch: Callable[[Path], None]) -> Path:
        """Fetch beside the place and move there: what is there is whole."""
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=self._folder.parent) as folder:
            fetch(Path(folder, name))
            Path(folder, name).chmod(0o444)
            Path(folder).chmod(0o755)
            kept.mkdir()
            Path(folder, name).replace(kept / name)
        return kept / name

    def _make_room(self, size: int) -> None:
        """Remove what is longest unused until there is room; where all is in use, more than was said is used."""
        found = [(lock.stat().st_mtime, lock) for lock in self._folder.glob("*.lock")]
        sizes = {lock: sum(p.stat().st_size for p in lock.with_suffix("").glob("*")) for _, lock in found}
        total = sum(sizes.values())
        for _, lock in sorted(found):
            if total + size <= self._most:
                return
            if sizes[lock] and _removed(lock):
                total -= sizes[lock]


def _whole(kept: Path, size: int) -> Path | None:
    """The file of an entry that is there."""
    return next((path for path in sorted(kept.glob("*")) if path.stat().st_size == size), None)


def _removed(lock: Path) -> bool:
    """Remove an entry, unless somebody reads it. Its lock stays: another may be waiting for it."""
    with _opened(lock) as descriptor:
        if not _taken(descriptor, fcntl.LOCK_EX, patience_s=0.0):
            return False
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int, how: int, patience_s: float = _PATIENCE_S) -> bool:
    """Whether a lock could be had in time. Nobody waits for long: a worker that does nothing is taken to hang."""
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_BETWEEN_TRIES_S)
        else:
            return True
