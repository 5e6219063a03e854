from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.video_files import BIKES, BUNNY, CARPHONE, cut_to, ffmpeg, made_from, synthetic
from video_assets.media.containers import MediaError
from video_assets.media.probe import probe
from video_assets.reasons import Reason

ANY_SIZE = 8192 * 8192


def reason_of(path: Path, max_pixels: int = ANY_SIZE) -> Reason:
    with pytest.raises(MediaError) as caught:
        probe(path, max_pixels)
    return caught.value.reason


def test_a_clip_is_probed_exactly() -> None:
    found = probe(BIKES, ANY_SIZE)
    assert found.container == "mov,mp4,m4a,3gp,3g2,mj2"
    assert (found.codec, found.pixel_format, found.stream) == ("h264", "yuv420p", 0)
    assert (found.width, found.height, found.coded_width, found.coded_height) == (640, 272, 640, 272)
    assert (found.rotation, found.sample_aspect) == (0, 1.0)
    assert (found.time_base_num, found.time_base_den, found.start_pts) == (1, 12800, 0)
    assert (found.duration_s, found.declared_frames, found.average_fps) == (10.0, 250, 25.0)
    assert not found.has_audio


def test_the_display_width_follows_the_sample_aspect() -> None:
    found = probe(CARPHONE, ANY_SIZE)
    assert found.sample_aspect == pytest.approx(128 / 117)
    assert (found.coded_width, found.width, found.height) == (176, round(176 * 128 / 117), 144)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation_metadata_is_clockwise_and_applied_to_the_display_size(turn: int, tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", str(-turn), "-i", BIKES, "-c", "copy", path)
    found = probe(path, ANY_SIZE)
    assert found.rotation == turn
    assert (found.width, found.height) == ((640, 272) if turn == 180 else (272, 640))
    assert (found.coded_width, found.coded_height) == (640, 272)


def test_audio_is_noticed() -> None:
    assert probe(BUNNY, ANY_SIZE).has_audio


@pytest.mark.parametrize(
    ("small", "large", "chosen"), [("default", "default", 640), ("default", "0", 193), ("0", "default", 640)]
)
def test_the_default_stream_is_the_video_then_the_largest_and_never_cover_art(
    small: str, large: str, chosen: int, tmp_path: Path
) -> None:
    cover = made_from(BUNNY, tmp_path / "cover.png", "-frames:v", "1")
    path = tmp_path / "streams.mp4"
    ffmpeg(
        *("-i", CARPHONE, "-i", BIKES, "-i", cover, "-map", "2", "-map", "0:v", "-map", "1:v", "-c", "copy"),
        *("-disposition:v:0", "attached_pic", "-disposition:v:1", small, "-disposition:v:2", large, path),
    )
    assert probe(path, ANY_SIZE).width == chosen


def test_audio_alone_is_no_video(tmp_path: Path) -> None:
    path = made_from(BUNNY, tmp_path / "sound.mp4", "-vn", "-c:a", "copy")
    assert reason_of(path) is Reason.NO_VIDEO_STREAM


def test_audio_with_cover_art_is_no_video(tmp_path: Path) -> None:
    cover = made_from(BIKES, tmp_path / "cover.png", "-frames:v", "1")
    path = tmp_path / "song.mp4"
    ffmpeg("-i", BUNNY, "-i", cover, "-map", "0:a", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", path)
    assert reason_of(path) is Reason.NO_VIDEO_STREAM


def test_a_codec_without_a_decoder_is_unsupported(tmp_path: Path) -> None:
    path = made_from(BIKES, tmp_path / "clip.mkv", "-t", "1", "-c", "copy")
    data = path.read_bytes()
    assert b"V_MPEG4/ISO/AVC" in data
    path.write_bytes(data.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/XYZ"))
    assert reason_of(path) is Reason.UNSUPPORTED_CODEC


def test_a_picture_over_the_limit_is_refused() -> None:
    assert reason_of(BIKES, max_pixels=640 * 272 - 1) is Reason.ABSURD_DIMENSIONS
    assert probe(BIKES, max_pixels=640 * 272).width == 640


def test_a_header_that_declares_an_absurd_picture_is_refused(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "raw.avi", "testsrc=size=64x48:rate=5:duration=1", "-c:v", "rawvideo")
    data = bytearray(path.read_bytes())
    sizes = data.index(b"strf") + 12  # biWidth and biHeight of the BITMAPINFOHEADER
    data[sizes : sizes + 8] = (60_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    assert reason_of(path) is Reason.ABSURD_DIMENSIONS


def test_a_file_without_one_whole_frame_has_no_frames(tmp_path: Path) -> None:
    whole = made_from(BIKES, tmp_path / "whole.mp4", "-c", "copy", "-movflags", "+faststart")
    index_end = whole.read_bytes().index(b"mdat") / whole.stat().st_size
    assert reason_of(cut_to(whole, tmp_path / "cut.mp4", index_end + 0.0005)) is Reason.NO_FRAMES


def test_transfer_and_range_are_named_as_ffmpeg_names_them(tmp_path: Path) -> None:
    tags = "setparams=color_primaries=bt2020:colorspace=bt2020nc:color_trc=smpte2084:range=tv"
    path = made_from(
        BIKES, tmp_path / "hdr.mp4", "-t", "0.2", "-vf", tags, "-pix_fmt", "yuv420p10le", "-c:v", "libx264"
    )
    found = probe(path, ANY_SIZE)
    assert (found.pixel_format, found.colour_transfer, found.colour_range) == ("yuv420p10le", "smpte2084", "tv")


@pytest.mark.parametrize("suffix", ["mkv", "ts", "avi"])
def test_every_container_tells_the_clip_s_duration(suffix: str, tmp_path: Path) -> None:
    path = made_from(BIKES, tmp_path / f"clip.{suffix}", "-c", "copy")
    assert probe(path, ANY_SIZE).duration_s == pytest.approx(10.0, abs=0.1)


@pytest.mark.parametrize(
    ("size", "sampling", "rate", "expected"),
    [("720x576", "yuv420p", "25", 25.0), ("720x480", "yuv411p", "30000/1001", 30000 / 1001)],
)
def test_the_clock_of_a_dv_camera_is_not_its_frame_rate(
    size: str, sampling: str, rate: str, expected: float, tmp_path: Path
) -> None:
    picture = f"testsrc2=size={size}:rate={rate}:duration=1"
    found = probe(synthetic(tmp_path / "camera.dv", picture, "-pix_fmt", sampling, "-c:v", "dvvideo"), ANY_SIZE)
    assert (found.codec, found.average_fps) == ("dvvideo", expected)


@pytest.mark.parametrize("rate", ["25", "1000"])
def test_a_frame_a_tick_is_a_rate_where_the_frames_come_so(rate: str, tmp_path: Path) -> None:
    picture = f"testsrc2=size=64x64:rate={rate}:duration=0.2"
    clock = ("-video_track_timescale", rate)
    found = probe(synthetic(tmp_path / "ticks.mp4", picture, "-c:v", "mpeg4", *clock), ANY_SIZE)
    assert (found.time_base_den, found.average_fps) == (int(rate), float(rate))


@pytest.mark.parametrize(
    ("encoder", "codec"), [("libaom-av1", "av1"), ("libvpx-vp9", "vp9"), ("libvpx", "vp8"), ("libx265", "hevc")]
)
def test_a_codec_has_its_own_name_whichever_decoder_reads_it(encoder: str, codec: str, tmp_path: Path) -> None:
    picture = "testsrc2=size=64x64:rate=5:duration=0.4"
    path = synthetic(tmp_path / "film.mkv", picture, "-pix_fmt", "yuv420p", "-c:v", encoder)
    two = tmp_path / "two.mkv"
    ffmpeg("-i", path, "-i", path, "-map", "0", "-map", "1", "-c", "copy", two)
    assert probe(path, ANY_SIZE).codec == codec
    assert probe(two, ANY_SIZE).other_videos == f"stream 1: {codec} 64x64"
