"""What a plan, a tick of each sensor and a commit take in a lake of many batches, beside one of fewer.

python benchmarks/many_batches.py                          # 1,000 and 10,000 batches
python benchmarks/many_batches.py --batches 100 1000

Each lake is made of metadata alone: the ledger of every asset and batch, as many places in ``source_files``, rows of ``raw_videos``
and ``clips`` as there would be, in one file each as after upkeep, and DuckLake's own rows of a data file for each batch and other
table, which nobody opens.
Each size is made and measured in a process of its own, and what was found is counted, so that a quick wrong answer fails.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl

from tests.footage.bucket import SIZE, WHEN, Bucket
from tests.lake.rows import shots
from tests.servers.postgres import PASSWORD, running
from tests.servers.stored import empty_database
from video_assets.lake.backend import backend
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED, SOURCE_FILES, Measurement, Why, over_batches, plan
from video_assets.lake.schemas import CAPTIONS, CLIPS, MATERIALIZATIONS, RAW_VIDEOS, SHOTS, TIER_OUTCOMES
from video_assets.lake.schemas import SOURCE_FILES as SOURCES
from video_assets.lake.upkeep import put_away

FILES = 100
"""Places, videos and clips of each batch."""
NEW, STALE = 5, 5
"""So many batches were only taken in, and of so many the measurement is of an older version."""
FAILED = 10
"""Of so many batches a video failed for good, which makes nothing due."""
OLDER = "visual_scores"
TIMES = 3
_META = "__ducklake_metadata_lake"


class Keys(Sequence[str]):
    """The keys of all batches' footage, in order: a folder a batch."""

    def __init__(self, batches: int) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return self._batches * FILES

    def __getitem__(self, number: Any) -> Any:
        batch, n = divmod(number, FILES)
        return f"in/b{batch:06}/{n:02}.mp4"


class Footage(Bucket):
    """A bucket in which every object has an ETag of its own."""

    def etag(self, key: str) -> str:
        return key.removeprefix("in/").removesuffix(".mp4")


def names(batches: int) -> list[str]:
    return [f"b{number:06}" for number in range(batches)]


def ledger_rows(order: Mapping[str, Measurement], batches: Sequence[str]) -> list[dict[str, Any]]:
    """The ledger of a lake of which all is made but what is to be due."""
    shared = {(m.asset, SHARED): f"{n:016x}" for n, m in enumerate(order.values()) if m.shared}
    ledger: dict[tuple[str, str], dict[str, Any]] = {
        key: {"data_version": v, "rows": FILES, "failures": 0} for key, v in shared.items()
    }
    rows = []

    def add(asset: str, batch: str, version: str, inputs: Mapping[str, str], failures: int = 0) -> None:
        data = shared.get((asset, batch)) or f"{batch}{hash(asset) & (2**36 - 1):09x}"
        ledger[asset, batch] = {"data_version": data, "rows": FILES, "failures": failures}
        rows.append(
            {"asset": asset, "batch": batch, "version": version, "data_version": data, "rows": FILES, "failures": failures,
             "inputs": json.dumps(dict(sorted(inputs.items()))), "footage_seconds": 3600.0, "compute_seconds": 60.0,
             "run_id": "", "made_at": WHEN}
        )  # fmt: skip

    for number, batch in enumerate(batches):
        add(SOURCE_FILES, batch, "1", {})
        if number < NEW:
            continue
        for asset, m in order.items():
            if m.shared:
                continue
            keys = {i: (i, SHARED if i in order and order[i].shared else batch) for i in m.inputs}
            # Of reviews there are none.
            inputs = {i: ledger[key]["data_version"] for i, key in keys.items() if key in ledger}
            inputs |= {name: version for name, version in m.files.items() if version is not None}
            old = asset == OLDER and number < NEW + STALE
            failed = asset == RAW_VIDEOS.name and number >= len(batches) - FAILED
            add(asset, batch, "0" if old else m.version, inputs, int(failed))
    good = sum(e["rows"] - e["failures"] for (asset, _), e in ledger.items() if asset == "clip_embeddings")
    for asset, m in order.items():
        if m.growth:
            add(asset, SHARED, m.version, {i: str(good) for i in m.inputs})
        elif m.over_all:
            add(asset, SHARED, m.version, {i: over_batches(i, ledger) for i in m.inputs})
    return rows


def expected(order: Mapping[str, Measurement]) -> dict[str, int]:
    """How many partitions are due and why, by the graph alone."""
    each = [m for m in order.values() if not m.shared]
    followers = {OLDER}
    for m in each:
        if followers & {*m.inputs}:
            followers.add(m.asset)
    over_all = sum(m.over_all for m in order.values())
    return {
        Why.NEW: NEW * len(each),
        Why.STALE: STALE,
        Why.FOLLOWS: STALE * (len(followers) - 1) + over_all,
    }


