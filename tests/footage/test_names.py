"""What names say: what programs have not finished, what systems keep for themselves, and what only looks alike."""

from __future__ import annotations

import pytest

from video_assets.footage.names import Kind, kinds
from video_assets.settings import FootageSettings

SUFFIXES = FootageSettings().suffixes


def found(files: str, folders: str = "") -> dict[str, list[str]]:
    """Kind: the names of it, of files and folders that are separated by commas."""
    said = kinds([f.strip() for f in files.split(",") if f], [f.strip() for f in folders.split(",") if f], SUFFIXES)
    return {kind: sorted(n for n, k in said.items() if k is kind) for kind in Kind if kind in said.values()}


@pytest.mark.parametrize(
    "name",
    [
        "a.mp4.part", "a.mp4.PART", "a.mp4.part-Frag12", "a.mp4.part-Frag12.part", "a.mp4.ytdl", "a.mp4.aria2",
        "Unconfirmed 12.crdownload", "a.mkv.download", "a.mkv.!qB", "a.mkv.!ut", "a.mp4.opdownload", "a.mp4.filepart",
        "a.mp4.partial", "a.mp4.tmp", "a.temp.mp4", "A.Temp.MP4", "a [id].temp.webm",
    ],
)  # fmt: skip
def test_what_a_program_marks_as_unfinished_is_in_the_making(name: str) -> None:
    assert found(name) == {Kind.MAKING: [name]}


@pytest.mark.parametrize("mark", ["part", "aria2", "ytdl", "crdownload", "!qB", "download"])
def test_a_file_whose_mark_lies_beside_it_is_in_the_making_and_its_neighbours_are_not(mark: str) -> None:
    files = f"a.mp4, A.MP4.{mark}, b.mp4"
    assert found(files) == {Kind.FOOTAGE: ["b.mp4"], Kind.MAKING: sorted([f"A.MP4.{mark}", "a.mp4"])}


def test_a_torrent_s_folder_is_in_the_making_while_its_mark_lies_beside_it() -> None:
    assert found("season.aria2", "season, other") == {
        Kind.FOLDER: ["other"], Kind.MAKING: ["season", "season.aria2"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "beside",
    [
        "a [x].info.json", "a [x].f140.m4a", "a [x].f140.m4a.part", "a [x].f140.m4a.ytdl", "a [x].mp4", "a [x].mkv.part",
        "A [x].INFO.JSON", "a [x].f251.webm",
    ],
)  # fmt: skip
@pytest.mark.parametrize("half", ["a [x].f137.mp4", "a [x].f616.mp4", "a [x].fhls-1080p.mp4", "a [x].f247-drc.webm"])
def test_a_picture_half_is_in_the_making_beside_what_it_is_to_be_merged_with(half: str, beside: str) -> None:
    assert half in found(f"{half}, {beside}")[Kind.MAKING]


@pytest.mark.parametrize(
    "name", ["a.f137.mp4", "a.final.mp4", "a.f.mp4", "part.mp4", "a.part1.mp4", "temp.mp4", "aria2.mp4"]
)
def test_names_that_only_look_alike_are_footage(name: str) -> None:
    assert found(f"{name}, b.mp4, b.info.json")[Kind.FOOTAGE] == sorted([name, "b.mp4"])


@pytest.mark.parametrize("name", ["_UNPACK_film", "_unpack_film", "_FAILED_film", "film.mp4.download"])
def test_a_folder_that_a_program_fills_is_in_the_making(name: str) -> None:
    assert found("", name) == {Kind.MAKING: [name]}


@pytest.mark.parametrize(
    "name",
    [
        "#recycle", "@Recycle", "@eaDir", "$RECYCLE.BIN", ".Trash", ".Trashes", ".Trash-1000", "System Volume Information",
        "lost+found", "__MACOSX", "RECYCLER", "#snapshot", "~snapshot", ".snapshot", ".snapshots", ".zfs",
    ],
)  # fmt: skip
def test_recycle_bins_and_systems_folders_are_no_footage(name: str) -> None:
    assert found("", name) == {Kind.SYSTEM: [name]}


def test_hidden_names_are_no_footage_and_a_placeholder_is_told_apart() -> None:
    assert found("._a.mp4, .b.mp4, .c.mp4.icloud, .notes.txt.icloud", ".git") == {
        Kind.HIDDEN: ["._a.mp4", ".b.mp4", ".git"], Kind.PLACEHOLDER: [".c.mp4.icloud", ".notes.txt.icloud"],
    }  # fmt: skip
