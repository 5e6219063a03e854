from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.curate.conftest import SQL, make_tier, write_tier
from video_assets.curate.tiers import Rule, TierError, load_tier, load_tiers

CHILD = (
    "(SELECT v.kept FROM tier_verdicts AS v WHERE v.tier = '{0}' AND v.clip_id = clip_sheet.clip_id) AS kept_by_parent"
)


def refusal(path: Path, root: Path) -> TierError:
    with pytest.raises(TierError) as caught:
        load_tier(path, root)
    return caught.value


def test_a_tier_file_gives_its_headers_and_its_rules_in_order_with_their_sources(tmp_path: Path) -> None:
    path = tmp_path / "lab" / "small_1.sql"
    path.parent.mkdir()
    path.write_text(
        "-- title: Small set\n"
        "-- description: Clips that\n"
        "--   are small.\n"
        "-- Nothing else.\n"
        "select\n"
        "    clip_id,\n"
        "    -- Table 1, row 2\n"
        "    -- (as reported).\n"
        "    codec IS DISTINCT FROM 'av1, raw' AS \"not AV1\", -- ours\n"
        "\n"
        "    list_contains(['a', 'b'], licence) AND (SELECT true, ) AS licensed,\n"
        "    source_truncated\n"
        "from clip_sheet\n"
        "; -- the end\n"
    )
    tier = load_tier(path, tmp_path)
    assert (tier.name, tier.title, tier.description, tier.parent) == (
        "lab/small_1",
        "Small set",
        "Clips that are small.",
        None,
    )
    assert tier.rules == (
        Rule("not AV1", "codec IS DISTINCT FROM 'av1, raw'", "Table 1, row 2 (as reported). ours", 9),
        Rule("licensed", "list_contains(['a', 'b'], licence) AND (SELECT true, )", "", 11),
        Rule("source_truncated", "source_truncated", "", 12),
    )
    assert tier.line == 5
    assert tier.sql.startswith("select\n")
    assert tier.sql.endswith("from clip_sheet")


def test_comments_layout_and_headers_do_not_change_a_tiers_version_and_thresholds_do(tmp_path: Path) -> None:
    plain = make_tier(tmp_path, "lab/a", "fps > 24 AS fast")
    talkative = make_tier(tmp_path, "lab/b", "-- Table 3.\n    fps   >  24\n  AS fast -- frames/s", "-- title: B\n\n")
    stricter = make_tier(tmp_path, "lab/c", "fps > 25 AS fast")
    text = make_tier(tmp_path, "lab/d", "fps > '24' AS fast")
    assert plain.version == talkative.version
    assert len({plain.version, stricter.version, text.version}) == 3


