"""When assets are re-made without anybody asking: for a reason, once, and nothing else."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from unittest import mock

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from tests.place import Place
from video_assets.assets.common import order
from video_assets.definitions import defs
from video_assets.lake.plan import SHARED, ledger_key

DECODED = {"decoded_videos", "frame_signals", "keyframes", "shot_frames"}
TIERS = {asset for asset in order() if asset.startswith("tiers/")}
DRAWS = {asset for asset in order() if asset.startswith("draws/")}
ALL = set(order())


@dataclass
class Automation:
    """An instance in memory, whose ticks follow one another."""

    instance: dg.DagsterInstance
    definitions: dg.Definitions = defs
    cursor: dg.AutomationConditionEvaluationContext | object | None = None
    codes: dict[str, str] = field(default_factory=dict)

    def tick(self) -> set[tuple[str, str]]:
        """Asset and batch of everything that a tick asks for."""
        # Dagster asks for the list of batches two thousand times in a tick, and no tick changes it.
        batches = functools.cache(self.instance.get_dynamic_partitions)
        with mock.patch.object(self.instance, "get_dynamic_partitions", batches):
            result = dg.evaluate_automation_conditions(
                defs=self.definitions,
                instance=self.instance,
                cursor=self.cursor,  # type: ignore[arg-type]
            )
        self.cursor = result.cursor
        keys = [dg.AssetKey(asset.split("/")) for asset in sorted(ALL)]
        return {(k.to_user_string(), p or SHARED) for k in keys for p in result.get_requested_partitions(k)}

    def made(self, asset: str, batch: str, content: str = "first") -> None:
        """Report that a batch of an asset was made, with this data version."""
        tags = {
            "dagster/data_version": f"{asset} {content}",
            "dagster/data_version_is_user_provided": "true",
            "dagster/code_version": self.codes.get(asset, order()[asset].version),
        }
        of = ledger_key(order()[asset], asset, batch)[1] or None
        event = dg.AssetMaterialization(asset.split("/"), partition=of, tags=tags)
        self.instance.report_runless_asset_event(event)

    def new_code(self, *assets: str) -> None:
        """Raise the code version of some assets."""
        self.codes |= dict.fromkeys(assets, "raised")

        def raised(spec: dg.AssetSpec) -> dg.AssetSpec:
            code = self.codes.get(spec.key.to_user_string(), spec.code_version)
            return spec.replace_attributes(code_version=code)

        self.definitions = defs.map_asset_specs(func=raised)

    def checked(self, batch: str, passed: bool) -> None:
        """Report the blocking check of the newest raw_videos of a batch."""
        key = dg.AssetKey("raw_videos")
        found = self.instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[batch]), limit=1)
        (of,) = found.records
        target = AssetCheckEvaluationTargetMaterializationData(
            storage_id=of.storage_id, run_id=of.run_id, timestamp=of.timestamp
        )
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key, check_name="usable_videos", passed=passed, metadata={}, blocking=True, partition=batch,
                target_materialization_data=target,
            )
        )  # fmt: skip


@pytest.fixture
def automation() -> Iterator[Automation]:
    """Give an instance in which everything of one batch is made, and that has ticked once."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("batch", ["a"])
        made = Automation(instance)
        for asset in order():
            made.made(asset, "a")
        made.checked("a", passed=True)
        assert made.tick() == set()
        yield made


def of(batch: str, *assets: str) -> set[tuple[str, str]]:
    return {(asset, batch) for asset in assets}


def test_nothing_is_asked_for_when_everything_is_fresh(automation: Automation) -> None:
    assert automation.tick() == set()


def test_nothing_is_asked_for_in_the_history_of_a_real_run(curated_few: Place) -> None:
    with curated_few.instance() as instance:
        ticking = Automation(instance)
        assert (ticking.tick(), ticking.tick()) == (set(), set())


