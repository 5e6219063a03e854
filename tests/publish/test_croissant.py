"""A release's Croissant as ``mlcroissant`` reads it, without a network: every record of the manifest, every byte of the media."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
import sys
from pathlib import Path
from typing import Any

import absl.logging
import mlcroissant
import polars as pl
import pytest
from mlcroissant._src.operation_graph.operations import extract

from tests.publish.loader.made import Made, make, take_down
from tests.publish.test_documents import facts
from video_assets.publish.documents.croissant import croissant
from video_assets.publish.documents.statements import Statements

# absl, by which mlcroissant logs, closes the stream that it was imported under as soon as anybody configures logging anew,
# and that is pytest's capture of this whole process.
absl.logging.get_absl_handler().python_handler.setStream(sys.__stderr__)

SAID = Statements(url="https://example.org/set", creator="A team", citation="A team: A set, 2026.")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any connection and any look-up of a name fail."""

    def refused(*_a: object, **_k: object) -> None:
        raise OSError("A test without a network asked for one.")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the test a cache of its own: mlcroissant knows what it has unpacked by the address alone, not by its hash."""
    from etils import epath

    monkeypatch.setattr(extract, "EXTRACT_PATH", epath.Path(tmp_path / "unpacked"))


def described(made: Made) -> mlcroissant.Dataset:
    """Write the document where a release has it, and open it."""
    files = [p for p in sorted(made.folder.rglob("*")) if p.is_file() and p.parent.name != "documents"]
    rows = [
        (p.relative_to(made.folder).as_posix(), p.stat().st_size, hashlib.sha256(p.read_bytes()).hexdigest())
        for p in files
    ]
    listed = pl.DataFrame(rows, schema=["path", "bytes", "sha256"], orient="row")
    path = made.folder / "documents" / "croissant.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(croissant(facts(files=listed), SAID)))
    return mlcroissant.Dataset(path)


@pytest.fixture
def small(tmp_path: Path) -> Made:
    """Give a release of 4 clips in two buckets, with a shard each."""
    return make(tmp_path / "small", clips=3, held_out=1, without_caption=1)


def text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def test_mlcroissant_knows_its_version_and_has_nothing_to_say_against_it(
    small: Made, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = described(small).metadata
    assert found.ctx.conforms_to is mlcroissant._src.core.context.CroissantVersion.V_1_1
    assert (sorted(found.ctx.issues.errors), sorted(found.ctx.issues.warnings)) == ([], [])
    assert caplog.messages == []


def test_every_record_of_the_manifest_is_read(small: Made) -> None:
    records = [
        {key.removeprefix("clips/"): text(value) for key, value in record.items()}
        for record in described(small).records("clips")
    ]
    wanted = [
        {key: value for key, value in row.items() if not isinstance(value, list) and not key.endswith("_tags")}
        for row in small.rows.iter_rows(named=True)
    ]
    assert records == wanted


def test_every_clips_media_are_read_out_of_the_shards_to_the_byte(small: Made) -> None:
    found = {text(r["media/clip_id"]): r["media/content"] for r in described(small).records("media")}
    assert found == small.media


def test_what_was_taken_down_is_no_record(small: Made) -> None:
    gone = small.ids[0]
    take_down(small, gone)
    found = {text(r["media/clip_id"]): r["media/content"] for r in described(small).records("media")}
    assert found == {clip: media for clip, media in small.media.items() if clip != gone}


def test_an_altered_shard_is_refused(small: Made) -> None:
    data = described(small)
    shard, offset, _ = small.place(small.ids[0])
    content = bytearray(shard.read_bytes())
    content[offset] ^= 1
    shard.write_bytes(content)
    with pytest.raises(mlcroissant.GenerationError) as error:
        list(data.records("media"))
    assert "is not identical with the reference" in str(error.value.__cause__)
