from __future__ import annotations

import gc
from pathlib import Path

import av
import cv2
import numpy as np
import polars as pl
import pytest
from av.video.frame import VideoFrame

from tests.measure.decoding import Decoded, decode
from tests.media.video_files import BIKES, BUNNY, CARPHONE, ffmpeg, made_from, synthetic
from video_assets.lake.schemas import FRAME_SIGNALS, KEYFRAMES
from video_assets.media.streams import orientation
from video_assets.settings import DecodeSettings


@pytest.fixture(scope="module")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Decoded:
    return decode(BIKES, tmp_path_factory.mktemp("bikes"))


@pytest.mark.parametrize(
    ("path", "frames", "fps"), [(BIKES, 250, 25.0), (BUNNY, 132, 25.0), (CARPHONE, 120, 30000 / 1001)]
)
def test_every_frame_is_measured_once(path: Path, frames: int, fps: float, tmp_path: Path) -> None:
    found = decode(path, tmp_path)
    assert found.video.frames == len(found.signals) == frames
    assert found.video.fps == pytest.approx(fps)
    assert found.signals["frame"].to_list() == list(range(frames))
    assert (found.video.coverage, found.video.truncated, found.video.corrupt_frames) == (1.0, False, 0)


def test_the_files_have_the_lake_s_columns_and_types(bikes: Decoded) -> None:
    assert list(bikes.signals.schema.items()) == list(FRAME_SIGNALS.schema.items())[1:]
    assert list(bikes.keyframes.schema.items()) == list(KEYFRAMES.schema.items())[1:]
    assert next(iter(FRAME_SIGNALS.schema)) == next(iter(KEYFRAMES.schema)) == "batch"


def test_pts_and_times_are_exact(bikes: Decoded) -> None:
    assert bikes.signals["pts"].to_list() == [512 * n for n in range(250)]
    assert bikes.signals["time_s"].to_list() == pytest.approx([n / 25 for n in range(250)])
    assert (bikes.video.first_pts, bikes.video.end_pts, bikes.video.duration_s) == (0, 128000, 10.0)
    assert not bikes.video.variable_frame_rate


def test_the_analysis_picture_keeps_the_aspect_at_the_set_long_side(bikes: Decoded, tmp_path: Path) -> None:
    assert (bikes.video.analysis_width, bikes.video.analysis_height) == (320, 136)
    small = decode(CARPHONE, tmp_path, DecodeSettings(analysis_long_side=160)).video
    assert (small.analysis_width, small.analysis_height) == (160, 120)  # 193x144 after sample aspect


def test_hard_cuts_stand_out_from_their_neighbours(bikes: Decoded) -> None:
    change = (pl.col("delta_hue") + pl.col("delta_sat") + pl.col("delta_lum")) / 3
    strongest = bikes.signals.select("frame", change=change).sort("change", descending=True, nulls_last=True)
    assert sorted(strongest["frame"].head(5)) == [30, 76, 137, 187, 242]


