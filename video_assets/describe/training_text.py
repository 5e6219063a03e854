"""The text with which a model is trained on a clip in one epoch: always another, and always the same again.

>>> clip = CaptionedClip(
...     "0f3a",
...     Caption(
...         short_description="A potter shapes a bowl.",
...         dense_description="A potter leans over a wheel and draws up the wall of a bowl with wet hands.",
...         background="A workshop with shelves of unfired pots",
...         style="documentary",
...         shot_type="Close-up at eye level",
...         lighting="Soft daylight from a window on the left",
...         atmosphere="",
...     ),
...     camera_motion="pan left",
...     fps=16.0,
...     scores={"aesthetic_laion": 5.52, "vmaf_motion": 10.0},
... )
>>> for epoch in range(3):
...     print(training_text(clip, seed=0, epoch=epoch, settings=TrainingTextSettings()))
FPS-16. Pan left. A potter leans over a wheel and draws up the wall of a bowl with wet hands. Documentary. Soft daylight from a window on the left. A workshop with shelves of unfired pots.
FPS-16. Pan left. A potter shapes a bowl.
FPS-16. Pan left. Soft daylight from a window on the left. A workshop with shelves of unfired pots. A potter leans over a wheel and draws up the wall of a bowl with wet hands. Close-up at eye level.

Of the scores, those are said that the settings ask for:

>>> from video_assets.settings.training_text import SaidScore
>>> aesthetic = SaidScore(name="aesthetic score", column="aesthetic_laion")
>>> motion = SaidScore(name="motion score", column="vmaf_motion")
>>> training_text(clip, 1, 0, TrainingTextSettings(short_share=1, prefixes=(), scores=(aesthetic, motion)))
'A potter shapes a bowl. aesthetic score: 5.5, motion score: 10, camera motion: pan left.'
>>> training_text(clip, 1, 0, TrainingTextSettings(short_share=0, drop=1, prefixes=("camera",)))
'Pan left. A potter leans over a wheel and draws up the wall of a bowl with wet hands.'
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from video_assets.describe.caption import FIELDS, Caption
from video_assets.settings.training_text import TrainingTextSettings

_DESCRIPTIONS = ("short_description", "dense_description")
_OTHERS = tuple(name for name in FIELDS if name not in _DESCRIPTIONS)


@dataclass(frozen=True)
class CaptionedClip:
    """What is known of a clip where its text is made.

    Attributes:
        clip_id: the clip.
        caption: of the captioner that is drawn for it.
        camera_motion: its name; None where the measurement is not confident.
        source_tags: from the clip's metadata.
        quality_tags: from its measurements.
        fps: frames/s at which the trainer samples the clip; None: not said.
        scores: by column of clip_sheet; one that was not measured may be missing or None.
    """

    clip_id: str
    caption: Caption
    camera_motion: str | None = None
    source_tags: tuple[str, ...] = ()
    quality_tags: tuple[str, ...] = ()
    fps: float | None = None
    scores: Mapping[str, float | None] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any], fps: float | None, settings: TrainingTextSettings) -> Self:
        """A clip from a good row of ``captions`` that has the score columns of the settings beside its own."""
        return cls(
            row["clip_id"], Caption(**{name: row[name] for name in FIELDS}), row["camera_motion"],
            tuple(row["source_tags"] or ()), tuple(row["quality_tags"] or ()), fps,
            {score.column: row[score.column] for score in settings.scores},
        )  # fmt: skip


def training_text(clip: CaptionedClip, seed: int, epoch: int, settings: TrainingTextSettings) -> str:
    """The clip's text in an epoch; never empty, and the same on every machine.

    Either the short description alone, or the dense one among those of the other fields and tags that are not dropped, in
    any order (HunyuanVideo, arXiv 2412.03603, section 3.2). Before it the frame rate and the camera motion (Movie Gen,
    arXiv 2410.13720), after it the scores (Open-Sora 1.2). A field without a word is left out.

    Args:
        clip: the clip and its caption.
        seed: another seed makes other texts.
        epoch: every epoch makes others too.
        settings: the chances, and what is said beside the description.

    Raises:
        ValueError: the caption's short or dense description is blank.
    """
    if not all(getattr(clip.caption, name).strip() for name in _DESCRIPTIONS):
        raise ValueError(f"The caption of clip {clip.clip_id} has a blank description; have it written again.")
    draw = _Draw(clip.clip_id, seed, epoch)
    short = draw("short") < settings.short_share
    described = [clip.caption.short_description] if short else _long(clip, draw, settings.drop)
    before = (_prefix(clip, name) for name in settings.prefixes)
    sentences = [_sentence(part) for part in (*before, *described) if part]
    return " ".join([*sentences, *_scores(clip, settings)])


@dataclass(frozen=True)
class _Draw:
    """A number of 0-1 for each decision: from a hash, which no version of a library changes."""

    clip_id: str
    seed: int
    epoch: int

    def __call__(self, decision: str) -> float:
        key = json.dumps([self.clip_id, self.seed, self.epoch, decision])
        # 53 bits: as many as a float holds, so that 1 is never reached.
        return (int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) >> 11) / 2**53


def _long(clip: CaptionedClip, draw: _Draw, drop: float) -> list[str]:
    """The dense description and what is kept beside it, shuffled."""
    beside = {name: getattr(clip.caption, name) for name in _OTHERS}
    # The source's frame rate is not the one at which the trainer samples.
    source = [tag for tag in clip.source_tags if not tag.endswith(" fps")]
    beside |= {"source_tags": ", ".join(source), "quality_tags": ", ".join(clip.quality_tags)}
    kept = {name: said for name, said in beside.items() if said.strip() and draw(f"drop {name}") >= drop}
    kept["dense_description"] = clip.caption.dense_description
    return [kept[name] for name in sorted(kept, key=lambda name: draw(f"place {name}"))]


def _prefix(clip: CaptionedClip, name: str) -> str | None:
    if name == "fps":
        return None if clip.fps is None else f"FPS-{round(clip.fps)}"
    return clip.camera_motion


def _scores(clip: CaptionedClip, settings: TrainingTextSettings) -> list[str]:
    """A sentence of the scores that are asked for and measured, and the camera motion where it does not stand before."""
    if not settings.scores:
        return []
    said = {score.name: clip.scores.get(score.column) for score in settings.scores}
    listed = [f"{name}: {value:.1f}".removesuffix(".0") for name, value in said.items() if value is not None]
    if clip.camera_motion and "camera" not in settings.prefixes:
        listed.append(f"camera motion: {clip.camera_motion}")
    return [", ".join(listed) + "."] if listed else []


def _sentence(part: str) -> str:
    """A part with a capital and an end, so that the next one can follow it."""
    part = part.strip()
    part = part[:1].upper() + part[1:]
    return part if part.endswith((".", "!", "?", "…", '."', '!"', '?"')) else f"{part}."
