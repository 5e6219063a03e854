"""A file of a person's own that cannot be used."""

from __future__ import annotations

from pathlib import Path


class FileError(ValueError):
    """A file that cannot be used: where, what happened and how to mend it.

    ``name`` is what the file would be called; empty where the text is of no such file.
    """

    def __init__(self, path: Path, line: int, what: str, mend: str, name: str = "") -> None:
        super().__init__(f"{path}:{line}: {what} {mend}")
        self.path, self.line, self.what, self.mend, self.name = path, line, what, mend, name
