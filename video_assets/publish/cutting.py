"""A job for a worker process: the clips of one source video, each into a file of its own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from video_assets.lake.files import atomic_path
from video_assets.media.containers import MediaError
from video_assets.media.cut import cut_job
from video_assets.media.cut_values import Cut, CutJob, CutMade, CutSettings
from video_assets.media.fetch import local_copy
from video_assets.media.tally import Marks
from video_assets.reasons import Reason
from video_assets.settings import S3Settings


@dataclass(frozen=True)
class CutVideoJob:
    """Clips of one video.

    Attributes:
        uri: where it is.
        content: the content key under which the ledger has it.
        s3: where objects are.
        scratch: a folder for downloads.
        clips: by id, what is cut.
        settings: how.
        copy: whether streams are copied where that is exact.
        folder: for the clips' files, ``<clip_id>.mp4`` and, when that is whole, ``<clip_id>.json``; it is there.
        marks: file for a mark per clip.
    """

    uri: str
    content: str
    s3: S3Settings
    scratch: Path
    clips: dict[str, Cut]
    settings: CutSettings
    copy: bool
    folder: Path
    marks: Path


@dataclass(frozen=True)
class ClipMade:
    """What became of a clip: a file with so many frames, or a reason."""

    clip_id: str
    frames: int | None = None
    copied: bool | None = None
    sound: str | None = None
    reason: str | None = None
    message: str | None = None


def cut_video(job: CutVideoJob) -> list[ClipMade]:
    """Cut the clips that have no file yet; one that cannot be cut costs the others nothing.

    Raises:
        MediaError: the video is not there or cannot be read.
    """
    marks, made = Marks(job.marks), list[ClipMade]()
    with local_copy(job.uri, job.s3, job.scratch, job.content) as source:
        for number, (clip, wanted) in enumerate(job.clips.items(), 1):
            made.append(_cut(job, source, clip, wanted))
            marks.up_to(number)
    return made


def _cut(job: CutVideoJob, source: Path, clip: str, wanted: Cut) -> ClipMade:
    try:
        file = cut_job(CutJob(source, wanted, job.settings, job.folder / f"{clip}.mp4", job.copy))
    except MediaError as error:
        # What the machine failed at is tried again with the whole job.
        if error.reason in (Reason.READ_ERROR, Reason.SOURCE_MISSING, Reason.OUT_OF_MEMORY):
            raise
        return ClipMade(clip, reason=error.reason.value, message=error.message)
    made = ClipMade(clip, file.frames, file.copied, _heard(file))
    with atomic_path(record(job.folder, clip)) as temporary:
        temporary.write_text(json.dumps(asdict(made)))
    return made


def _heard(file: CutMade) -> str:
    if not file.sound.kept:
        return file.sound.note or "There is none."
    return "kept" if file.sound.note is None else f"kept; {file.sound.note}"


def record(folder: Path, clip: str) -> Path:
    """The file that says that a clip's media file is whole, and what it is."""
    return folder / f"{clip}.json"


def finished(folder: Path, clip: str) -> ClipMade | None:
    """What was made of a clip by an earlier run; None where there is nothing whole."""
    said = record(folder, clip)
    if not (said.is_file() and (folder / f"{clip}.mp4").is_file()):
        return None
    return ClipMade(**json.loads(said.read_text()))
