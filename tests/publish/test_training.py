"""Training runs in the lake: records are added as what was read, and the clips of a model are told from them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from tests.commands import answer, document, refusal
from tests.place import Place
from tests.publish.loader.conftest import untouched
from tests.publish.loader.made import Made, take_down
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.schemas import RELEASES, TRAINING_READS, TRAINING_RUNS, TRAINING_SKIPS
from video_assets.publish.loader import ClipBatch, ClipBatches, Loader, RunRecord, open_release
from video_assets.publish.training import add, batches_read, clips_read

__all__ = ["untouched"]


class Trained:
    """A run on a copy of a release in a lake: two attempts, of which the first was rolled back by two batches."""

    def __init__(self, lake: Lake, made: Made) -> None:
        self.lake, self.made = lake, made
        self.folder = Path(lake.settings.lake.root) / "releases" / "tiny"
        shutil.copytree(made.folder, self.folder)
        said = json.loads((self.folder / "release.json").read_text())
        row = {"release": "tiny", "release_id": said["release_id"], "clips": said["clips"]}
        lake.commit([Replacement(RELEASES, ["tiny"], RELEASES.frame([row]), by="release")], [], message="release tiny")
        self.records = Path(lake.settings.lake.root).parent / "records"
        self.gone = made.ids[0]
        take_down(made._replace(folder=self.folder), self.gone)
        self.first = self._attempt("a", {}, 6, keep=4)
        self.second = self._attempt("b", self.state, 5, keep=5)

    def _attempt(self, name: str, state: dict[str, object], steps: int, keep: int) -> list[ClipBatch]:
        dataset = ClipBatches(open_release(self.folder), seed=5, batch_size=5, frames=4, fps=8, rank=0, ranks=1)
        record = RunRecord(self.records, run="run-1", model="model-1", config={"lr": 0.1}, code_revision=f"rev-{name}")
        loader = Loader(dataset, record=record, attempt=name)
        if state:
            loader.load_state_dict(state)
        found: list[ClipBatch] = []
        for batch in islice(loader, steps):
            found.append(batch)
            if len(found) == keep:
                self.state = loader.state_dict()
                loader.kept(self.state)
        record.close()
        return found

    @property
    def files(self) -> list[Path]:
        return sorted(self.records.glob("*.jsonl"))


def times(batches: Sequence[ClipBatch]) -> dict[str, int]:
    return dict(Counter(clip for batch in batches for clip in batch["clip_id"]))


@pytest.fixture
def trained(here: Place, untouched: Made) -> Trained:
    return Trained(here.quick_lake(), untouched)


def test_a_record_becomes_the_ranges_that_were_read(trained: Trained) -> None:
    row = add(trained.lake, trained.files)
    kept, lost = trained.first[:4] + trained.second, trained.first[4:]
    assert (row["model"], row["release"], row["attempts"], row["code_revision"]) == ("model-1", "tiny", 2, "rev-b")
    assert (row["batches_kept"], row["batches_rolled_back"]) == (9, 2)
    assert row["samples_kept"] == sum(times(kept).values())
    assert row["samples_skipped"] == sum(len(batch["skipped"]) for batch in kept)
    reads = trained.lake.read(TRAINING_READS).select("attempt", "from_batch", "to_batch", "kept", "samples")
    assert reads.rows() == [
        (1, 0, 4, True, sum(times(trained.first[:4]).values())),
        (1, 4, 6, False, sum(times(lost).values())),
        (2, 4, 9, True, sum(times(trained.second).values())),
    ]
    skips = trained.lake.read(TRAINING_SKIPS)
    assert set(skips.select("clip_id", "why").rows()) == {(trained.gone, "tombstone")}
    assert trained.lake.read(TRAINING_RUNS).equals(TRAINING_RUNS.frame([dict(row)]))


def test_the_clips_of_a_model_are_those_that_were_handed_out(trained: Trained) -> None:
    add(trained.lake, trained.files)
    assert dict(clips_read(trained.lake, "run-1").rows()) == times(trained.first[:4] + trained.second)
    everything = clips_read(trained.lake, "run-1", rolled_back=True)
    assert dict(everything.rows()) == times(trained.first + trained.second)
    told = [(b.attempt, b.number, b.kept, b.clips) for b in batches_read(trained.lake, "run-1")]
    assert told == [
        (attempt, batch["position"], attempt == 2 or n < 4, batch["clip_id"])
        for attempt, batches in ((1, trained.first), (2, trained.second))
        for n, batch in enumerate(batches)
    ]


def test_a_run_that_went_on_is_added_in_place_of_what_it_was(trained: Trained) -> None:
    add(trained.lake, trained.files)
    third = trained._attempt("c", trained.state, 3, keep=3)
    add(trained.lake, trained.files)
    assert trained.lake.read(TRAINING_RUNS).height == 1
    assert dict(clips_read(trained.lake, "run-1").rows()) == times(trained.first[:4] + trained.second + third)


def test_another_release_of_the_name_is_refused(trained: Trained) -> None:
    row = RELEASES.frame([{"release": "tiny", "release_id": "ff"}])
    trained.lake.commit([Replacement(RELEASES, ["tiny"], row, by="release")], [], message="other")
    with pytest.raises(
        ValueError, match=r"The run run-1 read a release tiny with the id [0-9a-f]{64}; the lake's has ff"
    ):
        add(trained.lake, trained.files)


def test_a_manifest_that_was_altered_is_no_account_of_what_was_read(trained: Trained) -> None:
    trained.made.rows.head(20).write_parquet(trained.folder / "manifest.parquet")
    with pytest.raises(ValueError, match="read another order than the manifest of the release tiny gives"):
        add(trained.lake, trained.files)
    assert trained.lake.read(TRAINING_RUNS).height == 0


def test_a_record_of_another_order_version_is_refused(trained: Trained) -> None:
    [file] = trained.files
    file.write_text(file.read_text().replace('"order_version": 1', '"order_version": 2'))
    with pytest.raises(ValueError, match="read in the order of version 2; this version of video_assets has 1"):
        add(trained.lake, trained.files)


def test_the_command_line_adds_lists_and_tells(trained: Trained) -> None:
    printed = answer("training", "add", *map(str, trained.files))
    samples = sum(times(trained.first[:4] + trained.second).values())
    assert printed.splitlines()[:3] == [
        f"run-1: the model model-1 has read {samples} samples of the release tiny",
        "  kept         9 batches",
        "  rolled back  2 batches",
    ]
    assert "run-1" in answer("training", "list")
    [run] = document("training", "list", "--json")["runs"]
    assert (run["run"], run["samples_kept"], json.loads(run["config"])) == ("run-1", samples, {"lr": 0.1})
    assert answer("training", "clips", "run-1").splitlines()[-1].startswith("23 clips, ")
    clips = document("training", "clips", "run-1", "--json")["clips"]
    assert {clip["clip_id"]: clip["times"] for clip in clips} == times(trained.first[:4] + trained.second)
    assert refusal("training", "clips", "run-2") == (
        "There is no training run run-2. Did you mean run-1? There are run-1."
    )
