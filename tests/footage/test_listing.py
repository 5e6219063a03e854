from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from video_assets.footage.listing import Listing, list_local, list_s3
from video_assets.lake.s3 import split_uri
from video_assets.settings import FootageSettings, WatchedFolder

SUFFIXES = FootageSettings().suffixes
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12345")


def local(folder: Path, recursive: bool = True) -> Listing:
    return list_local(WatchedFolder(uri=str(folder), recursive=recursive), SUFFIXES)


def names(listing: Listing) -> list[str]:
    return [f.relative for f in listing.files]


def test_footage_is_found_by_its_suffix_in_any_letter_case_and_in_folders_inside(tmp_path: Path) -> None:
    put(tmp_path, "b.MP4", "a.mov", "day/c.mkv", "notes.txt", "d.mp4.part", "mp4")
    assert names(local(tmp_path)) == ["a.mov", "b.MP4", "day/c.mkv"]
    assert names(local(tmp_path, recursive=False)) == ["a.mov", "b.MP4"]


def test_a_file_carries_its_absolute_path_size_and_time_in_whole_microseconds(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    os.utime(tmp_path / "a.mp4", ns=(0, 1_772_366_400_123_456_789))
    (file,) = local(tmp_path).files
    assert (file.uri, file.size_bytes, file.etag) == (str(tmp_path.resolve() / "a.mp4"), 5, None)
    assert file.modified_at == datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    put(tmp_path, ".a.mp4", ".making/b.mp4", "c.mp4")
    assert names(local(tmp_path)) == ["c.mp4"]


def test_links_in_a_loop_are_walked_once_and_by_their_own_address(tmp_path: Path) -> None:
    put(tmp_path, "z/a.mp4")
    (tmp_path / "a_link").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    (tmp_path / "nowhere.mp4").symlink_to(tmp_path / "gone.mp4")
    listing = local(tmp_path)
    assert names(listing) == ["z/a.mp4"]
    assert listing.problems == (f"{tmp_path}/nowhere.mp4 is a link that leads to no file; mend it or remove it.",)


def test_a_link_to_a_folder_outside_is_followed(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/a.mp4", "watched/b.mp4")
    (tmp_path / "watched" / "more").symlink_to(tmp_path / "elsewhere")
    assert names(local(tmp_path / "watched")) == ["b.mp4", "more/a.mp4"]


def test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a.mp4", "locked/b.mp4")
    scandir = os.scandir

    def guarded(path: Path) -> Any:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    listing = local(tmp_path)
    assert names(listing) == ["a.mp4"]
    assert len(listing.problems) == 1
    assert "locked could not be listed (Permission denied)" in listing.problems[0]


def test_a_watched_folder_that_does_not_exist_is_a_problem_and_not_an_empty_folder(tmp_path: Path) -> None:
    listing = local(tmp_path / "gone")
    assert listing.files == ()
    assert "could not be listed (No such file or directory)" in listing.problems[0]


def test_a_name_that_no_table_can_hold_is_reported(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4")).write_bytes(b"1")
    listing = local(tmp_path)
    assert names(listing) == ["a.mp4"]
    assert "not UTF-8" in listing.problems[0]


def test_the_most_specific_sidecar_is_taken_and_ours_before_yt_dlps(tmp_path: Path) -> None:
    put(
        tmp_path,
        "a.mp4",
        "a.mp4.json",
        "a.json",
        "b.mp4",
        "b.json",
        "b.info.json",
        "c.mp4",
        "c.info.json",
        "d.mp4",
        "day/d.json",
    )
    sidecars = {f.relative: f.sidecar and Path(f.sidecar).name for f in local(tmp_path).files}
    assert sidecars == {"a.mp4": "a.mp4.json", "b.mp4": "b.json", "c.mp4": "c.info.json", "d.mp4": None}
    assert all(Path(f.sidecar).is_file() for f in local(tmp_path).files if f.sidecar)


def test_the_manifest_of_the_watched_folder_is_found_and_none_further_inside(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "day/manifest.csv")
    assert local(tmp_path).manifest is None
    put(tmp_path, "manifest.jsonl")
    assert local(tmp_path).manifest == str(tmp_path.resolve() / "manifest.jsonl")


def test_the_demo_footage_is_listed_whole_with_its_sidecars(demo_footage: Path) -> None:
    listing = local(demo_footage)
    assert len(listing.files) == 20
    assert [f.relative for f in listing.files if f.sidecar is None] == ["empty.mp4", "street_hard_cuts.mp4"]


def entry(key: str, size: int = 5, etag: str = '"e1"') -> dict[str, Any]:
    return {"Key": key, "Size": size, "LastModified": NOON, "ETag": etag}


@pytest.fixture
def client() -> Any:
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


def test_a_prefix_is_listed_page_by_page_with_etags_sidecars_and_manifest(client: Any) -> None:
    with Stubber(client) as stub:
        asked = {"Bucket": "films", "Prefix": "raw/"}
        first = [entry("raw/"), entry("raw/.hidden/x.mp4"), entry("raw/a.mp4", 7, '"abc-2"'), entry("raw/manifest.csv")]
        stub.add_response(
            "list_objects_v2", {"IsTruncated": True, "NextContinuationToken": "next", "Contents": first}, asked
        )
        second = [entry("raw/a.json"), entry("raw/day/b.MOV"), entry("raw/c.txt")]
        stub.add_response(
            "list_objects_v2", {"IsTruncated": False, "Contents": second}, asked | {"ContinuationToken": "next"}
        )
        listing = list_s3(client, WatchedFolder(uri="s3://films/raw"), SUFFIXES)
        stub.assert_no_pending_responses()
    found = [(f.uri, f.relative, f.size_bytes, f.etag, f.modified_at, f.sidecar) for f in listing.files]
    assert found == [
        ("s3://films/raw/a.mp4", "a.mp4", 7, "abc-2", NOON, "s3://films/raw/a.json"),
        ("s3://films/raw/day/b.MOV", "day/b.MOV", 5, "e1", NOON, None),
    ]
    assert listing.manifest == "s3://films/raw/manifest.csv"
    assert listing.problems == ()


def test_a_folder_that_is_not_recursive_asks_for_one_level(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response(
            "list_objects_v2", {"Contents": [entry("a.mp4")]}, {"Bucket": "films", "Prefix": "", "Delimiter": "/"}
        )
        listing = list_s3(client, WatchedFolder(uri="s3://films", recursive=False), SUFFIXES)
    assert [f.uri for f in listing.files] == ["s3://films/a.mp4"]


def test_a_bucket_that_refuses_is_a_problem_and_not_an_empty_folder(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("list_objects_v2", "AccessDenied", "Access Denied", 403)
        listing = list_s3(client, WatchedFolder(uri="s3://films/raw/"), SUFFIXES)
    assert listing.files == ()
    assert "s3://films/raw/ could not be listed" in listing.problems[0]


def test_of_a_listing_that_breaks_off_nothing_is_used_as_its_manifest_may_be_missing(client: Any) -> None:
    asked = {"Bucket": "films", "Prefix": "raw/"}
    with Stubber(client) as stub:
        page = {"IsTruncated": True, "NextContinuationToken": "next", "Contents": [entry("raw/a.mp4")]}
        stub.add_response("list_objects_v2", page, asked)
        stub.add_client_error("list_objects_v2", "SlowDown", "Reduce your request rate.", 503)
        listing = list_s3(client, WatchedFolder(uri="s3://films/raw"), SUFFIXES)
    assert listing.files == ()
    assert "SlowDown" in listing.problems[0]


@pytest.mark.parametrize(
    ("uri", "parts"),
    [("s3://films", ("films", "")), ("s3://films/raw/a.mp4", ("films", "raw/a.mp4"))],
)
def test_an_s3_address_has_a_bucket_and_a_key(uri: str, parts: tuple[str, str]) -> None:
    assert split_uri(uri) == parts


@pytest.mark.parametrize("uri", ["films/raw", "s3://", "s3:///raw", "https://films/raw"])
def test_what_is_not_an_s3_address_is_refused_with_its_form(uri: str) -> None:
    with pytest.raises(ValueError, match="s3://bucket/prefix"):
        split_uri(uri)
