"""The chain from a source to the models that have seen it, from any of its links, up and down.

Up is what a thing came from, down is what it has reached. The links are rows: sources, clips, releases, shards, training runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from video_assets.lake.lake import Lake
from video_assets.rights.fields import domain_of

_MOST = 20
_HEX = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True)
class Link:
    """A link of the chain.

    Attributes:
        kind: what it is: model, run, release, shard, clip, source, holder, licence or domain; or what such a thing is made of.
        name: which.
        told: what else is to be said of it.
        below: what hangs on it in this direction.
        more: how many more there are than are shown.
    """

    kind: str
    name: str
    told: Mapping[str, Any] = field(default_factory=dict)
    below: Sequence[Link] = ()
    more: int = 0

    def as_json(self) -> dict[str, Any]:
        """The same in plain values."""
        found: dict[str, Any] = {"kind": self.kind, "name": self.name, **self.told}
        if self.below:
            found["below"] = [link.as_json() for link in self.below]
        return found | ({"more": self.more} if self.more else {})

    def lines(self, depth: int = 0) -> Iterator[tuple[int, str]]:
        """Depth and text of each line of the tree."""
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.told.items() if value is not None)
        yield depth, f"{self.kind} {self.name}" + (f": {said}" if said else "")
        for link in self.below:
            yield from link.lines(depth + 1)
        if self.more:
            yield depth + 1, f"and {self.more:,} more"


@dataclass(frozen=True)
class Trace:
    """A thing with what it came from and what it has reached, and the numbers of all of them."""

    kind: str
    name: str
    counts: Mapping[str, int]
    up: Sequence[Link]
    down: Sequence[Link]


def trace(lake: Lake, what: str) -> Trace:
    """Find a thing by its name, and everything that it hangs together with.

    Args:
        lake: the lake.
        what: a model, training run, release, shard (RELEASE/shards/...), clip or source (id or its first eight digits), file (its name,
            path or address), holder, licence or domain.

    Raises:
        ValueError: there is nothing of that name, or an id's beginning is that of several.
    """
    kind, name = _resolved(lake, what)
    clips = _clips(lake, kind, name)
    rows = _lineage(lake, clips).filter(_of_itself(kind, name)).sort("release", "shard", "clip_id", "run")
    reads = rows.filter(pl.col("times") > 0)
    counts = {
        "sources": clips["video_id"].n_unique(), "clips": clips["clip_id"].n_unique(), "releases": rows["release"].n_unique(),
        "shards": rows.drop_nulls("shard").select("release", "shard").n_unique(), "models": reads["model"].n_unique(),
    }  # fmt: skip
    up: list[Link] = []
    down: list[Link] = []
    if kind in ("model", "run"):
        up = _releases(lake, rows, above=True)
    elif kind == "release":
        up = [*_made_of(lake, name), *_sources(lake, clips)]
    elif kind == "shard":
        up = _sources(lake, clips)
    elif kind == "clip":
        up = [*_sources(lake, clips), *_measured(lake, name)]
    elif kind == "source":
        up = _rights(lake, name)
    if kind in ("holder", "licence", "domain"):
        down = _sources(lake, clips)
    if kind == "source":
        down = [Link("clip", c) for c in clips["clip_id"].unique().sort()[:_MOST]]
        down += [Link("clips", "others", more=max(0, counts["clips"] - _MOST))] if counts["clips"] > _MOST else []
    if kind == "clip":
        down = _tiers(lake, name)
    if kind not in ("model", "run"):
        down += _releases(lake, rows, reads=reads, only=kind == "release")
    return Trace(kind, name, counts, up, down)


def _of_itself(kind: str, name: str) -> pl.Expr:
    """Which rows of its clips' lineage are its own: a clip may be in other releases and models too."""
    if kind in ("model", "run"):
        return (pl.col(kind) == name) & (pl.col("times") > 0)
    if kind == "release":
        return pl.col("release") == name
    if kind == "shard":
        return pl.concat_str("release", "shard", separator="/") == name
    return pl.lit(value=True)


def _resolved(lake: Lake, what: str) -> tuple[str, str]:
    """Which thing is meant: the kinds are tried from a model down to a domain."""
    wanted = what.strip()
    for kind, sql in _NAMED.items():
        found = lake.query(sql, {"what": wanted})
        if found.height:
            return kind, str(found.item(0, 0))
    if _HEX.fullmatch(wanted.lower()):
        for kind, sql in _BEGINNING.items():
            found = lake.query(sql, {"what": wanted.lower()})
            if found.height > 1:
                raise ValueError(
                    f"Several {kind}s have an id that begins with {wanted}: {', '.join(found.to_series())}."
                )
            if found.height:
                return kind, str(found.item(0, 0))
    files = lake.query(_FILE, {"what": wanted})
    if files.height == 1:
        return "source", str(files.item(0, 0))
    if files.height > 1:
        raise ValueError(f"Several sources are named {wanted}: {', '.join(files.to_series())}; name one by its id.")
    hosts = lake.query("SELECT DISTINCT source_url FROM raw_videos WHERE source_url IS NOT NULL")["source_url"]
    if domain_of(f"https://{wanted.removeprefix('www.')}") in {domain_of(url) for url in hosts} - {"unknown"}:
        return "domain", wanted.lower().removeprefix("www.")
    raise ValueError(
        f"Nothing in the lake is named {wanted}: no model, training run, release, shard, clip, source, file, holder, licence or domain."
    )


