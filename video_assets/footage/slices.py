"""What of a large S3 prefix one tick lists: what came after the last keys of its folders, and a slice of all keys in turn.

A prefix of few keys is listed whole at every tick. Of more keys than that each tick lists so many: first what follows the last key
of each folder at the top, which finds what arrives in order, as under names by date, at the next tick; then a slice of all
keys, which goes on where the one before ended and begins anew at the end, and finds what is late, out of order or was
overwritten. Nothing follows from a key that is not seen any more.

A slice only says in which folders there is footage that the ledger does not know. These folders are then listed whole, with the
statements in those above: half a folder may lack the manifest or the sidecars of the files that it has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from video_assets.footage.listing import FoundFile, Listing, listing_of, not_listed
from video_assets.footage.names import is_footage
from video_assets.lake.s3 import split_uri
from video_assets.settings import WatchedFolder

_MOST_SHARDS = 64
_SHARDS_AT_ONCE = 8
_MANIFESTS = ("manifest.", "Manifest.", "MANIFEST.")
_MOST_LEFT = 1_000
_LEAST = 1_000
"""So many keys of a folder above are listed for its statements; of more, those that begin as manifests do."""

Entry = Mapping[str, Any]
"""An object as ``list_objects_v2`` gives it: Key, Size, LastModified and ETag; of a folder, the Key alone, which ends in /."""


class Lister(Protocol):
    """Lists a bucket's objects in the order of their keys, a page at a time."""

    def __call__(self, prefix: str, after: str = "", *, inside: bool = True) -> Iterator[Entry]:
        """The objects under a prefix whose keys come after one; without ``inside`` the folders in it in place of theirs."""


class Place(BaseModel):
    """How far a prefix was listed. To lose it costs a sweep of all its keys."""

    model_config = ConfigDict(frozen=True)

    large: bool = False
    """Whether it has more keys than a tick lists."""
    swept: str = ""
    """The key after which the next slice begins."""
    tails: dict[str, str] = {}
    """By folder at the top, the last key that was seen in it."""
    turn: int = 0
    """Which of these folders come next."""
    left: tuple[str, ...] = ()
    """Folders with footage that the ledger does not know, for which no room was left."""


@dataclass
class _Look:
    """One tick's look at one prefix."""

    lister: Lister
    root: str
    most: int
    listed: dict[str, Entry] = field(default_factory=dict)
    """What was come across, by its path under the root."""

    def take(self, entries: Iterable[Entry], room: int) -> tuple[str, bool]:
        """Note so many objects; returns the last one's key, and whether that was all."""
        last, count = "", 0
        for entry in islice(entries, room):
            last, count = str(entry["Key"]), count + 1
            if (name := last.removeprefix(self.root)) and not name.endswith("/"):
                self.listed[name] = entry
        return last, count < room

    def of(self, folder: str, room: int) -> dict[str, Entry] | None:
        """The objects of a folder and of none inside it; None where there are more than so many."""
        inside = _Look(self.lister, self.root, self.most)
        _, whole = inside.take(self.lister(f"{self.root}{folder}", inside=False), room)
        return inside.listed if whole else None


