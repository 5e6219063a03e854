"""What a folder has come to: what was taken in, what was set aside and why, and what its clips are kept for.

A file is counted where it is now. What is set aside is never less than what failed: it has a row with a reason in
``raw_videos`` or in ``decoded_videos``. Why a decoded video has no clip is told by its shots.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

import polars as pl

from video_assets.footage.listing import PassedOver
from video_assets.lake.lake import Lake
from video_assets.reasons import Reason
from video_assets.settings import ClipSettings
from video_assets.settings.segmenting import BLACK_SHARE
from video_assets.written import counted


@dataclass(frozen=True)
class Result:
    """What the files of a folder have come to.

    Attributes:
        folder: the folder, or s3://bucket/prefix.
        files: how many of its files the lake has.
        videos: different contents among them.
        usable: those that were decoded.
        usable_seconds: their length, in s.
        unfinished: contents that nobody has decoded or set aside, since their batch failed or is not made yet.
        copies: ``file`` of each that has the same bytes as another of them, and that one's as ``same_as``.
        set_aside: ``file``, ``reason``, ``message`` and ``advice`` of each that could not be used.
        without_clip: ``file``, ``duration_s`` and ``why`` of each usable video of which no clip comes.
        clips: clips of these videos.
        clip_seconds: their length, in s.
        tiers: ``tier``, ``kept``, ``undecided`` (clips) and ``kept_s`` of each tier, of these clips; most kept first.
        benchmark: the benchmark of which these are the videos, if they are.
        problems: what went wrong before a file was taken in, as sentences.
        passed_over: what is in the folder and was not taken for footage.
        cpu_seconds: CPU seconds of what was made since ``since``; gpu_seconds: the same of GPUs.
    """

    folder: str
    files: int
    videos: int
    usable: int
    usable_seconds: float
    unfinished: int
    copies: pl.DataFrame
    set_aside: pl.DataFrame
    without_clip: pl.DataFrame
    clips: int
    clip_seconds: float
    tiers: pl.DataFrame
    benchmark: str | None
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    problems: tuple[str, ...] = field(default=())
    passed_over: PassedOver = field(default_factory=PassedOver)

    @property
    def unexpected(self) -> int:
        """Files that were set aside for an error that measuring should not raise: a fault of ours, and no file's."""
        return self.set_aside.filter(pl.col("reason") == Reason.UNEXPECTED_ERROR.value).height

    def as_json(self) -> dict[str, Any]:
        """The same in plain values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values |= {name: v.to_dicts() for name, v in values.items() if isinstance(v, pl.DataFrame)}
        return values | {"passed_over": asdict(self.passed_over)}


def result(
    lake: Lake, folder: str, since: datetime, problems: tuple[str, ...] = (), passed_over: PassedOver | None = None
) -> Result:
    """What the files under a folder have come to.

    Args:
        lake: the lake.
        folder: absolute path, or s3://bucket/prefix.
        since: from when on what was made counts as this run's cost.
        problems: what went wrong before a file was taken in, as sentences.
        passed_over: what is in the folder and was not taken for footage.
    """
    under = f"{folder.rstrip('/')}/"
    videos = lake.query(_VIDEOS, {"under": under})
    good = videos.filter(pl.col("reason").is_null() & pl.col("decoded"))
    aside = videos.filter(pl.col("reason").is_not_null())
    advice = pl.col("reason").map_elements(lambda r: Reason(r).advice, return_dtype=pl.String)
    ids = good.select("batch", "video_id")
    clips = _of(lake, _CLIPS, ids)
    length, count = clips.row(0)
    without = good.filter(pl.col("clips") == 0)
    reasons = reasons_without_clip(lake, without.select("batch", "video_id"))
    cost = lake.query(_COST, {"since": since}).row(0)
    named = videos["benchmark"].drop_nulls().unique().to_list()
    return Result(
        folder=folder,
        files=lake.query(_FILES, {"under": under}).item(),
        videos=videos.height,
        usable=good.height,
        usable_seconds=float(good["duration_s"].sum()),
        unfinished=videos.height - good.height - aside.height,
        copies=lake.query(_COPIES, {"under": under}),
        set_aside=aside.select("file", "reason", "message", advice=advice).sort("file"),
        without_clip=without.select(
            "file", "duration_s", why=pl.Series([reasons[v] for v in without["video_id"]], dtype=pl.String)
        ).sort("file"),
        clips=count,
        clip_seconds=length,
        tiers=_of(lake, _TIERS, ids),
        benchmark=", ".join(named) if named and len(named) == videos["benchmark"].n_unique() else None,
        cpu_seconds=cost[0],
        gpu_seconds=cost[1],
        problems=problems,
        passed_over=passed_over or PassedOver(),
    )  # fmt: skip


def reasons_without_clip(lake: Lake, videos: pl.DataFrame) -> dict[str, str]:
    """Of each decoded video that has no clip, a sentence why; ``videos`` are their ``batch`` and ``video_id``."""
    return why_without_clip(_of(lake, _SHOTS, videos), lake.settings.clips) if videos.height else {}


def why_without_clip(shots: pl.DataFrame, settings: ClipSettings) -> dict[str, str]:
    """Of each video that has no clip, a sentence why. Pure.

    Args:
        shots: of each video a row for every shot, or one with NULL for the shot's columns: ``video_id``, ``video_s``,
            ``frames``, ``corrupt_frames``, ``all_black``, ``shot_s`` and ``trimmed_s``, which is the shot's length without the frames
            beside its boundaries.
        settings: the clips' lengths.
    """
    found = {}
    for (video,), rows in shots.group_by("video_id", maintain_order=True):
        found[str(video)] = _why(rows, settings)
    return found


def _why(shots: pl.DataFrame, settings: ClipSettings) -> str:
    first = shots.row(0, named=True)
    least = f"{settings.min_seconds:g} s (clips.min_seconds)"
    if first["video_s"] < settings.min_seconds:
        return f"It is {first['video_s']:.1f} s long; a clip has at least {least}."
    lengths = shots["shot_s"].drop_nulls()
    if lengths.is_empty():
        if first["corrupt_frames"]:
            return f"It has no shot: {first['corrupt_frames']:,} of its {first['frames']:,} frames are damaged."
        if first["all_black"]:
            return "It has no shot: all of it is black."
        return "It has no shot: all of it are transitions, or pieces between them of a few frames."
    longest, trimmed = float(lengths.max()), float(shots["trimmed_s"].max())  # type: ignore[arg-type]
    if longest < settings.min_seconds:
        many = f"The longest of its {len(lengths)} shots" if len(lengths) > 1 else "Its one shot"
        corrupt = first["corrupt_frames"]
        damaged = f"; {counted(corrupt, 'frame')} {'is' if corrupt == 1 else 'are'} damaged" if corrupt else ""
        return f"{many} has {longest:.1f} s; a clip has at least {least}{damaged}."
    if trimmed < settings.min_seconds:
        without = f"without the {settings.trim_seconds:g} s (clips.trim_seconds) beside each cut"
        return f"Its longest shot has {trimmed:.2f} s {without}; a clip has at least {least}."
    return (
        f"None of its frames begin {settings.min_seconds:g} to {settings.max_seconds:g} s apart within a shot "
        "(clips.min_seconds, clips.max_seconds): each is shown for too long."
    )


def _of(lake: Lake, sql: str, videos: pl.DataFrame) -> pl.DataFrame:
    """A query over some videos."""
    values = {"trim": lake.settings.clips.trim_seconds, "black": BLACK_SHARE}
    with lake.cursor() as cursor:
        cursor.register("chosen", videos.to_arrow(compat_level=pl.CompatLevel.oldest()))
        return cursor.execute(sql, {name: v for name, v in values.items() if f"${name}" in sql} or None).pl()


# A file that was gone when it was to be measured is nowhere now; it counts where it was last.
_THERE = """
WITH gone AS (
    SELECT batch, content FROM raw_videos WHERE reason = 'source_missing'
    UNION
    SELECT r.batch, r.content FROM decoded_videos AS d JOIN raw_videos AS r ON r.batch = d.batch AND r.video_id = d.video_id
    WHERE d.reason = 'source_missing'
),
there AS (
    SELECT s.* FROM source_files AS s WHERE starts_with(s.uri, $under) AND (s.current OR (
        (s.batch, s.content) IN (SELECT (batch, content) FROM gone)
        AND NOT EXISTS (FROM source_files AS o WHERE o.batch = s.batch AND o.content = s.content AND o.current)
    ))
)
"""

_FILES = f"""{_THERE}
SELECT count(*) FILTER (current) + count(DISTINCT content) FILTER (NOT current) FROM there
"""

_COPIES = f"""{_THERE},
places AS (
    SELECT uri[len($under) + 1:] AS file, min(uri[len($under) + 1:]) OVER (PARTITION BY batch, content) AS same_as FROM there
)

