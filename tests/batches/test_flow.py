"""The profile 'full' with RAFT of random weights: asked for by name, decoded for once, measured on pairs of frames."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.place import Place
from video_assets import scorers
from video_assets.batches.footage import decode_videos
from video_assets.batches.pictures import PAIRS, score_with
from video_assets.batches.scores import score
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.lake.plan import plan
from video_assets.lake.schemas import DECODED_VIDEOS, FLOW_FRAMES, FRAME_SIGNALS, KEYFRAMES
from video_assets.lake.versions import data_version
from video_assets.measure.flow import OpenFlowModel
from video_assets.measure.models import ModelNotReadyError, sha256_of
from video_assets.measure.types import Picture
from video_assets.measurements import measurements
from video_assets.media import workers
from video_assets.scorers.flow import FLOW_SCORES, RAFT_LARGE
from video_assets.scorers.models import models_of
from video_assets.settings import FlowSettings, ModelSettings, Settings

ASKED = ModelSettings(profile="full", accept=("RAFT large",))


@dataclass(frozen=True)
class Steady:
    """A flow of so many pixels to the right, everywhere."""

    x: float

    def open(self) -> OpenFlowModel:
        return OpenFlowModel(self.flow)

    def flow(self, before: Picture, _after: Picture) -> Any:
        return np.full((*before.shape[:2], 2), (self.x, 0.0), np.float32)


def batch(lake: Lake) -> str:
    return str(lake.query("SELECT any_value(batch) FROM clips").item())


@pytest.fixture(scope="module")
def paired(curated_few: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a copy of the few files' lake that was decoded once more, for the flow; read-only."""
    place = curated_few.copy(tmp_path_factory.mktemp("paired"))
    lake = place.lake(models=ASKED)
    decode_videos(Step(lake, measurements(lake.settings, {})), batch(lake))
    return place


@pytest.fixture
def step(paired: Place, tmp_path: Path) -> Step:
    lake = paired.copy(tmp_path).lake(models=ASKED, flow=FlowSettings(pairs_per_clip=2))
    return Step(lake, measurements(lake.settings, {}))


def test_flow_is_made_only_in_the_full_profile_and_where_its_model_is_named() -> None:
    assert models_of("flow_scores", ASKED) == (RAFT_LARGE,)
    assert models_of("flow_scores", ModelSettings(profile="full")) == ()
    assert models_of("flow_scores", ModelSettings(accept=("RAFT large",))) == ()


def test_asking_for_flow_changes_the_version_of_nothing_else() -> None:
    full = {a: m.version for a, m in measurements(Settings(models=ModelSettings(profile="full")), {}).items()}
    asked = {a: m.version for a, m in measurements(Settings(models=ASKED), {}).items()}
    assert set(asked) - set(full) == {"flow_frames", "flow_scores"}
    assert {a: asked[a] for a in full} == full


def test_the_decode_for_flow_adds_its_frames_and_leaves_the_rest_as_it_was(curated_few: Place, paired: Place) -> None:
    before, after = curated_few.lake(), paired.lake()
    for table in (DECODED_VIDEOS, FRAME_SIGNALS, KEYFRAMES):
        assert data_version(after.read(table), table) == data_version(before.read(table), table)
        assert (
            after.made()[table.name, batch(after)]["data_version"]
            == before.made()[table.name, batch(after)]["data_version"]
        )
    firsts = after.query(
        "SELECT k.video_id, k.frame + 1 AS frame FROM keyframes AS k JOIN decoded_videos AS d USING (batch, video_id) "
        "WHERE k.frame + 1 < d.frames ORDER BY ALL"
    )
    assert after.read(FLOW_FRAMES, columns=["video_id", "frame"]).equals(firsts)
    assert before.read(FLOW_FRAMES).is_empty()


