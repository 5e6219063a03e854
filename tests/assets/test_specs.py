"""The asset graph's specs: a change that nobody meant shows up here."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from tests.assets.graph_specs import SNAPSHOT, UPDATE, graph_specs
from tests.conftest import forget_settings
from tests.place import Place
from video_assets.assets.tiers import review_page
from video_assets.definitions import defs
from video_assets.measurements import CHEAP, CONTENT, MODELLED
from video_assets.scorers.models import models_of
from video_assets.settings import settings

SPECS = dict(sorted((spec.key.to_user_string(), spec) for spec in defs.resolve_all_asset_specs()))


@pytest.mark.parametrize("key", sorted({*SPECS, *json.loads(SNAPSHOT.read_text())}))
def test_an_asset_is_as_the_snapshot_has_it(key: str) -> None:
    told, found = json.loads(SNAPSHOT.read_text()).get(key), graph_specs().get(key)
    assert found == told, f"The spec of {key} changed. If that is meant, run '{UPDATE}' and commit the snapshot."


def test_the_graph_has_the_groups_of_the_design() -> None:
    groups: dict[str, set[str]] = {}
    for key, spec in SPECS.items():
        groups.setdefault(str(spec.group_name), set()).add(key)
    of_files = {g for g in groups if g.startswith(("tiers_", "draws_"))}
    assert set(groups) - of_files == {"footage", "segments", "scores", "captions", "releases", "upkeep"}
    assert groups["footage"] == {
        "raw_videos", "rights_signals", "decoded_videos", "frame_signals", "keyframes", "shot_frames",
    }  # fmt: skip
    assert groups["segments"] == {"transition_scores", "shots", "clips"}
    assert groups["scores"] == {*CHEAP, "copy_checks", "candidates", *MODELLED, *CONTENT, "clip_sheet"}
    assert groups["captions"] == {"captions", "caption_findings"}
    assert groups["releases"] == {"releases"}
    assert groups["upkeep"] == {"upkeep"}
    # The graph shows the last part of a key alone: the groups tell two tiers, or a tier and its draw, of one name apart.
    recipes = ("allegro", "goku", "hunyuan_video", "movie_gen", "open_sora", "policies")
    assert of_files == {*(f"tiers_{recipe}" for recipe in recipes), "draws_movie_gen"}
    for group in of_files:
        assert all(key.startswith(f"{group.replace('_', '/', 1)}/") for key in groups[group])
        assert len({key.rpartition("/")[2] for key in groups[group]}) == len(groups[group])
    assert groups["draws_movie_gen"] == {"draws/movie_gen/low_resolution", "draws/movie_gen/augmented_high_resolution"}
    assert {key.replace("draws/", "tiers/") for key in groups["draws_movie_gen"]} <= groups["tiers_movie_gen"]


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_asset_says_what_it_is_who_owns_it_and_what_each_column_means(spec: dg.AssetSpec) -> None:
    assert spec.group_name
    assert spec.kinds
    assert spec.owners
    assert spec.description
    assert spec.code_version
    columns = spec.metadata["dagster/column_schema"].columns
    assert columns
    assert [c.name for c in columns if not c.description or not c.type] == []
    assert len({c.name for c in columns}) == len(columns)


UNPARTITIONED = {"concept_model", *(k for k in SPECS if k.startswith("draws/"))}


def test_the_concepts_centres_are_one_set_for_all_batches() -> None:
    assert SPECS["concept_model"].partitions_def is None


@pytest.mark.parametrize("key", [k for k in SPECS if k.startswith("draws/")])
def test_a_draw_is_one_for_all_batches_reads_its_tier_and_shows_its_sql(key: str) -> None:
    assert SPECS[key].partitions_def is None
    assert [d.asset_key.to_user_string() for d in SPECS[key].deps] == [key.replace("draws/", "tiers/")]
    assert "`part_share`" in str(SPECS[key].description)
    assert "FROM clip_sheet" in str(SPECS[key].description)


@pytest.mark.parametrize("spec", [s for k, s in SPECS.items() if k not in {*UNPARTITIONED, "releases", "upkeep"}])
def test_every_other_asset_is_partitioned_by_ingest_batch(spec: dg.AssetSpec) -> None:
    assert isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
    assert spec.partitions_def.name == "batch"


def test_a_release_is_a_partition_of_its_own_and_may_be_made_of_any_tier_and_draw() -> None:
    spec = SPECS["releases"]
    assert isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
    assert spec.partitions_def.name == "release"
    above = {dep.asset_key.to_user_string() for dep in spec.deps}
    assert above == {"captions", *(key for key in SPECS if key.startswith(("tiers/", "draws/")))}


def test_a_tier_is_described_by_its_rules_their_sources_and_its_sql() -> None:
    description = str(SPECS["tiers/movie_gen/high_resolution"].description)
    assert "**Movie Gen, high-resolution training set**" in description
    assert "`landscape`: Table 44, row 3" in description
    assert "FROM clip_sheet" in description


def test_the_description_of_the_sheet_has_its_scores() -> None:
    columns = {c.name: c.description for c in SPECS["clip_sheet"].metadata["dagster/column_schema"].columns}
    said = (
        "Mean VMAF motion, 0-255, at the analysis size: over frames at 24 and 25 frames/s, and what any other rate is "
        "brought to (measure/motion.py). From motion_scores.vmaf_motion."
    )
    assert columns["vmaf_motion"] == said
    assert {"orientation", "min_side", "licence", "sharpness"} <= set(columns)


@pytest.mark.parametrize("key", ["text_scores", "people_scores", "safety_scores", "clip_embeddings"])
def test_what_models_measure_names_them_their_licences_and_the_profile(key: str) -> None:
    metadata = SPECS[key].metadata
    assert metadata["models_profile"] == "embedded"
    for model in models_of(key, settings().models):
        row = f"| {model.name} | {model.task} | {model.licence} | {model.sha256[:16]} | cpu |"
        assert row in metadata["models"].md_str


def test_every_check_belongs_to_an_asset_and_one_of_them_stops_the_batch() -> None:
    checks = {key for check in defs.asset_checks or () for key in check.check_keys}
    assert {str(key.asset_key.to_user_string()) for key in checks} <= set(SPECS)
    blocking = [spec.name for check in defs.asset_checks or () for spec in check.check_specs if spec.blocking]
    assert blocking == ["usable_videos"]


def test_a_backfill_of_a_tier_is_one_run_and_of_anything_else_one_run_a_batch() -> None:
    policies = {}
    for asset in defs.assets or ():
        assert isinstance(asset, dg.AssetsDefinition)
        for key in asset.keys:
            policies[key.to_user_string()] = asset.backfill_policy
    assert {p for k, p in policies.items() if k.startswith("tiers/")} == {dg.BackfillPolicy.single_run()}
    assert {p for k, p in policies.items() if not k.startswith("tiers/")} == {None}


def test_a_tiers_page_leads_to_where_its_clips_are_looked_at(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    said = SPECS["tiers/movie_gen/low_resolution"].metadata["review"]
    assert said == dg.MetadataValue.text("video-assets review movie_gen/low_resolution")
    monkeypatch.setenv("VIDEO_ASSETS_REVIEW__ADDRESS", "https://review.example.org")
    forget_settings()
    there = "https://review.example.org/clips?tier=movie_gen%2Flow_resolution"
    assert review_page("movie_gen/low_resolution") == dg.MetadataValue.url(there)
    for wrong in ("review.example.org", "javascript:alert(1)", "https://x y"):
        monkeypatch.setenv("VIDEO_ASSETS_REVIEW__ADDRESS", wrong)
        forget_settings()
        with pytest.raises(ValueError, match=r"review\.address"):
            review_page("movie_gen/low_resolution")
