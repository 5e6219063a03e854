"""What a name says about a file before anything is opened: footage, in the making, a system's own, hidden, or no footage.

One directory is judged at a time, because a name may say it of its neighbour: ``a.mp4.aria2`` says that ``a.mp4`` is not
complete.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum, auto


class Kind(StrEnum):
    """What a name in a directory says."""

    FOOTAGE = auto()
    OTHER = auto()
    """A file with another ending."""
    FOLDER = auto()
    MAKING = auto()
    """A file or folder that a program has not finished."""
    SYSTEM = auto()
    """A recycle bin, or a folder that a system keeps for itself."""
    HIDDEN = auto()
    PLACEHOLDER = auto()
    """It stands for a file that is in iCloud and not on this disk."""


# What programs append to the name of a file while they fill it: yt-dlp and Firefox .part, yt-dlp's state .ytdl,
# aria2's state .aria2, Chromium .crdownload, Safari .download (a folder), qBittorrent .!qB, uTorrent .!ut, BitComet .bc!,
# Opera .opdownload, WinSCP .filepart, rclone .partial.
_MARKS = (
    ".part", ".ytdl", ".aria2", ".crdownload", ".download", ".!qb", ".!ut", ".bc!", ".opdownload", ".filepart", ".partial",
)  # fmt: skip
_MARKED = re.compile(rf"(?:{'|'.join(map(re.escape, _MARKS))}|\.part-frag\d+)$")
# These are also ordinary words: they count behind footage's ending alone.
_BEHIND_FOOTAGE = (".tmp", ".temp", ".incomplete", ".unfinished")
# yt-dlp's post-processors write NAME.temp.mp4 and rename it when it is whole.
_BEFORE_ENDING = (".temp", ".tmp")
# One of a download's formats before they are merged, such as NAME.f137.mp4: format ids of video have a digit.
_HALF = re.compile(r"^(?P<name>.+)\.f(?=[\w+-]*\d)[\w+-]+\.\w+$")
# SABnzbd unpacks into the one, and leaves what it could not unpack in the other.
_MAKING_FOLDERS = ("_unpack_", "_failed_")
_SYSTEM_FOLDERS = frozenset(
    {
        "#recycle", "@recycle", "@recently-snapshot", "#snapshot", "@eadir", "@tmp", "@sharebin", "$recycle.bin", "recycler",
        "~snapshot", ".snapshot", ".snapshots", ".zfs",  # of NetApp, Isilon, btrfs and ZFS: each holds every file again
        "system volume information", "lost+found", "__macosx", "network trash folder", "temporary items",
    }
)  # fmt: skip
_TRASH = ".trash"  # .Trash, .Trashes, .Trash-1000
_PLACEHOLDER = re.compile(r"^\.(?P<name>.+)\.icloud$", re.IGNORECASE)


def ending(name: str) -> str:
    """The name's last ending in lower case, with its point; empty where it has none."""
    stem, point, last = name.rpartition(".")
    return f"{point}{last}".lower() if stem else ""


def is_footage(name: str, suffixes: Iterable[str]) -> bool:
    """Whether a name ends as footage does, in any letter case."""
    return name.lower().endswith(tuple(s.lower() for s in suffixes))


def without_half(stem: str) -> str:
    """The name that a download will have: ``NAME`` of the stem ``NAME.f137``."""
    half = _HALF.match(f"{stem}.x")
    return half["name"] if half else stem


def placeholder_of(name: str) -> str | None:
    """The name of the file that an iCloud placeholder stands for, if it is one."""
    match = _PLACEHOLDER.match(name)
    return match["name"] if match else None


def kinds(files: Collection[str], folders: Collection[str], suffixes: Collection[str]) -> dict[str, Kind]:
    """What each name of one directory says.

    Args:
        files: names of its files, hidden ones too.
        folders: names of the folders in it.
        suffixes: footage's endings.
    """
    lower = {name.lower() for name in files} | {name.lower() for name in folders}
    halves: dict[str, int] = {}
    for name in lower:
        if half := _HALF.match(_MARKED.sub("", _MARKED.sub("", name))):
            halves[half["name"]] = halves.get(half["name"], 0) + 1
    endings = tuple(s.lower() for s in suffixes)

    def of_file(name: str) -> Kind:
        low = name.lower()
        if low.startswith("."):
            if low.startswith(_TRASH):
                return Kind.SYSTEM
            return Kind.PLACEHOLDER if placeholder_of(low) else Kind.HIDDEN
        if _MARKED.search(low):
            return Kind.MAKING
        if any(low.endswith(mark) and low.removesuffix(mark).endswith(endings) for mark in _BEHIND_FOOTAGE):
            return Kind.MAKING
        if not low.endswith(endings):
            return Kind.OTHER
        stem = low.rpartition(".")[0]
        if stem.endswith(_BEFORE_ENDING) or _is_marked(low, lower) or _is_half(low, lower, halves, endings):
            return Kind.MAKING
        return Kind.FOOTAGE

    def of_folder(name: str) -> Kind:
        low = name.lower()
        if low in _SYSTEM_FOLDERS or low.startswith(_TRASH):
            return Kind.SYSTEM
        if low.startswith("."):
            return Kind.HIDDEN
        # A torrent of several files is one folder, whose mark lies beside it.
        unfinished = low.startswith(_MAKING_FOLDERS) or _MARKED.search(low) or _is_marked(low, lower)
        return Kind.MAKING if unfinished else Kind.FOLDER

    return {name: of_file(name) for name in files} | {name: of_folder(name) for name in folders}


def _is_marked(low: str, lower: Collection[str]) -> bool:
    """Whether a neighbour says that this is being written."""
    return any(f"{low}{mark}" in lower for mark in _MARKS)


def _is_half(low: str, lower: Collection[str], halves: Mapping[str, int], endings: Collection[str]) -> bool:
    """Whether it is a format of a download that its neighbours say is to be merged, or was."""
    half = _HALF.match(low)
    if half is None:
        return False
    name = half["name"]
    whole = [f"{name}{ending}" for ending in endings]
    return (
        halves[name] > 1
        or f"{name}.info.json" in lower
        or any(w in lower or _is_marked(w, lower) for w in whole)
        or _is_marked(name, lower)
    )
