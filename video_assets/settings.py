"""Every setting of the platform: described, typed, with defaults for a laptop.

Values come, first match wins, from the environment (``VIDEO_ASSETS_LAKE__ROOT=s3://bucket/lake``), from
``video_assets.toml`` in the working directory (or the file named by ``VIDEO_ASSETS_CONFIG``), and from the defaults
below. Secrets are never settings: S3 keys come from the environment as every AWS client reads them.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LakeSettings(_Section):
    """Where the tables, their catalog and work in progress live."""

    root: str = Field("lake", description="Where the tables live: a folder or s3://bucket/prefix.")
    catalog: str | None = Field(
        None,
        description="DuckLake's catalog: a SQLite file on a local disk. Default: catalog.sqlite in the root, or "
        "lake-catalog.sqlite in the working directory when the root is on S3.",
    )
    scratch: Path | None = Field(
        None,
        description="Local folder for finished videos of unfinished batches and for files in transit. Default: work/ in the "
        "root, or lake-work/ in the working directory when the root is on S3.",
    )
    lock_timeout_s: float = Field(120.0, gt=0, description="How long a commit waits for the commit lock, in seconds.")

    @property
    def on_s3(self) -> bool:
        return self.root.startswith("s3://")

    @property
    def catalog_path(self) -> Path:
        if self.catalog:
            return Path(self.catalog).absolute()
        return Path("lake-catalog.sqlite").absolute() if self.on_s3 else Path(self.root).absolute() / "catalog.sqlite"

    @property
    def scratch_path(self) -> Path:
        if self.scratch:
            return self.scratch.absolute()
        return Path("lake-work").absolute() if self.on_s3 else Path(self.root).absolute() / "work"


class S3Settings(_Section):
    """The S3-compatible server. Its keys are never settings."""

    endpoint_url: str | None = Field(None, description="Endpoint of an S3-compatible server; none means AWS.")
    region: str = Field("us-east-1", description="Region name sent with every request.")
    path_style: bool = Field(False, description="Bucket in the path, not in the host name (most servers but AWS).")


class RightsSettings(_Section):
    """The rights that a folder's files have when neither a sidecar nor a manifest says otherwise."""

    licence: str | None = Field(None, description="SPDX identifier or name of the licence.")
    holder: str | None = Field(None, description="Who holds the rights.")
    source_url: str | None = Field(None, description="Where the footage was obtained.")
    acquired_how: str | None = Field(
        None, description="Acquisition class, such as licensed, public, user or synthetic."
    )
    acquired_at: str | None = Field(None, description="ISO 8601 date or time of acquisition.")


class WatchedFolder(_Section):
    """A place that the sensor watches, and what holds for the files in it."""

    uri: str = Field(description="A folder or s3://bucket/prefix to watch.")
    recursive: bool = Field(True, description="Whether folders inside are watched too.")
    window_seconds: int | None = Field(
        None,
        gt=0,
        description="For continuous streams of short segment files: files whose modification times fall in the same "
        "window of this many seconds become one batch, once the window has passed.",
    )
    rights: RightsSettings = Field(default_factory=RightsSettings, description="Default rights of files found here.")


class FootageSettings(_Section):
    """Where footage comes from, when a file is complete, and how files become batches."""

    watch: tuple[WatchedFolder, ...] = Field(
        (WatchedFolder(uri="incoming"),), description="Folders and S3 prefixes that the sensor watches."
    )
    suffixes: tuple[str, ...] = Field(
        (
            ".mp4",
            ".m4v",
            ".mov",
            ".mkv",
            ".webm",
            ".avi",
            ".ts",
            ".mts",
            ".m2ts",
            ".mpg",
            ".mpeg",
            ".wmv",
            ".flv",
            ".3gp",
            ".ogv",
            ".mxf",
        ),
        description="File name endings that are taken for footage (any letter case).",
    )
    settle_seconds: float = Field(
        10.0, ge=0, description="A file is complete when its size and time have not changed for this long."
    )
    batch_videos: int = Field(64, ge=1, description="Most videos in one ingest batch.")
    batch_gib: float = Field(64.0, gt=0, description="Most bytes in one ingest batch, in GiB.")
    batch_hours: float = Field(
        24.0, gt=0, description="Most hours in one ingest batch (estimated from the containers' headers)."
    )
    batch_wait_seconds: float = Field(
        30.0, ge=0, description="How long the sensor lets an unfilled batch wait for more files before it goes."
    )
    hash_gib_per_tick: float = Field(8.0, gt=0, description="Most bytes the sensor hashes in one tick, in GiB.")


