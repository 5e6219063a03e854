"""SQL files by name, in the project's folders and in a person's own beside them; and what is wrong with one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from video_assets.file_error import FileError

_HEADER = re.compile(r"--\s*(title|description|parent|published):\s*(.*)")
_CONTINUED = re.compile(r"--\s{2,}(\S.*)")


class TierError(FileError):
    """A file of a tier or a draw that cannot be used; its name is its path under its folder, without its ending."""


@dataclass(frozen=True)
class SqlFile:
    """A file of a folder of SQL files.

    Attributes:
        name: Its path under the folder, without its ending, after the recipe of a folder that is of one.
        path: The file.
        root: The folder.
    """

    name: str
    path: Path
    root: Path


def listed(roots: Sequence[Path], recipe: str = "") -> tuple[list[SqlFile], list[TierError]]:
    """Every SQL file under some folders, by name; of two with one name, that of the folder that comes first.

    Args:
        roots: the folders.
        recipe: what stands before the names, where the folders are of one recipe.

    Returns:
        The files, and an error for each whose name an earlier folder has already.
    """
    found: dict[str, SqlFile] = {}
    errors: list[TierError] = []
    for root in roots:
        for path in sorted(root.rglob("*.sql")):
            name = f"{recipe}/" * bool(recipe) + path.relative_to(root).with_suffix("").as_posix()
            if twin := found.get(name):
                what = f"There is a {name} already: {twin.path}."
                errors.append(TierError(path, 1, what, "Give one of the two another name.", name))
            else:
                found[name] = SqlFile(name, path, root)
    return [found[name] for name in sorted(found)], errors


def headers_of(text: str) -> dict[str, str]:
    """Find the ``-- key: value`` lines of the comment that opens a file; indented lines continue the one above."""
    headers: dict[str, str] = {}
    key: str | None = None
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("--"):
            break
        if found := _HEADER.fullmatch(line):
            key = found[1]
            headers[key] = found[2].strip()
        elif key and (more := _CONTINUED.fullmatch(line)):
            headers[key] = f"{headers[key]} {more[1]}"
        else:
            key = None
    return {k: v for k, v in headers.items() if v}
