"""A cut's numbers mean what the footage's mean; what is not whole pictures of SDR in 8 bits is refused, or converted as the settings say."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.kinds_of_file import CLOSED, EXACT, MOVING, Whole, luma, made, whole
from tests.media.video_files import synthetic
from video_assets.measure.tone_map import as_sdr
from video_assets.media.containers import MediaError, open_video
from video_assets.media.cut import cut
from video_assets.reasons import Reason


def tagged(path: Path) -> dict[str, int]:
    with open_video(path) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        names = ("color_primaries", "color_trc", "colorspace", "color_range")
        return {name: getattr(context, name) for name in names}


@pytest.mark.parametrize(
    ("tags", "numbers"),
    [
        ("color_primaries=bt709:colorspace=bt709:color_trc=bt709:range=tv", (1, 1, 1, 1)),
        ("color_primaries=bt470bg:colorspace=smpte170m:color_trc=smpte170m:range=tv", (5, 6, 6, 1)),
        ("color_primaries=bt709:colorspace=bt709:color_trc=iec61966-2-1:range=pc", (1, 13, 1, 2)),
    ],
)
@pytest.mark.parametrize("size", [(160, 120), (120, 90)])
def test_what_the_numbers_mean_is_carried_on(
    size: tuple[int, int], tags: str, numbers: tuple[int, ...], tmp_path: Path
) -> None:
    source = whole(synthetic(tmp_path / "source.mp4", MOVING, "-vf", f"setparams={tags}", *CLOSED))
    wanted = replace(source.cut(0, 3), width=size[0], height=size[1])
    cut(source.path, wanted, EXACT, tmp_path / "cut.mp4")
    assert tuple(tagged(tmp_path / "cut.mp4").values()) == numbers
    found = whole(tmp_path / "cut.mp4")
    # Luma stays in its range.
    assert abs(float(found.lumas[0].mean()) - float(source.lumas[0].mean())) < 1
    flat = np.s_[-8:, -8:]  # of one colour, which another matrix would move by 27
    assert int(found.lumas[0][flat].max()) - int(source.lumas[0][flat].max()) in (-1, 0, 1)
    if size == source.display:
        assert found.planes == source.planes[:3]


def test_untagged_footage_stays_untagged(tmp_path: Path) -> None:
    closed = made("H.264, closed groups", tmp_path)
    cut(closed.path, closed.cut(0, 3), EXACT, tmp_path / "cut.mp4")
    assert tuple(tagged(tmp_path / "cut.mp4").values()) == (2, 2, 2, 0)


@pytest.mark.parametrize(("codec", "pixels"), [("mjpeg", "yuvj420p"), ("mjpeg", "yuvj422p")])
def test_the_full_range_of_a_camera_stays_full(codec: str, pixels: str, tmp_path: Path) -> None:
    source = whole(synthetic(tmp_path / "source.mkv", MOVING, "-c:v", codec, "-pix_fmt", pixels, "-q:v", "2"))
    cut(source.path, source.cut(3, 6), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert tagged(tmp_path / "cut.mp4")["color_range"] == 2
    assert all(np.array_equal(f, s) for f, s in zip(found.lumas, source.lumas[3:6], strict=True))


def test_red_green_and_blue_become_luma_and_chroma_that_say_which(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "source.mkv", "color=red:size=160x120:rate=25:duration=0.4", "-c:v", "ffv1", "-pix_fmt", "gbrp")  # fmt: skip
    cut(path, whole(path).cut(0, 3), EXACT, tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert tagged(tmp_path / "cut.mp4")["colorspace"] == 6
    assert np.unique(found.lumas[0]).tolist() in ([81], [82])  # BT.601: 16 + 219 x 0.299


HDR = "setparams=color_primaries=bt2020:colorspace=bt2020nc:color_trc=smpte2084:range=tv"


def deep(path: Path, tags: str) -> Whole:
    params = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")
    synthetic(path, "color=0x806040:size=160x120:rate=25:duration=0.4", "-vf", tags, *params)
    return whole(path)


@pytest.mark.parametrize(("tags", "said"), [("null", "10 bits;"), (HDR, r"10 bits, HDR \(PQ or HLG\)")])
def test_more_than_eight_bits_and_hdr_are_refused_by_rule(tags: str, said: str, tmp_path: Path) -> None:
    source = deep(tmp_path / "source.mkv", tags)
    with pytest.raises(MediaError, match=said) as raised:
        cut(source.path, source.cut(0, 3), EXACT, tmp_path / "cut.mp4")
    assert raised.value.reason is Reason.NOT_SDR
    assert [p.name for p in tmp_path.iterdir()] == ["source.mkv"]


def test_ten_bits_become_eight_where_the_settings_allow_it(tmp_path: Path) -> None:
    source = deep(tmp_path / "source.mkv", "null")
    cut(source.path, source.cut(0, 3), replace(EXACT, reduce=True), tmp_path / "cut.mp4")
    found = whole(tmp_path / "cut.mp4")
    assert np.unique(found.lumas[0]).tolist() == [104]  # BT.601: 16 + 219 x (0.299 R + 0.587 G + 0.114 B)


def test_hdr_needs_a_tone_map_and_comes_out_as_it_makes_it(tmp_path: Path) -> None:
    source = deep(tmp_path / "source.mkv", HDR)
    with pytest.raises(MediaError, match="no tone map was given"):
        cut(source.path, source.cut(0, 3), replace(EXACT, reduce=True), tmp_path / "cut.mp4")
    cut(source.path, source.cut(0, 3), replace(EXACT, reduce=True, tone_map=as_sdr), tmp_path / "cut.mp4")
    assert tuple(tagged(tmp_path / "cut.mp4").values()) == (1, 1, 1, 2)
    with open_video(source.path) as container:
        frame = next(container.decode(video=0))
        expected = as_sdr(frame, frame, full_range=False)
    found = whole(tmp_path / "cut.mp4")
    assert np.array_equal(found.lumas[0], luma(expected))
    # Scaled too, though a scaler forgets which matrix it was: the picture is of one colour.
    wanted = replace(source.cut(0, 3), width=120, height=90)
    cut(source.path, wanted, replace(EXACT, reduce=True, tone_map=as_sdr), tmp_path / "small.mp4")
    small = whole(tmp_path / "small.mp4")
    assert np.array_equal(small.lumas[0], luma(expected)[:90, :120])
    assert small.planes[0][90 * 120 :: 60 * 45] == found.planes[0][120 * 160 :: 80 * 60]


@pytest.fixture(scope="module")
def woven(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("woven") / "source.mp4"
    return whole(synthetic(path, MOVING.replace("25", "50"), "-vf", "interlace", *CLOSED, "-flags", "+ildct+ilme"))


def test_what_its_file_calls_interlaced_is_refused_by_rule(woven: Whole, tmp_path: Path) -> None:
    settings = replace(EXACT, interlaced="refuse")
    with pytest.raises(MediaError, match="interlaced") as raised:
        cut(woven.path, woven.cut(5, 9), settings, tmp_path / "cut.mp4")
    assert raised.value.reason is Reason.INTERLACED
    assert not list(tmp_path.iterdir())


def test_interlaced_footage_is_kept_or_deinterlaced_as_the_settings_say(woven: Whole, tmp_path: Path) -> None:
    cut(woven.path, woven.cut(5, 13), EXACT, tmp_path / "kept.mp4")
    assert whole(tmp_path / "kept.mp4").planes == woven.planes[5:13]
    result = cut(woven.path, woven.cut(5, 13), replace(EXACT, interlaced="deinterlace"), tmp_path / "made.mp4")
    found = whole(tmp_path / "made.mp4")
    assert (result.frames, result.end_pts * result.time_base) == (8, woven.span(5, 13).duration)
    assert [pts * found.time_base for pts in found.pts] == [Fraction(n, 25) for n in range(8)]
    # Its first field is as it was, the other one is made.
    assert all(np.array_equal(f[::2], s[::2]) for f, s in zip(found.lumas, woven.lumas[5:13], strict=True))
    assert not np.array_equal(found.lumas[4][1::2], woven.lumas[9][1::2])
