"""After real clips are curated comes a benchmark that has one of them: smaller, encoded again, its start cut off."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import polars as pl
import pytest
from click.testing import CliRunner

from tests.conftest import forget_settings
from tests.place import Place, ledger
from video_assets import cli
from video_assets.lake.lake import Lake
from video_assets.settings import Settings

BUNNY = "bunny_720p.mp4"
EXPLORE = Settings().sql_folder / "explore"


@dataclass(frozen=True)
class Curated:
    """The place and its lake with the benchmark, and the ledger and the verdicts before it came."""

    place: Place
    lake: Lake
    ledger: dict[str, tuple[str, str]]
    verdicts: pl.DataFrame
    bunny: str


def verdicts(lake: Lake) -> pl.DataFrame:
    return lake.query("SELECT * FROM tier_verdicts ORDER BY tier, clip_id")


@pytest.fixture(scope="module")
def curated(curated_few: Place, few_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Curated:
    place = curated_few.copy(tmp_path_factory.mktemp("decontaminated"))
    lake = place.lake()
    bunny = lake.query("SELECT clip_id FROM clip_sheet WHERE file_name = ?", [BUNNY]).item()
    before = Curated(place, lake, ledger(lake), verdicts(lake), bunny)
    benchmark = place.folder / "benchmark"
    benchmark.mkdir()
    later = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-ss", "0.6", "-i", str(few_files / BUNNY)]
    encode = ["-an", "-vf", "scale=640:-2", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-threads", "1"]
    subprocess.run([*later, *encode, str(benchmark / "0001.mp4")], check=True)
    place.run("curate", "--benchmark", "VBench", str(benchmark))
    return before


def test_the_footages_clip_is_dropped_by_every_tier_and_the_trace_says_so(curated: Curated) -> None:
    now, of_bunny = verdicts(curated.lake), pl.col("clip_id") == curated.bunny
    assert "open_sora/256p" in curated.verdicts.filter(of_bunny & pl.col("kept"))["tier"]
    traces = now.filter(of_bunny)
    assert traces.height == 13
    assert set(traces["verdict"]) == {"dropped"}
    assert set(traces["decided_by"]) == {"not_near_benchmark"}
    assert {passed[0] for passed in traces["passed"].to_list()} == {False}
    # A policy asks nothing else of such a clip, and is undecided then.
    of_others = ~of_bunny & ~pl.col("tier").str.starts_with("policies/")
    others, trace = (now.filter(of_others), curated.verdicts.filter(of_others)), ("passed", "not_passed")
    assert others[0].drop(*trace).equals(others[1].drop(*trace))
    # Of a clip that nobody compared it is not known any more whether it is near a benchmark; other rules drop it.
    asked = [[passed[0] for passed in verdicts.sort("clip_id", "tier")["passed"]] for verdicts in others]
    assert set(zip(*reversed(asked), strict=True)) == {(True, True), (True, None)}
    assert [p[1:] for p in others[0]["passed"].to_list()] == [p[1:] for p in others[1]["passed"].to_list()]


def test_the_benchmarks_own_clip_is_compared_and_otherwise_neither_measured_nor_judged(curated: Curated) -> None:
    (row,) = curated.lake.query(
        "SELECT g.clip_id, g.why, g.candidate, e.copy_signature IS NOT NULL FROM candidates AS g "
        "JOIN raw_videos AS v ON v.video_id = g.video_id LEFT JOIN clip_embeddings AS e ON e.clip_id = g.clip_id "
        "WHERE v.benchmark = 'VBench'"
    ).rows()
    assert row[1:] == ("benchmark", False, True)
    for table in ("text_scores", "people_scores", "quality_scores", "clip_sheet", "tier_verdicts", "contamination"):
        assert curated.lake.query(f"SELECT count(*) FROM {table} WHERE clip_id = ?", [row[0]]).item() == 0, table


def test_of_the_older_batch_only_what_hangs_on_the_benchmark_was_made_anew(curated: Curated) -> None:
    after, batches = (
        ledger(curated.lake),
        curated.lake.query("SELECT batch FROM clips WHERE clip_id = ?", [curated.bunny]),
    )
    anew = {name.partition("@")[0] for name in curated.ledger if after[name] != curated.ledger[name]}
    tiers = {f"tiers/{tier}" for tier in curated.verdicts["tier"]}
    draws = {name.partition("@")[0] for name in after if name.startswith("draws/")}
    # The concepts' centres are fitted to the footage alone, and so are as they were.
    assert anew - {"concept_model"} == {"contamination", "clip_sheet", "captions", "caption_findings"} | tiers | draws
    assert batches.height == 1


def test_why_names_the_benchmarks_clip_and_the_questions_list_it(
    curated: Curated, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = curated.lake.query((EXPLORE / "contaminated.sql").read_text())
    listed = ("benchmark", "benchmark_file", "file_name", "through", "clip_id")
    assert near.select(listed).rows() == [("VBench", "0001.mp4", BUNNY, None, curated.bunny)]
    (overview,) = curated.lake.query((EXPLORE / "benchmarks.sql").read_text()).iter_rows(named=True)
    assert overview == {
        "benchmark": "VBench", "videos": 1, "videos_not_compared": 0, "clips": 1, "hours": 0.001, "clips_near": 1,
        "hours_near": 0.001,
    }  # fmt: skip
    theirs = curated.lake.query("SELECT benchmark_clip FROM clip_sheet WHERE clip_id = ?", [curated.bunny]).item()
    monkeypatch.setenv("VIDEO_ASSETS_LAKE__ROOT", str(curated.place.root))
    forget_settings()
    said = [CliRunner().invoke(cli.main, ["why", c], catch_exceptions=False).output for c in (curated.bunny, theirs)]
    forget_settings()
    said = [" ".join(printed.split()) for printed in said]
    assert f"It is a near-duplicate of {theirs} of the benchmark VBench (0001.mp4, " in said[0]
    assert ", correlation in time 0.99" in said[0]
    assert said[1].startswith(f"{theirs} is a clip of the benchmark VBench; no tier judges it")
