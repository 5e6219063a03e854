"""Taking footage in: from files that were found to rows of the ingest ledger, batch by batch.

The ledger (``source_files``) says which content was ever taken in, in which batch, and where it was seen. A renamed or
copied file is a new place of a known content: a row, and no new work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from video_assets.footage.batching import Arrival, group
from video_assets.footage.benchmarks import Named, changed, marked
from video_assets.footage.listing import FoundFile, Listing, list_local, list_s3
from video_assets.footage.tick import Cursor, TickPlan, plan_tick
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SOURCE_FILES
from video_assets.lake.s3 import split_uri
from video_assets.lake.schemas import RIGHTS
from video_assets.lake.schemas import SOURCE_FILES as SOURCES
from video_assets.lake.versions import short_hash
from video_assets.rights.statements import Manifest, Rights, read_manifest, read_sidecar, rights_for
from video_assets.settings import FootageSettings, WatchedFolder

LEDGER_VERSION = "1"
_RIGHTS = [c.name for c in RIGHTS]


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
    problems: tuple[str, ...] = field(default=())

    @property
    def summary(self) -> str:
        """One sentence for a person: what was found, and why nothing starts if nothing does."""
        parts = [
            (self.videos, "new"), (self.moved, "known in a new place"), (self.known, "known"),
            (self.marked, "whose benchmark changed"), (self.settling, "still being written"),
            (self.waiting, "waiting for a fuller batch"),
        ]  # fmt: skip
        counted = ", ".join(f"{count} {what}" for count, what in parts if count) or "no footage"
        return f"{counted}.{' ' + ' '.join(self.problems) if self.problems else ''}"


def take_stock(
    lake: Lake, folders: Sequence[WatchedFolder], cursor: Cursor, now: datetime, *, at_once: bool = False,
    hashed: Callable[[int, int], None] = lambda _done, _total: None,
) -> Stock:  # fmt: skip
    """Look at the folders, and note in the ledger what is new there.

    Args:
        lake: the lake, with its settings.
        folders: what to look at.
        cursor: of the look before.
        now: the clock, with a time zone.
        at_once: a person asked: no file is taken for unfinished, nothing waits, and the rights of known files are read
            again.
        hashed: called with how many MiB of the new files are hashed, and how many there are.
    """
    settings = lake.settings.footage
    if at_once:
        settings = settings.model_copy(update={"settle_seconds": 0.0, "hash_gib_per_tick": float("inf")})
    listings = [_list(lake, folder, settings) for folder in folders]
    found = [file for listing in listings for file in listing.files]
    ledger = lake.read(SOURCES)
    current = ledger.filter(pl.col("current"))
    known = set(current.select("uri", "size_bytes", "modified_at").iter_rows())
    tick = plan_tick(found, known, cursor, now, settings)
    arrivals, changing = _hashed(lake, tick, hashed)
    statements = _Statements(lake, listings)
    batch_of = dict(ledger.select("content", "batch").iter_rows())
    fresh = [a for a in arrivals if a.content not in batch_of]
    moved = [a for a in arrivals if a.content in batch_of]
    grouping = group(fresh, settings, None if at_once else now, tick.postponed)

    rows = [_row(a, batch.key, statements) for batch in grouping.batches for a in batch.arrivals]
    rows += [_row(a, batch_of[a.content], statements) for a in moved]
    if at_once:
        rows += _restated(current, {f.uri: f for f in found if f.state in known}, statements)
    after, touched = _with_new_places(ledger, SOURCES.frame(rows), {f.uri for f in found}) if rows else (ledger, set())
    # Like the rights, who names the folder is asked again at every look; unlike them, it costs nothing.
    named = Named([*lake.settings.footage.watch, *folders])
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
        settling=len(tick.settling) + changing,
        waiting=len(grouping.waiting) + len(tick.postponed),
        marked=marks.height,
        cursor=tick.cursor_after(grouping.waiting),
        problems=tuple(p for listing in listings for p in listing.problems) + tuple(statements.problems),
    )


def _list(lake: Lake, folder: WatchedFolder, settings: FootageSettings) -> Listing:
    if folder.uri.startswith("s3://"):
        return list_s3(lake.access.client, folder, settings.suffixes)
    return list_local(folder, settings.suffixes)


def _hashed(lake: Lake, tick: TickPlan, report: Callable[[int, int], None]) -> tuple[list[Arrival], int]:
    """Every arrival, the local ones hashed in worker processes; and how many files changed meanwhile."""
    if not tick.to_hash:
        return list(tick.arrivals), 0
    from video_assets.measure.tasks import MIB, identify
    from video_assets.media.tally import Tally
    from video_assets.media.workers import run_guarded

    files = {f.uri: f for f in tick.to_hash}
    workers = lake.settings.workers
    sizes = {uri: max(1, file.size_bytes // MIB) for uri, file in files.items()}
    with lake.files.temporary() as folder, Tally(folder, sizes, report) as tally:
        jobs = {
            uri: ((Path(uri), lake.settings.decode.max_pixels, tally.file(uri)), workers.limit(file.size_bytes))
            for uri, file in files.items()
        }
        outcomes = run_guarded(identify, jobs, workers, tally.done)
    arrivals, changing = list(tick.arrivals), 0
    for uri, outcome in outcomes.items():
        if outcome.value is None or not _still(files[uri]):
            changing += 1
        else:
            sha256, hours = outcome.value
            arrivals.append(tick.hashed(files[uri], sha256, hours))
    return arrivals, changing


def _still(file: FoundFile) -> bool:
    """Whether a local file is as it was listed."""
    try:
        stat = Path(file.uri).stat()
    except OSError:
        return False
    return (stat.st_size, stat.st_mtime_ns // 1000) == (file.size_bytes, round(file.modified_at.timestamp() * 1e6))


class _Statements:
    """The rights statements beside the files, each read once."""

    def __init__(self, lake: Lake, listings: Iterable[Listing]) -> None:
        self._lake = lake
        self.problems: list[str] = []
        self._manifests: dict[str, Manifest] = {}
        for listing in listings:
            if listing.manifest and listing.files:
                manifest = read_manifest(self._bytes(listing.manifest), listing.manifest)
                self._manifests[listing.files[0].folder.uri] = manifest
                self.problems += [manifest.problem] if manifest.problem else []

    def of(self, file: FoundFile) -> Rights:
        sidecar = read_sidecar(self._bytes(file.sidecar), file.sidecar) if file.sidecar else None
        rights = rights_for(file.relative, sidecar, self._manifests.get(file.folder.uri), file.folder.rights)
        self.problems += [rights.problem] if rights.problem else []
        return rights

    def _bytes(self, uri: str) -> bytes:
        if uri.startswith("s3://"):
            bucket, key = split_uri(uri)
            return bytes(self._lake.access.client.get_object(Bucket=bucket, Key=key)["Body"].read())
        return Path(uri).read_bytes()


def _row(arrival: Arrival, batch: str, statements: _Statements) -> dict[str, object]:
    file = arrival.file
    place = {"batch": batch, "uri": file.uri, "content": arrival.content, "size_bytes": file.size_bytes}
    return place | {"modified_at": file.modified_at, "current": True} | statements.of(file).columns()


def _restated(
    current: pl.DataFrame, files: Mapping[str, FoundFile], statements: _Statements
) -> list[dict[str, object]]:
    """Ledger rows of known files whose rights statements changed."""
    rows = []
    for row in current.filter(pl.col("uri").is_in(list(files))).iter_rows(named=True):
        rights = statements.of(files[row["uri"]]).columns()
        if any(row[name] != value for name, value in rights.items()):
            rows.append(row | rights)
    return rows


def _with_new_places(ledger: pl.DataFrame, rows: pl.DataFrame, found: set[str]) -> tuple[pl.DataFrame, set[str]]:
    """The ledger after new rows, and the batches that they touch.

    A place holds its newest content only, and a content that turned up elsewhere is no longer where it is gone from.
    """
    kept = ledger.join(rows, on=["batch", "uri"], how="anti")
    moved = kept.filter(pl.col("content").is_in(rows["content"].to_list()) & pl.col("current"))["uri"]
    gone = [u for u in moved if u not in found and not (u.startswith("s3://") or Path(u).exists())]
    left = pl.col("current") & pl.col("uri").is_in([*rows["uri"], *gone])
    touched = {*rows["batch"], *kept.filter(left)["batch"]}
    return SOURCES.frame(pl.concat([kept.with_columns(current=pl.col("current") & ~left), rows])), touched


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


def pick_sources(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per content of a batch: a place where it is now, with the rights of the place that states most.

    A file that was renamed without its sidecar keeps the rights that were stated where it was first seen.
    """
    unstated = pl.col("rights_from") == "unknown"
    rights = rows.sort(unstated, ~pl.col("current"), "uri").unique("content", keep="first", maintain_order=True)
    places = rows.sort(~pl.col("current"), "uri").unique("content", keep="first", maintain_order=True)
    return places.drop(_RIGHTS).join(rights.select("content", *_RIGHTS), on="content").sort("content")


def sources_version(rows: pl.DataFrame) -> str:
    """Data version of a batch's sources: its contents, their rights and benchmarks, wherever the files are."""
    return short_hash(pick_sources(rows).select("content", "size_bytes", *_RIGHTS, "benchmark").write_json())
