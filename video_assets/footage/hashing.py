"""Naming the content of local files: their bytes are hashed in worker processes, before anything else is done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from video_assets.footage.batching import Arrival
from video_assets.footage.listing import FoundFile
from video_assets.footage.tick import Failure, TickPlan
from video_assets.reasons import Reason

if TYPE_CHECKING:
    from video_assets.lake.lake import Lake
    from video_assets.media.tally import Tally
    from video_assets.media.workers import Outcome
    from video_assets.settings import Settings

    Task = Callable[[tuple[Path, int, Path | None]], tuple[str, float]]
    Outcomes = dict[str, Outcome[tuple[str, float]]]


@dataclass(frozen=True)
class Hashed:
    """What became of a tick's files. Each is in one of the three."""

    arrivals: tuple[Arrival, ...]
    changing: tuple[FoundFile, ...]
    """Files that are not as they were listed: somebody writes to them."""
    failures: tuple[Failure, ...]
    """Files that are gone, cannot be read, or whose worker failed, for whatever reason."""


def hash_files(
    tick: TickPlan, lake: Lake, report: Callable[[int, int], None], look_again: Callable[[], None] = lambda: None
) -> Hashed:
    """Hash the files that the tick is to hash.

    A file whose header brings the worker down is hashed without a look at it: it is taken in like any other, and its row
    says what is wrong with it.

    Args:
        tick: its ``to_hash`` are the files.
        lake: whose settings say how far a worker may go.
        report: called with how many MiB are hashed, and how many there are.
        look_again: called when they are hashed and before they are looked at once more; it may wait.
    """
    if not tick.to_hash:
        return Hashed((), (), ())
    from video_assets.measure.tasks import MIB, hash_alone, identify
    from video_assets.media.tally import Tally

    files = {f.uri: f for f in tick.to_hash}
    sizes = {uri: max(1, file.size_bytes // MIB) for uri, file in files.items()}
    with lake.files.temporary() as folder, Tally(folder, sizes, report) as tally:
        outcomes = _run(identify, files.values(), lake.settings, tally)
    # Only reading the bytes gives a READ_ERROR; whatever else went wrong may be the header's doing.
    blind = [files[uri] for uri, o in outcomes.items() if o.value is None and o.reason is not Reason.READ_ERROR]
    outcomes |= _run(hash_alone, blind, lake.settings)
    look_again()
    arrivals: list[Arrival] = []
    changing: list[FoundFile] = []
    failures: list[Failure] = []
    for uri, file in files.items():
        outcome = outcomes[uri]
        try:
            as_listed = _as_listed(file)
        except FileNotFoundError:
            failures.append(Failure(uri, Reason.SOURCE_MISSING, "It was there when the folder was listed."))
        except OSError as error:
            failures.append(Failure(uri, Reason.READ_ERROR, f"{error.strerror or error}."))
        else:
            if not as_listed:
                changing.append(file)
            elif outcome.value is None:
                reason = outcome.reason or Reason.UNEXPECTED_ERROR
                failures.append(Failure(uri, reason, outcome.message or reason.advice))
            else:
                sha256, hours = outcome.value
                arrivals.append(tick.hashed(file, sha256, hours))
    return Hashed(tuple(arrivals), tuple(changing), tuple(failures))


def _run(task: Task, files: Iterable[FoundFile], settings: Settings, tally: Tally | None = None) -> Outcomes:
    from video_assets.media.limits import reading
    from video_assets.media.workers import run_guarded

    workers, max_pixels = settings.workers, settings.decode.max_pixels
    jobs = {
        f.uri: ((Path(f.uri), max_pixels, tally.file(f.uri) if tally else None), reading(workers, f.size_bytes))
        for f in files
    }
    return run_guarded(task, jobs, workers, tally.done if tally else lambda _key, _outcome: None)


def _as_listed(file: FoundFile) -> bool:
    """Whether a local file has the size and the time with which it was listed.

    Raises:
        OSError: it is gone, or cannot be looked at.
    """
    stat = Path(file.uri).stat()
    return (stat.st_size, stat.st_mtime_ns // 1000) == (file.size_bytes, round(file.modified_at.timestamp() * 1e6))
