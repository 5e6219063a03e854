"""Croissant 1.1 with the responsible-AI vocabulary and PROV-O (mlcommons.org/croissant), as JSON-LD.

Written by hand: the library mlcroissant 1.1.1 spells two of the vocabulary's terms otherwise than its specification, and
misses none of the required ones (tests/publish/test_documents.py holds what is written against both, and
tests/publish/test_croissant.py reads a release's records with it).

Addresses of files are relative to the document, which is in the release's folder ``documents/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from video_assets.publish.documents.facts import Facts
from video_assets.publish.documents.statements import MISSING, Statements
from video_assets.publish.manifest import LINES, SCHEMA, TABLE
from video_assets.rights.fields import UNKNOWN

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")
REQUIRED = (
    "@context", "@type", "conformsTo", "name", "description", "license", "url", "creator", "datePublished", "distribution",
)  # fmt: skip
"""What the specification requires of a data set."""

_CR = (
    "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate", "sdVersion",
    "separator", "source", "subField", "transform", "unArchive", "value",
)  # fmt: skip
_CONTEXT: Mapping[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in _CR},
}  # fmt: skip
_FORMS = {
    ".parquet": "application/x-parquet", ".gz": "application/gzip", ".csv": "text/csv", ".json": "application/json",
    ".tar": "application/x-tar", ".sql": "text/plain",
}  # fmt: skip
_MOST_SOURCES = 1000
_SHARDS = "shards"
# What was taken down is a member whose name begins with a point.
_MEDIA = "[0-9a-f]*.mp4"


def croissant(facts: Facts, said: Statements) -> dict[str, Any]:
    """The data set's description."""
    licences = [str(v) for v in facts.by["licence"]["licence"] if v != UNKNOWN]
    content: dict[str, Any] = {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": said.title or facts.name,
        "description": said.description or _described(facts),
        "license": said.licence or licences or MISSING,
        "url": said.said("url"),
        "creator": {"@type": "sc:Organization", "name": said.said("creator")},
        "datePublished": facts.made_on,
        "version": "1.0.0",
        "sameAs": f"urn:sha256:{facts.row['release_id']}",
        "isLiveDataset": False,
        "distribution": _distribution(facts),
        "recordSet": [_records(facts), *_media(facts)],
        **_rai(facts, said),
        **_provenance(facts),
    }
    if said.citation:
        content["citeAs"] = said.citation
    if said.languages:
        content["inLanguage"] = said.languages
    if said.countries:
        content["spatialCoverage"] = said.countries
    return content


def _described(facts: Facts) -> str:
    return (
        f"{facts.row['clips']:,} video clips ({facts.hours:.4g} h) of {facts.sources:,} source videos, kept by the tier "
        f"{facts.row['tier']} under the rights policy {facts.row['policy']}."
    )


def _distribution(facts: Facts) -> list[dict[str, Any]]:
    files = [
        _file(path, size, digest) for path, size, digest in facts.files.select("path", "bytes", "sha256").iter_rows()
    ]
    if shards := [{"@id": f["@id"]} for f in files if _is_shard(f["@id"])]:
        files.append(
            {
                "@type": "cr:FileSet", "@id": _SHARDS, "name": _SHARDS, "containedIn": shards, "encodingFormat": "video/mp4",
                "includes": _MEDIA, "description": "A clip's media file, named by its id.",
            }
        )  # fmt: skip
    return files


def _file(path: str, size: int, digest: str) -> dict[str, Any]:
    ending = f".{path.rpartition('.')[2]}"
    return {
        "@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": f"../{path}", "contentSize": f"{size} B",
        "encodingFormat": _FORMS.get(ending, "application/octet-stream"), "sha256": digest,
    }  # fmt: skip


