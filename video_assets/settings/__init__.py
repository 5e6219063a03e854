"""Every setting of the platform: described, typed, with defaults for a laptop.

Values come, first match wins, from the environment (``VIDEO_ASSETS_LAKE__ROOT=s3://bucket/lake``), from
``video_assets.toml`` in the working directory (or the file named by ``VIDEO_ASSETS_CONFIG``), and from the defaults
below. Secrets are never settings: S3 keys come from the environment as every AWS client reads them.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from video_assets.settings.auditing import AuditSettings
from video_assets.settings.automating import AutomationSettings
from video_assets.settings.captioning import CaptionerSettings, CaptionSettings
from video_assets.settings.clustering import RaySettings
from video_assets.settings.endpoint import EndpointSettings
from video_assets.settings.judging import TierSettings
from video_assets.settings.measuring import (
    ConceptSettings,
    DuplicateSettings,
    EmbeddingSettings,
    FlowSettings,
    ImageTextSettings,
    ModelSettings,
    OverlaySettings,
    OwnScorerSettings,
    PeopleSettings,
    QualitySettings,
    SafetySettings,
    TextSettings,
)
from video_assets.settings.mixing import DrawSettings
from video_assets.settings.places import (
    FootageSettings,
    LakeSettings,
    RightsSettings,
    S3Settings,
    WatchedFolder,
    WorkerSettings,
)
from video_assets.settings.reading import SettingsError, config_path, read
from video_assets.settings.releasing import ReleaseSettings
from video_assets.settings.reviewing import ReviewSettings
from video_assets.settings.segmenting import ClipSettings, DecodeSettings, ShotSettings, TransitionSettings
from video_assets.settings.signing import SigningSettings
from video_assets.settings.training_text import TrainingTextSettings
from video_assets.settings.vlm_judge import JudgeSettings

_PACKAGE = Path(__file__).parents[1]
_OF_THE_PROJECT = (_PACKAGE.parent / "sql", _PACKAGE / "sql")
"""Where the project's own SQL files are: beside the package, or inside an installed one."""


