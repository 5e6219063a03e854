"""The same curation by this platform and by Data-Juicer's operators, on the same file, in turns: CPU seconds of the work.

Both split a 1080p film into scenes, measure the motion of each and judge duration, resolution and aspect; with EasyOCR's
weights at hand, also the share that text covers. Data-Juicer runs with its operators' defaults, in an environment of its
own, because its dependencies exclude ours:

    python -m venv other && other/bin/pip install py-data-juicer scenedetect opencv-python easyocr aiohttp av==13.1.0
    python benchmarks/peers.py --their-python other/bin/python

It also needs ffprobe on the PATH. Imports count on neither side. Ours is the cost ledger: the decode with everything that it measures, shots, clips, visual
and motion scores, and text scores when theirs reads text.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from decode_pass import FFMPEG
from families import curate, make_film

AT_LEAST = 10.0
OURS = ("decoded_videos", "shots", "clips", "candidates", "visual_scores", "motion_scores")

# Run by the other Python: prints CPU seconds by operator, its children's included, as JSON.
THEIRS = """
import json, resource, sys
from pathlib import Path
from data_juicer.ops import OPERATORS
from data_juicer.utils.constant import Fields

def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)

film, folder = sys.argv[1:3]
split = OPERATORS.modules["video_split_by_scene_mapper"](save_dir=folder)
names = ["video_motion_score_filter", "video_duration_filter", "video_resolution_filter", "video_aspect_ratio_filter"]
if (Path.home() / ".EasyOCR" / "model" / "craft_mlt_25k.pth").exists():
    names.append("video_ocr_area_ratio_filter")
filters = {name: OPERATORS.modules[name]() for name in names}
started, spent = cpu(), {}
sample = {"videos": [film], "text": "<__dj__video>", Fields.source_file: [film], Fields.stats: {}, Fields.meta: {}}
sample = split.process_single(sample)
spent["video_split_by_scene_mapper"] = cpu() - started
for name, operator in filters.items():
    started = cpu()
    sample = operator.compute_stats_single(sample)
    operator.process_single(sample)
    spent[name] = cpu() - started
print(json.dumps({"scenes": len(sample["videos"]), "spent": spent}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU seconds of the same operations, ours and Data-Juicer's.")
    parser.add_argument("--their-python", type=Path, required=True, help="Python that has py-data-juicer.")
    parser.add_argument("--seconds", type=int, default=60, help="Length of the film.")
    parser.add_argument("--repeats", type=int, default=3, help="Turns of each.")
    parser.add_argument("--folder", type=Path, help="Where to keep the film; default: a temporary folder.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        film = make_film(arguments.folder or work, arguments.seconds)
        (work / "bin").mkdir()
        (work / "bin" / "ffmpeg").symlink_to(FFMPEG)
        turns = [turn(arguments.their_python, film, work / str(n)) for n in range(arguments.repeats)]
    report(turns)


def turn(their_python: Path, film: Path, work: Path) -> dict[str, dict[str, float]]:
    """CPU seconds by operator of one run of each."""
    work.mkdir()
    path = f"{work.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [str(their_python.absolute()), "-c", THEIRS, str(film), str(work / "scenes")]
    done = subprocess.run(
        command, env=os.environ | {"PATH": path}, cwd=work, check=True, stdout=subprocess.PIPE, text=True
    )
    theirs: dict[str, float] = json.loads(done.stdout.splitlines()[-1])["spent"]
    reads_text = "video_ocr_area_ratio_filter" in theirs
    rows = curate(film, work).query("SELECT asset, sum(compute_seconds) FROM materializations GROUP BY asset").rows()
    wanted = (*OURS, *(["text_scores"] if reads_text else []))
    return {"theirs": theirs, "ours": {asset: seconds for asset, seconds in rows if asset in wanted}}


def report(turns: list[dict[str, dict[str, float]]]) -> None:
    for side in ("theirs", "ours"):
        print(f"\n| {side} | CPU s (median of {len(turns)}) |\n| --- | --- |")
        for name in turns[0][side]:
            print(f"| {name} | {statistics.median(t[side][name] for t in turns):.1f} |")
        print(f"| all | {statistics.median(sum(t[side].values()) for t in turns):.1f} |")
    ratios = [sum(t["theirs"].values()) / sum(t["ours"].values()) for t in turns]
    print(
        f"\nTheirs over ours: {statistics.median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f}; at least {AT_LEAST:g})"
    )


if __name__ == "__main__":
    main()
