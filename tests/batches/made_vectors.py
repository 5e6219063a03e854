"""Batches whose clips have vectors by hand, in a lake of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from tests.place import Place
from video_assets.batches.step import Step
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, SOURCE_FILES
from video_assets.measurements import measurements
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS
from video_assets.scorers.motion import MOTION_SCORES

Vector = NDArray[np.float32]


def made_step(folder: Path, **sections: object) -> Step:
    lake = Place(folder).quick_lake(**sections)
    return Step(lake, measurements(lake.settings, {}))


def signature(angle: float) -> Vector:
    """A signature of length 1 whose cosine with another is that of the difference of their angles, in degrees."""
    found = np.zeros(70, np.float32)
    # Even horizontal frequencies: the same in a mirror, as a symmetric picture's.
    found[1], found[3] = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return found


def embed(
    step: Step, batch: str, clips: Mapping[str, Vector], widths: Sequence[int] = (),
    courses: Mapping[str, Vector] = MappingProxyType({}), others: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Put clips with these vectors, as embedding and signature, into a batch; as wide as given, else 1000.

    In ``others`` are more columns of a clip. The clips named in ``courses`` have curves, (3, n), too.
    """
    version = step.version("clip_embeddings")
    keys: list[dict[str, object]] = [{"batch": batch, "clip_id": clip, "video_id": clip} for clip in clips]
    sizes: list[dict[str, object]] = [
        {"crop_width": w, "crop_height": 1000, "duration_s": 5.0} | dict(others.get(clip, {}))
        for clip, w in zip(clips, widths or [1000] * len(clips), strict=True)
    ]
    rows = [
        k | {"embedding": v.tolist(), "copy_signature": v.tolist()} for k, v in zip(keys, clips.values(), strict=True)
    ]
    embeddings = CLIP_EMBEDDINGS.table.frame(rows, version=version)
    motion = MOTION_SCORES.table.frame(
        [
            {"batch": batch, "clip_id": clip, "video_id": clip, "time_course": curves.ravel().tolist()}
            for clip, curves in courses.items()
        ],
        version=step.version("motion_scores"),
    )
    made = [
        Made("source_files", batch, "1", "1", {}, 1),
        step.made("clip_embeddings", batch, embeddings, {}),
    ]
    step.lake.commit(
        [
            Replacement(SOURCE_FILES, [batch], SOURCE_FILES.frame([{"batch": batch, "uri": batch}])),
            Replacement(CLIPS, [batch], CLIPS.frame([k | s for k, s in zip(keys, sizes, strict=True)])),
            Replacement(CLIP_EMBEDDINGS.table, [batch], embeddings),
            Replacement(MOTION_SCORES.table, [batch], motion),
        ],
        made,
        message=batch,
    )  # fmt: skip