SELECT file, same_as FROM places WHERE file <> same_as ORDER BY same_as, file
"""

_VIDEOS = f"""{_THERE},
places AS (
    SELECT batch, content, min(uri[len($under) + 1:]) AS file, any_value(benchmark) AS benchmark
    FROM there GROUP BY batch, content
)

SELECT
    p.batch, p.file, p.benchmark, r.video_id, coalesce(r.reason, d.reason) AS reason, coalesce(r.message, d.message) AS message,
    d.video_id IS NOT NULL AND d.reason IS NULL AS decoded, d.duration_s,
    (SELECT count(*) FROM clips AS c WHERE c.batch = p.batch AND c.video_id = d.video_id) AS clips
FROM places AS p
LEFT JOIN raw_videos AS r ON r.batch = p.batch AND r.content = p.content
LEFT JOIN decoded_videos AS d ON d.batch = r.batch AND d.video_id = r.video_id
-- Objects with the same bytes and other entity tags have one row between them.
WHERE r.video_id IS NOT NULL
    OR NOT EXISTS (FROM materializations AS m WHERE m.asset = 'raw_videos' AND m.batch = p.batch)
"""

_CLIPS = """
SELECT coalesce(sum(c.duration_s), 0) AS seconds, count(*) AS clips
FROM clips AS c SEMI JOIN chosen AS v ON v.batch = c.batch AND v.video_id = c.video_id
"""

_TIERS = """
SELECT
    t.tier,
    count(*) FILTER (t.kept) AS kept,
    count(*) FILTER (t.kept IS NULL) AS undecided,
    coalesce(sum(c.duration_s) FILTER (t.kept), 0) AS kept_s
