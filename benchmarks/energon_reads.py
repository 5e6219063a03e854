"""Whether Megatron Energon reads a release's shards: prepares them without a question, reads every clip and compares its bytes.

In an environment of its own, as Energon holds botocore back:

    python -m venv /tmp/energon && /tmp/energon/bin/pip install megatron-energon pyarrow
    cp -r lake/releases/first /tmp/first && /tmp/energon/bin/python benchmarks/energon_reads.py /tmp/first

Energon writes its index into the folder, so give it a copy.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from megatron.energon import (
    Cooker,
    DefaultTaskEncoder,
    Sample,
    WorkerConfig,
    basic_sample_keys,
    get_loader,
    get_val_dataset,
    stateless,
)
from megatron.energon.task_encoder.base import edataclass


@edataclass
class Clip(Sample):  # type: ignore[misc]
    """A clip as it is in its shard."""

    mp4: bytes
    txt: str


@stateless  # type: ignore[untyped-decorator]
def cooked(sample: dict[str, Any]) -> Clip:
    return Clip(**basic_sample_keys(sample), mp4=sample["mp4"], txt=sample["txt"])


class Encoder(DefaultTaskEncoder):  # type: ignore[misc]
    """Hands clips out one by one."""

    cookers = (Cooker(cooked),)
    decoder = None


def prepare(folder: Path) -> None:
    """Write Energon's index; of several parts of a split it takes one pattern alone, so that each lists all of its shards."""
    parts = []
    for split, theirs in (("train", "train"), ("evaluation", "val")):
        shards = sorted(p.relative_to(folder).as_posix() for p in (folder / "shards" / split).rglob("*.tar"))
        if shards:
            parts += ["--split-parts", f"{theirs}:" + (f"{{{','.join(shards)}}}" if len(shards) > 1 else shards[0])]
    command = Path(sys.executable).with_name("energon")
    options = ["--non-interactive", "--no-progress", "--force-overwrite", "--sample-type", "CrudeWebdataset"]
    subprocess.run([command, "prepare", folder, *options, *parts], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    folder = parser.parse_args().release
    prepare(folder)
    index = {r["clip_id"].hex(): r["sha256"] for r in pq.read_table(folder / "index.parquet").to_pylist()}
    lines = pq.read_table(folder / "manifest.parquet", columns=["clip_id", "split"]).to_pylist()
    wanted = {r["clip_id"] for r in lines if r["split"] == "train" and r["clip_id"] in index}
    data = get_val_dataset(
        folder, split_part="train", worker_config=WorkerConfig(rank=0, world_size=1, num_workers=0), batch_size=None,
        task_encoder=Encoder(),
    )  # fmt: skip
    read: dict[str, bytes] = {}
    for sample in get_loader(data):
        clip = sample.__key__.rpartition("/")[2]
        assert clip not in read, f"{clip} came twice"
        read[clip] = hashlib.sha256(sample.mp4).digest()
    altered = sorted(clip for clip, digest in read.items() if index[clip] != digest)
    print(
        f"{len(wanted)} clips of the split train: {len(read)} read, {len(altered)} altered, {len(wanted - set(read))} not read"
    )
    sys.exit(bool(altered))


if __name__ == "__main__":
    main()