@pytest.mark.parametrize(
    ("rules", "line", "what"),
    [
        ("fps > > 24 AS fast", 3, "syntax error"),
        ("fps > 24 AS fast,\n    codec = 'h264 AS known", 4, "unterminated quoted string"),
        ("fps > 24 AS fast,\n    (fps < 60", 5, "syntax error"),
        ("fps > 24 AS fast,\n    fps > 30 AS Fast", 4, "Two rules are named Fast; the first is on line 3."),
        ("fps > 24", 3, "has no name"),
        ("*", 3, "has no name"),
        ("clip_sheet.*", 3, "has no name"),
        ("fps > 24 AS batch", 3, "named batch, as a key is"),
        ("fps > 24 AS Not_Near_Benchmark", 3, "A rule is named Not_Near_Benchmark, as the rule of all tiers is."),
        ("fps > 24 AS fast,\n    fps > avg(fps) OVER () AS faster", 4, "The rule faster looks at more than its clip (a window)"),
        ("clip_id IN (SELECT clip_id FROM motion_scores) AS moves", 3, "looks at more than its clip (motion_scores)"),
        (CHILD.format("lab/parent"), 3, "The header names no parent, and the rules read lab/parent."),
        ("clip_id IN (SELECT clip_id FROM tier_verdicts) AS seen", 3, "the rules read no tier by its name"),
        (",\n".join(f"fps > {n} AS r{n}" for n in range(63)), 65, "The tier has 63 rules, and the most is 62."),
    ],
)  # fmt: skip
def test_a_file_with_a_bad_rule_is_refused_with_its_line(tmp_path: Path, rules: str, line: int, what: str) -> None:
    error = refusal(write_tier(tmp_path, "lab/bad", rules), tmp_path)
    assert what in error.what
    assert error.line == line
    assert str(error).startswith(f"{tmp_path}/lab/bad.sql:{line}: ")
    assert str(error).endswith(error.mend)
    assert error.mend


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "one SELECT and nothing else"),
        ("-- nothing yet\n", 1, "one SELECT and nothing else"),
        ("\nCREATE TABLE a AS SELECT 1", 2, "one SELECT and nothing else"),
        ("SELECT clip_id, true AS a FROM clip_sheet;\nSELECT 1", 1, "one SELECT and nothing else"),
        ("FROM clip_sheet SELECT clip_id, true AS a", 1, "one SELECT and nothing else"),
        ("WITH x AS (SELECT 1) SELECT clip_id, true AS a FROM clip_sheet", 1, "one SELECT and nothing else"),
        ("SELECT clip_id, true AS a FROM clip_sheet UNION SELECT 'x', true", 1, "one SELECT and nothing else"),
        ("SELECT\n\n    fps > 24 AS fast FROM clip_sheet", 3, "The first column is not clip_id."),
        ("SELECT video_id AS clip_id, fps > 24 AS fast FROM clip_sheet", 1, "The first column is not clip_id."),
        ("SELECT clip_id FROM clip_sheet", 1, "The tier has no rules."),
        ("SELECT clip_id, true AS a", 1, "selects from clip_sheet alone"),
        ("SELECT clip_id, true AS a FROM clips", 1, "selects from clip_sheet alone"),
        ("SELECT clip_id, true AS a FROM lake.clip_sheet", 1, "selects from clip_sheet alone"),
        ("SELECT clip_id, true AS a FROM (SELECT * FROM clip_sheet)", 1, "selects from clip_sheet alone"),
        ("SELECT clip_id, true AS a FROM clip_sheet, clips", 1, "more than columns: joins"),
        ("SELECT clip_id, true AS a FROM clip_sheet JOIN clips USING (clip_id)", 1, "more than columns: joins"),
        ("SELECT clip_id, true AS a FROM clip_sheet WHERE fps > 24", 1, "more than columns: where"),
        ("SELECT DISTINCT clip_id, true AS a FROM clip_sheet LIMIT 3", 1, "more than columns: distinct, limit"),
        ("SELECT clip_id, true AS a FROM clip_sheet USING SAMPLE 10", 1, "more than columns: sample"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_one_plain_select_over_the_clip_sheet_is_refused(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    path = tmp_path / "lab" / "bad.sql"
    path.parent.mkdir()
    path.write_text(text)
    error = refusal(path, tmp_path)
    assert what in str(error)
    assert error.line == line


def test_a_file_outside_a_recipe_or_in_another_encoding_is_refused(tmp_path: Path) -> None:
    assert "recipe/stage.sql" in refusal(write_tier(tmp_path, "loose", "true AS a"), tmp_path).what
    assert "recipe/stage.sql" in refusal(write_tier(tmp_path, "lab/deep/down", "true AS a"), tmp_path).what
    assert "recipe/stage.sql" in refusal(write_tier(tmp_path, "my lab/stage", "true AS a"), tmp_path).what
    latin = tmp_path / "lab" / "latin.sql"
    latin.write_bytes("SELECT clip_id, holder = 'Café' AS a FROM clip_sheet".encode("latin-1"))
    assert "cannot be read" in refusal(latin, tmp_path).what


def test_bad_files_are_reported_and_the_others_load_with_parents_before_children(tmp_path: Path) -> None:
    def child(name: str, parent: str) -> None:
        write_tier(tmp_path, name, CHILD.format(parent), f"-- title: {name}\n-- parent: {parent}\n")

    child("lab/a_grandchild", "lab/b_child")
    child("lab/b_child", "lab/c_root")
    write_tier(tmp_path, "lab/c_root", "fps > 24 AS fast")
    write_tier(tmp_path, "lab/broken", "fps > > 24 AS fast")
    child("lab/d_of_broken", "lab/broken")
    child("lab/e_of_that", "lab/d_of_broken")
    child("lab/f_of_nothing", "lab/nowhere")
    child("lab/g_circle", "lab/h_circle")
    child("lab/h_circle", "lab/g_circle")
    child("lab/i_self", "lab/i_self")
    write_tier(tmp_path, "lab/j_silent", "fps > 24 AS fast", "-- parent: lab/c_root\n")

    tiers, errors = load_tiers(tmp_path)

    assert list(tiers) == ["lab/c_root", "lab/b_child", "lab/a_grandchild"]
    assert [(e.path.stem, e.line, e.what) for e in errors] == [
        ("broken", 3, 'Parser Error: syntax error at or near ">".'),
        ("d_of_broken", 2, "The parent lab/broken was refused."),
        ("e_of_that", 2, "The parent lab/d_of_broken was refused."),
        ("f_of_nothing", 2, "There is no tier lab/nowhere."),
        ("g_circle", 2, "The parents go in a circle: lab/g_circle -> lab/h_circle -> lab/g_circle."),
        ("h_circle", 2, "The parents go in a circle: lab/h_circle -> lab/g_circle -> lab/h_circle."),
        ("i_self", 2, "The parents go in a circle: lab/i_self -> lab/i_self."),
        ("j_silent", 1, "The header names lab/c_root, and the rules read no tier's verdicts."),
    ]


def test_a_header_gives_the_shares_that_a_paper_publishes(tmp_path: Path) -> None:
    rules = "fps > 24 AS fast,\n    sharpness > 3 AS clear,\n    duration_s > 3 AS lasting"
    tier = make_tier(tmp_path, "lab/a", rules, "-- published: fast=0.25\n--   lasting=.0094\n")
    assert tier.published == {"fast": 0.25, "lasting": 0.0094}
    assert tier.version == make_tier(tmp_path, "lab/a", rules).version
    for word in ("slow=0.3", "fast=25", "fast=1.5", "fast"):
        error = refusal(
            write_tier(tmp_path, "lab/b", rules, f"-- title: B\n-- published: clear=0.5 {word}\n"), tmp_path
        )
        assert (error.line, error.what) == (2, f"{word} is no published share.")


def test_every_shipped_tier_loads_with_a_title_a_description_and_a_source_for_each_rule() -> None:
    tiers, errors = load_tiers(SQL / "tiers")
    assert errors == []
    assert list(tiers) == [
        "allegro/fine_tuning", "goku/480p", "hunyuan_video/256p", "movie_gen/augmented_high_resolution",
        "movie_gen/high_resolution", "movie_gen/low_resolution", "open_sora/256p",
        "hunyuan_video/360p", "movie_gen/fine_tuning_candidates", "hunyuan_video/540p", "hunyuan_video/720p",
        "hunyuan_video/fine_tuning_candidates",
    ]  # fmt: skip
    assert [t.name for t in tiers.values() if t.title == t.name or not t.description] == []
    assert [(t.name, r.name) for t in tiers.values() for r in t.rules if not r.source] == []


def test_loading_the_tiers_imports_no_table_or_media_library() -> None:
    code = (
        "import sys; from pathlib import Path; from video_assets.curate.tiers import load_tiers\n"
        f"load_tiers(Path({str(SQL / 'tiers')!r}))\n"
        "print(sorted({'av', 'cv2', 'torch', 'scenedetect', 'pyarrow', 'polars', 'pandas', 'dagster'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
