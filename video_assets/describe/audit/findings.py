"""The audit: what is wrong with a batch's captions, a row per caption and kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import polars as pl

from video_assets.describe.audit.camera_words import contradiction
from video_assets.describe.audit.language import wrong_language
from video_assets.describe.audit.repeated import Text, repetitions
from video_assets.describe.audit.shifted import Shifted, shifted
from video_assets.describe.audit.words import mention_of_frames, quoted_text, refusal
from video_assets.describe.caption import FIELDS
from video_assets.settings.auditing import AuditSettings


class Kind(StrEnum):
    """What can be wrong with a caption; the value is what the table holds."""

    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    SHIFTED = "shifted"
    REFUSAL = "refusal"
    WRONG_LANGUAGE = "wrong_language"
    LENGTH = "length"
    CAMERA_CONTRADICTION = "camera_contradiction"
    MENTIONS_FRAMES = "mentions_frames"
    UNREAD_TEXT = "unread_text"

    @property
    def severity(self) -> str:
        """'wrong': not to be trained on. 'doubtful': to be looked at."""
        return "wrong" if self in _WRONG else "doubtful"


_WRONG = frozenset({Kind.DUPLICATE, Kind.SHIFTED, Kind.REFUSAL, Kind.WRONG_LANGUAGE})
_EVIDENCE_LENGTH = 200

FOUND = {
    "clip_id": pl.String, "captioner": pl.String, "caption_version": pl.String, "kind": pl.String,
    "severity": pl.String, "evidence": pl.String, "other_clip_id": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class Vectors:
    """Vectors of length 1 in one space, float32 (n,): of the clips by clip_id, and of a text."""

    clips: Mapping[str, Any]
    encode_text: Callable[[str], Any]


@dataclass(frozen=True)
class _Finding:
    caption: Mapping[str, Any]
    kind: Kind
    evidence: str
    other_clip_id: str | None = None

    def row(self) -> tuple[str | None, ...]:
        written = self.caption["clip_id"], self.caption["captioner"], self.caption["version"]
        return (*written, self.kind, self.kind.severity, self.evidence[:_EVIDENCE_LENGTH], self.other_clip_id)


def audit(captions: pl.DataFrame, settings: AuditSettings, vectors: Vectors | None = None) -> pl.DataFrame:
    """The findings: the columns of :data:`FOUND`, at most one row per caption and kind.

    Args:
        captions: good captions of a batch, of which each captioner has one a clip: clip_id, captioner, version, the seven
            fields, words, camera_motion (HunyuanVideo's name; NULL where the measurement is not confident), text_boxes
            (pieces of legible text; NULL where nothing was read), shot_id, duplicate_group, video_id and start_pts.
        settings: the limits.
        vectors: of the profile 'full'; without them no shifted captions are found.
    """
    found: dict[tuple[Any, ...], _Finding] = {}
    for _, written in captions.sort("captioner", "clip_id").group_by("captioner", maintain_order=True):
        rows = written.to_dicts()
        for finding in (*_of_each(rows, settings), *_repeated(rows, settings), *_out_of_place(rows, settings, vectors)):
            found.setdefault((*finding.row()[:3], finding.kind), finding)
    return pl.DataFrame([f.row() for f in found.values()], schema=FOUND, orient="row")


def _of_each(rows: list[dict[str, Any]], settings: AuditSettings) -> Iterator[_Finding]:
    """What a caption's own words give away."""
    for row in rows:
        dense, said = row["dense_description"], [row[name] for name in FIELDS if row[name]]
        descriptions = [row["short_description"], dense]
        evidence: dict[Kind, str | None] = {
            Kind.REFUSAL: _first(refusal, said),
            Kind.WRONG_LANGUAGE: wrong_language(dense, settings.language),
            Kind.LENGTH: _length(row["words"], settings),
            Kind.CAMERA_CONTRADICTION: contradiction(" ".join(descriptions), row["camera_motion"]),
            Kind.MENTIONS_FRAMES: _first(mention_of_frames, said),
            Kind.UNREAD_TEXT: _first(quoted_text, descriptions) if row["text_boxes"] == 0 else None,
        }
        if (said_of_camera := evidence[Kind.CAMERA_CONTRADICTION]) is not None:
            evidence[Kind.CAMERA_CONTRADICTION] = f"{said_of_camera} (measured: {row['camera_motion']})"
        yield from (_Finding(row, kind, words) for kind, words in evidence.items() if words is not None)


def _first(find: Callable[[str], str | None], texts: list[str]) -> str | None:
    return next((found for text in texts if (found := find(text)) is not None), None)


def _length(words: int, settings: AuditSettings) -> str | None:
    within = settings.fewest_words <= words <= settings.most_words
    return None if within else f"{words} words; {settings.fewest_words} to {settings.most_words} are wanted"


def _repeated(rows: list[dict[str, Any]], settings: AuditSettings) -> Iterator[_Finding]:
    """What is said of several clips that are neither of one shot nor near-duplicates."""
    by_clip = {row["clip_id"]: row for row in rows}
    kin = ("shot_id", "duplicate_group")
    texts = [
        Text(r["clip_id"], r["dense_description"], frozenset((k, r[k]) for k in kin if r[k] is not None)) for r in rows
    ]
    for found in repetitions(texts, settings.least_jaccard):
        kind = Kind.DUPLICATE if found.exact else Kind.NEAR_DUPLICATE
        other = by_clip[found.other]["dense_description"]
        yield _Finding(by_clip[found.key], kind, f"{found.jaccard:.2f}: {other}", found.other)


def _out_of_place(rows: list[dict[str, Any]], settings: AuditSettings, vectors: Vectors | None) -> Iterator[_Finding]:
    """Captions that fit the neighbouring clip better, in the order of ids and in that of time."""
    rows = [row for row in rows if vectors is not None and row["clip_id"] in vectors.clips]
    if vectors is None or not rows:
        return
    texts = {row["clip_id"]: vectors.encode_text(row["short_description"]) for row in rows}
    best: dict[str, tuple[Shifted, _Finding]] = {}
    for order in (["clip_id"], ["video_id", "start_pts"]):
        placed = sorted(rows, key=lambda row: [row[name] for name in order])
        clips = [row["clip_id"] for row in placed]
        said = np.stack([texts[c] for c in clips]).astype(np.float32)
        shown = np.stack([vectors.clips[c] for c in clips]).astype(np.float32)
        for found in shifted(said, shown, settings.shift_run, settings.shift_gain):
            clip = clips[found.place]
            if clip not in best or found.better > best[clip][0].better:
                told = _Finding(placed[found.place], Kind.SHIFTED, _told(found, placed), clips[found.other])
                best[clip] = found, told
    yield from (finding for _, finding in best.values())


def _told(found: Shifted, placed: list[dict[str, Any]]) -> str:
    said = placed[found.place]["short_description"]
    return f"cosine {found.better:.3f} with the neighbouring clip, {found.own:.3f} with its own: {said}"
