"""What the asset graph promises, as JSON: print it with ``python -m tests.assets.graph_specs``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg

from video_assets.definitions import defs

SNAPSHOT = Path(__file__).with_name("graph_specs.json")
UPDATE = "python -m tests.assets.graph_specs --write"


def graph_specs() -> dict[str, Any]:
    """Every asset by key: what people and other assets rely on."""
    return {spec.key.to_user_string(): _promised(spec) for spec in sorted(defs.resolve_all_asset_specs(), key=_key)}


def _key(spec: dg.AssetSpec) -> str:
    return spec.key.to_user_string()


def _promised(spec: dg.AssetSpec) -> dict[str, Any]:
    schema = spec.metadata["dagster/column_schema"]
    return {
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
        "partitions": getattr(spec.partitions_def, "name", None),
        # Only the number that is raised by hand: the rest follows from settings and installed versions.
        "code": str(spec.code_version).partition("-")[0] if "-" in str(spec.code_version) else "hash of the file",
        "columns": [column.name for column in schema.columns],
    }


def as_text(specs: dict[str, Any]) -> str:
    return json.dumps(specs, indent=1) + "\n"


if __name__ == "__main__":
    import sys

    if "--write" in sys.argv:
        SNAPSHOT.write_text(as_text(graph_specs()))
    else:
        sys.stdout.write(as_text(graph_specs()))
