"""What a worker process does with one video: take it in, or decode it. Each task is a picklable job and a function."""

from __future__ import annotations

import json
import resource
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from video_assets.lake.files import atomic_path
from video_assets.lake.kept import Kept
from video_assets.measure.decode_pass import decode_video
from video_assets.media.containers import MediaError
from video_assets.media.fetch import local_copy
from video_assets.media.identity import sha256_of, video_id
from video_assets.media.job_files import MARKS
from video_assets.media.probe import probe
from video_assets.media.tally import Marks
from video_assets.reasons import Reason
from video_assets.settings import DecodeSettings, S3Settings

MIB = 2**20


def identify(job: tuple[Path, int, Path | None]) -> tuple[str, float]:
    """SHA-256 of a local file, and the hours of video that its header declares (0 when it cannot be read).

    Args:
        job: the file, the largest picture that is opened, in pixels, and the file in which MiB are counted that are read.
    """
    path, max_pixels, marked = job
    marks = Marks(marked)
    try:
        hours = (probe(path, max_pixels).duration_s or 0.0) / 3600
    except Exception:  # an estimate, by which batches are capped; taking the file in says what is wrong with it
        hours = 0.0
    return sha256_of(path, lambda read: marks.up_to(read // MIB)), hours


def hash_alone(job: tuple[Path, int, Path | None]) -> tuple[str, float]:
    """What :func:`identify` gives of a file whose header nobody should look at again."""
    return sha256_of(job[0]), 0.0


@dataclass(frozen=True)
class SourceJob:
    """A file to identify and probe. ``content`` is the key under which the ledger knows it."""

    uri: str
    content: str
    size_bytes: int
    modified_at: datetime
    s3: S3Settings
    scratch: Path
    max_pixels: int


@dataclass(frozen=True)
class TakenIn:
    """A file's identity, and its probe (raw_videos columns) or the reason why it has none."""

    video_id: str
    sha256: str
    facts: dict[str, object]
    reason: Reason | None
    message: str | None


def take_in(job: SourceJob) -> TakenIn:
    """Hash and probe one file. What is wrong with the bytes is part of the result, since their identity is known.

    Raises:
        MediaError: the file is gone, unreadable or changed since it was listed.
    """
    with local_copy(job.uri, job.s3, job.scratch, job.content) as path:
        sha256 = _trusted_hash(job, path) or sha256_of(path)
        if job.content.startswith("sha256:") and job.content != f"sha256:{sha256}":
            raise MediaError(Reason.CONTENT_CHANGED, f"{job.uri} no longer has the content {job.content[:19]}...")
        try:
            found = probe(path, job.max_pixels)
        except MediaError as error:
            return TakenIn(video_id(sha256), sha256, {}, error.reason, error.message)
        except MemoryError:  # a limit of this process
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            return TakenIn(video_id(sha256), sha256, {}, Reason.UNEXPECTED_ERROR, message)
        return TakenIn(video_id(sha256), sha256, asdict(found), None, None)


def _trusted_hash(job: SourceJob, path: Path) -> str | None:
    """The hash that the ledger holds, when size and time are still those of the moment it was taken."""
    stat = path.stat()
    same = (stat.st_size, stat.st_mtime_ns // 1000) == (job.size_bytes, round(job.modified_at.timestamp() * 1e6))
    return job.content.removeprefix("sha256:") if same and job.content.startswith("sha256:") else None


@dataclass(frozen=True)
class DecodeJob:
    """A video to decode; what comes out lands in ``kept`` (see :func:`decode`).

    ``flow_frames`` says whether the frames after the keyframes are kept too; ``marks`` is the file in which the seconds
    of footage are counted that are decoded. ``content`` is the key under which the ledger knows the file.
    """

    uri: str
    video_id: str
    size_bytes: int
    stream: int
    kept: Kept
    s3: S3Settings
    scratch: Path
    settings: DecodeSettings
    flow_frames: bool = False
    marks: Path | None = field(default=None, metadata=MARKS)
    content: str = ""


SIGNALS, KEYFRAMES, SHOT_FRAMES = "signals.parquet", "keyframes.parquet", "shot_frames.parquet"
FLOW_FRAMES = "flow_frames.parquet"
SUMMARY = "decoded.json"


def decoded_files(video: str) -> tuple[str, ...]:
    """What a decode of a video leaves, by names in :class:`Kept`: the last says that it is all there."""
    return tuple(f"{video}/{name}" for name in (SIGNALS, KEYFRAMES, SHOT_FRAMES, FLOW_FRAMES, SUMMARY))


def decode(job: DecodeJob) -> dict[str, object]:
    """The one decode of one video, into four or five files of ``job.kept``.

    The summary is written last: a folder that has one is finished, and a killed run's successor takes it as it is.

    Returns:
        The decoded_videos columns, without batch and version.

    Raises:
        MediaError: the file is gone, unreadable, changed, or holds no frame that can be decoded.
    """
    started = _cpu_seconds()
    with local_copy(job.uri, job.s3, job.scratch, job.content) as path:
        if path.stat().st_size != job.size_bytes:
            raise MediaError(Reason.CONTENT_CHANGED, f"{job.uri} no longer has {job.size_bytes} bytes.")
        folder = job.kept.folder / job.video_id
        folder.mkdir(parents=True, exist_ok=True)
        decoded = decode_video(
            path, job.video_id, job.stream, job.settings, folder / SIGNALS, folder / KEYFRAMES, folder / SHOT_FRAMES,
            folder / FLOW_FRAMES if job.flow_frames else None, marks=Marks(job.marks),
        )  # fmt: skip
    summary = asdict(decoded) | {"video_id": job.video_id, "compute_seconds": _cpu_seconds() - started}
    with atomic_path(folder / SUMMARY) as temporary:
        temporary.write_text(json.dumps(summary))
    job.kept.put(decoded_files(job.video_id))
    return summary


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
