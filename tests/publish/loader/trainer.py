"""A trainer of one rank for tests: prints each batch that it is handed, then waits for a line on standard input.

``save`` writes the state where the arguments say; ``go`` takes the next batch.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.publish.loader.told import said_of
from video_assets.publish.loader import ClipBatches, Loader, RunRecord, open_release

BATCH, FRAMES, FPS, SEED, EPOCHS = 5, 4, 8, 11, 3


def main() -> None:
    arguments = argparse.ArgumentParser()
    for name in ("folder", "records", "state"):
        arguments.add_argument(f"--{name}", type=Path, required=True)
    for name in ("rank", "ranks", "workers"):
        arguments.add_argument(f"--{name}", type=int, required=True)
    arguments.add_argument("--attempt", required=True)
    chosen = arguments.parse_args()
    batches = ClipBatches(
        open_release(chosen.folder), seed=SEED, batch_size=BATCH, frames=FRAMES, fps=FPS, rank=chosen.rank, ranks=chosen.ranks,
        epochs=EPOCHS,
    )  # fmt: skip
    record = RunRecord(chosen.records, run="tiny-run", model="tiny-model", config={"lr": 1e-4}, code_revision="abc")
    loader = Loader(batches, workers=chosen.workers, record=record, attempt=chosen.attempt)
    if chosen.state.exists():
        loader.load_state_dict(json.loads(chosen.state.read_text()))
    for batch in loader:
        print(json.dumps(said_of(batch)), flush=True)
        while sys.stdin.readline().strip() == "save":
            state = loader.state_dict()
            chosen.state.write_text(json.dumps(state))
            loader.kept(state)
            print("saved", flush=True)
    loader.kept(loader.state_dict())


if __name__ == "__main__":
    main()
