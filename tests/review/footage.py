"""A small lake of every kind of source that a browser plays or does not, and of thirty clips to judge: measured without any model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from tests.cheaply import measure_cheaply
from tests.media.video_files import ffmpeg, synthetic
from tests.place import Place, look
from tests.tables import TABLES
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.batches.tiers import decide
from video_assets.curate.sql_files import read_files
from video_assets.curate.tiers import Tier
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.plan import SHARED
from video_assets.lake.schemas import CAPTIONS, CONCEPT_MODEL, CONCEPTS, CONTAMINATION
from video_assets.measurements import measurements
from video_assets.settings import ClipSettings, DecodeSettings, ReviewSettings, ShotSettings, WorkerSettings

TIER = "team/usable"
RULES = """-- title: What a team can use
-- description: A tier of the tests.
SELECT
    clip_id,

    -- Whole seconds (ours).
    duration_s >= 1.5 AS long_enough,

    -- Not dark (ours).
    luma_mean >= 60 AS bright
FROM clip_sheet;
"""
MARKUP = "<img src=x onerror=alert(1)>"
"""In a file's name and in a caption."""
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-bf", "2")
MOVING = "testsrc2=size=256x144:rate=25:duration=3"


def _plain(path: Path) -> None:
    synthetic(path, MOVING, *H264)


def _turned(path: Path) -> None:
    synthetic(path, MOVING, "-vf", "hue=h=90", *H264)


def _variable(path: Path) -> None:
    synthetic(path, MOVING, "-vf", "select='not(mod(n,7)*mod(n,5))+lt(n,40)'", "-fps_mode", "vfr", *H264)


def _rotated(path: Path) -> None:
    upright = synthetic(path.with_suffix(".whole.mp4"), MOVING, *H264)
    ffmpeg("-display_rotation", "90", "-i", upright, "-c", "copy", path)
    upright.unlink()


def _barred(path: Path) -> None:
    synthetic(path, MOVING, "-vf", "pad=256:208:0:32:black", *H264)


def _hevc(path: Path) -> None:
    synthetic(
        path, MOVING, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-x265-params", "log-level=none"
    )


def _prores(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le")


def _mpeg2(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "mpeg2video", "-q:v", "4", "-g", "12", "-bf", "2")


def _ten_bit(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")


def _avi(path: Path) -> None:
    synthetic(path, MOVING, "-c:v", "mpeg4", "-q:v", "4", "-g", "12", "-bf", "2")


def _long(path: Path) -> None:
    synthetic(path, "testsrc2=size=256x144:rate=25:duration=68", *H264)


PLAYED: Mapping[str, Callable[[Path], None]] = {
    "plain.mp4": _plain, "variable.mp4": _variable, "rotated.mp4": _rotated, "barred.mp4": _barred,
    f"{MARKUP}.mp4": _turned, "long.mp4": _long,
}  # fmt: skip
ENCODED: Mapping[str, Callable[[Path], None]] = {
    "hevc.mp4": _hevc, "prores.mov": _prores, "mpeg2.ts": _mpeg2, "ten.mp4": _ten_bit, "dts.avi": _avi,
}  # fmt: skip


def fill(place: Place, folder: Path, **review: object) -> Lake:
    """Make the files in a folder, and a lake of their clips with a tier's verdicts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in ({**PLAYED, **ENCODED}).items():
        make(folder / name)
    place.home.mkdir(parents=True, exist_ok=True)
    own = place.folder / "sql" / "tiers" / "team"
    own.mkdir(parents=True, exist_ok=True)
    (own / "usable.sql").write_text(RULES)
    lake = lake_of(place, **review)
    step = Step(lake, measurements(lake.settings, tiers_of(lake)))
    [batch] = look(lake, folder).batches
    measure_cheaply(step, batch)
    # Whether a benchmark has them is what every tier asks; here is none.
    clips = lake.query("SELECT batch, clip_id, video_id FROM clips").sort("clip_id")
    near = CONTAMINATION.frame(clips.drop("video_id"), near_benchmark=False, version="1")
    said = CAPTIONS.frame(
        clips, captioner="tester", version="1", withdrawn=False, current=True, drawn=True,
        short_description="Bars.", dense_description=f"Bars move. {MARKUP}", words=2,
    )  # fmt: skip
    lake.commit(
        [Replacement(CONTAMINATION, [batch], near), Replacement(CAPTIONS, [batch], said)], [], message="by hand"
    )
    write_sheet(step, batch)
    for tier in tiers_of(lake).values():
        decide(step, tier, [batch])
    return lake


def lake_of(place: Place, **review: object) -> Lake:
    """The lake in a place, with short clips and one worker."""
    return place.quick_lake(
        shots=ShotSettings(network=False), clips=ClipSettings(min_seconds=1.5, max_seconds=2.0, sharp_start_seconds=0.0),
        decode=DecodeSettings(), workers=WorkerSettings(processes=2), own_sql=place.folder / "sql",
        review=ReviewSettings(**({"fold_seconds": 3600.0} | review)),
    )  # fmt: skip


def tiers_of(lake: Lake) -> Mapping[str, Tier]:
    """The tests' tier alone, as that is all the measurements are good for."""
    return {name: tier for name, tier in read_files(lake.settings).tiers.items() if name == TIER}


def clip_of(lake: Lake, name: str) -> str:
    """The first clip of a file."""
    found = lake.query(
        "SELECT c.clip_id FROM clips AS c JOIN raw_videos AS v USING (video_id) WHERE v.file_name = ? ORDER BY c.start_pts",
        [name],
    )
    return str(found["clip_id"][0])


def clips(lake: Lake) -> pl.DataFrame:
    """Every clip with its file's name."""
    return lake.query(
        "SELECT c.*, v.file_name FROM clips AS c JOIN raw_videos AS v USING (video_id) ORDER BY v.file_name, c.start_pts"
    )


def on_map(lake: Lake) -> None:
    """Have embeddings of four concepts, which differ in two of three numbers."""
    embeddings = TABLES["clip_embeddings"]
    clips = lake.query("SELECT batch, clip_id, video_id FROM clips ORDER BY clip_id")
    centres = [[0.0, 0.0, 1.0], [4.0, 0.0, 1.0], [0.0, 2.0, 1.0], [4.0, 2.0, 1.0]]
    of = [n % 4 for n in range(clips.height)]
    columns: dict[str, list[Any]] = {"embedding": [centres[n] for n in of], "dimensions": [3] * len(of)}
    rows = embeddings.frame(clips.with_columns(**{k: pl.Series(v) for k, v in columns.items()}), version="e1")
    model = CONCEPT_MODEL.frame(
        pl.DataFrame({"concept": range(4), "centre": centres, "fitted_clips": [11] * 4}),
        batch=SHARED, retired=False, embedding_version="e1", version="1",
    )  # fmt: skip
    concepts = CONCEPTS.frame(clips.drop("video_id").with_columns(concept=pl.Series(of)), version="1")
    batch = clips["batch"][0]
    lake.commit(
        [Replacement(embeddings, [batch], rows), Replacement(CONCEPT_MODEL, [SHARED], model), Replacement(CONCEPTS, [batch], concepts)],
        [], message="by hand",
    )  # fmt: skip
