"""A cut has the clip's frames, this part of the picture, its colours and its times, and the same bytes each time."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.cropped import cropped
from tests.media.kinds_of_file import CLOSED, EXACT, KINDS, MOVING, Whole, made, whole
from tests.media.oriented import CORNERS, NAMES, corners, oriented_copy, quarters, shown_by_ffmpeg
from tests.media.video_files import ffmpeg, synthetic
from video_assets.media.containers import MediaError, open_video
from video_assets.media.cropping import Region
from video_assets.media.cut import cut, cut_job
from video_assets.media.cut_values import Cut, CutJob, CutSettings
from video_assets.media.orientation import ORIENTATIONS, Orientation
from video_assets.media.seek import LostTrackError
from video_assets.reasons import Reason

USUAL = CutSettings(crf=20, preset="veryfast")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return made("H.264, closed groups", tmp_path_factory.mktemp("closed"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "rotated"])
def test_a_cut_without_loss_has_the_pictures_and_times_of_a_whole_decode(kind: str, tmp_path: Path) -> None:
    source = made(kind, tmp_path)
    for first in range(0, len(source.pts) - 8, 3):
        if source.offsets[first] != source.offsets[first + 7]:
            continue
        result = cut(source.path, source.cut(first, first + 8), EXACT, tmp_path / "cut.mp4")
        found = whole(tmp_path / "cut.mp4")
        assert found.planes == source.planes[first : first + 8]
        relative = [(pts - source.pts[first]) * source.time_base for pts in source.pts[first : first + 8]]
        assert [pts * found.time_base for pts in found.pts] == relative
        span = source.span(first, first + 8)
        assert (result.frames, result.time_base, result.copied) == (8, found.time_base, False)
        assert result.end_pts * result.time_base == span.duration


def test_a_rotated_file_is_cut_as_displayed_without_loss(tmp_path: Path) -> None:
    source = made("rotated", tmp_path)
    cut(source.path, source.cut(20, 24), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert found.display == (120, 160)
    # -display_rotation 90 turns against the clock.
    assert all(np.array_equal(f, np.rot90(s)) for f, s in zip(found.lumas, source.lumas[20:24], strict=True))


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=NAMES.values())
def test_each_orientation_is_cut_as_the_ffmpeg_tool_shows_it(orientation: Orientation, tmp_path: Path) -> None:
    coded = synthetic(tmp_path / "coded.mp4", quarters(160, 120), *CLOSED, "-crf", "10")
    source = whole(oriented_copy(coded, tmp_path / "source.mp4", orientation))
    cut(source.path, source.cut(0, 5), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert found.display == source.display == ((120, 160) if orientation.turned else (160, 120))
    shown = corners(shown_by_ffmpeg(tmp_path / "cut.mp4", found.display))
    assert shown == corners(shown_by_ffmpeg(source.path, source.display))
    assert sorted(shown) == sorted(CORNERS)


@pytest.mark.parametrize("crop", [(11, 21, 64, 48), (1, 0, 158, 120), (0, 3, 160, 100), (10, 20, 61, 45)])
def test_a_crop_at_odd_offsets_is_a_slice_of_the_picture(
    crop: tuple[int, int, int, int], closed: Whole, tmp_path: Path
) -> None:
    x, y, *_ = crop
    wanted = closed.cut(10, 16, Region(*crop))
    cut(closed.path, wanted, EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert found.display == (wanted.width, wanted.height) == (crop[2] // 2 * 2, crop[3] // 2 * 2)
    for picture, coded in zip(found.lumas, closed.lumas[10:16], strict=True):
        assert np.array_equal(picture, coded[y : y + wanted.height, x : x + wanted.width])


def test_the_crop_of_a_turned_picture_is_taken_as_displayed(tmp_path: Path) -> None:
    source = made("rotated", tmp_path)
    wanted = source.cut(5, 8, Region(7, 31, 50, 90))
    cut(source.path, wanted, EXACT, tmp_path / "cut.mp4")
    expected = [np.rot90(coded)[31 : 31 + 90, 7 : 7 + 50] for coded in source.lumas[5:8]]
    assert all(np.array_equal(f, e) for f, e in zip(whole(tmp_path / "cut.mp4").lumas, expected, strict=True))


def test_a_scaled_cut_has_the_size_that_was_asked_for(closed: Whole, tmp_path: Path) -> None:
    crop = Region(0, 15, 160, 90)
    wanted = Cut(closed.span(0, 6), closed.display, crop, 82, 46)
    result = cut(closed.path, wanted, USUAL, tmp_path / "cut.mp4")
    assert (result.width, result.height) == whole(tmp_path / "cut.mp4").display == (82, 46)


def test_pixels_that_are_not_square_are_made_so_before_the_crop(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "wide.mp4", quarters(160, 120), "-vf", "setsar=4/3", *CLOSED, "-crf", "4")
    source = whole(path)
    assert source.display == (213, 120)
    # The right half, of which the left edge lies in the middle of the picture as displayed.
    cut(path, source.cut(0, 5, Region(107, 0, 106, 120)), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert found.display == (106, 120)
    assert corners(shown_by_ffmpeg(tmp_path / "cut.mp4", (106, 120))) == ("lime", "lime", "yellow", "yellow")
    cut(path, source.cut(0, 5), EXACT, tmp_path / "whole.mp4")
    assert whole(tmp_path / "whole.mp4").display == (212, 120)


def test_the_part_that_a_container_asks_for_is_the_picture(tmp_path: Path) -> None:
    path = cropped(tmp_path / "part.mkv", MOVING, (6, 10, 4, 8), *CLOSED)
    source = whole(path)
    assert source.display == (144, 108)
    cut(path, source.cut(5, 9, Region(1, 2, 100, 90)), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    expected = [coded[4 + 2 : 4 + 2 + 90, 6 + 1 : 6 + 1 + 100] for coded in source.lumas[5:9]]
    assert all(np.array_equal(f, e) for f, e in zip(found.lumas, expected, strict=True))


def following(folder: Path, *parts: tuple[str, ...]) -> Path:
    """A transport stream of parts of 0.4 s each, one behind the other in time."""
    data = b""
    for number, arguments in enumerate(parts):
        plain = synthetic(folder / "plain.mp4", quarters(160, 120).replace("0.2", "0.4"), *CLOSED, "-bf", "0")
        part = folder / f"{number}.ts"
        ffmpeg("-i", plain, *arguments, "-output_ts_offset", str(0.4 * number), "-muxdelay", "0", part)
        data += part.read_bytes()
    path = folder / "following.ts"
    path.write_bytes(data)
    return path


def test_a_stream_that_is_turned_in_its_middle_stays_upright(tmp_path: Path) -> None:
    says = "h264_metadata=display_orientation=insert:rotate={}"
    path = following(tmp_path, *(("-c", "copy", "-bsf:v", says.format(turn)) for turn in (0, 180)))
    source = whole(path)
    assert (len(source.pts), source.pieces) == (20, 1)
    cut(path, source.cut(0, 20), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert all(np.array_equal(f, s) for f, s in zip(found.lumas[:10], source.lumas[:10], strict=True))
    assert all(np.array_equal(f, s[::-1, ::-1]) for f, s in zip(found.lumas[10:], source.lumas[10:], strict=True))


def test_pixels_that_change_their_shape_are_those_of_the_clip(tmp_path: Path) -> None:
    path = following(tmp_path, *(("-vf", f"setsar={shape}", *CLOSED, "-bf", "0") for shape in ("1", "3/2")))
    source = whole(path)
    assert source.display == (160, 120)
    for first, display in ((0, (160, 120)), (10, (240, 120))):
        wanted = Cut(source.span(first, first + 8), display, Region(0, 0, *display), 80, 60)
        assert cut(path, wanted, EXACT, tmp_path / "cut.mp4").frames == 8
    with pytest.raises(MediaError, match=r"those of the clip at \(200, 120\)"):
        cut(path, Cut(source.span(10, 18), (200, 120), Region(0, 0, 200, 120), 80, 60), EXACT, tmp_path / "cut.mp4")


def test_time_in_units_of_1001_is_kept(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "ntsc.avi", MOVING.replace("rate=25", "rate=30000/1001"), "-c:v", "mpeg4", "-bf", "0")
    source = whole(path)
    assert source.time_base == Fraction(1001, 30000)
    result = cut(path, source.cut(5, 25), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert [pts * found.time_base for pts in found.pts] == [Fraction(1001 * n, 30000) for n in range(20)]
    assert result.end_pts * result.time_base == 20 * source.time_base


def test_the_pixels_of_a_cut_are_square_and_its_frames_have_b_frames_from_zero(closed: Whole, tmp_path: Path) -> None:
    cut(closed.path, closed.cut(7, 55), USUAL, tmp_path / "cut.mp4")
    with open_video(tmp_path / "cut.mp4") as container:
        stream = container.streams.video[0]
        packets = [(p.pts, p.dts, p.is_keyframe) for p in container.demux(stream) if p.size]
        assert stream.sample_aspect_ratio == 1
    assert min(pts for pts, _, _ in packets if pts is not None) == 0
    assert any(pts != dts for pts, dts, _ in packets)
    keys = [n for n, (_, _, key) in enumerate(packets) if key]
    assert keys[0] == 0
    assert max(b - a for a, b in zip(keys, [*keys[1:], len(packets)], strict=True)) <= 24


PROCESS = """
import pickle, sys
from video_assets.media.cut import cut_job
print(cut_job(pickle.loads(bytes.fromhex(sys.argv[1]))).sha256)
"""


def test_two_processes_and_this_one_write_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "source.mp4"
    synthetic(path, MOVING, "-f", "lavfi", "-i", "sine=frequency=700:sample_rate=44100:duration=2.4", *CLOSED)
    source = whole(path)
    wanted = Cut(source.span(7, 47), source.display, Region(3, 5, 140, 110), 114, 90)
    job = CutJob(path, wanted, replace(USUAL, fps=Fraction(24)), tmp_path / "cut.mp4")
    results = {cut_job(job).sha256}
    for _ in range(2):
        command = [sys.executable, "-c", PROCESS, pickle.dumps(job).hex()]
        results.add(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    assert len(results) == 1
    # Neither the version of a library nor a place is in the file.
    data = (tmp_path / "cut.mp4").read_bytes()
    assert b"Lavf" not in data
    assert b"Lavc" not in data


def test_a_picture_that_was_asked_for_twice_as_often_comes_twice(closed: Whole, tmp_path: Path) -> None:
    settings = replace(EXACT, fps=Fraction(50))
    result = cut(closed.path, closed.cut(4, 14), settings, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert result.frames == len(found.planes) == 20
    assert found.planes == [closed.planes[4 + n // 2] for n in range(20)]
    assert [pts * found.time_base for pts in found.pts] == [Fraction(n, 50) for n in range(20)]
    assert result.end_pts * result.time_base == Fraction(20, 50)


def test_a_lower_rate_shows_what_is_shown_at_its_times(closed: Whole, tmp_path: Path) -> None:
    result = cut(closed.path, closed.cut(4, 14), replace(EXACT, fps=Fraction(10)), tmp_path / "cut.mp4")
    assert result.frames == 4  # at 0, 0.1, 0.2 and 0.3 s of 0.4
    assert whole(tmp_path / "cut.mp4").planes == [closed.planes[4 + n] for n in (0, 2, 5, 7)]


def test_a_clip_that_is_displayed_otherwise_than_its_row_says_is_not_made(closed: Whole, tmp_path: Path) -> None:
    wanted = Cut(closed.span(0, 3), (160, 90), Region(0, 0, 160, 90), 160, 90)
    with pytest.raises(MediaError, match=r"\(160, 120\), those of the clip at \(160, 90\)") as raised:
        cut(closed.path, wanted, EXACT, tmp_path / "cut.mp4")
    assert raised.value.reason is Reason.CUT_MISMATCH
    assert not list(tmp_path.iterdir())


def test_a_picture_that_changes_its_size_inside_the_clip_is_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "changing.ts"
    sizes = ("160x120", "120x160")
    parts = [synthetic(tmp_path / f"{size}.ts", MOVING.replace("160x120", size), *CLOSED) for size in sizes]
    # The second part goes on in time.
    ffmpeg("-itsoffset", "2.4", "-i", parts[1], "-c", "copy", tmp_path / "later.ts")
    path.write_bytes(parts[0].read_bytes() + (tmp_path / "later.ts").read_bytes())
    source = whole(path)
    with pytest.raises(MediaError, match="changes from 160x120 yuv420p to 120x160 yuv420p") as raised:
        cut(path, source.cut(55, 65), EXACT, tmp_path / "cut.mp4")
    assert raised.value.reason is Reason.CUT_MISMATCH
    assert not (tmp_path / "cut.mp4").exists()


def test_a_count_that_the_file_does_not_give_is_no_clip(closed: Whole, tmp_path: Path) -> None:
    wanted = closed.cut(0, 3)
    with pytest.raises(MediaError, match="has 3 frames; 4 were counted") as raised:
        cut(closed.path, replace(wanted, span=replace(wanted.span, frames=4)), EXACT, tmp_path / "cut.mp4")
    assert raised.value.reason is Reason.CUT_MISMATCH
    assert isinstance(raised.value.__context__, LostTrackError)
    assert not list(tmp_path.iterdir())


FULL_DISK = """
import pickle, resource, signal, sys
from video_assets.media.containers import MediaError
from video_assets.media.cut import cut_job
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    cut_job(pickle.loads(bytes.fromhex(sys.argv[1])))
except MediaError as error:
    print(error.reason)
"""


def test_a_file_that_cannot_be_written_leaves_nothing_and_what_was_there(closed: Whole, tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes(b"before")
    job = CutJob(closed.path, closed.cut(0, 30), EXACT, tmp_path / "cut.mp4")
    command = [sys.executable, "-c", FULL_DISK, pickle.dumps(job).hex()]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    assert (said, Reason(said).transient) == ("write_error", True)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("cut.mp4", b"before")]


def test_a_preset_that_x264_does_not_have_is_told(closed: Whole, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"FFmpeg could not make cut\.mp4") as raised:
        cut(closed.path, closed.cut(0, 3), replace(EXACT, preset="none"), tmp_path / "cut.mp4")
    assert raised.value.reason is Reason.ENCODE_FAILED
    assert not list(tmp_path.iterdir())
