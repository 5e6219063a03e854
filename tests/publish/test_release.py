"""Releases of a curated lake: the same wherever and however often they are made."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import av
import polars as pl
import pytest

from tests.commands import answer, document, refusal
from tests.conftest import forget_settings
from tests.place import Place
from tests.review.sent import row as said_of
from tests.rights.signed import certificates
from video_assets.publish.documents.signing import CREDENTIAL, state_of
from video_assets.review.journal import FILE, Journal

TIER, CLIPS = "hunyuan_video/256p", 4
RELEASE = ("release", TIER, "--name", "one", "--media", "--csv")
# Shards of a clip each, so that there are several.
SETTINGS = {"RELEASE__SHARD_SECONDS": "1", "RELEASE__SHORT_SIDE": "128"}


def files_of(place: Place, name: str) -> dict[str, bytes]:
    folder = place.root / "releases" / name
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(curated_few: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a copy of the curated lake with a release, made by one worker."""
    place = curated_few.copy(tmp_path_factory.mktemp("released"))
    place.run(*RELEASE, WORKERS__PROCESSES="1", **SETTINGS)
    return place


@pytest.fixture
def beside(made: Place, here: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make this process ask the lake with the release."""
    ask_at(made, monkeypatch)
    return made


def ask_at(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process work in a place, as its commands do."""
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("DAGSTER_HOME", str(place.home))
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"VIDEO_ASSETS_{name}", value)
    forget_settings()


def test_the_id_is_what_anybody_can_compute_from_the_manifest(made: Place) -> None:
    lines = gzip.decompress(files_of(made, "one")["manifest.jsonl.gz"])
    row = made.lake().query("SELECT * FROM releases").row(0, named=True)
    assert hashlib.sha256(lines).hexdigest() == row["release_id"]
    assert (row["release"], row["state"], row["clips"], row["not_cut"]) == ("one", "built", CLIPS, 0)
    assert lines.count(b"\n") == CLIPS + 1


def test_every_file_of_a_release_is_listed_with_its_hash(made: Place) -> None:
    listed = made.lake().query("SELECT path, bytes, sha256 FROM release_files WHERE release = 'one'")
    found = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in files_of(made, "one").items()}
    assert {path: (size, digest) for path, size, digest in listed.iter_rows()} == found


def test_nothing_in_a_release_says_where_or_when_it_was_made(made: Place) -> None:
    day = str(made.lake().query("SELECT made_at FROM releases").item().date())
    # When footage was acquired is a fact of the footage, and no demo file says anything of hours.
    texts = {p: d for p, d in files_of(made, "one").items() if p.endswith((".json", ".sql", ".csv"))}
    for path, data in texts.items():
        assert str(made.folder).encode() not in data, path
        assert f"{day}T".encode() not in data, path


def test_a_clips_media_are_where_the_index_says_and_as_its_line_says(made: Place) -> None:
    rows = made.lake().query("SELECT * FROM release_clips WHERE release = 'one' ORDER BY clip_id")
    table = pl.read_parquet(io.BytesIO(files_of(made, "one")["manifest.parquet"]))
    assert rows.height == CLIPS
    for row, line in zip(rows.iter_rows(named=True), table.iter_rows(named=True), strict=True):
        shard = files_of(made, "one")[row["shard"]]
        media = shard[row["media_offset"] : row["media_offset"] + row["media_bytes"]]
        assert hashlib.sha256(media).hexdigest() == row["media_sha256"]
        with av.open(io.BytesIO(media), "r") as container:
            frames = list(container.decode(video=0))
        assert len(frames) == row["media_frames"] == line["frames"]
        assert {(frame.width, frame.height) for frame in frames} == {(line["width"], line["height"])}
        with tarfile.open(fileobj=io.BytesIO(shard)) as tar:
            said = tar.extractfile(f"{row['clip_id']}.json")
            assert said is not None
            assert hashlib.sha256(said.read()).hexdigest() == row["line_sha256"]


def exists(pattern: str) -> Callable[[Place], bool]:
    return lambda place: any(place.root.glob(pattern))


