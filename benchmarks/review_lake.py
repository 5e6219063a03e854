"""A lake as full as one that is worked in: every column of the sheet has a value, every shipped tier its verdicts, beside a draw, two releases, captions and vectors.

Clips that nobody filmed, with one picture for all of them. Each stands in a video of its own, and is the near-duplicate of the one beside it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import cv2
import duckdb
import numpy as np
import tiers as tables
from tiers import TIER, fill

from video_assets.batches.draws import draw_mix
from video_assets.batches.step import Step
from video_assets.batches.tiers import decide
from video_assets.curate.sql_files import note, read_files
from video_assets.curate.tiers import Tier
from video_assets.lake.lake import Lake
from video_assets.lake.sheet import SHEET
from video_assets.lake.sql_text import identifier
from video_assets.measure.models import image_text
from video_assets.measurements import measurements
from video_assets.settings import LakeSettings, ModelSettings, ReviewSettings, Settings

DIMENSIONS, CONCEPTS = 512, 100
RELEASES = ("first", "second")
# What the page shows of a clip, beside what tiers read.
ALSO = {
    "clips": "3000 AS start_pts, 9000 AS end_pts, 0 AS pts_offset, 9.0 AS end_s, 3.0 AS player_start_s, 9.0 AS player_end_s, "
    "0 AS crop_x, 0 AS crop_y, 1920 AS width, 1080 AS height, 150 AS frames, 0 AS stream",
    "raw_videos": "'v' || i || '.mp4' AS file_name, 'v' || i AS content, '/nowhere' AS uri, 1 AS size_bytes, 'mov,mp4' AS container, "
    "'h264' AS codec, 'yuv420p' AS pixel_format",
    "decoded_videos": "1 AS time_base_num, 1000 AS time_base_den, 1920 AS width, 1080 AS height, 1 AS pieces",
    "shots": "3000 AS start_pts, 9000 AS end_pts, 'cut' AS begins",
}
VECTOR = f"list_transform(range({DIMENSIONS}), x -> random()::FLOAT)"
# What a lake has of any clips, and tiers do not read.
OTHERS = {
    "captions": "md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, 'measured' AS captioner, '1' AS version, FALSE AS withdrawn, "
    "TRUE AS current, TRUE AS drawn, 'A clip.' AS short_description, repeat(md5(i::VARCHAR) || ' ', 12) AS dense_description, 12 AS words",
    "source_files": "'/nowhere/v' || i || '.mp4' AS uri, 'v' || i AS content, 1 AS size_bytes, TRUE AS current",
    "clip_embeddings": f"md5(i::VARCHAR) AS clip_id, 'v' || i AS video_id, {VECTOR} AS embedding, {DIMENSIONS} AS dimensions, "
    "'{model}' AS embedding_model, 'e1' AS version",
    "concepts": f"md5(i::VARCHAR) AS clip_id, (i % {CONCEPTS})::INTEGER AS concept, 1.0 AS concept_weight, '1' AS version",
}
# Of each type of column what stands in it where nothing else does; a reason is of what failed.
VALUES = {
    "DOUBLE": "random()", "FLOAT": "random()::FLOAT", "INTEGER": "(1000 * random())::INTEGER", "BIGINT": "(1e6 * random())::BIGINT",
    "BOOLEAN": "random() < 0.5", "VARCHAR": "'word ' || (50 * random())::INTEGER", "VARCHAR[]": "['word']",
    "STRUCT(subject VARCHAR, probability FLOAT)[]": "[{'subject': 'dog', 'probability': 0.5::FLOAT}]",
}  # fmt: skip
# What is not any value: pairs of near-duplicates, and what tiers ask of nearly every clip, of which they would keep none.
OWN = {
    "duplicate_group": "md5((substr(video_id, 2)::BIGINT // 2)::VARCHAR)", "text_read": "md5(random()::VARCHAR)",
    "stereo_mode": "'mono'", "projection": "NULL", "layout": "'single'", "sharpness": "1000 * random()",
    "orientation": "if(random() < 0.7, 'landscape', 'portrait')",
}  # fmt: skip


def settings_of(folder: str, profile: str = "embedded") -> Settings:
    """The settings of the lake, with another profile of models."""
    return Settings(
        lake=LakeSettings(root=folder),
        review=ReviewSettings(fold_seconds=3600),
        models=ModelSettings.model_validate({"profile": profile}),
    )


def made(folder: str, clips: int, batch_clips: int) -> tuple[Lake, Mapping[str, Tier]]:
    """Fill a lake in a folder, or open the one that was filled there.

    Returns:
        The lake, and its tiers.
    """
    lake, filled = Lake(settings_of(folder)), Path(folder) / "filled"
    files = read_files(lake.settings)
    if filled.exists():
        return lake, files.tiers
    rows = {
        table: f"{columns}, {ALSO[table]}" if table in ALSO else columns for table, columns in tables.ROWS.items()
    } | OTHERS
    rows["clip_embeddings"] = rows["clip_embeddings"].format(model=image_text(settings_of(folder, "full").models).name)
    with lake.cursor() as cursor:
        fill(cursor, clips, batch_clips, rows, each=True, sheet=_filled(cursor))
        _add_keyframes(cursor)
        _add_concepts(cursor)
    note(lake)
    step = Step(lake, measurements(lake.settings, files.tiers, files.draws))
    batches = lake.query("SELECT DISTINCT batch FROM clips ORDER BY 1")["batch"].to_list()
    for tier in files.tiers.values():
        decide(step, tier, batches)
    draw_mix(step, files.draws[TIER])
    with lake.cursor() as cursor:
        for number, release in enumerate(RELEASES):
            _add_release(cursor, release, number)
    filled.touch()
    return lake, files.tiers


def _filled(cursor: duckdb.DuckDBPyConnection) -> str:
    """The columns of the sheet, each with a value."""
    columns = cursor.execute(f"DESCRIBE {SHEET}").fetchall()
    replaced = [
        f"coalesce({identifier(name)}, {OWN.get(name, VALUES[kind])})::{kind} AS {identifier(name)}"
        for name, kind, *_ in columns
        if not name.endswith("_reason") and not name.startswith("human_")
    ]
    return f"* REPLACE ({', '.join(replaced)})"


def _add_keyframes(cursor: duckdb.DuckDBPyConnection) -> None:
    """The same picture in every clip."""
    _, jpeg = cv2.imencode(".jpg", np.full((180, 320, 3), 128, np.uint8))
    for (batch,) in cursor.execute("SELECT DISTINCT batch FROM clips ORDER BY batch").fetchall():
        cursor.execute(
            "INSERT INTO keyframes BY NAME SELECT batch, video_id, 5000 AS pts, 5.0 AS time_s, ? AS jpeg FROM clips WHERE batch = ?",
            [jpeg.tobytes(), batch],
        )


def _add_concepts(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute(
        f"INSERT INTO concept_model BY NAME SELECT '' AS batch, i::INTEGER AS concept, {VECTOR} AS centre, 100 AS fitted_clips, "
        f"FALSE AS retired, 'e1' AS embedding_version, '1' AS version FROM range({CONCEPTS}) AS made (i)"
    )


def _add_release(cursor: duckdb.DuckDBPyConnection, name: str, number: int) -> None:
    """Four fifths of what the tier keeps; of two releases three fifths are in both."""
    cursor.execute(
        "INSERT INTO release_clips BY NAME SELECT $name AS release, clip_id, 'train' AS split, md5(clip_id) AS line_sha256 "
        "FROM tier_verdicts WHERE tier = $tier AND kept AND hash(clip_id) % 5 <> $number",
        {"name": name, "tier": TIER, "number": number},
    )
    cursor.execute(
        "INSERT INTO releases BY NAME SELECT $name AS release, 'frozen' AS state, $tier AS tier, "
        "(SELECT count(*) FROM release_clips WHERE release = $name) AS clips",
        {"name": name, "tier": TIER},
    )


def some(lake: Lake, clips: int) -> list[str]:
    """The ids of some clips."""
    found = lake.query("SELECT clip_id FROM clips ORDER BY clip_id")["clip_id"].to_list()
    return random.Random(0).sample(found, min(clips, len(found)))
