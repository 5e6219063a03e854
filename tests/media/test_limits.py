"""How far a job may go: by what a video declares, whatever it declares, and by what the kernel says it has used."""

from __future__ import annotations

import errno
import math
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.media.limits import (
    Declared,
    Limit,
    Limits,
    captioning,
    decoding,
    looking,
    out_of_memory,
    reading,
    scoring,
)
from video_assets.media.watch import Course, Stopped, Usage, usage
from video_assets.reasons import Reason
from video_assets.settings import CaptionerSettings, Settings, WorkerSettings

WORKERS = WorkerSettings()
GIB = 2**30
SIZES = st.integers(0, 2**45)
PIXELS = st.integers(0, 16384 * 16384)
SECONDS = st.none() | st.floats(0, 1e9)
RATES = st.none() | st.floats(0, 1e6)
MORE = st.floats(1, 100)
# Measured: CPU seconds per billion pixels of H.264, and of AV1 and HEVC with 10 bits; per frame of a tiny picture.
H264, TEN_BITS, FRAME = 4.0, 10.0, 0.0025


def cpu(size_bytes: int, pixels: int, duration_s: float | None, fps: float | None) -> float:
    return decoding(WORKERS, size_bytes, Declared(pixels, duration_s, fps)).cpu_seconds.most


@given(SIZES, PIXELS, SECONDS, RATES, MORE)
def test_more_of_anything_never_gets_less_time(
    size: int, pixels: int, seconds: float | None, fps: float | None, more: float
) -> None:
    limit = cpu(size, pixels, seconds, fps)
    assert cpu(math.ceil(size * more), pixels, seconds, fps) >= limit
    assert cpu(size, math.ceil(pixels * more), seconds, fps) >= limit
    if fps is not None:
        assert cpu(size, pixels, seconds, fps * more) >= limit
    # A duration of zero is none.
    if seconds:
        assert cpu(size, pixels, seconds * more, fps) >= limit


@given(SIZES, PIXELS, SECONDS, RATES)
def test_a_decode_has_at_least_the_time_of_reading_and_no_declaration_makes_it_endless(
    size: int, pixels: int, seconds: float | None, fps: float | None
) -> None:
    least = reading(WORKERS, size).cpu_seconds.most
    most_frames = size / 10
    most = least + WORKERS.cpu_seconds_per_gigapixel * max(pixels, 1_000_000) * most_frames / 1e9
    assert least <= cpu(size, pixels, seconds, fps) <= most * (1 + 1e-9)


@pytest.mark.parametrize(
    ("name", "size", "pixels", "hours", "fps", "cost"),
    [
        # Ten seconds of wall time for each second of video, as a busy machine needs, and more than all of them.
        ("an hour of slides", 18_000_000, 1920 * 1080, 1.0, 30.0, H264 * 224),
        ("a day of surveillance at 5 frames/s", 2 * GIB, 1920 * 1080, 24.0, 5.0, H264 * 896),
        ("an hour of screen recording at 60 frames/s", 100_000_000, 3840 * 2160, 1.0, 60.0, H264 * 1792),
        ("an hour of AV1", 300_000_000, 1920 * 1080, 1.0, 30.0, TEN_BITS * 224),
        ("two hours of HEVC with 10 bits at 60 frames/s", 20 * GIB, 3840 * 2160, 2.0, 60.0, TEN_BITS * 3583),
        ("an hour of tiny pictures", 20_000_000, 176 * 144, 1.0, 30.0, FRAME * 108_000),
    ],
)
def test_what_has_few_bytes_has_ten_times_what_it_costs(
    name: str, size: int, pixels: int, hours: float, fps: float, cost: float
) -> None:
    assert cpu(size, pixels, hours * 3600, fps) > 10 * cost, name
    # By its bytes alone it would not have been let through.
    assert name.startswith(("a day", "two hours")) or reading(WORKERS, size).cpu_seconds.most < 10 * cost


def test_a_video_that_declares_no_duration_is_limited_by_its_bytes() -> None:
    # An hour of slides at 10 MB: ten thousand frames are taken for granted, and a hundred thousand are cheap ones.
    assert cpu(10_000_000, 1920 * 1080, None, None) > 2 * H264 * 224
    assert cpu(10_000_000, 1920 * 1080, None, None) == cpu(10_000_000, 1920 * 1080, 0.0, 30.0)


