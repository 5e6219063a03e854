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


def test_hidden_files_and_folders_are_skipped_and_counted(tmp_path: Path) -> None:
    put(tmp_path, ".a.mp4", "._c.mp4", ".making/b.mp4", ".DS_Store", ".notes.json", "c.mp4")
    listing = local(tmp_path)
    assert names(listing) == ["c.mp4"]
    assert listing.passed.sentences == ("3 hidden files and folders.",)


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


def test_the_manifests_of_a_file_are_those_above_it_the_nearest_first(tmp_path: Path) -> None:
    put(
        tmp_path,
        "watched/a.mp4",
        "watched/day/b.mp4",
        "watched/day/Manifest.CSV",
        "watched/night/c.mp4",
        "manifest.csv",
    )
    put(tmp_path, "watched/manifest.jsonl", "watched/manifest.xlsx", "watched/manifest.mpd", "watched/deep/er/d.mp4")
    root = tmp_path.resolve() / "watched"
    found = {f.relative: [Path(m).relative_to(root).as_posix() for m in f.manifests] for f in local(root).files}
    above = ["manifest.jsonl", "manifest.xlsx"]
    assert found == {
        "a.mp4": above, "day/b.mp4": ["day/Manifest.CSV", *above], "night/c.mp4": above, "deep/er/d.mp4": above,
    }  # fmt: skip


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
    assert {f.manifests for f in listing.files} == {("s3://films/raw/manifest.csv",)}
    assert listing.problems == ()
    assert listing.passed.sentences == ("1 file with another ending: .txt 1.", "1 hidden file or folder.")


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


TREE = (
    "a.mp4", "b.vob", "c.xyz", "d.XYZ", "e.dat", "noending", "day/f.f137.mp4", "day/f.info.json", "day/g.mp4.part",
    "_UNPACK_h/h.mkv", "#recycle/i.mp4", "day/@eaDir/j.mp4", "day/lost+found/k.mp4", ".l.mp4", "a.json", "day/_h/manifest.csv",
)  # fmt: skip


def test_what_is_passed_over_is_counted_by_kind_and_a_statement_that_is_read_is_not(tmp_path: Path) -> None:
    put(tmp_path, *TREE)
    listing = local(tmp_path)
    assert names(listing) == ["a.mp4", "b.vob"]
    assert listing.problems == ()
    assert listing.passed.sentences == (
        "6 files with other endings: .xyz 2, .csv 1, .dat 1, .json 1, none 1.",
        "3 in the making: _UNPACK_h/, day/f.f137.mp4, day/g.mp4.part.",
        "3 system folders: #recycle 1, @eaDir 1, lost+found 1.",
        "1 hidden file or folder.",
    )


def test_a_prefix_is_sorted_out_like_a_folder(client: Any, tmp_path: Path) -> None:
    put(tmp_path, *TREE)
    with Stubber(client) as stub:
        page = {"Contents": [entry(f"raw/{name}") for name in TREE]}
        stub.add_response("list_objects_v2", page, {"Bucket": "films", "Prefix": "raw/"})
        listing = list_s3(client, WatchedFolder(uri="s3://films/raw"), SUFFIXES)
    expected = local(tmp_path)
    assert names(listing) == names(expected)
    assert listing.passed.sentences == expected.passed.sentences


def test_long_lists_of_what_is_passed_over_are_cut(tmp_path: Path) -> None:
    put(tmp_path, *(f"{n}.mp4.part" for n in range(9)), *(f"a.x{n}" for n in range(9)))
    assert local(tmp_path).passed.sentences == (
        "9 files with other endings: .x0 1, .x1 1, .x2 1, .x3 1, .x4 1 and 4 more.",
        "9 in the making: 0.mp4.part, 1.mp4.part, 2.mp4.part, 3.mp4.part, 4.mp4.part and 4 more.",
    )


def test_content_that_was_not_fetched_is_told_by_name_with_what_fetches_it_and_is_no_footage(tmp_path: Path) -> None:
    put(tmp_path, "whole.mp4", ".cloud.mov.icloud")
    (tmp_path / "annexed.mp4").symlink_to(".git/annex/objects/Zq/0k/SHA256E-s9--ab.mp4/SHA256E-s9--ab.mp4")
    (tmp_path / "dangling.mp4").symlink_to("nowhere.mp4")
    (tmp_path / "lfs.mp4").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    (tmp_path / "unlocked.mp4").write_text("/annex/objects/SHA256E-s9--ab.mp4\n")
    (tmp_path / "note.txt").symlink_to("nowhere.txt")
    listing = local(tmp_path)
    assert names(listing) == ["whole.mp4"]
    told = {Path(p.split(" is ", 1)[0]).name: p.split(" is ", 1)[1] for p in listing.problems}
    assert told == {
        "annexed.mp4": "a link of git-annex to content that is not here; 'git annex get' fetches it.",
        "cloud.mov": "a placeholder of iCloud for content that is not here; open it in Finder once.",
        "dangling.mp4": "a link that leads to no file; mend it or remove it.",
        "lfs.mp4": "a pointer of Git LFS to content that is not here; 'git lfs pull' fetches it.",
        "unlocked.mp4": "a pointer of git-annex to content that is not here; 'git annex get' fetches it.",
    }
    assert {n: f"{what}." for n, what in listing.passed.unfetched.items()} == told


