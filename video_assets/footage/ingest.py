"""Taking footage in: from files that were found to rows of the ingest ledger, batch by batch.

The ledger (``source_files``) says which content was ever taken in, in which batch, and where it was seen. A renamed or
copied file is a new place of a known content: a row, and no new work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from video_assets.footage.batching import Arrival, Grouping, group
from video_assets.footage.benchmarks import Named, changed, marked
from video_assets.footage.hashing import hash_files
from video_assets.footage.listing import FoundFile, Listing, PassedOver, list_local, list_s3
from video_assets.footage.slices import Place, look_s3
from video_assets.footage.stated import Statements, UnreadError
from video_assets.footage.tick import Cursor, Failure, plan_tick
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SOURCE_FILES
from video_assets.lake.s3 import etag_of
from video_assets.lake.schemas import RIGHTS
from video_assets.lake.schemas import SOURCE_FILES as SOURCES
from video_assets.lake.versions import short_hash
from video_assets.reasons import Reason
from video_assets.rights.places import strictest
from video_assets.settings import FootageSettings, WatchedFolder

LEDGER_VERSION = "1"
_RIGHTS = [c.name for c in RIGHTS]
_MOST_TOLD = 10
# A person's one look is two, this far apart at least: what is being filled grows meanwhile, whatever its clock says.
_BLINK_SECONDS = 1.0
# What was modified within so long of our clock, or after it, may still be written to, whatever time zone a server has.
_RECENT = timedelta(days=1)
_MANY = 20_000
"""To look for so many files in the ledger takes as long as to read all of its places."""


@dataclass(frozen=True)
class Stock:
    """What one look at the folders led to."""

    batches: tuple[str, ...]
    """Batches that were taken in now."""
    videos: int
    """New contents in them."""
    moved: int
    """Known contents that were found in a new place."""
    known: int
    """Files that the ledger has just as they are."""
    settling: int
    """Files that may still be written to."""
    waiting: int
    """Complete files that wait for a fuller batch, or for their turn to be hashed."""
    marked: int
    """Known contents that became a benchmark's, or ceased to be."""
    cursor: Cursor
    failed: tuple[Failure, ...] = ()
    """Files that were found and could not be taken in; they are tried again."""
    unread: tuple[str, ...] = ()
    """A sentence for each place, or rights statement, that could not be read."""
    unclear: tuple[str, ...] = ()
    """A sentence for each rights statement, or part of one, that says nothing."""
    passed: PassedOver = field(default_factory=PassedOver)
    """What is there and was not taken for footage."""

    @property
    def incomplete(self) -> bool:
        """Whether something that is there could not be looked at, so that footage or rights may be missing."""
        return bool(self.failed or self.unread)

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for everything that a person should know of or mend."""
        return (*self.unread, *(str(failure) for failure in self.failed), *self.unclear)

    @property
    def counts(self) -> str:
        """What was found, in one sentence."""
        parts = [
            (self.videos, "new"), (self.moved, "known in a new place"), (self.known, "known"),
            (self.marked, "whose benchmark changed"), (self.settling, "still being written"),
            (self.waiting, "waiting for a fuller batch"), (len(self.failed), "that could not be taken in"),
        ]  # fmt: skip
        return (", ".join(f"{count} {what}" for count, what in parts if count) or "no footage") + "."

    @property
    def summary(self) -> str:
        """The counts, what was passed over and the first problems: why nothing starts if nothing does."""
        left = len(self.problems) - _MOST_TOLD
        more = (f"And {left} more like these.",) if left > 0 else ()
        return " ".join((self.counts, *self.passed.sentences, *self.problems[:_MOST_TOLD], *more))


def take_stock(
    lake: Lake, folders: Sequence[WatchedFolder], cursor: Cursor, now: datetime, *, at_once: bool = False,
    hashed: Callable[[int, int], None] = lambda _done, _total: None, pause: Callable[[float], None] = time.sleep,
) -> Stock:  # fmt: skip
    """Look at the folders, and note in the ledger what is new there.

    Args:
        lake: the lake, with its settings.
        folders: what to look at.
        cursor: of the look before.
        now: the clock, with a time zone.
        at_once: a person asked, who will not look twice: new files are looked at again after they were hashed, and what
            has not changed meanwhile is complete (``settle_seconds`` after the first look where one of them is of the last
            day by our clock, or of the future); nothing waits, and the rights of known files are read again.
        hashed: called with how many MiB of the new files are hashed, and how many there are.
        pause: waits so many seconds between the two looks.
    """
    settings = lake.settings.footage
    settle = settings.settle_seconds
    if at_once:
        settings = settings.model_copy(update={"settle_seconds": 0.0, "hash_gib_per_tick": float("inf")})
    prefixes: dict[str, Place] = {}
    listings = [_list(lake, folder, settings, None if at_once else cursor, prefixes) for folder in folders]
    looked = time.monotonic()
    found = [file for listing in listings for file in listing.files]
    # A person's look reads the rights of known files again, which needs whole rows; a tick's needs those that it changes.
    whole = lake.read(SOURCES) if at_once else None
    places = _places(lake, found) if whole is None else whole.filter(pl.col("current"))
    known = _states(found, places)
    tick = plan_tick(found, known, cursor, now, settings)

    def look_again() -> None:
        recent = any(f.modified_at > now - _RECENT for f in tick.to_hash)
        apart = settle if recent else min(settle, _BLINK_SECONDS)
        if at_once and (left := apart - (time.monotonic() - looked)) > 0:
            pause(left)

    read = hash_files(tick, lake, hashed, look_again)
    arrivals = [*tick.arrivals, *read.arrivals]
    statements = Statements(lake, listings)
    # Like the rights, who names the folder is asked again at every look; unlike them, it costs nothing.
    named = Named([*lake.settings.footage.watch, *folders])
    ledger = _rows_of(lake, arrivals, _named_otherwise(named, places)) if whole is None else whole
    batch_of = dict(ledger.select("content", "batch").iter_rows())
    fresh = [a for a in arrivals if a.content not in batch_of]
    # A window's last segments may still be settling when it has passed.
    coming = [*tick.postponed, *(f for f in tick.settling if f.folder.window_seconds)]
    grouping, held = _grouped(fresh, statements, lambda files: group(files, settings, None if at_once else now, coming))
    known_content = [a for a in arrivals if a.content in batch_of]
    moved = [a for a in known_content if not _untold(a, statements)]
    held += [a for a in known_content if _untold(a, statements)]
    failures = [*read.failures, *tick.failures, *(f for a in held if (f := _untold(a, statements)))]
    told = {f.message for f in failures}

    rows = [_row(a, batch.key, statements) for batch in grouping.batches for a in batch.arrivals]
    rows += [_row(a, batch_of[a.content], statements) for a in moved]
    if at_once:
        rows += _restated(ledger.filter(pl.col("current")), {f.uri: f for f in found if f.state in known}, statements)
    after, touched = _with_new_places(ledger, SOURCES.frame(rows), {f.uri for f in found}) if rows else (ledger, set())
    here = {f.uri for f in found}
    at = after.filter(pl.col("current") & pl.col("uri").is_in(list(here))).select("uri", "content")
    after = marked(after, named.said(at.iter_rows()))
    marks = changed(ledger, after)
    if touched := {*touched, *marks["batch"]}:
        _write(lake, after, touched)
    return Stock(
        batches=tuple(b.key for b in grouping.batches),
        videos=len({a.content for b in grouping.batches for a in b.arrivals}),
        moved=len(moved),
        known=sum(f.state in known for f in found),
        settling=len(tick.settling) + len(read.changing),
        waiting=len(grouping.waiting) + len(tick.postponed),
        marked=marks.height,
        cursor=tick.cursor_after([*grouping.waiting, *held], read.failures).model_copy(update={"prefixes": prefixes}),
        failed=tuple(sorted(failures, key=lambda f: f.uri)),
        unread=(
            *(p for listing in listings for p in listing.problems),
            *(s for s in statements.unread if s not in told),
        ),
        unclear=(*(p for listing in listings for p in listing.unclear), *statements.problems),
        passed=_passed(listings, read.changing if at_once else ()),
    )


_PLACE = ("uri", "size_bytes", "modified_at", "content", "benchmark")


def _places(lake: Lake, found: Sequence[FoundFile]) -> pl.DataFrame:
    """Where the ledger has footage now; of few files, theirs alone."""
    columns = ", ".join(_PLACE)
    if len(found) > _MANY:
        rows = lake.query(f"SELECT {columns} FROM source_files WHERE current")
    else:
        rows = lake.query(
            f"SELECT {columns} FROM source_files WHERE current AND uri IN (SELECT unnest(?))", [[f.uri for f in found]]
        )
    return rows.cast({c: SOURCES.schema[c] for c in _PLACE})


def _states(found: Sequence[FoundFile], places: pl.DataFrame) -> set[tuple[str, int, datetime, str | None]]:
    """The states of the files that were found just as the ledger has them."""
    states = {f.uri: f.state for f in reversed(found)}
    known = places.select("uri", "size_bytes", "modified_at", "content").iter_rows()
    return {
        state for uri, size, modified, content in known if (state := (uri, size, modified, etag_of(content))) == states.get(uri)
    }  # fmt: skip


def _named_otherwise(named: Named, places: pl.DataFrame) -> list[str]:
    """The contents of which the folders say another benchmark than the ledger."""
    held = dict(places.select("content", "benchmark").iter_rows())
    said = named.said(places.select("uri", "content").iter_rows())
    return [content for content, name in said.items() if (name or None) != held[content]]


def _rows_of(lake: Lake, arrivals: Sequence[Arrival], contents: Iterable[str]) -> pl.DataFrame:
    """The ledger's rows of every batch that a look may change: whole batches, as these are replaced whole."""
    wanted = sorted({*contents, *(a.content for a in arrivals)})
    if not wanted:
        return SOURCES.empty()
    batches = lake.query(
        "SELECT DISTINCT batch FROM source_files WHERE content IN (SELECT unnest(?)) OR uri IN (SELECT unnest(?))",
        [wanted, [a.file.uri for a in arrivals]],
    )
    return lake.read(SOURCES, batches["batch"].to_list()) if batches.height else SOURCES.empty()


