"""A local model captions a batch in a worker process; a tiny one with random weights stands for a real one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.describe.captioned import BATCH, Clips, captions
from tests.describe.tiny_model import save_tiny_model
from video_assets.batches.captions import caption_clips
from video_assets.batches.step import Step
from video_assets.describe.caption import FIELDS
from video_assets.describe.weights import weights_hash
from video_assets.lake.plan import Why, plan
from video_assets.measurements import measurements
from video_assets.settings import CaptionerSettings, ModelSettings, WorkerSettings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_tiny_model(tmp_path / "tiny")
    return tmp_path / "tiny"


def local(folder: Path) -> CaptionerSettings:
    return CaptionerSettings(
        name="tiny", kind="local", model=str(folder), weights_sha256=weights_hash(folder), prompt="Say.", seed=7,
        temperature=1.0, max_tokens=400, longest_field=8, frames=2, concurrency=2,
    )  # fmt: skip


def test_a_local_model_captions_a_batch_in_the_profile_full_alone(made: Clips, folder: Path) -> None:
    chosen = local(folder)
    step = made.only(3).step(chosen)
    with pytest.raises(ValueError, match="runs a local model; set models"):
        caption_clips(step, BATCH)
    full = {"models": ModelSettings(profile="full")}
    step.lake.settings = step.lake.settings.model_copy(update=full)
    done = caption_clips(step, BATCH)
    assert (done.rows, done.failures) == (3, 0)
    rows = captions(step)
    assert rows["weights"].unique().to_list() == [weights_hash(folder)]
    assert rows["model"].unique().to_list() == [str(folder)]
    # A random model says whatever it says.
    assert rows["short_description"].n_unique() > 1
    told = rows.select(*FIELDS, "words", "seed", "prompt_hash", "input_tokens", "output_tokens", "compute_seconds")
    assert told.null_count().row(0) == (0,) * told.width
    assert rows["frame_times"].to_list() == [[1.0, 3.0]] * 3

    # The same weights elsewhere are the same, and nothing is captioned anew.
    moved = folder.with_name("moved")
    shutil.move(folder, moved)
    step = made.step(chosen.model_copy(update={"model": str(moved)}))
    step.lake.settings = step.lake.settings.model_copy(update=full)
    assert caption_clips(step, BATCH).data_version == done.data_version


def test_a_caption_that_failed_at_a_limit_is_due_when_the_limit_is_another(made: Clips, folder: Path) -> None:
    def step(workers: WorkerSettings, captioner: CaptionerSettings) -> Step:
        found = made.step(captioner)
        chosen = {"models": ModelSettings(profile="full"), "workers": workers}
        found.lake.settings = found.lake.settings.model_copy(update=chosen)
        limits = measurements(found.lake.settings, {})["captions"].limits
        return Step(found.lake, {**found.order, "captions": replace(found.order["captions"], limits=limits)})

    made.only(2)
    quick = local(folder).model_copy(update={"cpu_seconds_per_clip": 0.01})
    narrow = step(WorkerSettings(cpu_seconds_base=0.1), quick)
    assert caption_clips(narrow, BATCH).failures == 2
    by = "workers.cpu_seconds_base = 0.1, captioners.tiny.cpu_seconds_per_clip = 0.01"
    assert captions(narrow).select("reason", "limited_by").unique().rows() == [("model_timeout", by)]
    wide = step(WorkerSettings(), local(folder))
    assert {d.asset: d.detail for d in plan(wide.lake, wide.order) if d.why is Why.FAILED} == {
        "captions": "2 failed at a limit that is another now"
    }
    assert caption_clips(wide, BATCH).failures == 0
    assert captions(wide)["limited_by"].null_count() == 2
