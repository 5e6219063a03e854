#!/usr/bin/env bash
# The first bytes that pyarrow allocates cost a process with a limit on its memory (RLIMIT_DATA, as for worker processes) 1 GiB of it.
# pyarrow 26.0.1 on Linux: mimalloc, its usual allocator, maps an arena of 1 GiB, private and writable, which the kernel counts in full
# though hardly a page of it is touched. What was allowed 1200 MiB then has no room for an array of 300. pyarrow.set_memory_pool does not
# prevent it: what Arrow writes Parquet with asks for C++'s own default. ARROW_DEFAULT_MEMORY_POOL=system does, but only where it is set
# before pyarrow is imported: afterwards it is ignored without a word.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet pyarrow==26.0.1 numpy==2.4.6
cat > write.py <<'PYTHON'
import os
import resource
import sys
from pathlib import Path


def mapped():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
    return int(line.split()[1]) // 1024


when = sys.argv[1]
if when == "before":
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
import numpy
import pyarrow
import pyarrow.parquet

if when == "after":
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
if when == "pool":
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
before = mapped()
pyarrow.parquet.write_table(pyarrow.table({"row": range(10)}), "rows.parquet")
resource.setrlimit(resource.RLIMIT_DATA, (1200 * 2**20,) * 2)
try:
    numpy.ones(300 * 2**20, numpy.uint8)
    room = "room"
except MemoryError:
    room = "none"
print(mapped() - before, room)
PYTHON
for when in never after pool before; do
    read -r taken room < <(venv/bin/python write.py $when)
    echo "system allocator asked for $when: $taken MiB mapped for ten rows, then $room for 300 MiB within 1200"
    case $when in
        before) [ "$taken" -lt 256 ] && [ "$room" = room ] || { echo "it is no longer as it was"; exit 1; } ;;
        *) [ "$taken" -ge 1024 ] && [ "$room" = none ] || { echo "it is no longer as it was"; exit 1; } ;;
    esac
done
