"""A release's documents: what is known is in them, what is not is marked, and each has what its standard requires."""

from __future__ import annotations

import base64
import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from video_assets.publish.documents.croissant import REQUIRED, croissant
from video_assets.publish.documents.datasheet import datasheet
from video_assets.publish.documents.facts import Facts
from video_assets.publish.documents.legal import ab_2013, eu_summary, size_range, top_domains
from video_assets.publish.documents.provenance import provenance
from video_assets.publish.documents.statements import MISSING, Statements, read_statements, template
from video_assets.publish.documents.write import documents
from video_assets.publish.manifest import SCHEMA
from video_assets.rights.fields import domain_of

DAY = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
SHARD, SHA = "shards/train/64x48_2-4s/000000.tar", "ab" * 32


def counts(of: str, *rows: tuple[str, int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=[of, "clips", "videos", "hours"], orient="row")


def facts(**changes: Any) -> Facts:
    row = {
        "release": "first", "release_id": "cd" * 32, "media_id": "ef" * 32, "state": "built", "tier": "lab/smooth",
        "policy": "policies/default", "clips": 12, "hours": 0.02, "refused": 3, "refused_hours": 0.005, "without_caption": 2,
        "not_cut": 1, "shards": 1, "media_bytes": 1000, "drawn": False, "made_by": "0.1.0", "made_at": DAY,
    }  # fmt: skip
    usual: dict[str, Any] = {
        "row": row,
        "header": {"media": {"crf": 18, "short_side": None, "sound": True}, "measured_by": {"clips": ["3-aa"]}},
        "files": pl.DataFrame(
            [("manifest.parquet", 100, SHA), (SHARD, 1000, SHA)], schema=["path", "bytes", "sha256"], orient="row"
        ),
        "columns": list(SCHEMA),
        "by": {
            "licence": counts("licence", ("CC-BY-4.0", 10, 3, 0.018), ("CC0-1.0", 2, 1, 0.002)),
            "holder": counts("holder", ("Harbour | Films", 10, 3, 0.018), ("unknown", 2, 1, 0.002)),
            "acquired_how": counts("acquired_how", ("licensed", 10, 3, 0.018), ("synthetic", 2, 1, 0.002)),
            "domain": counts("domain", ("example.org", 10, 3, 0.018), ("unknown", 2, 1, 0.002)),
            "split": counts("split", ("train", 12, 4, 0.02)),
            "bucket": counts("bucket", ("64x48_2-4s", 12, 4, 0.02)),
            "camera_motion": counts("camera_motion", ("unknown", 12, 4, 0.02)),
            "captioner": counts("captioner", ("measured", 10, 4, 0.018), ("unknown", 2, 1, 0.002)),
            "concept": counts("concept", ("7", 8, 3, 0.014), ("2", 3, 1, 0.005), ("unknown", 1, 1, 0.001)),
        },
        "spread": pl.DataFrame(
            {
                "duration_s": [2.0] * 6 + [3.5] * 6, "min_side": [48] * 12, "aspect": [4 / 3] * 9 + [0.75] * 3,
                "technical_quality": [0.5] * 11 + [None], "classical_appeal": [0.4] * 12, "sharpness": [80.0] * 12,
                "vmaf_motion": [None] * 12,
            }
        ),
        "sources": 4,
        "sizes": (48, 48),
        "lengths": (2.0, 3.5),
        "with_sound": 1,
        "with_people": 5,
        "acquired": ("2025-01-31", "2025-06-30"),
        "stages": pl.DataFrame(
            [("lab/smooth", "smooth", "A paper, section 3.", 7)], schema=["tier", "rule", "source", "clips"], orient="row"
        ),
        "refused": pl.DataFrame([("licence_known", 3, 0.005)], schema=["rule", "clips", "hours"], orient="row"),
    }  # fmt: skip
    return Facts(**(usual | changes))


def test_croissant_has_what_its_specification_requires() -> None:
    found = croissant(facts(), Statements(url="https://example.org/set", creator="A team"))
    assert [name for name in REQUIRED if not found.get(name)] == []
    assert MISSING not in json.dumps({name: found[name] for name in REQUIRED})
    assert found["conformsTo"][0] == "http://mlcommons.org/croissant/1.1"
    assert found["license"] == ["CC-BY-4.0", "CC0-1.0"]
    assert found["datePublished"] == "2026-03-04"


def test_croissant_lists_every_file_with_its_hash_and_the_shards_as_a_set_of_media() -> None:
    manifest, shard, media = croissant(facts(), Statements())["distribution"]
    assert (manifest["@type"], manifest["sha256"], manifest["contentSize"]) == ("cr:FileObject", SHA, "100 B")
    assert (shard["encodingFormat"], shard["contentUrl"]) == ("application/x-tar", f"../{SHARD}")
    assert (media["@type"], media["encodingFormat"], media["containedIn"]) == (
        "cr:FileSet",
        "video/mp4",
        [{"@id": SHARD}],
    )


def test_croissant_has_no_set_of_media_where_there_are_none() -> None:
    without = facts(files=facts().files.head(1))
    found = croissant(without, Statements())
    assert [f["@type"] for f in found["distribution"]] == ["cr:FileObject"]
    assert [r["@id"] for r in found["recordSet"]] == ["clips"]


def test_croissants_fields_are_the_manifests_columns() -> None:
    records, _media = croissant(facts(), Statements())["recordSet"]
    assert {f["source"]["extract"]["column"] for f in records["field"]} == set(SCHEMA) - {"source_tags", "quality_tags"}


def test_croissants_responsible_ai_terms_are_spelt_as_in_the_specification() -> None:
    found = croissant(facts(), Statements())
    assert found["rai:dataCollectionTimeframe"] == ["2025-01-31", "2025-06-30"]
    assert "rai:dataManipulationProtocol" in found
    assert found["prov:wasDerivedFrom"] == [{"@type": "prov:Entity", "prov:label": "example.org"}]


def test_the_eu_summary_has_every_section_and_counts_by_way_of_acquisition() -> None:
    found = eu_summary(facts(), Statements())
    sections = ("1.1", "1.2", "1.3", "2.1", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6", "3.1", "3.2", "3.3")
    assert [s for s in sections if f"- {s} " not in found] == []
    assert "- 2.2.1 Licensed: yes, 0.018 h." in found
    assert "- 2.5 Synthetic: yes, 0.002 h." in found
    assert "- 2.4 User data: no, by what is stated of the footage." in found
    assert "kept out: licence_known: 3 clips" in found


def test_footage_of_which_nobody_says_how_it_was_acquired_is_told_as_such() -> None:
    by = {**facts().by, "acquired_how": counts("acquired_how", ("unknown", 12, 4, 0.02))}
    assert "- 2.6 Other: 0.02 h of which nobody states how they were acquired." in eu_summary(
        facts(by=by), Statements()
    )


@pytest.mark.parametrize(
    ("hours", "said"),
    [(9_999, "less than 10,000 hours"), (10_000, "10,000 to 1 million hours"), (2e6, "more than 1 million hours")],
)
def test_a_size_is_given_in_the_templates_ranges(hours: float, said: str) -> None:
    assert size_range(hours) == said


def test_the_tenth_of_the_domains_with_the_most_content_is_listed_rounded_up() -> None:
    rows = counts("domain", *((f"d{n}", 1, 1, 30.0 - n) for n in range(21)), ("unknown", 1, 1, 0.1))
    assert top_domains(rows)["domain"].to_list() == ["d0", "d1", "d2"]


def test_california_gets_twelve_items() -> None:
    found = ab_2013(facts(), Statements(purpose="To test.")).splitlines()
    assert [line.partition(".")[0] for line in found if line[:1].isdigit()] == [str(n) for n in range(1, 13)]
    assert "2. How it furthers the intended purpose: To test." in found


def test_provenance_has_the_required_groups_and_codes() -> None:
    found = provenance(facts(), Statements(purpose="To test."))
    assert set(found["source"]) >= {"version", "title", "id", "issuer", "description"}
    assert set(found["provenance"]) >= {"origin-geography", "date", "generation-method"}
    assert [m["code"] for m in found["provenance"]["generation-method"]] == [
        "other-na",
        "machine-generated-mlops-generative",
    ]
    assert found["use"]["intended-purpose"][0]["description"] == "To test."


def test_a_datasheet_has_its_seven_sections_and_no_markup_of_a_holder() -> None:
    found = datasheet(facts(), Statements())
    assert [line[3:] for line in found.splitlines() if line.startswith("## ")] == [
        "Motivation", "Composition", "Collection process", "Preprocessing, cleaning and labelling", "Uses", "Distribution",
        "Maintenance",
    ]  # fmt: skip
    assert "| Harbour \\| Films | 10 | 3 | 0.018 |" in found


def test_a_datasheet_draws_how_long_large_and_good_clips_are_and_whose_and_of_what() -> None:
    found = datasheet(facts(), Statements()).splitlines()
    shown = {found[n - 2].removeprefix("### "): line for n, line in enumerate(found) if line.startswith("![")}
    assert {heading: line[2 : line.index("]")] for heading, line in shown.items()} == {
        "Durations": "12 values; median 2.75 s", "Shorter sides": "12 values; median 48 px",
        "Aspect ratios": "12 values; median 1.333 width/height", "Technical quality": "11 values, 1 missing; median 0.5 of 1",
        "Appeal": "12 values; median 0.4 of 1", "Sharpness": "12 values; median 80 variance of the Laplacian", "Licences": "hours by licence",
        "Concepts: clusters of what is shown, by number": "hours by concept",
    }  # fmt: skip
    assert "No values (12 missing)." in found
    for line in shown.values():
        picture = base64.b64decode(line.partition("base64,")[2].removesuffix(")"))
        assert ET.fromstring(picture).tag.endswith("svg")


def test_what_nobody_stated_is_marked_in_every_document_and_nothing_is_once_all_is() -> None:
    none, everything = (
        Statements(),
        Statements.model_validate(
            {n: True if "bool" in str(f.annotation) else "Said." for n, f in Statements.model_fields.items()}
        ),
    )
    assert all(MISSING in text for text in documents(facts(), none).values())
    assert not any(MISSING in text for text in documents(facts(), everything).values())


def test_the_template_names_every_field_and_states_none(tmp_path: Path) -> None:
    file = tmp_path / "facts.toml"
    file.write_text(template())
    assert read_statements(file) == Statements()
    file.write_text(template().replace("# creator =", "creator ="))
    assert read_statements(file).creator == ""
    assert all(f"# {name} = " in template() for name in Statements.model_fields)


def test_a_field_that_there_is_not_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "facts.toml"
    file.write_text('creater = "A team"\n')
    with pytest.raises(
        ValueError, match=r"creater: Extra inputs are not permitted. 'documents --template' prints all fields"
    ):
        read_statements(file)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://WWW.Example.org/a", "example.org"), ("http://a.example.org:80/", "a.example.org"), ("unknown", "unknown"),
        ("made by us", "unknown"), ("http://[", "unknown"),
    ],
)  # fmt: skip
def test_a_domain_is_the_addresss_host(url: str, name: str) -> None:
    assert domain_of(url) == name
