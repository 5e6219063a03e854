"""Answers are of the tiers and draws that have a file now; what others said stays in the history until it is swept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.place import Place
from tests.tables import TABLES
from video_assets.lake import lake as lakes
from video_assets.lake import schemas
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import CLIPS, DRAWS_HISTORY, TIER_OUTCOMES, TIER_RULES_HISTORY
from video_assets.lake.sweep import sweep
from video_assets.lake.tier_files import FileState, note_files
from video_assets.settings import LakeSettings, Settings

NOW = datetime.now(UTC)
MONTH = timedelta(days=30)


@pytest.fixture
def lake(here: Place) -> Lake:
    """Give a lake in which three tiers of one version have decided on a clip, and two have a draw."""
    lake = here.quick_lake()
    lake.commit(
        [Replacement(CLIPS, ["a"], CLIPS.frame([{"clip_id": "c", "duration_s": 5.0}], batch="a"))], [], message="c"
    )
    for tier in ("lab/one", "lab/two", "lab/three"):
        decide(lake, tier, "1")
    for tier in ("lab/one", "lab/two"):
        drawn = DRAWS_HISTORY.frame([{"clip_id": "c"}], batch="a", tier=tier, version="1")
        made = Made(f"draws/{tier}", "", "1", "d", {}, 1, compute_seconds=1.0)
        lake.commit([Replacement(DRAWS_HISTORY, ["a"], drawn, {"tier": tier})], [made], message=tier)
    return lake


def decide(lake: Lake, tier: str, version: str) -> None:
    """Commit a verdict on the clip and the tier's one rule, as a run does."""
    outcomes = TIER_OUTCOMES.frame([{"clip_id": "c", "failed": 0, "unknown": 0}], batch="a", tier=tier, version=version)
    rules = TIER_RULES_HISTORY.frame([{"number": 1, "rule": "good"}], batch="", tier=tier, version=version)
    replaced = [
        Replacement(TIER_OUTCOMES, ["a"], outcomes, {"tier": tier}),
        Replacement(TIER_RULES_HISTORY, [""], rules, {"tier": tier, "version": version}),
    ]
    made = Made(f"tiers/{tier}", "a", version, "v", {}, 1, compute_seconds=1.0, kept=1, undecided=0, kept_seconds=5.0)
    lake.commit(replaced, [made], message=tier)


def files(*tiers: str, draws: Sequence[str] = (), version: str = "1") -> list[FileState]:
    found = [FileState("tier", tier, f"{tier}.sql", version) for tier in tiers]
    return found + [FileState("draw", tier, f"{tier}.sql", "1") for tier in draws]


def refused(tier: str) -> FileState:
    return FileState("tier", tier, f"{tier}.sql", line=3, message="It is wrong. Mend it.")


def said(lake: Lake, view: str) -> list[str]:
    rows: list[str] = lake.query(f"SELECT DISTINCT tier FROM {view} ORDER BY tier")["tier"].to_list()
    return rows


ALL = ["lab/one", "lab/three", "lab/two"]


def test_before_anybody_has_noted_files_every_tier_counts(lake: Lake) -> None:
    for view in ("tier_verdicts", "tier_rules", "current_tiers", "costs_per_kept_hour WHERE kept_hours > 0"):
        assert said(lake, view) == ALL
    assert said(lake, "draws") == ["lab/one", "lab/two"]


def test_a_tier_or_draw_without_a_file_is_in_no_answer_and_in_the_history(lake: Lake) -> None:
    assert note_files(lake, files("lab/one", draws=["lab/one"]), NOW)
    for view in ("tier_verdicts", "tier_rules", "current_tiers", "draws", "costs_per_kept_hour WHERE kept_hours > 0"):
        assert said(lake, view) == ["lab/one"]
    assets = lake.query("SELECT DISTINCT asset FROM current_materializations WHERE asset LIKE '%lab%' ORDER BY asset")
    assert assets["asset"].to_list() == ["draws/lab/one", "tiers/lab/one"]
    assert "tiers/lab/two" not in lake.query("SELECT asset FROM costs")["asset"].to_list()
    assert said(lake, "tier_verdicts_history") == said(lake, "tier_rules_history") == ALL
    assert said(lake, "draws_history") == ["lab/one", "lab/two"]
    # What was made before files were noted is known to be gone.
    gone = lake.query("SELECT kind, tier FROM tier_files WHERE state = 'gone' ORDER BY ALL").rows()
    assert gone == [("draw", "lab/two"), ("tier", "lab/three"), ("tier", "lab/two")]


def test_every_shipped_question_leaves_out_a_tier_without_a_file(lake: Lake) -> None:
    note_files(lake, files("lab/one"), NOW)
    for question in sorted((Settings().sql_folder / "explore").glob("*.sql")):
        rows = lake.query(question.read_text())
        if "tier" in rows.columns:
            assert set(rows["tier"]) <= {"lab/one"}, question.name


def test_a_file_that_comes_back_brings_its_verdicts_back(lake: Lake) -> None:
    note_files(lake, files("lab/one"), NOW)
    note_files(lake, files("lab/one", "lab/two", "lab/three"), NOW)
    assert said(lake, "tier_verdicts") == ALL


