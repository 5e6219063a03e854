"""Whether cuts and gradual transitions are found, how far gradual ones reach, and what black and white does to cuts.

Videos are joined from shots that no threshold was chosen on (``footage_shots.HELD_OUT``), so their truth is known to the
frame. Beside ours stand TransNetV2 on every frame, at its best threshold of five for the videos of the row, and PySceneDetect's
AdaptiveDetector.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from footage_shots import HELD_OUT, shots
from joined import Truth, chained, make
from packaged_footage import packaged
from scenedetect import AdaptiveDetector
from shots import TRANSITIONS, Found, Seen, boundaries, detector, look

from accuracy_rows import Row
from video_assets.segment.detectors import Floats, Span, runs
from video_assets.segment.shots import find_shots
from video_assets.settings import DecodeSettings, ShotSettings

Measured = tuple[Seen, Seen, list[Truth]]
"""A video as the platform sees it, with the network's scores of every frame, and its truth."""

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
CUTS, OF_EACH = 33, 8
DISSOLVES = {30: 8, 45: 8, 60: 8, 90: 7}
"""Frames at 30 a second, and how many of eight are to be found."""
COLOURS = {
    "black and white": "hue=s=0",
    "sepia": "colorchannelmixer=.393:.769:.189:0:.349:.686:.168:0:.272:.534:.131",
}
# By eye: the trailer's cuts, and frames from and to of what is gradual.
TRAILER = [Truth("cut", frame, frame) for frame in (593, 864, 900, 988, 1049)] + [
    Truth("gradual", *span) for span in ((0, 27), (216, 266), (312, 362), (745, 794), (1098, 1172), (1203, 1252))
]


def rows() -> Iterator[Row]:
    """The rows of the table, in its order."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pool = shots(HELD_OUT, folder)
        joined = [_measured(*make(folder / "joined.mp4", pool, 40, 11), folder)]
        trailer = _measured(packaged("trailer.mp4"), sorted(TRAILER, key=lambda t: t.start), folder)
        yield _found("transitions of a joined video with flashes and whip pans in it", joined, "F1 0.975")
        yield _found("transitions of a real trailer, by eye", [trailer], "F1 0.975")
        cuts = chained(folder / "cuts.mp4", pool, [("cut", 0)] * CUTS, 6, seconds=1.2, closer=True)
        yield _found("cuts in colour, half of them to a closer view", [_measured(*cuts, folder)], f"{CUTS} of {CUTS}")
        for name, filters in COLOURS.items():
            path = _filtered(cuts[0], filters, folder / f"{name}.mp4")
            yield _found(f"the same in {name}", [_measured(path, cuts[1], folder)], f"{CUTS} of {CUTS}")
        gradual = []
        for frames, target in DISSOLVES.items():
            video = chained(folder / f"{frames}.mp4", pool, [("dissolve", frames)] * OF_EACH, frames, fps=30)
            gradual.append(_measured(*video, folder))
            yield _found(f"dissolves of {frames} frames at 30 frames/s", gradual[-1:], f"{target} of {OF_EACH}")
        others = [(kind, frames) for frames in (12, 20, 30) for kind in ("wipe", "push", "fade")]
        mixed = _measured(*chained(folder / "mixed.mp4", pool, others, 3), folder)
        yield _found("wipes, pushes and fades of 12 to 30 frames", [mixed], "")
        yield _extent([*joined, *gradual, mixed])


def _measured(path: Path, truth: list[Truth], folder: Path) -> Measured:
    return look(path, folder, DecodeSettings()), look(path, folder, DecodeSettings(doubt_change=0.0)), truth


def _filtered(video: Path, filters: str, target: Path) -> Path:
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "1"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", video, "-vf", filters, *encode, target]
    subprocess.run(command, check=True)
    return target


def _ours(measured: Measured) -> list[Span]:
    seen = measured[0]
    return boundaries(find_shots(seen.signals, seen.facts, ShotSettings(), seen.scores), seen.signals.height)


def _network(threshold: float, name: str = "boundary_score") -> Callable[[Measured], list[Span]]:
    def spans(measured: Measured) -> list[Span]:
        scores = measured[1].scores.sort("frame")
        values: Floats = scores[name].to_numpy()
        frames = scores["frame"].to_list()
        return [(frames[start], frames[end - 1] + 1) for start, end in runs(values >= threshold)]

    return spans


def _adaptive(measured: Measured) -> list[Span]:
    return detector(AdaptiveDetector, measured[0].signals)


def _counted(videos: Sequence[Measured], method: Callable[[Measured], list[Span]]) -> tuple[int, float, int]:
    """How many transitions are found, the F1, and how many boundaries are false."""
    found = Found()
    for measured in videos:
        found.add(method(measured), measured[2])
    wanted = sum(t.kind in TRANSITIONS for _, _, truth in videos for t in truth)
    precision, recall = found.right / max(found.found, 1), found.by_kind.total() / wanted
    return found.by_kind.total(), 2 * precision * recall / max(precision + recall, 1e-9), found.false.total()


def _found(what: str, videos: Sequence[Measured], target: str) -> Row:
    wanted = sum(t.kind in TRANSITIONS for _, _, truth in videos for t in truth)
    right, f1, false = _counted(videos, _ours)
    best = max(THRESHOLDS, key=lambda threshold: _counted(videos, _network(threshold))[1])
    theirs, their_f1, their_false = _counted(videos, _network(best))
    plain, plain_f1, plain_false = _counted(videos, _adaptive)
    return Row(
        what,
        right,
        wanted,
        f"F1 {f1:.3f}, {false} false",
        f"TransNetV2 at {best}: {theirs}, F1 {their_f1:.3f}, {their_false} false; AdaptiveDetector: {plain}, "
        f"F1 {plain_f1:.3f}, {plain_false} false",
        target,
    )


def _extent(videos: Sequence[Measured]) -> Row:
    """Intersection over union of each gradual transition with the boundary that covers it best."""
    ours = [share for measured in videos for share in _shared(_ours(measured), measured[2])]
    by_network = {
        threshold: np.mean(
            [s for m in videos for s in _shared(_network(threshold, "transition_score")(m), m[2])]
        ).item()
        for threshold in THRESHOLDS
    }
    best = max(by_network, key=by_network.__getitem__)
    return Row(
        "extents of the gradual transitions above that overlap the truth by half and more (IoU)",
        sum(share >= 0.5 for share in ours),
        len(ours),
        f"mean IoU {np.mean(ours):.3f}",
        f"TransNetV2's frames at {best}: mean IoU {by_network[best]:.3f}",
        "mean IoU 0.75",
    )


def _shared(found: list[Span], truth: list[Truth]) -> Iterator[float]:
    for t in truth:
        if t.kind in TRANSITIONS and t.end > t.start:
            yield max((_overlap(span, (t.start, t.end)) for span in found), default=0.0)


def _overlap(one: Span, other: Span) -> float:
    inside = min(one[1], other[1]) - max(one[0], other[0])
    return max(inside, 0) / (max(one[1], other[1]) - min(one[0], other[0]))
