#!/usr/bin/env bash
# Ray 2.60.0: after a ray.init() of the same user, "ray start --head" asks for a token that "ray start --address" does not give.
#
# Where RAY_AUTH_MODE is not set, ray.init() leaves a token in ~/.ray/auth_token, and a head that finds one there asks every node and
# client for it. A node that is started on the same machine, with the same home, reads the same file only where RAY_AUTH_MODE is
# set, and is refused; so is "ray status". A head of a user without that file asks for nothing, so that the same two
# commands work or fail by what ran there before. Seen: both fail with an authentication error; with RAY_AUTH_MODE=token both work.
set -euo pipefail
work=$(mktemp -d)
export HOME="$work/home" RAY_USAGE_STATS_ENABLED=0 RAY_TMPDIR="$work/ray"
unset RAY_AUTH_MODE RAY_AUTH_TOKEN RAY_AUTH_TOKEN_PATH
trap 'RAY_AUTH_MODE=token "$work/venv/bin/ray" stop --force >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir -p "$HOME" "$RAY_TMPDIR"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'ray[default]==2.60.0'
cd "$work"
ray="$work/venv/bin/ray"
port=$("$work/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$ray" --version
"$work/venv/bin/python" -c 'import ray; ray.init(num_cpus=1, configure_logging=False); ray.shutdown()' >/dev/null 2>&1
test -s "$HOME/.ray/auth_token" && echo "ray.init() has left a token in ~/.ray"
start=("$ray" start --node-ip-address 127.0.0.1 --num-cpus 1 --object-store-memory 80000000)
"${start[@]}" --head --port "$port" --include-dashboard false 2>&1 | grep "Token authentication is enabled"
refused() { ! "$@" >said 2>&1 && grep -q "AuthenticationError" said; }
refused "${start[@]}" --address "127.0.0.1:$port" && echo "ray start --address: refused"
refused "$ray" status --address "127.0.0.1:$port" && echo "ray status: refused"
export RAY_AUTH_MODE=token
"${start[@]}" --address "127.0.0.1:$port" 2>&1 | grep "Ray runtime started" && echo "ray start --address, with RAY_AUTH_MODE=token: joined"
"$ray" status --address "127.0.0.1:$port" >/dev/null && echo "ray status, with RAY_AUTH_MODE=token: answered"
