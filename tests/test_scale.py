"""What benchmarks/scale.py reads off a lake is what the lake has, and what it multiplies grows as it should."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.place import Place

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "scale.py"


@pytest.fixture(scope="module")
def scale() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["scale"] = module
    spec.loader.exec_module(module)
    return module


def made_up(scale: ModuleType, **changed: object) -> object:
    tables = {"clips": scale.TableSize(100, 1e6, 5e3), "draws_rules": scale.TableSize(7, 1e3, 1e3, grows=False)}
    given = {
        "hours": 0.5, "clips": 100, "signature": 64, "tables": tables, "files_of_batch": 40, "pictures_of_batch": 60,
        "catalog_bytes": 1000, "ledger_bytes": 20_000, "commits_of_batch": 30, "seconds": {"decode": (360.0, 36.0)},
    }  # fmt: skip
    return scale.Measured(**(given | changed))


def test_a_lake_says_of_each_table_what_its_files_hold(scale: ModuleType, curated_few: Place) -> None:
    lake = curated_few.lake()
    found = scale.measured(lake)
    [(hours,)] = lake.query("SELECT sum(duration_s) / 3600 FROM decoded_videos WHERE reason IS NULL").rows()
    assert found.hours == pytest.approx(hours)
    for name in ("clips", "keyframes", "tier_outcomes"):
        [(rows,)] = lake.query(f"SELECT count(*) FROM {name}").rows()
        assert found.tables[name].of(hours)[0] == pytest.approx(rows)
    files = sorted((curated_few.root / "data" / "keyframes").rglob("*.parquet"))
    beside = found.tables["keyframes"].footer_bytes * len(files)
    assert found.tables["keyframes"].of(hours)[1] + beside == pytest.approx(sum(f.stat().st_size for f in files))
    spent = dict(lake.query("SELECT asset, cpu_seconds FROM costs").rows())
    assert {asset: cpu * hours for asset, (cpu, _) in found.seconds.items()} == pytest.approx(spent)
    assert not found.tables["tier_rules_history"].grows
    assert found.catalog_bytes > 0


def test_ten_times_the_footage_is_ten_times_of_all_but_the_pairs_of_signatures(scale: ModuleType) -> None:
    lake, by = made_up(scale), scale.Options()
    one, ten = scale.scaled(lake, 1, by), scale.scaled(lake, 10, by)
    # 1 TB at 20 Mbit/s is 400,000 s.
    assert one.hours == pytest.approx(400_000 / 3600)
    assert one.files == pytest.approx(one.hours * 12)
    for name in ("hours", "files", "batches", "clips", "objects", "puts", "gets", "cpu_hours", "gpu_hours", "commits"):
        assert getattr(ten, name) == pytest.approx(10 * getattr(one, name)), name
    assert ten.compare_hours == pytest.approx(100 * one.compare_hours)
    assert one.cpu_hours == pytest.approx(one.hours / 10)


def test_upkeep_merges_data_files_and_leaves_the_ledger_and_the_pictures(scale: ModuleType) -> None:
    size = scale.scaled(made_up(scale), 1, scale.Options())
    batches = size.batches
    assert size.objects == pytest.approx(batches * 100)
    assert size.objects_kept == pytest.approx(batches * (40 / scale.MANY + 60))
    assert size.catalog_kept == pytest.approx(batches * (40 / scale.MANY * 1000 + 20_000))


@pytest.mark.parametrize(
    ("changed", "terabytes", "first"),
    [
        ({"seconds": {"decode": (3600.0, 0.0)}}, 1e3, "CPU of one machine"),
        ({"seconds": {"decode": (1.0, 0.0)}, "clips": 1e5}, 1e3, "signatures, each with each"),
        ({"seconds": {"decode": (1.0, 0.0)}, "clips": 1e-3, "files_of_batch": 1e4}, 1e3, "data files in the catalog"),
        (
            {"seconds": {"decode": (1.0, 0.0)}, "clips": 1e-3, "commits_of_batch": 1e6},
            1e3,
            "commits, one after the other",
        ),
    ],
)
def test_the_tightest_limit_comes_first(
    scale: ModuleType, changed: dict[str, object], terabytes: float, first: str
) -> None:
    by = scale.Options()
    found = scale.limits(scale.scaled(made_up(scale, **changed), terabytes, by), by)
    assert found[0].name == first
    assert found[0].times > 1
    assert [limit.times for limit in found] == sorted((limit.times for limit in found), reverse=True)


def test_what_is_paid_follows_the_prices(scale: ModuleType) -> None:
    size = scale.scaled(made_up(scale), 1, scale.Options())
    dear = scale.money(size, scale.Options(usd_core_hour=1.0, usd_tb_month=100.0))
    assert dear["CPU"] == pytest.approx(size.cpu_hours)
    assert dear["footage, a month"] == 100.0


def test_the_report_has_every_table_and_family(
    scale: ModuleType, curated_few: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scale.measured(curated_few.lake())
    scale.report(found, [1, 1e5], scale.Options())
    printed = capsys.readouterr().out
    assert "| 1 TB | 100 PB |" in printed
    assert [name for name in (*found.tables, *found.seconds) if f"`{name}`" not in printed] == []
