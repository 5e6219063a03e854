"""All documents of a release, as files."""

from __future__ import annotations

import json
from pathlib import Path

from video_assets.lake.files import atomic_path
from video_assets.lake.lake import Lake
from video_assets.publish.documents.croissant import croissant
from video_assets.publish.documents.datasheet import datasheet
from video_assets.publish.documents.facts import Facts, gather
from video_assets.publish.documents.legal import ab_2013, eu_summary
from video_assets.publish.documents.provenance import provenance
from video_assets.publish.documents.statements import MISSING, Statements


def documents(facts: Facts, said: Statements) -> dict[str, str]:
    """Every document by the name of its file."""
    return {
        "croissant.json": _json(croissant(facts, said)),
        "eu_training_content_summary.md": eu_summary(facts, said),
        "california_ab_2013.md": ab_2013(facts, said),
        "data_provenance_standards.json": _json(provenance(facts, said)),
        "datasheet.md": datasheet(facts, said),
    }


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_documents(lake: Lake, name: str, said: Statements, folder: Path | None) -> dict[str, int]:
    """Write a release's documents into its folder in the lake, and into another one if there is one.

    Returns:
        By file how many statements are missing in it.

    Raises:
        ValueError: there is no such release.
    """
    made = documents(gather(lake, name), said)
    for file, text in made.items():
        lake.files.write(text.encode(), f"releases/{name}/documents/{file}")
        if folder is not None:
            with atomic_path(folder / file) as temporary:
                temporary.write_text(text, encoding="utf-8")
    return {file: text.count(MISSING) for file, text in made.items()}