def fill(lake: Lake, order: Mapping[str, Measurement], batches: Sequence[str]) -> None:
    """Make the lake."""
    for start in range(0, len(batches), 2_000):
        some = batches[start : start + 2_000]
        key = pl.DataFrame({"batch": some}).join(pl.DataFrame({"n": range(FILES)}), how="cross")
        named = key.with_columns(of=pl.format("{}/{}", "batch", pl.col("n").cast(pl.String).str.zfill(2)))
        videos = named.select(
            "batch", video_id="of", sha256="of", content=pl.format("etag:{}:{}", "of", pl.lit(SIZE)),
            uri=pl.format("s3://bucket/in/{}.mp4", "of"), size_bytes=pl.lit(SIZE), duration_s=pl.lit(36.0), version=pl.lit(order["raw_videos"].version),
            reason=pl.when((pl.col("n") == 0) & pl.col("batch").is_in(batches[-FAILED:])).then(pl.lit("empty_file")),
        )  # fmt: skip
        measured = videos.filter(~pl.col("batch").is_in(batches[:NEW]))
        cuts = measured.select(
            "batch", "video_id", "duration_s", clip_id="video_id", version=pl.lit(order["clips"].version)
        )
        places = videos.select("batch", "uri", "content", "size_bytes", modified_at=pl.lit(WHEN), current=pl.lit(True))
        contents = ((SOURCES, places), (RAW_VIDEOS, measured), (CLIPS, cuts))
        # A lake after its upkeep: of each of these tables few files are left.
        lake.commit([Replacement(t, some, _whole(t, rows)) for t, rows in contents], [], message="made")
    # The batches in the middle are all alike: one of them is written, and the catalog's database copies it.
    middle = batches[NEW + STALE : -FAILED]
    copies = {*middle[1:]}
    rows = MATERIALIZATIONS.frame([row for row in ledger_rows(order, batches) if row["batch"] not in copies])
    limit = f"CALL lake.set_option('data_inlining_row_limit', {{}}, table_name => '{MATERIALIZATIONS.name}')"
    with lake.cursor() as cursor:
        cursor.execute(limit.format(rows.height))
        cursor.register("written", rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
        cursor.execute("INSERT INTO materializations BY NAME SELECT * FROM written")
        cursor.execute(limit.format(1_000))
    lake.close()
    copy_entries(lake, middle)
    add_data_files(lake, order, middle)
    assert put_away(lake) >= len(batches)
    lake.close()
    backend(lake.settings.lake).tidy()


def _whole(table: Any, rows: pl.DataFrame) -> pl.DataFrame:
    missing = [
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in table.schema.items() if name not in rows.columns
    ]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in table.schema.items())


def copy_entries(lake: Lake, batches: Sequence[str]) -> None:
    """Ledger entries of batches like those of the first of them, in DuckLake's own table of rows inside the catalog."""
    database = backend(lake.settings.lake)
    with database.tables() as found:
        assert found
        [(table, table_id, first)] = found.execute(
            "SELECT i.table_name, t.table_id, s.next_row_id FROM ducklake_inlined_data_tables AS i JOIN ducklake_table AS t "
            "ON t.table_id = i.table_id JOIN ducklake_table_stats AS s ON s.table_id = t.table_id WHERE t.table_name = ?",
            (MATERIALIZATIONS.name,),
        )
        named = "'b' || substr(CAST(1000000 + b.n AS TEXT), 2)"

        def stored(text: str) -> str:
            return f"convert_to({text}, 'UTF8')" if lake.settings.lake.in_postgres else text

        own = f"{found.as_text('batch')} = '{batches[0]}'"
        [(each,)] = found.execute(f"SELECT count(*) FROM {table} WHERE {own}")
        columns = found.columns(table)
        number = int(batches[0].removeprefix("b")) + 1
        given = {"row_id": f"{first} + (b.n - {number}) * {each} + place - 1"}
        for column in ("batch", "data_version", "inputs"):
            given[column] = stored(f"replace({found.as_text(column)}, '{batches[0]}', {named})")
        found.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) WITH RECURSIVE b (n) AS (SELECT {number} UNION ALL "
            f"SELECT n + 1 FROM b WHERE n < {number + len(batches) - 2}) "
            f"SELECT {', '.join(given.get(c, c) for c in columns)} FROM b CROSS JOIN "
            f"(SELECT *, row_number() OVER (ORDER BY row_id) AS place FROM {table} WHERE {own}) AS one"
        )
        more = (len(batches) - 1) * each
        found.execute(
            f"UPDATE ducklake_table_stats SET record_count = record_count + {more}, next_row_id = next_row_id + {more} "
            f"WHERE table_id = {table_id}"
        )


