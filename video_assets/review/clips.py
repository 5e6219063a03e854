"""What the page says of a clip: where it is in its source and how it is played, its picture, and everything that is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from video_assets.curate.why import measured_by
from video_assets.lake.sql_text import in_batches, quoted
from video_assets.look.pictures import small
from video_assets.review.asking import RULES, SHOWN, TIMELINE, Asked, is_of_sheet

PICTURES = 5
"""Of a clip, spread over it."""


@dataclass(frozen=True)
class Clip:
    """Where a clip is, and of what kind its source is.

    Attributes: as the columns of clips, raw_videos and decoded_videos; ``width`` and ``height`` as displayed, bars included. ``uri``,
    ``content`` and ``size_bytes`` are as :func:`found` and :func:`with_source` have them.
    """

    clip_id: str
    batch: str
    video_id: str
    file_name: str
    start_pts: int
    end_pts: int
    pts_offset: int
    time_base_num: int
    time_base_den: int
    start_s: float
    end_s: float
    player_start_s: float
    player_end_s: float
    duration_s: float
    frames: int
    fps: float
    width: int
    height: int
    crop_x: int
    crop_y: int
    crop_width: int
    crop_height: int
    container: str | None
    codec: str | None
    pixel_format: str | None
    mirrored: bool | None
    other_videos: str | None
    pieces: int | None
    stream: int
    uri: str | None = None
    content: str = ""
    size_bytes: int = 0

    @property
    def cropped(self) -> bool:
        """Whether something of the picture is left out."""
        return (self.crop_width, self.crop_height) != (self.width, self.height)

    def second(self, pts: int) -> float:
        """When a pts is shown, in s from the clip's start."""
        return (pts - self.start_pts) * self.time_base_num / self.time_base_den


FACTS = tuple(f.name for f in fields(Clip) if f.name not in ("clip_id", "batch", "video_id"))
"""What the copy of the sheet has of a clip besides the sheet's columns."""
_SOURCE = ("uri", "content", "size_bytes")
_SHOWN = tuple(name for name in FACTS if name not in _SOURCE)
COPIED = ", ".join(f'"clip {name}"' for name in _SHOWN)
"""The columns of the copy in which stands what is shown of a clip."""


def copied(asked: Asked, clips: Sequence[str]) -> dict[str, Clip]:
    """Clips by their ids, as the copy of the sheet has them; those that it does not have are left out."""
    if not clips:
        return {}
    # Written out, and not as a parameter: of one clip DuckDB then reads the one part of the copy that may have it.
    ids = ", ".join(map(quoted, clips))
    rows = asked.rows(f"SELECT clip_id, batch, video_id, {COPIED} FROM {SHOWN} WHERE clip_id IN ({ids})")
    return {clip.clip_id: clip for row in rows if (clip := of_row(row)) is not None}


def of_row(row: Mapping[str, Any]) -> Clip | None:
    """The clip of a row of the copy in which its columns stand; None where the lake did not have it any more."""
    if row["clip start_pts"] is None:
        return None
    named = {name: row[f"clip {name}"] for name in _SHOWN}
    return Clip(clip_id=row["clip_id"], batch=row["batch"], video_id=row["video_id"], **named)


def with_source(asked: Asked, clip: Clip) -> Clip:
    """A clip with where its source is, as the copy has it; else as the lake has it."""
    columns = ", ".join(f'"clip {name}" AS {name}' for name in _SOURCE)
    row = asked.one(f"SELECT {columns} FROM {SHOWN} WHERE clip_id = {quoted(clip.clip_id)}")
    return replace(clip, **row) if row else found(asked, [clip.clip_id], clip.batch).get(clip.clip_id, clip)


def found(asked: Asked, clips: Sequence[str], batch: str | Collection[str] | None = None) -> dict[str, Clip]:
    """Clips by their ids, as the lake has them; those that it does not have are left out.

    Args:
        asked: the lake.
        clips: their ids.
        batch: in which batch they are, or in which batches, where that is known: files of others are not opened then.
    """
    if isinstance(batch, str):
        batches = [batch]
    elif batch is None:
        batches = _batches(asked, clips) if clips else []
    else:
        batches = sorted(batch)
    if not clips or not batches:
        return {}
    rows = asked.rows(f"{clips_of(batches)} AND c.clip_id IN (SELECT unnest($clips))", {"clips": list(clips)})
    # Where its source is now. Asked by itself: as a part of the question above it takes as long as all the rest.
    places = asked.rows(places_of({row["batch"] for row in rows})) if rows else []
    place = {(p["batch"], p["content"]): p["uri"] for p in places}
    return {r["clip_id"]: Clip(**r | {"uri": place.get((r["batch"], r["content"])) or r["uri"]}) for r in rows}


