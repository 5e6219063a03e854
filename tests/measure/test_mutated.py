"""Files as copying, disks and broken encoders leave them: each ends as a row, and never with an error nobody foresaw."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.media.video_files import ffmpeg
from video_assets.lake.kept import Kept
from video_assets.measure.tasks import DecodeJob, SourceJob, decode, take_in
from video_assets.media.limits import Declared, Limits, decoding, reading
from video_assets.media.workers import run_guarded
from video_assets.reasons import Reason
from video_assets.settings import DecodeSettings, S3Settings, WorkerSettings

CONTAINERS = {
    "mp4": ("-c:v", "libx264", "-preset", "ultrafast", "-movflags", "+faststart"),
    "mkv": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"),
    "avi": ("-c:v", "mpeg4"),
    "ts": ("-c:v", "libx264", "-preset", "ultrafast"),
    "flv": ("-c:v", "flv1"),
    "mpg": ("-c:v", "mpeg2video"),
}
EACH = 35
SETTINGS = WorkerSettings(processes=2)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to three changes: bytes overwritten, a stretch zeroed, lost, repeated or swapped with another, the end lost."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        start = chance.randrange(len(changed))
        length = min(chance.choice([1, 4, 16, 200, 3000]), len(changed) - start)
        match chance.choice(["overwrite", "zero", "lose", "repeat", "swap", "break off"]):
            case "overwrite":
                changed[start : start + length] = chance.randbytes(length)
            case "zero":
                changed[start : start + length] = bytes(length)
            case "lose":
                del changed[start : start + length]
            case "repeat":
                changed[start:start] = changed[start : start + length]
            case "swap":
                other = chance.randrange(len(changed) - length + 1)
                one, two = changed[start : start + length], changed[other : other + length]
                changed[start : start + length], changed[other : other + length] = two, one
            case _:
                del changed[max(start, 100) :]
    return bytes(changed)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """35 files of each of six containers, the same in every run."""
    folder = tmp_path_factory.mktemp("mutated")
    made = {}
    for suffix, codec in CONTAINERS.items():
        whole = folder / f"whole.{suffix}"
        picture = "testsrc2=size=64x48:rate=10:duration=1.2"
        ffmpeg("-f", "lavfi", "-i", picture, *codec, "-pix_fmt", "yuv420p", "-fflags", "+bitexact", whole)
        chance = random.Random(f"{suffix} 2026")
        for number in range(EACH):
            name = f"{number:02}.{suffix}"
            made[name] = folder / name
            made[name].write_bytes(mutated(whole.read_bytes(), chance))
    return made


def test_every_mutated_file_ends_as_a_row_with_what_was_measured_or_a_reason(
    files: dict[str, Path], tmp_path: Path
) -> None:
    assert len(files) == 210
    now, s3, settings = datetime.now(UTC), S3Settings(), DecodeSettings()
    sources: dict[str, tuple[Any, Limits]] = {
        name: (
            SourceJob(str(path), "etag:x", path.stat().st_size, now, s3, tmp_path, settings.max_pixels),
            reading(SETTINGS, path.stat().st_size),
        )
        for name, path in files.items()
    }
    taken = run_guarded(take_in, sources, SETTINGS, lambda *_: None)
    assert set(taken) == set(files)
    ended: Counter[str] = Counter()
    videos: dict[str, tuple[Any, Limits]] = {}
    for name, outcome in taken.items():
        found = outcome.value
        assert found is not None, outcome
        if found.reason is not None:
            ended[found.reason] += 1
            assert found.message
            continue
        facts = found.facts
        size = files[name].stat().st_size
        kept = Kept(tmp_path / "decoded", None, s3)
        job = DecodeJob(str(files[name]), name, size, int(str(facts["stream"])), kept, s3, tmp_path, settings)
        videos[name] = job, decoding(SETTINGS, size, Declared(64 * 48, 1.2, 10.0))
    assert len(videos) > 100
    decoded = run_guarded(decode, videos, SETTINGS, lambda *_: None)
    assert set(decoded) == set(videos)
    for name, end in decoded.items():
        if (row := end.value) is not None:
            ended["decoded"] += 1
            frames, duration, coverage = (row[column] for column in ("frames", "duration_s", "coverage"))
            assert isinstance(frames, int), name
            assert isinstance(duration, float), name
            assert min(frames, duration) > 0, name
            assert coverage is None or (isinstance(coverage, float) and 0 <= coverage <= 1), name
        else:
            assert end.reason is not None
            assert end.message, name
            ended[end.reason] += 1
    assert ended.total() == 210
    # Neither is what is wrong with the bytes: the one is ours, the other would be tried again for ever.
    assert ended[Reason.UNEXPECTED_ERROR] == ended[Reason.READ_ERROR] == 0
    assert sum(ended[reason] for reason in (Reason.NOT_A_VIDEO, Reason.TRUNCATED, Reason.NO_FRAMES)) > 0