_NAMED = {
    "model": "SELECT model FROM training_runs WHERE model = $what LIMIT 1",
    "run": "SELECT run FROM training_runs WHERE run = $what",
    "release": "SELECT release FROM releases WHERE release = $what OR release_id = $what LIMIT 1",
    "shard": "SELECT DISTINCT release || '/' || shard FROM release_clips WHERE release || '/' || shard = $what",
    "holder": "SELECT holder FROM raw_videos WHERE lower(holder) = lower($what) AND holder <> 'unknown' "
    "UNION SELECT holder FROM release_clips WHERE lower(holder) = lower($what) AND holder <> 'unknown' LIMIT 1",
    "licence": "SELECT licence FROM raw_videos WHERE lower(licence) = lower($what) "
    "UNION SELECT licence FROM release_clips WHERE lower(licence) = lower($what) LIMIT 1",
}  # fmt: skip
_BEGINNING = {
    "clip": "SELECT clip_id FROM clips WHERE starts_with(clip_id, $what) UNION "
    "SELECT clip_id FROM release_clips WHERE starts_with(clip_id, $what) ORDER BY 1 LIMIT 9",
    "source": "SELECT video_id FROM raw_videos WHERE starts_with(video_id, $what) OR sha256 = $what UNION "
    "SELECT video_id FROM release_clips WHERE starts_with(video_id, $what) ORDER BY 1 LIMIT 9",
}  # fmt: skip
_FILE = """
SELECT DISTINCT v.video_id FROM raw_videos AS v
WHERE v.file_name = $what OR v.uri = $what OR v.source_url = $what OR v.content IN (
    SELECT content FROM source_files WHERE uri = $what OR ends_with(uri, '/' || $what)
)
ORDER BY 1 LIMIT 9
"""


def _clips(lake: Lake, kind: str, name: str) -> pl.DataFrame:
    """The clips that a thing is, holds or has read: ``clip_id`` and ``video_id``; also those that only a release has."""
    if kind == "domain":
        urls = lake.query("SELECT DISTINCT source_url FROM raw_videos WHERE source_url IS NOT NULL")["source_url"]
        return lake.query(_OF_URLS, [[url for url in urls if domain_of(url) == name]])
    return lake.query(_OF[kind], {"what": name})


_OF_URLS = """
SELECT DISTINCT c.clip_id, c.video_id FROM clips AS c
WHERE c.video_id IN (SELECT video_id FROM raw_videos WHERE source_url IN (SELECT unnest(?)))
"""
_OF = {
    "model": "SELECT DISTINCT clip_id, video_id FROM lineage WHERE model = $what AND times > 0",
    "run": "SELECT DISTINCT clip_id, video_id FROM lineage WHERE run = $what AND times > 0",
    "release": "SELECT clip_id, video_id FROM release_clips WHERE release = $what",
    "shard": "SELECT clip_id, video_id FROM release_clips WHERE release || '/' || shard = $what",
    "clip": "SELECT clip_id, video_id FROM clips WHERE clip_id = $what UNION "
    "SELECT clip_id, video_id FROM release_clips WHERE clip_id = $what",
    "source": "SELECT clip_id, video_id FROM clips WHERE video_id = $what UNION "
    "SELECT clip_id, video_id FROM release_clips WHERE video_id = $what",
    "holder": "SELECT c.clip_id, c.video_id FROM clips AS c SEMI JOIN (SELECT video_id FROM raw_videos WHERE holder = $what) AS v "
    "ON v.video_id = c.video_id UNION SELECT clip_id, video_id FROM release_clips WHERE holder = $what",
    "licence": "SELECT c.clip_id, c.video_id FROM clips AS c SEMI JOIN (SELECT video_id FROM raw_videos WHERE licence = $what) AS v "
    "ON v.video_id = c.video_id UNION SELECT clip_id, video_id FROM release_clips WHERE licence = $what",
}  # fmt: skip


def _lineage(lake: Lake, clips: pl.DataFrame) -> pl.DataFrame:
    with lake.cursor() as cursor:
        cursor.register("wanted", clips.select("clip_id").to_arrow(compat_level=pl.CompatLevel.oldest()))
        return cursor.execute("SELECT l.* FROM lineage AS l SEMI JOIN wanted AS w ON w.clip_id = l.clip_id").pl()


def _sources(lake: Lake, clips: pl.DataFrame) -> list[Link]:
    """The sources of some clips, those with the most of them first."""
    with lake.cursor() as cursor:
        cursor.register("wanted", clips.to_arrow(compat_level=pl.CompatLevel.oldest()))
        found = cursor.execute(_SOURCES).pl()
    links = [
        Link(
            "source", row["video_id"],
            {"file": row["file_name"] or "gone from the lake", "clips": row["clips"], "licence": row["licence"],
             "holder": row["holder"], "from": row["source_url"]},
        )
        for row in found.head(_MOST).iter_rows(named=True)
    ]  # fmt: skip
    return _and_more(links, found.height)


