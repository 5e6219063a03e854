"""A scorer of one's own from 'scorer new' to a tier that uses it, and out again."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from tests.commands import answer
from tests.place import Place
from video_assets.scorers import scorers
from video_assets.settings import Settings

GREEN = """\
-- title: Green clips
SELECT clip_id, mean_hue BETWEEN 70 AND 100 AS green
FROM clip_sheet;
"""


@pytest.mark.long
def test_a_new_scorer_is_measured_shown_and_asked_for_by_a_tier_and_leaves_its_rows_when_it_goes(
    again: Place, few_files: Path
) -> None:
    printed = answer("scorer", "new", "mean_hue")
    module = Path("scorers/mean_hue.py")
    assert printed.startswith("scorers/mean_hue.py is written.")
    assert len(module.read_text().splitlines()) < 40
    assert "mean_hue_scores in 1 batch: new, never made" in answer("plan")
    # The page shows it, laid out as the formatter has it.
    page = Path(__file__).parents[2].joinpath("docs", "add", "measurement.md").read_text()
    pasted = page.partition("```python\n")[2].partition("```")[0]
    assert ast.dump(ast.parse(pasted)) == ast.dump(ast.parse(module.read_text()))
    tier = Path("sql/tiers/mine/green.sql")
    tier.parent.mkdir(parents=True)
    tier.write_text(GREEN)
    again.run("curate", str(few_files))

    lake = again.lake()
    hues = lake.query("SELECT file_name, mean_hue, mean_hue_scores_reason FROM clip_sheet WHERE mean_hue IS NOT NULL")
    bunny = hues.filter(file_name="bunny_720p.mp4")["mean_hue"].to_list()
    assert bunny == pytest.approx([78.8], abs=0.5)  # grass
    assert hues["mean_hue_scores_reason"].null_count() == hues.height
    kept = lake.query("SELECT count(*) FROM tier_verdicts WHERE tier = 'mine/green' AND kept").item()
    assert kept == hues.filter(hues["mean_hue"].is_between(70, 100)).height > 0
    [described] = lake.query(
        "SELECT description FROM data_dictionary WHERE table_name = 'clip_sheet' AND column_name = 'mean_hue'"
    )
    assert described.item() == "Mean hue, weighed by saturation; NULL where all is grey."
    with again.instance() as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("mean_hue_scores"))
        assert event is not None
        assert event.asset_materialization is not None
        shown = event.asset_materialization.metadata
        assert {"mean_hue_histogram", "contact_sheet_by_mean_hue"} <= shown.keys()
    lake.close()

    module.write_text("raise RuntimeError\n")
    assert "rows of mean_hue_scores, whose scorer is gone, or refused (mean_hue);" in answer("plan").replace("\n", " ")
    module.unlink()
    rows = int(again.lake().query("SELECT count(*) FROM mean_hue_scores").item())
    assert rows > 0
    left = f"The lake has {rows} rows of mean_hue_scores, whose scorer is gone;"
    assert left in answer("plan")
    assert 'Referenced column "mean_hue" not found' in answer("tiers")
    assert "mean_hue" not in again.lake().query("SELECT * FROM clip_sheet LIMIT 0").columns
    assert answer("scorer", "drop", "mean_hue_scores") == "mean_hue_scores is removed.\n"
    assert left not in answer("plan")


def test_a_package_offers_its_scorers_by_an_entry_point(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    answer("scorer", "new", "mean_hue")
    folder = here.folder / "site"
    distribution = folder / "our_scorers-1.0.dist-info"
    distribution.mkdir(parents=True)
    Path("scorers/mean_hue.py").rename(folder / "our_scorers.py")
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: our-scorers\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text("[video_assets.measurements]\nmean_hue = our_scorers\n")
    monkeypatch.syspath_prepend(str(folder))
    found = scorers(Settings())
    assert found.refused == ()
    [own] = found.own
    assert (own.name, own.origin.kind, own.origin.path) == ("mean_hue_scores", "package", folder / "our_scorers.py")
    (folder / "our_scorers.py").write_text("raise RuntimeError('no licence server')\n")
    distribution = distribution.rename(folder / "our_scorers-1.1.dist-info")
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: our-scorers\nVersion: 1.1\n")
    sys.modules.pop("our_scorers")
    [error] = scorers(Settings()).refused
    assert (error.path, error.what) == (
        folder / "our_scorers.py",
        "Importing it raised RuntimeError: no licence server.",
    )


def test_naming_a_scorer_imports_nothing_heavy(here: Place) -> None:
    answer("scorer", "new", "mean_hue")
    loaded = "import sys, video_assets.definitions; print([m for m in ('torch', 'cv2', 'av', 'onnxruntime') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        cwd=here.folder,
        env=here.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
