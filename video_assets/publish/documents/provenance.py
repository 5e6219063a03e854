"""Data Provenance Standards 1.0.0 of the Data & Trust Alliance, as its JSON."""

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
    licences = ", ".join(facts.by["licence"]["licence"])
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
            "license": said.licence or licences,
            "copyright": said.intellectual_property or licences,
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
    if said.personal_information:
        found["use"]["classification"] = [{"regulation": {"code": "pi"}, "evaluated": said.personal_information}]
    return found
