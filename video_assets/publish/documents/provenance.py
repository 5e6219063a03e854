"""Data Provenance Standards 1.0.0 of the Data & Trust Alliance, as its JSON.

Its own schema lets nearly everything through: ``required`` stands in the wrong place, and two of its rules cannot be met or
resolved. What is written here is valid by it, and by tests/publish/data_provenance_standards.schema.json, which restates it.
"""

from __future__ import annotations

from typing import Any

from video_assets.publish.documents.facts import Facts
from video_assets.publish.documents.statements import Statements
from video_assets.rights.fields import UNKNOWN

_METHODS = {
    "synthetic": "machine-generated-mlops-generative", "user": "user-generated-content-multimedia",
    "crawled": "web-scraping-crawling-metadata",
}  # fmt: skip
_OTHER = "other-na"


def provenance(facts: Facts, said: Statements) -> dict[str, Any]:
    """The three groups source, provenance and use; what nobody has stated says so."""
    licences = [str(licence) for licence in facts.by["licence"]["licence"]]
    ways = [str(way) for way in facts.by["acquired_how"]["acquired_how"]]
    generation = [
        {
            "code": _METHODS.get(way, _OTHER),
            "system": "data-provenance-standards-1.0.0",
            "description": f"acquired as {way}",
        }
        for way in ways
    ]
    found: dict[str, Any] = {
        "source": {
            "version": "1.0.0",
            "title": said.title or facts.name,
            "id": f"urn:sha256:{facts.row['release_id']}",
            "issuer": [{"name": said.said("creator")}],
            "description": said.description
            or f"{facts.row['clips']:,} video clips of {facts.sources:,} source videos, kept by {facts.row['tier']}.",
        },
        "provenance": {
            "origin": [{"name": str(domain)} for domain in facts.by["domain"]["domain"] if domain != UNKNOWN],
            "origin-geography": [{"country": said.said("countries")}],
            "date": facts.made_on,
            "generation-method": generation,
            "format": ["video/mp4"] if facts.row["media_id"] else ["application/x-parquet"],
        },
        "use": {
            "license": [said.licence] if said.licence else licences,
            "copyright": [said.intellectual_property] if said.intellectual_property else licences,
            "intended-purpose": [
                {
                    "code": "ai-pre-training",
                    "system": "data-provenance-standards-1.0.0",
                    "description": said.said("purpose"),
                }
            ],
        },
    }
    if facts.acquired:
        found["provenance"]["generation-period"] = {"start": facts.acquired[0], "end": facts.acquired[1]}
    if facts.with_people is not None:
        what = f"{facts.with_people:,} clips show a face or a person. {said.said('personal_information')}"
        personal = {"regulation": {"code": "pi", "description": what}, "evaluated": facts.with_people > 0}
        found["use"]["classification"] = [personal]
    return found
