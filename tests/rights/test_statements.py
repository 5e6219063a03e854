from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.lake.schemas import RIGHTS
from video_assets.rights.fields import UNKNOWN, Rights
from video_assets.rights.statements import (
    Manifest,
    from_sidecar,
    load_manifest,
    read_manifest,
    read_sidecar,
    rights_for,
)
from video_assets.settings import RightsSettings

NOTHING = RightsSettings()


def said(rights: Rights) -> dict[str, str]:
    """The columns of which something is known."""
    return {name: value for name, value in rights.columns().items() if value != UNKNOWN}


ROWS = [
    {"file": "a.mp4", "license": "CC BY 4.0", "holder": "Ann", "acquired_at": "2024-05-01"},
    {"file": "day/b.mp4", "license": "Acme contract 17", "holder": "Acme", "acquired_at": ""},
]


def test_the_columns_are_those_of_the_lake_and_unknown_until_somebody_states_them() -> None:
    assert Rights().columns() == {c.name: UNKNOWN for c in RIGHTS}
    assert said(Rights()) == {}


def test_a_sidecar_of_our_own_is_read_under_either_spelling_of_licence() -> None:
    stated = {
        "holder": "Blender Foundation",
        "source_url": "https://peach.blender.org/",
        "acquired_how": "public",
        "acquired_at": "2024-05-01",
    }
    british = from_sidecar({"licence": "CC BY 3.0", **stated})
    assert british == from_sidecar({"License": "CC BY 3.0", **stated})
    licence = {"licence": "CC-BY-3.0", "licence_as_given": "CC BY 3.0", "domain": "peach.blender.org"}
    assert said(british) == licence | stated | {"rights_from": "sidecar"}


def test_a_yt_dlp_sidecar_gives_uploader_page_and_the_moment_of_download() -> None:
    info = {
        "id": "x",
        "extractor": "youtube",
        "license": "Creative Commons Attribution license (reuse allowed)",
        "uploader": "Ann",
        "channel": "Ann's channel",
        "webpage_url": "https://www.youtube.com/watch?v=x",
        "upload_date": "20100101",
        "epoch": 1714521600,
        "formats": [{"url": "https://example.org/1"}],
    }
    assert said(from_sidecar(info)) == {
        "licence": "CC-BY-3.0",
        "licence_as_given": "Creative Commons Attribution license (reuse allowed)",
        "holder": "Ann",
        "domain": "youtube.com",
        "source_url": "https://www.youtube.com/watch?v=x",
        "acquired_how": "public",
        "acquired_at": "2024-05-01T00:00:00+00:00",
        "rights_from": "sidecar",
    }


def test_a_yt_dlp_sidecar_without_licence_and_epoch_leaves_them_unknown() -> None:
    rights = from_sidecar({"extractor": "youtube", "license": None, "channel": "Ann", "upload_date": "20100101"})
    assert (rights.licence, rights.holder, rights.acquired_at, rights.problem) == (UNKNOWN, "Ann", UNKNOWN, None)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'"text"', b"[" * 100_000])
def test_a_malformed_sidecar_states_nothing_and_says_so(data: bytes) -> None:
    rights = read_sidecar(data, "a.json")
    # It may have said that the video is not to be trained on.
    assert said(rights) == {"aipref_train_ai": "unreadable"}
    assert rights.problem is not None
    assert "a.json" in rights.problem


