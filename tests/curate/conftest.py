from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.place import Place
from tests.tables import TABLES
from video_assets.curate.tiers import Tier, load_tier
from video_assets.curate.verdicts import rules_of, write_outcomes
from video_assets.lake.layout import in_order
from video_assets.lake.schemas import TIER_OUTCOMES
from video_assets.lake.sheet import SHEET, SOURCE, views_of
from video_assets.settings import Settings

SQL = Path(__file__).parents[2] / "sql"

# A clip that every shipped tier keeps (but those of short clips): each test changes what it is about.
VIDEO: dict[str, Any] = {
    "file_name": "harbour.mp4", "container": "mov", "codec": "h264", "width": 1920, "height": 1080, "coded_width": 1920,
    "coded_height": 1080, "rotation": 0, "time_base_num": 1, "time_base_den": 1000, "duration_s": 40.0, "average_fps": 25.0,
    "bit_rate": 5_184_000, "licence": "CC-BY-4.0", "holder": "Harbour Films", "source_url": "https://example.org/harbour",
    "acquired_how": "licensed", "acquired_at": "2025-01-31", "rights_from": "sidecar",
    "licence_as_given": "CC BY 4.0", "domain": "example.org", "consent": "yes", "expires_on": "unknown", "evidence": "unknown",
    "tdm_reservation": "unknown", "aipref_train_ai": "unknown",
}  # fmt: skip
DECODED: dict[str, Any] = {
    "time_base_num": 1,
    "time_base_den": 1000,
    "first_pts": 0,
    "duration_s": 40.0,
    "fps": 25.0,
}
CLIP: dict[str, Any] = {
    "start_pts": 4000, "end_pts": 18_000, "start_s": 4.0, "end_s": 18.0, "player_start_s": 4.0, "player_end_s": 18.0, "duration_s": 14.0, "frames": 350, "fps": 25.0, "crop_x": 0, "crop_y": 0,
    "crop_width": 1920, "crop_height": 1080, "from_source_start": False, "source_truncated": False,
}  # fmt: skip
VISUAL: dict[str, Any] = {"sharpness": 400.0, "luma_mean": 110.0, "black_share": 0.0, "border_share": 0.0}
MOTION: dict[str, Any] = {
    "vmaf_motion": 4.0, "motion_vector": 2.0, "still_share": 0.0, "sudden_changes": 0, "shots_per_second": 0.0,
    "shake": 0.001,
}  # fmt: skip
TEXT: dict[str, Any] = {
    "text_score": 0.0,
    "text_boxes": 0,
    "overlaid_text_boxes": 0,
    "text_share": 0.0,
    "clear_share": 1.0,
}
OVERLAYS: dict[str, Any] = {
    "fixed_share": 0.0, "overlay_share": 0.0, "unmarked_share": 1.0, "layout": "single", "panels": 1,
    "flat_share": 0.1, "clean_edges": 0.02, "few_levels": 0.2, "ruled_edges": 0.01, "drawn": 0.01,
}  # fmt: skip
QUALITY: dict[str, Any] = {"blur": 0.3, "technical_quality": 0.8, "classical_appeal": 0.6}
ROWS = {
    "raw_videos": VIDEO, "rights_signals": {"n": 0, "state": "none"}, "decoded_videos": DECODED, "clips": CLIP, "visual_scores": VISUAL, "motion_scores": MOTION,
    "candidates": {"candidate": True, "why": "possible"},
    "text_scores": TEXT, "safety_scores": {"nsfw_score": 0.01},
    "people_scores": {"faces_max": 0, "face_share_max": 0.0, "faces_frames_share": 0.0}, "overlay_scores": OVERLAYS,
    "quality_scores": QUALITY,
    "duplicate_groups": {"duplicate": False}, "contamination": {"near_benchmark": False},
}  # fmt: skip
NOT_MEASURED = None


