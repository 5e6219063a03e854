"""A small lake of clips that were never decoded, with pictures that tell them apart, and what captions them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import polars as pl

from tests.describe.chat_server import picture_id
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.curate.tiers import load_tiers
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import (
    CAPTIONS,
    CLIPS,
    DECODED_VIDEOS,
    KEYFRAMES,
    RAW_VIDEOS,
    SOURCE_FILES,
    TIER_OUTCOMES,
    Table,
)
from video_assets.measurements import measurements
from video_assets.scorers.motion import MOTION_SCORES
from video_assets.scorers.visual import VISUAL_SCORES
from video_assets.settings import CaptionerSettings, CaptionSettings, LakeSettings, Settings

TIER = "open_sora/256p"
BATCH = "b"
FRAMES = 4


def clip_name(number: int) -> str:
    return f"{number:032x}"


def picture(number: int, frame: int = 0) -> bytes:
    """A JPEG of 64 x 36 pixels of the clip's own colour."""
    pixels = np.full((36, 64, 3), (number * 37 % 256, number * 101 % 256, 60 * frame), np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


def shown_as(number: int) -> str:
    """By what the server knows the clip."""
    return picture_id(picture(number))


def endpoint(url: str, **changes: Any) -> CaptionerSettings:
    usual: dict[str, Any] = {
        "name": "small", "kind": "endpoint", "base_url": url, "model": "vlm-8b", "frames": 2, "retries": 2,
        "longest_wait_s": 0.05, "timeout_s": 20.0,
    }  # fmt: skip
    return CaptionerSettings(**(usual | changes))


@dataclass(frozen=True)
class Clips:
    """A lake of so many clips, of 5 s each, of videos of their own."""

    lake: Lake
    count: int

    @classmethod
    def made(cls, folder: Path, count: int) -> Clips:
        """Write them; every one of them is kept by the tier or undecided."""
        lake = Lake(Settings(lake=LakeSettings(root=str(folder))))
        clips = cls(lake, count)
        frames = [
            {
                "batch": BATCH, "video_id": f"video{n}", "frame": 25 * f, "pts": 1000 * f, "time_s": float(f),
                "width": 64, "height": 36, "jpeg": picture(n, f),
            }
            for n in range(count)
            for f in range(FRAMES)
        ]  # fmt: skip
        table = clips._table
        tables = [
            table(SOURCE_FILES, content=lambda n: f"c{n}", uri=lambda n: f"/film{n}.mp4"),
            table(RAW_VIDEOS, file_name=lambda n: f"film{n}.mp4", width=64, height=36, time_base_num=1,
                  time_base_den=1000, acquired_how="licensed"),
            table(DECODED_VIDEOS, width=64, height=36, first_pts=0, duration_s=5.0, fps=25.0),
            table(CLIPS, start_pts=0, end_pts=5000, start_s=0.0, end_s=5.0, duration_s=5.0, fps=25.0, crop_x=0, crop_y=0,
                  crop_width=64, crop_height=36),
            table(VISUAL_SCORES.table, luma_mean=120.0),
            table(MOTION_SCORES.table, camera_motion="pan_left", camera_confidence=0.9, object_motion=0.02),
            Replacement(KEYFRAMES, [BATCH], KEYFRAMES.frame(frames)),
        ]  # fmt: skip
        lake.commit(tables, [Made("source_files", BATCH, "", "", {}, count)], message="made by hand")
        write_sheet(clips.step(), BATCH)
        return clips

    def _table(self, table: Table, **columns: Any) -> Replacement:
        keys = [{"batch": BATCH, "video_id": f"video{n}", "clip_id": clip_name(n)} for n in range(self.count)]
        rows = [
            {k: v for k, v in row.items() if k in table.schema}
            | {k: v(n) if callable(v) else v for k, v in columns.items()}
            for n, row in enumerate(keys)
        ]
        return Replacement(table, [BATCH], table.frame(rows))

    def only(self, wanted: int) -> Clips:
        """Let the tier drop all but the first so many, and forget every caption."""
        outcomes = self._table(TIER_OUTCOMES, tier=TIER, failed=lambda n: int(n >= wanted), unknown=lambda n: n % 2)
        with self.lake.cursor() as cursor:
            cursor.execute("DELETE FROM materializations WHERE asset = 'captions'")
        self.lake.commit([outcomes, Replacement(CAPTIONS, [BATCH], CAPTIONS.empty())], [], message="as it was")
        return self

    def step(self, *captioners: CaptionerSettings, **changes: Any) -> Step:
        """A step over them; without captioners they are the default ones."""
        chosen = CaptionSettings(**({"captioners": captioners} if captioners else {}), tiers=(TIER,), **changes)
        lake = copy(self.lake)
        lake.settings = self.lake.settings.model_copy(update={"captions": chosen})
        tiers = load_tiers(lake.settings.sql_folder / "tiers")[0]
        return Step(lake, measurements(lake.settings, {TIER: tiers[TIER]}))


def told(step: Step) -> dict[int, tuple[str | None, str | None]]:
    """By clip: the reason and the short description of the current caption of the endpoint."""
    rows = step.lake.query(
        "SELECT clip_id, reason, short_description FROM current_captions WHERE captioner = 'small' ORDER BY clip_id"
    )
    return {int(clip, 16): (reason, said) for clip, reason, said in rows.iter_rows()}


def captions(step: Step) -> pl.DataFrame:
    return step.lake.read(CAPTIONS, [BATCH])
