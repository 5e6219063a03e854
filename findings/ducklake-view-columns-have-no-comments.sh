#!/usr/bin/env bash
# A view of a DuckLake catalog can have a comment, and its columns cannot.
# duckdb 1.5.5 with its ducklake extension: COMMENT ON VIEW is kept, COMMENT ON COLUMN of the same view is refused as though
# the view were no table, where plain DuckDB takes both. So what a view's columns mean must stand in a table.
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
lake.execute(f"LOAD '{extension}'; ATTACH 'ducklake:catalog.ducklake' AS lake (DATA_PATH 'data/')")
for place in ("memory", "lake"):
    lake.execute(f"USE {place}; CREATE TABLE films (seconds INTEGER); CREATE VIEW long AS SELECT * FROM films")
    lake.execute("COMMENT ON COLUMN films.seconds IS 'Length.'; COMMENT ON VIEW long IS 'Long ones.'")
    try:
        lake.execute("COMMENT ON COLUMN long.seconds IS 'Length.'")
        said = "kept"
    except duckdb.Error as error:
        said = f"{type(error).__name__}: {error}"
    comments = lake.execute("SELECT comment FROM duckdb_views() WHERE view_name = 'long' AND database_name = ?", [place])
    print(place, "- view:", comments.fetchone()[0], "- its column:", said)
    assert (said == "kept") == (place == "memory"), "DuckLake treats comments on a view's columns otherwise by now"
PYTHON
