"""The frames of a sample: those that a full decode shows at the window's times, wherever it begins and however it is read."""

from __future__ import annotations

from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.publish.loader.made import BASE, RATE, decoded, every_frame, film
from video_assets.publish.loader.errors import BadSampleError
from video_assets.publish.loader.frames import Decoder, SourceFrames, Window, decode, window

SIZE = (64, 48)
LATE = Fraction(1, 1000)
# Frames that stand for long and for short.
UNEVEN = [0, 400, 2400, 2500, 6000, 6100, 6200, 9000, 12000, 12100]
FILMS = {
    "even": film(SIZE, 3 * RATE, 1),
    "uneven": film(SIZE, len(UNEVEN), 2, UNEVEN, gop=3),
    "one key frame": film(SIZE, 2 * RATE, 3, gop=250),
}


def shown(media: bytes, wanted: Window) -> np.ndarray[Any, Any]:
    """What a full decode shows at the window's times: the last frame that has begun by then."""
    frames = every_frame(media)
    return np.stack([[p for begins, p in frames if begins <= max(t + LATE, Fraction(0))][-1] for t in wanted.times])


@given(st.sampled_from(sorted(FILMS)), st.integers(0, 900_000), st.integers(1, 8), st.sampled_from([1, 8, 16, 24, 30]))
def test_frames_by_time_are_those_of_a_full_decode(name: str, start: int, frames: int, fps: int) -> None:
    wanted = Window(Fraction(start, 1_000_000), frames, Fraction(fps))
    found = decoded(FILMS[name], wanted, SIZE)
    assert np.array_equal(found, shown(FILMS[name], wanted))


def loadable(decoder: Decoder) -> str:
    """Why a decoder cannot be had here; empty where it can."""
    try:
        import_module({"decord": "decord", "torchcodec": "torchcodec.decoders"}.get(decoder, "av"))
    except (ImportError, RuntimeError, OSError) as error:  # torchcodec without FFmpeg's libraries on the system
        return str(error).strip().splitlines()[0]
    return ""


def which(picture: np.ndarray[Any, Any], of: np.ndarray[Any, Any]) -> int:
    """The number of the picture that is nearest: decoders make R, G, B of a frame in slightly other ways."""
    far = np.abs(of.astype(int) - picture).mean(axis=(1, 2, 3))
    assert far.min() < 2
    return int(far.argmin())


@pytest.mark.parametrize("name", sorted(FILMS))
@pytest.mark.parametrize("decoder", ["pyav", "decord", "torchcodec"])
@pytest.mark.parametrize(("start", "frames", "fps"), [(0, 8, 8), (13, 16, 16), (55, 5, 24), (30, 40, 60)])
def test_every_decoder_gives_the_frames_of_a_full_decode(
    name: str, decoder: Decoder, start: int, frames: int, fps: int
) -> None:
    if why := loadable(decoder):
        pytest.skip(why)
    wanted = Window(Fraction(start, 100), frames, Fraction(fps))
    found = np.zeros((frames, 3, SIZE[1], SIZE[0]), np.uint8)
    decode(FILMS[name], wanted, found, decoder)
    whole = np.stack([picture for _, picture in every_frame(FILMS[name])])
    assert [which(one, whole) for one in found] == [which(one, whole) for one in shown(FILMS[name], wanted)]


