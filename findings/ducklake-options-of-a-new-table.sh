#!/usr/bin/env bash
# An option of a DuckLake table cannot be set in the transaction that creates the table, and the attempt ends the transaction.
# duckdb 1.5.5 with its ducklake extension: set_option(..., table_name => 't') after CREATE TABLE t fails, and everything that
# the transaction did before is lost: whoever creates a table with options needs two commits, between which it has none.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet duckdb==1.5.5 duckdb-extension-ducklake==1.5.5
venv/bin/python - <<'PYTHON'
from pathlib import Path

import duckdb
import duckdb_extension_ducklake

print("duckdb", duckdb.__version__)
extension = next(Path(duckdb_extension_ducklake.__file__).parent.rglob("*.duckdb_extension"))
lake = duckdb.connect()
lake.execute(f"LOAD '{extension}'; ATTACH 'ducklake:catalog.ducklake' AS lake (DATA_PATH 'data/'); USE lake")
option = "CALL lake.set_option('data_inlining_row_limit', 1000, table_name => 'films')"
lake.execute("BEGIN; CREATE TABLE films (seconds INTEGER)")
try:
    lake.execute(option)
    said = "set"
except duckdb.Error as error:
    said = str(error)
print("in the transaction:", said)
assert "transaction-local" in said, "the option can be set in the transaction by now"
try:
    lake.execute("COMMIT")
    ended = "committed"
except duckdb.Error as error:
    ended = str(error)
tables = lake.execute("SELECT count(*) FROM duckdb_tables() WHERE database_name = 'lake'").fetchone()[0]
print("after it:", ended, "-", tables, "tables")
assert tables == 0, "what was done before is kept by now"
lake.execute("CREATE TABLE films (seconds INTEGER)")
lake.execute(option)
print("after a commit of its own: set")
PYTHON
