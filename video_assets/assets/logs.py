"""Pictures of the lake in Dagster's UI: its web server gives out the files of a run's logs, and through this class also them.

``dagster.yaml`` names it::

    compute_logs:
      module: video_assets.assets.logs
      class: LakeComputeLogManager

Where that is missing, the UI shows a picture's words in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

import dagster as dg
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._serdes import ConfigurableClassData

from video_assets.lake.files import DataFiles
from video_assets.lake.pages import picture_file
from video_assets.lake.s3 import open_s3
from video_assets.settings import LakeSettings, S3Settings, settings

OURS = "lake"
"""Under which key the lake's pictures are."""


def address(path: str) -> str:
    """Where the UI finds a picture, given by its path in the lake; the web server takes the last part for the ending."""
    place, _, ending = path.removeprefix("pages/").rpartition(".")
    return f"{settings().ui_path_prefix}/logs/{OURS}/{quote(place)}/{ending}"


class LakeComputeLogManager(LocalComputeLogManager):
    """Dagster's logs on local disk, and under the key ``lake`` the lake's pictures, wherever the lake is.

    Args:
        base_dir: where logs are; default: where Dagster keeps them.
    """

    def __init__(self, base_dir: str | None = None, **options: Any) -> None:
        super().__init__(base_dir or "", **options)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {
            "base_dir": dg.Field(dg.StringSource, is_required=False),
            "polling_timeout": dg.Field(float, is_required=False),
        }

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> LakeComputeLogManager:
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        super().register_instance(instance)
        self._base_dir = self._base_dir or instance.storage_directory()

    def get_captured_local_path(self, log_key: Sequence[str], extension: str, partial: bool = False) -> str:
        """Path of a log or of a picture; empty where there is no such picture, which the web server answers with 404."""
        if log_key and log_key[0] == OURS:
            return str(
                picture_file(_files(settings().lake, settings().s3), [*log_key[1:-1], f"{log_key[-1]}.{extension}"])
                or ""
            )
        return str(super().get_captured_local_path(log_key, extension, partial))


@cache
def _files(lake: LakeSettings, s3: S3Settings) -> DataFiles:
    return DataFiles(lake.root, lake.scratch_path, open_s3(s3) if lake.on_s3 else None)
