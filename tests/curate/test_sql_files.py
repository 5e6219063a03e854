from __future__ import annotations

from typing import Any

import pytest

from tests.curate.conftest import NOT_MEASURED, SQL, Lake
from tests.tables import TABLES
from video_assets.curate.tiers import load_tiers
from video_assets.measurements import CHEAP, MODELLED


def ask(lake: Lake, name: str) -> list[dict[str, Any]]:
    return lake.connection.execute((SQL / "explore" / f"{name}.sql").read_text()).pl().to_dicts()


@pytest.fixture
def curated(lake: Lake) -> Lake:
    lake.clip("1", clips={"duration_s": 14.4})
    lake.clip("2", clips={"duration_s": 12.0}, motion_scores={"vmaf_motion": 1.6})
    lake.clip(
        "3", batch="b", motion_scores={"vmaf_motion": NOT_MEASURED, "reason": "not_measured", "message": "no frames"}
    )
    lake.clip("4", batch="b", clips={"duration_s": 14.4}, raw_videos={"licence": "unknown", "holder": "unknown"})
    lake.row("raw_videos", {"batch": "b", "video_id": "z", "reason": "empty_file"})
    tiers, _ = load_tiers(SQL / "tiers")
    for tier in tiers.values():
        lake.decide(tier, ["a", "b"])
    return lake


def test_the_clip_sheet_has_one_row_per_clip_with_every_score_and_its_reason(lake: Lake) -> None:
    lake.clip("scored", shots=3)
    lake.clip("not yet", visual_scores=None, motion_scores=None)
    failed = {"vmaf_motion": NOT_MEASURED, "reason": "not_measured"}
    lake.clip("portrait", clips={"crop_width": 608, "crop_height": 1080}, motion_scores=failed)
    keys = {"batch", "version", "message"}
    keys |= {"reason", "compute_seconds", "gpu_seconds"}
    keys |= {f"{family}_frames" for family in ("text", "people", "safety", "overlay", "quality")}
    keys |= {"flow_pairs"}
    # A vector or a curve is for machines; people have what follows from it.
    keys |= {"time_course"}
    keys |= set(TABLES["clip_embeddings"].schema) - {"clip_id", "video_id", "subjects"}
    scores = {c for t in (*CHEAP, *MODELLED, "laion_scores", "flow_scores") for c in TABLES[t].schema} - keys
    scores |= {"duplicate_group", "duplicate", "duplicate_of", "duplicate_cosine", "concept", "concept_weight"}
    # A clip's own size is source_width and source_height there.
    wanted = scores | set(TABLES["clips"].schema) - {"version", "width", "height"}
    wanted |= {c for c in TABLES["raw_videos"].schema if c.startswith(("lic", "hold", "source", "acq", "rights"))}
    sheet = lake.connection.execute("SELECT * FROM clip_sheet ORDER BY clip_id").pl()
    assert wanted - set(sheet.columns) == set()
    derived = [
        "clip_id",
        "orientation",
        "min_side",
        "source_width",
        "source_shots",
        "sharpness",
        "visual_reason",
        "motion_reason",
    ]
    assert sheet.select(derived).rows() == [
        ("not yet", "landscape", 1080, 1920, 1, None, None, None),
        ("portrait", "portrait", 608, 1920, 1, 400.0, None, "not_measured"),
        ("scored", "landscape", 1080, 1920, 3, 400.0, None, None),
    ]
    numbers = sheet.filter(clip_id="portrait").select("aspect", "crop_share", "bits_per_pixel", "source_offset_s")
    assert numbers.row(0) == pytest.approx((608 / 1080, 608 / 1920, 0.1, 4.0))