class WorkerSettings(_Section):
    """The processes that open media: how many, and how far each may go."""

    attempts: int = Field(3, ge=1, le=10, description="How often a transient failure is tried within one run.")
    processes: int | None = Field(None, ge=1, description="Worker processes; default: the usable CPU cores.")
    memory_mib: int = Field(4096, ge=256, description="Memory limit of one worker process, in MiB.")
    seconds_base: float = Field(60.0, gt=0, description="Time limit of one video's decode: the fixed part, in seconds.")
    seconds_per_gib: float = Field(7200.0, gt=0, description="Time limit of one video's decode: seconds for each GiB.")

    def limit(self, size_bytes: int) -> float:
        """Time limit of one video's decode, in s."""
        return self.seconds_base + self.seconds_per_gib * size_bytes / 2**30


class DecodeSettings(_Section):
    """The one decode pass. Each of these is a parameter of the measurement: changing one makes its rows stale."""

    analysis_long_side: int = Field(
        320, ge=64, le=1280, description="Long side of the every-frame analysis picture, in pixels."
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
        description="Least HSV change (0-255) between adjacent small pictures that leaves 15 frames in doubt, so that a "
        "network looks for transitions in them.",
    )
    doubt_histogram: float = Field(
        0.35,
        ge=0,
        le=1,
        description="Least distance of colour histograms 24 frames apart that leaves doubt, together with doubt_distance.",
    )
    doubt_distance: float = Field(
        35.0, ge=0, description="Least mean RGB distance (0-255) of small pictures 24 frames apart that leaves doubt."
    )
    profile: Literal["exact", "fast"] = Field(
        "exact", description="'fast' skips the loop filter: about a fifth cheaper, with drift between keyframes."
    )
    max_pixels: int = Field(8192 * 8192, ge=1, description="Largest picture that is opened, in pixels.")