@pytest.mark.parametrize("decoder", ["decord", "torchcodec"])
def test_half_a_film_is_a_bad_sample_for_every_decoder(decoder: Decoder) -> None:
    if why := loadable(decoder):
        pytest.skip(why)
    media = FILMS["one key frame"]
    with pytest.raises(BadSampleError, match=decoder) as error:
        decode(
            media[: len(media) // 2],
            Window(Fraction(1), 16, Fraction(16)),
            np.zeros((16, 3, 48, 64), np.uint8),
            decoder,
        )
    assert error.value.why == "decode"


def test_at_the_films_own_rate_every_frame_comes_once() -> None:
    found = decoded(FILMS["even"], Window(Fraction(1), 16, Fraction(RATE)), SIZE)
    assert np.array_equal(found, np.stack([picture for _, picture in every_frame(FILMS["even"])][16:32]))


def test_the_last_frame_stands_until_the_clip_ends() -> None:
    found = decoded(FILMS["even"], Window(Fraction(47, 16), 3, Fraction(60)), SIZE)
    last = every_frame(FILMS["even"])[-1][1]
    assert [np.array_equal(picture, last) for picture in found] == [True, True, True]


def test_half_a_film_is_a_bad_sample() -> None:
    media = FILMS["one key frame"]
    with pytest.raises(BadSampleError) as error:
        decoded(media[: len(media) // 2], Window(Fraction(1), 16, Fraction(16)), SIZE)
    assert error.value.why == "decode"


def test_what_is_no_film_is_a_bad_sample() -> None:
    with pytest.raises(BadSampleError, match="PyAV") as error:
        decoded(b"no film" * 100, Window(Fraction(0), 1, Fraction(1)), SIZE)
    assert error.value.why == "decode"


def test_pictures_of_another_size_are_a_bad_sample() -> None:
    with pytest.raises(BadSampleError, match="64x48 pixels; the manifest says 48x64") as error:
        decoded(FILMS["even"], Window(Fraction(0), 1, Fraction(1)), (48, 64))
    assert error.value.why == "size"


@given(st.integers(1, 10_000), st.integers(1, 20), st.integers(1, 60), st.integers(0, 5), st.integers(0, 5))
def test_a_window_is_inside_its_clip(milliseconds: int, frames: int, fps: int, seed: int, epoch: int) -> None:
    duration = Fraction(milliseconds, 1000)
    if duration <= Fraction(frames - 1, fps):
        with pytest.raises(ValueError, match="has not"):
            window("c", seed, epoch, duration, frames, Fraction(fps))
        return
    found = window("c", seed, epoch, duration, frames, Fraction(fps))
    assert found == window("c", seed, epoch, duration, frames, Fraction(fps))
    assert found.times[0] >= 0
    assert found.times[-1] < duration


def test_each_epoch_seed_and_clip_has_a_window_of_its_own() -> None:
    starts = {
        window(clip, seed, epoch, Fraction(10), 16, Fraction(16)).start
        for clip in "ab"
        for seed in (0, 1)
        for epoch in (0, 1, 2)
    }
    assert len(starts) == 12


def test_sources_give_what_a_decode_of_the_whole_shows(tmp_path: Path) -> None:
    source = tmp_path / "source.mp4"
    source.write_bytes(film((96, 64), 4 * RATE, 5, gop=10))
    row = {
        "clip_id": "c", "video_id": "v", "stream": 0, "start_pts": round(1.5 / BASE), "end_pts": round(3.5 / BASE), "pts_offset": 0,
        "time_base_num": 1, "time_base_den": 12800, "crop_x": 16, "crop_y": 8, "crop_width": 64, "crop_height": 48,
        "width": 64, "height": 48,
    }  # fmt: skip
    wanted = Window(Fraction(1, 3), 12, Fraction(8))
    found = np.zeros((12, 3, 48, 64), np.uint8)
    SourceFrames({"v": source}).read(row, wanted, found)
    moved = Window(wanted.start + Fraction(3, 2), 12, Fraction(8))
    whole = shown(source.read_bytes(), moved)[:, :, 8:56, 16:80]
    # Chroma is interpolated over the crop's edge in the one and not in the other.
    assert np.abs(found.astype(int) - whole)[:, :, 2:-2, 2:-2].max() <= 3
    assert len({frame.tobytes() for frame in found}) == 12


def test_a_source_that_is_not_there_is_a_bad_sample(tmp_path: Path) -> None:
    row = {
        "video_id": "v",
        "stream": 0,
        "start_pts": 0,
        "end_pts": 1,
        "pts_offset": 0,
        "time_base_num": 1,
        "time_base_den": 1,
    }
    for paths in ({}, {"v": tmp_path / "gone.mp4"}):
        with pytest.raises(BadSampleError) as error:
            SourceFrames(paths).read(row, Window(Fraction(0), 1, Fraction(1)), np.zeros((1, 3, 1, 1), np.uint8))
        assert error.value.why == "source"
