"""Reads a release for training: once an epoch each, on any ranks and workers, with a record of what was read.

>>> import video_assets.publish.loader as loader
>>> sorted(loader.__all__)[:3]
['BadSampleError', 'ClipBatch', 'ClipBatches']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from video_assets.publish.loader.dataset import ClipBatch, ClipBatches, Loader
    from video_assets.publish.loader.errors import BadSampleError, SampleError, ShardError
    from video_assets.publish.loader.record import RunRecord
    from video_assets.publish.loader.release_folder import ReleaseFolder, open_release
    from video_assets.publish.loader.run_read import merged

__all__ = [
    "BadSampleError",
    "ClipBatch",
    "ClipBatches",
    "Loader",
    "ReleaseFolder",
    "RunRecord",
    "SampleError",
    "ShardError",
    "merged",
    "open_release",
]

_WHERE = {
    "ClipBatch": "dataset", "ClipBatches": "dataset", "Loader": "dataset", "BadSampleError": "errors", "SampleError": "errors",
    "ShardError": "errors", "RunRecord": "record", "merged": "run_read", "ReleaseFolder": "release_folder",
    "open_release": "release_folder",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    # The lake's side of a training run knows the order and the record, and needs no torch for them.
    if name not in _WHERE:
        raise AttributeError(f"{__name__} has no {name}.")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
