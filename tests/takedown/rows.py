"""Videos and releases to fill a lake with, each with names that nothing else has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from video_assets.assets.common import order
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import (
    CLIPS,
    NEAR_DUPLICATES,
    RAW_VIDEOS,
    RELEASE_CLIPS,
    RELEASE_FILES,
    RELEASES,
    SOURCE_FILES,
)
from video_assets.publish.manifest import TABLE
from video_assets.publish.release_files import SUMMARY
from video_assets.publish.shards import Sample, pack
from video_assets.scorers.embeddings import CLIP_EMBEDDINGS

HOLDERS = ("AAA least of all", "MMM in the middle", "ZZZ greatest of all")
NOW = datetime(2026, 11, 3, tzinfo=UTC)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def commit_videos(lake: Lake, batch: str, names: Sequence[str], holder: str | None = None) -> None:
    """Take in videos of that batch, each held by the one of its own name."""
    step = Step(lake, order())
    rows = [
        {
            "uri": f"/footage/{name}.mp4", "file_name": f"{name}.mp4", "content": f"sha256:{digest(name)}", "sha256": digest(name),
            "video_id": digest(name)[:32], "holder": holder or name, "source_url": f"https://{name.split()[0]}.example/x",
            "rights_from": "sidecar", "size_bytes": 1,
        }
        for name in names
    ]  # fmt: skip
    videos = RAW_VIDEOS.frame(pl.DataFrame(rows).drop("rights_from"), batch=batch, version=step.version("raw_videos"))
    places = pl.DataFrame(rows).drop("file_name", "sha256", "video_id")
    files = SOURCE_FILES.frame(places, batch=batch, current=True, modified_at=NOW)
    made = [Made("raw_videos", batch, step.version("raw_videos"), "1", {}, len(rows))]
    lake.commit(
        [Replacement(RAW_VIDEOS, [batch], videos), Replacement(SOURCE_FILES, [batch], files)], made, message="some"
    )


def commit_clips(lake: Lake, step: Step, name: str, pairs: Sequence[tuple[str, str]], pixels: int) -> None:
    """A batch with a video of one clip of that name, and its pairs."""
    batch, clip = f"batch-{name.split()[0]}", digest(f"clip {name}")[:32]
    commit_videos(lake, batch, [name])
    known = {"batch": batch, "clip_id": clip, "video_id": digest(name)[:32]}
    clips = CLIPS.frame(
        [known | {"crop_width": pixels, "crop_height": 1, "duration_s": 1.0, "start_pts": 0}],
        version=step.version("clips"),
    )
    vector = CLIP_EMBEDDINGS.table.frame(
        [known | {"copy_signature": [1.0, 0.0], "embedding": [1.0]}], version=step.version("clip_embeddings")
    )
    near = NEAR_DUPLICATES.frame(
        pl.DataFrame(
            [(digest(f"clip {a}")[:32], digest(f"clip {b}")[:32], 0.99) for a, b in pairs],
            schema=["clip_id", "other_id", "cosine"], orient="row",
        ).cast({"clip_id": pl.String, "other_id": pl.String}),
        batch=batch, version="1", signature_version=step.version("clip_embeddings"),
    )  # fmt: skip
    made = [
        Made(a, batch, step.version(a), digest(f"{a} {name}")[:16], {}, 1)
        for a in ("clips", "clip_embeddings", "near_duplicates")
    ]
    replacements = [
        Replacement(t, [batch], r)
        for t, r in ((CLIPS, clips), (CLIP_EMBEDDINGS.table, vector), (NEAR_DUPLICATES, near))
    ]
    lake.commit(replacements, made, message="some")


def clip_of(name: str) -> str:
    return digest(f"clip {name}")[:32]


def commit_release(lake: Lake, release: str, names: Sequence[str]) -> Path:
    """A release of the one clip of each of these videos, in one shard; its folder."""
    shard, folder = "shards/0.tar", Path(lake.settings.lake.root, "releases", release)
    (folder / "shards").mkdir(parents=True)
    (folder / "documents").mkdir()
    (folder / "documents" / "datasheet.md").write_text(", ".join(names))
    samples = []
    for name in names:
        media = folder / f"{clip_of(name)}.mp4"
        media.write_bytes(name.encode() * 100)
        samples.append(Sample(clip_of(name), media, json.dumps({"clip_id": clip_of(name)}).encode(), name))
    with (folder / shard).open("wb") as target:
        placed = pack(samples, target)
    for sample in samples:
        sample.media.unlink()
    table = pl.DataFrame([
        {"clip_id": clip_of(n), "start_pts": 0, "end_pts": 25, "time_base_num": 1, "time_base_den": 25, "captioner": "human",
         "holder": n, "licence": "MIT", "source_url": f"https://{n.split()[0]}.example/x"} for n in names
    ])  # fmt: skip
    table.write_parquet(folder / TABLE)
    (folder / SUMMARY).write_text(json.dumps({"release": release, "clips": len(names), "state": "frozen"}))
    rows = [
        {"release": release, "clip_id": p.clip_id, "video_id": digest(n)[:32], "shard": shard, "media_offset": p.offset,
         "media_bytes": p.size_bytes, "media_sha256": p.sha256, "media_frames": 25, "holder": n}
        for p, n in zip(sorted(placed, key=lambda p: [clip_of(n) for n in names].index(p.clip_id)), names, strict=True)
    ]  # fmt: skip
    files = [{"release": release, "path": shard, "bytes": (folder / shard).stat().st_size, "sha256": "before"}]
    lake.commit(
        [
            Replacement(RELEASE_CLIPS, [release], RELEASE_CLIPS.frame(rows), by="release"),
            Replacement(RELEASES, [release], RELEASES.frame([{"release": release, "clips": len(names)}]), by="release"),
            Replacement(RELEASE_FILES, [release], RELEASE_FILES.frame(files), by="release"),
        ],
        [], message="some",
    )  # fmt: skip
    return folder
