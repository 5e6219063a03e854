"""Releases of tiny clips, made as a release's folder is: two buckets, a shard for each few clips, manifest, index and texts."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import polars as pl

from video_assets.publish.canonical import Hash, line
from video_assets.publish.loader.frames import Window, decode
from video_assets.publish.manifest import LINES, SCHEMA, TABLE
from video_assets.publish.release_files import INDEX, SUMMARY
from video_assets.publish.shards import Sample, pack, plan
from video_assets.settings.training_text import TrainingTextSettings

BASE = Fraction(1, 12800)
RATE = 16
SIZES = ((64, 48), (48, 64))
TEXTS = TrainingTextSettings()


class Made(NamedTuple):
    """A release on disk: its folder, its manifest, its index as a table, and each clip's media file."""

    folder: Path
    rows: pl.DataFrame
    places: pl.DataFrame
    media: dict[str, bytes]

    @property
    def ids(self) -> list[str]:
        return self.rows.filter(split="train")["clip_id"].to_list()

    def place(self, clip: str) -> tuple[Path, int, int]:
        """Shard, first byte and bytes of a clip's media file."""
        row = self.places.row(by_predicate=pl.col("clip_id") == bytes.fromhex(clip), named=True)
        return self.folder / row["shard"], row["offset"], row["bytes"]


def clip_id(number: int) -> str:
    return hashlib.sha256(f"clip {number}".encode()).hexdigest()[:32]


