"""What tests compare of a batch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from video_assets.publish.loader import ClipBatch

Said = Mapping[str, Any]


def said_of(batch: ClipBatch) -> dict[str, Any]:
    """The batch with the hash of its frames in their place."""
    frames = batch["frames"]
    pixels = hashlib.sha256(frames.numpy().tobytes()).hexdigest()
    return {**batch, "frames": pixels, "shape": list(frames.shape)}


def times_read(batches: Iterable[Said]) -> Counter[tuple[int, str]]:
    """How often each clip was read in each epoch."""
    return Counter((e, c) for batch in batches for e, c in zip(batch["epoch"], batch["clip_id"], strict=True))
