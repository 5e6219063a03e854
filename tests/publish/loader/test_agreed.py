"""Ranks of torch.distributed, real ones over loopback, agree on the name of an attempt."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.publish.loader.made import Made
from video_assets.publish.loader.run_read import merged


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_two_ranks_record_one_attempt_whose_name_nobody_gave_them(untouched: Made, tmp_path: Path) -> None:
    usual = {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": "2", "GLOO_SOCKET_IFNAME": "lo",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.publish.loader.agreeing", str(untouched.folder), str(tmp_path)]
    started = [
        subprocess.Popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | usual | {"RANK": rank}
        )
        for rank in ("0", "1")
    ]
    try:
        printed = [one.communicate(timeout=600) for one in started]
    finally:
        for one in started:
            one.kill()
    assert [one.returncode for one in started] == [0, 0], printed
    first, second = (json.loads(out.splitlines()[-1]) for out, _ in printed)
    assert (first["rank"], second["rank"], first["ranks"]) == (0, 1, 2)
    assert first["attempt"] == second["attempt"]
    assert (first["positions"], second["positions"]) == ([0, 2], [1, 3])
    [attempt] = merged(sorted(tmp_path.glob("*.jsonl"))).attempts
    assert (attempt.ranks, attempt.rolled_back or attempt.kept) == (2, [(0, 4)])