def test_a_field_that_cannot_be_used_leaves_the_others_standing() -> None:
    rights = read_sidecar(
        json.dumps({"licence": {"name": "MIT"}, "holder": "Ann", "acquired_at": "last week"}), "a.json"
    )
    assert (rights.licence, rights.holder, rights.acquired_at) == (UNKNOWN, "Ann", UNKNOWN)
    assert (
        rights.problem
        == "In the sidecar a.json: licence is not a text; acquired_at 'last week' is not an ISO 8601 date or time"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = st.sampled_from(
    [
        "licence",
        "license",
        "holder",
        "uploader",
        "extractor",
        "epoch",
        "webpage_url",
        "acquired_at",
        "source_url",
        "consent",
        "expires_on",
        "tdm_reservation",
        "content_usage",
        "robots",
        "signals_seen_at",
    ]
)


@given(st.dictionaries(FIELDS, JSON))
def test_no_sidecar_whatever_it_holds_raises_or_gives_anything_but_text(mapping: dict[str, object]) -> None:
    rights = read_sidecar(json.dumps(mapping), "a.json")
    assert all(value.encode() for value in rights.columns().values())


def write(folder: Path, suffix: str) -> Path:
    path = folder / f"manifest{suffix}"
    if suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, list(ROWS[0]))
            writer.writeheader()
            writer.writerows(ROWS)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    else:
        pl.DataFrame(ROWS).with_columns(pl.col("acquired_at").str.to_date(strict=False)).write_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_manifest_is_the_same_in_every_format(tmp_path: Path, suffix: str) -> None:
    manifest = load_manifest(write(tmp_path, suffix))
    assert manifest.problem is None
    assert manifest.statements == {
        "a.mp4": Rights("CC BY 4.0", "Ann", acquired_at="2024-05-01", rights_from="manifest"),
        "day/b.mp4": Rights("Acme contract 17", "Acme", rights_from="manifest"),
    }


def test_a_manifest_is_asked_by_path_before_name() -> None:
    manifest = read_manifest(b"name,holder\na.mp4,by name\nday/a.mp4,by path\n", "manifest.csv")
    holders = {path: rights.holder for path in ("a.mp4", "day/a.mp4", "night/a.mp4") if (rights := manifest.of(path))}
    assert holders == {"a.mp4": "by name", "day/a.mp4": "by path", "night/a.mp4": "by name"}
    assert manifest.of("b.mp4") is None


@pytest.mark.parametrize(
    "table",
    [
        "file;licence;holder\na.mp4;CC0-1.0;Ann, Ben & Co\n",
        "\ufefffile;licence;holder\r\na.mp4;CC0-1.0;Ann, Ben & Co\r\n",
        "file\tlicence\tholder\na.mp4\tCC0-1.0\tAnn, Ben & Co\n",
        "sep=;\r\nfile;licence;holder\r\na.mp4;CC0-1.0;Ann, Ben & Co\r\n",
        'file,licence,holder\na.mp4,CC0-1.0,"Ann, Ben & Co"\n',
        'File,"Licence","a;path;name",holder\na.mp4,CC0-1.0,no,"Ann, Ben & Co"\n',
    ],
)
def test_a_table_is_read_by_the_separator_that_its_header_has(table: str) -> None:
    manifest = read_manifest(table.encode(), "manifest.csv")
    assert manifest.problem is None
    assert {name: (said.licence_as_given, said.holder) for name, said in manifest.statements.items()} == {
        "a.mp4": ("CC0-1.0", "Ann, Ben & Co")
    }


def test_a_table_of_one_column_says_so_by_the_separator_that_is_usual() -> None:
    manifest = read_manifest(b"file\na;b.mp4\n", "manifest.csv")
    assert list(manifest.statements) == ["a;b.mp4"]


def test_of_two_rows_on_one_file_the_first_counts_and_a_row_without_a_file_is_reported() -> None:
    manifest = read_manifest(b"file,holder\na.mp4,first\n,nobody\n./a.mp4,second\n", "manifest.csv")
    assert {name: rights.holder for name, rights in manifest.statements.items()} == {"a.mp4": "first"}
    assert manifest.problem == "In the manifest manifest.csv: row 2 names no file."


@pytest.mark.parametrize(
    ("name", "data"),
    [("manifest.jsonl", b"{"), ("manifest.jsonl", b"[1]"), ("manifest.parquet", b"PAR1"), ("manifest.csv", b"\xff")],
)
def test_a_manifest_that_cannot_be_parsed_states_nothing_and_says_so(name: str, data: bytes) -> None:
    manifest = read_manifest(data, name)
    assert manifest.statements == {}
    assert manifest.problem is not None
    assert "could not be parsed" in manifest.problem


def test_a_manifest_that_is_not_there_is_a_problem_and_no_error(tmp_path: Path) -> None:
    assert "could not be read" in str(load_manifest(tmp_path / "manifest.csv").problem)


