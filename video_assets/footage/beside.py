"""Which of the files beside footage state its rights: found by name alone, each in any letter case.

A file's *sidecar* has its name; its *manifests* lie in its folder and in those above, up to the watched one. Downloaders cut
long names, and not always the sidecar's where they cut the video's: a sidecar that no other file claims is taken by the
bracketed id that both end in, or where one name begins with the other. Where that fits more than one, none is taken, and
this is said.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from video_assets.footage.names import ending, without_half

# Forms of a manifest that are read, the first of them first.
MANIFEST_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
# Tables and texts that people write and that are not read: this is said, because they may state rights.
_UNREAD_ENDINGS = (
    ".xlsx", ".xls", ".ods", ".numbers", ".txt", ".md", ".xml", ".yaml", ".yml", ".toml", ".arrow", ".feather", ".gz", ".zst",
)  # fmt: skip
_INFO = ".info.json"
_ITEM = "_meta.xml"
_ITEM_JSON = re.compile(r"^(?:item_metadata|__ia_[\w-]*|.+_meta)\.json$")
_LEAST_PREFIX = 12  # Shorter names begin alike by chance.
_ID = re.compile(r"\[(?P<id>[^\[\]]{3,})\]$|-(?P<old>[\w-]{11})$")


@dataclass(frozen=True)
class Beside:
    """Rights statements beside one file: paths as they were given, and what was found and cannot be told whose it is."""

    sidecar: str | None = None
    manifests: tuple[str, ...] = ()
    """The nearest first."""
    problem: str | None = None


@dataclass
class _Folder:
    """The names in one folder by their lower case. Of two that differ in case alone, both are kept."""

    names: dict[str, list[str]] = field(default_factory=dict)
    footage: list[str] = field(default_factory=list)

    def first(self, candidates: Iterable[str]) -> str | None:
        """The first that is there, as it is spelt here where both spellings are."""
        for candidate in candidates:
            if there := self.names.get(candidate.lower()):
                return candidate if candidate in there else there[0]
        return None

    @cached_property
    def manifests(self) -> tuple[str, ...]:
        found = [n for low in self.names if low.startswith("manifest.") for n in self.names[low]]
        ranks = {e: rank for rank, e in enumerate((*MANIFEST_ENDINGS, *_UNREAD_ENDINGS))}
        known = [n for n in found if ending(n) in ranks]
        return tuple(sorted(known, key=lambda n: (ranks[ending(n)], n)))

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Metadata of items of the Internet Archive: XML of one that was downloaded, or JSON of its API."""
        found = [n for n in self.names if n.endswith(_ITEM) or _ITEM_JSON.match(n)]
        return tuple(sorted(n for low in found for n in self.names[low]))

    @cached_property
    def whole(self) -> dict[str, str]:
        """By footage: the sidecar that has its whole name."""
        return {name: own for name in self.footage if (own := self.first(_whole(name)))}

    @cached_property
    def free(self) -> list[str]:
        """Stems, in lower case and order, of downloaders' sidecars that are no file's by its whole name."""
        owned = {own.lower() for own in self.whole.values()}
        return sorted(low.removesuffix(_INFO) for low in self.names if low.endswith(_INFO) and low not in owned)

    @cached_property
    def claims(self) -> dict[str, list[str]]:
        """By footage without a sidecar of its whole name: the stems of free sidecars that may be its."""
        if not self.free:
            return {}
        return {n: claimed for n in self.footage if n not in self.whole and (claimed := self._claimed(n))}

    @cached_property
    def claimants(self) -> dict[str, list[str]]:
        """By free sidecar: the footage that claims it."""
        found: dict[str, list[str]] = {}
        for name, stems in self.claims.items():
            for stem in stems:
                found.setdefault(stem, []).append(name)
        return found

    def _claimed(self, name: str) -> list[str]:
        stem = without_half(name.rpartition(".")[0]).lower()
        own = _id(stem)
        if own and (same := [f for f in self.free if _id(f) == own]):
            return same
        shorter = [f for f in self.free if len(f) >= _LEAST_PREFIX and stem.startswith(f)]
        longer = []
        if len(stem) >= _LEAST_PREFIX:
            at = bisect_left(self.free, stem)
            while at < len(self.free) and self.free[at].startswith(stem):
                longer.append(self.free[at])
                at += 1
        return [f for f in (*shorter, *longer) if not (own and _id(f) and _id(f) != own)]