def test_of_many_files_that_were_not_fetched_the_first_are_named(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.mp4").symlink_to("nowhere")
    problems = local(tmp_path).problems
    assert len(problems) == 6
    assert problems[-1] == "And 3 more are a link that leads to no file; mend it or remove it."


def of_names(folder: Path, *files: str) -> dict[str, str | None]:
    """The sidecar of each file of a folder that has these."""
    put(folder, *files)
    return {f.relative: f.sidecar and Path(f.sidecar).name for f in local(folder).files}


def test_a_sidecar_is_found_in_any_letter_case_its_own_spelling_first(tmp_path: Path) -> None:
    assert of_names(tmp_path / "one", "A.MP4", "a.Json") == {"A.MP4": "a.Json"}
    assert of_names(tmp_path / "two", "a.mp4", "a.JSON", "a.json") == {"a.mp4": "a.json"}
    assert of_names(tmp_path / "three", "b.mov", "B.INFO.JSON") == {"b.mov": "B.INFO.JSON"}


LONG = "A holiday on the northern coast of the island with all the family and the dog"


def test_a_sidecar_whose_name_was_cut_elsewhere_is_found_by_the_id_or_by_how_it_begins(tmp_path: Path) -> None:
    short = f"{LONG[:40]} [dQw4w9WgXcQ].info.json"
    assert of_names(tmp_path / "id", f"{LONG} [dQw4w9WgXcQ].mp4", short, f"{LONG} [other].info.json") == {
        f"{LONG} [dQw4w9WgXcQ].mp4": short
    }
    assert of_names(tmp_path / "cut", f"{LONG}.mp4", f"{LONG[:40]}.info.json") == {
        f"{LONG}.mp4": f"{LONG[:40]}.info.json"
    }
    assert of_names(tmp_path / "longer", f"{LONG[:40]}.mp4", f"{LONG}.info.json") == {
        f"{LONG[:40]}.mp4": f"{LONG}.info.json"
    }


def test_no_sidecar_is_given_to_a_file_whose_it_may_not_be(tmp_path: Path) -> None:
    one, two = f"{LONG} one.mp4", f"{LONG} two.mp4"
    folder = tmp_path / "rivals"
    assert of_names(folder, one, two, f"{LONG}.info.json") == {one: None, two: None}
    assert local(folder).unclear == (
        f"{LONG}.info.json beside {one} is not used, as it may be the sidecar of {two}: give a sidecar the whole name of "
        "its video.",
        f"{LONG}.info.json beside {two} is not used, as it may be the sidecar of {one}: give a sidecar the whole name of "
        "its video.",
    )
    owned = of_names(tmp_path / "owned", f"{LONG}.mp4", one, f"{LONG}.info.json")
    assert owned == {f"{LONG}.mp4": f"{LONG}.info.json", one: None}
    other = of_names(tmp_path / "id", f"{LONG} [dQw4w9WgXcQ].mp4", f"{LONG} [xxxxxxxxxxx].info.json")
    assert set(other.values()) == {None}
    assert of_names(tmp_path / "short", "b 2.mp4", "b.info.json") == {"b 2.mp4": None}


def test_an_item_s_metadata_is_about_its_folder_and_its_name_and_a_stray_one_is_told(tmp_path: Path) -> None:
    put(
        tmp_path,
        "Prelinger01/film.mp4",
        "Prelinger01/Prelinger01_meta.xml",
        "x/other_meta.xml",
        "x/a.mp4",
        "x/other.mp4",
    )
    put(tmp_path, "y/stray_meta.xml", "y/b.mp4")
    listing = local(tmp_path)
    found = {
        f.relative: [Path(m).name for m in (*f.manifests, *([f.sidecar] if f.sidecar else []))] for f in listing.files
    }
    assert found == {
        "Prelinger01/film.mp4": ["Prelinger01_meta.xml"], "x/a.mp4": [],
        "x/other.mp4": ["other_meta.xml", "other_meta.xml"], "y/b.mp4": [],
    }  # fmt: skip
    assert [u.split(" is about none")[0] for u in listing.unclear] == ["y/stray_meta.xml"]
