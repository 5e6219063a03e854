"""The small lake of clips, and a judge that is asked about them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.describe.captioned import BATCH, Clips
from tests.place import copy_catalog
from video_assets.batches.scores import score
from video_assets.batches.sheet import write_sheet
from video_assets.batches.step import Step
from video_assets.batches.tiers import decide
from video_assets.curate.sql_files import read_files
from video_assets.lake.lake import Lake
from video_assets.lake.ledger import Made
from video_assets.lake.plan import Due, plan
from video_assets.lake.schemas import CANDIDATES, CONTAMINATION
from video_assets.measurements import measurements
from video_assets.scorers.judge import NAME
from video_assets.scorers.visual import VISUAL_SCORES
from video_assets.settings import JudgeSettings, LakeSettings, Settings

QUESTIONS = """\
# What is asked of every clip.
shows_logo: Does the clip show a logo or a watermark?
is_staged: Is the clip staged?
"""
SAID = {
    "shows_logo_why": "There is no mark in any corner.", "shows_logo": "no",
    "is_staged_why": "It cannot be told from so little.", "is_staged": "unsure",
}  # fmt: skip
LOGO = SAID | {"shows_logo_why": "A mark is in the upper right corner.", "shows_logo": "yes"}

BRIGHT, CLEAN = "mine/bright", "mine/clean"
_TIERS = {
    BRIGHT: "SELECT\n    clip_id,\n    -- Ours.\n    luma_mean > 100 AS bright\nFROM clip_sheet;\n",
    CLEAN: f"""-- parent: {BRIGHT}
SELECT
    clip_id,
    -- Ours.
    (SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = '{BRIGHT}' AND v.clip_id = clip_sheet.clip_id) AS kept_by_parent,
    -- Ours.
    shows_logo = 'no' AS without_logo
FROM clip_sheet;
""",
}


@dataclass(frozen=True)
class Judged:
    """A copy of the lake of clips in a folder of its own; so many are candidates, and every other one is dark."""

    folder: Path
    url: str

    @classmethod
    def first(cls, clips: Clips, folder: Path) -> Judged:
        """The lake as it is opened with a judge for the first time, which takes long; tests have copies."""
        _copied(Path(clips.lake.settings.lake.root), folder / "lake")
        judged = cls.without_lake(folder)
        judged.step().lake.query("SELECT 1")
        return judged

    @classmethod
    def without_lake(cls, folder: Path, url: str = "http://localhost/v1") -> Judged:
        """The files alone."""
        judged = cls(folder, url)
        judged.ask(QUESTIONS)
        for name, sql in _TIERS.items():
            path = folder / "sql" / "tiers" / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(sql)
        return judged

    @classmethod
    def made(cls, clips: Clips, first: Judged, folder: Path, url: str, count: int) -> Judged:
        _copied(first.folder / "lake", folder / "lake")
        judged = cls.without_lake(folder, url)
        step = judged.step()
        tables = [
            clips._table(CANDIDATES, candidate=lambda n: n < count, compared=lambda n: n < count, why="possible"),
            clips._table(CONTAMINATION, near_benchmark=False),
            clips._table(VISUAL_SCORES.table, luma_mean=lambda n: 40.0 if n % 2 else 120.0),
        ]
        made = [Made(name, BATCH, step.version(name), "made", {}, clips.count) for name in step.order[NAME].inputs]
        step.lake.commit(tables, made, message="made by hand")
        write_sheet(step, BATCH)
        return judged

    def ask(self, questions: str) -> None:
        (self.folder / "questions.txt").write_text(questions)

    def settings(self, **changes: Any) -> Settings:
        """``tier`` and ``prompt`` are the judge's, and all else is its endpoint's."""
        usual = {
            "base_url": self.url,
            "model": "vlm-8b",
            "frames": 4,
            "retries": 2,
            "longest_wait_s": 0.05,
            "timeout_s": 20.0,
        }
        own = {name: changes.pop(name) for name in ("tier", "prompt") if name in changes}
        chosen = JudgeSettings(questions=self.folder / "questions.txt", endpoint=usual | changes, **own)
        places = LakeSettings(root=str(self.folder / "lake"))
        return Settings(lake=places, own_sql=self.folder / "sql", judge=chosen)

    def version(self, **changes: Any) -> str:
        """Of what is asked by these settings."""
        return measurements(self.settings(**changes), {})[NAME].version

    def step(self, **changes: Any) -> Step:
        """A step with these settings, over the lake as it then is."""
        settings = self.settings(**changes)
        files = read_files(settings)
        assert not files.refused
        return Step(Lake(settings), measurements(settings, {t: files.tiers[t] for t in _TIERS}))


def _copied(root: Path, other: Path) -> None:
    shutil.copytree(root / "data", other / "data")
    copy_catalog(root, other)


def judge(step: Step) -> Made:
    return score(step, NAME, BATCH)


def rows(step: Step) -> dict[int, dict[str, Any]]:
    """The judge's rows by the clip's number."""
    found = step.lake.read(step.order[NAME].table, [BATCH])
    return {int(row["clip_id"], 16): row for row in found.iter_rows(named=True)}


def due(step: Step) -> Due | None:
    """What the plan has of the judge; nothing else is looked at."""
    found = [d for d in plan(step.lake, {NAME: step.order[NAME]}) if d.asset == NAME]
    return found[0] if found else None


def kept(step: Step, tier: str) -> list[int]:
    """The clips that a tier keeps after the sheet was written anew."""
    write_sheet(step, BATCH)
    for name in _TIERS:
        decide(step, read_files(step.lake.settings).tiers[name], [BATCH])
    sql = "SELECT clip_id FROM tier_verdicts_history WHERE tier = ? AND kept ORDER BY clip_id"
    return [int(clip, 16) for clip in step.lake.query(sql, [tier])["clip_id"]]
