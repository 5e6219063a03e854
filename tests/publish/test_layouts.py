"""The folders of trainers, as their own readers take them: here Hugging Face ``datasets``, without a network."""

from __future__ import annotations

import hashlib
import socket
import tomllib
from pathlib import Path
from typing import Any

import datasets
import pytest

from tests.publish.loader.made import Made, make
from video_assets.publish.layouts import LAYOUTS


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Give a release of 4 clips for training and one that is held out."""
    return make(tmp_path_factory.mktemp("layouts") / "small", clips=4, held_out=1, without_caption=1)


def laid_out(made: Made, name: str, folder: Path) -> Path:
    """Write a layout's files of a release whose media are in memory."""
    layout, rows = LAYOUTS[name], list[dict[str, Any]]()
    for row in made.rows.iter_rows(named=True):
        text = row["dense_description"] or ""
        for pattern, content in ((layout.media, made.media[row["clip_id"]]), (layout.text, text.encode())):
            if pattern:
                target = folder / pattern.format(**row)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        rows.append({**row, "file": layout.media.format(**row), "text": text})
    layout.finish(folder, rows)
    return folder


def test_hugging_face_datasets_loads_every_clip_with_its_text_without_a_network(
    small: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_a: object, **_k: object) -> None:
        raise OSError("A test without a network asked for one.")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    folder = laid_out(small, "huggingface", tmp_path / "hf")
    found = datasets.load_dataset("videofolder", data_dir=str(folder), cache_dir=str(tmp_path / "cache"))
    # The folder's name is one of those that it takes for the split test.
    splits = {"train": "train", "test": "evaluation"}
    assert {split: rows.num_rows for split, rows in found.items()} == {"train": 4, "test": 1}
    lines = {row["clip_id"]: row for row in small.rows.iter_rows(named=True)}
    for split, rows in found.items():
        for row in rows.cast_column("video", datasets.Video(decode=False)):
            line = lines[row["clip_id"]]
            assert line["split"] == splits[split]
            assert (row["text"], row["width"], row["bucket"]) == (
                line["dense_description"] or "",
                line["width"],
                line["bucket"],
            )
            media = row["video"]["bytes"] or Path(row["video"]["path"]).read_bytes()
            assert hashlib.sha256(media).digest() == hashlib.sha256(small.media[row["clip_id"]]).digest()


@pytest.mark.parametrize("name", ["musubi-tuner", "diffusion-pipe"])
def test_a_trainers_configuration_names_every_folder_of_the_training_split_with_the_size_of_its_clips(
    small: Made, tmp_path: Path, name: str
) -> None:
    folder = laid_out(small, name, tmp_path / name)
    said = tomllib.loads((folder / "dataset.toml").read_text())
    sizes = {
        "musubi-tuner": lambda: {d["video_directory"]: d["resolution"] for d in said["datasets"]},
        # It has resolutions of the whole too, or it does not start.
        "diffusion-pipe": lambda: {
            d["path"]: pair for d in said["directory"] for pair in d["resolutions"] if d["ar_buckets"] == [pair]
        },
    }[name]()
    rows = small.rows.filter(split="train")
    assert sizes == {f"train/{row['bucket']}": [row["width"], row["height"]] for row in rows.iter_rows(named=True)}
    for place in sizes:
        assert {p.stem for p in (folder / place).glob("*.mp4")} == {p.stem for p in (folder / place).glob("*.txt")}
    assert name == "musubi-tuner" or said["resolutions"] == sorted(sizes.values())
