#!/usr/bin/env bash
# A reader inside an open transaction on a DuckLake finds no rows, and no error, once its snapshot was expired by another process.
# duckdb 1.5.5 with its ducklake extension, catalog in SQLite: a query in the transaction gave 2000 rows; then the writer replaces
# the table's file, expires the old snapshots and cleans up; the same query in the same transaction gives 0 and NULL. In a new
# transaction it gives 2000 again. Whoever expires snapshots must be sure that no query is as old as they are.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet duckdb==1.5.5 duckdb-extension-ducklake==1.5.5 duckdb-extension-sqlite-scanner==1.5.5 pytz
cat > lake.py <<'PYTHON'
import importlib
from pathlib import Path

import duckdb


def opened(*, read_only):
    lake = duckdb.connect()
    for name in ("sqlite_scanner", "ducklake"):
        package = importlib.import_module(f"duckdb_extension_{name}")
        lake.execute(f"LOAD '{next(Path(package.__file__).parent.rglob('*.duckdb_extension'))}'")
    options = "DATA_PATH 'data/', META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 20000" + ", READ_ONLY" * read_only
    lake.execute(f"ATTACH 'ducklake:sqlite:catalog.sqlite' AS lake ({options}); USE lake")
    return lake


QUESTION = "SELECT count(i), max(name) FROM films"
PYTHON
cat > writer.py <<'PYTHON'
from lake import opened

lake = opened(read_only=False)
lake.execute("BEGIN; DELETE FROM films; INSERT INTO films SELECT i, 'after' FROM range(2000) AS r (i); COMMIT")
lake.execute("CALL ducklake_expire_snapshots('lake', older_than => now() + INTERVAL 1 DAY)").fetchall()
lake.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)").fetchall()
PYTHON
venv/bin/python - <<'PYTHON'
import subprocess
import sys

import duckdb
from lake import QUESTION, opened

print("duckdb", duckdb.__version__)
first = opened(read_only=False)
first.execute("CALL lake.set_option('data_inlining_row_limit', 0)")
first.execute("CREATE TABLE films AS SELECT i, 'before' AS name FROM range(2000) AS r (i)")
first.close()

reader = opened(read_only=True)
reader.execute("BEGIN")
print("in the transaction:", before := reader.execute(QUESTION).fetchall())
subprocess.run([sys.executable, "writer.py"], check=True)
print("after the writer, in the same transaction:", after := reader.execute(QUESTION).fetchall())
reader.execute("ROLLBACK")
print("in a new one:", anew := reader.execute(QUESTION).fetchall())
assert before == [(2000, "before")]
assert after == [(0, None)], "it sees its own version, or says that it is gone, by now"
assert anew == [(2000, "after")]
PYTHON