def test_frames_are_sampled_at_or_after_each_period(bikes: Decoded) -> None:
    sampled = bikes.signals.filter(pl.col("sharpness").is_not_null())["frame"].to_list()
    assert sampled == [-(-n * 25 // 4) for n in range(40)]
    assert bikes.keyframes["frame"].to_list() == [25 * n for n in range(10)]
    for column in ("saturation", "dark_share", "bright_share"):
        assert bikes.signals.filter(pl.col(column).is_not_null())["frame"].to_list() == sampled


def test_kept_frames_are_images_of_the_stated_size(bikes: Decoded) -> None:
    first = bikes.keyframes.row(0, named=True)
    image = cv2.imdecode(np.frombuffer(first["jpeg"], np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (first["height"], first["width"], 3) == (360, 848, 3)
    assert image.mean() == pytest.approx(bikes.signals["rgb_mean"][0], abs=2)


def test_values_need_a_frame_before_and_are_null_on_the_first(bikes: Decoded) -> None:
    first = bikes.signals.row(0, named=True)
    for column in ("delta_hue", "delta_sat", "delta_lum", "difference", "changed_share", "vmaf_motion"):
        assert first[column] is None
        assert bikes.signals[column][1:].is_not_null().any()
    assert bikes.signals["blend_distance"].is_null().to_list() == [n < 12 for n in range(250)]


def test_a_variable_frame_rate_keeps_its_own_pts(tmp_path: Path) -> None:
    # Frames 0-49 as they are, then every second one of the rest.
    path = made_from(
        BIKES, tmp_path / "vfr.mp4", "-vf", "select='lt(n,50)+mod(n,2)'", "-fps_mode", "vfr", "-c:v", "libx264"
    )
    found = decode(path, tmp_path)
    step = 1 / 25
    assert found.video.frames == 50 + 100
    assert found.video.variable_frame_rate
    assert found.signals["time_s"].to_list() == pytest.approx([n * step for n in [*range(50), *range(51, 250, 2)]])


def test_rounding_to_a_coarse_time_base_is_not_a_variable_rate(tmp_path: Path) -> None:
    path = made_from(CARPHONE, tmp_path / "milliseconds.mkv", "-c", "copy")
    found = decode(path, tmp_path)
    assert set(found.signals["pts"].diff().drop_nulls()) == {33, 34}
    assert not found.video.variable_frame_rate


def test_a_start_after_zero_is_kept(tmp_path: Path) -> None:
    path = made_from(BIKES, tmp_path / "late.mp4", "-c", "copy", "-output_ts_offset", "5")
    found = decode(path, tmp_path)
    assert found.signals["time_s"][0] == pytest.approx(5.0)
    assert (found.video.frames, found.video.duration_s, found.video.coverage) == (250, 10.0, 1.0)
    assert found.signals["sharpness"][0] is not None


def test_frames_before_an_edit_list_s_start_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "edited.mp4"
    # A copy can only begin at a key frame; an edit list hides the frames before 1.6 s (frame 40 of 250).
    ffmpeg("-ss", "1.6", "-i", BIKES, "-c", "copy", path)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.first_pts, found.video.truncated) == (210, 0, False)


def test_rotation_turns_pictures_and_images(tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "-90", "-i", BIKES, "-c", "copy", path)
    turned = decode(path, tmp_path)
    assert (turned.video.analysis_width, turned.video.analysis_height) == (136, 320)
    assert (turned.keyframes["width"][0], turned.keyframes["height"][0]) == (360, 848)


def test_reading_side_data_keeps_no_frame_alive() -> None:
    with av.open(str(BIKES)) as container:
        frames = container.decode(video=0)
        gc.collect()
        gc.disable()
        try:
            for _ in range(100):
                orientation(next(frames))
            alive = sum(isinstance(o, VideoFrame) for o in gc.get_objects())
        finally:
            gc.enable()
    # The decoder gives a few frames at a time.
    assert alive < 20


PIXELS = {
    "10-bit": ("yuv420p10le", "libx264", "mp4"),
    "4:2:2": ("yuv422p", "libx264", "mp4"),
    "4:4:4": ("yuv444p", "libx264", "mp4"),
    "full range": ("yuvj420p", "libx264", "mp4"),
    "RGB": ("rgb24", "libx264rgb", "mkv"),
    "grey": ("gray", "ffv1", "mkv"),
    "12-bit 4:4:4": ("yuv444p12le", "ffv1", "mkv"),
}


@pytest.mark.parametrize(("pixels", "codec", "suffix"), PIXELS.values(), ids=PIXELS.keys())
def test_every_pixel_format_gives_the_same_light(
    pixels: str, codec: str, suffix: str, bikes: Decoded, tmp_path: Path
) -> None:
    path = made_from(
        BIKES,
        tmp_path / f"c.{suffix}",
        "-t",
        "1",
        "-pix_fmt",
        pixels,
        "-c:v",
        codec,
        "-crf",
        "8",
        "-preset",
        "veryfast",
    )
    found, plain = decode(path, tmp_path).signals, bikes.signals.head(25)
    for column, tolerance in (("luma_mean", 2.0), ("luma_std", 1.0), ("difference", 0.4), ("vmaf_motion", 0.3)):
        assert found[column].mean() == pytest.approx(plain[column].mean(), abs=tolerance), column


def test_limited_range_is_stretched_to_full(tmp_path: Path) -> None:
    # Half black, half white.
    picture = "color=black:size=320x180:rate=25:duration=0.2,drawbox=x=160:w=160:h=180:color=white:t=fill"
    found = decode(synthetic(tmp_path / "halves.mp4", picture, "-pix_fmt", "yuv420p", "-crf", "1"), tmp_path).signals
    assert found["luma_mean"][0] == pytest.approx(127.5, abs=1)
    assert found["luma_std"][0] == pytest.approx(127.5, abs=1)
    assert found["black_share"][0] == pytest.approx(0.5, abs=0.01)
    assert found["rgb_mean"][0] == pytest.approx(127.5, abs=1)


def test_a_change_of_resolution_in_mid_stream_is_scaled_alike(tmp_path: Path) -> None:
    parts = [
        made_from(BIKES, tmp_path / f"{height}.ts", "-t", "1", "-vf", f"scale=-2:{height}", "-c:v", "libx264")
        for height in (272, 136)
    ]
    path = tmp_path / "both.ts"
    ffmpeg("-i", f"concat:{parts[0]}|{parts[1]}", "-c", "copy", path)
    found = decode(path, tmp_path)
    assert found.video.frames == 50
    assert (found.video.analysis_width, found.video.analysis_height) == (320, 136)
    assert found.signals["luma_mean"][25] == pytest.approx(found.signals["luma_mean"][0], abs=1)


def test_a_frozen_clip_does_not_change(tmp_path: Path) -> None:
    still = made_from(BUNNY, tmp_path / "still.png", "-frames:v", "1")
    path = tmp_path / "frozen.mp4"
    ffmpeg(
        "-loop",
        "1",
        "-framerate",
        "25",
        "-i",
        still,
        "-t",
        "1",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-pix_fmt",
        "yuv420p",
        path,
    )
    signals = decode(path, tmp_path).signals[1:]
    assert signals["difference"].mean() == pytest.approx(0, abs=0.1)
    assert signals["changed_share"].max() == 0
    assert signals["vmaf_motion"].mean() == pytest.approx(0, abs=0.1)
    # Between two equal ends there is nothing to blend.
    assert signals["blend_distance"].max() < 0.5  # type: ignore[operator]
    assert signals["blend_residual"].null_count() == len(signals)


def test_a_black_clip_is_black_and_says_nothing_of_bars(tmp_path: Path) -> None:
    signals = decode(synthetic(tmp_path / "black.mp4", "color=black:size=640x360:rate=25:duration=1"), tmp_path).signals
    assert signals["luma_mean"].max() == 0
    assert signals["black_share"].min() == 1
    assert signals["dark_share"].drop_nulls().to_list() == [1.0] * 4
    for column in ("bar_left", "bar_right", "bar_top", "bar_bottom"):
        assert signals[column].null_count() == len(signals)


BARS = {
    "letterbox": ("pad=1280:960:0:120:black", (0, 0, 0.125, 0.125)),
    "pillarbox": ("pad=1600:720:160:0:black", (0.1, 0.1, 0, 0)),
    "one side": ("pad=1600:720:320:0:black", (0.2, 0, 0, 0)),
    "both": ("pad=1600:900:160:90:black", (0.1, 0.1, 0.1, 0.1)),
    "none": ("null", (0, 0, 0, 0)),
}


@pytest.mark.parametrize(("pad", "expected"), BARS.values(), ids=BARS.keys())
def test_bars_are_found_to_one_per_cent(pad: str, expected: tuple[float, ...], tmp_path: Path) -> None:
    path = made_from(BUNNY, tmp_path / "barred.mp4", "-t", "2", "-vf", pad, "-c:v", "libx264", "-preset", "ultrafast")
    signals = decode(path, tmp_path).signals
    found = [signals[c].median() for c in ("bar_left", "bar_right", "bar_top", "bar_bottom")]
    assert found == pytest.approx(list(expected), abs=0.01)


def test_a_dissolve_is_the_average_of_its_ends(tmp_path: Path) -> None:
    path = tmp_path / "dissolve.mp4"
    # xfade from frame 25 to frame 37, so that frame 37 less 12 and 6 are its start and its middle.
    graph = "color=0x303030:size=320x180:rate=25:duration=2[a];testsrc=size=320x180:rate=25:duration=2[b];[a][b]xfade=offset=1:duration=0.48"
    ffmpeg("-filter_complex", graph, "-c:v", "libx264", "-crf", "10", path)
    signals = decode(path, tmp_path).signals
    assert signals["blend_distance"][37] > 50
    assert signals["blend_residual"][37] < 0.06


def test_a_cut_is_not_the_average_of_its_ends(bikes: Decoded) -> None:
    at_cut = bikes.signals.filter(pl.col("frame").is_in([n + 3 for n in (30, 76, 137, 187)]))
    assert (at_cut["blend_residual"] > 0.4).all()


def test_the_fast_profile_leaves_out_the_loop_filter(bikes: Decoded, tmp_path: Path) -> None:
    fast = decode(BIKES, tmp_path, DecodeSettings(profile="fast"))
    assert fast.video.frames == 250
    drift = (fast.signals["luma_mean"] - bikes.signals["luma_mean"]).abs().to_numpy()
    sharper = (fast.signals["sharpness"] - bikes.signals["sharpness"]).drop_nulls().to_numpy()
    assert 0 < drift.max() < 3
    assert sharper.max() > 0.5


def test_the_same_file_gives_the_same_bytes_twice(bikes: Decoded, tmp_path: Path) -> None:
    again = decode(BIKES, tmp_path)
    assert again.signals.equals(bikes.signals)
    assert again.keyframes.equals(bikes.keyframes)