def _passed(listings: Iterable[Listing], changing: Iterable[FoundFile]) -> PassedOver:
    """What was passed over in all folders; a file that a person's look saw change is in the making too."""
    passed = PassedOver.together(listing.passed for listing in listings)
    return replace(passed, making=(*passed.making, *sorted(f.relative for f in changing)))


def _list(
    lake: Lake, folder: WatchedFolder, settings: FootageSettings, cursor: Cursor | None, prefixes: dict[str, Place]
) -> Listing:
    """What is in a folder, or in part of a large S3 prefix; whatever goes wrong there is told, and stops no other folder.

    Args:
        lake: the lake.
        folder: the folder.
        settings: what footage is, and how much a tick lists.
        cursor: of the tick before; None where a person wants all of it looked at.
        prefixes: where the next tick goes on is noted here.
    """
    before = (cursor or Cursor()).prefixes.get(folder.uri, Place())
    try:
        if not folder.uri.startswith("s3://"):
            return list_local(folder, settings.suffixes)
        if cursor is None:
            return list_s3(lake.access.client, folder, settings.suffixes)
        listing, after = look_s3(
            lake.access.client, folder, settings.suffixes, before, cursor.sightings,
            lambda files: _states(files, _places(lake, files)), settings.s3_keys_per_tick,
        )  # fmt: skip
    except Exception as error:
        listing, after = (
            Listing((), problems=(f"{folder.uri} could not be listed ({type(error).__name__}: {error}).",)),
            before,
        )
    if after.large:
        prefixes[folder.uri] = after
    return listing


