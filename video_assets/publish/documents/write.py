"""All documents of a release, as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from video_assets.lake.files import atomic_path
from video_assets.lake.lake import Lake
from video_assets.publish.documents.croissant import croissant
from video_assets.publish.documents.datasheet import datasheet
from video_assets.publish.documents.facts import Facts, gather
from video_assets.publish.documents.legal import ab_2013, eu_summary
from video_assets.publish.documents.provenance import provenance
from video_assets.publish.documents.signing import CREDENTIAL, signed
from video_assets.publish.documents.statements import MISSING, Statements
from video_assets.publish.manifest import LINES


def documents(facts: Facts, said: Statements, credential: str | None = None) -> dict[str, str]:
    """Every document by the name of its file; ``credential`` is the file by which they are signed."""
    return {
        "croissant.json": _json(croissant(facts, said)),
        "eu_training_content_summary.md": eu_summary(facts, said),
        "california_ab_2013.md": ab_2013(facts, said),
        "data_provenance_standards.json": _json(provenance(facts, said)),
        "datasheet.md": datasheet(facts, said, credential),
    }


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Documented:
    """What was written.

    Attributes:
        missing: by document how many statements are missing in it.
        credential: the file by which the release is signed; None: there is no key.
    """

    missing: Mapping[str, int]
    credential: str | None


def write_documents(lake: Lake, name: str, said: Statements, folder: Path | None) -> Documented:
    """Write a release's documents into its folder in the lake, and into another one if there is one; signed where there is a key.

    Raises:
        ValueError: there is no such release, or it cannot be signed.
        FileNotFoundError: its manifest is gone.
    """
    facts, how = gather(lake, name), lake.settings.signing
    credential = CREDENTIAL if how.key else None
    made = documents(facts, said, credential)
    files = {file: text.encode() for file, text in made.items()}
    if credential:
        lines = lake.files.fetch(f"releases/{name}/{LINES}")
        if lines is None:
            raise FileNotFoundError(f"The release {name} has no {LINES} any more.")
        files[credential] = signed(facts, made, lines, how)
    else:
        # One of before would be of other documents.
        lake.files.remove([f"releases/{name}/documents/{CREDENTIAL}"])
        if folder is not None:
            (folder / CREDENTIAL).unlink(missing_ok=True)
    for file, content in files.items():
        lake.files.write(content, f"releases/{name}/documents/{file}")
        if folder is not None:
            with atomic_path(folder / file) as temporary:
                temporary.write_bytes(content)
    return Documented({file: text.count(MISSING) for file, text in made.items()}, credential)