def test_what_was_decoded_for_flow_is_not_decoded_again_whether_it_is_asked_for_or_not(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> object:
        raise AssertionError("A worker process was started.")

    monkeypatch.setattr(workers, "_run_once", refuse)
    without = measurements(Settings(models=ModelSettings(profile="full")), {})
    assert [m.asset for m in decode_videos(replace(step, order=without), batch(step.lake))][-1] == "shot_frames"
    assert [m.asset for m in decode_videos(step, batch(step.lake))][-1] == "flow_frames"
    assert "flow_frames" not in {d.asset for d in plan(step.lake, step.order)}


def test_only_the_videos_without_such_frames_are_decoded_for_them(step: Step) -> None:
    one = step.lake.query("SELECT min(video_id) FROM flow_frames").item()
    before = step.lake.read(FLOW_FRAMES)
    with step.lake.cursor() as cursor:
        cursor.execute("DELETE FROM flow_frames WHERE video_id = ?", [one])
    seen: list[int] = []
    decode_videos(
        replace(step, progress=lambda asset, _done, total: seen.append(total) if asset == "frame_signals" else None),
        batch(step.lake),
    )
    # It counts the seconds of that video alone.
    seconds = step.lake.query("SELECT round(duration_s)::INT FROM raw_videos WHERE video_id = ?", [one]).item()
    assert set(seen) == {seconds}
    assert step.lake.read(FLOW_FRAMES).equals(before)


def test_a_clip_gets_the_mean_flow_of_its_pairs_and_the_sheet_shows_it(step: Step) -> None:
    lake = step.lake
    made = score_with(step, "flow_scores", batch(lake), Steady(2.0), 2, shown=PAIRS)
    rows = lake.read(FLOW_SCORES.table)
    assert (made.rows, made.failures) == (lake.query("SELECT count(*) FROM candidates WHERE candidate").item(), 0)
    assert rows["flow_pairs"].to_list() == [2] * rows.height
    # A quarter-CIF of 176x144 is 440 wide at a short side of 360, and so for the network.
    assert rows["flow_mean"].to_list() == pytest.approx([2.0] * rows.height, rel=0.01)
    assert rows["flow_moving_share"].to_list() == [1.0] * rows.height
    shown = lake.query("SELECT clip_id, flow_mean, flow_p95, flow_moving_share, flow_reason FROM clip_measurements")
    expected = rows.select("clip_id", "flow_mean", "flow_p95", "flow_moving_share", flow_reason="reason")
    assert shown.filter(pl.col("flow_mean").is_not_null()).sort("clip_id").equals(expected.sort("clip_id"))


def test_flow_that_is_no_number_is_null_and_says_so(step: Step) -> None:
    made = score_with(step, "flow_scores", batch(step.lake), Steady(float("nan")), 2, shown=PAIRS)
    rows = step.lake.query("SELECT DISTINCT reason, message, flow_mean, flow_pairs FROM flow_scores").rows()
    assert rows == [("model_failed", "The model gave nan for flow_mean.", None, None)]
    assert made.failures == made.rows


@pytest.mark.parametrize(
    ("frames", "row"),
    [(1, ("not_measured", "No keyframe and the frame after it lie inside the clip.", None)), (2, (None, None, 1))],
)
def test_a_pair_lies_inside_the_clip_and_a_clip_without_one_says_so(
    step: Step, frames: int, row: tuple[object, ...]
) -> None:
    with step.lake.cursor() as cursor:  # every clip ends so many frames after its first keyframe's start
        cursor.execute(
            "UPDATE clips SET end_frame = ? + (SELECT min(k.frame) FROM keyframes AS k "
            "WHERE k.video_id = clips.video_id AND k.frame >= clips.start_frame)",
            [frames],
        )
    score_with(step, "flow_scores", batch(step.lake), Steady(2.0), 2, shown=PAIRS)
    assert step.lake.query("SELECT DISTINCT reason, message, flow_pairs FROM flow_scores").rows() == [row]


def test_raft_measures_a_clip_by_weights_of_the_right_hash_and_no_others(
    step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from torchvision.models.optical_flow import raft_large

    torch.manual_seed(0)
    models = ASKED.model_copy(update={"folder": tmp_path})
    lake = Lake(step.lake.settings.model_copy(update={"models": models, "flow": FlowSettings(pairs_per_clip=1)}))
    step = Step(lake, step.order)
    with pytest.raises(ModelNotReadyError, match=r"The weights of RAFT large are missing; run: curl .*-ff5fadd5\.pth"):
        score(step, "flow_scores", batch(lake))
    file = Path(str(RAFT_LARGE.source.path(tmp_path)))
    torch.save(raft_large(weights=None).state_dict(), file)
    with pytest.raises(ModelNotReadyError, match="another SHA-256"):
        score(step, "flow_scores", batch(lake))
    own = replace(RAFT_LARGE, sha256=sha256_of(file))
    ours = replace(FLOW_SCORES, models={"embedded": (), "full": (own,)})
    monkeypatch.setattr(scorers, "BUILT_IN", [ours if s is FLOW_SCORES else s for s in scorers.BUILT_IN])
    scorers._scorers.cache_clear()
    with lake.cursor() as cursor:
        cursor.execute(
            "UPDATE candidates SET candidate = clip_id = (SELECT min(clip_id) FROM candidates WHERE candidate)"
        )
    made = score(step, "flow_scores", batch(lake))
    (row,) = lake.read(FLOW_SCORES.table).to_dicts()
    assert (made.rows, row["reason"], row["flow_pairs"]) == (1, None, 1)
    assert row["flow_p95"] >= row["flow_mean"] > 0
    assert row["compute_seconds"] > 0


RUN = """
import warnings; warnings.simplefilter("ignore")
from video_assets.assets.run import open_instance, run
from video_assets.assets.common import order
from video_assets.definitions import defs
from video_assets.lake.plan import plan
from video_assets.lake.work import works
from video_assets.resources import LakeResource
from pathlib import Path
import os
lake = LakeResource().open()
due = [d for d in plan(lake, order()) if d.asset == "flow_frames"]
with open_instance(Path(os.environ["DAGSTER_HOME"])) as instance:
    known = instance.get_dynamic_partitions("batch")
    for _, result in run(defs, instance, works(due, due, order(), known)):
        made = sorted(e.asset_key.to_user_string() for e in result.get_asset_materialization_events())
        print(result.success, *made)
print(sorted(d.asset for d in plan(lake, order()) if d.asset in ("flow_frames", "keyframes", "decoded_videos", "shots")))
"""


@pytest.mark.long
def test_a_run_for_flow_frames_makes_all_that_its_decode_makes(curated_few: Place, tmp_path: Path) -> None:
    place = curated_few.copy(tmp_path)
    started = place.start(command=(sys.executable, "-c", RUN), MODELS__PROFILE="full", MODELS__ACCEPT='["RAFT large"]')
    printed, _ = started.communicate()
    assert printed.splitlines() == ["True decoded_videos flow_frames frame_signals keyframes shot_frames", "[]"]