def test_the_sidecar_goes_before_the_manifest_and_the_manifest_before_the_folder() -> None:
    sidecar = from_sidecar({"licence": "MIT", "holder": "Side"})
    manifest = Manifest({"a.mp4": Rights("CC0-1.0", "List", rights_from="manifest")})
    folder = RightsSettings(licence="CC BY 4.0", holder="Folder")
    assert rights_for("a.mp4", sidecar, manifest, folder) == sidecar
    assert rights_for("a.mp4", None, manifest, folder) == manifest.statements["a.mp4"]
    assert rights_for("b.mp4", None, manifest, folder) == Rights("CC BY 4.0", "Folder", rights_from="folder")
    assert rights_for("b.mp4", None, None, NOTHING) == Rights()


def test_fields_that_the_sidecar_does_not_give_come_from_weaker_statements() -> None:
    sidecar = from_sidecar({"source_url": "https://example.org/a"})
    folder = RightsSettings(
        licence="Acme contract 17", holder="Acme", acquired_how="licensed", source_url="https://acme.example"
    )
    assert said(rights_for("a.mp4", sidecar, None, folder)) == {
        "licence": "Acme contract 17",
        "licence_as_given": "Acme contract 17",
        "holder": "Acme",
        "source_url": "https://example.org/a",
        "domain": "example.org",
        "acquired_how": "licensed",
        "rights_from": "folder",
    }


def test_licence_holder_consent_expiry_and_evidence_are_one_grant_of_one_statement() -> None:
    folder = RightsSettings(
        licence="MIT",
        holder="Acme",
        consent="yes",
        expires_on="2027-01-31",
        evidence="contract 17",
        acquired_how="licensed",
    )
    known = said(rights_for("a.mp4", None, None, folder))
    assert (known["consent"], known["expires_on"], known["evidence"]) == ("yes", "2027-01-31", "contract 17")
    assert said(rights_for("a.mp4", from_sidecar({"licence": "CC0"}), None, folder)) == {
        "licence": "CC0-1.0", "licence_as_given": "CC0", "acquired_how": "licensed", "rights_from": "sidecar",
    }  # fmt: skip
    # Consent was refused for this video: whose licence the folder's is does not matter any more.
    assert said(rights_for("a.mp4", from_sidecar({"consent": False}), None, folder)) == {
        "consent": "no", "acquired_how": "licensed", "rights_from": "sidecar",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expires_on"),
    [
        ("2027-01-31", "2027-01-31"), ("2027-01-31T23:59:59+02:00", "2027-01-31"), ("20270131", "2027-01-31"),
        ("2027", None), ("31.01.2027", None), ("2027-02-30", None), ("never", None),
    ],
)  # fmt: skip
def test_an_expiry_is_a_date_or_a_problem(given: str, expires_on: str | None) -> None:
    rights = from_sidecar({"licence": "MIT", "expires": given})
    assert rights.expires_on == (expires_on or UNKNOWN)
    assert rights.problem == (None if expires_on else f"expires_on {given!r} is not an ISO 8601 date")


def test_signals_that_were_seen_are_columns_with_their_raw_text_and_their_time() -> None:
    robots = ["User-agent: *", "Disallow: /private", "Content-Usage: /films train-ai=n"]
    rights = sidecar(
        "a.json", tdm_reservation=1, tdm_policy="https://example.org/tdm", content_usage="search=y", robots=robots,
        signals_seen_at="2026-08-01T10:00:00Z",
    )  # fmt: skip
    assert said(rights) == {
        "tdm_reservation": "1", "tdm_policy": "https://example.org/tdm", "content_usage": "search=y",
        "robots": "\n".join(robots), "aipref_train_ai": "n", "signals_seen_at": "2026-08-01T10:00:00Z",
        "rights_from": "sidecar",
    }  # fmt: skip
    listed = read_manifest(b"file,TDM-Reservation\na.mp4,0\nb.mp4,maybe\n", "manifest.csv")
    assert [listed.statements[f"{name}.mp4"].tdm_reservation for name in "ab"] == ["0", UNKNOWN]
    assert listed.problem == "In the manifest manifest.csv: row 2: tdm_reservation 'maybe' is not 1 or 0."
    assert rights_for("b.mp4", None, listed, RightsSettings()).problem is None  # it is told once