class Lake:
    """The tables of ``lake/schemas`` in a connection, filled by hand."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def make(self) -> None:
        """Make the tables and the views; the sheet is a view here, as if it were always up to date."""
        for table in TABLES.values():
            self._write(table.name, table.empty(), "CREATE TABLE {0} AS SELECT * FROM incoming")
        views = views_of(Settings())
        for name in in_order(views):
            self.connection.execute(f"CREATE VIEW {name} AS {views[name]}")
            if name == SOURCE:
                self.connection.execute(f"CREATE VIEW {SHEET} AS FROM {SOURCE}")

    def _write(self, name: str, rows: pl.DataFrame, statement: str) -> None:
        self.connection.register("incoming", rows.to_arrow())
        self.connection.execute(statement.format(name))
        self.connection.unregister("incoming")

    def add(self, name: str, rows: pl.DataFrame) -> None:
        self._write(name, rows, "INSERT INTO {0} BY NAME SELECT * FROM incoming")

    def clip(self, clip_id: str, batch: str = "a", shots: int = 1, **changes: Any) -> None:
        """Add a clip of a video of its own; ``table={...}`` changes that table's row, None leaves it out."""
        keys = {"batch": batch, "clip_id": clip_id, "video_id": f"video of {clip_id}"}
        for name, usual in ROWS.items():
            change = changes.get(name, {})
            if change is not None:
                self.row(name, usual | change | {k: v for k, v in keys.items() if k in TABLES[name].schema})
        for shot in range(shots):
            self.row("shots", {"batch": batch, "video_id": keys["video_id"], "shot": shot})

    def row(self, table: str, row: dict[str, Any]) -> None:
        places = ", ".join("?" * len(row))
        self.connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))

    def judge(self, said: Mapping[str, Sequence[str]]) -> None:
        """Add what people say of clips, each of them another."""
        for clip_id, decisions in said.items():
            for rater, decision in zip(("ann", "bob", "cleo"), decisions, strict=False):
                row = {"review_id": f"{rater} on {clip_id}", "clip_id": clip_id, "rater": rater, "decision": decision}
                self.row("reviews", row | {"part": "1", "judged_at": datetime(2026, 1, 1, tzinfo=UTC)})

    def decide(self, tier: Tier, batches: Sequence[str] = ("a",)) -> pl.DataFrame:
        """Decide a tier on some batches, anew if it was; its verdicts on them, in the order of clips."""
        for table, rows in (
            ("tier_outcomes", outcomes(self.connection, tier, batches)),
            ("tier_rules_history", rules_of(tier)),
        ):
            of = f"tier = ? AND {'version = ?' if table == 'tier_rules_history' else 'batch IN (SELECT unnest(?))'}"
            self.connection.execute(
                f"DELETE FROM {table} WHERE {of}",
                [tier.name, tier.version if table == "tier_rules_history" else list(batches)],
            )
            self.add(table, rows)
        return self.connection.execute(
            "SELECT * FROM tier_verdicts WHERE tier = ? AND batch IN (SELECT unnest(?)) ORDER BY clip_id",
            [tier.name, list(batches)],
        ).pl()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return rows


def outcomes(connection: duckdb.DuckDBPyConnection, tier: Tier, batches: Sequence[str]) -> pl.DataFrame:
    """The outcomes of a tier's rules on some batches, as they are written, in the order of clips."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcomes.parquet"
        written = write_outcomes(connection, tier, batches, path)
        rows = pl.read_parquet(path)
    counted = dict(rows.group_by("batch").len().iter_rows())
    assert {batch: said.clips for batch, said in written.items()} == counted
    assert dict(rows.schema) == dict(TIER_OUTCOMES.schema)
    return rows.sort("clip_id")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a database file with every table and view and no rows; to make them takes longer than most tests."""
    path = tmp_path_factory.mktemp("empty") / "lake.duckdb"
    with duckdb.connect(path) as connection:
        Lake(connection).make()
    return path


@pytest.fixture
def lake(empty_database: Path, tmp_path: Path) -> Iterator[Lake]:
    with duckdb.connect(shutil.copy(empty_database, tmp_path)) as connection:
        yield Lake(connection)


@pytest.fixture
def ducklake(tmp_path: Path) -> Iterator[Lake]:
    """Give the tables in a DuckLake with its catalog in a SQLite file, as the platform keeps them."""
    with Place(tmp_path).quick_lake().cursor() as connection:
        connection.execute(f"DROP TABLE {SHEET}")
        connection.execute(f"CREATE VIEW {SHEET} AS FROM {SOURCE}")
        yield Lake(connection)


def write_tier(root: Path, name: str, rules: str, header: str = "") -> Path:
    path = root / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{header}SELECT\n    clip_id,\n    {rules}\nFROM clip_sheet;\n")
    return path


def make_tier(root: Path, name: str, rules: str, header: str = "") -> Tier:
    return load_tier(write_tier(root, name, rules, header), root)
