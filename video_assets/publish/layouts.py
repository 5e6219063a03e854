"""A release's clips as the folders that trainers read: small templates over the shards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from video_assets.lake.lake import Lake
from video_assets.publish.diff import manifest
from video_assets.publish.release import named_release


class Taken(NamedTuple):
    """A clip out of a release: its row of the manifest, its text in this epoch, and its media file's bytes."""

    row: Mapping[str, Any]
    text: str
    media: bytes


@dataclass(frozen=True)
class Layout:
    """A trainer's folder.

    Attributes:
        title: whose it is.
        media: path of a clip's media file in the folder, with ``{split}``, ``{bucket}`` and ``{clip_id}``.
        text: path of its text, likewise; None where texts stand elsewhere.
        finish: writes what else is there, from the clips' rows with ``file`` and ``text``.
    """

    title: str
    media: str
    text: str | None
    finish: Callable[[Path, list[dict[str, Any]]], None]


def _nothing(_folder: Path, _rows: list[dict[str, Any]]) -> None:
    """Some trainers are content with files side by side."""


def _musubi(folder: Path, rows: list[dict[str, Any]]) -> None:
    """musubi-tuner's dataset configuration (its docs, dataset_config.md): a data set for each bucket of sizes.

    ``target_frames`` is for whoever trains to choose: each model takes other numbers of frames.
    """
    parts = ["[general]", 'caption_extension = ".txt"', "batch_size = 1", "enable_bucket = true", ""]
    sizes = sorted(
        {(Path(r["file"]).parent.as_posix(), r["width"], r["height"]) for r in rows if r["split"] == "train"}
    )
    for place, width, height in sizes:
        parts += [
            "[[datasets]]", f"video_directory = {json.dumps(place)}", f"cache_directory = {json.dumps(f'cache/{place}')}",
            f"resolution = [{width}, {height}]", "target_frames = [25]", 'frame_extraction = "head"', "",
        ]  # fmt: skip
    (folder / "dataset.toml").write_text("\n".join(parts))


def _diffusion_pipe(folder: Path, rows: list[dict[str, Any]]) -> None:
    """diffusion-pipe's dataset configuration (its examples/dataset.toml): folders of clips with a text beside each.

    A pair of sides is told as both a resolution and an aspect ratio, so that pictures keep the size that they have; a resolution
    alone would be the side of a square of that area. It asks for ``resolutions`` of the whole, too, though every folder has its own.
    """
    sizes = sorted(
        {(Path(r["file"]).parent.as_posix(), r["width"], r["height"]) for r in rows if r["split"] == "train"}
    )
    pairs = [list(pair) for pair in sorted({(width, height) for _, width, height in sizes})]
    parts = [
        f"resolutions = {pairs}", "enable_ar_bucket = true", "frame_buckets = [1, 33, 65, 97]", "",
    ]  # fmt: skip
    for place, width, height in sizes:
        pair = f"[[{width}, {height}]]"
        parts += [
            "[[directory]]", f"path = {json.dumps(place)}", f"resolutions = {pair}", f"ar_buckets = {pair}", "num_repeats = 1", "",
        ]  # fmt: skip
    (folder / "dataset.toml").write_text("\n".join(parts))


def _hugging_face(folder: Path, rows: list[dict[str, Any]]) -> None:
    """The folder that ``datasets.load_dataset("videofolder", data_dir=...)`` reads, without a network: a metadata.jsonl a split.

    ``datasets`` calls the split ``evaluation`` ``test``.
    """
    for split in sorted({r["split"] for r in rows}):
        names = ("text", "clip_id", "licence", "holder", "source_url", "width", "height", "bucket")
        with (folder / split / "metadata.jsonl").open("w", encoding="utf-8") as file:
            for row in (r for r in rows if r["split"] == split):
                said = {"file_name": Path(row["file"]).name} | {name: row[name] for name in names}
                file.write(json.dumps(said, ensure_ascii=False, sort_keys=True) + "\n")


LAYOUTS: Mapping[str, Layout] = {
    "musubi-tuner": Layout("musubi-tuner", "{split}/{bucket}/{clip_id}.mp4", "{split}/{bucket}/{clip_id}.txt", _musubi),
    "diffusion-pipe": Layout(
        "diffusion-pipe", "{split}/{bucket}/{clip_id}.mp4", "{split}/{bucket}/{clip_id}.txt", _diffusion_pipe
    ),
    "huggingface": Layout("Hugging Face datasets", "{split}/{clip_id}.mp4", None, _hugging_face),
    "folder": Layout("any trainer", "{split}/{clip_id}.mp4", "{split}/{clip_id}.txt", _nothing),
}
"""By name, the folders that can be written."""


def lay_out(lake: Lake, name: str, layout: str, folder: Path, progress: Callable[[int, int], None]) -> int:
    """Write a release's clips as a trainer's folder.

    Args:
        lake: the lake.
        name: a release with media.
        layout: one of ``LAYOUTS``.
        folder: where to write; it must not be there, and is whole or not there.
        progress: called with how many clips are written and how many there are.

    Returns:
        How many clips were written.

    Raises:
        ValueError: there is no such release, or it has no media.
        FileExistsError: the folder is there already.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; name a new folder.")
    row = named_release(lake, name)
    if row["media_id"] is None:
        raise ValueError(
            f"The release {name} has no media; make them with 'video-assets release {row['tier']} --name {name} --media'."
        )
    chosen = LAYOUTS[layout]
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    rows: list[dict[str, Any]] = []
    try:
        for number, taken in enumerate(_taken(lake, name), 1):
            file = chosen.media.format(**taken.row)
            target = making / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(taken.media)
            if chosen.text:
                (making / chosen.text.format(**taken.row)).write_text(taken.text, encoding="utf-8")
            rows.append({**taken.row, "file": file, "text": taken.text})
            progress(number, row["clips"] - (row["not_cut"] or 0))
        chosen.finish(making, rows)
        making.replace(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return len(rows)


def _taken(lake: Lake, name: str) -> Iterator[Taken]:
    """A release's clips, shard by shard; each one's bytes are held against its hash.

    Raises:
        ValueError: a shard is not as it was.
    """
    import hashlib

    table = manifest(lake, name)
    lines = {row["clip_id"]: row for row in table.iter_rows(named=True)}
    places = lake.query(
        "SELECT clip_id, shard, media_offset, media_bytes, media_sha256 FROM release_clips "
        "WHERE release = ? AND shard IS NOT NULL ORDER BY shard, media_offset",
        [name],
    )
    for (shard,), clips in places.group_by("shard", maintain_order=True):
        found = lake.files.fetch(f"releases/{name}/{shard}")
        if found is None:
            raise ValueError(f"The release {name} has no {shard} any more.")
        with found.open("rb") as file:
            for clip in clips.iter_rows(named=True):
                media = _read(file, clip["media_offset"], clip["media_bytes"])
                if hashlib.sha256(media).hexdigest() != clip["media_sha256"]:
                    raise ValueError(
                        f"{shard} of the release {name} is not as it was made: clip {clip['clip_id']} is altered."
                    )
                line = lines[clip["clip_id"]]
                yield Taken(line, line["dense_description"] or "", media)


def _read(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)