def _records(facts: Facts) -> dict[str, Any]:
    fields: list[dict[str, Any]] = [
        {
            "@type": "cr:Field", "@id": f"clips/{name}", "name": name,
            "dataType": "sc:Integer" if kind == pl.Int64() else "sc:Text",
            "source": {"fileObject": {"@id": TABLE}, "extract": {"column": name}},
        }
        for name, kind in SCHEMA.items()
        if not isinstance(kind, pl.List) and name in facts.columns
    ]  # fmt: skip
    return {
        "@type": "cr:RecordSet", "@id": "clips", "name": "clips", "description": f"A clip, as {LINES} has it.",
        "key": {"@id": "clips/clip_id"}, "field": fields,
    }  # fmt: skip


def _media(facts: Facts) -> list[dict[str, Any]]:
    """The records of the shards, where there are any: a clip's id, which is the name of its file, and the file's bytes."""
    if not any(_is_shard(path) for path in facts.files["path"]):
        return []
    source = {"fileSet": {"@id": _SHARDS}}
    named = {"extract": {"fileProperty": "filename"}, "transform": {"regex": "([0-9a-f]{32})"}}
    return [
        {
            "@type": "cr:RecordSet", "@id": "media", "name": "media", "description": "A clip's media file.",
            "key": {"@id": "media/clip_id"}, "field": [
                {
                    "@type": "cr:Field", "@id": "media/clip_id", "name": "clip_id", "dataType": "sc:Text",
                    "references": {"field": {"@id": "clips/clip_id"}}, "source": {**source, **named},
                },
                {
                    "@type": "cr:Field", "@id": "media/content", "name": "content", "dataType": "sc:VideoObject",
                    "source": {**source, "extract": {"fileProperty": "content"}},
                },
            ],
        }
    ]  # fmt: skip


def _is_shard(path: str) -> bool:
    return path.endswith(".tar")


def _rai(facts: Facts, said: Statements) -> dict[str, Any]:
    """The vocabulary's terms in the spelling of its specification's table."""
    rules = [f"{tier}: {rule}" for tier, rule in facts.stages.select("tier", "rule").iter_rows()]
    how = ", ".join(facts.by["acquired_how"]["acquired_how"])
    people = "not known" if facts.with_people is None else f"{facts.with_people:,} clips show a face or a person"
    timeframe = list(facts.acquired) if facts.acquired else MISSING
    found: dict[str, Any] = {
        "dataCollection": said.said("crawlers") if "crawl" in how else f"Footage acquired as: {how}.",
        "dataCollectionType": how,
        "dataCollectionRawData": f"{facts.sources:,} source videos; attributions.csv names holders, licences and addresses.",
        "dataCollectionTimeframe": timeframe,
        "dataCollectionMissingData": f"{facts.row['without_caption']:,} clips have no caption.",
        "dataPreprocessingProtocol": rules,
        "dataManipulationProtocol": f"Cut to single shots, cropped and scaled by these settings: {facts.media_settings}.",
        "dataAnnotationProtocol": "Captions by: " + facts.captioners + ".",
        "machineAnnotationTools": [
            f"{asset} {', '.join(v)}" for asset, v in sorted(facts.header["measured_by"].items())
        ],
        "personalSensitiveInformation": f"{people}. {said.said('personal_information')}",
        "dataUseCases": said.said("uses"),
        "dataBiases": said.said("biases"),
        "dataReleaseMaintenancePlan": said.said("maintenance"),
    }
    return {f"rai:{name}": value for name, value in found.items()}


def _provenance(facts: Facts) -> dict[str, Any]:
    sources: Sequence[str] = facts.by["domain"].filter(pl.col("domain") != UNKNOWN)["domain"].to_list()[:_MOST_SOURCES]
    holders: Sequence[str] = facts.by["holder"].filter(pl.col("holder") != UNKNOWN)["holder"].to_list()[:_MOST_SOURCES]
    return {
        "prov:wasDerivedFrom": [{"@type": "prov:Entity", "prov:label": domain} for domain in sources],
        "prov:wasAttributedTo": [{"@type": "prov:Agent", "prov:label": holder} for holder in holders],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity", "prov:label": f"video_assets release, tier {facts.row['tier']}, policy {facts.row['policy']}",
            "prov:endedAtTime": facts.row["made_at"].isoformat(),
        },
    }  # fmt: skip
