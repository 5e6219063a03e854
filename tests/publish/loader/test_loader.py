"""The loader on real shards: what it hands out, in which order, on whatever ranks and workers, and what it does with bad samples."""

from __future__ import annotations

import gzip
import json
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch.utils.data import DataLoader

from tests.publish.loader.made import TEXTS, Made, decoded, film, make, take_down, write
from tests.publish.loader.told import Said, said_of, times_read
from video_assets.describe.caption import FIELDS, Caption
from video_assets.describe.training_text import CaptionedClip, training_text
from video_assets.publish.loader import ClipBatches, Loader, SampleError, ShardError, open_release
from video_assets.publish.loader.frames import window

HOW: dict[str, Any] = {"seed": 3, "batch_size": 5, "frames": 4, "fps": 8}


def batches(made: Made, **how: Any) -> ClipBatches:
    return ClipBatches(open_release(made.folder), **{**HOW, **how})


def read(made: Made, workers: int = 0, **how: Any) -> list[Said]:
    return [said_of(batch) for batch in Loader(batches(made, **how), workers=workers)]


def test_each_clip_for_training_comes_once_an_epoch_in_batches_of_one_shape(untouched: Made) -> None:
    found = read(untouched, epochs=2)
    assert [batch["position"] for batch in found] == list(range(len(found)))
    assert {tuple(batch["shape"]) for batch in found} == {(5, 4, 3, 48, 64), (5, 4, 3, 64, 48)}
    times = times_read(found)
    assert max(times.values()) == 1
    assert {(e, c) for e, c in times if e < 2} == {(e, c) for e in (0, 1) for c in untouched.ids}


def test_ranks_and_workers_hand_out_the_same_batches(untouched: Made) -> None:
    alone = read(untouched, epochs=1)
    shared = [b for rank in (0, 1) for b in read(untouched, workers=2, epochs=1, rank=rank, ranks=2)]
    assert len(alone) == 6
    assert sorted(shared, key=lambda batch: batch["position"]) == alone


def test_every_rank_has_as_many_batches_as_the_others(untouched: Made) -> None:
    per_rank = [read(untouched, epochs=1, rank=rank, ranks=4) for rank in range(4)]
    assert [len(found) for found in per_rank] == [2, 2, 2, 2]
    times = times_read(batch for found in per_rank for batch in found)
    assert max(times.values()) == 1
    assert {c for e, c in times if e == 0} == set(untouched.ids)


def test_frames_and_texts_are_those_of_the_clip_in_that_epoch(untouched: Made) -> None:
    rows = {row["clip_id"]: row for row in untouched.rows.iter_rows(named=True)}
    for batch in islice(Loader(batches(untouched)), 8):
        for n, (clip, epoch) in enumerate(zip(batch["clip_id"], batch["epoch"], strict=True)):
            row = rows[clip]
            wanted = window(clip, 3, epoch, Fraction(1), 4, Fraction(8))
            assert batch["start_s"][n] == float(wanted.start)
            expected = decoded(untouched.media[clip], wanted, (row["width"], row["height"]))
            assert np.array_equal(batch["frames"][n].numpy(), expected)
            if row["captioner"] is None:
                assert batch["text"][n] == ""
                continue
            captioned = CaptionedClip(clip, Caption(**{f: row[f] for f in FIELDS}), "static", fps=8.0)
            assert batch["text"][n] == training_text(captioned, 3, epoch, TEXTS)


def test_it_is_a_torch_data_set_for_a_plain_data_loader(untouched: Made) -> None:
    plain = DataLoader(batches(untouched, epochs=1), batch_size=None, num_workers=2)
    assert [said_of(batch) for batch in plain] == read(untouched, epochs=1)
    assert next(iter(plain))["frames"].dtype == torch.uint8


