"""Places to curate in: a folder with a lake and a Dagster instance of its own, as the command line makes them."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from click.testing import CliRunner

from tests.tables import TABLES
from video_assets import cli
from video_assets.footage.ingest import Stock, take_stock
from video_assets.footage.tick import Cursor
from video_assets.lake.lake import Lake
from video_assets.lake.schemas import PAGES
from video_assets.settings import LakeSettings, S3Settings, Settings, WatchedFolder

if TYPE_CHECKING:
    import dagster as dg

COMMAND = (sys.executable, "-c", "from video_assets.cli import main; main()")
# Few, small and quick, and one of them has no bytes: 3 videos of which 3 clips come.
FEW = ("bunny_720p.mp4", "three_shots_fades.mp4", "passenger_qcif_coarse.mp4", "empty.mp4")


@dataclass(frozen=True)
class Store:
    """Where a lake is kept, if not as the defaults say: its catalog in a file and its files beside it."""

    catalog: str | None = None
    root: str | None = None
    s3: S3Settings | None = None

    def settings(self, folder: Path) -> LakeSettings:
        """Those of a lake whose own folder this is: what is in no other place is in it."""
        if self.root is None:
            return LakeSettings(root=str(folder), catalog=self.catalog)
        catalog = self.catalog or str(folder / "catalog.sqlite")
        return LakeSettings(root=self.root, catalog=catalog, scratch=folder / "work")

    def environment(self, folder: Path) -> dict[str, str]:
        """The same as settings of a command that does not know them by itself, less their common prefix."""
        if self == Store():
            return {}
        places = self.settings(folder)
        found = {
            "LAKE__ROOT": places.root,
            "LAKE__SCRATCH": str(places.scratch_path),
            "LAKE__CATALOG": str(places.catalog),
        }
        if places.catalog is None:
            del found["LAKE__CATALOG"]
        if self.s3:
            found |= {"S3__ENDPOINT_URL": str(self.s3.endpoint_url), "S3__PATH_STYLE": str(self.s3.path_style).lower()}
        return found


@dataclass(frozen=True)
class Place:
    """A working directory with the default settings: ``lake/`` and ``dagster_home/`` are in it."""

    folder: Path
    store: Store = Store()

    @property
    def root(self) -> Path:
        return self.folder / "lake"

    @property
    def home(self) -> Path:
        return self.folder / "dagster_home"

    @property
    def decoded(self) -> Path:
        """Where the videos of unfinished batches are."""
        return self.root / "work" / "decoded"

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of a command that works here; ``settings`` such as ``WORKERS__PROCESSES="1"``."""
        others = {k: v for k, v in os.environ.items() if not k.startswith("VIDEO_ASSETS_")}
        settings = self.store.environment(self.root) | settings
        chosen = {f"VIDEO_ASSETS_{name}": value for name, value in settings.items()}
        # No bar of progress and no warning of a library belongs to what a test reads.
        return others | {"DAGSTER_HOME": str(self.home), "PYTHONWARNINGS": "ignore"} | chosen

    def start(self, *arguments: str, command: Iterable[str] = COMMAND, **settings: str) -> subprocess.Popen[str]:
        """Start a command here, in a process group of its own; no ``curate`` waits to see footage at rest."""
        if arguments[:1] == ("curate",):
            settings = {"FOOTAGE__SETTLE_SECONDS": "0"} | settings
        self.home.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [*command, *arguments], cwd=self.folder, env=self.environment(**settings), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments: str, **settings: str) -> str:
        """What ``video-assets`` prints; it must succeed."""
        started = self.start(*arguments, **settings)
        printed, _ = started.communicate()
        assert started.returncode == 0, printed
        return printed

    def quick_lake(self, **sections: object) -> Lake:
        """The lake, as :meth:`lake` gives it; where there is none, a copy of an empty one, as it takes long to make."""
        if not (self.store.catalog or (self.root / "catalog.sqlite").exists()):
            copy_catalog(empty_lake(), self.root)
        return self.lake(**sections)

    def lake(self, **sections: object) -> Lake:
        places = {"lake": self.store.settings(self.root)} | ({"s3": self.store.s3} if self.store.s3 else {})
        return Lake(Settings(**places, **sections))  # type: ignore[arg-type]

    def instance(self) -> dg.DagsterInstance:
        import dagster as dg

        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.home / "dagster.yaml").exists():
            (self.home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        return dg.DagsterInstance.from_config(str(self.home))

    def copy(self, folder: Path) -> Place:
        """The same in another folder; the copy's catalog refers to the copy's files."""
        shutil.copytree(self.home, folder / "dagster_home")
        ignored = shutil.ignore_patterns("catalog.sqlite*", "work")
        shutil.copytree(self.root, folder / "lake", ignore=ignored)
        copy_catalog(self.root, folder / "lake")
        return Place(folder)


@cache
def empty_lake() -> Path:
    """The folder of an empty lake, made once in this process."""
    folder = Path(tempfile.mkdtemp(prefix="empty-lake-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    Lake(Settings(lake=LakeSettings(root=str(folder)))).cursor().close()
    return folder


def copy_catalog(root: Path, other: Path) -> None:
    """Copy the catalog of the lake at ``root``, which may be open; the copy refers to files at ``other``."""
    other.mkdir(parents=True, exist_ok=True)
    copies = (root / "catalog.sqlite", other / "catalog.sqlite")
    with closing(sqlite3.connect(copies[0])) as old, closing(sqlite3.connect(copies[1])) as new:
        old.backup(new)
        moved = (f"{root}/", f"{other}/")
        new.execute("UPDATE ducklake_metadata SET value = replace(value, ?, ?) WHERE key = 'data_path'", moved)
        new.execute("UPDATE ducklake_data_file SET path = replace(path, ?, ?)", moved)
        new.commit()


def stable(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every table, without what two equal runs may differ in; a run that is killed may leave a page without pictures."""
    return {name: lake.read(t).select(t.stable_columns) for name, t in TABLES.items() if t is not PAGES}


def assert_same(found: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    """Row for row, and no row more."""
    assert {name: rows.height for name, rows in found.items()} == {n: rows.height for n, rows in expected.items()}
    different = [name for name, rows in expected.items() if not rows.equals(found[name])]
    assert different == []


def ledger(lake: Lake) -> dict[str, tuple[str, str]]:
    """When and by which run each asset's batch was made, by ``asset@batch``: what a re-make changes."""
    return {f"{asset}@{batch}": (str(e["made_at"]), e["run_id"]) for (asset, batch), e in lake.made().items()}


def remade(before: dict[str, tuple[str, str]], after: dict[str, tuple[str, str]]) -> set[str]:
    """The assets of which some batch was made anew."""
    return {name.partition("@")[0] for name in after if after[name] != before.get(name)}


def look(
    lake: Lake, *folders: Path | WatchedFolder, now: datetime | None = None, at_once: bool = True,
    cursor: Cursor | None = None, pause: Callable[[float], None] = lambda _: None,
) -> Stock:  # fmt: skip
    """Look at some folders as the command line does, or as the sensor does (``at_once=False``); nobody waits."""
    watched = [f if isinstance(f, WatchedFolder) else WatchedFolder(uri=str(f)) for f in folders]
    return take_stock(lake, watched, cursor or Cursor(), now or datetime.now(UTC), at_once=at_once, pause=pause)


def write_json(path: Path, **content: object) -> None:
    path.write_text(json.dumps(content))


def curate(path: Path | str) -> str:
    """What ``video-assets curate`` prints, run in this process; it must succeed."""
    result = CliRunner().invoke(cli.main, ["curate", str(path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return str(result.output)