def test_verdicts_of_a_refused_file_are_in_no_answer_until_it_is_mended(lake: Lake) -> None:
    note_files(lake, [*files("lab/one", "lab/two"), refused("lab/three")], NOW)
    assert said(lake, "tier_verdicts") == ["lab/one", "lab/two"]
    found = lake.query("SELECT state, version, path, line, message FROM tier_files WHERE tier = 'lab/three'").row(0)
    assert found == ("refused", None, "lab/three.sql", 3, "It is wrong. Mend it.")
    note_files(lake, files("lab/one", "lab/two", "lab/three"), NOW)
    assert said(lake, "tier_verdicts") == ALL


def test_verdicts_of_another_version_of_the_file_are_in_no_answer(lake: Lake) -> None:
    note_files(lake, [*files("lab/one", "lab/two"), *files("lab/three", version="2")], NOW)
    assert said(lake, "tier_verdicts") == ["lab/one", "lab/two"]
    decide(lake, "lab/three", "2")
    assert said(lake, "tier_verdicts") == ALL
    assert lake.query("SELECT DISTINCT version FROM tier_rules WHERE tier = 'lab/three'")["version"].to_list() == ["2"]


def test_nothing_is_written_when_the_files_are_as_they_were(lake: Lake) -> None:
    snapshots = "SELECT count(*) FROM ducklake_snapshots('lake')"
    found = [*files("lab/one", draws=["lab/one"]), refused("lab/two")]
    assert note_files(lake, found, NOW)
    before = lake.query(snapshots).item(), lake.query("FROM tier_files ORDER BY ALL")
    assert not note_files(lake, found, NOW + MONTH)
    assert lake.query(snapshots).item() == before[0]
    assert lake.query("FROM tier_files ORDER BY ALL").equals(before[1])
    # The few rows are inside the catalog.
    assert list(Path(lake.settings.lake.root).rglob("tier_files/*")) == []


def left(lake: Lake) -> set[str]:
    rows = lake.query(
        "SELECT 'outcomes ' || tier AS what FROM tier_outcomes UNION SELECT 'rules ' || tier FROM tier_rules_history "
        "UNION SELECT 'draw ' || tier FROM draws_history UNION SELECT asset FROM materializations WHERE asset LIKE '%lab%'"
    )
    return set(rows["what"])


def test_sweeping_takes_out_what_has_had_no_file_for_long_and_nothing_else(lake: Lake) -> None:
    everything = left(lake)
    note_files(lake, [*files("lab/one", draws=["lab/one"]), refused("lab/three")], NOW)
    assert sweep(lake, "v", NOW + timedelta(days=29), older_than=MONTH).gone == ()
    tried = sweep(lake, "v", NOW + timedelta(days=31), older_than=MONTH, dry_run=True)
    assert tried.gone == ("draws/lab/two", "tiers/lab/two")
    assert left(lake) == everything
    assert sweep(lake, "v", NOW + timedelta(days=31), older_than=MONTH).gone == tried.gone
    assert {name for name in everything if not name.endswith("lab/two")} == left(lake)
    assert said(lake, "tier_verdicts") == ["lab/one"]
    # Nothing is left to do, and the file may come back and be decided anew.
    assert sweep(lake, "v", NOW + timedelta(days=62), older_than=MONTH).gone == ()
    note_files(lake, files("lab/two"), NOW)
    decide(lake, "lab/two", "1")
    assert said(lake, "tier_verdicts") == ["lab/two"]


def test_rules_by_which_nothing_is_decided_any_more_are_swept(lake: Lake) -> None:
    note_files(lake, files("lab/one", version="2"), NOW)
    decide(lake, "lab/one", "2")
    sweep(lake, "v", NOW, older_than=MONTH)
    rules = lake.query("SELECT tier, version FROM tier_rules_history ORDER BY ALL").rows()
    assert rules == [("lab/one", "2"), ("lab/three", "1"), ("lab/two", "1")]


def test_a_folder_without_any_tier_is_no_order_to_remove_them_all(lake: Lake) -> None:
    everything = left(lake)
    note_files(lake, [], NOW)
    with pytest.raises(ValueError, match="No tier has a file: is it the right folder"):
        sweep(lake, "v", NOW + timedelta(days=31), older_than=MONTH)
    assert left(lake) == everything


def test_a_lake_whose_rules_and_draws_were_tables_of_those_names_goes_on_working(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)
    (tmp_path / "sql" / "views").mkdir(parents=True)
    older = {schemas.TIER_RULES.name: schemas.TIER_RULES, schemas.DRAWS.name: schemas.DRAWS}
    newer = {TIER_RULES_HISTORY.name, DRAWS_HISTORY.name, schemas.TIER_FILES.name}
    with monkeypatch.context() as then:
        then.setattr(lakes, "tables", lambda _settings: {n: t for n, t in TABLES.items() if n not in newer} | older)
        lake = Lake(Settings(lake=LakeSettings(root=str(place.root)), sql_dir=tmp_path / "sql"))
        row = pl.DataFrame([{"tier": "lab/one", "clip_id": "c"}])
        rules = schemas.TIER_RULES.frame([{"tier": "lab/one", "number": 1, "rule": "good"}], batch="", version="1")
        drawn = schemas.DRAWS.frame(row, batch="a", version="1")
        lake.commit(
            [Replacement(schemas.TIER_RULES, [""], rules), Replacement(schemas.DRAWS, ["a"], drawn)], [], message="o"
        )
    lake = place.lake()
    assert said(lake, "tier_rules") == said(lake, "draws") == ["lab/one"]
    note_files(lake, files("lab/two"), NOW)
    assert said(lake, "tier_rules") == said(lake, "draws") == []
    assert said(lake, "tier_rules_history") == said(lake, "draws_history") == ["lab/one"]
