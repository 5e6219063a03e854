"""What 1 TB, 1 PB and 100 PB of footage would be in a lake, from one that was really curated.

python benchmarks/scale.py                      # the lake of the settings
python benchmarks/scale.py --mbit 8 --minutes 10 --sizes 5 500

Read off the lake: rows and bytes of each table per hour of footage, files of a batch, what a file takes in the catalog, commits of
a batch, CPU and GPU seconds of each family from the cost ledger. All of it is then multiplied. What cannot be read off a lake is
an option with a stated default: bitrate, length of a file, prices, cores, and what one machine does in a second, which other
benchmarks measure.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields

import polars as pl

from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake
from video_assets.lake.upkeep import MANY
from video_assets.scorers import tables as known_tables
from video_assets.settings import LakeSettings, Settings, settings

TERA = 1e12
_HOUR = 3600
_LIST_PAGE = 1000
_PART = 8 * 2**20
_META = "__ducklake_metadata_lake"


@dataclass(frozen=True)
class Options:
    """What no lake says. Each is an option of the command of the same name."""

    mbit: float = 20.0
    """Bitrate of the footage, Mbit/s."""
    minutes: float = 5.0
    """Length of a file."""
    files: int = 64
    """Files of a batch; the setting footage.batch_videos."""
    days: float = 30.0
    """In which all of it is to be done."""
    cores: int = 64
    """CPU cores of one machine."""
    gflops: float = 20.0
    """Of one core that compares signatures, 10^9 operations a second."""
    gbit: float = 10.0
    """Network of one machine, Gbit/s."""
    commits: float = 1.3
    """Commits a second, one after the other; benchmarks/many_writers.py."""
    catalog_files: float = 1e6
    """Data files with which a plan takes half a minute; benchmarks/many_batches.py."""
    partitions: int = 10_000
    """Batches with which Dagster's pages are quick."""
    usd_core_hour: float = 0.04
    usd_gpu_hour: float = 2.0
    usd_tb_month: float = 23.0
    usd_million_put: float = 5.0
    usd_million_get: float = 0.4


@dataclass(frozen=True)
class TableSize:
    """Of one table: rows and bytes of their columns per hour of footage, and what a file has beside them.

    Of what is made once for all batches these are what there is, whatever footage there is.
    """

    rows: float
    data_bytes: float
    footer_bytes: float
    grows: bool = True

    def of(self, hours: float) -> tuple[float, float]:
        """Rows and bytes for so many hours."""
        times = hours if self.grows else 1.0
        return self.rows * times, self.data_bytes * times


@dataclass(frozen=True)
class Measured:
    """What a lake says.

    Attributes:
        hours: of footage.
        clips: per hour.
        signature: numbers of a clip's signature, which is compared with that of every other clip.
        tables: by name.
        files_of_batch: data files that a batch makes before any upkeep.
        pictures_of_batch: pictures of its pages.
        catalog_bytes: that the catalog grows by for each data file.
        ledger_bytes: of a batch in the ledger, which is in the catalog too.
        commits_of_batch: snapshots that it makes.
        seconds: of CPU and of GPU per hour of footage, by asset.
    """

    hours: float
    clips: float
    signature: int
    tables: dict[str, TableSize]
    files_of_batch: float
    pictures_of_batch: float
    catalog_bytes: float
    ledger_bytes: float
    commits_of_batch: float
    seconds: dict[str, tuple[float, float]]