def _grouped(
    fresh: Sequence[Arrival], statements: Statements, group_of: Callable[[Sequence[Arrival]], Grouping]
) -> tuple[Grouping, list[Arrival]]:
    """Batches of the files whose rights can be told, and the files of them whose rights cannot."""
    untold: dict[str, Arrival] = {}
    while True:
        grouping = group_of([a for a in fresh if a.file.uri not in untold])
        found = [a for batch in grouping.batches for a in batch.arrivals if _untold(a, statements)]
        if not found:
            return grouping, list(untold.values())
        untold |= {a.file.uri: a for a in found}


def _untold(arrival: Arrival, statements: Statements) -> Failure | None:
    """Why a file's rights cannot be told, if they cannot."""
    try:
        statements.of(arrival.file)
    except UnreadError as error:
        return Failure(arrival.file.uri, Reason.READ_ERROR, str(error))
    return None


def _row(arrival: Arrival, batch: str, statements: Statements) -> dict[str, object]:
    file = arrival.file
    place = {"batch": batch, "uri": file.uri, "content": arrival.content, "size_bytes": file.size_bytes}
    return place | {"modified_at": file.modified_at, "current": True} | statements.of(file).columns()


def _restated(current: pl.DataFrame, files: Mapping[str, FoundFile], statements: Statements) -> list[dict[str, object]]:
    """Ledger rows of known files whose rights statements changed."""
    rows = []
    for row in current.filter(pl.col("uri").is_in(list(files))).iter_rows(named=True):
        try:
            rights = statements.of(files[row["uri"]]).columns()
        except UnreadError:  # told among the statements' problems; the file keeps the rights that it has
            continue
        if any(row[name] != value for name, value in rights.items()):
            rows.append(row | rights)
    return rows


