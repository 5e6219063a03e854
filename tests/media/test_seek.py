"""A span's frames are those of a whole decode, whatever a seek lands on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.kinds_of_file import KINDS, MOST_PIXELS, Whole, made, planes
from video_assets.media.containers import MediaError
from video_assets.media.seek import LostTrackError, Span, can_seek, open_span
from video_assets.reasons import Reason


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Whole]:
    return {kind: made(kind, tmp_path_factory.mktemp("kind")) for kind in KINDS}


def read(path: Path, span: Span) -> tuple[list[tuple[int, bytes]], int, bool]:
    """Pts and planes of a span's frames, the seeks that were tried, and whether one was taken."""
    with open_span(path, span, MOST_PIXELS) as frames:
        found = [(shown.pts, planes(shown.frame)) for shown in frames]
        return found, frames.tries, frames.sought


# How many seeks the frames of a file take at most, and whether one is taken; 0 where none is tried.
TRIES = {
    "H.264, closed groups": (1, True),
    "an edit list": (1, True),
    "Matroska": (1, True),
    "VP9 in WebM": (1, True),
    "a variable frame rate": (2, True),
    "rotated": (1, True),
    "H.264, open groups": (2, True),
    "H.264 without key frames": (2, True),
    "HEVC, open groups": (2, True),
    "a transport stream": (2, True),
    "open groups in a transport stream": (2, True),
    "HEVC in a transport stream": (2, True),
    "MPEG-2 in a transport stream": (2, True),
    "MPEG-2 in a programme stream": (2, True),
    "AVI, which has no pts": (4, False),
    "two transport streams joined": (0, False),
    "Matroska that begins before zero": (0, False),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_can_be_the_first_of_a_span(kind: str, files: dict[str, Whole]) -> None:
    whole = files[kind]
    last = len(whole.pts)
    most, ever = 0, False
    for first in range(last):
        piece_ends = next((n for n in range(first, last) if whole.offsets[n] != whole.offsets[first]), last)
        after = min(first + 8, piece_ends)
        found, tries, sought = read(whole.path, whole.span(first, after))
        assert found == list(zip(whole.pts[first:after], whole.planes[first:after], strict=True)), first
        most, ever = max(most, tries), ever or sought
    assert (most, ever) == TRIES[kind]


def test_the_leading_pictures_of_an_open_group_are_found_from_further_back(files: dict[str, Whole]) -> None:
    whole = files["HEVC, open groups"]
    tries = [read(whole.path, whole.span(first, first + 1))[1] for first in range(10, 20)]
    assert tries == [1, 1, 1, 2, 2, 1, 1, 1, 1, 1]  # the group's key frame is the 16th


def test_where_nobody_counted_how_often_time_begins_no_transport_stream_is_sought(files: dict[str, Whole]) -> None:
    # A seek to the first piece's pts would find those of the second one.
    whole = files["two transport streams joined"]
    span = replace(whole.span(40, 45), pieces=None)
    assert read(whole.path, span) == (list(zip(whole.pts[40:45], whole.planes[40:45], strict=True)), 0, False)
    assert not can_seek(whole.path, span, MOST_PIXELS)


def test_an_index_that_has_each_time_once_is_sought_without_a_count(files: dict[str, Whole]) -> None:
    whole = files["Matroska"]
    assert can_seek(whole.path, replace(whole.span(40, 45), pieces=None), MOST_PIXELS)


def test_a_file_can_be_read_from_its_start_without_a_seek(files: dict[str, Whole]) -> None:
    whole = files["H.264, closed groups"]
    with open_span(whole.path, whole.span(40, 45), MOST_PIXELS, from_start=True) as frames:
        assert [planes(shown.frame) for shown in frames] == whole.planes[40:45]
        assert (frames.tries, frames.sought, frames.piece) == (0, False, 0)


def test_the_second_piece_is_told_as_such(files: dict[str, Whole]) -> None:
    whole = files["two transport streams joined"]
    with open_span(whole.path, whole.span(70, 75), MOST_PIXELS) as frames:
        assert frames.piece == 1
        assert frames.first.frame.pts == whole.pts[70] - whole.offsets[70] == whole.pts[10]


@pytest.mark.parametrize("off", [{"pts": 1}, {"offset": 512}])
def test_a_first_frame_that_is_not_there_is_no_clip(off: dict[str, int], files: dict[str, Whole]) -> None:
    whole = files["H.264, closed groups"]
    span = whole.span(10, 20)
    wrong = replace(span, start_pts=span.start_pts + off.get("pts", 0), pts_offset=off.get("offset", 0))
    with pytest.raises(MediaError, match="has no frame with pts") as raised:
        read(whole.path, wrong)
    assert raised.value.reason is Reason.CUT_MISMATCH


def test_time_in_other_units_is_another_file(files: dict[str, Whole]) -> None:
    whole = files["H.264, closed groups"]
    with pytest.raises(MediaError, match="counts time in 1/12800 s, the span in 1/1000 s") as raised:
        read(whole.path, replace(whole.span(10, 20), time_base=Fraction(1, 1000)))
    assert raised.value.reason is Reason.CUT_MISMATCH


def test_frames_that_are_not_as_many_as_were_counted_are_read_again_from_the_start(files: dict[str, Whole]) -> None:
    whole = files["H.264, closed groups"]
    span = replace(whole.span(10, 20), frames=11)
    with pytest.raises(LostTrackError):
        read(whole.path, span)
    with (
        pytest.raises(MediaError, match="has 10 frames; 11 were counted") as raised,
        open_span(whole.path, span, MOST_PIXELS, from_start=True) as frames,
    ):
        list(frames)
    assert raised.value.reason is Reason.CUT_MISMATCH