class Settings(BaseSettings):
    """All sections. Build it with :func:`settings`, or directly in tests."""

    model_config = SettingsConfigDict(
        env_prefix="VIDEO_ASSETS_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    lake: LakeSettings = Field(default_factory=LakeSettings, description="Where tables are kept.")
    s3: S3Settings = Field(default_factory=S3Settings, description="The S3-compatible server.")
    footage: FootageSettings = Field(
        default_factory=FootageSettings, description="Where footage comes from and how it is batched."
    )
    workers: WorkerSettings = Field(default_factory=WorkerSettings, description="The processes that open media.")
    ray: RaySettings = Field(default_factory=RaySettings, description="The Ray cluster of workers.backend = 'ray'.")
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
    flow: FlowSettings = Field(default_factory=FlowSettings, description="Optical flow by a learned model.")
    quality: QualitySettings = Field(default_factory=QualitySettings, description="Technical quality and appeal.")
    embedding: EmbeddingSettings = Field(
        default_factory=EmbeddingSettings, description="Vectors, subjects and copy signatures of clips."
    )
    duplicates: DuplicateSettings = Field(default_factory=DuplicateSettings, description="Near-duplicates.")
    concepts: ConceptSettings = Field(default_factory=ConceptSettings, description="Clusters of clips.")
    tiers: TierSettings = Field(default_factory=TierSettings, description="What a tier's checks warn of.")
    draws: DrawSettings = Field(default_factory=DrawSettings, description="The training mix.")
    captions: CaptionSettings = Field(default_factory=CaptionSettings, description="Who captions which clips.")
    judge: JudgeSettings = Field(
        default_factory=JudgeSettings, description="A model that answers your questions about clips."
    )
    audit: AuditSettings = Field(default_factory=AuditSettings, description="What is found wrong with captions.")
    automation: AutomationSettings = Field(
        default_factory=AutomationSettings, description="When the daemon makes things anew."
    )
    release: ReleaseSettings = Field(
        default_factory=ReleaseSettings, description="What a tier's clips are made into for training."
    )
    training_text: TrainingTextSettings = Field(
        default_factory=TrainingTextSettings, description="Captions to the texts that a model is trained with."
    )
    review: ReviewSettings = Field(
        default_factory=ReviewSettings, description="The page on which people look at clips and judge them."
    )
    signing: SigningSettings = Field(
        default_factory=SigningSettings, description="Who signs the documents of releases."
    )
    scorers: OwnScorerSettings = Field(
        default_factory=OwnScorerSettings, description="Settings of one's own scorers: a section each, by its name."
    )
    scorers_dir: Path | None = Field(
        None, description="Folder with modules of one's own scorers; default: scorers/ in the working directory."
    )
    sql_dir: Path | None = Field(
        None, description="Folder with views/, tiers/ and explore/; default: sql/ of the project."
    )
    own_sql: Path | None = Field(
        None,
        description="Folder with tiers/, policies/, draws/ and explore/ of one's own, which stand beside the project's; default: sql/ in "
        "the working directory, where there is one that is not the project's.",
    )
    ui_path_prefix: str = Field(
        "", pattern=r"^(/[^/\s]+)*$",
        description="What dagster-webserver is given as --path-prefix, such as /dagster, so that pages of the UI find their pictures.",
    )  # fmt: skip

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, config_path())
        return init_settings, env_settings, toml

    @property
    def sql_folder(self) -> Path:
        """The folder with the SQL files: the setting, ``sql/`` beside the package, or the copy inside the wheel."""
        candidates = [self.sql_dir] if self.sql_dir else _OF_THE_PROJECT
        for folder in candidates:
            if (folder / "views").is_dir():
                return folder
        raise FileNotFoundError(
            f"No SQL files in {candidates[0]}; set sql_dir to the folder that holds views/ and tiers/."
        )

    def sql_file(self, name: str) -> Path:
        """A file of the SQL folder; the project's where a folder that ``sql_dir`` names has none of that name."""
        folders = (self.sql_folder, *_OF_THE_PROJECT)
        return next((folder / name for folder in folders if (folder / name).is_file()), self.sql_folder / name)

    @property
    def own_sql_folder(self) -> Path | None:
        """The folder with SQL files of one's own, if there is one."""
        if self.own_sql is not None:
            if not self.own_sql.is_dir():
                raise FileNotFoundError(f"own_sql names {self.own_sql}, which is no folder; make it or name another.")
            return self.own_sql
        # What has views is a whole folder as sql_dir names it.
        usual = Path("sql").absolute()
        return usual if usual.is_dir() and not (usual / "views").is_dir() else None

    def sql_folders(self, kind: str) -> tuple[Path, ...]:
        """The folders with SQL files of a kind (tiers, policies, draws or explore): the project's, and then one's own."""
        folders = (self.sql_folder, self.own_sql_folder)
        return tuple(folder / kind for folder in folders if folder is not None)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once.

    Raises:
        SettingsError: a sentence for each that is wrong, with where it stands.
    """
    return read(Settings)


__all__ = [
    "AuditSettings",
    "AutomationSettings",
    "CaptionSettings",
    "CaptionerSettings",
    "ClipSettings",
    "ConceptSettings",
    "DecodeSettings",
    "DrawSettings",
    "DuplicateSettings",
    "EmbeddingSettings",
    "EndpointSettings",
    "FlowSettings",
    "FootageSettings",
    "ImageTextSettings",
    "JudgeSettings",
    "LakeSettings",
    "ModelSettings",
    "OverlaySettings",
    "PeopleSettings",
    "QualitySettings",
    "RaySettings",
    "ReleaseSettings",
    "ReviewSettings",
    "RightsSettings",
    "S3Settings",
    "SafetySettings",
    "Settings",
    "SettingsError",
    "ShotSettings",
    "SigningSettings",
    "TextSettings",
    "TierSettings",
    "TrainingTextSettings",
    "TransitionSettings",
    "WatchedFolder",
    "WorkerSettings",
    "settings",
]
