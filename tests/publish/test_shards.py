"""Shards: which clips share one, and the bytes of a tar."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.publish.shards import Placed, Sample, pack, plan

ONE, TWO = "0" * 31 + "1", "0" * 31 + "2"


def clips(*rows: tuple[str, str, str, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["clip_id", "split", "bucket", "seconds"], orient="row")


def test_clips_of_one_split_and_bucket_fill_shards_in_the_order_of_their_ids() -> None:
    found = plan(
        clips(
            ("b", "train", "x", 6.0), ("a", "train", "x", 5.0), ("c", "train", "x", 4.0), ("d", "evaluation", "x", 1.0)
        ),
        10.0,
    )
    assert found == [
        ("shards/evaluation/x/000000.tar", ["d"]),
        ("shards/train/x/000000.tar", ["a"]),
        ("shards/train/x/000001.tar", ["b", "c"]),
    ]


def test_a_clip_that_is_longer_than_a_shard_has_one_of_its_own() -> None:
    assert [s.clips for s in plan(clips(("a", "t", "x", 99.0), ("b", "t", "x", 1.0)), 10.0)] == [["a"], ["b"]]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.floats(0.1, 30)), max_size=60))
def test_every_clip_is_in_one_shard(made: list[tuple[str, float]]) -> None:
    rows = clips(*((f"{n:032x}", "train", bucket, seconds) for n, (bucket, seconds) in enumerate(made)))
    found = plan(rows, 10.0)
    assert sorted(c for shard in found for c in shard.clips) == sorted(rows["clip_id"])
    lengths = dict(rows.select("clip_id", "seconds").iter_rows())
    assert all(sum(lengths[c] for c in s.clips) <= 10 + 1e-9 or len(s.clips) == 1 for s in found)
    assert len({shard.path for shard in found}) == len(found)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    for name, content in ((ONE, b"x" * 700), (TWO, b"y" * 512)):
        (tmp_path / name).write_bytes(content)
    return [Sample(ONE, tmp_path / ONE, b'{"a":1}', "A text."), Sample(TWO, tmp_path / TWO, b'{"a":2}', None)]


def packed(samples: list[Sample]) -> tuple[bytes, list[Placed]]:
    target = io.BytesIO()
    placed = pack(samples, target)
    return target.getvalue(), placed


def test_the_places_are_those_of_the_media_files(samples: list[Sample]) -> None:
    tar, placed = packed(samples)
    assert [(p.clip_id, p.size_bytes) for p in placed] == [(ONE, 700), (TWO, 512)]
    for place, content in zip(placed, (b"x" * 700, b"y" * 512), strict=True):
        assert tar[place.offset : place.offset + place.size_bytes] == content
        assert place.sha256 == hashlib.sha256(content).hexdigest()


def test_tar_reads_a_shard_with_the_members_of_a_clip_beside_one_another(samples: list[Sample]) -> None:
    tar, _ = packed(samples)
    with tarfile.open(fileobj=io.BytesIO(tar)) as read:
        assert read.getnames() == [f"{ONE}.mp4", f"{ONE}.json", f"{ONE}.txt", f"{TWO}.mp4", f"{TWO}.json"]
        text = read.extractfile(f"{ONE}.txt")
        assert text is not None
        assert text.read() == b"A text."


def test_a_shard_is_the_same_bytes_at_another_time(samples: list[Sample], monkeypatch: pytest.MonkeyPatch) -> None:
    before, _ = packed(samples)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    assert packed(samples)[0] == before