def test_every_question_says_what_it_asks_and_runs_as_it_stands_on_a_ducklake(ducklake: Lake) -> None:
    near = {"near_benchmark": True, "benchmark": "VBench", "benchmark_clip": "theirs", "benchmark_cosine": 0.999}
    ducklake.clip("1", motion_scores={"reason": "not_measured", "vmaf_motion": NOT_MEASURED}, contamination=near)
    ducklake.clip("theirs", raw_videos={"benchmark": "VBench"})
    ducklake.row("raw_videos", {"batch": "a", "video_id": "bad", "file_name": "bad.mp4", "reason": "empty_file"})
    for table in ("raw_videos", "decoded_videos"):  # decoded, and no clip comes of it
        ducklake.row(table, {"batch": "a", "video_id": "short"})
    tiers, _ = load_tiers(SQL / "tiers")
    for name in ("movie_gen/high_resolution", "hunyuan_video/256p"):
        ducklake.decide(tiers[name], ["a"])
    ducklake.connection.execute("UPDATE tier_outcomes SET failed = 0, unknown = 0 WHERE tier = 'hunyuan_video/256p'")
    ledger = {"asset": "decoded_videos", "batch": "a", "rows": 1, "compute_seconds": 5.0, "footage_seconds": 40.0}
    ducklake.row("materializations", ledger)
    caption = {"batch": "a", "clip_id": "1", "captioner": "qwen", "version": "v1", "current": True}
    ducklake.row("captions", caption)
    finding = {"kind": "length", "severity": "doubtful", "caption_version": caption.pop("version")}
    ducklake.row("caption_findings", {k: v for k, v in caption.items() if k != "current"} | finding)
    ducklake.row("releases", {"release": "one"})
    ducklake.row(
        "release_clips", {"release": "one", "clip_id": "1", "video_id": "video of 1", "holder": "Harbour Films"}
    )
    ducklake.row("training_runs", {"run": "r", "model": "m", "release": "one"})
    ducklake.row("training_clips", {"run": "r", "clip_id": "1", "times": 2})
    pair = {"clip_id": "1", "other_id": "theirs", "shared_s": 4.0, "speed": 1.0, "from_s": 0.0, "other_from_s": 0.0}
    ducklake.row("near_duplicates", {"batch": "a"} | pair)
    questions = sorted((SQL / "explore").glob("*.sql"))
    assert len(questions) == 14
    for question in questions:
        assert question.read_text().splitlines()[0].startswith("-- ")
        assert "?" in question.read_text().splitlines()[0]
        assert ducklake.query(question.read_text()), f"{question.name} gives no rows"


def test_hours_per_tier_shares_out_the_clips_by_verdict(curated: Lake) -> None:
    rows = [r for r in ask(curated, "hours_per_tier") if r["tier"] == "movie_gen/high_resolution"]
    assert [tuple(r.values())[1:] for r in rows] == [
        ("kept", 2, 0.008, 2, 0.5),
        ("dropped", 1, 0.003, 1, 0.25),
        ("undecided", 1, 0.004, 1, 0.25),
    ]


def test_why_dropped_names_the_rule_and_what_it_alone_keeps_out(curated: Lake) -> None:
    rows = [tuple(r.values()) for r in ask(curated, "why_dropped") if r["tier"] == "movie_gen/high_resolution"]
    assert sorted(rows) == [
        ("movie_gen/high_resolution", "dropped", "not_slow_motion", 1, 0.003, 1),
        ("movie_gen/high_resolution", "undecided", "not_slow_motion", 1, 0.004, 1),
    ]


def test_the_sum_of_the_costs_is_what_was_spent_and_each_tier_has_its_price_of_an_hour(curated: Lake) -> None:
    for asset, cpu, gpu in (
        ("decoded_videos", 36.0, None),
        ("text_scores", 9.0, 3.0),
        ("tiers/hunyuan_video/256p", 1.0, None),
    ):
        for batch in ("a", "b"):
            row = {"asset": asset, "batch": batch, "rows": 2, "compute_seconds": cpu, "gpu_seconds": gpu}
            curated.row(
                "materializations", row | {"footage_seconds": 36.0 if asset != "tiers/hunyuan_video/256p" else None}
            )
    shared = {"batch": "", "rows": 2, "gpu_seconds": None, "footage_seconds": None}
    for asset, cpu in (("concept_model", 5.0), ("draws/movie_gen/high_resolution", 3.0)):
        curated.row("materializations", shared | {"asset": asset, "compute_seconds": cpu})
    curated.row("materializations", {"asset": "views/costs", "batch": "", "rows": 0, "compute_seconds": None})
    assert curated.query("SELECT asset, batches, seconds, seconds_per_measured_hour FROM costs ORDER BY asset") == [
        ("concept_model", 1, 5.0, None), ("decoded_videos", 2, 72.0, 3600.0),
        ("draws/movie_gen/high_resolution", 1, 3.0, None), ("text_scores", 2, 24.0, 1200.0),
        ("tiers/hunyuan_video/256p", 2, 2.0, None),
    ]  # fmt: skip
    spent = curated.query("SELECT sum(compute_seconds) + sum(gpu_seconds) FROM materializations")
    assert curated.query("SELECT sum(seconds) FROM costs") == spent == [(106.0,)]
    kept = dict(curated.query("SELECT DISTINCT tier, kept_hours FROM costs_per_kept_hour"))
    assert len(kept) > 1
    assert kept["movie_gen/high_resolution"] == pytest.approx((14.4 + 14.4) / 3600)
    found = curated.query("SELECT asset, tier, seconds_per_kept_hour FROM costs_per_kept_hour ORDER BY ALL")
    expected: list[tuple[Any, ...]] = []
    for tier, hours in kept.items():
        expected += [("decoded_videos", tier, 72 / hours), ("text_scores", tier, 24 / hours)]
        expected.append(("concept_model", tier, 5 / hours))
    drawn = "movie_gen/high_resolution"
    expected.append((f"draws/{drawn}", drawn, 3 / kept[drawn]))
    expected.append(("tiers/hunyuan_video/256p", "hunyuan_video/256p", 2 / kept["hunyuan_video/256p"]))
    assert [r[:2] for r in found] == [r[:2] for r in sorted(expected)]
    assert [r[2] for r in found] == pytest.approx([r[2] for r in sorted(expected)])
    dearest = {r["tier"]: (r["dearest"], r["seconds_per_kept_hour"]) for r in ask(curated, "cost_per_kept_hour")}
    price = 72 + 24 + 5 + 3  # seconds: the videos, the text, the concepts and its own draw; not the other tier
    assert dearest[drawn] == ("decoded_videos", round(price / kept[drawn]))


