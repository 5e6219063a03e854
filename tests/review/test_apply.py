"""From what people say to a tier, by one command."""

from __future__ import annotations

from tests.place import Place
from tests.review.sent import row
from video_assets.review.journal import FILE, Journal

CHOSEN = """-- title: What people choose
-- description: A tier of the tests.
SELECT
    clip_id,

    -- Nothing by itself (ours).
    human_keep IS TRUE OR duration_s > 1000 AS chosen
FROM clip_sheet;
"""


def test_a_tier_is_made_from_verdicts_by_one_command_and_why_names_the_raters(again: Place) -> None:
    own = again.folder / "sql" / "tiers" / "team"
    own.mkdir(parents=True)
    (own / "chosen.sql").write_text(CHOSEN)
    lake = again.lake()
    clip, other = lake.query("SELECT clip_id FROM clip_sheet ORDER BY 1")["clip_id"][:2]
    journal = Journal(lake.settings.lake.scratch_path / FILE)
    journal.add(row(clip, "ann"))
    journal.add(row(other, "bob", "drop"))
    printed = again.run("verdicts", "apply")
    assert "2 verdicts came into the lake." in printed
    assert "team/chosen keeps 1 clips; it kept 0." in printed
    told = again.run("why", clip)
    assert "human_keep = true (ann keeps it)" in told
    assert "People have judged it: ann keeps it." in told
