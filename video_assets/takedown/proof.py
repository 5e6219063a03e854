"""The proof of a takedown: everything that is left is read, and nothing of the footage may be in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import TAKEDOWNS, TOMBSTONES
from video_assets.settings import LakeSettings
from video_assets.takedown import catalog, objects
from video_assets.takedown.marks import Marks
from video_assets.takedown.traces import Traces, files_in
from video_assets.takedown.work import is_work

RECEIPTS = TAKEDOWNS.name
_KINDS = ("data", "pages", "releases")


@dataclass(frozen=True)
class Looked:
    """One look.

    Attributes:
        at: what was looked at.
        files: how many files.
        size_bytes: of them.
        hits: how often something was found; 0 it must be.
        where: the files in which it was, from the lake's root on where they are in it.
    """

    at: str
    files: int
    size_bytes: int
    hits: int
    where: tuple[str, ...] = ()


def look(lake: Lake, marks: Marks, home: Path | None) -> list[Looked]:
    """Read all that is left. No connection of this process may have the catalog open.

    What the takedown itself has to know until it is done (:mod:`video_assets.takedown.work`) is left out.

    The tombstones keep hashes, and only these; of the catalog's bytes it is counted that hashes stand there as often as its
    rows about the tombstones have them.

    Args:
        lake: the lake.
        marks: what must not be found.
        home: Dagster's folder, if there is one.
    """
    every, names = Traces(marks.traces), Traces(marks.traces - marks.lasting - _keys(marks))
    places = lake.settings.lake
    found = [_looked(kind, lake, _listed(lake, kind), every, names) for kind in _KINDS]
    found.append(_catalog(places, marks, names))
    seen: set[Path] = set()
    if not places.in_postgres:
        seen = {places.catalog_path, *(Path(f"{places.catalog_path}{ending}") for ending in ("-wal", "-shm"))}
    scratch = [p for p in files_in(places.scratch_path) if not is_work(p)]
    found.append(_looked("scratch", lake, ((str(p), p) for p in scratch), every, names))
    if not places.on_s3:
        root = Path(lake.files.root)
        known = {*seen, *scratch, *(p for kind in (*_KINDS, RECEIPTS) for p in files_in(root / kind))}
        others = [p for p in files_in(root) if p not in known and not is_work(p)]
        found.append(_looked("anything else in the lake's folder", lake, ((str(p), p) for p in others), every, names))
    else:
        found.append(Looked("older versions of objects, and uploads", 0, 0, objects.left(lake)))
    if home is not None:
        found.append(_looked("dagster", lake, ((str(p), p) for p in files_in(home)), every, names))
    return found


def _keys(marks: Marks) -> frozenset[str]:
    """The content keys that are made of hashes."""
    return frozenset(key for key in marks.contents if key.startswith("sha256:"))


def _listed(lake: Lake, folder: str) -> Iterator[tuple[str, Path]]:
    """The files of a folder of the lake; from S3 they come one at a time, and the copy goes again."""
    if not lake.settings.lake.on_s3:
        root = Path(lake.files.root)
        yield from ((p.relative_to(root).as_posix(), p) for p in files_in(root / folder))
        return
    for path in sorted(lake.files.listed(folder)):
        if copy := lake.files.fetch(path):
            yield path, copy
            copy.unlink(missing_ok=True)


def _looked(at: str, lake: Lake, files: Iterable[tuple[str, Path]], every: Traces, names: Traces) -> Looked:
    count = size = hits = 0
    where: list[str] = []
    root = f"{lake.files.root}/"
    for name, path in files:
        traces = names if TOMBSTONES.name in Path(name).parts else every
        relative = str(name).removeprefix(root)
        found = traces.in_file(path) + traces.in_bytes(relative.encode())
        count, size, hits = count + 1, size + path.stat().st_size, hits + found
        if found:
            where.append(relative)
    return Looked(at, count, size, hits, tuple(where))


def _catalog(places: LakeSettings, marks: Marks, names: Traces) -> Looked:
    # What is no name is a hash: it may stand there as often as the tombstones' rows have it, and not once more.
    lasting = Traces(marks.lasting | _keys(marks))
    hits = over = 0
    tables: set[str] = set()
    where: set[str] = set()
    if places.in_postgres:
        # Its files are the server's: what can be asked of it is asked, row by row.
        for table, row in backend(places).rows():
            tables.add(table)
            named = sum(map(names.in_value, row))
            hits, over = hits + named, over + sum(map(lasting.in_value, row))
            if named:
                where.add(table)
        count, size = len(tables), backend(places).size_bytes()
    else:
        path = places.catalog_path
        files = [p for p in (path, Path(f"{path}-wal")) if p.exists()]
        hits = sum(names.in_file(p) for p in files)
        over = sum(lasting.in_bytes(p.read_bytes()) for p in files)
        where = {table for table, _ in names.in_database(path)}
        count, size = len(files), sum(p.stat().st_size for p in files)
    over -= catalog.allowed(places, [TOMBSTONES.name], lasting)
    return Looked("catalog", count, size, hits + max(over, 0), tuple(sorted(where)))
