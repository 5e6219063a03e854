"""Thin Dagster assets, a module per group: ask the lake, call a pure function, write, report counts."""
