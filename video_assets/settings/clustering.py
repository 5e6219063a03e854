"""Settings of a Ray cluster: where it is, and what each kind of work may take of it."""

from __future__ import annotations

from collections import Counter
from typing import Self

from pydantic import Field, model_validator

from video_assets.settings.section import Section


class RayShare(Section):
    """What one worker of a kind takes of a node, and how many there may be."""

    cpus: float = Field(1.0, ge=0, description="CPUs of a node that a worker takes.")
    gpus: float = Field(
        0.0, ge=0, description="GPUs of a node that a worker takes; where it is 0.5, two workers share one."
    )
    memory_mib: int | None = Field(
        None, ge=1, description="Memory of a node that a worker takes, in MiB. Default: none is counted."
    )
    resource: str | None = Field(
        None,
        pattern="^[A-Za-z][A-Za-z0-9_-]*$",
        description="A resource of which a worker takes one, by the name that nodes declare it under "
        "(ray start --resources). How many they declare is how many workers they take. Default: none.",
    )
    most: int | None = Field(
        None,
        ge=1,
        description="Most workers at a time: of one run where they open videos, in the cluster where they hold a model. "
        "Default: as many as nodes have room for where they open videos; one a node where they hold a model.",
    )


class NamedRayShare(RayShare):
    """The same of the workers that hold the model of one asset."""

    name: str = Field(
        pattern="^[a-z0-9][a-z0-9_.-]*$",
        description="The asset that is made with the model, such as clip_embeddings; for a local captioner, 'captions'.",
    )


class RaySettings(Section):
    """The Ray cluster of workers.backend = 'ray'. Its nodes need this code, the same settings, the footage and the S3 keys."""

    address: str = Field(
        "auto", min_length=1, description="Address of the cluster. 'auto': the one that this machine belongs to."
    )
    namespace: str = Field(
        "video_assets", min_length=1, description="Name under which the workers that hold models find each other."
    )
    deaths: int = Field(
        2,
        ge=1,
        le=10,
        description="Nodes or workers that may be lost at one video before its rows say so and it is given up in this run.",
    )
    idle_seconds: float = Field(
        300.0,
        gt=0,
        description="How long a worker keeps a model for which there is no work, in seconds. It goes at once where others wait "
        "for what it takes.",
    )
    wait_seconds: float = Field(
        1800.0,
        gt=0,
        description="How long a run waits for a node that has what a worker takes, in seconds; starting one may take minutes.",
    )
    videos: RayShare = Field(default_factory=RayShare, description="Workers that open videos, without a model.")
    models: RayShare = Field(
        default_factory=RayShare, description="Workers that hold a model, each kind of which has no share of its own."
    )
    shares: tuple[NamedRayShare, ...] = Field((), description="Workers that hold the model of one asset.")

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        twice = [name for name, n in Counter(s.name for s in self.shares).items() if n > 1]
        if twice:
            raise ValueError(f"ray.shares has {twice[0]} more than once; leave one of them.")
        return self

    def share(self, asset: str | None) -> RayShare:
        """What a worker that holds an asset's model takes, or one that opens videos (None)."""
        if asset is None:
            return self.videos
        return next((share for share in self.shares if share.name == asset), self.models)