def clips_of(batches: Collection[str]) -> str:
    """The SELECT of the clips of some batches, with the columns of :class:`Clip`; a condition may follow behind AND."""
    # Written out of every table: DuckDB then opens the files of these batches alone.
    return _CLIPS.format(among=" AND ".join(in_batches(batches, f"{table}.batch") for table in "cvd"))


def places_of(batches: Collection[str]) -> str:
    """The SELECT of where the sources of some batches are now: batch, content and uri."""
    return _PLACES.format(here=in_batches(batches))


def is_there(asked: Asked, clip: Clip) -> bool:
    """Whether the lake has a clip at this moment, in the batch in which it was."""
    sql = f"SELECT 1 FROM clips WHERE {in_batches([clip.batch])} AND clip_id = $clip"
    return asked.one(sql, {"clip": clip.clip_id}) is not None


def _batches(asked: Asked, clips: Sequence[str]) -> list[str]:
    """The batches in which some clips are."""
    ids = ", ".join(map(quoted, clips))
    return [row["batch"] for row in asked.rows(f"SELECT DISTINCT batch FROM clips WHERE clip_id IN ({ids})")]


_CLIPS = """
SELECT
    c.clip_id, c.batch, c.video_id, v.file_name, c.start_pts, c.end_pts, c.pts_offset, d.time_base_num, d.time_base_den,
    c.start_s, c.end_s, coalesce(c.player_start_s, c.start_s) AS player_start_s, coalesce(c.player_end_s, c.end_s) AS player_end_s,
    c.duration_s, c.frames, c.fps, coalesce(c.width, d.width) AS width, coalesce(c.height, d.height) AS height,
    c.crop_x, c.crop_y, c.crop_width, c.crop_height,
    v.uri,
    v.content, v.size_bytes, v.container, v.codec, v.pixel_format, v.mirrored, v.other_videos, d.pieces, c.stream
FROM clips AS c
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
WHERE {among} AND c.video_id NOT IN (SELECT video_id FROM tombstones WHERE admitted_at IS NULL)
"""
_PLACES = """
SELECT batch, content, arg_max(uri, (current, uri)) AS uri
FROM source_files WHERE {here} GROUP BY batch, content
"""


def picture(asked: Asked, clip: Clip, number: int) -> bytes | None:
    """One of a clip's pictures, cut to its crop and small, as JPEG; None where no keyframe lies inside it.

    Args:
        asked: the lake.
        clip: the clip.
        number: from 0 to :data:`PICTURES` less one, spread over the clip.
    """
    frame = asked.one(
        _PICTURE.format(here=in_batches([clip.batch])),
        {
            "video": clip.video_id,
            "start": clip.start_pts,
            "end": clip.end_pts,
            "at": 2 * number + 1,
            "of": 2 * PICTURES,
        },
    )
    if frame is None or frame["jpeg"] is None:
        return None
    crop = clip.crop_x, clip.crop_y, clip.crop_width, clip.crop_height
    return small(frame["jpeg"], crop, (clip.width, clip.height))


_PICTURE = """
SELECT jpeg
FROM (
    SELECT jpeg, row_number() OVER (ORDER BY pts) - 1 AS place, count(*) OVER () AS pictures
    FROM keyframes WHERE {here} AND video_id = $video AND pts >= $start AND pts < $end
)
WHERE place = $at * pictures // $of
"""


@dataclass(frozen=True)
class Known:
    """Everything that the lake knows of a clip.

    Attributes:
        sheet: its row of clip_sheet; empty where it has none.
        tiers: of each tier its rules: step, rule, expression, outcome, decided, measured and the tier's verdict, as
            :func:`video_assets.curate.why.why` tells them.
        captions: of each captioner.
        rights: columns of its source's rights.
        shots: of its source, in order, as :data:`LINE` has them.
        siblings: the source's clips, in order, the same.
        copies: near-duplicates: clip_id, batch, file_name, and whether none is better.
    """

    sheet: Mapping[str, Any]
    tiers: Mapping[str, Sequence[Mapping[str, Any]]]
    captions: Sequence[Mapping[str, Any]]
    rights: Mapping[str, Any]
    shots: Sequence[Mapping[str, Any]]
    siblings: Sequence[Mapping[str, Any]]
    copies: Sequence[Mapping[str, Any]]


RIGHTS = (
    "licence", "licence_as_given", "holder", "source_url", "domain", "acquired_how", "acquired_at", "consent", "expires_on",
    "evidence", "rights_from", "training_signal",
)  # fmt: skip


