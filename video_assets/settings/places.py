"""Settings of where things are: the lake, the footage, and the processes that open it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator

from video_assets.settings.section import Section

_POSTGRES = ("postgresql://", "postgres://")
# What libpq takes in an address and nobody may read.
_SECRETS = {"password", "sslpassword", "oauth_client_secret"}


def without_secrets(address: str) -> str:
    """An address of a database in PostgreSQL, as it is.

    Raises:
        ValueError: it is none, or has a password in it.
    """
    try:
        parts = urlsplit(address)
        asked = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        secret = parts.password is not None or bool(_SECRETS & asked)
    except ValueError:
        secret, address = False, ""
    if not address.startswith(_POSTGRES):
        raise ValueError("lake.catalog cannot be read as an address; write postgresql://user@host:port/database.")
    if secret:
        raise ValueError(
            "lake.catalog has a password in it, and settings are shown and logged; take it out, and give it by PGPASSWORD, "
            "~/.pgpass or a service file (PGSERVICE)."
        )
    return address


class LakeSettings(Section):
    """Where the tables, their catalog and work in progress live."""

    root: str = Field("lake", description="Where the tables live: a folder or s3://bucket/prefix.")
    catalog: str | None = Field(
        None,
        description="DuckLake's catalog: a SQLite file on a local disk, or postgresql://user@host:port/database for several "
        "machines, whose password is never here: it comes from PGPASSWORD, ~/.pgpass or PGSERVICE. Default: catalog.sqlite in "
        "the root, or lake-catalog.sqlite in the working directory when the root is on S3.",
    )
    scratch: Path | None = Field(
        None,
        description="Local folder for finished videos of unfinished batches and for files in transit. Default: work/ in the "
        "root, or lake-work/ in the working directory when the root is on S3.",
    )
    lock_timeout_s: float = Field(120.0, gt=0, description="How long a commit waits for the commit lock, in seconds.")

    @field_validator("catalog")
    @classmethod
    def _without_secrets(cls, given: str | None) -> str | None:
        return without_secrets(given) if given is not None and given.startswith(_POSTGRES) else given

    @property
    def on_s3(self) -> bool:
        return self.root.startswith("s3://")

    @property
    def in_postgres(self) -> bool:
        return self.catalog is not None and self.catalog.startswith(_POSTGRES)

    @property
    def catalog_path(self) -> Path:
        """The file of a catalog in SQLite.

        Raises:
            ValueError: the catalog is in PostgreSQL.
        """
        if self.in_postgres:
            raise ValueError(f"The catalog is no file but {self.catalog}.")
        if self.catalog:
            return Path(self.catalog).absolute()
        return Path("lake-catalog.sqlite").absolute() if self.on_s3 else Path(self.root).absolute() / "catalog.sqlite"

    @property
    def scratch_path(self) -> Path:
        if self.scratch:
            return self.scratch.absolute()
        return Path("lake-work").absolute() if self.on_s3 else Path(self.root).absolute() / "work"


class S3Settings(Section):
    """The S3-compatible server. Its keys are never settings."""

    endpoint_url: str | None = Field(None, description="Endpoint of an S3-compatible server; none means AWS.")
    region: str = Field("us-east-1", description="Region name sent with every request.")
    path_style: bool = Field(False, description="Bucket in the path, not in the host name (most servers but AWS).")
    attempts: int = Field(
        8, ge=1, le=100, description="How often a request is made that fails in passing, with longer and longer waits."
    )
    silent_seconds: float = Field(
        60.0, gt=0, description="How long a server may say nothing before a request is made again, in seconds."
    )
    spool_gib: float = Field(
        64.0,
        ge=0,
        description="Room in lake.scratch for footage that was fetched, in GiB: where a batch fits, each of its videos is fetched "
        "once on a machine. What is longest unused goes first; 0 keeps nothing.",
    )


class RightsSettings(Section):
    """The rights that a folder's files have when neither a sidecar nor a manifest says otherwise."""

    licence: str | None = Field(None, description="SPDX identifier or name of the licence.")
    holder: str | None = Field(None, description="Who holds the rights.")
    source_url: str | None = Field(None, description="Where the footage was obtained.")
    acquired_how: str | None = Field(
        None, description="Acquisition class, such as licensed, public, user or synthetic."
    )
    acquired_at: str | None = Field(None, description="ISO 8601 date or time of acquisition.")
    consent: str | None = Field(
        None, description="Consent of the people shown: yes, no, or a reference to what they signed."
    )
    expires_on: str | None = Field(None, description="ISO 8601 date of the last day on which the grant holds.")
    evidence: str | None = Field(None, description="Link or reference to what proves the grant.")


