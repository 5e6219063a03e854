#!/usr/bin/env bash
# dagster 1.13.27, dagster-ray 0.4.8: with RayRunLauncher the daemon marks a run as failed that execute_in_process is just making.
#
# Run monitoring asks the instance's launcher after every run that has begun, whoever began it. Dagster's own default launcher is not asked
# (it does not support the question); RayRunLauncher asks Ray for a job of the run's name, there is none, and the answer
# UNKNOWN counts as lost. Seen: the run turns FAILURE while its op is at work, the op goes on, and in the end the same run is
# SUCCESS; in between, sensors and automation see a failed run and may ask for its work again.
set -euo pipefail
work=$(mktemp -d)
export RAY_USAGE_STATS_ENABLED=0 RAY_TMPDIR="$work/ray" RAY_AUTH_MODE=disabled DAGSTER_HOME="$work/home"
mkdir -p "$RAY_TMPDIR" "$DAGSTER_HOME"
trap '"$work/venv/bin/ray" stop --force >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check dagster==1.13.27 dagster-ray==0.4.8 'ray[default]==2.60.0'
cd "$work"
free() { "$work/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free) board=$(free)
"$work/venv/bin/ray" start --head --node-ip-address 127.0.0.1 --port "$port" --dashboard-host 127.0.0.1 --dashboard-port "$board" \
    --num-cpus 1 --object-store-memory 80000000 >/dev/null 2>&1
cat > "$DAGSTER_HOME/dagster.yaml" <<YAML
telemetry: {enabled: false}
run_launcher:
  module: dagster_ray
  class: RayRunLauncher
  config: {ray: {address: "http://127.0.0.1:$board"}}
run_monitoring: {enabled: true, poll_interval_seconds: 1}
YAML
echo 'load_from: []' > workspace.yaml
cat > look.py <<'PY'
import subprocess
import sys
import time

import dagster as dg

seen = []


@dg.op
def slow(context):
    end = time.monotonic() + 180
    while time.monotonic() < end and dg.DagsterRunStatus.FAILURE not in seen:
        seen.append(context.instance.get_run_by_id(context.run_id).status)
        time.sleep(1)


@dg.job
def work():
    slow()


with dg.DagsterInstance.get() as instance:
    daemon = subprocess.Popen(
        [sys.executable, "-m", "dagster._daemon", "run", "-w", "workspace.yaml"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        result = work.execute_in_process(instance=instance)
    finally:
        daemon.terminate()
        daemon.wait()
    while_at_work, in_the_end = seen[-1], instance.get_run_by_id(result.run_id).status
    print("while its op was at work:", while_at_work.value)
    print("in the end:", in_the_end.value, result.success)
    assert (while_at_work, in_the_end) == (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS)
PY
"$work/venv/bin/python" look.py 2>/dev/null