class ShotSettings(_Section):
    """Frames to shots. None of these needs a decode: they are applied to what the decode and the network recorded."""

    network: bool = Field(
        True,
        description="Whether TransNetV2 looks at the frames in doubt and its opinion joins the detectors'; else they alone "
        "decide.",
    )
    network_threshold: float = Field(
        0.5, gt=0, lt=1, description="Least TransNetV2 score of a boundary that no detector finds."
    )
    network_veto: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="A detector's boundary at which TransNetV2 scores less than this is none.",
    )

    adaptive_threshold: float = Field(
        3.0, gt=1, description="PySceneDetect AdaptiveDetector: ratio of a frame's change to its neighbours'."
    )
    min_content_change: float = Field(15.0, ge=0, description="AdaptiveDetector: least HSV change (0-255) of a cut.")
    stitch: bool = Field(
        False,
        description="Whether neighbouring shots are joined again whose pictures at the cut are alike (Panda-70M's stitching, "
        "arXiv 2402.19479, by colours and small pictures in place of its embeddings).",
    )
    stitch_histogram: float = Field(
        0.3, ge=0, le=1, description="Colour histograms 12 frames before and after a cut nearer than this are alike."
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
    min_shot_frames: int = Field(5, ge=1, description="Least frames between two boundaries.")
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


class TransitionSettings(_Section):
    """The network that looks for transitions in doubtful frames. Each of these is a parameter of the measurement."""

    window: int = Field(
        300, ge=100, le=3000, description="Frames that the network sees at once, 15 of context on either side included."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="'auto' computes in bfloat16 where the CPU does so in hardware (AMX or AVX-512 BF16): twice as fast, "
        "scores within 0.12; the rows of both count as one version.",
    )
    seconds_per_frame: float = Field(
        0.5, gt=0, description="Time limit of a worker's job: seconds for each frame, beyond workers.seconds_base."
    )


class ClipSettings(_Section):
    """Shots to clips: lengths, trimming and cropping."""

    min_seconds: float = Field(4.0, gt=0, description="Shortest clip (Movie Gen, arXiv 2410.13720: 4 s).")
    max_seconds: float = Field(16.0, gt=0, description="Longest clip (Movie Gen, arXiv 2410.13720: 16 s).")
    windows: Literal["cover", "one_per_shot"] = Field(
        "cover", description="'cover' tiles a long shot with windows; 'one_per_shot' takes one window of it."
    )
    trim_frames: int = Field(
        3, ge=0, description="Frames dropped beside every boundary (Step-Video-T2V, arXiv 2502.10248: 3)."
    )
    sharp_start_seconds: float = Field(
        1.0, ge=0, description="How far a clip's start may move to a clear frame (HunyuanVideo, arXiv 2412.03603)."
    )
    min_bar_share: float = Field(
        0.04, ge=0, lt=0.5, description="Bars narrower than this share of the side are not cropped, in 0-0.5."
    )

    @model_validator(mode="after")
    def _ordered(self) -> ClipSettings:
        if self.min_seconds > self.max_seconds:
            raise ValueError("clips.min_seconds is above clips.max_seconds; make it smaller.")
        return self


class ImageTextSettings(_Section):
    """Profile 'full': the image and text towers that encode clips and queries. By default OpenAI's CLIP ViT-B/32."""

    architecture: str = Field(
        "ViT-B-32-quickgelu", description="open_clip's name of it, or a file of such a description in models.folder."
    )
    weights: str | None = Field(None, description="File of other weights in models.folder.")
    sha256: str = Field("", description="SHA-256 of these other weights: what somebody has vouched for.")
    licence: str = Field("unknown", description="SPDX identifier of these other weights' licence.")


class DrawSettings(_Section):
    """Which clips of a tier are drawn into the training mix."""

    seed: int = Field(0, description="Another seed draws other clips.")
    held_out_share: float = Field(
        0.01, ge=0, lt=1, description="Share of the source videos whose clips are held out for evaluation, all of them."
    )


class ModelSettings(_Section):
    """Which models measure, and where their weights are."""

    profile: Literal["embedded", "full"] = Field(
        "embedded",
        description="'embedded': weights that installed packages carry, on a CPU. 'full': larger weights, which "
        "'video-assets models' says how to fetch.",
    )
    folder: Path = Field(Path("models"), description="Where weights are looked for that no package carries.")
    accept: tuple[str, ...] = Field(
        (), description="Names of models that may be used although their licence is not a permissive one."
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
    seconds_per_picture: float = Field(
        10.0, gt=0, description="Time limit of a worker's job: seconds for each picture, beyond workers.seconds_base."
    )


class TextSettings(_Section):
    """Reading text in a clip's keyframes. Each of these is a parameter of the measurement."""

    frames_per_clip: int = Field(4, ge=2, description="Most keyframes of a clip that are read, spread over it.")
    detector_side: int = Field(
        640, ge=160, le=2048, description="Longest side of the picture in which text is looked for, in pixels."
    )


class SafetySettings(_Section):
    """Looking for unsafe pictures among a clip's keyframes."""

    frames_per_clip: int = Field(3, ge=1, description="Most keyframes of a clip that are looked at, spread over it.")


class PeopleSettings(_Section):
    """Looking for faces and persons in a clip's keyframes. Each of these is a parameter of the measurement."""

    frames_per_clip: int = Field(4, ge=1, description="Most keyframes of a clip that are looked at, spread over it.")
    smallest_face: float = Field(
        0.07, gt=0, le=1, description="Side of the smallest face that is looked for, as a share of the short side, 0-1."
    )
    least_face_score: float = Field(
        0.97, ge=0, le=1, description="Least score of a face, 0-1. Drawn animals' faces reach 0.96."
    )
    least_person_score: float = Field(0.6, ge=0, le=1, description="Least score of a person, 0-1 (profile 'full').")


class OverlaySettings(_Section):
    """Looking for what lies on a clip's picture, and for how the picture is divided."""

    frames_per_clip: int = Field(8, ge=4, description="Most keyframes of a clip that are compared, spread over it.")


class QualitySettings(_Section):
    """Technical quality and classical appeal of a clip's keyframes."""

    frames_per_clip: int = Field(3, ge=1, description="Most keyframes of a clip that are looked at, spread over it.")


class EmbeddingSettings(_Section):
    """A clip's vector, its subjects and its copy signature. Each of these is a parameter of the measurement."""

    frames_per_clip: int = Field(
        4, ge=2, description="Keyframes of a clip that are looked at, spread over it; repeated when it has fewer."
    )
    subjects: int = Field(5, ge=1, le=100, description="How many of ImageNet's classes are kept for a clip.")


class DuplicateSettings(_Section):
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


class ConceptSettings(_Section):
    """The clusters of the clips' vectors."""

    most: int = Field(10_000, ge=1, description="Most concepts (HunyuanVideo, arXiv 2412.03603: about 10,000).")
    fewest: int = Field(2, ge=1, description="Fewest concepts, if there are as many clips.")
    fit_clips: int = Field(200_000, ge=1, description="Most clips to which the centres are fitted: an even sample.")
    growth: float = Field(
        2.0, gt=1, description="The centres are fitted anew when there are this many times as many clips as then."
    )


class Settings(BaseSettings):
    """All sections. Build it with :func:`settings`, or directly in tests."""

    model_config = SettingsConfigDict(
        env_prefix="VIDEO_ASSETS_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    lake: LakeSettings = Field(default_factory=LakeSettings, description="Where tables are kept.")
    s3: S3Settings = Field(default_factory=S3Settings, description="The S3-compatible server.")
    footage: FootageSettings = Field(
        default_factory=FootageSettings, description="Where footage comes from and how it is batched."
    )
    workers: WorkerSettings = Field(default_factory=WorkerSettings, description="The processes that open media.")
    decode: DecodeSettings = Field(default_factory=DecodeSettings, description="The one decode pass.")
    shots: ShotSettings = Field(default_factory=ShotSettings, description="Frames to shots.")
    transitions: TransitionSettings = Field(
        default_factory=TransitionSettings, description="The network that looks for transitions."
    )
    clips: ClipSettings = Field(default_factory=ClipSettings, description="Shots to clips.")
    models: ModelSettings = Field(default_factory=ModelSettings, description="Which models measure.")
    text: TextSettings = Field(default_factory=TextSettings, description="Text in the picture.")
    safety: SafetySettings = Field(default_factory=SafetySettings, description="Unsafe pictures.")
    people: PeopleSettings = Field(default_factory=PeopleSettings, description="Faces and persons.")
    overlays: OverlaySettings = Field(default_factory=OverlaySettings, description="Logos, watermarks and collages.")
    quality: QualitySettings = Field(default_factory=QualitySettings, description="Technical quality and appeal.")
    embedding: EmbeddingSettings = Field(
        default_factory=EmbeddingSettings, description="Vectors, subjects and copy signatures of clips."
    )
    duplicates: DuplicateSettings = Field(default_factory=DuplicateSettings, description="Near-duplicates.")
    concepts: ConceptSettings = Field(default_factory=ConceptSettings, description="Clusters of clips.")
    draws: DrawSettings = Field(default_factory=DrawSettings, description="The training mix.")
    sql_dir: Path | None = Field(
        None, description="Folder with views/, tiers/ and explore/; default: sql/ of the project."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, os.environ.get("VIDEO_ASSETS_CONFIG", "video_assets.toml"))
        return init_settings, env_settings, toml

    @property
    def sql_folder(self) -> Path:
        """The folder with the SQL files: the setting, ``sql/`` beside the package, or the copy inside the wheel."""
        package = Path(__file__).parent
        candidates = [self.sql_dir] if self.sql_dir else [package.parent / "sql", package / "sql"]
        for folder in candidates:
            if (folder / "views").is_dir():
                return folder
        raise FileNotFoundError(
            f"No SQL files in {candidates[0]}; set sql_dir to the folder that holds views/ and tiers/."
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once."""
    return Settings()