class WatchedFolder(Section):
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
    benchmark: str | None = Field(
        None,
        description="Name of the benchmark whose videos these are: they are no footage, and no tier keeps a near-duplicate "
        "of them. An empty name makes videos footage again that were of a benchmark.",
    )


# By the demuxer that reads them (media/containers.py). Endings that are mostly sound or still pictures are left out (.ogg,
# .m4a, .mka, .heic, .avif), as are bare streams without times (.h264, .hevc, .y4m).
SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3gpp", ".3g2", ".f4v", ".mj2", ".mqv", ".insv", ".ismv", ".psp",
    ".mkv", ".webm", ".mk3d",
    ".avi", ".divx",
    ".ts", ".mts", ".m2t", ".m2ts", ".tod", ".tp", ".trp",
    ".mpg", ".mpeg", ".mpe", ".m2p", ".vob", ".mod", ".evo", ".vro",
    ".m1v", ".m2v", ".mpv",
    ".asf", ".wmv", ".flv", ".ogv", ".ogm", ".mxf", ".dv", ".dif", ".ivf", ".gif", ".rm", ".rmvb",
)  # fmt: skip


class FootageSettings(Section):
    """Where footage comes from, when a file is complete, and how files become batches."""

    watch: tuple[WatchedFolder, ...] = Field(
        (WatchedFolder(uri="incoming"),), description="Folders and S3 prefixes that the sensor watches."
    )
    suffixes: tuple[str, ...] = Field(
        SUFFIXES,
        description="File name endings that are taken for footage (any letter case): those that an allowed demuxer reads.",
    )
    settle_seconds: float = Field(
        10.0,
        ge=0,
        description="A file is complete when two looks, so far apart by our own clock, saw the same size and time, in seconds.",
    )
    batch_videos: int = Field(64, ge=1, description="Most videos in one ingest batch.")
    batch_gib: float = Field(64.0, gt=0, description="Most bytes in one ingest batch, in GiB.")
    batch_hours: float = Field(
        24.0, gt=0, description="Most hours in one ingest batch (estimated from the containers' headers)."
    )
    batch_wait_seconds: float = Field(
        # A tick of the sensor is 15 s: of two files that are dropped, the run begins three ticks later at most.
        15.0,
        ge=0,
        description="How long the sensor lets an unfilled batch wait for more files before it goes.",
    )
    hash_gib_per_tick: float = Field(8.0, gt=0, description="Most bytes the sensor hashes in one tick, in GiB.")
    s3_keys_per_tick: int = Field(
        20_000,
        ge=1000,
        description="Most keys of an S3 prefix that the sensor lists in one tick. A prefix of more keys is listed in slices: "
        "what arrives in order of its name is found at once, all else when its slice comes round.",
    )


class WorkerSettings(Section):
    """The processes that open media: how many, and how far each may go."""

    backend: Literal["local", "ray"] = Field(
        "local",
        description="Where a batch's videos and its clips go: 'local', processes on the machine of the run; 'ray', a Ray "
        "cluster (section ray).",
    )
    attempts: int = Field(3, ge=1, le=10, description="How often a transient failure is tried within one run.")
    processes: int | None = Field(None, ge=1, description="Worker processes; default: the usable CPU cores.")
    memory_mib: int = Field(4096, ge=256, description="Memory limit of one worker process, in MiB.")
    idle_seconds: float = Field(
        300.0,
        gt=0,
        description="How long a worker may do nothing before it is taken to hang: seconds in which it uses less than a "
        "thousandth of a CPU.",
    )
    cpu_seconds_base: float = Field(
        60.0,
        gt=0,
        description="CPU limit of one job, be it a file, a video or a model's pictures: the fixed part, in s.",
    )
    cpu_seconds_per_gib: float = Field(
        7200.0, gt=0, description="CPU limit of reading and of decoding a video: seconds for each GiB of it."
    )
    cpu_seconds_per_gigapixel: float = Field(
        100.0,
        gt=0,
        description="CPU limit of decoding a video: seconds for each billion pixels of its declared duration, at 30 frames/s "
        "or more. H.264 costs 2 to 4, AV1 and HEVC of 10 bits about 10.",
    )
    cpu_seconds_per_gigapixel_encoded: float = Field(
        1000.0,
        gt=0,
        description="CPU limit of encoding a release's clips: seconds for each billion pixels of their pictures. x264 takes 5 to "
        "15 with the preset veryfast, and ten times as many with slower.",
    )
    renamed: ClassVar[Mapping[str, str]] = {
        "seconds_base": "cpu_seconds_base",
        "seconds_per_gib": "cpu_seconds_per_gib",
    }
