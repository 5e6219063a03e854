"""Which clips a release holds, and what its manifest says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.curate.conftest import SQL, Lake, make_tier
from tests.publish.test_documents import facts
from video_assets.curate.draws import load_draws
from video_assets.curate.tiers import Tier, TierError, load_tier, load_tiers, read_tier
from video_assets.curate.why import why
from video_assets.publish.documents.datasheet import datasheet
from video_assets.publish.documents.statements import Statements
from video_assets.publish.freeze import Asked, Frozen, freeze, with_room
from video_assets.publish.manifest import TABLE
from video_assets.settings import DrawSettings, ReleaseSettings, Settings

MACROS = (SQL / "macros.sql").read_text()
DEFAULT = load_tier(SQL / "policies/default.sql", SQL / "policies", "policies/default")

REFUSAL = {"state": "read", "kind": "cawg", "key": "cawg.ai_generative_training", "value": "notAllowed"}

Freeze = Callable[..., Frozen]


@pytest.fixture
def tier(lake: Lake, tmp_path: Path) -> Tier:
    """A tier that keeps clips of 24 frames/s and more."""
    return make_tier(tmp_path, "lab/smooth", "fps >= 24 AS smooth")


@pytest.fixture
def frozen(lake: Lake, tier: Tier, tmp_path: Path) -> Freeze:
    """Decide the tier, then freeze it under a policy."""

    def make(policy: Tier = DEFAULT, folder: str = "release", **settings: Any) -> Frozen:
        lake.decide(tier)
        asked = Asked(tier, None, policy, ReleaseSettings.model_validate(settings), MACROS, 0.0)
        (tmp_path / folder).mkdir(exist_ok=True)
        return freeze(lake.connection, asked, Settings(), tmp_path / folder)

    return make


def table(tmp_path: Path, folder: str = "release") -> pl.DataFrame:
    return pl.read_parquet(tmp_path / folder / TABLE)


def test_what_the_tier_keeps_and_the_policy_allows_is_in_it(lake: Lake, frozen: Freeze, tmp_path: Path) -> None:
    lake.clip("a1")
    lake.clip("a2", raw_videos={"licence": "unknown"})
    lake.clip("a3", clips={"fps": 12.0})
    found = frozen()
    assert table(tmp_path)["clip_id"].to_list() == ["a1"]
    assert (found.asked_of, found.written.clips, found.written.seconds) == (2, 1, 14.0)
    assert found.refused.rows() == [("licence_known", 1, pytest.approx(14 / 3600))]


def test_a_clip_that_people_trimmed_is_in_it_as_they_trimmed_it_unless_the_release_has_them_whole(
    lake: Lake, frozen: Freeze, tmp_path: Path
) -> None:
    lake.clip("a1")
    lake.connection.execute(
        "INSERT INTO frame_signals (batch, video_id, frame, pts) SELECT 'a', 'video of a1', i, i * 40 FROM range(1000) AS r(i)"
    )
    lake.row(
        "reviews",
        {
            "part": "1", "review_id": "1", "clip_id": "a1", "rater": "ann", "decision": "keep", "judged_at": "2026-01-01",
            "trim_start_pts": 5000, "trim_end_pts": 7000,
        },
    )  # fmt: skip
    parts = ("start_pts", "end_pts", "frames")
    assert frozen().written.seconds == 2.0
    assert table(tmp_path).select(parts).rows() == [(5000, 7000, 50)]
    frozen(folder="whole", trims=False)
    assert table(tmp_path, "whole").select(parts).rows() == [(4000, 18_000, 350)]


@pytest.mark.parametrize(
    ("rights", "rule"),
    [
        ({"licence": "unknown"}, "licence_known"),
        ({"licence": "CC-BY-NC-4.0"}, "commercial_use"),
        ({"licence": "CC-BY-NC-SA-4.0"}, "commercial_use"),
        ({"licence": "free for non-commercial use"}, "commercial_use"),
        ({"licence": "CC-BY-ND-4.0"}, "derivatives"),
        ({"licence": "no derivatives please"}, "derivatives"),
        ({"acquired_how": "unknown"}, "acquisition_known"),
        ({"consent": "no"}, "consent_not_refused"),
        ({"consent": "Withdrawn on 2026-01-05"}, "consent_not_refused"),
        ({"expires_on": "2020-12-31"}, "not_expired"),
        ({"tdm_reservation": "1"}, "training_not_reserved"),
        ({"aipref_train_ai": "n"}, "training_not_reserved"),
        ({"aipref_train_ai": "unreadable"}, "training_not_reserved"),
    ],
)
def test_the_shipped_policy_keeps_out_each_by_a_rule_of_its_own(
    lake: Lake, frozen: Freeze, rights: dict[str, str], rule: str
) -> None:
    lake.clip("a1")
    lake.clip("a2", raw_videos=rights)
    assert [(r, n) for r, n, _ in frozen().refused.rows()] == [(rule, 1)]


def test_a_refusal_inside_the_file_keeps_a_clip_out_and_so_does_not_having_looked(lake: Lake, frozen: Freeze) -> None:
    lake.clip("a1")
    lake.clip("a2", rights_signals=REFUSAL)
    lake.clip("a3", rights_signals={"state": "not_available"})
    lake.clip("a4", rights_signals=None)
    lake.clip("a5", rights_signals={"state": "unsupported"})
    lake.clip("a6", raw_videos={"expires_on": "2999-01-01", "consent": "release form 12", "aipref_train_ai": "y"})
    assert [(r, n) for r, n, _ in frozen().refused.rows()] == [("training_not_reserved", 3)]


def test_why_and_the_datasheet_say_that_a_file_itself_refuses(lake: Lake, frozen: Freeze) -> None:
    lake.clip("a1")
    lake.clip("a2", rights_signals=REFUSAL)
    refused = frozen().refused
    lake.decide(DEFAULT)
    said = why(lake.connection, "a2").filter(tier=DEFAULT.name, decided=True)
    assert said.select("verdict", "rule", "measured").rows() == [
        ("dropped", "training_not_reserved", "training_signal = not_allowed")
    ]
    assert "- `training_not_reserved`: 1 clips, " in datasheet(facts(refused=refused), Statements())


@pytest.mark.parametrize(
    "licence", ["CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "Apache-2.0", "LicenseRef-Pexels", "licensed by contract 12"]
)
def test_the_shipped_policy_lets_through_what_may_be_used_and_changed(lake: Lake, frozen: Freeze, licence: str) -> None:
    lake.clip("a1", raw_videos={"licence": licence})
    assert frozen().refused.is_empty()


def test_where_the_policy_lets_nothing_through_there_is_no_release(lake: Lake, frozen: Freeze) -> None:
    lake.clip("a1", raw_videos={"licence": "unknown"})
    with pytest.raises(
        ValueError, match=r"policies/default lets none of the 1 clips of lab/smooth through \(licence_known 1\)"
    ):
        frozen()


def test_a_tier_that_keeps_nothing_has_no_release(lake: Lake, frozen: Freeze) -> None:
    lake.clip("a1", clips={"fps": 12.0})
    with pytest.raises(ValueError, match="The tier lab/smooth keeps no clip; there is nothing to release"):
        frozen()


def test_a_policy_of_ones_own_may_ask_what_day_it_is(lake: Lake, frozen: Freeze, tmp_path: Path) -> None:
    lake.clip("a1", raw_videos={"acquired_at": "2999-12-31"})
    lake.clip("a2", raw_videos={"acquired_at": "2020-01-01"})
    text = "SELECT clip_id, TRY_CAST(acquired_at AS DATE) >= current_date AS not_yet FROM clip_sheet"
    assert [(r, n) for r, n, _ in frozen(read_tier("policies/x", Path("x.sql"), text)).refused.rows()] == [
        ("not_yet", 1)
    ]
    assert table(tmp_path)["clip_id"].to_list() == ["a1"]


def test_what_a_policy_cannot_tell_is_out(lake: Lake, frozen: Freeze) -> None:
    lake.clip("a1")
    lake.clip("a2", raw_videos={"licence": None})
    assert [(r, n) for r, n, _ in frozen().refused.rows()] == [("licence_known", 1)]


def test_a_policy_that_duckdb_refuses_is_told_with_its_line(lake: Lake, frozen: Freeze) -> None:
    lake.clip("a1")
    policy = read_tier("policies/x", Path("x.sql"), "SELECT clip_id,\n  lisence = 'CC0-1.0' AS free\nFROM clip_sheet")
    with pytest.raises(TierError, match=r"x.sql:2: DuckDB refuses the tier"):
        frozen(policy)


def test_the_id_hangs_on_the_selection_and_not_on_when_or_where_it_is_made(
    lake: Lake, frozen: Freeze, tmp_path: Path
) -> None:
    lake.clip("a1")
    lake.clip("a2")
    first = frozen().written.release_id
    assert frozen(folder="elsewhere").written.release_id == first
    lake.clip("a3")
    assert frozen(folder="later").written.release_id != first


def test_a_clip_carries_its_caption_and_only_the_one_to_train_on(lake: Lake, frozen: Freeze, tmp_path: Path) -> None:
    lake.clip("a1")
    lake.clip("a2")
    for captioner, said in (("measured", "By measurement."), ("human", "By a person.")):
        lake.row(
            "captions",
            {"batch": "a", "clip_id": "a1", "captioner": captioner, "version": "1", "current": True, "drawn": False,
             "short_description": said, "dense_description": said},
        )  # fmt: skip
    found = frozen()
    rows = table(tmp_path)
    assert rows["captioner"].to_list() == ["human", None]
    assert rows["short_description"].to_list() == ["By a person.", None]
    assert found.written.without_caption == 1


def test_a_clip_carries_the_scores_that_its_texts_say(lake: Lake, tier: Tier, tmp_path: Path) -> None:
    lake.clip("a1", motion_scores={"vmaf_motion": 4.25})
    lake.decide(tier)
    said = {"scores": [{"name": "motion score", "column": "vmaf_motion"}]}
    settings = Settings(training_text=said)
    asked = Asked(tier, None, DEFAULT, ReleaseSettings(), MACROS, 0.0)
    freeze(lake.connection, asked, settings, tmp_path)
    assert json.loads(table(tmp_path, ".")["scores"][0]) == {"vmaf_motion": "4.25"}


def test_a_draws_clips_are_released_with_their_splits(lake: Lake, tmp_path: Path) -> None:
    tiers, _ = load_tiers(SQL / "tiers")
    draws, _ = load_draws([SQL / "draws"], tiers, SQL / "macros.sql", DrawSettings())
    name = "movie_gen/low_resolution"
    for clip, split in (("a1", "train"), ("a2", "evaluation"), ("a3", None)):
        lake.clip(clip)
        if split:
            drawn = {"batch": "a", "tier": name, "clip_id": clip, "video_id": f"video of {clip}", "split": split}
            lake.row("draws_history", drawn | {"version": draws[name].version})
    asked = Asked(tiers[name], draws[name], DEFAULT, ReleaseSettings(), MACROS, 0.5)
    found = freeze(lake.connection, asked, Settings(), tmp_path)
    assert table(tmp_path, ".").select("clip_id", "split").rows() == [("a1", "train"), ("a2", "evaluation")]
    assert found.asked_of == 2


def test_without_a_draw_the_videos_that_are_held_out_are_the_same_as_a_draws(
    lake: Lake, tier: Tier, tmp_path: Path
) -> None:
    for number in range(40):
        lake.clip(f"{number:02}")
    lake.decide(tier)
    asked = Asked(tier, None, DEFAULT, ReleaseSettings(), MACROS, 0.3)
    freeze(lake.connection, asked, Settings(), tmp_path)
    found = table(tmp_path, ".").filter(split="evaluation")["video_id"].to_list()
    lake.connection.execute(MACROS)
    said = lake.query("SELECT video_id FROM clips WHERE held_out(video_id, 0.3) ORDER BY clip_id")
    assert found == [video for (video,) in said]
    assert 0 < len(found) < 40


def test_what_cannot_be_done_in_little_memory_is_done_in_more() -> None:
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '8MB'; SET temp_directory = ''")
        asked = (
            "CREATE OR REPLACE TABLE sorted AS SELECT md5(i::VARCHAR) AS id FROM range(1_000_000) AS r (i) ORDER BY id"
        )
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(asked)
        with_room(connection, asked)
        assert connection.execute("SELECT count(*) FROM sorted").fetchall() == [(1_000_000,)]