def add_data_files(lake: Lake, order: Mapping[str, Measurement], batches: Sequence[str]) -> None:
    """DuckLake's rows of one data file for each batch and table, with statistics of their batch alone.

    The catalog's database makes them itself, as through DuckDB they took most of an hour.
    """
    # Captions and tiers are read whole, and there are none here.
    left = {RAW_VIDEOS.name, CLIPS.name, SOURCES.name, CAPTIONS.name, TIER_OUTCOMES.name}
    made_each = {m.table for m in order.values() if not m.shared}
    names_of = [t.name for t in made_each if not t.in_catalog and t.name not in left]
    with backend(lake.settings.lake).tables() as found:
        assert found
        [(snapshot, first)] = found.execute("SELECT max(snapshot_id), max(next_file_id) FROM ducklake_snapshot")
        number = int(batches[0].removeprefix("b"))
        for table in sorted(names_of):
            [(tid, cid)] = found.execute(
                "SELECT t.table_id, c.column_id FROM ducklake_table AS t JOIN ducklake_column AS c ON c.table_id = t.table_id "
                "WHERE t.table_name = ? AND c.column_name = 'batch' AND t.end_snapshot IS NULL AND c.end_snapshot IS NULL",
                (table,),
            )
            made = (
                f"WITH RECURSIVE b (n) AS (SELECT {number} UNION ALL SELECT n + 1 FROM b WHERE n < {number + len(batches) - 1}), "
                f"made (id, batch) AS (SELECT {first - number} + n, 'b' || substr(CAST(1000000 + n AS TEXT), 2) FROM b) "
            )
            found.execute(
                "INSERT INTO ducklake_data_file (data_file_id, table_id, begin_snapshot, file_order, path, path_is_relative, "
                f"file_format, record_count, file_size_bytes, footer_size, row_id_start) {made} SELECT id, {tid}, {snapshot}, id, "
                "batch || '-' || id || '.parquet', TRUE, 'parquet', 10, 10000, 1000, 10 * id FROM made"
            )
            found.execute(
                "INSERT INTO ducklake_file_column_stats (data_file_id, table_id, column_id, column_size_bytes, value_count, "
                f"null_count, min_value, max_value) {made} SELECT id, {tid}, {cid}, 500, 10, 0, batch, batch FROM made"
            )
            first += len(batches)
        found.execute(f"UPDATE ducklake_snapshot SET next_file_id = {first} WHERE snapshot_id = {snapshot}")


def measured(what: Callable[[], object]) -> dict[str, float]:
    """Medians of CPU and wall seconds."""
    cpu, wall = [], []
    for _ in range(TIMES):
        before, began = time.process_time(), time.perf_counter()
        what()
        cpu.append(time.process_time() - before)
        wall.append(time.perf_counter() - began)
    return {"cpu": statistics.median(cpu), "wall": statistics.median(wall)}


