"""The manifest: its lines are the release's id."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from video_assets.describe.caption import FIELDS
from video_assets.publish.canonical import line
from video_assets.publish.manifest import (
    LINES,
    SCHEMA,
    TABLE,
    WANTED,
    caption_hashes,
    line_hashes,
    settled,
    without_floats,
    write,
)
from video_assets.settings import ReleaseSettings

HEADER = {"tier": "a/b", "policy": "policies/default"}


def chosen(**other: object) -> pl.DataFrame:
    """Two clips of a video in 1/12800 s: one with a caption, 5 s of 1280x720; one without, 1 s of 320x240."""
    first = {
        "clip_id": "0" * 32, "video_id": "a" * 32, "sha256": "a" * 64, "stream": 0, "start_pts": 0, "end_pts": 64_000,
        "pts_offset": 0, "time_base_num": 1, "time_base_den": 12_800, "frames": 125, "crop_x": 0, "crop_y": 0,
        "crop_width": 1280, "crop_height": 720, "split": "train", "licence": "CC-BY-3.0", "holder": "Somebody",
        "source_url": "https://example.org/", "acquired_how": "public", "captioner": "measured", "caption_version": "1",
        **{name: f"The {name}." for name in FIELDS}, "camera_motion": None, "source_tags": ["public"], "quality_tags": [],
        "scores": None, **other,
    }  # fmt: skip
    second = {
        **first, **dict.fromkeys(("captioner", "caption_version", *FIELDS, "source_tags", "quality_tags")),
        "clip_id": "1" * 32, "end_pts": 12_800, "frames": 25, "crop_width": 320, "crop_height": 240,
    }  # fmt: skip
    return pl.DataFrame([first, second], schema={name: SCHEMA[name] for name in WANTED})


def written(folder: Path, rows: pl.DataFrame, **settings: object) -> tuple[str, list[bytes]]:
    source = folder / "chosen.parquet"
    rows.write_parquet(source)
    found = write(source, HEADER, ReleaseSettings.model_validate(settings), folder)
    lines = gzip.decompress((folder / LINES).read_bytes()).splitlines(keepends=True)
    assert hashlib.sha256(b"".join(lines)).hexdigest() == found.release_id
    return found.release_id, lines


def test_the_id_is_the_hash_of_the_lines_of_which_the_first_says_what_chose_the_others(tmp_path: Path) -> None:
    _, lines = written(tmp_path, chosen())
    assert json.loads(lines[0]) == {"format": 1, **HEADER}
    first, second = (json.loads(one) for one in lines[1:])
    assert (first["clip_id"], first["width"], first["height"], first["bucket"]) == (
        "0" * 32,
        1280,
        720,
        "1280x720_4-6s",
    )
    assert first["dense_description"] == "The dense_description."
    assert "captioner" not in second


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    _, lines = written(tmp_path, chosen())
    table = pl.read_parquet(tmp_path / TABLE)
    assert table.schema == SCHEMA
    assert line_hashes(table) == [hashlib.sha256(one.rstrip(b"\n")).hexdigest() for one in lines[1:]]
    rows = [{k: v for k, v in row.items() if v is not None} for row in table.iter_rows(named=True)]
    assert [line(row) + b"\n" for row in rows] == lines[1:]


def test_writing_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        written(folder, chosen())
    assert (folders[0] / LINES).read_bytes() == (folders[1] / LINES).read_bytes()


@pytest.mark.parametrize(
    ("rows", "settings"),
    [
        ({"licence": "CC0-1.0"}, {}),
        ({"short_description": "Another."}, {}),
        ({"end_pts": 64_512}, {}),
        ({}, {"short_side": 256}),
    ],
)
def test_another_right_caption_span_or_size_is_another_release(
    tmp_path: Path, rows: dict[str, object], settings: dict[str, object]
) -> None:
    before, _ = written(tmp_path, chosen())
    assert written(tmp_path, chosen(**rows), **settings)[0] != before


def test_a_clip_that_is_too_small_for_a_multiple_is_left_out_and_told(tmp_path: Path) -> None:
    rows = chosen().with_columns(crop_height=pl.Series([720, 12]))
    source = tmp_path / "chosen.parquet"
    rows.write_parquet(source)
    found = write(source, HEADER, ReleaseSettings(short_side=256), tmp_path)
    assert (found.clips, found.too_small) == (1, ["1" * 32])


def test_totals_are_counted(tmp_path: Path) -> None:
    source = tmp_path / "chosen.parquet"
    chosen().write_parquet(source)
    found = write(source, HEADER, ReleaseSettings(), tmp_path)
    assert (found.clips, found.seconds, found.without_caption) == (2, 6.0, 1)


def test_a_caption_has_a_hash_of_its_own_and_none_has_none() -> None:
    table = settled(chosen(), ReleaseSettings())
    other = settled(chosen(lighting="Dark."), ReleaseSettings())
    assert caption_hashes(table)[1] is None
    assert caption_hashes(table)[0] != caption_hashes(other)[0]


def test_a_scaled_clip_says_what_of_the_source_it_shows() -> None:
    row = settled(chosen(), ReleaseSettings(short_side=256)).row(0, named=True)
    assert (row["width"], row["height"]) == (448, 256)
    assert (row["crop_x"], row["crop_width"], row["crop_height"]) == (10, 1260, 720)


def test_floats_of_settings_become_texts_for_the_header() -> None:
    assert without_floats({"a": 0.25, "b": [1, 2.5, None], "c": {"d": True}}) == {
        "a": "0.25", "b": [1, "2.5", None], "c": {"d": True},
    }  # fmt: skip