def _with_new_places(ledger: pl.DataFrame, rows: pl.DataFrame, found: set[str]) -> tuple[pl.DataFrame, set[str]]:
    """The ledger after new rows, and the batches that they touch.

    A place holds its newest content only, and a content that turned up elsewhere is no longer where it is gone from.
    """
    kept = ledger.join(rows, on=["batch", "uri"], how="anti")
    moved = kept.filter(pl.col("content").is_in(rows["content"].to_list()) & pl.col("current"))["uri"]
    gone = [u for u in moved if u not in found and _is_gone(u)]
    left = pl.col("current") & pl.col("uri").is_in([*rows["uri"], *gone])
    touched = {*rows["batch"], *kept.filter(left)["batch"]}
    return SOURCES.frame(pl.concat([kept.with_columns(current=pl.col("current") & ~left), rows])), touched


def _is_gone(uri: str) -> bool:
    """Whether a place is known to hold nothing any more; one that cannot be looked at, or is on S3, is not."""
    if uri.startswith("s3://"):
        return False
    try:
        Path(uri).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _write(lake: Lake, ledger: pl.DataFrame, batches: set[str]) -> None:
    ordered = sorted(batches)
    parts = {b: ledger.filter(pl.col("batch") == b) for b in ordered}
    lake.commit(
        [Replacement(SOURCES, [b], part) for b, part in parts.items()],
        [Made(SOURCE_FILES, b, LEDGER_VERSION, sources_version(part), {}, part.height) for b, part in parts.items()],
        message=f"{SOURCE_FILES}: {len(ordered)} batches",
        author="ingest",
    )


def mark_held(lake: Lake, names: Mapping[str, str]) -> None:
    """Name contents a benchmark's that turned out to have the bytes of one: what the ledger did not know when it saw them.

    Args:
        lake: the lake.
        names: benchmark's name by content key.
    """
    ledger = lake.read(SOURCES)
    after = marked(ledger, names)
    if batches := set(changed(ledger, after)["batch"]):
        _write(lake, after, batches)


def mark_gone(lake: Lake, uris: Collection[str]) -> None:
    """Note that nothing is at these places any more, so that what was to be measured there is no longer due.

    A look that finds a file there again takes it for a known content in a new place.
    """
    ledger = lake.read(SOURCES)
    left = pl.col("current") & pl.col("uri").is_in(list(uris))
    if touched := set(ledger.filter(left)["batch"]):
        _write(lake, ledger.with_columns(current=pl.col("current") & ~left), touched)


def pick_sources(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per content of a batch: a place where it is now, with the rights of the place that states most.

    A file that was renamed without its sidecar keeps the rights that were stated where it was first seen. What one place
    refuses is refused (:mod:`video_assets.rights.places`).
    """
    unstated = pl.col("rights_from") == "unknown"
    by_rights = rows.sort(unstated, ~pl.col("current"), "uri")
    rights = by_rights.unique("content", keep="first", maintain_order=True).select("content", *_RIGHTS)
    several = by_rights.filter(pl.len().over("content") > 1).select("content", "current", *_RIGHTS)
    if several.height:
        together = [
            {"content": content, **strictest(places.drop("content").to_dicts())}
            for (content,), places in several.group_by("content", maintain_order=True)
        ]
        merged = pl.DataFrame(together, schema=rights.schema)
        rights = pl.concat([rights.join(merged, on="content", how="anti"), merged])
    places = rows.sort(~pl.col("current"), "uri").unique("content", keep="first", maintain_order=True)
    return places.drop(_RIGHTS).join(rights, on="content").sort("content")


def sources_version(rows: pl.DataFrame) -> str:
    """Data version of a batch's sources: its contents, their rights and benchmarks, wherever the files are."""
    return short_hash(pick_sources(rows).select("content", "size_bytes", *_RIGHTS, "benchmark").write_json())
