"""What a worker process does with one video of which it is asked what the file itself says of training."""

from __future__ import annotations

import resource
from dataclasses import asdict, dataclass
from pathlib import Path

from video_assets.media.containers import MediaError
from video_assets.media.fetch import local_copy
from video_assets.reasons import Reason
from video_assets.rights.content_credentials import read_signals
from video_assets.settings import S3Settings


@dataclass(frozen=True)
class SignalJob:
    """A video whose manifests are read. ``content`` is the key under which the ledger knows the file."""

    uri: str
    content: str
    size_bytes: int
    s3: S3Settings
    scratch: Path


def read_source(job: SignalJob) -> list[dict[str, object]]:
    """Read one video's signals, for a worker process: a row each, of which the first has the cost.

    Raises:
        MediaError: the file is gone, unreadable or changed.
    """
    started = _cpu_seconds()
    with local_copy(job.uri, job.s3, job.scratch, job.content) as path:
        if path.stat().st_size != job.size_bytes:
            raise MediaError(Reason.CONTENT_CHANGED, f"{job.uri} no longer has {job.size_bytes} bytes.")
        rows: list[dict[str, object]] = [asdict(signal) for signal in read_signals(path)]
    rows[0]["compute_seconds"] = _cpu_seconds() - started
    return rows


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