MOMENTS: Mapping[str, Callable[[Place], bool]] = {
    "it is looked what is selected": exists("work/.tmp-release-*"),
    "clips are to be cut": exists("work/releases/*/clips"),
    "a clip is cut": exists("work/releases/*/clips/*.json"),
    "a shard is packed": exists("work/releases/*/packed/**/*.json"),
    "a shard is in its place": exists("releases/one/shards/**/*.tar"),
}


def kill_at(place: Place, moment: Callable[[Place], bool]) -> None:
    running = place.start(*RELEASE, WORKERS__PROCESSES="3", **SETTINGS)
    try:
        while running.poll() is None and not moment(place):
            try:
                running.wait(0.005)
            except subprocess.TimeoutExpired:
                continue
    finally:
        os.killpg(running.pid, signal.SIGKILL)
    printed, _ = running.communicate()
    assert running.returncode == -signal.SIGKILL, printed


@pytest.mark.long
def test_in_another_folder_with_more_workers_killed_at_five_moments_and_made_again_it_is_the_same_to_the_byte(
    made: Place, curated_few: Place, tmp_path: Path
) -> None:
    other = curated_few.copy(tmp_path)
    for name, moment in MOMENTS.items():
        kill_at(other, moment)
        assert moment(other), name
        # What is not whole is no release.
        assert other.lake().query("SELECT count(*) FROM releases").item() == 0
    other.run(*RELEASE, WORKERS__PROCESSES="3", **SETTINGS)
    assert files_of(other, "one") == files_of(made, "one")
    assert not list(other.root.glob("work/releases/*"))


def test_making_it_again_makes_nothing(beside: Place) -> None:
    lake = beside.lake()
    before = lake.query("SELECT made_at FROM releases").item()
    assert f"one: built, {CLIPS} clips" in answer("release", TIER, "--name", "one", "--media")
    assert lake.query("SELECT made_at FROM releases").item() == before


def test_a_name_belongs_to_one_selection(made: Place) -> None:
    started = made.start("release", TIER, "--name", "one")
    printed, _ = started.communicate()
    assert started.returncode == 1
    assert f"There is a release one already, of {CLIPS} clips" in printed
    assert "A release never changes; give the new one another name" in printed
    assert "Traceback" not in printed


def test_a_dry_run_tells_the_id_and_makes_nothing(beside: Place) -> None:
    told = document("release", TIER, "--name", "two", "--dry-run", "--json")
    one = beside.lake().query("SELECT release_id FROM releases WHERE release = 'one'").item()
    assert (told["release_id"], told["state"], told["clips"]) == (one, "not made", CLIPS)
    assert not (beside.root / "releases" / "two").exists()


