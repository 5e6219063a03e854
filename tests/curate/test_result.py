"""What a folder has come to: every file is counted once, and what is wrong with it is said."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from tests.place import Place
from video_assets.curate.result import Result, result, why_without_clip
from video_assets.footage.listing import PassedOver
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.schemas import DECODED_VIDEOS, RAW_VIDEOS, SOURCE_FILES
from video_assets.reasons import Reason
from video_assets.settings import ClipSettings
from video_assets.show_result import duration, show

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def printed(found: Result) -> list[str]:
    paper = StringIO()
    show(found, Console(file=paper, width=80))
    return paper.getvalue().splitlines()


def shot(shot_s: float | None = None, trimmed_s: float | None = None, **video: Any) -> dict[str, Any]:
    of_video = {"video_id": "v", "video_s": 60.0, "frames": 1500, "corrupt_frames": 0, "all_black": False}
    return of_video | {"shot_s": shot_s, "trimmed_s": trimmed_s} | video


SCHEMA = {"shot_s": pl.Float64(), "trimmed_s": pl.Float64()}


@pytest.mark.parametrize(
    ("shots", "why"),
    [
        ([shot(1.2, 1.2, video_s=1.2)], "It is 1.2 s long; a clip has at least 4 s (clips.min_seconds)."),
        ([shot()], "It has no shot: all of it are transitions, or pieces between them of a few frames."),
        ([shot(all_black=True)], "It has no shot: all of it is black."),
        ([shot(corrupt_frames=1400)], "It has no shot: 1,400 of its 1,500 frames are damaged."),
        ([shot(3.9, 3.8)], "Its one shot has 3.9 s; a clip has at least 4 s (clips.min_seconds)."),
        (
            [shot(2.0, 1.9, corrupt_frames=1), shot(3.0, 2.8, corrupt_frames=1)],
            "The longest of its 2 shots has 3.0 s; a clip has at least 4 s (clips.min_seconds); 1 frame is damaged.",
        ),
        (
            [shot(2.0, 1.9, corrupt_frames=9), shot(3.0, 2.8, corrupt_frames=9)],
            "The longest of its 2 shots has 3.0 s; a clip has at least 4 s (clips.min_seconds); 9 frames are damaged.",
        ),
        (
            [shot(4.1, 3.86)],
            "Its longest shot has 3.86 s without the 0.12 s (clips.trim_seconds) beside each cut; a clip has at least 4 s "
            "(clips.min_seconds).",
        ),
        (
            [shot(60.0, 60.0, frames=3)],
            "None of its frames begin 4 to 16 s apart within a shot (clips.min_seconds, clips.max_seconds): each is shown "
            "for too long.",
        ),
    ],
)  # fmt: skip
def test_a_video_without_a_clip_is_told_why(shots: list[dict[str, Any]], why: str) -> None:
    assert why_without_clip(pl.DataFrame(shots, schema_overrides=SCHEMA), ClipSettings()) == {"v": why}


def test_the_demo_folder_is_counted_file_by_file(curated: Place, demo_footage: Any) -> None:
    lake = curated.lake()
    found = result(lake, str(demo_footage), LONG_AGO)
    assert (found.files, found.videos, found.usable, found.unfinished, found.clips) == (20, 20, 18, 0, 22)
    assert dict(found.set_aside.select("file", "reason").iter_rows()) == {
        "empty.mp4": "empty_file", "bunny_truncated_without_index.mp4": "truncated",
    }  # fmt: skip
    with_clips = set(lake.query("SELECT DISTINCT file_name FROM clip_sheet")["file_name"])
    assert set(found.without_clip["file"]).isdisjoint(with_clips)
    assert found.usable == len(with_clips) + found.without_clip.height
    # A policy is no tier that keeps what is good.
    kept = lake.query(
        "SELECT tier, count(*) FILTER (kept) AS n FROM tier_verdicts WHERE tier <> 'policies/default' GROUP BY tier"
    )
    assert dict(found.tiers.select("tier", "kept").iter_rows()) == dict(kept.iter_rows())
    assert found.cpu_seconds == lake.query("SELECT sum(compute_seconds) FROM materializations").item()
    assert result(lake, str(demo_footage), datetime.now(UTC) + timedelta(days=1)).cpu_seconds == 0
    lines = printed(found)
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 30


def test_another_folder_has_nothing_of_it(curated_few: Place, few_files: Any) -> None:
    lake = curated_few.lake()
    found = result(lake, f"{few_files}-other", LONG_AGO)
    assert (found.files, found.videos, found.clips, found.tiers.height) == (0, 0, 0, 0)
    assert printed(found)[2].split() == ["Taken", "in", "0", "videos", "of", "0", "files"]


def test_it_is_plain_values_for_a_program(curated_few: Place, few_files: Any) -> None:
    told = json.loads(json.dumps(result(curated_few.lake(), str(few_files), LONG_AGO).as_json()))
    assert [f["file"] for f in told["set_aside"]] == ["empty.mp4"]
    assert told["clips"] == 5
    assert told["tiers"][0].keys() == {"tier", "kept", "undecided", "kept_s"}


def commit(lake: Lake, folder: str, raw: dict[str, str | None], decoded: dict[str, str | None]) -> None:
    """A batch of files, each with its reason in the tables."""
    names = {*raw, *decoded, "unfinished.mp4"}
    places: list[dict[str, object]] = [{"uri": f"{folder}/{n}", "content": n, "current": True} for n in names]
    videos: list[dict[str, object]] = [
        {"video_id": n, "content": n, "reason": raw.get(n), "message": f"seen in {n}"} for n in {*raw, *decoded}
    ]
    passes: list[dict[str, object]] = [
        {"video_id": n, "duration_s": 1.0, "reason": reason} for n, reason in decoded.items()
    ]
    replaced = [
        Replacement(SOURCE_FILES, ["b"], SOURCE_FILES.frame(places, batch="b")),
        Replacement(RAW_VIDEOS, ["b"], RAW_VIDEOS.frame(videos, batch="b", version="1")),
        Replacement(DECODED_VIDEOS, ["b"], DECODED_VIDEOS.frame(passes, batch="b", version="1")),
    ]
    lake.commit(replaced, [], message="b")


def test_every_reason_is_named_with_its_file_and_what_to_do(place: Place) -> None:
    lake = place.quick_lake()
    raw: dict[str, str | None] = {f"{reason}.mp4": reason.value for reason in Reason}
    commit(lake, "/films", raw, {"decoded/damaged.mp4": Reason.NO_FRAMES, "decoded/short.mp4": None})
    found = result(lake, "/films", LONG_AGO)
    assert (found.files, found.usable, found.unfinished) == (len(raw) + 3, 1, 1)
    assert found.without_clip["why"].to_list() == ["It is 1.0 s long; a clip has at least 4 s (clips.min_seconds)."]
    text = " ".join(" ".join(printed(found)).split())
    for reason in Reason:
        assert f"{reason}: " in text
        assert f"{reason}.mp4" in text
        assert reason.advice in text
    assert "decoded/damaged.mp4" in text
    assert "seen in unexpected_error.mp4" in text
    assert "Unfinished 1 video" in text


def test_objects_of_the_same_bytes_have_one_row_and_are_no_unfinished_video(place: Place) -> None:
    lake = place.quick_lake()
    commit(lake, "s3://films/new", {"a.mp4": Reason.TRUNCATED}, {"b.mp4": None})
    assert result(lake, "s3://films/new/", LONG_AGO).unfinished == 1
    lake.commit([], [Made("raw_videos", "b", "1", "1", {}, 2)], message="made")
    found = result(lake, "s3://films/new/", LONG_AGO)
    assert (found.files, found.videos, found.unfinished) == (3, 2, 0)
    assert "of 3 files, 1 of them the same bytes again" in printed(found)[2]


def test_a_file_with_the_bytes_of_another_is_named_with_that_one(place: Place) -> None:
    lake = place.quick_lake()
    places = [("a.mp4", "x"), ("b.mp4", "x"), ("sub/c.mp4", "x"), ("d.mp4", "y"), ("e.mp4", "y"), ("f.mp4", "z")]
    rows: list[dict[str, object]] = [{"uri": f"/films/{n}", "content": c, "current": True} for n, c in places]
    lake.commit([Replacement(SOURCE_FILES, ["b"], SOURCE_FILES.frame(rows, batch="b"))], [], message="b")
    found = result(lake, "/films", LONG_AGO)
    assert found.copies.rows() == [("b.mp4", "a.mp4"), ("sub/c.mp4", "a.mp4"), ("e.mp4", "d.mp4")]
    lines = [line.split() for line in printed(found)]
    assert ["Same", "bytes", "b.mp4,", "sub/c.mp4:", "as", "a.mp4"] in lines
    assert ["e.mp4:", "as", "d.mp4"] in lines
    assert json.loads(json.dumps(found.as_json()))["copies"][0] == {"file": "b.mp4", "same_as": "a.mp4"}


def test_every_kind_of_reason_for_no_clip_is_told_with_its_files(place: Place) -> None:
    found = result(place.quick_lake(), "/films", LONG_AGO)
    short, black = "It is {:.1f} s long; a clip has at least 4 s.", "It has no shot: all of it is black."
    whys = [short.format(n / 10) for n in range(9)] + [black, black, "Its one shot has 3.9 s."]
    files = pl.DataFrame({"file": [f"{n}.mp4" for n in range(12)], "duration_s": [1.0] * 12, "why": whys})
    lines = [" ".join(line.split()) for line in printed(replace(found, without_clip=files))]
    start = lines.index("No clip of 0.mp4: It is 0.0 s long; a clip has at least 4 s.")
    assert lines[start + 1 : start + 6] == [
        "likewise 1.mp4, 2.mp4, 3.mp4, 4.mp4, 5.mp4 and 3 more:",
        "video-assets sql videos_without_clip",
        "9.mp4: It has no shot: all of it is black.",
        "likewise 10.mp4",
        "11.mp4: Its one shot has 3.9 s.",
    ]


def test_what_was_passed_over_is_told_in_words_and_as_values(place: Place) -> None:
    passed = PassedOver({".vob": 12, ".dv": 3}, ("a.mp4.part", "_UNPACK_b/"), {"#recycle": 1, "@eaDir": 4}, 2)
    found = result(place.quick_lake(), "/films", LONG_AGO, tuple(f"problem {n}" for n in range(12)), passed)
    text = " ".join(" ".join(printed(found)).split())
    for said in (
        "Passed over 15 files with other endings: .vob 12, .dv 3.",
        "Passed over 2 in the making: a.mp4.part, _UNPACK_b/.",
        "Passed over 5 system folders: @eaDir 4, #recycle 1.",
        "Passed over 2 hidden files and folders.",
        "problem 9 and 2 problems more: curate --json has them all",
    ):
        assert said in text
    told = json.loads(json.dumps(found.as_json()))
    assert told["passed_over"] == {
        "endings": {".vob": 12, ".dv": 3}, "making": ["a.mp4.part", "_UNPACK_b/"],
        "system": {"#recycle": 1, "@eaDir": 4}, "hidden": 2, "unfetched": {},
    }  # fmt: skip
    assert len(told["problems"]) == 12


def test_long_lists_are_cut_and_say_how_to_see_the_rest(place: Place) -> None:
    lake = place.quick_lake()
    commit(
        lake, "/films", {f"{n:04}.mp4": Reason.TRUNCATED for n in range(1000)}, {f"s{n}.mp4": None for n in range(50)}
    )
    lines = printed(result(lake, "/films", LONG_AGO))
    text = " ".join(" ".join(lines).split())
    assert len(lines) <= 24
    assert "0000.mp4, 0001.mp4, 0002.mp4, 0003.mp4, 0004.mp4 and 995 more: video-assets sql set_aside" in text
    assert "and 44 more: video-assets sql videos_without_clip" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (2.34, "2.3 s"), (61, "61 s"), (170, "2.8 min"), (9000, "2.5 h"), (36_000_000, "10,000.0 h")],
)
def test_a_length_is_told_in_the_unit_that_fits(seconds: float, words: str) -> None:
    assert duration(seconds) == words
