"""What each family of measurements costs, as a multiple of decoding the same file to nothing.

Makes a 1080p film from the demo's real clips, curates it with one worker process, every clip measured, and reads the cost
ledger. The reference is CPU seconds of ``ffmpeg -threads 1 -i FILE -f null -``, before and after.

    python benchmarks/families.py --seconds 120
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from decode_pass import FFMPEG, ffmpeg_seconds

from video_assets.demo import make_footage
from video_assets.lake.lake import Lake
from video_assets.settings import LakeSettings, Settings

AT_MOST = 4.0
# Shots of several seconds, of several kinds: animation, street, a face, text.
SCENES = (
    "three_shots_cuts.mp4",
    "bunny_burnt_in_text.mp4",
    "passenger_qcif.mp4",
    "traffic_1080p.mp4",
    "street_hard_cuts.mp4",
)
COSTS = """
SELECT asset, cpu_seconds, measured_hours FROM costs WHERE NOT starts_with(asset, 'tiers/') ORDER BY cpu_seconds DESC
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Cost of each family of measurements against ffmpeg's decode to null.")
    parser.add_argument("--seconds", type=int, default=120, help="Length of the film.")
    parser.add_argument("--folder", type=Path, help="Where to keep the film; default: a temporary folder.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        film = make_film(arguments.folder or work, arguments.seconds)
        decode = [ffmpeg_seconds(film)]
        lake = curate(film, work)
        decode.append(ffmpeg_seconds(film))
        report(lake, statistics.mean(decode))


def make_film(folder: Path, seconds: int) -> Path:
    """The scenes at 1920x1080 and 30 frames/s, joined and repeated; x264 medium, crf 23, GOP 150."""
    target = folder / f"film-{seconds}s" / "film.mp4"  # alone in its folder, which is what is curated
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    make_footage(folder / "scenes", lambda _name: None)
    inputs = [word for name in SCENES for word in ("-i", str(folder / "scenes" / name))]
    fill = "scale=1920:1080:force_original_aspect_ratio=increase,crop=1920:1080,setsar=1,fps=30"
    chains = "".join(f"[{i}:v]{fill}[v{i}];" for i in range(len(SCENES)))
    joined = "".join(f"[v{i}]" for i in range(len(SCENES)))
    graph = f"{chains}{joined}concat=n={len(SCENES)},loop=loop=-1:size=32767"
    command = [FFMPEG, "-v", "error", "-y", *inputs, "-filter_complex", graph, "-t", str(seconds)]
    command += ["-c:v", "libx264", "-preset", "medium", "-crf", "23", "-g", "150", "-pix_fmt", "yuv420p", str(target)]
    subprocess.run(command, check=True)
    return target


def curate(film: Path, work: Path) -> Lake:
    """Curate the film's folder in a fresh place, one worker at a time, and every clip by every model."""
    own = {
        "VIDEO_ASSETS_WORKERS__PROCESSES": "1",
        "VIDEO_ASSETS_MODELS__SAMPLED_SHARE": "1",
        "VIDEO_ASSETS_SQL_DIR": str(Settings().sql_folder),
        "VIDEO_ASSETS_LAKE__ROOT": str(work / "lake"),
        "DAGSTER_HOME": str(work / "dagster_home"),
    }
    command = [sys.executable, "-c", "from video_assets.cli import main; main()", "curate", str(film.parent)]
    subprocess.run(command, env=os.environ | own, cwd=work, check=True, stdout=subprocess.DEVNULL)
    return Lake(Settings(lake=LakeSettings(root=str(work / "lake"))))


def report(lake: Lake, decode: float) -> None:
    rows = lake.query(COSTS)
    clips = lake.query("SELECT count(*), sum(duration_s) FROM clips").row(0)
    print(f"{clips[0]} clips of {clips[1]:.0f} s; ffmpeg decodes the film to null in {decode:.1f} CPU s\n")
    print("| asset | CPU s | times the decode |")
    print("| --- | --- | --- |")
    for asset, seconds, _ in rows.iter_rows():
        print(f"| {asset} | {seconds:.1f} | {seconds / decode:.2f} |")
    total = float(rows["cpu_seconds"].sum())
    print(f"| all | {total:.1f} | {total / decode:.2f} (at most {AT_MOST:g}) |")


if __name__ == "__main__":
    main()