def test_a_position_is_taken_up_on_other_ranks_and_workers(untouched: Made) -> None:
    whole = read(untouched, epochs=3)
    first = [Loader(batches(untouched, rank=rank, ranks=2), workers=1) for rank in (0, 1)]
    before = [said_of(batch) for loader in first for batch in islice(loader, 3)]
    states = [loader.state_dict() for loader in first]
    assert all(len(json.dumps(state)) <= 200 for state in states)
    assert states[0] == states[1] == {"position": 6, "order": first[0].dataset.order.id}
    after = []
    for rank in range(3):
        loader = Loader(batches(untouched, rank=rank, ranks=3, epochs=3))
        loader.load_state_dict(json.loads(json.dumps(states[0])))
        after += [said_of(batch) for batch in loader]
    assert sorted(before + after, key=lambda batch: batch["position"]) == whole


@pytest.mark.parametrize(
    "other", [{"seed": 4}, {"batch_size": 4}, {"split": "evaluation"}, {"buckets": ["64x48_0-2s"]}]
)
def test_a_position_in_another_order_is_refused(untouched: Made, other: dict[str, Any]) -> None:
    state = batches(untouched).state_dict()
    with pytest.raises(ValueError, match="one in another order"):
        batches(untouched, **other).load_state_dict(state)


def test_held_out_clips_are_read_only_when_they_are_asked_for(untouched: Made) -> None:
    trained = {clip for batch in read(untouched, epochs=1) for clip in batch["clip_id"]}
    held_out = {clip for batch in read(untouched, epochs=1, split="evaluation") for clip in batch["clip_id"]}
    assert trained == set(untouched.ids)
    assert held_out == set(untouched.rows.filter(split="evaluation")["clip_id"])


def test_chosen_buckets_are_read_alone(untouched: Made) -> None:
    found = read(untouched, epochs=1, buckets=["48x64_0-2s"])
    assert {clip for batch in found for clip in batch["clip_id"]} == {
        *untouched.rows.filter(split="train", bucket="48x64_0-2s")["clip_id"]
    }


def test_clips_that_are_shorter_than_a_sample_are_counted_and_never_read(untouched: Made) -> None:
    assert batches(untouched, frames=8, fps=8).too_short == 0
    with pytest.raises(ValueError, match="no clip of the split train to read; 24 are shorter than a sample"):
        batches(untouched, frames=9, fps=8)


def test_a_clip_that_was_taken_down_is_skipped_with_a_line_and_the_others_stay(made: Made) -> None:
    before = read(made, epochs=1)
    gone = before[2]["clip_id"][1]
    take_down(made, gone)
    after = read(made, epochs=1, bad="stop")
    assert [b for b in after if b["position"] != 2] == [b for b in before if b["position"] != 2]
    [skipped] = after[2]["skipped"]
    assert skipped == {"clip_id": gone, "epoch": 0, "why": "tombstone", "message": f"Clip {gone} was taken down."}
    assert after[2]["clip_id"] == [clip for clip in before[2]["clip_id"] if clip != gone]
    assert after[2]["shape"] == [4, *before[2]["shape"][1:]]


def test_a_batch_of_which_nothing_is_left_has_no_sample_and_keeps_its_number(made: Made) -> None:
    for clip in read(made, epochs=1)[1]["clip_id"]:
        take_down(made, clip)
    batch = read(made, epochs=1)[1]
    assert (batch["position"], batch["clip_id"], len(batch["skipped"])) == (1, [], 5)
    assert batch["shape"][0] == 0
    assert batch["shape"][1:] in ([4, 3, 48, 64], [4, 3, 64, 48])


@pytest.fixture
def with_bad(tmp_path: Path, untouched: Made) -> tuple[Made, str, str, str]:
    """Give a release with a clip that cannot be decoded, one of another size, and one that was not cut."""
    broken, other, missing = untouched.ids[3], untouched.ids[4], untouched.ids[5]
    media = {
        **{clip: content for clip, content in untouched.media.items() if clip != missing},
        broken: b"no film" * 200,
        other: film((32, 32), 16, 0),
    }
    folder = tmp_path / "bad"
    folder.mkdir()
    return write(folder, untouched.rows, media), broken, other, missing


