"""Which of a file's streams is the film, and which sound belongs to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.video_files import ffmpeg, synthetic
from video_assets.media.probe import probe
from video_assets.media.programmes import programmes_of
from video_assets.settings import DecodeSettings

ANY_SIZE = DecodeSettings().max_pixels
FILM = ("-f", "lavfi", "-i", "testsrc2=size=128x96:rate=25:duration=2")
LARGE = ("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=duration=2")


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.parametrize("name", ["motion.mp4", "motion.mov"])
def test_a_track_of_one_or_two_larger_pictures_is_not_the_film(name: str, pictures: int, tmp_path: Path) -> None:
    path = tmp_path / name
    ffmpeg(
        *(
            *LARGE,
            *FILM,
            "-map",
            "0:v",
            "-map",
            "1:v",
            "-filter:v:0",
            f"select=lt(n\\,{pictures})",
            "-fps_mode",
            "passthrough",
            "-c:v",
            "mpeg4",
        ),
        *("-disposition:v:0", "default", "-disposition:v:1", "0", path),
    )
    found = probe(path, ANY_SIZE)
    assert (found.width, found.height) == (128, 96)
    assert found.other_videos == "stream 0: mpeg4 still 640x480"


def test_a_video_of_one_picture_alone_is_that_video(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "one.mp4", "color=red:size=64x64:rate=1:duration=1", "-c:v", "mpeg4")
    found = probe(path, ANY_SIZE)
    assert (found.declared_frames, found.other_videos) == (1, None)


def test_a_second_angle_is_told_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "angles.mkv"
    ffmpeg(
        *(*FILM, *LARGE, "-map", "0:v", "-map", "1:v", "-c:v", "mpeg4"),
        *("-disposition:v:0", "default", "-disposition:v:1", "0", path),
    )
    found = probe(path, ANY_SIZE)
    assert (found.width, found.other_videos) == (128, "stream 1: mpeg4 640x480")


@pytest.mark.parametrize(("sound", "has_audio"), [("0", True), ("1", False)])
@pytest.mark.parametrize("size", [188, 192])
def test_sound_belongs_to_its_own_programme(sound: str, has_audio: bool, size: int, tmp_path: Path) -> None:
    path = tmp_path / "programmes.ts"
    other = {"0": "2", "1": "1"}[sound]
    programmes = ["-program", f"title=film:st=0{':st=2' if other == '2' else ''}"]
    programmes += ["-program", f"title=other:st=1{':st=2' if other == '1' else ''}"]
    ffmpeg(
        *(*LARGE, *FILM, *TONE, "-map", "0:v", "-map", "1:v", "-map", "2:a", "-c:v", "mpeg2video", "-c:a", "mp2"),
        *programmes,
        "-f",
        "mpegts",
        path,
    )
    if size == 192:  # as Blu-rays and camcorders store them, with a time before each packet
        data = path.read_bytes()
        path.write_bytes(b"".join(bytes(4) + data[at : at + 188] for at in range(0, len(data), 188)))
    assert sorted(len(ids) for ids in programmes_of(path)) == [1, 2]
    found = probe(path, ANY_SIZE)
    assert (found.width, found.has_audio) == (640, has_audio)
    assert found.other_videos is not None


def test_a_file_that_is_no_transport_stream_has_no_programmes(tmp_path: Path) -> None:
    path = tmp_path / "random"
    for content in (b"", b"\x47", b"\x47" * 2000, bytes(range(256)) * 50, b"\x47" + b"\xff" * 187):
        path.write_bytes(content)
        assert programmes_of(path) == []


def test_sound_that_begins_in_a_later_part_of_a_programme_is_its_own(tmp_path: Path) -> None:
    # As where a silent recording and one with sound were joined: the second tables name a stream more.
    coded = ("-c:v", "mpeg2video", "-c:a", "mp2", "-f", "mpegts")
    silent, heard, path = (tmp_path / name for name in ("silent.ts", "heard.ts", "joined.ts"))
    ffmpeg(*FILM, *coded, silent)
    ffmpeg(*FILM, *TONE, *coded, heard)
    path.write_bytes(silent.read_bytes() + heard.read_bytes())
    assert [len(ids) for ids in programmes_of(path)] == [2]
    assert probe(path, ANY_SIZE).has_audio
    assert not probe(silent, ANY_SIZE).has_audio
