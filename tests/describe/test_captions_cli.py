"""The command line's captions, over a lake of which nothing but captions can be made."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from click.testing import CliRunner, Result

from tests.conftest import forget_settings
from tests.describe.captioned import BATCH, TIER, Clips, captions, clip_name
from tests.place import Place, copy_catalog
from video_assets import cli
from video_assets.assets.common import order
from video_assets.batches.captions import caption_clips
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import SHARED, SOURCE_FILES
from video_assets.measurements import CAPTIONS, CODE, FINDINGS
from video_assets.settings import settings


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["captions", *arguments])


@pytest.fixture
def step(made: Clips, here: Place, monkeypatch: pytest.MonkeyPatch) -> Step:
    """Make this process work on a lake of three clips of which all is made, captions by what was measured too."""
    root = Path(made.only(3).lake.settings.lake.root)
    shutil.copytree(root / "data", here.root / "data")
    copy_catalog(root, here.root)
    monkeypatch.setenv("VIDEO_ASSETS_CAPTIONS__TIERS", json.dumps([TIER]))
    forget_settings()
    lake = Lake(settings())
    step = Step(lake, order())
    entries = {
        asset: Made(asset, SHARED if m.shared else BATCH, m.version, "made", dict.fromkeys(m.inputs, "made"), 1)
        for asset, m in step.order.items()
        if asset not in (CAPTIONS, FINDINGS)
    }
    grown = {a: replace(e, inputs=dict.fromkeys(e.inputs, "1")) for a, e in entries.items() if step.order[a].growth}
    first = Made(SOURCE_FILES, BATCH, "", "made", {}, 3)
    lake.commit([], [first, *(entries | grown).values()], message="as if all were made")
    caption_clips(step, BATCH)
    return step


def test_captions_go_out_are_corrected_come_in_again_and_win(step: Step, here: Place) -> None:
    file = here.folder / "captions.jsonl"
    exported = ask("export", str(file))
    assert exported.output == f"3 captions: {file}\n"
    rows = pl.read_ndjson(file)
    assert rows.select("file_name", "captioner", "winner").row(0) == ("film0.mp4", "measured", True)
    rows.head(1).with_columns(short_description=pl.lit("A ferry leaves.")).write_ndjson(file)
    imported = ask("import", str(file), "--captioner", "human")
    assert imported.exit_code == 0, imported.output
    assert imported.output.endswith("human has 1 current captions, and had 0.\n")
    sheet = step.lake.query(
        "SELECT captioner, short_description FROM described_clips WHERE captioner IS NOT NULL ORDER BY 1"
    )
    assert sheet.row(0) == ("human", "A ferry leaves.")
    assert sheet["captioner"].to_list() == ["human", "measured", "measured"]


def test_captions_of_a_version_are_written_anew_by_one_command_and_shown_beside_their_clips(
    step: Step, here: Place
) -> None:
    (version,) = captions(step)["version"].unique()
    printed = ask("redo", "--version", version)
    assert printed.exit_code == 0, printed.output
    assert "Captions in 1 batches are written anew." in printed.output
    found = captions(step).group_by("version", "withdrawn", "current").len().sort("version")
    assert found.rows() == [(version, True, False, 3), (f"{version}.2", False, True, 3)]
    with here.instance() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("captions"))
    assert event
    assert event.asset_materialization
    metadata = event.asset_materialization.metadata
    shown = str(metadata["captions"].value)
    assert shown.count("(/logs/lake/captions/") == 1
    assert "The camera moves to the left." not in shown  # what is said of a clip stays in the lake
    assert "(/logs/lake/captions/" in str(metadata["words_histogram"].value)
    assert "| measured | measured | 1 |" in str(metadata["captioners"].value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["redo", "--version", "x"],
            f"No current caption of version x can be written anew; there are {CODE['captions/measured']}-",
        ),
        (["redo"], "Say which captions: with --version or with --captioner, or both."),
        (["import", "rows.jsonl", "--captioner", "measured"], "measured is a captioner of the settings"),
        (["export", "captions.txt"], "captions.txt ends in neither .jsonl nor .parquet"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(step: Step, here: Place, arguments: list[str], said: str) -> None:
    Path("rows.jsonl").write_text(json.dumps({"clip_id": clip_name(0)}))
    refused = ask(*arguments)
    assert refused.exit_code in (1, 2)
    assert said in refused.output
    assert "Traceback" not in refused.output
