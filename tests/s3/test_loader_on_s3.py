"""A release on S3: shards are read by ranges, of one object each, through a bounded cache."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.publish.loader.conftest import made, untouched
from tests.publish.loader.made import Made, take_down
from tests.publish.loader.told import Said, said_of
from tests.s3.conftest import Server
from tests.s3.unreliable import unreliable
from video_assets.publish.loader import ClipBatches, Loader, ShardError, open_release
from video_assets.publish.loader.release_folder import ReleaseFolder
from video_assets.publish.loader.storage import S3Storage

__all__ = ["made", "untouched"]

CACHE_BYTES = 1_000_000


def upload(server: Server, made: Made, name: str) -> str:
    for file in made.folder.rglob("*"):
        if file.is_file():
            server.upload(file, f"{name}/{file.relative_to(made.folder).as_posix()}")
    return server.uri(name)


def on_s3(server: Server, uri: str, cache: Path | None, cache_bytes: int = CACHE_BYTES) -> ReleaseFolder:
    return open_release(uri, s3=server.settings, cache=cache, cache_bytes=cache_bytes)


def batches(release: ReleaseFolder, workers: int = 0, epochs: int = 1) -> list[Said]:
    dataset = ClipBatches(release, seed=1, batch_size=5, frames=4, fps=8, epochs=epochs)
    return [said_of(batch) for batch in Loader(dataset, workers=workers)]


def test_s3_hands_out_what_the_folder_does_and_the_cache_stays_in_its_bound(
    server: Server, made: Made, tmp_path: Path
) -> None:
    uri, local = upload(server, made, "whole"), batches(open_release(made.folder), epochs=2)
    assert batches(on_s3(server, uri, None), epochs=2) == local
    cache = tmp_path / "cache"
    assert batches(on_s3(server, uri, cache), workers=2, epochs=2) == local
    assert sum(1 for file in cache.rglob("*") if file.is_file()) == 24
    # What is kept is not asked for again.
    release = on_s3(server, uri, cache)
    server.access.client.delete_objects(
        Bucket=server.bucket, Delete={"Objects": [{"Key": f"whole/{s}"} for s in made.places["shard"].unique()]}
    )
    assert batches(release, epochs=2) == local
    with pytest.raises(ShardError, match=r"train/.* is not there"):
        batches(replace(release, files=S3Storage(uri, server.settings, None)))


def test_a_shard_that_is_replaced_on_s3_is_never_read_half_old_and_half_new(
    server: Server, made: Made, tmp_path: Path
) -> None:
    uri = upload(server, made, "replaced")
    release = on_s3(server, uri, tmp_path / "cache")
    gone = made.ids[0]
    release.media(gone)
    take_down(made, gone)
    shard, _, _ = made.place(gone)
    server.upload(shard, f"replaced/{shard.relative_to(made.folder).as_posix()}")
    for clip in made.ids[1:]:
        assert hashlib.sha256(release.media(clip)).digest() == release.places[clip].sha256
    anew = batches(on_s3(server, uri, tmp_path / "cache"))
    assert {s["clip_id"] for batch in anew for s in batch["skipped"]} == {gone}


def test_a_broken_file_of_the_cache_is_fetched_anew(server: Server, made: Made, tmp_path: Path) -> None:
    release = on_s3(server, upload(server, made, "broken"), tmp_path / "cache")
    clip = made.ids[0]
    release.media(clip)
    [kept] = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    content = kept.read_bytes()
    for broken in (bytes(len(content)), content[:10], b""):
        kept.write_bytes(broken)
        assert release.media(clip) == content
        assert kept.read_bytes() == content


def test_a_shard_that_is_cut_off_or_altered_on_s3_is_an_error(server: Server, made: Made) -> None:
    clip = made.ids[0]
    shard, offset, _ = made.place(clip)
    path, content = shard.relative_to(made.folder).as_posix(), shard.read_bytes()
    uri = upload(server, made, "cut")
    release = on_s3(server, uri, None)
    for left in (offset, offset + 10):
        shard.write_bytes(content[:left])
        server.upload(shard, f"cut/{path}")
        with pytest.raises(ShardError, match=f"{shard.name} is cut off"):
            release.media(clip)
        with pytest.raises(ShardError, match=f"{shard.name} is cut off"):
            on_s3(server, uri, None)
    shard.write_bytes(content[:offset] + b"x" + content[offset + 1 :])
    server.upload(shard, f"cut/{path}")
    with pytest.raises(ShardError, match=f"{shard.name} of the release tiny is altered: clip {clip}"):
        release.media(clip)


def test_what_breaks_off_on_the_way_is_read_again(server: Server, made: Made) -> None:
    uri = upload(server, made, "unreliable")
    with unreliable(str(server.settings.endpoint_url)) as way:
        through = server.settings.model_copy(update={"endpoint_url": way.url})
        release = open_release(uri, s3=through)
        for clip in made.ids:
            # Each by a connection of its own, of which some go wrong.
            files = S3Storage(uri, through, None)
            assert files.whole("release.json") == (made.folder / "release.json").read_bytes()
            files = S3Storage(uri, through, None)
            assert replace(release, files=files).media(clip) == made.media[clip]
        assert way.faults["cut"] > 0