def measured(lake: Lake) -> Measured:
    """Read off a lake what is multiplied.

    Raises:
        ValueError: it holds no footage that was decoded.
    """
    [(hours,)] = lake.query("SELECT sum(duration_s) / 3600 FROM decoded_videos WHERE reason IS NULL").rows()
    if not hours:
        raise ValueError("The lake holds no footage; curate some first, 'video-assets demo' for one.")
    [(clips,)] = lake.query("SELECT count(*) FROM clips").rows()
    [(batches,)] = lake.query("SELECT count(DISTINCT batch) FROM decoded_videos").rows()
    [(signature,)] = lake.query("SELECT coalesce(max(len(copy_signature)), 0) FROM clip_embeddings").rows()
    live = lake.query(
        f"SELECT t.table_name AS name, f.path, f.path_is_relative AS inside, f.file_size_bytes AS bytes, f.record_count AS rows "
        f"FROM {_META}.ducklake_data_file AS f JOIN {_META}.ducklake_table AS t ON t.table_id = f.table_id "
        "WHERE f.end_snapshot IS NULL AND t.end_snapshot IS NULL"
    )
    tables: dict[str, TableSize] = {}
    # What a release or a training run has written does not follow from the footage.
    of_batches = {name for name, table in known_tables(lake.settings).items() if "batch" in table.schema}
    live = live.filter(pl.col("name").is_in(list(of_batches)))
    for (name,), files in live.partition_by("name", as_dict=True).items():
        columns = sum(_column_bytes(lake, path) for path in files["path"])
        footers = (int(files["bytes"].sum()) - columns) / files.height
        grows = not lake.query(f"SELECT 1 FROM {name} WHERE batch <> '' LIMIT 1").is_empty()
        per = hours if grows else 1.0
        tables[str(name)] = TableSize(int(files["rows"].sum()) / per, columns / per, footers, grows)
    [(ever,)] = lake.query(f"SELECT count(*) FROM {_META}.ducklake_data_file").rows()
    [(snapshots,)] = lake.query(
        f"SELECT count(*) FROM {_META}.ducklake_snapshot_changes WHERE commit_extra_info LIKE '%run_id%'"
    ).rows()
    [(pictures,)] = lake.query("SELECT count(*) FROM pages WHERE batch <> ''").rows()
    [(ledger,)] = lake.query("SELECT sum(strlen(m::VARCHAR)) FROM materializations AS m WHERE batch <> ''").rows()
    grown = backend(lake.settings.lake).size_bytes() - _empty_catalog()
    costs = lake.query("SELECT asset, cpu_seconds, gpu_seconds FROM costs").rows()
    of_file = max(grown - int(ledger), 0) / max(ever, 1)
    return Measured(
        hours, clips / hours, int(signature), tables, live.height / batches, pictures / batches, of_file, int(ledger) / batches,
        snapshots / batches, {asset: (cpu / hours, gpu / hours) for asset, cpu, gpu in costs},
    )  # fmt: skip


def _column_bytes(lake: Lake, path: str) -> int:
    """What the columns of a Parquet file take, without its footer."""
    sql = "SELECT coalesce(sum(total_compressed_size), 0)::BIGINT FROM parquet_metadata(?)"
    return int(lake.query(sql, [path]).item())


def _empty_catalog() -> int:
    """Bytes of a catalog with no batch in it."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Settings(lake=LakeSettings(root=f"{folder}/lake")))
        lake.query("SELECT 1")
        size = backend(lake.settings.lake).size_bytes()
        lake.close()
        return size


@dataclass(frozen=True)
class Scaled:
    """The same for so many terabytes of footage."""

    terabytes: float
    hours: float
    files: float
    batches: float
    clips: float
    table_bytes: float
    data_files: float
    data_files_kept: float
    """After upkeep has merged what is small."""
    objects: float
    """Data files, and the pictures of the pages."""
    objects_kept: float
    catalog_bytes: float
    catalog_kept: float
    puts: float
    gets: float
    cpu_hours: float
    gpu_hours: float
    compare_hours: float
    """CPU hours in which every clip's signature is compared with that of every other; a part of no measured cost."""
    commits: float


