"""One batch through one asset: read the lake, call the pure functions, commit. No Dagster here."""