def test_bad_samples_are_skipped_and_said(with_bad: tuple[Made, str, str, str]) -> None:
    made, broken, other, missing = with_bad
    found = read(made, epochs=1)
    skipped = {s["clip_id"]: (s["why"], s["epoch"]) for batch in found for s in batch["skipped"] if s["epoch"] == 0}
    assert skipped == {broken: ("decode", 0), other: ("size", 0), missing: ("no_media", 0)}
    assert {c for e, c in times_read(found) if e == 0} == {*made.ids} - {broken, other, missing}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_bad_sample_stops_the_loader_when_that_is_wanted(with_bad: tuple[Made, str, str, str], workers: int) -> None:
    with pytest.raises(SampleError, match=r"of batch \d+ cannot be used \((decode|size)\)"):
        read(with_bad[0], workers=workers, epochs=1, bad="stop")


@pytest.mark.parametrize("workers", [0, 1])
def test_an_altered_byte_is_an_error_that_names_clip_and_shard(made: Made, workers: int) -> None:
    clip = made.ids[7]
    shard, offset, size = made.place(clip)
    content = bytearray(shard.read_bytes())
    content[offset + size // 2] ^= 1
    shard.write_bytes(content)
    path = shard.relative_to(made.folder).as_posix()
    with pytest.raises(ShardError, match=f"{path} of the release tiny is altered: clip {clip} at byte {offset:,}"):
        read(made, workers=workers, epochs=1)


def test_zeros_without_a_tombstone_are_an_alteration(made: Made) -> None:
    shard, offset, size = made.place(made.ids[7])
    content = bytearray(shard.read_bytes())
    content[offset : offset + size] = bytes(size)
    shard.write_bytes(content)
    with pytest.raises(ShardError, match="is altered"):
        read(made, epochs=1)


@pytest.mark.parametrize("left", [0.5, 0.999])
def test_a_shard_that_is_cut_off_is_an_error_when_the_release_is_opened(made: Made, left: float) -> None:
    shard, _, _ = made.place(made.ids[0])
    content = shard.read_bytes()
    shard.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(ShardError, match=f"{shard.name} is cut off"):
        open_release(made.folder)


def test_a_shard_of_another_size_is_missed_in_the_sum(made: Made) -> None:
    shard, _, _ = made.place(made.ids[0])
    shard.write_bytes(shard.read_bytes() + bytes(10240))
    with pytest.raises(ShardError, match=r"The shards have .* bytes together; they had"):
        open_release(made.folder)


def test_a_shard_that_is_cut_off_later_is_an_error_when_it_is_read(made: Made) -> None:
    loader = Loader(batches(made, epochs=1))
    shard, offset, _ = made.place(made.ids[0])
    with shard.open("r+b") as file:
        file.truncate(offset + 1)
    with pytest.raises(ShardError, match=f"{shard.name} is cut off: it ends at byte"):
        list(loader)


def test_a_missing_shard_is_an_error(made: Made) -> None:
    shard, _, _ = made.place(made.ids[0])
    shard.unlink()
    with pytest.raises(ShardError, match=f"{shard.name} is not there"):
        open_release(made.folder)


def test_a_manifest_of_another_release_is_an_error(made: Made) -> None:
    made.rows.head(3).write_parquet(made.folder / "manifest.parquet")
    with pytest.raises(ValueError, match="The manifest has 3 clips; the release tiny has 26"):
        open_release(made.folder)


def reworded(made: Made) -> None:
    """Change a word of a caption in the manifest's table."""
    words = pl.col("dense_description").str.replace("long", "short")
    made.rows.with_columns(words).write_parquet(made.folder / "manifest.parquet")


def summary(made: Made, **changes: object) -> None:
    path = made.folder / "release.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_manifest_that_was_changed_is_not_the_one_whose_hash_the_id_is(made: Made) -> None:
    reworded(made)
    with pytest.raises(ValueError, match="The manifest of the release tiny was changed: its lines have the hash"):
        open_release(made.folder)
    assert open_release(made.folder, check=False).rows.num_rows == 26


def test_a_release_of_another_id_is_refused(made: Made) -> None:
    summary(made, release_id="ab" * 32)
    with pytest.raises(ValueError, match=f"and should have {'ab' * 32}"):
        open_release(made.folder, media=False)


def test_what_was_taken_down_is_no_change_and_a_change_beside_it_is_one(made: Made) -> None:
    gone = made.ids[0]
    frozen = json.loads((made.folder / "release.json").read_text())["release_id"]
    left = made.rows.filter(pl.col("clip_id") != gone)
    with gzip.open(made.folder / "manifest.jsonl.gz") as lines:
        kept = [one for one in lines if gone.encode() not in one]
    with gzip.open(made.folder / "manifest.jsonl.gz", "wb") as written:
        written.writelines(kept)
    left.write_parquet(made.folder / "manifest.parquet")
    take_down(made, gone)
    summary(made, clips=left.height)
    with pytest.raises(ValueError, match="was changed"):
        open_release(made.folder)
    summary(made, state="withdrawn_in_part")
    assert open_release(made.folder).release_id == frozen
    reworded(made._replace(rows=left))
    with pytest.raises(ValueError, match="was changed"):
        open_release(made.folder)


def test_a_release_without_media_says_how_it_can_be_read(made: Made) -> None:
    summary(made, media_bytes=None)
    with pytest.raises(
        ValueError, match=r"The release tiny has no media; open it with media=False and name its sources"
    ):
        open_release(made.folder)


def test_worker_processes_that_are_started_afresh_hand_out_the_same(untouched: Made) -> None:
    spawned = Loader(batches(untouched, epochs=1), workers=1, multiprocessing_context="spawn")
    assert [said_of(batch) for batch in spawned] == read(untouched, epochs=1)


def test_sources_are_read_where_shards_are_not(tmp_path: Path) -> None:
    made = make(tmp_path / "small", clips=4, held_out=0)
    sources = {}
    for row in made.rows.iter_rows(named=True):
        sources[row["video_id"]] = tmp_path / f"{row['video_id']}.mp4"
        sources[row["video_id"]].write_bytes(made.media[row["clip_id"]])
    by_shards = read(made, batch_size=2, epochs=1)
    for shard in made.folder.rglob("*.tar"):
        shard.unlink()
    release = open_release(made.folder, media=False)
    loader = Loader(ClipBatches(release, **{**HOW, "batch_size": 2}, sources=sources, epochs=1))
    assert [said_of(batch) for batch in loader] == by_shards
    with pytest.raises(ValueError, match="has no media here; name the files of its sources"):
        ClipBatches(release, **HOW)


def test_a_caption_without_a_description_is_a_bad_sample(tmp_path: Path, untouched: Made) -> None:
    blank = untouched.rows.filter(pl.col("captioner").is_not_null() & (pl.col("split") == "train"))["clip_id"][0]
    rows = untouched.rows.with_columns(
        dense_description=pl.when(pl.col("clip_id") == blank).then(pl.lit(" ")).otherwise("dense_description")
    )
    (tmp_path / "blank").mkdir()
    made = write(tmp_path / "blank", rows, untouched.media)
    skipped = {(s["clip_id"], s["why"]) for batch in read(made, epochs=1) for s in batch["skipped"]}
    assert skipped == {(blank, "caption")}


def test_a_rank_is_taken_from_the_environment(untouched: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "3")
    found = batches(untouched)
    assert (found.rank, found.ranks) == (1, 3)
    monkeypatch.setenv("RANK", "3")
    with pytest.raises(ValueError, match="There is no worker 0 of 1 of a rank 3 of 3"):
        batches(untouched)
