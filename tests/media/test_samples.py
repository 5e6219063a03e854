"""A hundred small files as the world makes them: frames, order, size and times are those of the ffmpeg tool."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from tests.media.video_files import ffmpeg
from video_assets.media.containers import open_video
from video_assets.media.frames import FrameReader
from video_assets.media.probe import probe
from video_assets.media.pyav import exact
from video_assets.media.streams import video_stream
from video_assets.settings import DecodeSettings

LARGEST = DecodeSettings().max_pixels
# Every frame is brighter than the one before it, so that the order can be seen.
RAMP = "color=black:size={size}:rate={rate}:duration=0.6,geq=lum='30+5*N+X/8':cb=128:cr=128"


@dataclass(frozen=True)
class Sample:
    """How a file is made: its ending, the encoder's options, and what is odd about it."""

    suffix: str
    options: str
    size: str = "64x48"
    rate: str = "25"
    copied: str | None = None
    """Options of a second pass that copies the stream into a file of the ending."""

    @property
    def name(self) -> str:
        return re.sub(r"[^\w.]+", "-", f"{self.size}@{self.rate} {self.options} {self.copied or ''}").strip("-") + f".{self.suffix}"  # fmt: skip


H264 = "-c:v libx264 -preset ultrafast"
VP9 = "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"
HEVC = "-c:v libx265 -preset ultrafast -x265-params log-level=none"

SAMPLES = [
    # Containers and the codecs that they usually hold.
    *(Sample(suffix, f"{H264} -pix_fmt yuv420p") for suffix in ("mp4", "mov", "mkv", "avi", "ts", "flv", "m4v", "m2ts", "f4v", "3gp", "mxf")),
    *(Sample(suffix, f"{H264} -bf 2 -pix_fmt yuv420p") for suffix in ("mp4", "mov", "mkv", "avi", "ts", "flv")),
    *(Sample(suffix, "-c:v mpeg4 -bf 2") for suffix in ("mp4", "mov", "mkv", "avi", "ts", "m4v")),
    *(Sample(suffix, "-c:v mpeg2video -bf 2") for suffix in ("mpg", "vob", "ts", "m2v", "mkv", "avi", "mxf", "mov")),
    *(Sample(suffix, "-c:v mpeg1video") for suffix in ("mpg", "mkv", "avi")),
    *(Sample(suffix, "-c:v libvpx -deadline realtime -cpu-used 8") for suffix in ("webm", "mkv", "ivf")),
    *(Sample(suffix, VP9) for suffix in ("webm", "mp4", "ivf")),
    *(Sample(suffix, f"{HEVC} -pix_fmt yuv420p") for suffix in ("mp4", "mkv", "ts", "mov")),
    *(Sample(suffix, "-c:v libsvtav1 -preset 13 -svtav1-params lp=1") for suffix in ("mp4", "mkv", "webm")),
    *(Sample(suffix, "-c:v mjpeg -pix_fmt yuvj420p") for suffix in ("avi", "mov", "mkv")),
    *(Sample(suffix, "-c:v ffv1") for suffix in ("mkv", "avi", "mov")),
    *(Sample(suffix, "-c:v huffyuv -pix_fmt yuv422p") for suffix in ("avi", "mkv")),
    *(Sample(suffix, "-c:v rawvideo -pix_fmt yuv420p") for suffix in ("avi", "mkv")),
    Sample("mov", "-c:v rawvideo -pix_fmt rgb24"),
    *(Sample("mov", f"-c:v {codec}") for codec in ("prores_ks", "qtrle", "png", "jpeg2000")),
    *(Sample("wmv", f"-c:v {codec}") for codec in ("wmv1", "wmv2", "msmpeg4v3")),
    *(Sample("asf", f"-c:v {codec}") for codec in ("msmpeg4v2", "mjpeg -pix_fmt yuvj420p")),
    *(Sample("avi", f"-c:v {codec}") for codec in ("msmpeg4v3", "flv1", "utvideo", "snow -strict -2 -pix_fmt yuv420p")),
    Sample("flv", "-c:v flv1"),
    Sample("ogv", "-c:v libtheora"),
    Sample("3gp", "-c:v h263", size="176x144", rate="30000/1001"),
    Sample("3g2", "-c:v mpeg4"),
    Sample("dv", "-c:v dvvideo -pix_fmt yuv420p", size="720x576"),
    Sample("mov", "-c:v dvvideo -pix_fmt yuv411p", size="720x480", rate="30000/1001"),
    Sample("mov", "-c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p", size="256x120"),
    # Pixel formats.
    *(Sample("mkv", f"-c:v ffv1 -pix_fmt {form}") for form in ("gray", "gray10le", "yuv411p", "yuv422p10le", "yuv444p12le", "yuva420p", "gbrp", "bgr0", "yuv440p", "yuv410p")),
    *(Sample("mp4", f"{H264} -pix_fmt {form}") for form in ("yuv422p", "yuv444p", "yuv420p10le", "yuvj420p", "gray")),
    *(Sample("mkv", f"{HEVC} -pix_fmt {form}") for form in ("yuv420p10le", "yuv444p12le")),
    *(Sample("webm", f"{VP9} -pix_fmt {form}") for form in ("yuva420p", "yuv444p")),
    # Oddities of size, shape and time.
    *(Sample("mkv", "-c:v ffv1 -pix_fmt yuv444p", size=size) for size in ("63x47", "17x33", "254x16")),
    *(Sample("mp4", f"{H264} -pix_fmt yuv420p", size=size) for size in ("62x46", "66x50")),
    *(Sample(suffix, f"{H264} -pix_fmt yuv420p -vf setsar=16/11") for suffix in ("mp4", "mkv", "ts")),
    *(Sample(suffix, f"{H264} -pix_fmt yuv420p", rate=rate) for suffix in ("mp4", "mkv", "flv") for rate in ("24000/1001", "60", "7")),
    *(Sample("mp4", f"{H264} -pix_fmt yuv420p", copied=f"-bsf:v h264_metadata=rotate={turn}") for turn in (90, 180, 270)),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -bf 3 -vf setpts=N*N/25/TB -fps_mode vfr"),
    Sample("mkv", f"{H264} -pix_fmt yuv420p -vf setpts=N*N/25/TB -fps_mode vfr"),
    Sample("ts", f"{H264} -pix_fmt yuv420p -bf 2 -output_ts_offset 95443"),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -movflags +frag_keyframe+empty_moov -g 5"),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -bf 2 -movflags +negative_cts_offsets"),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -bf 2 -output_ts_offset 3"),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -flags +ilme+ildct -x264-params interlaced=1:bff=1"),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -x264-params intra-refresh=1:keyint=5 -bf 0"),
    Sample("mp4", f"{H264} -pix_fmt yuv420p -x264-params open-gop=1:keyint=5:bframes=3:b-pyramid=normal"),
    Sample("avi", f"{H264} -pix_fmt yuv420p -bf 3", copied=""),
    Sample("mov", f"{H264} -pix_fmt yuv420p -bf 2 -video_track_timescale 600"),
]  # fmt: skip