def one(count: int) -> dict[str, Any]:
    """Make a lake of so many batches in the folder of this process's settings, and measure."""
    import dagster as dg

    from video_assets.assets.common import order as order_of
    from video_assets.definitions import defs
    from video_assets.footage import ingest
    from video_assets.footage.listing import FoundFile, Listing
    from video_assets.footage.slices import Place, look
    from video_assets.resources import resources
    from video_assets.sensors import new_footage, recuration
    from video_assets.settings import WatchedFolder, settings

    order, batches = order_of(), names(count)
    lake = Lake(settings())
    began = time.perf_counter()
    fill(lake, order, batches)
    making = time.perf_counter() - began
    found: dict[str, Any] = {}
    wanted = expected(order)

    def planned() -> None:
        due = plan(lake, order)
        whys = {why: sum(d.why is why for d in due) for why in wanted}
        assert whys == wanted, (whys, wanted)
        assert len(due) == sum(wanted.values()), len(due)
        assert sum(d.rows for d in due if d.asset == OLDER) == STALE * FILES
        assert sum(d.rows for d in due if d.asset == RAW_VIDEOS.name) == NEW * FILES

    found["`plan`"] = measured(planned)
    os.environ["VIDEO_ASSETS_FOOTAGE__WATCH"] = json.dumps([{"uri": "s3://bucket/in"}])
    settings.cache_clear()
    bucket = Footage(Keys(count))

    def listed(
        _: object, folder: WatchedFolder, suffixes: Collection[str], place: Place, pending: Sequence[str],
        known: Callable[[Sequence[FoundFile]], Container[object]], most: int,
    ) -> tuple[Listing, Place]:  # fmt: skip
        return look(bucket, "bucket", "in/", folder, suffixes, place, pending, known, most)

    given = resources()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("batch", batches)

        def ticked() -> None:
            with dg.build_sensor_context(instance=instance, cursor="", resources=given, definitions=defs) as context:
                result = recuration(context)
            assert isinstance(result, dg.SensorResult)
            # Nobody has begun the new ones, which are left to the sensor new_footage.
            asked_for = [r.partition_key for r in result.run_requests or ()]
            assert asked_for == batches[NEW : NEW + STALE], (asked_for, result.skip_reason)

        cursors = [""]

        def looked() -> None:
            bucket.listed = 0
            with (
                patch.object(ingest, "look_s3", listed),
                dg.build_sensor_context(
                    instance=instance, cursor=cursors[-1], resources=given, definitions=defs
                ) as context,
            ):
                result = new_footage(context)
            assert isinstance(result, dg.SensorResult)
            assert isinstance(result.skip_reason, dg.SkipReason)
            told = str(result.skip_reason.skip_message)
            # Of a large prefix only folders with footage that is not known are listed for good.
            large = len(bucket.keys) > settings().footage.s3_keys_per_tick
            assert ("no footage" if large else f"{len(bucket.keys)} known.") in told, told
            assert 0 < bucket.listed <= settings().footage.s3_keys_per_tick + 1, bucket.listed
            cursors.append(str(result.cursor))

        looked()  # the first of all finds out how many there are
        found["tick of `recuration`"] = measured(ticked)
        found["tick of `new_footage`"] = measured(looked)
    settled = iter(batches[NEW + STALE :])

    def asked() -> None:
        batch = next(settled)
        entries = lake.entries([batch, SHARED])
        assert sum(of == batch for _, of in entries) == 1 + sum(not m.shared for m in order.values())

    found["look at the ledger of one batch"] = measured(asked)
    entry, times = lake.made([batches[-1]])["shots", batches[-1]], iter(range(TIMES + 1))

    def committed() -> None:
        version = str(next(times))
        made = Made("shots", "replaced", version, version, {}, FILES)
        rows = [Replacement(SHOTS, ["replaced"], shots("replaced", FILES, version))]
        snapshot = lake.commit(rows, [made], message="replaced")
        assert snapshot > 0

    committed()
    found["commit of a replaced batch"] = measured(committed)
    [(rows, version)] = lake.query(
        "SELECT count(*), any_value(version) FROM shots WHERE batch = 'replaced'"
    ).iter_rows()
    assert (rows, version) == (FILES, str(TIMES)), (rows, version)
    assert lake.made(["replaced"])["shots", "replaced"]["version"] == version
    assert lake.made([batches[-1]])["shots", batches[-1]] == entry
    [files_now] = lake.query(f"SELECT count(*) FROM {_META}.ducklake_data_file WHERE end_snapshot IS NULL").row(0)
    [entries] = lake.query("SELECT count(*) FROM materializations").row(0)
    return {"made": making, "files": files_now, "entries": entries, "found": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, nargs=2, default=[1_000, 10_000])
    parser.add_argument("--catalog", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(one(chosen.one)))
        return
    results = []
    script = Path(__file__).resolve()
    for count in chosen.batches:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="many-batches-")))
            folder.chmod(0o711)
            environment = os.environ | {"VIDEO_ASSETS_LAKE__ROOT": f"{folder}/lake", "PYTHONHASHSEED": "0"}
            if chosen.catalog == "postgres":
                (folder / "server").mkdir()
                server = stack.enter_context(running(folder / "server"))
                environment |= {"PGPASSWORD": PASSWORD}
                os.environ["PGPASSWORD"] = PASSWORD
                environment["VIDEO_ASSETS_LAKE__CATALOG"] = server.database(empty_database(server))
            command = [sys.executable, str(script), "--one", str(count)]
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, cwd=folder)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    for count, result in zip(chosen.batches, results, strict=True):
        print(
            f"{count:,} batches: {result['files']:,} data files, {result['entries']:,} entries, made in {result['made']:.0f} s"
        )
    few, many = chosen.batches
    print(f"\n| what | {few:,}: CPU s | wall s | {many:,}: CPU s | wall s | wall, times |\n|---|---|---|---|---|---|")
    for what, a in results[0]["found"].items():
        b = results[1]["found"][what]
        print(
            f"| {what} | {a['cpu']:.2f} | {a['wall']:.2f} | {b['cpu']:.2f} | {b['wall']:.2f} | {b['wall'] / a['wall']:.1f} |"
        )


if __name__ == "__main__":
    main()