def scaled(lake: Measured, terabytes: float, by: Options) -> Scaled:
    """Multiply what a lake says. Everything grows with the footage but the comparison of signatures, with its square."""
    hours = terabytes * TERA * 8 / (by.mbit * 1e6) / _HOUR
    files = hours * 60 / by.minutes
    batches = files / by.files
    clips = hours * lake.clips
    data_files = batches * lake.files_of_batch
    merged = data_files / MANY
    footer = sum(t.footer_bytes for t in lake.tables.values()) / max(len(lake.tables), 1)
    table_bytes = sum(t.of(hours)[1] for t in lake.tables.values()) + merged * footer
    ledger = batches * lake.ledger_bytes
    pictures = batches * lake.pictures_of_batch
    cpu, gpu = (sum(s[n] for s in lake.seconds.values()) * hours / _HOUR for n in (0, 1))
    operations = clips**2 / 2 * 2 * lake.signature
    return Scaled(
        terabytes, hours, files, batches, clips, table_bytes, data_files, merged, data_files + pictures, merged + pictures,
        data_files * lake.catalog_bytes + ledger, merged * lake.catalog_bytes + ledger,
        puts=data_files + pictures, gets=terabytes * TERA / _PART + files + files / _LIST_PAGE,
        cpu_hours=cpu, gpu_hours=gpu, compare_hours=operations / (by.gflops * 1e9) / _HOUR,
        commits=batches * lake.commits_of_batch,
    )  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """Something of which one setting of the platform can do only so much: what is asked of it, over what it can do."""

    name: str
    times: float
    then: str


def limits(size: Scaled, by: Options) -> list[Limit]:
    """What a size asks of one machine as it comes, the tightest first."""
    window = by.days * 24
    cores = size.cpu_hours / window
    machines = max(cores / by.cores, 1)
    larger = math.ceil(size.batches / by.partitions * by.files / 100) * 100
    found = [
        Limit(
            "CPU of one machine", cores / by.cores,
            f"{cores:,.0f} cores for {by.days:g} days: a Ray cluster of {machines:,.0f} machines, PostgreSQL and S3 under it.",
        ),
        Limit(
            "network of one machine", size.terabytes * TERA * 8 / (window * _HOUR) / (by.gbit * 1e9),
            "each node spools what it decodes, so the footage is read by as many networks as there are nodes.",
        ),
        Limit(
            "signatures, each with each", size.compare_hours / max(size.cpu_hours, 1e-9),
            f"{size.compare_hours:,.0f} core hours are more than all measurements: an index of nearest neighbours in place of "
            "the comparison of all pairs, or a lake for each collection.",
        ),
        Limit(
            "commits, one after the other", size.commits / (by.commits * window * _HOUR),
            "larger batches, and a lake for each collection: a lake commits one at a time.",
        ),
        Limit(
            "data files in the catalog", size.data_files / by.catalog_files,
            f"the nightly upkeep makes one of {MANY}, which leaves {size.data_files_kept:,.0f}; "
            "before that, larger batches.",
        ),
        Limit(
            "batches in Dagster", size.batches / by.partitions,
            f"batches of {larger:,.0f} files in place of {by.files} (footage.batch_videos), or a lake for each collection.",
        ),
    ]  # fmt: skip
    return sorted(found, key=lambda limit: -limit.times)


def money(size: Scaled, by: Options) -> dict[str, float]:
    """US dollars: for the work once, and a month of what is kept."""
    return {
        "CPU": size.cpu_hours * by.usd_core_hour,
        "GPU": size.gpu_hours * by.usd_gpu_hour,
        "requests": size.puts / 1e6 * by.usd_million_put + size.gets / 1e6 * by.usd_million_get,
        "footage, a month": size.terabytes * by.usd_tb_month,
        "tables, a month": size.table_bytes / TERA * by.usd_tb_month,
    }