FROM tier_verdicts AS t
JOIN clips AS c ON c.batch = t.batch AND c.clip_id = t.clip_id
SEMI JOIN chosen AS v ON v.batch = c.batch AND v.video_id = c.video_id
-- A policy says what may be used, and not what is good enough.
WHERE NOT starts_with(t.tier, 'policies/')
GROUP BY t.tier ORDER BY kept_s DESC, t.tier
"""

# How long a shot is without the frames that begin or end too near to its boundaries; the video's own start and end are none.
# frame_signals has the times of every frame. Sums of float seconds may be off by less than a microsecond.
_SHOTS = """
WITH trimmed AS (
    SELECT
        *, if(begins = 'start', start_s, start_s + $trim) - 1e-6 AS from_s,
        if(ends = 'end', end_s, end_s - $trim) + 1e-6 AS to_s
    FROM shots SEMI JOIN chosen USING (batch, video_id)
), kept AS (
    SELECT
        s.batch, s.video_id, s.shot, min(f.time_s) AS first_s,
        if(any_value(s.ends) = 'end', any_value(s.end_s), max(f.time_s)) AS last_s
    FROM trimmed AS s JOIN frame_signals AS f
        ON f.batch = s.batch AND f.video_id = s.video_id AND f.time_s BETWEEN s.from_s AND s.to_s
    GROUP BY ALL
), dark AS (
    SELECT batch, video_id, bool_and(black_share >= $black) AS all_black
    FROM frame_signals SEMI JOIN chosen USING (batch, video_id) GROUP BY ALL
)

SELECT
    d.video_id, d.duration_s AS video_s, d.frames, d.corrupt_frames, coalesce(b.all_black, false) AS all_black, s.duration_s AS shot_s,
    if(s.shot_id IS NULL, NULL, greatest(0, coalesce(k.last_s - k.first_s, 0))) AS trimmed_s
FROM decoded_videos AS d
SEMI JOIN chosen AS v ON v.batch = d.batch AND v.video_id = d.video_id
LEFT JOIN shots AS s ON s.batch = d.batch AND s.video_id = d.video_id
LEFT JOIN kept AS k ON k.batch = s.batch AND k.video_id = s.video_id AND k.shot = s.shot
LEFT JOIN dark AS b ON b.batch = d.batch AND b.video_id = d.video_id
ORDER BY d.video_id, s.start_frame
"""

_COST = """
SELECT coalesce(sum(compute_seconds), 0), coalesce(sum(gpu_seconds), 0) FROM materializations WHERE made_at >= $since
"""
