"""Which small pictures the decode keeps for the network that finds transitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.measure.decoding import Decoded, decode
from tests.media.video_files import BIKES, CARPHONE
from video_assets.lake.schemas import SHOT_FRAMES
from video_assets.measure.shot_frames import CHUNK, HEIGHT, WIDTH, ShotFrames, small_picture
from video_assets.measure.streamed_table import Row
from video_assets.measure.types import Picture
from video_assets.settings import DecodeSettings

BLUE, GREEN, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 0)


def flat(colour: tuple[int, int, int]) -> Picture:
    return np.full((90, 160, 3), colour, np.uint8)


def kept(pictures: list[Picture], settings: DecodeSettings | None = None) -> list[Row]:
    """What is handed out of a video of these pictures."""
    frames = ShotFrames(settings or DecodeSettings())
    rows: list[Row] = []
    for frame, picture in enumerate(pictures):
        frames.measure(picture, frame, frame / 25)
        rows += frames.ready()
    return rows + list(frames.rest())


def spans(rows: list[Row]) -> list[tuple[int, int, bool]]:
    return [(r["first_frame"], r["frames"], r["doubtful"]) for r in rows]


def test_nothing_is_kept_of_a_video_in_which_nothing_changes() -> None:
    assert kept([flat(BLUE)] * 200) == []


def test_a_cut_is_kept_with_the_frames_before_and_after_it_and_nothing_else() -> None:
    # Two pictures 24 frames apart differ around each of the frames 100 to 123.
    rows = kept([flat(BLUE)] * 112 + [flat(GREEN)] * 188)
    assert spans(rows) == [(75, 15, False), (90, 15, True), (105, 15, True), (120, 15, True), (135, 15, False)]


@pytest.mark.parametrize(("light", "kept_of"), [(20, 4), (10, 0)])
def test_a_cut_in_black_and_white_is_in_doubt_from_as_large_a_change_as_one_in_colour(light: int, kept_of: int) -> None:
    settings = DecodeSettings(doubt_distance=300.0)
    rows = kept([flat((100, 100, 100))] * 106 + [flat((100 + light,) * 3)] * 94, settings)
    assert len(rows) == kept_of


def test_a_cut_beside_a_border_leaves_both_sides_in_doubt() -> None:
    settings = DecodeSettings(doubt_distance=300.0)
    rows = kept([flat(BLUE)] * 106 + [flat(GREEN)] * 94, settings)
    assert spans(rows) == [(75, 15, False), (90, 15, True), (105, 15, True), (120, 15, False)]


@pytest.mark.parametrize(
    ("contents", "doubtful"),
    [([2.0, 8.0, 8.0, 2.0], [45]), ([2.0, 14.0, 4.0, 2.0], [45]), ([8.0] * 12, []), ([2.0, 12.0, 2.0, 2.0], [])],
    ids=["two halves", "most in one", "steady", "no second half"],
)
def test_a_cut_that_is_spread_over_two_steps_is_in_doubt_where_neither_is_one(
    contents: list[float], doubtful: list[int]
) -> None:
    frames = ShotFrames(DecodeSettings())
    for number, content in enumerate([2.0] * 50 + contents + [2.0] * 50):
        frames.measure(flat(BLUE), number, number / 25, content)
    assert [r["first_frame"] for r in frames.rest() if r["doubtful"]] == doubtful


def test_a_slow_change_of_colour_is_in_doubt_although_no_two_frames_in_a_row_differ() -> None:
    steps = np.linspace(0, 1, 60)
    blend = [np.full((90, 160, 3), (255 * (1 - s), 255 * s, 0), np.uint8) for s in steps]
    frames = ShotFrames(DecodeSettings())
    changes = [
        frames.measure(p, n, n / 25)["small_change"]
        for n, p in enumerate([flat(BLUE)] * 100 + blend + [flat(GREEN)] * 100)
    ]
    assert max(c for c in changes if c is not None) < DecodeSettings().doubt_change
    assert [r["first_frame"] for r in frames.rest() if r["doubtful"]] == [90, 105, 120, 135, 150, 165]


def test_the_first_and_the_last_frames_have_the_context_that_there_is() -> None:
    assert spans(kept([flat(BLUE)] * 10 + [flat(GREEN)] * 10)) == [(0, 15, True), (15, 5, False)]


@given(st.lists(st.sampled_from([BLUE, GREEN, BLACK]), min_size=1, max_size=12), st.integers(1, 40))
def test_every_chunk_in_doubt_is_kept_with_its_neighbours_in_order_and_few_wait(
    colours: list[tuple[int, int, int]], length: int
) -> None:
    pictures = [flat(c) for c in colours for _ in range(length)]
    frames, most = ShotFrames(DecodeSettings()), 0
    rows: list[Row] = []
    for frame, picture in enumerate(pictures):
        frames.measure(picture, frame, frame / 25)
        most = max(most, len(frames._waiting))
        rows += frames.ready()
    rows += list(frames.rest())
    firsts = [r["first_frame"] // CHUNK for r in rows]
    assert most <= 6
    assert firsts == sorted(set(firsts))
    chunks = range((len(pictures) + CHUNK - 1) // CHUNK)
    doubtful = {r["first_frame"] // CHUNK for r in rows if r["doubtful"]}
    changes = {i // CHUNK for i in range(1, len(pictures)) if not np.array_equal(pictures[i], pictures[i - 1])}
    assert changes <= doubtful
    assert set(firsts) == {c for d in doubtful for c in (d - 1, d, d + 1) if c in chunks}


@pytest.fixture(scope="module")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Decoded:
    return decode(BIKES, tmp_path_factory.mktemp("bikes"))


def test_the_decode_writes_the_small_pictures_of_the_frames_in_doubt(bikes: Decoded) -> None:
    """All of bikes.mp4 is in doubt or beside it: its shots last 30 to 61 frames."""
    chunks = bikes.shot_frames
    assert list(chunks.schema.items()) == list(SHOT_FRAMES.schema.items())[1:]
    assert chunks["first_frame"].to_list() == [15 * n for n in range(17)]
    assert {len(rgb) for rgb in chunks["rgb"][:-1]} == {CHUNK * HEIGHT * WIDTH * 3}
    cuts = (30, 76, 137, 187, 242)
    assert all(chunks.row(cut // CHUNK, named=True)["doubtful"] for cut in cuts)
    assert bikes.signals["small_change"].top_k(5).min() > DecodeSettings().doubt_change  # type: ignore[operator]
    assert set(bikes.signals["small_change"].top_k(5)) == {bikes.signals["small_change"][cut] for cut in cuts}


def test_nothing_of_a_man_who_talks_is_in_doubt(tmp_path: Path) -> None:
    found = decode(CARPHONE, tmp_path)
    assert found.shot_frames.height == 0
    assert found.signals["wide_distance"].null_count() == found.signals["wide_histogram"].null_count() == 24


def test_red_stays_red_and_the_picture_is_stretched_to_fit() -> None:
    upright = np.zeros((160, 90, 3), np.uint8)
    upright[:80] = (0, 0, 255)
    small = small_picture(upright)
    assert small.shape == (HEIGHT, WIDTH, 3)
    assert small[0, 0].tolist() == [255, 0, 0]
    assert small[-1, -1].tolist() == [0, 0, 0]