def report(lake: Measured, sizes: Sequence[float], by: Options) -> None:
    """Print all of it as Markdown."""
    assumed = ", ".join(f"{f.name} {getattr(by, f.name):g}" for f in fields(by))
    print(f"Read off {lake.hours:.3f} hours of footage with {lake.clips:,.0f} clips an hour. Options: {assumed}.\n")
    every = [scaled(lake, size, by) for size in sizes]
    _table(["", *(_size(s.terabytes * TERA) for s in every)], [
        ["hours of footage", *(_short(s.hours) for s in every)],
        ["files", *(_short(s.files) for s in every)],
        ["batches", *(_short(s.batches) for s in every)],
        ["clips", *(_short(s.clips) for s in every)],
        ["bytes of tables", *(_size(s.table_bytes) for s in every)],
        ["of the footage", *(f"{s.table_bytes / s.terabytes / TERA:.2%}" for s in every)],
        ["objects, before upkeep", *(_short(s.objects) for s in every)],
        ["objects, after upkeep", *(_short(s.objects_kept) for s in every)],
        ["catalog, before upkeep", *(_size(s.catalog_bytes) for s in every)],
        ["catalog, after upkeep", *(_size(s.catalog_kept) for s in every)],
        ["PUT requests", *(_short(s.puts) for s in every)],
        ["GET requests", *(_short(s.gets) for s in every)],
        ["commits", *(_short(s.commits) for s in every)],
        ["CPU hours", *(_short(s.cpu_hours) for s in every)],
        ["GPU hours", *(_short(s.gpu_hours) for s in every)],
        ["CPU hours of comparing signatures", *(_short(s.compare_hours) for s in every)],
        *([f"USD: {name}", *(_short(money(s, by)[name]) for s in every)] for name in money(every[0], by)),
    ])  # fmt: skip
    _table(
        ["size", "tightest first", "asked over what one can do", "what changes then"],
        [
            [_size(s.terabytes * TERA) if n == 0 else "", limit.name, f"{limit.times:,.2g}", limit.then if limit.times > 1 else ""]
            for s in every for n, limit in enumerate(limits(s, by)[:4])
        ],
    )  # fmt: skip
    rows = sorted(lake.tables.items(), key=lambda item: -item[1].data_bytes)
    _table(
        ["table", "rows per hour", "bytes per hour", "footer of a file",
        *(f"rows at {_size(s.terabytes * TERA)}" for s in every)],
        [
            [f"`{name}`" if t.grows else f"`{name}`, in all", _short(t.rows), _size(t.data_bytes), _size(t.footer_bytes), *(_short(t.of(s.hours)[0]) for s in every)]
            for name, t in rows
        ],
    )  # fmt: skip
    families = sorted(lake.seconds.items(), key=lambda item: -sum(item[1]))
    _table(
        ["family", "CPU s per hour", "GPU s per hour", *(f"hours at {_size(s.terabytes * TERA)}" for s in every)],
        [
            [f"`{asset}`", f"{cpu:,.1f}", f"{gpu:,.1f}", *(_short((cpu + gpu) * s.hours / _HOUR) for s in every)]
            for asset, (cpu, gpu) in families
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |")
    print()


def _short(number: float) -> str:
    """Three figures and a word for the rest."""
    for least, word in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")):
        if number >= least:
            return f"{number / (1e3 if least == 1e4 else least):.3g}{word}"
    return f"{number:,.3g}" if number < 1000 else f"{number:,.0f}"


def _size(number: float) -> str:
    for least, word in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= least:
            return f"{number / least:.3g} {word}"
    return f"{number:.3g} B"


def main() -> None:
    parser = argparse.ArgumentParser(
        description="What footage of these sizes would be in a lake, from one that was curated."
    )
    parser.add_argument("--sizes", type=float, nargs="+", default=[1, 1e3, 1e5], help="Terabytes of footage.")
    for field in fields(Options):
        kind = int if isinstance(field.default, int) else float
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, default=field.default)
    arguments = vars(parser.parse_args())
    sizes = arguments.pop("sizes")
    report(measured(Lake.existing(settings())), sizes, Options(**arguments))


if __name__ == "__main__":
    main()
