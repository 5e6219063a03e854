"""A release's manifest: a line for each clip, and before them a line that says what they were chosen by.

``manifest.jsonl.gz`` is the release: ``zcat manifest.jsonl.gz | sha256sum`` prints its id. ``manifest.parquet`` has the same
for SQL and for loaders.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from video_assets.describe.caption import FIELDS
from video_assets.publish.canonical import FORMAT, LARGEST, Hash, encoded, line
from video_assets.publish.shape import Crop, bucket, shape
from video_assets.settings.releasing import ReleaseSettings

LINES, TABLE = "manifest.jsonl.gz", "manifest.parquet"
IN_PART, WHOLLY = WITHDRAWN = "withdrawn_in_part", "withdrawn"
"""States of a release whose manifest is without what was taken down; its id stays that of what was frozen."""

_INT, _TEXT = pl.Int64(), pl.String()
SCHEMA = pl.Schema(
    {
        "clip_id": _TEXT,
        "video_id": _TEXT,
        "sha256": _TEXT,
        "stream": _INT,
        "start_pts": _INT,
        "end_pts": _INT,
        "pts_offset": _INT,
        "time_base_num": _INT,
        "time_base_den": _INT,
        "frames": _INT,
        "crop_x": _INT,
        "crop_y": _INT,
        "crop_width": _INT,
        "crop_height": _INT,
        "width": _INT,
        "height": _INT,
        "bucket": _TEXT,
        "split": _TEXT,
        "licence": _TEXT,
        "holder": _TEXT,
        "source_url": _TEXT,
        "acquired_how": _TEXT,
        "captioner": _TEXT,
        "caption_version": _TEXT,
        **dict.fromkeys(FIELDS, _TEXT),
        "camera_motion": _TEXT,
        "source_tags": pl.List(_TEXT),
        "quality_tags": pl.List(_TEXT),
        "scores": _TEXT,
    }
)
"""Columns of a manifest. Times are in units of the source's time base; ``crop_*`` are pixels of the source as displayed, and
``width`` and ``height`` those of the training picture; ``scores`` is a JSON object of decimal numbers as texts."""

SECONDS = (pl.col("end_pts") - pl.col("start_pts")) * pl.col("time_base_num") / pl.col("time_base_den")
"""Duration of a manifest's clip, in s."""

# What a clip's row has beside the manifest's columns before its picture is settled.
WANTED = [name for name in SCHEMA if name not in ("width", "height", "bucket")]
_AT_ONCE = 10_000


class Written(NamedTuple):
    """A manifest on disk.

    Attributes:
        release_id: SHA-256 of its lines, hex.
        clips: how many.
        seconds: of footage.
        without_caption: clips of which nothing is said.
        too_small: clips left out, as their picture has not one multiple of pixels: ``clip_id`` of each.
    """

    release_id: str
    clips: int
    seconds: float
    without_caption: int
    too_small: Sequence[str]


def settled(rows: pl.DataFrame, settings: ReleaseSettings) -> pl.DataFrame:
    """Settle the picture and the bucket of each clip; those that are too small are left out.

    Args:
        rows: with the columns ``WANTED``; ``crop_*`` is the clip's own.
        settings: of the release.
    """
    sizes = rows.select("crop_width", "crop_height").unique()
    found: list[dict[str, int]] = []
    for width, height in sizes.iter_rows():
        try:
            made = shape(Crop(0, 0, width, height), settings.short_side, settings.multiple_of)
        except ValueError:
            continue
        found.append(
            {
                "crop_width": width, "crop_height": height, "dx": made.crop.x, "dy": made.crop.y,
                "cut_width": made.crop.width, "cut_height": made.crop.height, "width": made.width, "height": made.height,
            }
        )  # fmt: skip
    names = ("crop_width", "crop_height", "dx", "dy", "cut_width", "cut_height", "width", "height")
    shapes = pl.DataFrame(found, schema=dict.fromkeys(names, pl.Int64()))
    placed = (
        rows.with_columns(pl.col("crop_width", "crop_height").cast(pl.Int64))
        .join(shapes, on=["crop_width", "crop_height"], how="inner", maintain_order="left")
        .with_columns(
            crop_x=pl.col("crop_x") + pl.col("dx"),
            crop_y=pl.col("crop_y") + pl.col("dy"),
            crop_width="cut_width",
            crop_height="cut_height",
            seconds=SECONDS,
        )
    )
    named = lru_cache(maxsize=None)(partial(bucket, edges=settings.duration_edges))  # most clips share size and length
    buckets = [named(*alike) for alike in placed.select("width", "height", "seconds").iter_rows()]
    return placed.with_columns(bucket=pl.Series(buckets, dtype=_TEXT)).select(
        pl.col(name).cast(kind) for name, kind in SCHEMA.items()
    )


