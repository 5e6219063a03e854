from __future__ import annotations

from pathlib import Path

import pytest

from tests.measure.decoding import decode
from tests.media.video_files import BIKES, CARPHONE, cut_to, made_from, overwritten
from video_assets.measure.decode_pass import decode_video
from video_assets.media.containers import MediaError
from video_assets.reasons import Reason
from video_assets.settings import DecodeSettings

H264 = ["-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2"]


@pytest.fixture(scope="module")
def streamable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bikes with its index first and key frames each second."""
    return made_from(BIKES, tmp_path_factory.mktemp("whole") / "whole.mp4", *H264, "-movflags", "+faststart")


def test_the_good_part_of_a_truncated_file_is_measured(streamable: Path, tmp_path: Path) -> None:
    found = decode(cut_to(streamable, tmp_path / "cut.mp4", 0.5), tmp_path)
    assert found.video.truncated
    assert 50 < found.video.frames < 200
    assert found.video.coverage == pytest.approx(found.video.duration_s / 10.0)
    whole = decode(streamable, tmp_path)
    good = found.video.frames - 10
    assert found.signals.head(good).equals(whole.signals.head(good))


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_a_truncated_file_of_another_container_is_measured(suffix: str, tmp_path: Path) -> None:
    whole = made_from(BIKES, tmp_path / f"whole.{suffix}", *H264)
    found = decode(cut_to(whole, tmp_path / f"cut.{suffix}", 0.5), tmp_path)
    assert 50 < found.video.frames < 200
    # A transport stream declares no duration; what is there is all that it says of itself.
    assert found.video.truncated == (suffix == "mkv")


def test_damage_in_the_middle_is_marked_and_passed(streamable: Path, tmp_path: Path) -> None:
    found = decode(overwritten(streamable, tmp_path / "damaged.mp4", 0.45, 0.5), tmp_path)
    assert 0 < found.video.corrupt_frames < 60
    assert found.video.corrupt_frames == found.signals["corrupt"].sum()
    assert found.video.frames > 200
    assert not found.video.truncated
    whole = decode(streamable, tmp_path)
    assert found.signals.tail(25).drop("frame").equals(whole.signals.tail(25).drop("frame"))


def test_pts_rise_strictly_in_spite_of_damage(streamable: Path, tmp_path: Path) -> None:
    for start in (0.2, 0.4, 0.6, 0.8):
        found = decode(overwritten(streamable, tmp_path / "damaged.mp4", start, start + 0.1), tmp_path)
        assert found.signals["pts"].diff().drop_nulls().min() > 0  # type: ignore[operator]


def test_a_container_with_only_decoding_times_gives_every_frame(tmp_path: Path) -> None:
    path = made_from(BIKES, tmp_path / "frames.avi", *H264)
    found = decode(path, tmp_path)
    assert found.video.frames == 250
    assert set(found.signals["pts"].diff().drop_nulls()) == {1}
    assert not found.video.variable_frame_rate


def tables(folder: Path) -> tuple[Path, Path, Path]:
    """Name the files that a decode would write."""
    return folder / "signals.parquet", folder / "keyframes.parquet", folder / "shot_frames.parquet"


def test_a_stream_without_frames_raises_and_leaves_no_file(streamable: Path, tmp_path: Path) -> None:
    header = streamable.read_bytes().index(b"mdat") / streamable.stat().st_size
    path = cut_to(streamable, tmp_path / "header.mp4", header + 0.0005)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(MediaError) as caught:
        decode_video(path, "video", 0, DecodeSettings(), *tables(out))
    assert caught.value.reason is Reason.NO_FRAMES
    assert list(out.iterdir()) == []


def test_a_picture_over_the_limit_is_not_decoded(tmp_path: Path) -> None:
    settings = DecodeSettings(max_pixels=176 * 144 - 1)
    with pytest.raises(MediaError) as caught:
        decode_video(CARPHONE, "video", 0, settings, *tables(tmp_path))
    assert caught.value.reason is Reason.ABSURD_DIMENSIONS


def test_a_stream_that_is_not_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        decode_video(BIKES, "video", 7, DecodeSettings(), *tables(tmp_path))
    assert caught.value.reason is Reason.NO_VIDEO_STREAM
