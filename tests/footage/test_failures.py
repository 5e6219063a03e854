"""Whatever goes wrong while footage is looked at is told as what it is: never as another state, never not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.footage import misbehaving
from tests.footage.test_ingest import film, places, take_in
from tests.place import Place, look, write_json
from video_assets import cli
from video_assets.footage import ingest
from video_assets.footage.listing import Listing, list_local
from video_assets.lake.schemas import SOURCE_FILES
from video_assets.measure import tasks
from video_assets.media.identity import sha256_of
from video_assets.reasons import Reason
from video_assets.settings import WatchedFolder, WorkerSettings

# Who does nothing for two seconds hangs.
IMPATIENT = WorkerSettings(attempts=1, idle_seconds=2.0)
FAULTS = {
    "surprise": (Reason.UNEXPECTED_ERROR, "TypeError: open() got an unexpected keyword argument 'metadata_errors'"),
    "crash": (Reason.DECODER_CRASHED, "SIGSEGV"),
    "killed": (Reason.WORKER_LOST, "exit code -9"),
    "hang": (Reason.DECODE_TIMEOUT, "It hung"),
    "swelling": (Reason.OUT_OF_MEMORY, "of memory"),
    "disk": (Reason.READ_ERROR, "Input/output error"),
}


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    folder = tmp_path / "footage"
    folder.mkdir()
    film(folder / "good.mp4", 0)
    for number, fault in enumerate(FAULTS, 1):
        film(folder / f"bad {fault}.mp4", number)
    return folder


def test_a_file_whose_bytes_cannot_be_hashed_is_told_with_name_reason_and_message_at_every_look(
    place: Place, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "identify", misbehaving.look)
    monkeypatch.setattr(tasks, "hash_alone", misbehaving.read)
    lake = place.quick_lake(workers=IMPATIENT)
    stock = look(lake, footage)
    assert (stock.videos, stock.settling, stock.waiting, stock.incomplete) == (1, 0, 0, True)
    assert stock.counts == "1 new, 6 that could not be taken in."
    found = {Path(f.uri).stem.removeprefix("bad "): f for f in stock.failed}
    assert {fault: f.reason for fault, f in found.items()} == {fault: reason for fault, (reason, _) in FAULTS.items()}
    for fault, (reason, message) in FAULTS.items():
        assert message in found[fault].message
        told = f"{footage}/bad {fault}.mp4 could not be taken in ({reason}): {found[fault].message}"
        assert told in stock.problems
        assert told in stock.summary
    again = look(lake, footage)
    assert (again.known, [f.reason for f in again.failed]) == (1, [f.reason for f in stock.failed])
    monkeypatch.undo()
    mended = look(lake, footage)
    assert (mended.videos, mended.failed, mended.incomplete) == (6, (), False)


def test_a_file_whose_header_brings_the_worker_down_is_taken_in_all_the_same(
    place: Place, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (footage / "bad disk.mp4").unlink()
    monkeypatch.setattr(tasks, "identify", misbehaving.look)
    lake = place.quick_lake(workers=IMPATIENT)
    stock = look(lake, footage)
    assert (stock.videos, stock.failed) == (6, ())
    assert len(places(lake)) == 6


def test_a_probe_that_raises_what_nobody_expects_makes_a_row_with_the_reason(
    place: Place, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def surprise(path: Path, max_pixels: int) -> None:
        raise TypeError("no such argument")

    monkeypatch.setattr(tasks, "probe", surprise)
    path = footage / "good.mp4"
    assert tasks.identify((path, 10**9, None)) == (sha256_of(path), 0.0)
    lake = place.quick_lake()
    look(lake, footage)
    source = lake.read(SOURCE_FILES).row(0, named=True)
    fields = {name: source[name] for name in ("uri", "content", "size_bytes", "modified_at")}
    taken = tasks.take_in(tasks.SourceJob(**fields, s3=lake.settings.s3, scratch=place.folder, max_pixels=10**9))
    assert (taken.reason, taken.message) == (Reason.UNEXPECTED_ERROR, "TypeError: no such argument")
    assert f"sha256:{taken.sha256}" == source["content"]


def test_a_file_that_is_gone_when_it_is_to_be_hashed_is_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "bad.mp4", 1)
    monkeypatch.setattr(tasks, "identify", misbehaving.deletes)
    stock = look(place.quick_lake(), tmp_path)
    assert [(Path(f.uri).name, f.reason) for f in stock.failed] == [("bad.mp4", Reason.SOURCE_MISSING)]
    assert (stock.settling, stock.incomplete) == (0, True)


def unreadable(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make these rights statements unreadable."""
    read = Path.read_bytes

    def guarded(path: Path) -> bytes:
        if path.name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", guarded)


