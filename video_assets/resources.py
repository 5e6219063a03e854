"""Dagster resources: the lake, on local disk or S3 by the settings."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import dagster as dg
from pydantic import Field

from video_assets.lake.lake import Lake
from video_assets.lake.s3 import S3Access, open_s3
from video_assets.settings import S3Settings, Settings, settings


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake of the settings (``video_assets.toml``, ``VIDEO_ASSETS_*``), and the S3 server it may be on."""

    root: str = Field("lake", description="Where the tables live: a folder or s3://bucket/prefix.")
    endpoint_url: str | None = Field(None, description="Endpoint of an S3-compatible server; none means AWS.")
    region: str = Field("us-east-1", description="Region name sent with every S3 request.")
    path_style: bool = Field(False, description="Bucket in the path, not in the host name (most servers but AWS).")

    def open(self) -> Lake:
        """The process's lake. S3 is reached once something turns out to be there."""
        chosen = settings()
        s3 = S3Settings(endpoint_url=self.endpoint_url, region=self.region, path_style=self.path_style)
        lake = chosen.lake.model_copy(update={"root": self.root})
        asked = chosen.model_copy(update={"lake": lake, "s3": s3})
        return _LENT.get(asked) or _lake(asked)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["LakeResource"]:
        """Have a run's pages noted along with its rows, and the last one when the run ends."""
        with self.open().gathering(context.run.run_id if context.run else ""):
            yield self


@contextmanager
def lent(lake: Lake) -> Iterator[None]:
    """Inside the block the resource of these settings gives this lake: it is open already."""
    _LENT[lake.settings] = lake
    try:
        yield
    finally:
        del _LENT[lake.settings]


_LENT: dict[Settings, Lake] = {}


@lru_cache(maxsize=4)
def _lake(chosen: Settings) -> Lake:
    return Lake(chosen, lambda: _access(chosen.s3))


def _access(chosen: S3Settings) -> S3Access:
    """Access through dagster-aws's S3 resource, which has no setting for buckets in the path."""
    if chosen.path_style:
        return open_s3(chosen)
    # Imported here because it takes a second and a lake on local disk needs none of it.
    from dagster_aws.s3 import S3Resource

    s3 = S3Resource(endpoint_url=chosen.endpoint_url, region_name=chosen.region)
    return S3Access(s3.get_client(), chosen.endpoint_url, chosen.region, chosen.path_style)


def resources() -> dict[str, object]:
    """What the definitions hand to assets, checks and sensors."""
    chosen = settings()
    s3 = chosen.s3
    return {
        "lake": LakeResource(
            root=chosen.lake.root, endpoint_url=s3.endpoint_url, region=s3.region, path_style=s3.path_style
        )
    }
