"""The tables: files, catalog, schemas, versions and the work plan."""