_SOURCES = """
SELECT w.video_id, any_value(v.file_name) AS file_name, any_value(v.licence) AS licence, any_value(v.holder) AS holder,
    any_value(v.source_url) AS source_url, count(DISTINCT w.clip_id) AS clips
FROM wanted AS w LEFT JOIN raw_videos AS v ON v.video_id = w.video_id AND v.reason IS NULL
GROUP BY w.video_id ORDER BY clips DESC, w.video_id
"""


def _and_more(links: list[Link], total: int) -> list[Link]:
    return [*links, Link("sources", "others", more=total - len(links))] if total > len(links) else links


def _rights(lake: Lake, video: str) -> list[Link]:
    found = lake.query(
        "SELECT file_name, sha256, licence, holder, source_url, acquired_how, acquired_at, rights_from, batch FROM raw_videos "
        "WHERE video_id = ? AND reason IS NULL",
        [video],
    )
    if not found.height:
        return [Link("source", "gone", {"says": "the lake does not have it any more"})]
    row = found.row(0, named=True)
    places = lake.query(
        "SELECT s.uri FROM source_files AS s JOIN raw_videos AS v ON v.batch = s.batch AND v.content = s.content "
        "WHERE v.video_id = ? AND s.current ORDER BY s.uri",
        [video],
    )["uri"].to_list()
    names = ("licence", "holder", "source_url", "acquired_how", "acquired_at", "rights_from")
    return [
        Link("file", row["file_name"], {"sha256": row["sha256"], "batch": row["batch"]}),
        Link("rights", "as stated", {name: row[name] for name in names}),
        *(Link("place", uri) for uri in places[:_MOST]),
    ]


def _measured(lake: Lake, clip: str) -> list[Link]:
    """By what a clip was measured, and its captions."""
    versions = lake.query(
        "SELECT m.asset, m.version, m.run_id FROM materializations AS m JOIN clips AS c ON c.batch = m.batch "
        "WHERE c.clip_id = ? AND NOT regexp_matches(m.asset, '^(tiers/|draws/|views/|source_files|reviews)') ORDER BY m.asset",
        [clip],
    )
    captions = lake.query(
        "SELECT captioner, version, model, winner FROM current_captions WHERE clip_id = ? AND reason IS NULL ORDER BY captioner",
        [clip],
    )
    return [
        *(Link("measured by", asset, {"version": version, "run": run or None}) for asset, version, run in versions.iter_rows()),
        *(
            Link("caption by", row["captioner"], {"version": row["version"], "model": row["model"] or None, "to_train_on": row["winner"]})
            for row in captions.iter_rows(named=True)
        ),
    ]  # fmt: skip


def _tiers(lake: Lake, clip: str) -> list[Link]:
    found = lake.query("SELECT tier, verdict, decided_by FROM tier_verdicts WHERE clip_id = ? ORDER BY tier", [clip])
    return [Link("tier", tier, {verdict: by or "by all its rules"}) for tier, verdict, by in found.iter_rows()]


def _made_of(lake: Lake, release: str) -> list[Link]:
    row = lake.query("SELECT * FROM releases WHERE release = ?", [release]).row(0, named=True)
    return [
        Link("tier", row["tier"], {"version": row["tier_version"], "clips": "the draw's" if row["drawn"] else "all that are kept"}),
        Link("policy", row["policy"], {"version": row["policy_version"], "kept_out": f"{row['refused']:,} clips"}),
        Link("lake", f"version {row['snapshot']}", {"run": row["run_id"] or None, "made": row["made_at"].date()}),
    ]  # fmt: skip


def _releases(
    lake: Lake, rows: pl.DataFrame, *, above: bool = False, reads: pl.DataFrame | None = None, only: bool = False
) -> list[Link]:
    """The releases of some rows of ``lineage``: with their sources above, or with shards and the runs that read them below."""
    links: list[Link] = []
    for (name,), part in rows.group_by("release", maintain_order=True):
        told = {"id": str(part["release_id"][0])[:12], "clips": part["clip_id"].n_unique(), "tier": part["tier"][0]}
        if above:
            below = _sources(lake, part.select("clip_id", "video_id").unique())
            links.append(Link("release", str(name), told, below))
            continue
        shards = (
            part.drop_nulls("shard").unique(["shard", "clip_id"]).group_by("shard").agg(clips=pl.len()).sort("shard")
        )
        below = [Link("shard", shard, {"clips": clips}) for shard, clips in shards.head(_MOST).iter_rows()]
        below = [*below, Link("shards", "others", more=shards.height - _MOST)] if shards.height > _MOST else below
        seen = part.clear() if reads is None else reads.filter(release=str(name))
        for (run, model), of in seen.group_by("run", "model", maintain_order=True):
            numbers = {"run": run, "clips": of["clip_id"].n_unique(), "times_read": int(of["times"].sum())}
            below.append(Link("model", str(model), numbers))
        links += below if only else [Link("release", str(name), told, below)]
    return links
