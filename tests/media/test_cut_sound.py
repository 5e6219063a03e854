"""A clip's sound is that of its time, whatever the file keeps it in; what is wrong with it costs no clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.media.kinds_of_file import CLOSED, MOVING, Whole, whole
from tests.media.video_files import ffmpeg, synthetic
from video_assets.media.containers import open_video
from video_assets.media.cut import cut
from video_assets.media.cut_sound import RATE
from video_assets.media.cut_values import CutMade, CutSettings, SoundMade

SETTINGS = CutSettings(lossless=True, preset="ultrafast")
FRAME_S = 1024 / RATE
"""Of AAC."""
_BEEP = "sin(2*PI*1000*t)*between(t,{0},{0}+0.1)"


def beeping(at: float, channels: int = 1, rate: int = 44100) -> tuple[str, ...]:
    """Arguments for 2.4 s of silence with a beep of 0.1 s."""
    wave = "|".join([_BEEP.format(at)] * channels)
    return "-f", "lavfi", "-i", f"aevalsrc='{wave}':s={rate}:d=2.4"


def heard(path: Path) -> npt.NDArray[np.float32]:
    """The decoded sound from time 0 on, float32 (channels, n)."""
    with open_video(path) as container:
        frames = [(f.pts, f.to_ndarray()) for f in container.decode(audio=0)]
    assert frames[0][0] == 0
    return np.concatenate([samples for _, samples in frames], axis=1)


def begins(sound: npt.NDArray[np.float32]) -> float:
    """When the first channel is first loud, in s."""
    return float(np.argmax(np.abs(sound[0]) > 0.3)) / RATE


def cut_of(source: Whole, first: int, after: int, settings: CutSettings = SETTINGS) -> tuple[CutMade, Path]:
    target = source.path.with_name("cut.mp4")
    return cut(source.path, source.cut(first, after), settings, target), target


CODECS = {
    "aac.mp4": ("-c:a", "aac"),
    "mp3.mkv": ("-c:a", "libmp3lame"),
    "opus.mkv": ("-c:a", "libopus"),
    "pcm.mov": ("-c:a", "pcm_s16le"),
    "flac.mkv": ("-c:a", "flac"),
    "mp2.ts": ("-c:a", "mp2"),
    "aac.ts": ("-c:a", "aac"),
    "ac3.mpg": ("-c:a", "ac3"),
}


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("first", [0, 19, 31])
def test_a_beep_is_heard_when_it_is_in_the_footage(name: str, first: int, tmp_path: Path) -> None:
    codec = (*CLOSED, "-flags:v", "+cgop") if name.endswith(("mp4", "mkv", "mov", "ts")) else ("-c:v", "mpeg2video")
    source = whole(synthetic(tmp_path / name, MOVING, *beeping(1.6), *codec, *CODECS[name]))
    result, path = cut_of(source, first, 58)
    sound = heard(path)
    assert begins(sound) == pytest.approx(1.6 - first / 25, abs=FRAME_S)
    assert (result.sound.kept, result.sound.note) == (True, None)
    assert result.sound.offset_s == pytest.approx(0, abs=0.06)
    # As long as the pictures, to the next whole frame of AAC.
    assert 0 <= sound.shape[1] / RATE - float(result.end_pts * result.time_base) < FRAME_S


@pytest.mark.parametrize(("channels", "kept"), [(1, 1), (2, 2), (6, 2)])
def test_one_channel_stays_one_and_more_than_two_become_two(channels: int, kept: int, tmp_path: Path) -> None:
    source = whole(synthetic(tmp_path / "s.mkv", MOVING, *beeping(0.5, channels), *CLOSED, "-c:a", "flac"))
    _, path = cut_of(source, 0, 30)
    assert len(heard(path)) == kept


def test_sound_that_begins_later_has_silence_before_it(tmp_path: Path) -> None:
    whole_path = tmp_path / "late.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", MOVING, "-itsoffset", "0.8", "-f", "lavfi", "-i", "sine=1000:duration=1"),
        *(*CLOSED, "-c:a", "flac", whole_path),
    )
    result, path = cut_of(whole(whole_path), 5, 55)
    assert result.sound.offset_s == pytest.approx(0.6, abs=0.002)
    sound = heard(path)
    # Half a frame before it begins AAC already rings.
    assert float(np.abs(sound[0, : round((0.6 - FRAME_S) * RATE)]).max()) < 0.001
    assert float(np.abs(sound[0, round(0.6 * RATE) : round(0.65 * RATE)]).max()) > 0.05


def test_sound_of_another_time_is_none(tmp_path: Path) -> None:
    source = whole(
        synthetic(tmp_path / "s.mkv", MOVING, "-f", "lavfi", "-i", "sine=duration=0.5", *CLOSED, "-c:a", "flac")
    )
    result, path = cut_of(source, 30, 40)
    assert result.sound == SoundMade(kept=False, note="The sound has nothing at this time.")
    with open_video(path) as container:
        assert [s.type for s in container.streams] == ["video"]


def test_sound_of_the_second_piece_goes_with_its_pictures(tmp_path: Path) -> None:
    parts = []
    for n, at in enumerate((0.4, 1.2)):
        part = synthetic(tmp_path / f"{n}.ts", MOVING, *beeping(at), *CLOSED, "-c:a", "mp2")
        parts.append(part.read_bytes())
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(parts))
    source = whole(path)
    assert source.pieces == 2
    for first, at in ((0, 0.4), (60, 1.2)):
        _, target = cut_of(source, first, first + 55)
        assert begins(heard(target)) == pytest.approx(at, abs=FRAME_S)


def test_sound_of_another_programme_is_not_the_clips(tmp_path: Path) -> None:
    path = tmp_path / "programmes.ts"
    ffmpeg(
        *("-f", "lavfi", "-i", MOVING.replace("160x120", "176x144"), "-f", "lavfi", "-i", MOVING),
        *(*beeping(0.2), *beeping(1.2)),
        *("-map", "0:v", "-map", "1:v", "-map", "2:a", "-map", "3:a", *CLOSED, "-c:a", "mp2"),
        *("-program", "title=other:st=1:st=2", "-program", "title=film:st=0:st=3", "-f", "mpegts", path),
    )
    source = whole(path)
    _, target = cut_of(source, 0, 50)
    assert source.display == (176, 144)
    assert begins(heard(target)) == pytest.approx(1.2, abs=FRAME_S)


def test_sound_that_cannot_be_decoded_is_left_out_and_the_clip_stays(tmp_path: Path) -> None:
    good = synthetic(tmp_path / "good.mkv", MOVING, *beeping(0.5), *CLOSED, "-c:a", "ac3")
    data = bytearray(good.read_bytes())
    at = data.find(b"\x0b\x77")
    while at >= 0:  # AC-3 begins each of its packets so
        data[at : at + 64] = bytes(64)
        at = data.find(b"\x0b\x77", at + 64)
    (tmp_path / "bad.mkv").write_bytes(data)
    result, path = cut_of(whole(tmp_path / "bad.mkv"), 10, 40)
    assert result.sound == SoundMade(kept=False, note="The sound could not be decoded.")
    assert whole(path).planes == whole(good).planes[10:40]


def test_where_sound_is_damaged_it_is_silent_and_the_rest_is_in_its_place(tmp_path: Path) -> None:
    good = synthetic(tmp_path / "good.mov", MOVING, *beeping(1.5), "-c:v", "mpeg4", "-c:a", "aac", "-q:v", "31")
    with open_video(good) as container:
        damaged = [
            p for p in container.demux(audio=0) if p.size and p.pts is not None and 0.9 < p.pts * p.time_base < 1
        ]
        places = [(p.pos or 0, p.size) for p in damaged]
    data = bytearray(good.read_bytes())
    for at, size in places:
        data[at : at + size] = b"\xff" * size
    (tmp_path / "bad.mov").write_bytes(data)
    result, path = cut_of(whole(tmp_path / "bad.mov"), 0, 58)
    assert result.sound.kept
    assert result.sound.note == f"{len(places)} packets of the sound could not be decoded; there it is silent."
    assert begins(heard(path)) == pytest.approx(1.5, abs=FRAME_S)


def test_settings_without_sound_leave_it_out(tmp_path: Path) -> None:
    source = whole(synthetic(tmp_path / "s.mkv", MOVING, *beeping(0.5), *CLOSED))
    result, path = cut_of(source, 0, 10, replace(SETTINGS, sound=False))
    assert result.sound == SoundMade(kept=False, note="The settings leave it out.")
    with open_video(path) as container:
        assert len(container.streams) == 1


def test_a_file_without_sound_has_none(tmp_path: Path) -> None:
    result, _ = cut_of(whole(synthetic(tmp_path / "s.mkv", MOVING, *CLOSED)), 0, 10)
    assert result.sound == SoundMade(kept=False, note="The file has no sound that belongs to the pictures.")


def test_sound_moves_no_picture(tmp_path: Path) -> None:
    source = whole(synthetic(tmp_path / "s.mp4", MOVING, *beeping(0.5), *CLOSED))
    settings = CutSettings(crf=20, preset="veryfast")
    cut(source.path, source.cut(7, 47), settings, tmp_path / "with.mp4")
    cut(source.path, source.cut(7, 47), replace(settings, sound=False), tmp_path / "without.mp4")
    loud, still = whole(tmp_path / "with.mp4"), whole(tmp_path / "without.mp4")
    assert loud.planes == still.planes
    assert loud.pts == still.pts
    assert loud.pts[:2] == [0, 512]
    assert loud.time_base == Fraction(1, 12800)
