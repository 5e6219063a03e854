"""A rank of torch.distributed for tests: takes two batches, and prints by which name its attempt is recorded."""

from __future__ import annotations

import json
import sys
from itertools import islice
from pathlib import Path

import torch.distributed

from video_assets.publish.loader import ClipBatches, Loader, RunRecord, open_release


def main() -> None:
    folder, records = map(Path, sys.argv[1:])
    # Address, port, rank and number of ranks come from the environment, as torchrun sets it.
    torch.distributed.init_process_group("gloo")
    batches = ClipBatches(open_release(folder), seed=1, batch_size=5, frames=4, fps=8)
    record = RunRecord(records, run="agreed", model="tiny")
    positions = [batch["position"] for batch in islice(Loader(batches, record=record), 2)]
    attempt = json.loads(record.file(batches.rank).read_text().splitlines()[0])["attempt"]
    print(json.dumps({"rank": batches.rank, "ranks": batches.ranks, "attempt": attempt, "positions": positions}))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
