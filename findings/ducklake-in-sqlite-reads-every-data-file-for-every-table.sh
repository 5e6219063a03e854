#!/usr/bin/env bash
# With its catalog in SQLite DuckLake reads the rows of all data files of all tables for each table of a query, an empty one too.
# duckdb 1.5.5 with its ducklake and sqlite_scanner extensions: DuckDB passes no condition on to SQLite, so an index does not help.
# With 100,000 data files of other tables each table in a query took 0.15 CPU s, and 0.3 to 0.45 where there was a condition, for
# which the statistics of all columns of all files are read as well. In PostgreSQL the table's number is part of what is asked.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet duckdb==1.5.5 duckdb-extension-ducklake==1.5.5 duckdb-extension-sqlite-scanner==1.5.5
cat > ask.py <<'PYTHON'
from pathlib import Path

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner

lake = duckdb.connect()
for package in (duckdb_extension_sqlite_scanner, duckdb_extension_ducklake):
    lake.execute(f"LOAD '{next(Path(package.__file__).parent.rglob('*.duckdb_extension'))}'")
lake.execute("ATTACH 'ducklake:sqlite:catalog.sqlite' AS lake (DATA_PATH 'data/', DATA_INLINING_ROW_LIMIT 0); USE lake")
lake.execute("CREATE TABLE many (film INTEGER); CREATE TABLE few (film INTEGER); INSERT INTO few VALUES (1)")
for film in range(20):
    lake.execute(f"INSERT INTO many VALUES ({film})")
lake.execute("SET sqlite_debug_show_queries = true")
assert lake.execute("SELECT film FROM few WHERE film = 1").fetchall() == [(1,)]
PYTHON
venv/bin/python ask.py 2>&1 | grep '^SELECT "' > asked.txt
echo "duckdb 1.5.5, asked of SQLite for a table of one file, beside another of 20:"
grep -E 'FROM "ducklake_(data_file|file_column_stats)"' asked.txt | sort -u | tee files.txt
[ "$(wc -l < files.txt)" -ge 2 ] || { echo "it is asked otherwise by now"; exit 1; }
! grep -q 'WHERE.*table_id' files.txt || { echo "a condition is passed on by now"; exit 1; }
