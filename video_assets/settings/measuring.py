"""Settings of the models and of what is measured with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from video_assets.settings.section import Section


class ImageTextSettings(Section):
    """Profile 'full': the image and text towers that encode clips and queries. By default OpenAI's CLIP ViT-B/32."""

    architecture: str = Field(
        "ViT-B-32-quickgelu", description="open_clip's name of it, or a file of such a description in models.folder."
    )
    weights: str | None = Field(None, description="File of other weights in models.folder.")
    sha256: str = Field("", description="SHA-256 of these other weights: what somebody has vouched for.")
    licence: str = Field("unknown", description="SPDX identifier of these other weights' licence.")


class ModelSettings(Section):
    """Which models measure, and where their weights are."""

    profile: Literal["embedded", "full"] = Field(
        "embedded",
        description="'embedded': weights that installed packages carry, on a CPU. 'full': larger weights, which "
        "'video-assets models' says how to fetch.",
    )
    folder: Path = Field(Path("models"), description="Where weights are looked for that no package carries.")
    accept: tuple[str, ...] = Field(
        (),
        description="Names of models that may be used although their licence is not a permissive one. flow_scores are made "
        "where this names their model.",
    )
    image_text: ImageTextSettings = Field(
        default_factory=ImageTextSettings, description="The image and text towers of the profile 'full'."
    )
    sampled_share: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of the clips that every tier drops without any model, which models measure all the same, so "
        "that thresholds can be judged, in 0-1; 1 measures every clip.",
    )
    cpu_seconds_per_picture: float = Field(
        60.0,
        gt=0,
        description="CPU limit of a worker's job: seconds for each picture, beyond workers.cpu_seconds_base.",
    )
    renamed: ClassVar[Mapping[str, str]] = {"seconds_per_picture": "cpu_seconds_per_picture"}


class TextSettings(Section):
    """Reading text in a clip's keyframes. Each of these is a parameter of the measurement."""

    frames_per_clip: int = Field(4, ge=2, description="Most keyframes of a clip that are read, spread over it.")
    detector_side: int = Field(
        640,
        ge=160,
        le=2048,
        description="Longest side of the picture in which text is looked for, in pixels, of a keyframe with a short side of 360; "
        "of a larger one as much longer.",
    )


class SafetySettings(Section):
    """Looking for unsafe pictures among a clip's keyframes."""

    frames_per_clip: int = Field(3, ge=1, description="Most keyframes of a clip that are looked at, spread over it.")


class PeopleSettings(Section):
    """Looking for faces and persons in a clip's keyframes. Each of these is a parameter of the measurement."""

    frames_per_clip: int = Field(4, ge=1, description="Most keyframes of a clip that are looked at, spread over it.")
    smallest_face: float = Field(
        0.07, gt=0, le=1, description="Side of the smallest face that is looked for, as a share of the short side, 0-1."
    )
    least_face_score: float = Field(
        0.97, ge=0, le=1, description="Least score of a face, 0-1. Drawn animals' faces reach 0.96."
    )
    least_face_score_again: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Least score of a face at the place and in the size of one that least_face_score found in another of the "
        "clip's keyframes, 0-1: faces that speak or turn waver between 0.85 and 1.",
    )
    least_person_score: float = Field(0.6, ge=0, le=1, description="Least score of a person, 0-1 (profile 'full').")


class OverlaySettings(Section):
    """Looking for what lies on a clip's picture, and for how the picture is divided."""

    frames_per_clip: int = Field(8, ge=4, description="Most keyframes of a clip that are compared, spread over it.")


class QualitySettings(Section):
    """Technical quality and classical appeal of a clip's keyframes."""

    frames_per_clip: int = Field(3, ge=1, description="Most keyframes of a clip that are looked at, spread over it.")


class FlowSettings(Section):
    """Optical flow between keyframes and the frames after them (profile 'full', where models.accept names RAFT)."""

    pairs_per_clip: int = Field(4, ge=1, description="Most pairs of a clip that are compared, spread over it.")


class EmbeddingSettings(Section):
    """A clip's vector, its subjects and its copy signature. Each of these is a parameter of the measurement."""

    frames_per_clip: int = Field(
        4, ge=2, description="Keyframes of a clip that are looked at, spread over it; repeated when it has fewer."
    )
    subjects: int = Field(5, ge=1, le=100, description="How many of ImageNet's classes are kept for a clip.")


class DuplicateSettings(Section):
    """Near-duplicates among all clips."""

    min_cosine: float = Field(
        0.99, gt=0, le=1, description="Least cosine of two copy signatures at which clips are near-duplicates."
    )
    min_correlation: float = Field(
        0.85,
        gt=0,
        le=1,
        description="Least correlation of two courses in time at which clips of like structure are near-duplicates too.",
    )
    min_course: float = Field(
        0.9,
        gt=0,
        le=1,
        description="The same of clips whose pictures differ (a logo, bars, a crop) or of which one is faster.",
    )


class OwnScorerSettings(Section):
    """Sections of one's own scorers, by their names; what is in one is looked at by the scorer's own model of it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def of(self, name: str) -> Mapping[str, Any]:
        """What was given for a scorer."""
        found = (self.__pydantic_extra__ or {}).get(name, {})
        return found if isinstance(found, Mapping) else {"": found}


class ConceptSettings(Section):
    """The clusters of the clips' vectors."""

    most: int = Field(10_000, ge=1, description="Most concepts (HunyuanVideo, arXiv 2412.03603: about 10,000).")
    fewest: int = Field(2, ge=1, description="Fewest concepts, if there are as many clips.")
    fit_clips: int = Field(200_000, ge=1, description="Most clips to which the centres are fitted: an even sample.")
    growth: float = Field(
        2.0, gt=1, description="The centres are fitted anew when there are this many times as many clips as then."
    )
