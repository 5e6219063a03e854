"""Shards with a clip taken out in place."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from video_assets.publish.shards import Sample, pack
from video_assets.takedown.shards import blank

CLIPS = [f"{number:032x}" for number in range(5)]


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """Give a shard of five clips of different lengths, the third without a text."""
    samples = []
    for number, clip in enumerate(CLIPS):
        media = tmp_path / f"{clip}.mp4"
        media.write_bytes(bytes([65 + number]) * (300 + 700 * number))
        text = None if number == 2 else f"what {clip} shows"
        samples.append(Sample(clip, media, f'{{"clip_id":"{clip}"}}'.encode(), text))
    path = tmp_path / "shard.tar"
    with path.open("wb") as target:
        pack(samples, target)
    return path


def members(path: Path) -> list[tuple[str, int, bytes]]:
    with tarfile.open(path) as tar:
        return [(m.name, m.offset_data, tar.extractfile(m).read()) for m in tar]  # type: ignore[union-attr]


def test_other_members_keep_their_bytes_and_their_places(shard: Path, tmp_path: Path) -> None:
    before = members(shard)
    assert blank(shard, tmp_path / "new.tar", {CLIPS[1], CLIPS[2]}) == 5
    after = members(tmp_path / "new.tar")
    gone = [(name, place, content) for name, place, content in before if name.partition(".")[0] in CLIPS[1:3]]
    assert [m for m in after if not m[0].startswith(".")] == [m for m in before if m not in gone]
    assert [m for m in after if m[0].startswith(".")] == [
        (f".tombstone.{name.partition('.')[2]}", place, bytes(len(content))) for name, place, content in gone
    ]
    assert (tmp_path / "new.tar").stat().st_size == shard.stat().st_size


def test_nothing_of_the_clip_is_in_the_shards_bytes(shard: Path, tmp_path: Path) -> None:
    blank(shard, tmp_path / "new.tar", {CLIPS[4]})
    data = (tmp_path / "new.tar").read_bytes()
    assert (CLIPS[4].encode() in data, b"EEE" in data, b"DDD" in data) == (False, False, True)


def test_gnu_tar_lists_a_shard_with_a_tombstone(shard: Path, tmp_path: Path) -> None:
    blank(shard, tmp_path / "new.tar", {CLIPS[0]})
    listed = subprocess.run(["tar", "tf", tmp_path / "new.tar"], capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines()[:4] == [".tombstone.mp4", ".tombstone.json", ".tombstone.txt", f"{CLIPS[1]}.mp4"]
    assert listed.stderr == ""


def test_a_shard_without_the_clip_is_copied_as_it_is(shard: Path, tmp_path: Path) -> None:
    assert blank(shard, tmp_path / "new.tar", {"f" * 32}) == 0
    assert (tmp_path / "new.tar").read_bytes() == shard.read_bytes()


def test_a_tar_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with tarfile.open(tmp_path / "pax.tar", "w", format=tarfile.PAX_FORMAT, pax_headers={}) as tar:
        member = tar.gettarinfo(tmp_path / "a", f"{CLIPS[0]}.mp4")
        member.pax_headers = {"comment": "x"}
        tar.addfile(member)
    with pytest.raises(ValueError, match="extended headers"):
        blank(tmp_path / "pax.tar", tmp_path / "new.tar", {CLIPS[0]})
