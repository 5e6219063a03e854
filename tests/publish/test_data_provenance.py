"""A release's Data Provenance Standards document against the standard's schema, restated without what that has wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.publish.test_documents import counts, facts
from video_assets.publish.documents.provenance import provenance
from video_assets.publish.documents.statements import Statements

SCHEMA = json.loads(Path(__file__).with_name("data_provenance_standards.schema.json").read_text())
EVERYTHING = Statements.model_validate(
    {n: True if "bool" in str(f.annotation) else "Said." for n, f in Statements.model_fields.items()}
)
UNKNOWN = {
    "acquired": None,
    "with_people": None,
    "by": {**facts().by, **{of: counts(of, ("unknown", 12, 4, 0.02)) for of in ("licence", "domain", "acquired_how")}},
}


def errors(document: Any) -> list[str]:
    return sorted(f"{error.json_path}: {error.message}" for error in Draft202012Validator(SCHEMA).iter_errors(document))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("known", [facts(), facts(**UNKNOWN), facts(with_people=0)])
@pytest.mark.parametrize("said", [Statements(), EVERYTHING])
def test_whatever_is_known_and_stated_the_document_is_valid(known: Any, said: Statements) -> None:
    assert errors(provenance(known, said)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("use"), "$: 'use' is a required property"),
        (
            lambda d: d["use"].update(license="CC0-1.0"),
            "$.use.license: 'CC0-1.0' is not of type 'array'",
        ),
        (lambda d: d["provenance"].update({"origin-geography": []}), "$.provenance['origin-geography']: [] should be non-empty"),
        (
            lambda d: d["provenance"].update({"sub-provenance": {"date": "2026-03-04", "generation-method": [{"code": "other-na"}]}}),
            "$.provenance['sub-provenance']: 'origin-geography' is a required property",
        ),
        (
            lambda d: d["use"].update({"privacy-enhancing": [{"tool": "a blur"}]}),
            "$.use['privacy-enhancing'][0]: 'tool-used' is a required property",
        ),
    ],
)  # fmt: skip
def test_what_the_standards_own_schema_lets_through_is_found(change: Callable[[Any], object], said: str) -> None:
    document = provenance(facts(), EVERYTHING)
    change(document)
    assert said in errors(document)


def test_personal_information_is_told_as_measured_with_what_is_stated_of_it() -> None:
    [found] = provenance(facts(), EVERYTHING)["use"]["classification"]
    assert found == {
        "regulation": {"code": "pi", "description": "5 clips show a face or a person. Said."},
        "evaluated": True,
    }
    assert "classification" not in provenance(facts(with_people=None), Statements())["use"]
