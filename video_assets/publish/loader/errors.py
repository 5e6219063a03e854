"""What a loader meets: samples that cannot be used, and shards that are not what the release says."""

from __future__ import annotations

from typing import Literal

Why = Literal["tombstone", "no_media", "decode", "size", "caption", "source"]
"""Why a sample was skipped: its clip was taken down; it could not be cut when the release was made; its pictures cannot be decoded,
or are of another size than the manifest says; its caption has no description; its source is not there or not as it was."""


class ShardError(ValueError):
    """A shard is cut off, altered or not there. Training on what is left of it would be on another release."""


class SampleError(ValueError):
    """A sample cannot be used, and the loader was told to stop at such a one."""


class BadSampleError(ValueError):
    """A sample that cannot be used, while its release is whole.

    Attributes:
        why: in a word.
    """

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why: Why = why

    @property
    def gone(self) -> bool:
        """Whether it is meant not to be there: nothing is wrong with the release."""
        return self.why in ("tombstone", "no_media")
