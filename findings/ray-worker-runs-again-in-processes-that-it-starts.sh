#!/usr/bin/env bash
# Ray 2.60.0: a process that a Ray task starts by multiprocessing loads Ray's own worker program once more.
#
# By the start methods "spawn" and "forkserver" a child loads the file of its parent's __main__ again, as __mp_main__, unless that has
# no __file__. In a Ray worker __main__ is ray/_private/workers/default_worker.py, so that every child imports ray and all that it
# imports before it begins, for a task that starts a process to keep a crash or its memory to itself, and
# nothing says so. Seen: the child has __mp_main__ of default_worker.py and the module ray; after the task has taken __file__ away
# from its __main__ for as long as it starts the child, it has neither.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ray==2.60.0
cd "$work"
cat > child.py <<'PY'
import os, sys


def seen():
    main = sys.modules.get("__mp_main__")
    return os.path.basename(getattr(main, "__file__", "nothing")), "ray" in sys.modules
PY
cat > look.py <<'PY'
import multiprocessing
import os
import sys

import ray

import child

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


@ray.remote
def started(hidden):
    main = sys.modules["__main__"].__dict__
    file = main.pop("__file__") if hidden else None
    context = multiprocessing.get_context("forkserver")
    with context.Pool(1) as pool:
        found = pool.apply(child.seen)
    if file:
        main["__file__"] = file
    return found


ray.init(num_cpus=1, include_dashboard=False, configure_logging=False, log_to_driver=False,
         runtime_env={"env_vars": {"PYTHONPATH": os.getcwd()}})
as_it_is, hidden = ray.get(started.remote(False)), ray.get(started.remote(True))
print("ray", ray.__version__)
print("as it is:", as_it_is)
print("without __file__:", hidden)
assert as_it_is == ("default_worker.py", True), as_it_is
assert hidden == ("nothing", False), hidden
PY
RAY_USAGE_STATS_ENABLED=0 "$work/venv/bin/python" look.py
