from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest
from av.format import ContainerFormat

from tests.media.video_files import BIKES, cut_to, made_from, synthetic
from video_assets.media.containers import ALLOWED_DEMUXERS, MediaError, open_video
from video_assets.reasons import Reason
from video_assets.settings import FootageSettings


def reason_of(path: Path) -> Reason:
    with pytest.raises(MediaError) as caught, open_video(path):
        pass
    assert path.name in caught.value.message
    return caught.value.reason


@pytest.mark.parametrize(
    "name",
    [
        "with space.mp4",
        "100%d.mp4",
        "%03d.mp4",
        "-y.mp4",
        "--help",
        "file:clip.mp4",
        "http:clip.mp4",
        "concat:a|b.mp4",
        "pipe:0",
        "quote'\".mp4",
        "новый 视频.mp4",
        "two\nlines.mp4",
        "query?a=1&b=#2.mp4",
        "no suffix",
        "b\udcff.mp4",
    ],
)
def test_a_video_opens_whatever_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    shutil.copyfile(BIKES, path)
    with open_video(path) as container:
        assert len(container.streams.video) == 1


def test_a_relative_name_with_a_leading_dash_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copyfile(BIKES, tmp_path / "-i.mp4")
    monkeypatch.chdir(tmp_path)
    with open_video(Path("-i.mp4")) as container:
        assert len(container.streams.video) == 1


def test_a_zero_byte_file_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert reason_of(path) is Reason.EMPTY_FILE


def test_text_is_not_a_video(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("This is not a video.\n" * 500)
    assert reason_of(path) is Reason.NOT_A_VIDEO


def test_a_file_that_is_gone_is_missing_and_tried_again(tmp_path: Path) -> None:
    reason = reason_of(tmp_path / "gone.mp4")
    assert reason is Reason.SOURCE_MISSING
    assert reason.transient


@pytest.mark.parametrize("share", [0.001, 0.5, 0.98])
def test_an_mp4_cut_before_its_index_is_truncated(share: float, tmp_path: Path) -> None:
    index_last = made_from(BIKES, tmp_path / "whole.mp4", "-c", "copy")
    assert reason_of(cut_to(index_last, tmp_path / "cut.mp4", share)) is Reason.TRUNCATED


def test_an_mp4_cut_inside_its_leading_index_is_truncated(tmp_path: Path) -> None:
    index_first = made_from(BIKES, tmp_path / "whole.mp4", "-c", "copy", "-movflags", "+faststart")
    assert reason_of(cut_to(index_first, tmp_path / "cut.mp4", 0.002)) is Reason.TRUNCATED


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles='
    '"urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet><Representation id="1"><BaseURL>{}</BaseURL>'
    "</Representation></AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "mpd"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_is_not_followed_whatever_its_name(kind: str, suffix: str, tmp_path: Path) -> None:
    shutil.copyfile(BIKES, tmp_path / "bikes.mp4")
    path = tmp_path / f"{kind}.{suffix}"
    path.write_text(PLAYLISTS[kind].format(tmp_path / "bikes.mp4"))
    assert reason_of(path) in {Reason.FORMAT_NOT_ALLOWED, Reason.NOT_A_VIDEO}


def test_an_image_is_not_an_allowed_format(tmp_path: Path) -> None:
    path = made_from(BIKES, tmp_path / "still.png", "-frames:v", "1")
    assert reason_of(path) is Reason.FORMAT_NOT_ALLOWED


# What FFmpeg makes of a second of a picture, by the demuxer that reads it.
MADE = {
    "mov": ("-f", "mov", "-c:v", "libx264"),
    "matroska": ("-f", "matroska", "-c:v", "libx264"),
    "avi": ("-f", "avi", "-c:v", "mpeg4"),
    "mpegts": ("-f", "mpegts", "-c:v", "mpeg2video"),
    "mpeg": ("-f", "vob", "-c:v", "mpeg2video"),
    "mpegvideo": ("-f", "mpeg2video", "-c:v", "mpeg2video"),
    "flv": ("-f", "flv", "-c:v", "flv"),
    "asf": ("-f", "asf", "-c:v", "wmv2"),
    "ogg": ("-f", "ogg", "-c:v", "libtheora"),
    "mxf": ("-f", "mxf", "-c:v", "mpeg2video"),
    "dv": ("-f", "dv", "-c:v", "dvvideo", "-pix_fmt", "yuv420p"),
    "ivf": ("-f", "ivf", "-c:v", "libvpx"),
    "gif": ("-f", "gif"),
    "rm": ("-f", "rm", "-c:v", "rv10", "-s", "176x144"),
}
# The endings by demuxer; and what else FFmpeg knows them to read, which is sound, still pictures or a list of other files.
ENDINGS = {
    "mov": ".mp4 .m4v .mov .qt .3gp .3gpp .3g2 .f4v .mj2 .mqv .insv .ismv .psp",
    "matroska": ".mkv .webm .mk3d",
    "avi": ".avi .divx",
    "mpegts": ".ts .mts .m2t .m2ts .tod .tp .trp",
    "mpeg": ".mpg .mpeg .mpe .m2p .vob .mod .evo .vro",
    "mpegvideo": ".m1v .m2v .mpv",
    "flv": ".flv", "asf": ".asf .wmv", "ogg": ".ogv .ogm", "mxf": ".mxf", "dv": ".dv .dif", "ivf": ".ivf", "gif": ".gif",
    "rm": ".rm .rmvb",
}  # fmt: skip
NO_VIDEO = {"m4a", "m4b", "isma", "avif", "heic", "heif", "ism", "mka", "mks", "ogg"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give a file of each container."""
    folder = tmp_path_factory.mktemp("made")
    picture = "testsrc=size=720x576:rate=25:duration=0.2"
    return {demuxer: synthetic(folder / demuxer, picture, *how) for demuxer, how in MADE.items()}


@pytest.mark.parametrize("demuxer", ALLOWED_DEMUXERS)
def test_every_allowed_demuxer_reads_its_container_under_each_ending_that_is_footage(
    demuxer: str, made: dict[str, Path], tmp_path: Path
) -> None:
    for suffix in ENDINGS[demuxer].split():
        path = tmp_path / f"clip{suffix}"
        path.symlink_to(made[demuxer])
        with open_video(path) as container:
            assert demuxer in container.format.name.split(",")
            assert next(container.decode(video=0)).height in {576, 144}


def test_what_is_taken_for_footage_is_what_the_allowed_demuxers_read_and_no_less() -> None:
    proven = {suffix for endings in ENDINGS.values() for suffix in endings.split()}
    assert proven == {*FootageSettings().suffixes}
    known = {
        f".{e}" for demuxer in ALLOWED_DEMUXERS for e in ContainerFormat(demuxer, "r").extensions if e not in NO_VIDEO
    }
    assert known <= proven


def test_an_error_crosses_processes_with_its_reason() -> None:
    error = MediaError(Reason.NO_FRAMES, "Nothing decodes.")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.reason, copy.message) == (Reason.NO_FRAMES, "Nothing decodes.")
