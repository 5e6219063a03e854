"""A release: frozen, cut and packed on request, and put where readers find it; then the lake knows it, and before that nobody.

Its folder is ``releases/<name>`` of the lake. Nothing in it says where, when or by which run it was made, so that the same
selection gives the same files.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import polars as pl

from video_assets.curate.draws import Draw
from video_assets.curate.sql_files import SqlFiles
from video_assets.curate.tiers import Tier
from video_assets.lake.catalog import lock
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import RELEASE_CLIPS, RELEASE_FILES, RELEASES
from video_assets.publish.freeze import Asked, Frozen, bounded, freeze
from video_assets.publish.manifest import TABLE, caption_hashes, line_hashes
from video_assets.publish.release_files import (
    ATTRIBUTIONS,
    INDEX,
    SUMMARY,
    attributions,
    media_id_of,
    publish,
    sources,
    write_csv,
    write_index,
    write_texts,
)
from video_assets.settings import Settings
from video_assets.settings.reading import did_you_mean
from video_assets.settings.releasing import ReleaseSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Wish:
    """What somebody wants to have released.

    Attributes:
        name: of the release.
        tier: whose clips.
        drawn: the draw's alone; None: the draw's where the tier has one.
        policy: of rights; None: that of the settings.
        media: whether clips are cut and packed.
        settings: how; None: those of the settings.
        csv: whether the manifest is there as CSV too.
    """

    name: str
    tier: str
    drawn: bool | None = None
    policy: str | None = None
    media: bool = False
    settings: ReleaseSettings | None = None
    csv: bool = False


@dataclass(frozen=True)
class Released:
    """What a release is; its row of ``releases``, and what the policy kept out by rule (``rule``, ``clips``, ``hours``)."""

    row: Mapping[str, Any]
    refused: pl.DataFrame
    asked_of: int
    too_small: int
    unchanged: bool = False
    """Whether it was there already, with all that is wanted."""


def check_name(name: str) -> None:
    """See that a release can be named so.

    Raises:
        ValueError: it is no name for a folder everywhere.
    """
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise ValueError(
            f"{name!r} is no name for a release; take letters, digits, points, hyphens and underscores, at most 64."
        )


def asked_for(wish: Wish, files: SqlFiles, settings: Settings) -> Asked:
    """The tier, the draw and the policy that are meant.

    Raises:
        ValueError: there is no such thing, or its file cannot be used.
    """
    check_name(wish.name)
    how = wish.settings or settings.release
    tier, policy = _named("tier", wish.tier, files), _named("policy", wish.policy or how.policy, files)
    if not policy.is_policy:
        raise ValueError(f"{policy.name} is a tier and no policy; policies are the files of sql/policies.")
    draw: Draw | None = files.draws.get(tier.name) if wish.drawn is not False else None
    if wish.drawn and draw is None:
        raise ValueError(
            f"There is no draw from {tier.name}; leave --drawn out, and all that the tier keeps is released."
        )
    macros = settings.sql_file("macros.sql")
    text = macros.read_text(encoding="utf-8") if macros.exists() else ""
    how = how.model_copy(update={"policy": policy.name})
    return Asked(tier, draw, policy, how, text, settings.draws.held_out_share)


def _named(what: str, name: str, files: SqlFiles) -> Tier:
    known = {n: t for n, t in files.tiers.items() if what == "tier" or t.is_policy}
    found = known.get(name) or (known.get(f"policies/{name}") if what == "policy" else None) or files.tiers.get(name)
    if found is None:
        if error := next((e for e in files.refused_tiers if e.name == name), None):
            raise ValueError(f"The {what} {name} cannot be used: {error}")
        raise ValueError(
            f"There is no {what} {name}.{did_you_mean(name, list(known))} There are {', '.join(known) or 'none'}."
        )
    return found


def preview(lake: Lake, asked: Asked) -> Frozen:
    """What a release would be: nothing is kept of it."""
    with _folder(lake) as folder, bounded(lake, folder) as connection:
        return freeze(connection, asked, lake.settings, folder)


def release(
    lake: Lake,
    wish: Wish,
    files: SqlFiles,
    *,
    run_id: str = "",
    progress: Callable[[int, int], None] = lambda _d, _t: None,
) -> Released:
    """Make a release, or what is missing of it.

    Args:
        lake: the lake.
        wish: what is wanted.
        files: the tiers, draws and policies.
        run_id: Dagster's run.
        progress: called with how many clips are cut and how many there are.

    Raises:
        ValueError: another selection has the name already, or there is nothing to release.
    """
    asked = asked_for(wish, files, lake.settings)
    with lock(lake.settings.lake, f"release-{wish.name}"), _folder(lake) as folder:
        with bounded(lake, folder) as connection:
            [(snapshot,)] = connection.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchall()
            frozen = freeze(connection, asked, lake.settings, folder)
        before = existing(lake, wish.name)
        if before and before["release_id"] != frozen.written.release_id:
            raise ValueError(
                f"There is a release {wish.name} already, of {before['clips']:,} clips as they were on {before['made_at']:%Y-%m-%d}, and "
                "this would be another selection. A release never changes; give the new one another name "
                f"('video-assets diff {wish.name} NEW' then tells the two apart)."
            )
        if before:
            wish = replace(wish, csv=wish.csv or _has_csv(lake, wish.name))
        told = Released({}, frozen.refused, frozen.asked_of, len(frozen.written.too_small))
        as_wanted = before and (before["state"] == "built" or not wish.media) and wish.csv == _has_csv(lake, wish.name)
        if before and as_wanted:
            return replace(told, row=before, unchanged=True)
        return replace(told, row=_make(lake, wish, asked, frozen, folder, int(snapshot), run_id, progress))


def _make(
    lake: Lake, wish: Wish, asked: Asked, frozen: Frozen, folder: Path, snapshot: int, run_id: str,
    progress: Callable[[int, int], None],
) -> Mapping[str, Any]:  # fmt: skip
    table = pl.read_parquet(folder / TABLE)
    if wish.csv:
        write_csv(table, folder / "manifest.csv")
    write_texts(folder, asked, lake.settings)
    attributions(table).write_csv(folder / ATTRIBUTIONS)
    clips = RELEASE_CLIPS.frame(
        table.select(
            "clip_id", "video_id", "split", "bucket", "licence", "holder",
            line_sha256=pl.Series(line_hashes(table)), caption_sha256=pl.Series(caption_hashes(table), dtype=pl.String),
        ),
        release=wish.name,
    )  # fmt: skip
    shards: Mapping[str, tuple[int, str]] = {}
    media_id = not_cut = None
    builder = None
    if wish.media:
        from video_assets.publish.media import Media

        builder = Media(lake, wish.name, frozen.written.release_id, asked.settings, progress)
        found = builder.build(folder / TABLE, sources(lake, table))
        shards = builder.files
        clips = RELEASE_CLIPS.frame(
            clips.drop([c for c in found.columns if c != "clip_id"]).join(found, on="clip_id", how="left")
        )
        good = clips.filter(pl.col("media_sha256").is_not_null())
        media_id, not_cut = media_id_of(good), clips.height - good.height
        write_index(good, folder / INDEX)
    state = "frozen" if not_cut is None else "built" if not not_cut else "incomplete"
    row: dict[str, object] = {
        "release": wish.name, "release_id": frozen.written.release_id, "media_id": media_id, "state": state,
        "tier": asked.tier.name, "tier_version": asked.tier.version, "drawn": asked.draw is not None,
        "policy": asked.policy.name, "policy_version": asked.policy.version, "clips": frozen.written.clips,
        "hours": frozen.written.seconds / 3600, "refused": int(frozen.refused["clips"].sum()),
        "refused_hours": float(frozen.refused["hours"].sum()), "without_caption": frozen.written.without_caption,
        "not_cut": not_cut, "shards": None if not_cut is None else len(shards),
        "media_bytes": None if not_cut is None else sum(size for size, _ in shards.values()),
        "header": json.dumps(frozen.header, sort_keys=True), "snapshot": snapshot, "made_by": installed("video_assets"),
        "run_id": run_id, "made_at": datetime.now(UTC),
    }  # fmt: skip
    told = {k: v for k, v in row.items() if k not in ("header", "snapshot", "made_by", "run_id", "made_at")}
    refused = frozen.refused.to_dicts()
    (folder / SUMMARY).write_text(json.dumps(told | {"refused_by_rule": refused}, indent=2, sort_keys=True) + "\n")
    listed = publish(lake, wish.name, folder) | dict(shards)
    rows = [{"path": path, "bytes": size, "sha256": digest} for path, (size, digest) in listed.items()]
    lake.commit(
        [
            Replacement(RELEASES, [wish.name], RELEASES.frame([row]), by="release"),
            Replacement(RELEASE_CLIPS, [wish.name], clips, by="release"),
            Replacement(RELEASE_FILES, [wish.name], RELEASE_FILES.frame(rows, release=wish.name), by="release"),
        ],
        [],
        message=f"release {wish.name}",
        run_id=run_id,
    )
    if builder:
        builder.forget()
    return row


@contextmanager
def _folder(lake: Lake) -> Iterator[Path]:
    scratch = lake.settings.lake.scratch_path
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".tmp-release-", dir=scratch) as name:
        yield Path(name)


def existing(lake: Lake, name: str) -> Mapping[str, Any] | None:
    """The release's row of ``releases``, if there is one of that name."""
    found = lake.query("SELECT * FROM releases WHERE release = ?", [name])
    return found.row(0, named=True) if found.height else None


def _has_csv(lake: Lake, name: str) -> bool:
    return not lake.query("SELECT 1 FROM release_files WHERE release = ? AND path = 'manifest.csv'", [name]).is_empty()


def named_release(lake: Lake, name: str) -> Mapping[str, Any]:
    """The same of one that must be there.

    Raises:
        ValueError: there is none.
    """
    found = existing(lake, name)
    if found is None:
        known = lake.query("SELECT release FROM releases ORDER BY made_at")["release"].to_list()
        raise ValueError(
            f"There is no release {name}.{did_you_mean(name, known)} There are {', '.join(known) or 'none'}."
        )
    return found
