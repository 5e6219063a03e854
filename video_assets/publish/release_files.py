"""The files of a release's folder beside manifest and shards, and where its footage is."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.publish.canonical import Hash
from video_assets.publish.freeze import Asked
from video_assets.publish.manifest import SECONDS
from video_assets.scorers import scorers
from video_assets.scorers.judge import NAME as JUDGE
from video_assets.settings import CaptionerSettings, Settings

INDEX, ATTRIBUTIONS, SUMMARY = "index.parquet", "attributions.csv", "release.json"


def attributions(table: pl.DataFrame) -> pl.DataFrame:
    """Whom to name for what: a row for each holder, licence and address, with its clips and seconds of them."""
    by = ["holder", "licence", "source_url"]
    return table.group_by(by).agg(clips=pl.len(), seconds=SECONDS.sum().round(3)).sort(by)


def sources(lake: Lake, table: pl.DataFrame) -> pl.DataFrame:
    """Of each clip where its footage is now, and what a cut must know beside the manifest."""
    with lake.cursor() as cursor:
        cursor.register("wanted", table.select("clip_id", "video_id").to_arrow(compat_level=pl.CompatLevel.oldest()))
        return cursor.execute(_SOURCES).pl()


# A content may be in several places, and a place may be gone: one where it was last seen comes first.
_SOURCES = """
SELECT
    c.clip_id, c.video_id, coalesce(c.width, v.width) AS display_width, coalesce(c.height, v.height) AS display_height, d.pieces,
    (SELECT arg_max(s.uri, (s.current, s.uri)) FROM source_files AS s WHERE s.batch = v.batch AND s.content = v.content) AS uri,
    v.content, v.size_bytes, v.coded_width, v.coded_height, v.duration_s, v.average_fps
FROM clips AS c
SEMI JOIN wanted AS w ON w.clip_id = c.clip_id AND w.video_id = c.video_id
JOIN raw_videos AS v ON v.batch = c.batch AND v.video_id = c.video_id
JOIN decoded_videos AS d ON d.batch = c.batch AND d.video_id = c.video_id
"""


def write_texts(folder: Path, asked: Asked, settings: Settings) -> None:
    """Everything that decided, as it was written."""
    texts = folder / "texts"
    texts.mkdir()
    (texts / "tier.sql").write_text(asked.tier.text, encoding="utf-8")
    (texts / "policy.sql").write_text(asked.policy.text, encoding="utf-8")
    if asked.draw:
        (texts / "draw.sql").write_text(asked.draw.file.text, encoding="utf-8")
        (texts / "macros.sql").write_text(asked.draw.macros, encoding="utf-8")
    said = {
        "release": asked.settings.model_dump(mode="json"),
        "draws": settings.draws.model_dump(mode="json"),
        "training_text": settings.training_text.model_dump(mode="json"),
        **who_was_asked(settings),
    }
    (texts / "settings.json").write_text(json.dumps(said, indent=2, sort_keys=True) + "\n")


def who_was_asked(settings: Settings) -> dict[str, object]:
    """The captioners, and the judge of clips with its questions where there is one; the tier's SQL says which answers decide."""
    captioners: dict[str, object] = {"captioners": [_captioner(c) for c in settings.captions.captioners]}
    judge = scorers(settings).used.get(JUDGE)
    return captioners | ({"judge": judge.depends_on(settings)} if judge else {})


def _captioner(chosen: CaptionerSettings) -> dict[str, object]:
    """What captions depend on; where an endpoint or a folder of weights is says nothing of them."""
    said = chosen.model_dump(
        mode="json",
        include={"name", "kind", "share", "weights_sha256", "prompt", "frames", "seed", "temperature", "max_tokens"},
    )
    return said | {"model": Path(chosen.model).name if Path(chosen.model).is_absolute() else chosen.model}


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """The manifest for spreadsheets: lists are texts with commas."""
    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List)]
    table.with_columns(pl.col(lists).list.join(", ")).write_csv(path)


def media_id_of(clips: pl.DataFrame) -> str:
    """SHA-256 over the clips' ids and their media's hashes, hex."""
    known = Hash()
    for clip, digest in clips.sort("clip_id").select("clip_id", "media_sha256").iter_rows():
        known.add(f"{clip} {digest}".encode())
    return known.hex


def write_index(clips: pl.DataFrame, path: Path) -> None:
    """Where each clip's media file is: shard, offset, bytes and SHA-256; ids and hashes as bytes."""
    clips.sort("clip_id").select(
        pl.col("clip_id").str.decode("hex"), "shard", pl.col("media_offset").alias("offset"),
        pl.col("media_bytes").alias("bytes"), pl.col("media_sha256").str.decode("hex").alias("sha256"), "media_frames",
    ).write_parquet(path, compression="zstd")  # fmt: skip


def publish(lake: Lake, name: str, folder: Path) -> dict[str, tuple[int, str]]:
    """Put the small files where readers find them, the summary last.

    Returns:
        Of each its bytes and SHA-256.
    """
    from video_assets.media.identity import sha256_of

    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.relative_to(folder).parts[0].startswith("."))
    files.sort(key=lambda p: p.name == SUMMARY)
    listed: dict[str, tuple[int, str]] = {}
    for file in files:
        path = file.relative_to(folder).as_posix()
        listed[path] = (file.stat().st_size, sha256_of(file))
        lake.files.publish(file, f"{lake.files.root}/releases/{name}/{path}")
    return listed