def test_an_opt_out_is_not_lost_to_a_stronger_statement_without_one() -> None:
    manifest = Manifest(
        {"a.mp4": from_sidecar({"tdm_reservation": "1", "tdm_policy": "P", "content_usage": "train-ai=n"})}
    )
    mild = from_sidecar({"tdm_reservation": "0", "tdm_policy": "Q", "content_usage": "train-ai=y", "holder": "Ann"})
    found = rights_for("a.mp4", mild, manifest, NOTHING)
    assert (found.tdm_reservation, found.tdm_policy, found.content_usage) == ("1", "P", "train-ai=n")
    assert (found.aipref_train_ai, found.holder) == ("n", "Ann")


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://WWW.Example.org:8443/a?b", "example.org"), ("http://user@films.example.org./x", "films.example.org"),
        ("s3://bucket/key", UNKNOWN), ("example.org/a", UNKNOWN), ("https://[::1", UNKNOWN), ("tape 7", UNKNOWN),
    ],
)  # fmt: skip
def test_the_domain_is_the_host_of_a_web_address(url: str, domain: str) -> None:
    assert from_sidecar({"source_url": url}).domain == domain


def test_a_holder_is_never_given_the_licence_of_another_statement() -> None:
    rights = rights_for("a.mp4", from_sidecar({"holder": "Ann"}), None, RightsSettings(licence="CC0", holder="Acme"))
    assert (rights.licence, rights.holder, rights.rights_from) == (UNKNOWN, "Ann", "sidecar")


INFO = {
    "id": "x", "extractor": "youtube", "license": "Creative Commons Attribution license (reuse allowed)", "channel": "Ann",
    "webpage_url": "https://www.youtube.com/watch?v=x", "epoch": 1714521600,
}  # fmt: skip
PAGE = {
    "licence": "CC-BY-3.0",
    "licence_as_given": "Creative Commons Attribution license (reuse allowed)",
    "holder": "Ann",
    "domain": "youtube.com",
    "source_url": "https://www.youtube.com/watch?v=x",
    "acquired_how": "public",
    "acquired_at": "2024-05-01T00:00:00+00:00",
    "rights_from": "sidecar",
}


def sidecar(name: str, **content: object) -> Rights:
    return read_sidecar(json.dumps(content), name)


def test_what_yt_dlp_wrote_is_read_by_its_name_too_and_with_several_creators() -> None:
    without = {k: v for k, v in INFO.items() if k != "extractor"}
    assert said(sidecar("A.INFO.JSON", **without)) == PAGE
    several = sidecar("a.info.json", **{k: v for k, v in INFO.items() if k != "channel"}, creators=["Ann", "Ben"])
    assert several.holder == "Ann, Ben"
    assert "has none of yt-dlp's fields" in str(sidecar("a.info.json", title="x").problem)


def test_a_sample_of_video2dataset_has_what_yt_dlp_said_of_its_page_and_the_data_set_s_own_columns_first() -> None:
    sample = {
        "key": "00000",
        "url": "https://youtu.be/x",
        "caption": "a dog",
        "status": "success",
        "error_message": None,
    }
    page = sidecar("00000.json", **sample, yt_meta_dict={"info": INFO, "subtitles": None})
    assert (said(page), page.problem) == (PAGE, None)
    own = sidecar("00000.json", **sample, license="MIT", yt_meta_dict={"info": INFO, "subtitles": None})
    assert (own.licence, own.holder, own.acquired_at) == ("MIT", UNKNOWN, PAGE["acquired_at"])
    bare = sidecar("00000.json", **sample, yt_meta_dict={"info": None})
    assert (bare.licence, bare.source_url, bare.acquired_how) == (UNKNOWN, "https://youtu.be/x", "public")
    assert sidecar("00000.json", **sample).source_url == "https://youtu.be/x"


ITEM = b"""<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <identifier>Prelinger01</identifier>
  <mediatype>movies</mediatype>
  <creator>Jam Handy Organization</creator>
  <creator>Chevrolet</creator>
  <licenseurl>http://creativecommons.org/licenses/by/3.0/</licenseurl>
  <uploader>somebody@example.org</uploader>
  <publicdate>2002-07-16 00:00:00</publicdate>
</metadata>"""
OF_ITEM = Rights(
    "http://creativecommons.org/licenses/by/3.0/", "Jam Handy Organization, Chevrolet",
    source_url="https://archive.org/details/Prelinger01", acquired_how="public", rights_from="manifest",
)  # fmt: skip