class Lines:
    """Writes the lines of a manifest into a new file: the same bytes for the same lines.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._hash = Hash()
        self._raw = path.open("wb")
        # No name and no time in it.
        self._file = gzip.GzipFile("", "wb", compresslevel=1, fileobj=self._raw, mtime=0)

    def add(self, *lines: bytes) -> None:
        """Add lines, without their ends."""
        self._hash.add(*lines)
        self._file.write(b"".join(one + b"\n" for one in lines))

    @property
    def hex(self) -> str:
        """SHA-256 of all lines so far."""
        return self._hash.hex

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()


def write(source: Path, header: Mapping[str, object], settings: ReleaseSettings, folder: Path) -> Written:
    """Write both forms of a manifest, with as much in memory as some thousand clips.

    Args:
        source: Parquet file of the chosen clips with the columns ``WANTED``, by clip_id.
        header: what they were chosen by, without floats.
        settings: of the release.
        folder: where to write; it is there.
    """
    import pyarrow.parquet as pq

    clips, seconds, without = 0, 0.0, 0
    too_small: list[str] = []
    schema = pl.DataFrame(schema=SCHEMA).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    with ExitStack() as stack:
        lines = stack.enter_context(Lines(folder / LINES))
        table = stack.enter_context(pq.ParquetWriter(folder / TABLE, schema, compression="zstd"))
        lines.add(line({"format": FORMAT, **header}))
        with pq.ParquetFile(source) as chosen:
            for part in chosen.iter_batches(_AT_ONCE):
                rows = pl.DataFrame(pl.from_arrow(part))
                made = settled(rows, settings)
                too_small += sorted({*rows["clip_id"]} - {*made["clip_id"]})
                lines.add(*(encoded(values) for values in values_of(made)))
                table.write_table(made.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
                clips += made.height
                without += made["captioner"].null_count()
                seconds += float(made.select(SECONDS).to_series().sum() or 0)
    return Written(lines.hex, clips, seconds, without, too_small)


def values_of(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row's values that are there: what is not known is not said.

    Raises:
        ValueError: a number is beyond what every reader of JSON reads alike.
    """
    # The columns are texts, lists of texts and whole numbers, so that nothing else is to be looked at.
    most = rows.select(pl.max_horizontal(pl.col(pl.Int64).abs().max())).item() if rows.height else 0
    if most >= LARGEST:
        raise ValueError(f"{most} is beyond what every reader of JSON reads alike.")
    names = sorted(rows.columns)  # as a canonical line has them, which sorts what is in order sooner
    for row in rows.select(names).iter_rows():
        yield {name: value for name, value in zip(names, row, strict=True) if value is not None}


def line_hashes(table: pl.DataFrame) -> list[str]:
    """SHA-256 of the line of each row of a manifest's table, hex."""
    return [hashlib.sha256(line(values)).hexdigest() for values in values_of(table)]


def caption_hashes(table: pl.DataFrame) -> list[str | None]:
    """SHA-256 of each caption's fields, hex; None where there is none."""
    names = ("captioner", "caption_version", *FIELDS, "camera_motion", "source_tags", "quality_tags")
    return [
        None
        if row["captioner"] is None
        else hashlib.sha256(line({k: v for k, v in row.items() if v is not None})).hexdigest()
        for row in table.select(names).iter_rows(named=True)
    ]


def without_floats(value: Any) -> Any:
    """The same with each float as the shortest text that gives it back, for a canonical line."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): without_floats(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_floats(inner) for inner in value]
    return value