@pytest.mark.parametrize(("statement", "waiting"), [("a.json", ["a.mp4"]), ("manifest.csv", ["a.mp4", "b.mp4"])])
def test_a_file_whose_rights_cannot_be_read_waits_and_is_told_and_never_gets_other_rights(
    statement: str, waiting: list[str], place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "footage"
    folder.mkdir()
    film(folder / "a.mp4", 1)
    film(folder / "b.mp4", 2)
    write_json(folder / "a.json", licence="CC-BY-NC-4.0")
    (folder / "manifest.csv").write_text("file,licence\nb.mp4,CC0-1.0\n")
    watched = WatchedFolder(uri=str(folder), rights={"licence": "MIT"})
    lake = place.quick_lake()
    with monkeypatch.context() as patch:
        unreadable(patch, statement)
        stock = look(lake, watched)
    assert [Path(f.uri).name for f in stock.failed] == waiting
    assert all(f"{statement} could not be read (Permission denied)" in f.message for f in stock.failed)
    assert (stock.videos, stock.incomplete) == (2 - len(waiting), True)
    assert look(lake, watched).videos == len(waiting)
    licences = dict(take_in(lake).select("file_name", "licence").iter_rows())
    assert licences == {"a.mp4": "CC-BY-NC-4.0", "b.mp4": "CC0-1.0"}


@pytest.mark.parametrize("how", ["annex", "lfs", "icloud", "annexed manifest"])
def test_a_file_whose_rights_were_not_fetched_waits_and_is_told_and_never_gets_other_rights(
    how: str, place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "footage"
    folder.mkdir()
    film(folder / "a.mp4", 1)
    match how:
        case "annex":
            (folder / "a.json").symlink_to(".git/annex/objects/Zq/0k/SHA256E-s9--ab.json/SHA256E-s9--ab.json")
        case "annexed manifest":
            (folder / "manifest.csv").symlink_to(".git/annex/objects/Zq/0k/SHA256E-s9--ab.csv/SHA256E-s9--ab.csv")
        case "lfs":
            (folder / "a.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
        case _:
            (folder / ".a.json.icloud").touch()
    stock = look(place.quick_lake(), WatchedFolder(uri=str(folder), rights={"licence": "MIT"}))
    assert ([Path(f.uri).name for f in stock.failed], stock.videos, stock.incomplete) == (["a.mp4"], 0, True)
    assert "could not be read" in stock.failed[0].message


def test_a_known_file_keeps_its_rights_while_its_sidecar_cannot_be_read(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "a.mp4", 1)
    write_json(tmp_path / "a.json", licence="CC-BY-4.0")
    lake = place.quick_lake()
    look(lake, tmp_path)
    unreadable(monkeypatch, "a.json")
    stock = look(lake, tmp_path)
    assert (stock.known, stock.failed, stock.incomplete) == (1, (), True)
    assert "a.json could not be read (Permission denied)" in stock.summary
    assert lake.read(SOURCE_FILES)["licence"].to_list() == ["CC-BY-4.0"]


def test_a_listing_that_raises_what_nobody_expects_is_told_and_stops_no_other_folder(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("broken", "sound"):
        (tmp_path / name).mkdir()
        film(tmp_path / name / f"{name}.mp4", len(name))

    def guarded(folder: WatchedFolder, suffixes: tuple[str, ...]) -> Listing:
        if folder.uri.endswith("broken"):
            raise RuntimeError("no idea")
        return list_local(folder, suffixes)

    monkeypatch.setattr(ingest, "list_local", guarded)
    stock = look(place.quick_lake(), tmp_path / "broken", tmp_path / "sound")
    assert (stock.videos, stock.incomplete) == (1, True)
    assert f"{tmp_path}/broken could not be listed (RuntimeError: no idea)." in stock.problems


def test_a_place_that_cannot_be_looked_at_is_not_taken_for_empty(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    film(old / "a.mp4", 1)
    lake = place.quick_lake()
    look(lake, old)
    shutil.copy2(old / "a.mp4", new / "b.mp4")
    stat = Path.stat

    def guarded(path: Path, **options: bool) -> object:
        if path == old / "a.mp4":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", guarded)
    assert look(lake, new).moved == 1
    assert places(lake) == {"a.mp4": True, "b.mp4": True}


def test_many_problems_are_counted_and_the_first_of_them_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "footage"
    folder.mkdir()
    for number in range(12):
        film(folder / f"{number:02}.mp4", number)
    (folder / "manifest.csv").write_text("file,licence\n")
    unreadable(monkeypatch, "manifest.csv")
    stock = look(place.quick_lake(), folder)
    assert (len(stock.failed), len(stock.problems)) == (12, 12)
    assert stock.summary.startswith("12 that could not be taken in. ")
    assert stock.summary.endswith("And 2 more like these.")


def test_curate_names_what_could_not_be_taken_in_and_ends_with_1(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    here.quick_lake()
    (here.folder / "footage").mkdir()
    (here.folder / "footage" / "gone.mp4").symlink_to(here.folder / "nowhere.mp4")
    film(here.folder / "footage" / "bad.mp4", 1)
    monkeypatch.setattr(tasks, "identify", misbehaving.deletes)
    result = CliRunner().invoke(cli.main, ["curate", "footage"])
    assert result.exit_code == 1
    printed = result.output.replace("\n", "")
    assert "1 that could not be taken in." in printed
    assert "bad.mp4 could not be taken in (source_missing)" in printed
    assert "gone.mp4 is a link that leads to no file" in printed
    assert "everything is measured" not in printed