def test_two_releases_of_other_sizes_are_told_apart_by_their_settings(
    made: Place, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_at(made.copy(here.folder / "other"), monkeypatch)
    answer("release", TIER, "--name", "two", "--short-side", "256")
    told = document("diff", "one", "two", "--json")
    assert [(c["change"], c["cause"], c["clips"]) for c in told["counts"]] == [("changed", "settings", CLIPS)]
    assert told["same"] == 0


def test_a_caption_that_somebody_corrects_is_what_is_released_and_exported_with_who_did(
    made: Place, here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made.copy(here.folder / "other")
    ask_at(place, monkeypatch)
    lake = place.lake()
    clip = lake.query("SELECT min(clip_id) FROM release_clips").item()
    with closing(Journal(lake.settings.lake.scratch_path / FILE)) as journal:
        journal.add(said_of(clip, "ann", caption="A ferry leaves. The sea is calm."))
    answer("release", TIER, "--name", "two")
    lines = map(json.loads, gzip.decompress(files_of(place, "two")["manifest.jsonl.gz"]).splitlines()[1:])
    [line] = [line for line in lines if line["clip_id"] == clip]
    assert (line["captioner"], line["dense_description"]) == ("person:ann", "A ferry leaves. The sea is calm.")
    told = document("diff", "one", "two", "--json")
    assert [(c["change"], c["cause"], c["clips"]) for c in told["counts"]] == [("changed", "caption", 1)]
    with closing(Journal(lake.settings.lake.scratch_path / FILE)) as journal:
        journal.add(said_of(clip, "bob", caption="A tug leaves."))
    answer("captions", "export", "captions.parquet")
    winners = pl.read_parquet("captions.parquet").filter(pl.col("winner") & (pl.col("clip_id") == clip))
    assert winners.select("captioner", "dense_description").rows() == [("person:bob", "A tug leaves.")]


def test_a_trainers_folder_has_every_clip_and_its_text(beside: Place, tmp_path: Path) -> None:
    folder = tmp_path / "hf"
    answer("export", "one", "--layout", "huggingface", "--to", str(folder))
    said = [json.loads(one) for one in (folder / "train" / "metadata.jsonl").read_text().splitlines()]
    assert len(said) == CLIPS
    assert {row["file_name"] for row in said} == {p.name for p in (folder / "train").glob("*.mp4")}
    clips = beside.lake().query("SELECT clip_id, media_sha256 FROM release_clips WHERE release = 'one'")
    hashes = {p.stem: hashlib.sha256(p.read_bytes()).hexdigest() for p in (folder / "train").glob("*.mp4")}
    assert hashes == dict(clips.iter_rows())


def test_a_folder_that_is_there_is_not_written_into(beside: Place, tmp_path: Path) -> None:
    assert "is there already; name a new folder" in refusal(
        "export", "one", "--layout", "folder", "--to", str(tmp_path)
    )


def test_any_clips_are_exported_as_files_with_a_list_of_whose_they_are(beside: Place, tmp_path: Path) -> None:
    answer("export", "duration_s > 0", "--media", "--to", str(tmp_path / "out"), "--short-side", "96")
    listed = pl.read_csv(tmp_path / "out" / "clips.csv")
    clips = beside.lake().query("SELECT clip_id FROM clips ORDER BY clip_id")["clip_id"].to_list()
    assert sorted(listed["clip_id"]) == clips
    assert sorted(p.stem for p in (tmp_path / "out").glob("*.mp4")) == clips


def test_documents_are_written_from_what_the_lake_knows(beside: Place, tmp_path: Path) -> None:
    facts = tmp_path / "facts.toml"
    facts.write_text('creator = "A team"\npurpose = "To test."\n')
    printed = answer("documents", "one", "--facts", str(facts), "--to", str(tmp_path / "docs"))
    assert "datasheet.md" in printed
    assert "Not signed: there is no key" in printed
    croissant = json.loads((tmp_path / "docs" / "croissant.json").read_text())
    assert croissant["creator"] == {"@type": "sc:Organization", "name": "A team"}
    shards = [f for f in croissant["distribution"] if f["encodingFormat"] == "application/x-tar"]
    files = files_of(beside, "one")
    assert {f["sha256"] for f in shards} == {
        hashlib.sha256(data).hexdigest() for path, data in files.items() if path.endswith(".tar")
    }


def test_with_a_key_the_documents_are_signed_and_without_one_no_older_credential_stays(
    beside: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, key = certificates()
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    with monkeypatch.context() as signing:
        signing.setenv("VIDEO_ASSETS_SIGNING__KEY", str(tmp_path / "key.pem"))
        signing.setenv("VIDEO_ASSETS_SIGNING__CERTIFICATES", str(tmp_path / "chain.pem"))
        forget_settings()
        assert f"{CREDENTIAL}: signed with C2PA" in answer("documents", "one", "--to", str(tmp_path / "docs"))
    folder = beside.root / "releases" / "one"
    credential = (folder / "documents" / CREDENTIAL).read_bytes()
    assert credential == (tmp_path / "docs" / CREDENTIAL).read_bytes()
    assert state_of(folder / "manifest.jsonl.gz", credential, chain.decode()) == "Trusted"
    forget_settings()
    answer("documents", "one", "--to", str(tmp_path / "docs"))
    assert not list((folder / "documents").glob("*.c2pa")) + list((tmp_path / "docs").glob("*.c2pa"))