def _whole(name: str) -> Iterator[str]:
    """Names of a file's sidecar, the most specific first and the project's own form before yt-dlp's."""
    stem = name.rpartition(".")[0]
    for base in dict.fromkeys((stem, without_half(stem))):
        yield from (f"{name}.json", f"{base}.json", f"{name}{_INFO}", f"{base}{_INFO}", f"{base}{_ITEM}")


def _id(stem: str) -> str | None:
    match = _ID.search(stem)
    return (match["id"] or match["old"]) if match else None


class Neighbours:
    """The files of one watched folder by the folders that they are in.

    Args:
        root: the watched folder's own name.
        names: paths inside it, with ``/``.
        footage: those of them that are footage.
    """

    def __init__(self, root: str, names: Iterable[str], footage: Collection[str]) -> None:
        self._root = root
        self._upward: dict[str, list[tuple[str, _Folder]]] = {}
        self._folders: dict[str, _Folder] = {}
        for name in sorted(names):
            folder, _, last = name.rpartition("/")
            self._folders.setdefault(folder, _Folder()).names.setdefault(last.lower(), []).append(last)
        for name in sorted(footage):
            folder, _, last = name.rpartition("/")
            self._folders[folder].footage.append(last)

    def of(self, relative: str) -> Beside:
        """What states a file's rights."""
        folder, _, name = relative.rpartition("/")
        sidecar, problem = self._sidecar(self._folders[folder], name)
        return Beside(
            sidecar=_inside(folder, sidecar) if sidecar else None,
            manifests=tuple(self._manifests(folder, name)),
            problem=problem,
        )

    def strays(self) -> list[str]:
        """Sentences on metadata of items of the Internet Archive that is about none of the files beside it."""
        used: set[str] = set()
        if not any(folder.items for folder in self._folders.values()):
            return []
        for name, folder in self._folders.items():
            for footage in folder.footage:
                beside = self.of(_inside(name, footage))
                used |= {*beside.manifests, beside.sidecar or ""}
        return [
            f"{path} is about none of the videos beside it: an item's metadata is about the files of a folder of its name "
            "and about those whose names begin with its name."
            for name, folder in self._folders.items()
            for path in (_inside(name, item) for item in folder.items)
            if folder.footage and path not in used
        ]

    def _sidecar(self, folder: _Folder, name: str) -> tuple[str | None, str | None]:
        if whole := folder.whole.get(name):
            return whole, None
        claimed = folder.claims.get(name, [])
        if not claimed:
            return None, None
        rivals = [n for n in folder.claimants[claimed[0]] if n != name]
        own = _id(without_half(name.rpartition(".")[0]).lower())
        if len(claimed) == 1 and (not rivals or (own is not None and _id(claimed[0]) == own)):
            return folder.names[f"{claimed[0]}{_INFO}"][0], None
        found = " and ".join(folder.names[f"{c}{_INFO}"][0] for c in claimed[:2])
        why = "both may be its sidecar" if len(claimed) > 1 else f"it may be the sidecar of {rivals[0]}"
        return None, f"{found} beside {name} is not used, as {why}: give a sidecar the whole name of its video."

    def _manifests(self, folder: str, name: str) -> Iterator[str]:
        for at, there in self._above(folder):
            yield from (_inside(at, m) for m in there.manifests)
            yield from (_inside(at, m) for m in there.items if self._is_about(m, at, name))

    def _above(self, folder: str) -> list[tuple[str, _Folder]]:
        """A folder and those above it in which something may be a manifest, the nearest first."""
        if folder not in self._upward:
            names = [folder]
            while names[-1]:
                names.append(names[-1].rpartition("/")[0])
            there = [(name, self._folders[name]) for name in names if name in self._folders]
            self._upward[folder] = [(name, at) for name, at in there if at.manifests or at.items]
        return self._upward[folder]

    def _is_about(self, item: str, folder: str, name: str) -> bool:
        """Whether an item's metadata is about a file: it has the item's name, or lies in the folder of that name."""
        low = item.lower()
        if not low.endswith(_ITEM):  # JSON names its files itself
            return True
        identifier = low.removesuffix(_ITEM)
        return identifier == (folder or self._root).rpartition("/")[2].lower() or name.lower().startswith(identifier)


def _inside(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