def look_s3(
    client: Any, folder: WatchedFolder, suffixes: Collection[str], place: Place, pending: Iterable[str],
    known: Callable[[Sequence[FoundFile]], Container[object]], most: int,
) -> tuple[Listing, Place]:  # fmt: skip
    """:func:`look` at an ``s3://bucket/prefix`` with a boto3 client; ``pending`` are addresses.

    What cannot be listed is told, and the next tick begins where this one did.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, prefix = split_uri(folder.uri)
    root = f"{prefix.rstrip('/')}/" if prefix else ""
    base = f"s3://{bucket}/{root}"

    def lister(prefix: str, after: str = "", *, inside: bool = True) -> Iterator[Entry]:
        request = {"Bucket": bucket, "Prefix": prefix} | ({"StartAfter": after} if after else {})
        for page in client.get_paginator("list_objects_v2").paginate(
            **request, **({} if inside else {"Delimiter": "/"})
        ):
            yield from page.get("Contents", ())
            yield from ({"Key": folder["Prefix"]} for folder in page.get("CommonPrefixes", ()))

    waiting = [uri.removeprefix(base) for uri in pending if uri.startswith(base)]
    try:
        return look(lister, bucket, root, folder, suffixes, place, waiting, known, most)
    except (BotoCoreError, ClientError) as error:
        return Listing((), problems=(not_listed(folder, error, client),)), place


def look(
    lister: Lister,
    bucket: str,
    root: str,
    folder: WatchedFolder,
    suffixes: Collection[str],
    place: Place,
    pending: Sequence[str],
    known: Callable[[Sequence[FoundFile]], Container[object]],
    most: int,
) -> tuple[Listing, Place]:
    """List what of a prefix is to be looked at now.

    Args:
        lister: lists the bucket.
        bucket: its name.
        root: the prefix, empty or with ``/`` at its end.
        folder: the watched folder.
        suffixes: endings of footage.
        place: of the tick before.
        pending: paths under the root that were found before and wait.
        known: which states of these files the ledger has.
        most: so many keys are listed; twice as many where folders are listed whole.

    Returns:
        The listing, which of a large prefix is no more than some folders, and where the next tick goes on.
    """
    seen = _Look(lister, root, most)
    if not place.large or not folder.recursive:
        last, whole = seen.take(lister(root, inside=folder.recursive), most if folder.recursive else 1 << 62)
        if whole:
            return listing_of(bucket, root, folder, seen.listed, suffixes), Place()
        place = Place(large=True, swept=_before(root, last, ""))
    else:
        place = _onward(seen, place)
    files = [
        _file(bucket, root, name, entry, folder) for name, entry in seen.listed.items() if is_footage(name, suffixes)
    ]
    there = known(files)
    fresh = [f.relative for f in files if f.state not in there]
    wanted = dict.fromkeys((*place.left, *map(_folder, pending), *sorted(map(_folder, fresh))))
    names, left = _whole(seen, list(wanted), pending)
    tails = _tails(place.tails, root, seen.listed)
    return listing_of(bucket, root, folder, names, suffixes), place.model_copy(update={"tails": tails, "left": left})


def _onward(seen: _Look, place: Place) -> Place:
    """Take what came after the last keys of some folders, and the next slice."""
    shards = sorted(place.tails, reverse=True)
    newest = shards[0] if shards else ""
    # Of folders by date those that are new come last; "0" follows "/".
    new_after = f"{seen.root}{newest}0" if newest else ""
    if new_after:
        seen.take(seen.lister(seen.root, new_after), seen.most // 4)
    others = shards[1:]
    start = place.turn % max(len(others), 1)
    chosen = [*shards[:1], *(others[start:] + others[:start])[: _SHARDS_AT_ONCE - 1]]
    for shard in chosen:
        under = f"{seen.root}{shard}/" if shard else seen.root
        seen.take(seen.lister(under, place.tails[shard]), max(seen.most // 4 // _SHARDS_AT_ONCE, 1))
    last, ended = seen.take(seen.lister(seen.root, place.swept), seen.most // 2)
    swept = "" if ended else _before(seen.root, last, place.swept)
    return place.model_copy(update={"swept": swept, "turn": start + _SHARDS_AT_ONCE - 1})


def _before(root: str, key: str, earlier: str) -> str:
    """The place before a key's whole stem, so that a file and the sidecar beside it are listed together the next time."""
    folder, slash, name = key.removeprefix(root).rpartition("/")
    cut = f"{root}{folder}{slash}{name.partition('.')[0]}"
    return cut if cut > earlier else key


def _tails(before: Mapping[str, str], root: str, listed: Iterable[str]) -> dict[str, str]:
    """The last keys of the folders at the top; of many folders, of those whose names come last."""
    tails = dict(before)
    for name in listed:
        shard = name.partition("/")[0] if "/" in name else ""
        place = _before(root, f"{root}{name}", "")
        tails[shard] = max(tails.get(shard, ""), place)
    return {shard: tails[shard] for shard in sorted(tails)[-_MOST_SHARDS:]}


def _whole(seen: _Look, folders: Sequence[str], pending: Sequence[str]) -> tuple[dict[str, Entry], tuple[str, ...]]:
    """The objects of whole folders and what may be statements above them, and the folders for which no room was left."""
    names: dict[str, Entry] = {}
    room, done = seen.most, 0
    for folder in folders:
        if room <= 0:
            break
        inside = seen.of(folder, seen.most)
        if inside is None:
            inside = _near(seen, folder, [name for name in pending if _folder(name) == folder])
        room -= max(len(inside), 1)
        names |= inside
        done += 1
    for above in sorted({a for folder in folders[:done] for a in _above(folder)} - {*folders[:done]}):
        upper = seen.of(above, _LEAST)
        # What footage there is has its own turn.
        names = (_statements(seen, above) if upper is None else upper) | names
    return names, tuple(folders[done:])[:_MOST_LEFT]


def _near(seen: _Look, folder: str, pending: Sequence[str]) -> dict[str, Entry]:
    """Of a folder that is larger than a tick what was come across, what waits, and what states rights for all of it."""
    here = {name: entry for name, entry in seen.listed.items() if _folder(name) == folder}
    if pending:
        first = f"{seen.root}{min(pending)}"
        waiting = _Look(seen.lister, seen.root, seen.most)
        waiting.take(seen.lister(f"{seen.root}{folder}", _before(seen.root, first, ""), inside=False), seen.most // 2)
        here |= waiting.listed
    return here | _statements(seen, folder)


def _statements(seen: _Look, folder: str) -> dict[str, Entry]:
    """The manifests in a folder that is too large to be listed."""
    found = _Look(seen.lister, seen.root, seen.most)
    for beginning in _MANIFESTS:
        found.take(seen.lister(f"{seen.root}{folder}{beginning}", inside=False), _LEAST)
    return found.listed


def _above(folder: str) -> Iterator[str]:
    """The folders above one, which end in ``/``; the root's is empty."""
    while folder:
        upper = folder[:-1].rpartition("/")[0]
        folder = f"{upper}/" if upper else ""
        yield folder


def _folder(name: str) -> str:
    """The folder that a path is in, as it begins its names."""
    return name[: name.rfind("/") + 1]


def _file(bucket: str, root: str, name: str, entry: Entry, folder: WatchedFolder) -> FoundFile:
    modified = entry["LastModified"].astimezone(UTC)
    return FoundFile(f"s3://{bucket}/{root}{name}", name, entry["Size"], modified, entry["ETag"].strip('"'), folder)
