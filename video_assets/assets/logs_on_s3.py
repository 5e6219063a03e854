"""Logs on S3 by dagster-aws, and pictures of the lake in Dagster's UI beside them, for a web server on any machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster_aws.s3 import S3ComputeLogManager

from video_assets.assets.logs import OURS, LakeComputeLogManager


class LakeS3ComputeLogManager(S3ComputeLogManager):
    """dagster-aws's ``S3ComputeLogManager``, with its settings, and under the key ``lake`` the lake's pictures."""

    def __init__(self, bucket: str, local_dir: str | None = None, **options: Any) -> None:
        super().__init__(bucket, local_dir, **options)
        # The web server asks this one for whatever is not on S3 as a log.
        self._local_manager = LakeComputeLogManager(self._local_manager._base_dir)

    def cloud_storage_has_logs(self, log_key: Sequence[str], io_type: ComputeIOType, partial: bool = False) -> bool:
        """Whether there is such a log; a picture is none, and is not asked for as one."""
        return log_key[:1] != [OURS] and super().cloud_storage_has_logs(log_key, io_type, partial)