def test_an_item_of_the_internet_archive_states_the_rights_of_its_files_in_xml_and_in_json() -> None:
    xml = read_manifest(ITEM, "/films/Prelinger01_meta.xml")
    assert (xml.of("film.mp4"), xml.problem) == (OF_ITEM, None)
    metadata = {
        "identifier": "Prelinger01", "creator": ["Jam Handy Organization", "Chevrolet"],
        "licenseurl": "http://creativecommons.org/licenses/by/3.0/", "uploader": "somebody@example.org",
    }  # fmt: skip
    answer = json.dumps({"metadata": metadata, "files": [{"name": "film.mp4"}, {"name": "film_512kb.mp4"}]})
    listed = read_manifest(answer.encode(), "item_metadata.json")
    assert (listed.of("film.mp4"), listed.of("other.mp4")) == (OF_ITEM, None)
    assert read_sidecar(ITEM, "film_meta.xml").columns() == OF_ITEM.columns() | {"rights_from": "sidecar"}


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<metadata>", b"<metadata><title>x</title></metadata>", b"<package/>", b"\xff\xfe<\x00",
        b'<!DOCTYPE m [<!ENTITY a "b">]><metadata><identifier>&a;</identifier></metadata>',
    ],
)  # fmt: skip
def test_xml_that_is_no_item_s_metadata_states_nothing_and_says_so(data: bytes) -> None:
    rights = read_sidecar(data, "a_meta.xml")
    assert said(rights) == {"aipref_train_ai": "unreadable"}
    assert "a_meta.xml" in str(rights.problem)
    assert "a_meta.xml" in str(read_manifest(data, "a_meta.xml").problem)


def test_a_statement_of_which_nothing_is_understood_is_a_problem_and_never_silence() -> None:
    fields = (
        "licence, holder, source_url, acquired_how, acquired_at, consent, expires_on, evidence, tdm_reservation, tdm_policy, "
        "content_usage, robots, signals_seen_at"
    )
    assert sidecar("a.json", caption="a dog").problem == f"In the sidecar a.json: it has none of the fields {fields}"
    alike = sidecar("a.json", holder="Ann", licence_terms="ours", copyright_notice="Acme", rights_note="")
    assert (alike.holder, alike.problem) == (
        "Ann", f"In the sidecar a.json: copyright_notice, licence_terms are not read; the fields are {fields}",
    )  # fmt: skip
    assert sidecar("a.json", licence=None).problem is None
    listed = read_manifest(b"file,terms\na.mp4,ours\n", "manifest.csv")
    assert listed.problem == f"In the manifest manifest.csv: it has none of the fields {fields}."
    for name in ("manifest.xlsx", "manifest.txt", "manifest.csv.gz", "manifest.yaml"):
        assert "could not be parsed" in str(read_manifest(b"file,licence\na.mp4,MIT\n", name).problem)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("manifest.tsv", "file\tlicense\na.mp4\tMIT\n"),
        ("manifest.ndjson", '{"file_path": "a.mp4", "license": "MIT"}\n'),
        ("Manifest.JSON", '[{"file": "a.mp4", "license": "MIT"}]'),
        ("manifest.json", '{"a.mp4": {"license": "MIT"}}'),
    ],
)
def test_a_manifest_has_other_forms_too(name: str, data: str) -> None:
    manifest = read_manifest(data.encode(), name)
    assert (manifest.of("a.mp4"), manifest.problem) == (Rights("MIT", rights_from="manifest"), None)


@pytest.mark.parametrize("sidecar", [b'{"license": "All rights reserved", oops', b"[]", b"\xff\xfe", b'"CC0"'])
def test_a_sidecar_that_cannot_be_parsed_gets_no_weaker_statements_rights(sidecar: bytes) -> None:
    manifest = read_manifest(b"file,licence\na.mp4,CC0-1.0\n", "manifest.csv")
    found = rights_for("a.mp4", read_sidecar(sidecar, "a.mp4.json"), manifest, RightsSettings(licence="CC-BY-4.0"))
    assert (found.licence, found.rights_from) == ("unknown", "unknown")
    assert found.problem is not None
    assert found.problem.endswith("its video's rights are unknown until it is mended.")