@pytest.mark.parametrize("asset", ["raw_videos", "motion_scores", "clip_sheet", "tiers/hunyuan_video/360p"])
def test_a_changed_code_version_asks_for_that_asset_alone_and_once(automation: Automation, asset: str) -> None:
    automation.new_code(asset)
    assert automation.tick() == of("a", asset)
    assert automation.tick() == set()
    automation.made(asset, "a")
    assert automation.tick() == set()


def test_a_changed_decode_asks_for_all_that_the_one_decode_makes(automation: Automation) -> None:
    automation.new_code(*DECODED)
    assert automation.tick() == of("a", *DECODED)


def test_an_input_with_new_content_asks_for_what_reads_it_then_for_what_reads_that(automation: Automation) -> None:
    readers = [asset for asset, measurement in order().items() if "motion_scores" in measurement.inputs]
    assert {"candidates", "near_duplicates", "clip_sheet"} <= set(readers)
    automation.made("motion_scores", "a", "second")
    assert automation.tick() == of("a", *readers)
    for asset in readers:
        automation.made(asset, "a", "second" if asset == "clip_sheet" else "first")
    first = {"tiers/hunyuan_video/256p", "tiers/movie_gen/high_resolution"}
    assert of("a", *first) <= automation.tick() <= of("a", "captions", *TIERS)


def test_an_input_that_was_made_again_with_the_same_content_asks_for_nothing(automation: Automation) -> None:
    automation.made("clips", "a")
    automation.made("motion_scores", "a")
    assert automation.tick() == set()


def test_a_group_that_another_batch_changes_asks_for_what_reads_the_old_batchs_alone(automation: Automation) -> None:
    automation.instance.add_dynamic_partitions("batch", ["b"])
    for asset in order():
        automation.made(asset, "b")
    automation.checked("b", passed=True)
    automation.tick()
    automation.made("duplicate_groups", "a", "joined by b")
    assert automation.tick() == of("a", "contamination", "clip_sheet", "caption_findings")


def test_new_vectors_ask_for_a_look_at_the_centres_and_new_centres_for_the_concepts_of_every_batch(
    automation: Automation,
) -> None:
    automation.made("clip_embeddings", "a", "second")
    assert ("concept_model", SHARED) in automation.tick()
    for asset in order():
        automation.made(asset, "a", "second" if asset == "clip_embeddings" else "first")
    automation.tick()
    automation.made("concept_model", SHARED, "second")
    assert automation.tick() == of("a", "concepts")


def test_other_verdicts_in_any_batch_ask_for_their_tiers_draw_and_the_batchs_captions_alone(
    automation: Automation,
) -> None:
    automation.made("tiers/movie_gen/low_resolution", "a", "second")
    assert automation.tick() == {("draws/movie_gen/low_resolution", SHARED), ("captions", "a")}
    automation.made("draws/movie_gen/low_resolution", SHARED, "second")
    automation.made("captions", "a")
    assert automation.tick() == set()
    automation.made("tiers/movie_gen/low_resolution", "a", "second")
    assert automation.tick() == set()


def test_new_footage_is_left_to_the_sensor_until_raw_videos_are_there(automation: Automation) -> None:
    automation.instance.add_dynamic_partitions("batch", ["b"])
    assert automation.tick() == set()


def test_what_is_missing_after_raw_videos_is_asked_for_and_in_no_other_batch(automation: Automation) -> None:
    automation.instance.add_dynamic_partitions("batch", ["b"])
    automation.made("raw_videos", "b")
    automation.checked("b", passed=True)
    assert automation.tick() == of("b", *(ALL - {"raw_videos", "concept_model"} - DRAWS))
    assert automation.tick() == set()


def test_a_batch_that_the_blocking_check_stopped_is_left_alone_and_the_others_are_not(automation: Automation) -> None:
    automation.instance.add_dynamic_partitions("batch", ["b"])
    automation.made("raw_videos", "b")
    automation.checked("b", passed=False)
    assert automation.tick() == set()
    automation.new_code(*DECODED)
    assert automation.tick() == of("a", *DECODED)