def made(sample: Sample, folder: Path) -> Path:
    path = folder / sample.name[-100:]
    ramp = RAMP.format(size=sample.size, rate=sample.rate)
    first = path if sample.copied is None else folder / "first.mp4"
    ffmpeg("-f", "lavfi", "-i", ramp, *sample.options.split(), first)
    if sample.copied is not None:
        ffmpeg("-i", first, "-c", "copy", *sample.copied.split(), path)
    return path


@dataclass(frozen=True)
class Told:
    """What a reader says of a file: width and height as shown, and of each frame its time from the first one and its light."""

    size: tuple[int, int]
    times: list[Fraction]
    light: list[float]


def by_the_tool(path: Path) -> Told:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(path), "-map", "0:v:0"]
    # Square pixels, as a screen has them.
    square = "scale=w='max(1,round(iw*if(sar,sar,1)))':h=ih:flags=neighbor,setsar=1,format=gray"
    turned = subprocess.run([*command, "-fps_mode", "passthrough", "-enc_time_base", "demux", "-vf", square, "-f", "framecrc", "-"], check=True, capture_output=True, text=True).stdout  # fmt: skip
    raw = subprocess.run([*command, "-fps_mode", "passthrough", "-vf", square, "-f", "rawvideo", "-"], check=True, capture_output=True).stdout  # fmt: skip
    width, height = map(int, re.search(r"#dimensions 0: (\d+)x(\d+)", turned).groups())  # type: ignore[union-attr]
    base = Fraction(re.search(r"#tb 0: (\S+)", turned)[1])  # type: ignore[index]
    pts = [int(line.split(",")[2]) for line in turned.splitlines() if not line.startswith("#")]
    pictures = np.frombuffer(raw, np.uint8).reshape(len(pts), height * width)
    return Told((width, height), [(p - pts[0]) * base for p in pts], pictures.mean(axis=1).tolist())


def by_us(path: Path) -> Told:
    found = probe(path, LARGEST)
    times, light = [], []
    with open_video(path, LARGEST) as container:
        reader = FrameReader(container, stream := video_stream(container, found.stream), LARGEST)
        base = exact(stream.time_base)
        assert base is not None
        for shown in reader:
            times.append(shown.pts * base)
            light.append(float(shown.frame.to_ndarray(format="gray").mean()))
    assert (reader.left_out, reader.errors, reader.pieces) == (0, 0, 1)
    return Told((found.width, found.height), [t - times[0] for t in times], light)


def test_there_are_a_hundred_samples_of_many_kinds() -> None:
    assert len({s.name for s in SAMPLES}) == len(SAMPLES) >= 100
    assert len({s.suffix for s in SAMPLES}) >= 20


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_a_sample_is_read_as_the_tool_reads_it(sample: Sample, tmp_path: Path) -> None:
    path = made(sample, tmp_path)
    ours, tools = by_us(path), by_the_tool(path)
    assert ours.size == tools.size
    assert len(ours.light) == len(tools.light)
    assert [float(t) for t in ours.times] == pytest.approx([float(t) for t in tools.times], abs=1e-6)
    assert ours.light == pytest.approx(tools.light, abs=3)
    assert sorted(ours.light) == ours.light


def test_a_file_that_gives_the_order_of_decoding_for_that_of_showing_loses_no_frame(tmp_path: Path) -> None:
    # FFmpeg writes B frames into MXF so; its own reader gives three frames the same time.
    sample = Sample("mxf", f"{H264} -bf 2 -pix_fmt yuv420p")
    ours, tools = by_us(made(sample, tmp_path)), by_the_tool(made(sample, tmp_path))
    assert ours.light == pytest.approx(tools.light, abs=3)
    assert len(set(ours.times)) == len(ours.light) == 15
    assert sorted(ours.light) == ours.light