def known(asked: Asked, clip: Clip, judged: Mapping[str, str]) -> Known:
    """Everything that is known of a clip.

    Args:
        asked: the lake.
        clip: the clip.
        judged: what each rater says of it.
    """
    here = in_batches([clip.batch])
    one = {"clip": clip.clip_id}
    row = _row(asked, clip.clip_id)
    sheet = {name: value for name, value in row.items() if is_of_sheet(name)}
    # A clip that has come since the copy was made has its source in the lake alone.
    source = TIMELINE if row else f"({LINE.format(here=here)})"
    line = asked.rows(_ON_LINE.format(line=source, here=here, video=quoted(clip.video_id)))
    return Known(
        sheet=sheet,
        tiers=_why(asked, row, sorted(judged.items())),
        captions=asked.rows(
            f"SELECT captioner, version, winner, short_description, dense_description, background, style, shot_type, lighting, "
            f"atmosphere, camera_motion, reason, message FROM current_captions WHERE {here} AND clip_id = $clip "
            "ORDER BY NOT winner, captioner",
            one,
        ),
        rights={name: sheet.get(name) for name in RIGHTS},
        shots=[part for part in line if part["clip_id"] is None],
        siblings=[part for part in line if part["clip_id"] is not None],
        copies=asked.rows(_COPIES, {"group": sheet.get("duplicate_group")} | one),
    )


def sheet_of(asked: Asked, clip_id: str) -> dict[str, Any]:
    """A clip's row of the sheet; empty where it has none."""
    return {name: value for name, value in _row(asked, clip_id).items() if is_of_sheet(name)}


def _row(asked: Asked, clip_id: str) -> dict[str, Any]:
    return asked.one(f"SELECT * FROM {SHOWN} WHERE clip_id = {quoted(clip_id)}") or {}


def _why(asked: Asked, row: Mapping[str, Any], judged: Sequence[tuple[str, str]]) -> dict[str, list[Mapping[str, Any]]]:
    """Of each tier its rules with their outcomes, by the verdicts that the copy has of the clip."""
    rules = [rule for rule in asked.rows(_RULES) if row.get(f"verdict {rule['tier']}") is not None]
    measured = measured_by([rule["expression"] for rule in rules], row, judged)
    tiers: dict[str, list[Mapping[str, Any]]] = {}
    for rule, read in zip(rules, measured, strict=True):
        tier = rule["tier"]
        outcome = _OUTCOMES[row[f"passed {tier}"][rule["step"] - 1]]
        decided = rule["rule"] == row[f"decided_by {tier}"]
        told = {"verdict": row[f"verdict {tier}"], "outcome": outcome, "decided": decided, "measured": read}
        tiers.setdefault(tier, []).append(rule | told)
    return tiers


LINE = """
SELECT batch, video_id, NULL::VARCHAR AS clip_id, start_pts, end_pts, NULL::DOUBLE AS duration_s, begins FROM shots WHERE {here}
UNION ALL
SELECT batch, video_id, clip_id, start_pts, end_pts, duration_s, NULL AS begins FROM clips WHERE {here}
"""
"""The SELECT of the parts of some sources: shots, which have no ``clip_id``, and clips; ``duration_s`` is a clip's, ``begins`` a shot's."""
_ON_LINE = "SELECT * FROM {line} WHERE {here} AND video_id = {video} ORDER BY start_pts, clip_id"


_OUTCOMES = {True: "passed", False: "failed", None: "undecided"}
_RULES = f"SELECT tier, number AS step, rule, expression FROM {RULES} ORDER BY tier, number"
_COPIES = f"""
SELECT clip_id, batch, file_name, duration_s, min_side, duplicate_of IS NULL AS best
FROM {SHOWN}
WHERE duplicate_group = $group AND clip_id <> $clip
ORDER BY best DESC, clip_id
LIMIT 12
"""


def caption_of(asked: Asked, clip: Clip) -> str:
    """The caption to train on that the clip has now; empty where it has none."""
    return captions_of(asked, [clip]).get(clip.clip_id, "")


def captions_of(asked: Asked, clips: Sequence[Clip]) -> dict[str, str]:
    """The same of several, by clip."""
    if not clips:
        return {}
    # Written out: only then DuckDB looks for the winner of these clips alone.
    ids = ", ".join(quoted(clip.clip_id) for clip in clips)
    rows = asked.rows(
        "SELECT clip_id, dense_description, short_description FROM current_captions "
        f"WHERE {in_batches({c.batch for c in clips})} AND clip_id IN ({ids}) AND winner"
    )
    return {row["clip_id"]: str(row["dense_description"] or row["short_description"] or "") for row in rows}
