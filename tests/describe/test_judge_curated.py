"""The judge in a whole run: asset, check, sheet, tier, page and plan, from settings and a file of questions."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from tests.commands import answer
from tests.conftest import forget_settings
from tests.describe.chat_server import ChatServer
from tests.describe.judged import LOGO, QUESTIONS, SAID
from tests.place import Place
from video_assets.lake.lake import Lake
from video_assets.scorers.judge import NAME
from video_assets.settings import JudgeSettings, LakeSettings, Settings

TIER = """\
SELECT
    clip_id,
    -- Ours.
    shows_logo = 'no' AS without_logo
FROM clip_sheet;
"""
TOML = """\
[judge]
questions = "questions.txt"
tier = "mine/without_logo"

[judge.endpoint]
base_url = "{url}"
model = "vlm-8b"
usd_per_million_input_tokens = 1.0
usd_per_million_output_tokens = 10.0
"""


@pytest.mark.long
def test_curating_asks_judges_by_the_answers_and_shows_what_they_were_and_cost(
    again: Place, few_files: Path, server: ChatServer
) -> None:
    place, tmp_path = again, again.folder
    server.words = SAID
    (tmp_path / "sql" / "tiers" / "mine").mkdir(parents=True)
    (tmp_path / "sql" / "tiers" / "mine" / "without_logo.sql").write_text(TIER)
    (tmp_path / "questions.txt").write_text(QUESTIONS)
    (tmp_path / "video_assets.toml").write_text(TOML.format(url=server.url))
    printed = place.run("curate", str(few_files))
    assert "failed" not in printed
    lake = _lake(place)
    candidates = lake.query("SELECT count(*) FROM candidates WHERE candidate").item()
    assert server.asked.total() == candidates > 0
    assert lake.query(f"SELECT count(*), sum(judge_usd) FROM {NAME}").row(0) == (candidates, candidates * 0.002)
    assert lake.query("SELECT DISTINCT shows_logo_why FROM clip_sheet WHERE shows_logo = 'no'").rows() == [
        (SAID["shows_logo_why"],)
    ]
    verdicts = "SELECT count(*) FROM tier_verdicts WHERE tier = 'mine/without_logo' AND verdict = '{}'"
    assert lake.query(verdicts.format("kept")).item() == candidates

    event = place.instance().get_latest_materialization_event(dg.AssetKey(NAME))
    assert event is not None
    page = event.asset_materialization.metadata if event.asset_materialization else {}
    assert "vlm-8b" in str(page["models"].value)
    assert "Does the clip show a logo or a watermark?" in str(page["questions"].value)
    assert f"| is_staged | unsure | {candidates} |" in " ".join(str(page["answers"].value).split())
    checked = place.instance().event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey(NAME), f"no_failures_in_{NAME}"), limit=1
    )
    assert [str(record.status.value) for record in checked] == ["SUCCEEDED"]

    # Another question: the answers are due anew, at what they have cost; so is what follows them.
    (tmp_path / "questions.txt").write_text(QUESTIONS.replace("clip staged", "clip made up"))
    planned = planned_now()
    assert f"{NAME} in 1 batch: stale" in planned
    assert f"{candidates} rows" in planned
    server.words = LOGO
    place.run("curate", str(few_files))
    assert lake.query(verdicts.format("dropped")).item() == candidates

    # A file that cannot be used takes the judge away, says why, and leaves all else at work.
    (tmp_path / "questions.txt").write_text("shows_logo Does it?\n")
    refused = planned_now()
    assert f"Left out: {tmp_path / 'questions.txt'}:1: 'shows_logo Does it?' is no question." in refused
    assert NAME not in refused.replace(str(tmp_path), "").partition("Left out")[0]


def planned_now() -> str:
    """What the plan says by the files as they are now."""
    forget_settings()
    return answer("plan")


def _lake(place: Place) -> Lake:
    chosen = JudgeSettings.model_validate(
        {
            "questions": place.folder / "questions.txt",
            "endpoint": {"base_url": "http://localhost/v1", "model": "vlm-8b"},
        }
    )
    return Lake(Settings(lake=LakeSettings(root=str(place.root)), own_sql=place.folder / "sql", judge=chosen))
