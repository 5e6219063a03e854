"""Which fields of a job are files of the machine that made it: what a worker on another machine has to be sent.

A job says so of its own fields, which are paths or tuples of paths::

    pictures: Path = field(metadata=READS)
    marks: Path | None = field(default=None, metadata=MARKS)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

_KEY = "file of the run's machine"
READS: Mapping[str, str] = {_KEY: "reads"}
"""Of a field: a file, or several, that the worker reads."""
MARKS: Mapping[str, str] = {_KEY: "marks"}
"""Of a field: the file in which the worker counts what is done; only a worker on the same machine can."""


def files_read(job: object) -> tuple[Path, ...]:
    """The files that a job reads, in order."""
    return tuple(path for field in _fields(job, "reads") for path in _paths(getattr(job, field.name)))


def moved(job: Any, places: Mapping[Path, Path]) -> Any:
    """The same job where its files are elsewhere, and where nobody counts with it."""
    changes: dict[str, object] = {field.name: None for field in _fields(job, "marks")}
    for field in _fields(job, "reads"):
        value = getattr(job, field.name)
        new = tuple(places[path] for path in _paths(value))
        changes[field.name] = new if isinstance(value, tuple) else new[0]
    return replace(job, **changes) if changes else job


def _fields(job: object, kind: str) -> list[Field[Any]]:
    if not is_dataclass(job):
        return []
    return [field for field in fields(job) if field.metadata.get(_KEY) == kind]


def _paths(value: object) -> tuple[Path, ...]:
    return value if isinstance(value, tuple) else (value,)
