#!/usr/bin/env bash
# DuckLake with its catalog in SQLite does not rewrite a table's files while rows of it are inside the catalog, if one of its columns
# is a floating-point number.
# duckdb 1.5.5 with its ducklake and sqlite_scanner extensions: it asks the rows inside the catalog for their aggregates, there a DOUBLE
# is stored as text, and isnan(VARCHAR) is no function, so that the commit fails. With whole numbers, and with the catalog in a
# DuckDB file, it rewrites; so it does after ducklake_flush_inlined_data. Small inserts are inlined by default: a table that is
# written to a little between two rewrites is in that state.
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


def rewritten(table: str) -> str:
    try:
        lake.execute(f"CALL ducklake_rewrite_data_files('lake', '{table}', delete_threshold => 0.5)")
    except duckdb.Error as error:
        return "isnan(VARCHAR)" if "isnan(VARCHAR)" in str(error) else str(error)
    return "rewritten"


found = {}
for catalog in ("sqlite:catalog.sqlite", "catalog.duckdb"):
    lake.execute(f"ATTACH 'ducklake:{catalog}' AS lake (DATA_PATH 'data-{catalog[:6]}/')")
    for kind in ("DOUBLE", "BIGINT"):
        lake.execute(f"CREATE TABLE lake.{kind} (k INTEGER, x {kind})")
        lake.execute(f"INSERT INTO lake.{kind} SELECT i, i FROM range(1000) t(i)")
        lake.execute(f"DELETE FROM lake.{kind} WHERE k < 600")
        lake.execute(f"INSERT INTO lake.{kind} VALUES (1, 1)")
        found[catalog, kind] = rewritten(kind)
        print(f"duckdb {duckdb.__version__}, catalog {catalog}, a column of {kind}: {found[catalog, kind]}")
    if catalog.startswith("sqlite"):
        lake.execute("CALL ducklake_flush_inlined_data('lake', table_name => 'DOUBLE')")
        found["flushed"] = rewritten("DOUBLE")
        print(f"the same after ducklake_flush_inlined_data: {found['flushed']}")
    lake.execute("DETACH lake")
assert found.pop(("sqlite:catalog.sqlite", "DOUBLE")) == "isnan(VARCHAR)", "it is rewritten by now"
assert set(found.values()) == {"rewritten"}, "others are not rewritten any more"
PYTHON
venv/bin/python ask.py
