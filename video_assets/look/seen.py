"""What there is to see of a clip: its pictures, where it can be played, its verdicts and some of its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import polars as pl

from video_assets.look.pictures import small

PICTURES = 5
# What a browser plays, as far as a container, a codec and a pixel format tell.
_CONTAINERS = {"mp4", "mov", "webm", "matroska"}
_CODECS = {"h264": {"yuv420p", "yuvj420p"}, "vp8": None, "vp9": None, "av1": None}
# The scores that stand beside the pictures, where they are known.
SCORES = (
    "subjects", "camera_motion", "vmaf_motion", "sharpness", "text_share", "overlaid_share", "shows_people", "nsfw_score",
    "technical_quality", "classical_appeal", "aesthetic_laion", "shots_per_second", "duplicate_of", "near_benchmark", "licence",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What a tier says of a clip, and the rule that decided."""

    tier: str
    verdict: str
    decided_by: str | None


@dataclass(frozen=True)
class Seen:
    """A clip, as a page shows it.

    Attributes:
        clip: columns of its row in clips, with ``file_name`` and ``uri``.
        answers: other columns of the question by which it was found.
        pictures: second in the clip and JPEG of some of its keyframes, cut to its crop.
        plays: address of the span for a browser, where its file is on this machine and of a kind that browsers play.
        verdicts: of every tier that judged it.
        scores: name and value of those of SCORES that are known.
    """

    clip: Mapping[str, Any]
    answers: Mapping[str, Any]
    pictures: Sequence[tuple[float, bytes]]
    plays: str | None
    verdicts: Sequence[Verdict]
    scores: Mapping[str, Any]


def see(connection: duckdb.DuckDBPyConnection, clips: pl.DataFrame) -> list[Seen]:
    """What there is to see of some clips, in their order; of one that the lake does not have nothing.

    Args:
        connection: the lake.
        clips: ``clip_id``, and whatever else their question asked for.
    """
    connection.register("wanted", clips.select("clip_id").to_arrow(compat_level=pl.CompatLevel.oldest()))
    rows = {r["clip_id"]: r for r in connection.execute(_CLIPS).pl().iter_rows(named=True)}
    scores = {r["clip_id"]: r for r in connection.execute(_SCORES).pl().iter_rows(named=True)}
    verdicts: dict[str, list[Verdict]] = {}
    for clip, tier, verdict, decided_by in connection.execute(_VERDICTS).fetchall():
        verdicts.setdefault(clip, []).append(Verdict(tier, verdict, decided_by))
    found = []
    for asked in clips.iter_rows(named=True):
        if (clip := rows.get(asked["clip_id"])) is None:
            continue
        known = scores.get(clip["clip_id"], {})
        found.append(
            Seen(
                clip, {name: value for name, value in asked.items() if name != "clip_id"}, _pictures(connection, clip),
                plays(clip), verdicts.get(clip["clip_id"], []),
                {name: known[name] for name in SCORES if known.get(name) is not None},
            )
        )  # fmt: skip
    connection.unregister("wanted")
    return found


def _pictures(connection: duckdb.DuckDBPyConnection, clip: Mapping[str, Any]) -> list[tuple[float, bytes]]:
    """Keyframes spread over the clip, small."""
    frames = connection.execute(
        "SELECT pts FROM keyframes WHERE batch = ? AND video_id = ? AND pts >= ? AND pts < ? ORDER BY pts",
        [clip["batch"], clip["video_id"], clip["start_pts"], clip["end_pts"]],
    ).fetchall()
    count = min(PICTURES, len(frames))
    chosen = [frames[(2 * i + 1) * len(frames) // (2 * count)][0] for i in range(count)]
    jpegs = connection.execute(
        "SELECT time_s, jpeg FROM keyframes WHERE batch = ? AND video_id = ? AND pts IN (SELECT unnest(?)) ORDER BY pts",
        [clip["batch"], clip["video_id"], chosen],
    ).fetchall()
    crop = clip["crop_x"], clip["crop_y"], clip["crop_width"], clip["crop_height"]
    display = clip["width"], clip["height"]
    cut = [(time - clip["start_s"], small(jpeg, crop, display)) for time, jpeg in jpegs]
    return [(second, jpeg) for second, jpeg in cut if jpeg is not None]


def plays(clip: Mapping[str, Any]) -> str | None:
    """Address of a clip's span, as a media fragment, if a browser on this machine can play it."""
    path = clip["uri"]
    known = {*str(clip["container"]).split(",")} & _CONTAINERS and clip["codec"] in _CODECS
    if not known or path.startswith("s3://") or not Path(path).is_file():
        return None
    formats = _CODECS[clip["codec"]]
    if formats is not None and clip["pixel_format"] not in formats:
        return None
    return f"file://{quote(path)}#t={max(clip['player_start_s'], 0):.3f},{clip['player_end_s']:.3f}"


_CLIPS = """
SELECT
    c.* EXCLUDE (width, height), coalesce(c.width, d.width) AS width, coalesce(c.height, d.height) AS height,
    v.container, v.codec, v.pixel_format, v.file_name, v.benchmark,
    coalesce((
        SELECT min(f.uri) FROM source_files AS f WHERE f.batch = v.batch AND f.content = v.content AND f.current
    ), v.uri) AS uri
FROM clips AS c
SEMI JOIN wanted USING (clip_id)
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
"""
_SCORES = "FROM clip_sheet SEMI JOIN wanted USING (clip_id)"
_VERDICTS = """
SELECT clip_id, tier, verdict, decided_by FROM tier_verdicts SEMI JOIN wanted USING (clip_id)
ORDER BY list_position(['kept', 'undecided', 'dropped'], verdict), tier
"""