def test_failures_by_reason_counts_what_could_not_be_measured(curated: Lake) -> None:
    assert [tuple(r.values()) for r in ask(curated, "failures_by_reason")] == [
        ("motion_scores", "not_measured", 1, 1, "3", "no frames"),
        ("raw_videos", "empty_file", 1, 1, "z", None),
    ]


def test_licences_in_tier_shows_unknown_rights_beside_known_ones(curated: Lake) -> None:
    rows = [tuple(r.values()) for r in ask(curated, "licences_in_tier") if r["tier"] == "movie_gen/high_resolution"]
    assert sorted(rows) == [
        ("movie_gen/high_resolution", "CC-BY-4.0", "Harbour Films", "licensed", 1, 1, 0.004, 0.5),
        ("movie_gen/high_resolution", "unknown", "unknown", "licensed", 1, 1, 0.004, 0.5),
    ]


def test_motion_distribution_says_what_a_threshold_would_drop(curated: Lake) -> None:
    rows = [(r["motion_from"], r["clips"], r["share_below"]) for r in ask(curated, "motion_distribution")]
    assert rows == [(1.5, 1, 0.0), (4.0, 2, 0.333), (None, 1, None)]


def test_findings_are_counted_by_version_and_kind_with_an_example(lake: Lake) -> None:
    written = {"batch": "a", "video_id": "v", "captioner": "qwen", "version": "v1", "current": True}
    for clip in "12345":
        lake.row("captions", written | {"clip_id": clip, "current": clip != "5"})
    found = {"batch": "a", "video_id": "v", "captioner": "qwen", "caption_version": "v1"}
    for clip, other in (("2", "1"), ("1", "2")):
        lake.row("caption_findings", found | {
            "clip_id": clip, "kind": "duplicate", "severity": "wrong", "evidence": f"as {other}", "other_clip_id": other,
        })  # fmt: skip
    lake.row(
        "caption_findings", found | {"clip_id": "3", "kind": "length", "severity": "doubtful", "evidence": "9 words"}
    )
    shared = {"captioner": "qwen", "caption_version": "v1"}
    assert ask(lake, "caption_findings") == [
        shared | {
            "kind": "duplicate", "severity": "wrong", "captions": 2, "share": 0.5, "example": "1",
            "example_evidence": "as 2", "example_other_clip": "2",
        },
        shared | {
            "kind": "length", "severity": "doubtful", "captions": 1, "share": 0.25, "example": "3",
            "example_evidence": "9 words", "example_other_clip": None,
        },
    ]  # fmt: skip


def test_contaminated_and_benchmarks_say_what_is_near_what_and_what_cannot_be_compared(curated: Lake) -> None:
    pair = {"benchmark": "VBench", "benchmark_clip": "theirs", "benchmark_cosine": 0.95}
    near = pair | {"near_benchmark": True, "benchmark_correlation": 0.99}
    curated.clip("5", clips={"duration_s": 36.0}, contamination=near)
    curated.clip("6", batch="b", contamination=pair | {"near_benchmark": True, "benchmark_through": "5"})
    curated.clip("7", contamination={"near_benchmark": None})
    theirs = {"benchmark": "VBench", "file_name": "0001.mp4"}
    curated.clip(
        "theirs", batch="x", raw_videos=theirs, clips={"player_start_s": 0.5, "player_end_s": 4.5, "duration_s": 4.0}
    )
    curated.row("clip_embeddings", {"batch": "x", "clip_id": "theirs", "copy_signature": [1.0]})
    curated.row("raw_videos", {"batch": "x", "video_id": "too short", "benchmark": "VBench"})
    where = ("VBench", "0001.mp4", 0.5, 4.5, "harbour.mp4", 4.0, 18.0, 0.95)
    assert [tuple(r.values()) for r in ask(curated, "contaminated")] == [
        (*where, 0.99, None, "5", "a"),
        (*where, None, "5", "6", "b"),
    ]
    assert [tuple(r.values()) for r in ask(curated, "benchmarks")] == [("VBench", 2, 1, 1, 0.001, 2, 0.014)]


def test_a_benchmarks_clip_is_not_in_the_sheet(lake: Lake) -> None:
    lake.clip("ours")
    lake.clip("theirs", raw_videos={"benchmark": "VBench"})
    assert lake.query("SELECT clip_id FROM clip_sheet") == [("ours",)]