def test_each_limit_names_the_settings_that_set_it_and_other_settings_are_another_name() -> None:
    known = decoding(WORKERS, GIB, Declared(1_000_000, 10.0, 24.0))
    assert known.by == (
        "workers.cpu_seconds_base = 60, workers.cpu_seconds_per_gib = 7200, workers.cpu_seconds_per_gigapixel = 100",
        "workers.idle_seconds = 300, workers.memory_mib = 4096", "workers.memory_mib = 4096",
    )  # fmt: skip
    assert known.by == decoding(WORKERS, 0, Declared(0, None, None)).by
    for name in ("cpu_seconds_base", "cpu_seconds_per_gib", "cpu_seconds_per_gigapixel", "idle_seconds", "memory_mib"):
        raised = WorkerSettings(**{name: getattr(WORKERS, name) * 2})
        other = decoding(raised, GIB, Declared(1_000_000, 10.0, 24.0)).by
        # Memory may be what a hang waits for, too.
        assert sum(a != b for a, b in zip(known.by, other, strict=True)) == (2 if name == "memory_mib" else 1)
    settings = Settings()
    assert looking(settings, 7).cpu_seconds == Limit(
        60 + 7 * 60, "workers.cpu_seconds_base = 60, models.cpu_seconds_per_picture = 60"
    )
    assert scoring(settings, 100).cpu_seconds == Limit(
        110, "workers.cpu_seconds_base = 60, transitions.cpu_seconds_per_frame = 0.5"
    )
    captioner = CaptionerSettings(name="tiny", kind="local", model="tiny", cpu_seconds_per_clip=10, memory_mib=512)
    assert captioning(captioner, WORKERS, 3) == Limits(
        Limit(90, "workers.cpu_seconds_base = 60, captioners.tiny.cpu_seconds_per_clip = 10"),
        Limit(300, "workers.idle_seconds = 300"),
        Limit(512, "captioners.tiny.memory_mib = 512"),
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOMEM, "mmap"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 17179869184 bytes."), True),
        (RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : std::bad_alloc"), True),
        (RuntimeError("can't start new thread"), True),
        (ImportError("stream.abi3.so: failed to map segment from shared object"), True),
        (OSError(errno.EIO, "Input/output error"), False),
        (RuntimeError("no such operator"), False),
    ],
)
def test_libraries_say_in_their_own_ways_that_there_is_no_memory(error: Exception, expected: bool) -> None:
    assert out_of_memory(error) is expected


def course() -> Course:
    """A job that may use 10 s of CPU time and do nothing for 100 s; its process had used 5 s before."""
    return Course(1, Limits(Limit(10, "cpu"), Limit(100, "idle"), Limit(1, "memory")), 5.0, 5.0)


def test_only_what_the_job_itself_has_used_counts_however_long_it_takes() -> None:
    one = course()
    for used in range(50):
        assert one.seen(Usage(5 + used / 5, "S"), 60.0) is None
    assert one.seen(Usage(15.1, "R"), 0.1) == Stopped(
        Reason.DECODE_TIMEOUT, "Stopped at its limit of 10 s of CPU time.", "cpu"
    )


@pytest.mark.parametrize(
    ("state", "stopped"),
    [
        ("S", Stopped(Reason.DECODE_TIMEOUT, "It hung: for 100 s it did nothing.", "idle, memory")),
        ("D", Stopped(Reason.READ_ERROR, "The disk did not answer for 100 s.", None)),
        ("T", Stopped(Reason.WORKER_LOST, "The worker was stopped from outside for 100 s.", None)),
        ("R", None),
    ],
)
def test_a_process_that_does_nothing_hangs_unless_it_waits_for_a_core(state: str, stopped: Stopped | None) -> None:
    one = course()
    # Something in it wakes up now and then, as a thread does that looks at a clock.
    seen = [one.seen(Usage(5 + second / 5000, state), 1.0) for second in range(101)]
    assert seen[:-1] == [None] * 100
    assert seen[-1] == stopped


def test_what_works_a_little_does_not_hang() -> None:
    one = course()
    assert [one.seen(Usage(5 + second / 500, "S"), 1.0) for second in range(1000)] == [None] * 1000


def test_the_usage_of_a_process_is_the_kernels_and_one_that_is_gone_has_none() -> None:
    before = os.times()
    found = usage(os.getpid())
    after = os.times()
    assert found is not None
    assert found.state == "R"
    assert before.user + before.system - 0.02 <= found.cpu_seconds <= after.user + after.system + 0.02
    assert usage(2**22 + 1) is None


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ("workers", "seconds_base", "cpu_seconds_base"),
        ("workers", "seconds_per_gib", "cpu_seconds_per_gib"),
        ("models", "seconds_per_picture", "cpu_seconds_per_picture"),
        ("transitions", "seconds_per_frame", "cpu_seconds_per_frame"),
    ],
)
def test_a_setting_that_was_renamed_is_refused_with_its_new_name(
    monkeypatch: pytest.MonkeyPatch, section: str, old: str, new: str
) -> None:
    monkeypatch.setenv(f"VIDEO_ASSETS_{section.upper()}__{old.upper()}", "100")
    with pytest.raises(ValueError, match=f"There is no setting {old} any more: it is {new} now"):
        Settings()
