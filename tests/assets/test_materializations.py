"""What the UI shows of a batch: counts, cost, failures by reason, histograms and contact sheets."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import cv2
import dagster as dg
import pytest

from tests.assets.pages import REFERENCE
from tests.place import Place
from video_assets.definitions import defs
from video_assets.lake.lake import Lake
from video_assets.lake.pages import picture_file
from video_assets.lake.plan import SHARED
from video_assets.measurements import CHEAP, MODELLED
from video_assets.reasons import Reason

# Nobody has released anything yet.
KEYS = sorted({spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()} - {"releases", "upkeep"})
SCORES = (*CHEAP, *MODELLED)


@pytest.fixture(scope="module")
def instance(curated: Place) -> Iterator[dg.DagsterInstance]:
    with curated.instance() as opened:
        yield opened


@pytest.fixture(scope="module")
def lake(curated: Place) -> Lake:
    return curated.lake()


def materialization(instance: dg.DagsterInstance, key: str) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(dg.AssetKey(key.split("/")))
    assert event
    assert event.asset_materialization
    return event.asset_materialization


def shown(instance: dg.DagsterInstance, key: str) -> dict[str, Any]:
    return {name: value.value for name, value in materialization(instance, key).metadata.items()}


def image(lake: Lake, text: str) -> tuple[str, Any]:
    """The words of a picture that is referred to, and the picture: (h, w, 3) uint8, or the root of an SVG."""
    found = REFERENCE.fullmatch(text)
    assert found, text[:200]
    *parts, kind = unquote(found["address"]).removeprefix("/logs/lake/").split("/")
    path = picture_file(lake.files, [*parts[:-1], f"{parts[-1]}.{kind}"])
    assert path
    if kind == "svg":
        return found["says"], ET.fromstring(path.read_bytes())
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert picture is not None
    return found["says"], picture


@pytest.mark.parametrize("key", KEYS)
def test_every_batch_shows_its_rows_and_carries_the_ledgers_versions(
    instance: dg.DagsterInstance, lake: Lake, key: str
) -> None:
    made = materialization(instance, key)
    entry = lake.made()[key, made.partition or SHARED]
    assert shown(instance, key)["dagster/row_count"] == entry["rows"]
    assert made.tags is not None
    assert made.tags["dagster/data_version"] == entry["data_version"]
    assert made.tags["dagster/code_version"] == entry["version"]


@pytest.mark.parametrize("key", ["raw_videos", "decoded_videos", "shots", "clips", *SCORES])
def test_hours_of_footage_are_shown(instance: dg.DagsterInstance, lake: Lake, key: str) -> None:
    sql = {
        "raw_videos": "SELECT sum(duration_s) FROM raw_videos",
        "decoded_videos": "SELECT sum(duration_s) FROM decoded_videos",
        "shots": "SELECT sum(duration_s) FROM shots",
    }.get(key, f"SELECT sum(duration_s) FROM clips WHERE clip_id IN (SELECT clip_id FROM {key})")
    assert shown(instance, key)["hours"] == pytest.approx(lake.query(sql).item() / 3600, abs=1e-4)


def test_the_decode_shows_its_cost_per_hour_of_footage(instance: dg.DagsterInstance) -> None:
    found = shown(instance, "decoded_videos")
    assert found["cpu_seconds"] > 0
    expected = found["cpu_seconds"] / found["hours"]
    assert found["cpu_seconds_per_hour_of_footage"] == pytest.approx(expected, rel=0.02)
    assert (found["truncated"], found["variable_frame_rate"], found["corrupt_frames"]) == (1, 1, 0)


@pytest.mark.parametrize("key", ["text_scores", "people_scores", "safety_scores"])
def test_what_models_measured_shows_their_cost_and_the_profile(instance: dg.DagsterInstance, key: str) -> None:
    found = shown(instance, key)
    assert found["cpu_seconds"] > 0
    assert found["models_profile"] == "embedded"
    assert found["models"].startswith("| model | task | licence | sha256 | device |")


def test_failures_are_shown_by_reason_with_what_to_do(instance: dg.DagsterInstance) -> None:
    found = shown(instance, "raw_videos")
    assert found["failures"] == 2
    for reason in (Reason.EMPTY_FILE, Reason.TRUNCATED):
        assert f"| {reason} | 1 | {reason.advice} |" in found["failures_by_reason"]
    for key in ("decoded_videos", *SCORES):
        assert shown(instance, key)["failures"] == 0
        assert shown(instance, key)["failures_by_reason"] == "None."


@pytest.mark.parametrize(
    ("key", "name", "caption"),
    [
        ("raw_videos", "durations", "18 values, 2 missing; median 12.1 s"),
        ("decoded_videos", "frame_rates", "18 values; median 25 frames/s"),
        ("frame_signals", "luma", "4515 values; median "),
        ("shots", "lengths", "29 values; median "),
        ("clips", "lengths", "22 values; median "),
        ("visual_scores", "sharpness_histogram", "22 values; median "),
        ("motion_scores", "vmaf_motion_histogram", "22 values; median "),
        ("text_scores", "text_score_histogram", "18 values; median 0 "),
        ("people_scores", "faces_max_histogram", "18 values; median 0 faces"),
        ("safety_scores", "nsfw_score_histogram", "18 values; median "),
        ("overlay_scores", "overlay_share_histogram", "15 values, 3 missing; median 0 "),
        ("quality_scores", "technical_quality_histogram", "18 values; median "),
    ],
)
def test_a_histogram_is_an_image_with_a_bar_for_its_values(
    instance: dg.DagsterInstance, lake: Lake, key: str, name: str, caption: str
) -> None:
    alt, svg = image(lake, shown(instance, key)[name])
    assert alt.startswith(caption)
    bars = [e for e in svg.iter() if e.tag.endswith("rect") and e.get("fill") == "#4f43dd"]
    assert 1 <= len(bars) <= 24


@pytest.mark.parametrize(
    ("key", "name", "pictures"),
    [
        ("keyframes", "contact_sheet", 9),
        ("clips", "contact_sheet", 11),
        ("visual_scores", "contact_sheet_by_sharpness", 11),
        ("motion_scores", "contact_sheet_by_vmaf_motion", 11),
        ("text_scores", "contact_sheet_by_text_score", 9),
        ("people_scores", "contact_sheet_by_face_share_max", 9),
        ("safety_scores", "contact_sheet_by_nsfw_score", 9),
        ("quality_scores", "contact_sheet_by_technical_quality", 9),
        ("tiers/hunyuan_video/720p", "contact_sheet_kept", 3),
        ("tiers/hunyuan_video/720p", "contact_sheet_dropped", 10),
        ("tiers/movie_gen/high_resolution", "contact_sheet_kept", 1),
    ],
)
def test_a_contact_sheet_is_a_picture_of_the_clips(
    instance: dg.DagsterInstance, lake: Lake, key: str, name: str, pictures: int
) -> None:
    alt, picture = image(lake, shown(instance, key)[name])
    assert alt.startswith(f"{pictures} of ")
    rows = -(-pictures // 3)
    assert picture.shape == (rows * 148, 600, 3)
    # There is something to see in the first cell: it is not one colour.
    assert picture[20:110, 20:180].std() > 5


def test_the_sheet_shows_what_each_asset_has_cost_and_a_tier_what_a_kept_hour_has(
    instance: dg.DagsterInstance, lake: Lake
) -> None:
    costs = shown(instance, "clip_sheet")["costs"].splitlines()
    assert costs[0] == "| asset | cpu_seconds | gpu_seconds | measured_hours | seconds_per_measured_hour |"
    dearest = "SELECT arg_max(asset, compute_seconds) FROM materializations WHERE asset NOT LIKE 'tiers/%'"
    assert costs[2].startswith(f"| {lake.query(dearest).item()} | ")
    # What is captioned is captioned after the tiers.
    spent = "SELECT sum(compute_seconds) FROM materializations WHERE batch <> '' AND asset NOT SIMILAR TO '(tiers/|caption).*'"
    kept = "SELECT sum(duration_s) / 3600 FROM clips JOIN tier_verdicts USING (batch, clip_id) WHERE kept AND tier = ?"
    tier = "hunyuan_video/256p"
    expected = lake.query(spent).item() / lake.query(kept, [tier]).item()
    assert shown(instance, f"tiers/{tier}")["seconds_per_kept_hour"] == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("key", [k for k in KEYS if k.startswith("tiers/")])
def test_a_tier_shows_its_verdicts_and_its_funnel(instance: dg.DagsterInstance, lake: Lake, key: str) -> None:
    found = shown(instance, key)
    sql = """
        SELECT count(*) FILTER (kept), count(*) FILTER (NOT kept), count(*) FILTER (kept IS NULL)
        FROM tier_verdicts WHERE tier = ?"""
    counts = lake.query(sql, [key.removeprefix("tiers/")]).row(0)
    assert (found["kept"], found["dropped"], found["undecided"]) == counts
    header, _, first, *_, last = found["funnel"].splitlines()
    assert header.startswith("| rule | clips_left |")
    assert first.startswith("| all clips | 22 |")
    assert last.split("|")[2].strip() == str(found["kept"])


def test_the_run_executed_every_check_and_warned_of_the_files_that_were_set_aside(instance: dg.DagsterInstance) -> None:
    (run,) = instance.get_runs()
    records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    events = [r.event_log_entry.dagster_event for r in records]
    found = {e.asset_check_evaluation_data.check_name: e.asset_check_evaluation_data for e in events if e}
    assert {name: data.passed for name, data in found.items()} == {
        "usable_videos": True, "clips_are_sound": True, "file_can_be_used": True, "something_kept": True, "few_undecided": True,
        "kept_hours_held": True, "no_failures_in_raw_videos": False, "no_failures_in_rights_signals": True,
        "no_failures_in_decoded_videos": True, "no_failures_in_transition_scores": True, "no_failures_in_captions": True, "captions_are_sound": True,
        "benchmarks_are_compared": True, "no_failures_in_copy_checks": True, **{f"no_failures_in_{family}": True for family in SCORES},
    }  # fmt: skip
    warning = found["no_failures_in_raw_videos"]
    assert warning.severity is dg.AssetCheckSeverity.WARN
    assert warning.description == "2 videos were set aside."
    assert warning.metadata["tried_again_by_the_next_run"].value == "none"
    assert found["usable_videos"].metadata["usable"].value == 18
