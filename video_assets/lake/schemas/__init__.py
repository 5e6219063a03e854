"""The lake's tables: every column with its type, meaning, unit and range.

The platform's own; each scorer declares its table (:mod:`video_assets.scorer`). One declaration serves the Parquet files, DuckLake's table definitions, the column schemas in Dagster's UI and the
README. Times are exact presentation timestamps (``*_pts``, in the stream's time base) with seconds beside them for
people; shares are in 0-1; picture coordinates are pixels of the picture as displayed, turned and mirrored.
"""

from __future__ import annotations

from video_assets.lake.schemas.captions import CAPTIONS
from video_assets.lake.schemas.content import (
    CONCEPT_MODEL,
    CONCEPTS,
    CONTAMINATION,
    DUPLICATE_GROUPS,
    NEAR_DUPLICATES,
)
from video_assets.lake.schemas.decisions import (
    DRAWS,
    DRAWS_HISTORY,
    FAILED_ATTEMPTS,
    MATERIALIZATIONS,
    TIER_FILES,
    TIER_OUTCOMES,
    TIER_RULES,
    TIER_RULES_HISTORY,
    TIER_VERDICTS,
    TIER_VERDICTS_HISTORY,
)
from video_assets.lake.schemas.findings import CAPTION_FINDINGS
from video_assets.lake.schemas.footage import (
    DECODED_VIDEOS,
    FLOW_FRAMES,
    FRAME_SIGNALS,
    KEYFRAMES,
    PICTURE,
    RAW_VIDEOS,
    RIGHTS,
    SOURCE_FILES,
)
from video_assets.lake.schemas.pages import PAGES
from video_assets.lake.schemas.releases import RELEASE_CLIPS, RELEASE_FILES, RELEASES
from video_assets.lake.schemas.reviews import REVIEWS
from video_assets.lake.schemas.rights import RIGHTS_SIGNALS
from video_assets.lake.schemas.scores import CANDIDATES
from video_assets.lake.schemas.segments import CLIPS, SHOT_FRAMES, SHOTS, TRANSITION_SCORES
from video_assets.lake.schemas.table import Column, Table
from video_assets.lake.schemas.takedowns import COPY_CHECKS, TAKEDOWNS, TOMBSTONE_CLIPS, TOMBSTONES
from video_assets.lake.schemas.training import TRAINING_CLIPS, TRAINING_READS, TRAINING_RUNS, TRAINING_SKIPS

# Those of scorers are declared with them (video_assets/scorers).
TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        SOURCE_FILES,
        RAW_VIDEOS,
        RIGHTS_SIGNALS,
        DECODED_VIDEOS,
        FRAME_SIGNALS,
        KEYFRAMES,
        SHOT_FRAMES,
        FLOW_FRAMES,
        TRANSITION_SCORES,
        SHOTS,
        CLIPS,
        COPY_CHECKS,
        CANDIDATES,
        NEAR_DUPLICATES,
        DUPLICATE_GROUPS,
        CONTAMINATION,
        CONCEPT_MODEL,
        CONCEPTS,
        TIER_FILES,
        TIER_RULES_HISTORY,
        TIER_OUTCOMES,
        DRAWS_HISTORY,
        CAPTIONS,
        CAPTION_FINDINGS,
        RELEASES,
        RELEASE_CLIPS,
        RELEASE_FILES,
        TRAINING_RUNS,
        TRAINING_READS,
        TRAINING_SKIPS,
        TRAINING_CLIPS,
        REVIEWS,
        TAKEDOWNS,
        TOMBSTONES,
        TOMBSTONE_CLIPS,
        PAGES,
        FAILED_ATTEMPTS,
        MATERIALIZATIONS,
    )
}

__all__ = [
    "CANDIDATES",
    "CAPTIONS",
    "CAPTION_FINDINGS",
    "CLIPS",
    "CONCEPTS",
    "CONCEPT_MODEL",
    "CONTAMINATION",
    "COPY_CHECKS",
    "DECODED_VIDEOS",
    "DRAWS",
    "DRAWS_HISTORY",
    "DUPLICATE_GROUPS",
    "FAILED_ATTEMPTS",
    "FLOW_FRAMES",
    "FRAME_SIGNALS",
    "KEYFRAMES",
    "MATERIALIZATIONS",
    "NEAR_DUPLICATES",
    "PAGES",
    "PICTURE",
    "RAW_VIDEOS",
    "RELEASES",
    "RELEASE_CLIPS",
    "RELEASE_FILES",
    "REVIEWS",
    "RIGHTS",
    "RIGHTS_SIGNALS",
    "SHOTS",
    "SHOT_FRAMES",
    "SOURCE_FILES",
    "TABLES",
    "TAKEDOWNS",
    "TIER_FILES",
    "TIER_OUTCOMES",
    "TIER_RULES",
    "TIER_RULES_HISTORY",
    "TIER_VERDICTS",
    "TIER_VERDICTS_HISTORY",
    "TOMBSTONES",
    "TOMBSTONE_CLIPS",
    "TRAINING_CLIPS",
    "TRAINING_READS",
    "TRAINING_RUNS",
    "TRAINING_SKIPS",
    "TRANSITION_SCORES",
    "Column",
    "Table",
]
