"""Settings of the decode, and of how frames become shots and clips.

Steps are the frames that changes are measured on: every frame of up to 34 a second, every second of 60.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from video_assets.settings.section import Section


class DecodeSettings(Section):
    """The one decode pass. Each of these is a parameter of the measurement: changing one makes its rows stale."""

    analysis_long_side: int = Field(
        320, ge=64, le=1280, description="Long side of the every-frame analysis picture, in pixels."
    )
    drawn_short_side: int = Field(
        720,
        ge=64,
        le=2160,
        description="Short side of the larger image that is kept of a keyframe that looks drawn (a page, a screen), in pixels; no "
        "more than the frame's.",
    )
    sample_hz: float = Field(4.0, gt=0, description="Sampled frames per second (sharpness, exposure, bars).")
    camera_hz: float = Field(6.0, gt=0, description="Frames per second between which the camera's motion is measured.")
    sample_short_side: int = Field(360, ge=90, le=1080, description="Short side of a sampled frame, in pixels.")
    keyframe_hz: float = Field(
        1.0, gt=0, description="Sampled frames per second that are kept as images for the models."
    )
    jpeg_quality: int = Field(88, ge=50, le=100, description="JPEG quality of a kept frame.")
    doubt_change: float = Field(
        15.0,
        ge=0,
        description="Least change (0-255) of hue, saturation and luma, weighed by the colour that there is, between adjacent "
        "pictures that leaves 15 of them in doubt, so that a network looks for transitions in them.",
    )
    doubt_histogram: float = Field(
        0.35,
        ge=0,
        le=1,
        description="Least distance of colour histograms 24 steps (0.8 to 1 s of a film or faster) apart that leaves doubt, together "
        "with doubt_distance.",
    )
    doubt_distance: float = Field(
        35.0, ge=0, description="Least mean RGB distance (0-255) of small pictures 24 steps apart that leaves doubt."
    )
    doubt_mixture: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Most that the pictures 0.6 s before and after another may leave unexplained of it, as a share of their "
        "distance, to leave 1.2 s in doubt: a dissolve, a wipe or a push is made of both.",
    )
    profile: Literal["exact", "fast"] = Field(
        "exact", description="'fast' skips the loop filter: about a fifth cheaper, with drift between keyframes."
    )
    max_pixels: int = Field(8192 * 8192, ge=1, description="Largest picture that is opened, in pixels.")


class ShotSettings(Section):
    """Frames to shots. None of these needs a decode: they are applied to what the decode and the network recorded."""

    network: bool = Field(
        True,
        description="Whether TransNetV2 looks at the frames in doubt and its opinion joins the detectors'; else they alone "
        "decide.",
    )
    network_threshold: float = Field(
        0.4, gt=0, lt=1, description="Least TransNetV2 score of a boundary that no detector finds."
    )
    network_veto: float = Field(
        0.05,
        ge=0,
        lt=1,
        description="A detector's boundary at which TransNetV2 looked and scores less than this is none.",
    )

    adaptive_threshold: float = Field(
        3.0, gt=1, description="PySceneDetect AdaptiveDetector: ratio of a frame's change to its neighbours'."
    )
    min_content_change: float = Field(
        15.0,
        ge=0,
        description="AdaptiveDetector: least change (0-255) of hue, saturation and luma at a cut, weighed by the colour that "
        "there is.",
    )
    stitch: bool = Field(
        False,
        description="Whether neighbouring shots are joined again whose pictures at the cut are alike (Panda-70M's stitching, "
        "arXiv 2402.19479, by colours and small pictures in place of its embeddings).",
    )
    stitch_histogram: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Colour histograms 12 steps (about half a second) before and after a cut nearer than this are alike.",
    )
    stitch_distance: float = Field(
        16.0, ge=0, description="Small pictures nearer than this (mean RGB distance, 0-255) are alike; both must be."
    )
    fade_level: float = Field(
        12.0,
        ge=0,
        le=255,
        description="Mean RGB under which the picture is faded out (PySceneDetect ThresholdDetector: 12).",
    )
    min_shot_seconds: float = Field(
        0.2, ge=0, description="Least time between two boundaries: 5 frames of 24 or 25 a second, 12 of 60."
    )
    dissolve_distance: float = Field(
        18.0, ge=0, description="Least luma distance (0-255) between a dissolve's two ends."
    )
    dissolve_detour: float = Field(
        3.0,
        ge=1,
        description="Most that the luma differences of a dissolve's 12 steps add up to, as a multiple of its ends' distance.",
    )
    dissolve_residual: float = Field(
        0.27,
        gt=0,
        le=1,
        description="Most deviation of the middle from the ends' average, as a share of their distance.",
    )
    mixture_residual: float = Field(
        0.4,
        ge=0,
        le=1,
        description="Most that two pictures 1.2 s apart may leave unexplained of the one between them, as a share of their "
        "distance, in a long dissolve, a wipe or a push; 0 looks for none.",
    )
    renamed: ClassVar[Mapping[str, str]] = {"min_shot_frames": "min_shot_seconds"}


class TransitionSettings(Section):
    """The network that looks for transitions in doubtful frames. Each of these is a parameter of the measurement."""

    window: int = Field(
        300, ge=100, le=3000, description="Frames that the network sees at once, 15 of context on either side included."
    )
    precision: Literal["auto", "float32", "bfloat16", "int8"] = Field(
        "auto",
        description="'auto' computes in bfloat16 where the CPU does so in hardware (AMX or AVX-512 BF16) and torch is "
        "installed, scores within 0.12 of float32's; else in int8 where the CPU does that (VNNI), scores within 0.02; the rows "
        "of all three count as one version.",
    )
    cpu_seconds_per_frame: float = Field(
        0.5, gt=0, description="CPU limit of a worker's job: seconds for each frame, beyond workers.cpu_seconds_base."
    )
    renamed: ClassVar[Mapping[str, str]] = {"seconds_per_frame": "cpu_seconds_per_frame"}


BLACK_SHARE = 0.98
"""A frame with this share of dark pixels is black (ffmpeg's blackdetect)."""


class ClipSettings(Section):
    """Shots to clips: lengths, trimming and cropping."""

    min_seconds: float = Field(4.0, gt=0, description="Shortest clip (Movie Gen, arXiv 2410.13720: 4 s).")
    max_seconds: float = Field(16.0, gt=0, description="Longest clip (Movie Gen, arXiv 2410.13720: 16 s).")
    windows: Literal["cover", "one_per_shot"] = Field(
        "cover", description="'cover' tiles a long shot with windows; 'one_per_shot' takes one window of it."
    )
    trim_seconds: float = Field(
        0.12,
        ge=0,
        description="Time dropped beside every boundary: 3 frames of 24 or 25 a second (Step-Video-T2V, arXiv 2502.10248), "
        "8 of 60.",
    )
    sharp_start_seconds: float = Field(
        1.0, ge=0, description="How far a clip's start may move to a clear frame (HunyuanVideo, arXiv 2412.03603)."
    )
    min_bar_share: float = Field(
        0.04, ge=0, lt=0.5, description="Bars narrower than this share of the side are not cropped, in 0-0.5."
    )

    renamed: ClassVar[Mapping[str, str]] = {"trim_frames": "trim_seconds"}

    @model_validator(mode="after")
    def _ordered(self) -> ClipSettings:
        if self.min_seconds > self.max_seconds:
            raise ValueError("clips.min_seconds is above clips.max_seconds; make it smaller.")
        return self
