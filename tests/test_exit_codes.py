"""How curate ends: 0 when all went well, 1 when something did not, and the last line says what."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.commands import ask, refusal
from tests.place import Place
from video_assets.bring_up_to_date import Blocked, Failed, Outcome
from video_assets.cli.curating import Done
from video_assets.curate.result import Result
from video_assets.footage.ingest import Stock
from video_assets.footage.listing import PassedOver
from video_assets.footage.tick import Cursor

SOME = Stock(batches=("b",), videos=3, moved=0, known=0, settling=0, waiting=0, marked=0, cursor=Cursor())
_NONE = pl.DataFrame(schema={"reason": pl.String})
MADE = Result("/footage", 3, 3, 3, 9.0, 0, _NONE, _NONE, _NONE, 1, 4.0, _NONE, None)
FAILED = Failed("b", "clips", "ValueError: no such shot", "run")


def wrong(stock: Stock, outcome: Outcome) -> str:
    return Done(None, "footage", stock, outcome, MADE).wrong  # type: ignore[arg-type]


def test_what_went_wrong_is_counted_by_kind() -> None:
    assert wrong(SOME, Outcome(7)) == ""
    assert wrong(SOME, Outcome(7, (FAILED, replace(FAILED, step="shots")))) == "Not all went well: 1 batch failed."
    blocked = tuple(Blocked(name, "usable_videos", "run") for name in "cd")
    places = replace(SOME, unread=("/x could not be listed.",))
    assert wrong(places, Outcome(7, (FAILED,), blocked)) == (
        "Not all went well: 1 place or statement could not be read, 1 batch failed, 2 batches have no usable video."
    )
    assert wrong(replace(SOME, videos=0, known=3), Outcome(0)) == ""
    surprised = replace(MADE, set_aside=pl.DataFrame({"reason": ["unexpected_error", "empty_file"]}))
    said = Done(None, "footage", SOME, Outcome(7), surprised).wrong  # type: ignore[arg-type]
    assert said == "Not all went well: 1 file met an unexpected error."
    none = Done(None, "footage", SOME, Outcome(0), replace(MADE, usable=0))  # type: ignore[arg-type]
    assert none.wrong == "Not all went well: none of the 3 videos can be used."
    assert wrong(replace(SOME, videos=0), Outcome(0)).startswith(
        "Nothing was found: no file under footage ends in .mp4,"
    )
    passed = replace(SOME, videos=0, passed=PassedOver({".doc": 2}))
    assert wrong(passed, Outcome(0)).endswith(", .rmvb. 2 files with other endings: .doc 2.")


def test_a_folder_without_footage_ends_with_1(here: Place) -> None:
    Path("notes").mkdir()
    Path("notes/read.me").touch()
    said = ask("curate", "notes")
    assert said.exit_code == 1
    assert said.output.splitlines()[-1].startswith("Error: Nothing was found: no file under notes ends in .mp4")
    assert "everything is measured" not in said.output


def test_a_batch_without_a_usable_video_and_a_file_that_cannot_be_named_end_with_1(here: Place) -> None:
    Path("bad").mkdir()
    Path("bad/noise.mp4").write_bytes(bytes(range(256)) * 8)
    Path(os.fsdecode(b"bad/\xff.mp4")).touch()
    result = ask("curate", "bad", "--json")
    assert result.exit_code == 1, result.output
    found = json.loads(result.stdout)
    assert (found["found"]["new"], len(found["problems"]), found["failed"]) == (1, 1, [])
    [blocked] = found["blocked"]
    assert (blocked["batch"], blocked["check"]) == (found["batches"][0], "usable_videos")
    assert blocked["batch"].split("-")[2:-1] == ["bad"]
    last = "Not all went well: 1 place or statement could not be read, 1 batch has no usable video."
    assert found["wrong"] == last
    assert result.stderr.splitlines()[-1] == f"Error: {last}"
    assert "Batch b-" in result.stderr
    assert ask("batches").stdout.splitlines()[-2].split()[-4:] == ["1", "1", "0", "0"]
    # Nothing can be made of it, so that nothing is due; and no tier has decided on anything.
    assert refusal("funnel", "goku/480p").startswith("goku/480p has decided on no clip by its present version")


@pytest.mark.parametrize("path", ["nowhere", "", "film.mp4", "\x00"])
def test_what_is_no_folder_is_said_to_be_none(here: Place, path: str) -> None:
    Path("film.mp4").touch()
    assert "is not a folder; give one that holds videos." in refusal("curate", path, code=2)
    assert not here.root.exists()
