from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from tests.media.video_files import BIKES, cut_to, made_from
from video_assets.media.containers import MediaError, open_video
from video_assets.reasons import Reason


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


@pytest.mark.parametrize("suffix", ["mov", "mkv", "avi", "ts", "flv"])
def test_the_usual_containers_are_allowed(suffix: str, tmp_path: Path) -> None:
    path = made_from(BIKES, tmp_path / f"clip.{suffix}", "-t", "1", "-c", "copy")
    with open_video(path) as container:
        assert len(container.streams.video) == 1


def test_an_error_crosses_processes_with_its_reason() -> None:
    error = MediaError(Reason.NO_FRAMES, "Nothing decodes.")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.reason, copy.message) == (Reason.NO_FRAMES, "Nothing decodes.")