def film(size: tuple[int, int], frames: int, seed: int, times: Sequence[int] | None = None, gop: int = 8) -> bytes:
    """An MP4 of H.264: a grey that says which frame it is, over noise; ``times`` are pts in units of 1/12800 s."""
    noise = np.random.default_rng(seed).integers(0, 24, (size[1], size[0], 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "film.mp4"
        _encode(target, size, [*(times or (round(n / RATE / BASE) for n in range(frames)))], noise, gop)
        return target.read_bytes()


def _encode(target: Path, size: tuple[int, int], times: Sequence[int], noise: np.ndarray[Any, Any], gop: int) -> None:
    options = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0", "fflags": "+bitexact"}
    with av.open(str(target), "w", format="mp4", options=options) as output:
        stream = output.add_stream("libx264", rate=RATE, options={"g": str(gop), "x264-params": "threads=1"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = stream.time_base = BASE
        for number, time in enumerate(times):
            picture = av.VideoFrame.from_ndarray(noise + np.uint8(number * 7 % 220), format="rgb24")
            picture.pts, picture.time_base = time, BASE
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))


def every_frame(media: bytes) -> list[tuple[Fraction, np.ndarray[Any, Any]]]:
    """A full decode: when each frame is shown, in s, and uint8 (3, height, width) of it."""
    with av.open(io.BytesIO(media), "r") as container:
        return [
            (frame.pts * BASE, frame.to_ndarray(format="rgb24").transpose(2, 0, 1))
            for frame in container.decode(video=0)
            if frame.pts is not None
        ]


def decoded(media: bytes, wanted: Window, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    """The frames of a window, as the loader decodes them: uint8 (frames, 3, height, width)."""
    found = np.zeros((wanted.frames, 3, size[1], size[0]), np.uint8)
    decode(media, wanted, found)
    return found


def make(folder: Path, clips: int = 24, held_out: int = 2, without_caption: int = 3, frames: int = RATE) -> Made:
    """Make a release of so many clips for training, a third of them upright, and some that are held out."""
    folder.mkdir(parents=True)
    rows: list[dict[str, Any]] = []
    media: dict[str, bytes] = {}
    for number in range(clips + held_out):
        width, height = SIZES[number % 3 == 0]
        clip = clip_id(number)
        media[clip] = film((width, height), frames, number)
        rows.append(
            row(
                clip,
                width,
                height,
                frames,
                "train" if number < clips else "evaluation",
                captioned=number >= without_caption,
            )
        )
    table = pl.DataFrame(rows, schema=SCHEMA).sort("clip_id")
    return write(folder, table, media)


def write(folder: Path, table: pl.DataFrame, media: dict[str, bytes]) -> Made:
    """Write the files of a release."""
    known, first = Hash(), line({"format": 1})
    lines = {
        row["clip_id"]: line({k: v for k, v in row.items() if v is not None}) for row in table.iter_rows(named=True)
    }
    known.add(first, *lines.values())
    with gzip.open(folder / LINES, "wb") as file:
        file.write(b"\n".join([first, *lines.values()]) + b"\n")
    table.write_parquet(folder / TABLE)
    (folder / "texts").mkdir()
    texts = {"training_text": TEXTS.model_dump(mode="json")}
    (folder / "texts" / "settings.json").write_text(json.dumps(texts))
    index, total = _shards(folder, table, media, lines)
    index.write_parquet(folder / INDEX)
    said = {"release": folder.name, "release_id": known.hex, "clips": table.height, "media_bytes": total}
    (folder / SUMMARY).write_text(json.dumps(said))
    return Made(folder, table, index, media)


def _shards(
    folder: Path, table: pl.DataFrame, media: dict[str, bytes], lines: dict[str, bytes]
) -> tuple[pl.DataFrame, int]:
    scratch, total, rows = folder / ".media", 0, list[dict[str, Any]]()
    scratch.mkdir()
    for clip, content in media.items():
        (scratch / f"{clip}.mp4").write_bytes(content)
    for shard in plan(table.select("clip_id", "split", "bucket", seconds=pl.lit(1.0)), 4.0):
        target = folder / shard.path
        target.parent.mkdir(parents=True, exist_ok=True)
        samples = [Sample(c, scratch / f"{c}.mp4", lines[c], f"Clip {c}.") for c in shard.clips if c in media]
        with target.open("wb") as file:
            for one in pack(samples, file):
                rows.append(
                    {
                        "clip_id": bytes.fromhex(one.clip_id), "shard": shard.path, "offset": one.offset, "bytes": one.size_bytes,
                        "sha256": bytes.fromhex(one.sha256), "media_frames": RATE,
                    }
                )  # fmt: skip
        total += target.stat().st_size
    for file_ in scratch.iterdir():
        file_.unlink()
    scratch.rmdir()
    return pl.DataFrame(rows).sort("clip_id"), total


def row(clip: str, width: int, height: int, frames: int, split: str, *, captioned: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "clip_id": clip, "video_id": clip[::-1], "sha256": clip * 2, "stream": 0, "start_pts": 0,
        "end_pts": round(frames / RATE / BASE), "pts_offset": 0, "time_base_num": BASE.numerator,
        "time_base_den": BASE.denominator, "frames": frames, "crop_x": 0, "crop_y": 0, "crop_width": width,
        "crop_height": height, "width": width, "height": height, "bucket": f"{width}x{height}_0-2s", "split": split,
    }  # fmt: skip
    if captioned:
        said |= {
            "captioner": "human", "caption_version": "1", "short_description": f"Clip {clip[:4]}.",
            "dense_description": f"A long word on clip {clip[:4]}.", "background": "Grey.", "style": "", "shot_type": "",
            "lighting": "", "atmosphere": "", "camera_motion": "static", "source_tags": [], "quality_tags": [],
        }  # fmt: skip
    return said


def take_down(made: Made, clip: str) -> None:
    """Overwrite a clip in its shard as a takedown does: both headers are tombstones, and zeros stand in their places."""
    shard, _, _ = made.place(clip)
    with tarfile.open(shard) as tar:
        members = [m for m in tar.getmembers() if m.name.startswith(clip)]
    with shard.open("r+b") as file:
        for member in members:
            member.name = f".tombstone.{member.name.partition('.')[2]}"
            file.seek(member.offset)
            file.write(member.tobuf(tarfile.USTAR_FORMAT))
            file.seek(member.offset_data)
            file.write(bytes(member.size))
