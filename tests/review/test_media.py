"""What plays: ranges of the source's own bytes, here or on S3, and clips encoded exactly where a browser plays no such source."""

from __future__ import annotations

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import av
import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.review.conftest import Opened
from tests.review.footage import ENCODED, PLAYED, clip_of, clips
from tests.review.sent import verdict
from tests.s3.conftest import Server
from video_assets.lake.lake import Lake
from video_assets.media.seek import Span, open_span
from video_assets.review import media, recent
from video_assets.review.app import make_app
from video_assets.review.encoded import CannotPlayError, Encoded
from video_assets.review.media import GoneError, span_of
from video_assets.review.playing import why_not
from video_assets.review.server import Review
from video_assets.settings import ReviewSettings


def uri_of(lake: Lake, clip: str) -> Path:
    return Path(
        str(
            lake.query(
                "SELECT v.uri FROM raw_videos AS v JOIN clips AS c USING (video_id) WHERE c.clip_id = ?", [clip]
            ).item()
        )
    )


def test_what_browsers_play_is_known_by_container_codec_and_pixels(review: Review, lake: Lake) -> None:
    said = {name: why_not(clip) for name in (*PLAYED, *ENCODED) if (clip := review.clip(clip_of(lake, name)))}
    assert {name for name, why in said.items() if why is None} == set(PLAYED)
    assert said["hevc.mp4"] == "codec hevc in mp4"
    assert said["ten.mp4"] == "pixels yuv420p10le"
    assert said["prores.mov"] == "codec prores in mp4"
    assert said["mpeg2.ts"] == "container mpegts"
    assert said["dts.avi"] == "container avi"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"container": "matroska,webm", "codec": "h264"}, "codec h264 in webm"),
        ({"container": "matroska,webm", "codec": "vp9"}, None),
        ({"container": None}, "container None"),
        ({"pieces": 2}, "time starts again in the source"),
        ({"pts_offset": 900}, "time starts again in the source"),
        ({"mirrored": True}, "mirrored"),
        ({"other_videos": "stream 1: mjpeg"}, "several video streams"),
        ({"pixel_format": "yuv444p"}, "pixels yuv444p"),
    ],
)
def test_what_browsers_show_otherwise_is_encoded_too(
    review: Review, lake: Lake, change: dict[str, Any], why: str | None
) -> None:
    clip = review.clip(clip_of(lake, "plain.mp4"))
    assert clip is not None
    assert why_not(replace(clip, **change)) == why


def test_the_sources_own_bytes_are_sent_whole_and_in_ranges(client: TestClient, lake: Lake) -> None:
    clip = clip_of(lake, "plain.mp4")
    whole = uri_of(lake, clip).read_bytes()
    answer = client.get(f"/media/{clip}")
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["accept-ranges"] == "bytes"
    part = client.get(f"/media/{clip}", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert client.get(f"/media/{clip}", headers={"range": "bytes=-7"}).content == whole[-7:]
    assert client.get(f"/media/{clip}", headers={"range": f"bytes={len(whole)}-"}).status_code == 416


@pytest.mark.parametrize("name", sorted(ENCODED))
def test_what_is_encoded_has_exactly_the_clips_frames_at_the_sources_times(
    client: TestClient, lake: Lake, tmp_path: Path, name: str
) -> None:
    row = clips(lake).filter(file_name=name).row(0, named=True)
    answer = client.get(f"/media/{row['clip_id']}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "video/mp4")
    (tmp_path / "played.mp4").write_bytes(answer.content)
    base = lake.query(
        "SELECT time_base_num, time_base_den FROM decoded_videos WHERE video_id = ?", [row["video_id"]]
    ).row(0)
    from fractions import Fraction

    span = Span(row["stream"], row["start_pts"], row["end_pts"], Fraction(*base), row["pts_offset"], 1, row["frames"])
    with open_span(uri_of(lake, row["clip_id"]), span, 1 << 20) as frames:
        expected = [((f.pts - row["start_pts"]) * span.time_base, f.frame.to_ndarray(format="gray")) for f in frames]
    with av.open(str(tmp_path / "played.mp4")) as made:
        got = [
            (Fraction(f.pts or 0) * Fraction(f.time_base or 1), f.to_ndarray(format="gray"))
            for f in made.decode(video=0)
        ]
        assert made.streams.video[0].codec_context.pix_fmt == "yuv420p"
    assert [float(t) for t, _ in got] == pytest.approx([float(t) for t, _ in expected], abs=1e-4)
    for (_, ours), (_, theirs) in zip(got, expected, strict=True):
        assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 3


def test_what_was_encoded_is_kept_and_the_longest_unused_goes_first(lake: Lake) -> None:
    names = ("hevc.mp4", "ten.mp4", "dts.avi")
    made = Encoded(lake)
    files = [made.file(clip_of(lake, name)) for name in names]
    sizes = [f.stat().st_size for f in files]
    for age, file in zip((300, 200, 100), files, strict=True):
        os.utime(file, (1_700_000_000 - age,) * 2)
    when = [f.stat().st_ino for f in files]
    assert [made.file(clip_of(lake, name)).stat().st_ino for name in names[:1]] == when[
        :1
    ]  # used again: the youngest now
    room = (sizes[0] + sizes[2] + 1000) / 2**30
    small = Encoded(
        Lake(
            lake.settings.model_copy(
                update={"review": ReviewSettings.model_construct(**vars(lake.settings.review) | {"cache_gib": room})}
            )
        )
    )
    files[2].unlink()
    small.file(clip_of(lake, "dts.avi"))
    assert [f.exists() for f in files] == [True, False, True]


def test_one_clip_that_many_ask_for_at_once_is_encoded_once(own_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    made, clip = Encoded(own_lake), clip_of(own_lake, "mpeg2.ts")
    inner, calls = made._make, list[str]()

    def noted(clip_id: str, path: Path) -> None:
        calls.append(clip_id)
        inner(clip_id, path)

    monkeypatch.setattr(made, "_make", noted)
    with ThreadPoolExecutor(6) as threads:
        files = set(threads.map(made.file, [clip] * 6))
    assert (len(files), calls) == (1, [clip])
    assert not list(files.pop().parent.glob(".*"))


def test_verdicts_do_not_wait_for_clips_that_are_encoded_and_a_failure_is_remembered(
    review: Review, opened: Opened, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More browsers than the server has threads ask for one clip, whose encoding goes on until the verdict is answered."""
    client, clip = opened(review), clip_of(lake, "hevc.mp4")
    go_on, begun, calls = threading.Event(), threading.Event(), list[str]()

    def fail(clip_id: str, _path: Path) -> None:
        calls.append(clip_id)
        begun.set()
        go_on.wait()
        raise CannotPlayError("The stream is broken.")

    monkeypatch.setattr(review.encoded, "_folder", review.encoded._folder.parent / "none yet")
    monkeypatch.setattr(review.encoded, "_make", fail)
    with ThreadPoolExecutor(60) as threads:
        try:
            asked = [threads.submit(client.get, f"/media/{clip}") for _ in range(55)]
            assert begun.wait(120)
            plain = clip_of(lake, "plain.mp4")
            said = threads.submit(client.post, "/api/verdict", json=verdict(plain)).result(120)
            assert said.status_code == 200
            assert threads.submit(client.get, f"/media/{plain}").result(120).status_code == 200
        finally:
            go_on.set()
        answers = [a.result() for a in asked]
    assert {a.status_code for a in answers} == {422}
    assert all(a.json()["error"].startswith("The stream is broken.") for a in answers)
    assert client.get(f"/media/{clip}").status_code == 422
    assert calls == [clip]
    monkeypatch.setattr("video_assets.review.encoded._REMEMBERED_S", 0.0)
    assert client.get(f"/media/{clip}").status_code == 422
    assert calls == [clip, clip]


def test_nothing_is_encoded_for_a_browser_that_has_gone(
    review: Review, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review.encoded, "_folder", review.encoded._folder.parent / "none yet")
    monkeypatch.setattr(review.encoded, "_make", lambda *_: pytest.fail("it is encoded"))
    scope = {
        "type": "http", "method": "GET", "path": f"/media/{clip_of(lake, 'hevc.mp4')}", "query_string": b"", "root_path": "",
        "scheme": "http", "headers": [(b"host", b"127.0.0.1:8123")], "server": ("127.0.0.1", 8123), "client": ("127.0.0.1", 9),
    }  # fmt: skip
    sent: list[Any] = []

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    anyio.run(make_app(review, (), None), scope, gone, send)
    assert sent[0]["status"] == 503


def test_a_source_that_is_gone_or_another_is_told_and_not_played(
    filled: object, own_lake: Lake, opened: Opened, tmp_path: Path
) -> None:
    from tests.review.footage import tiers_of

    clip = clip_of(own_lake, "plain.mp4")
    other = tmp_path / "moved.mp4"
    for change, said in ((b"", "is not the file that was measured"), (None, "is not there any more")):
        if change is not None:
            other.write_bytes(uri_of(own_lake, clip).read_bytes() + b"x")
        else:
            other.unlink()
        own_lake.amend(
            [("UPDATE source_files SET uri = $to WHERE uri LIKE '%/plain.mp4' OR uri = $to", {"to": str(other)})],
            message="t",
            author="t",
        )
        fresh = Review(own_lake, tiers_of(own_lake), "ann")
        answer = opened(fresh).get(f"/media/{clip}")
        assert answer.status_code == 404
        assert said in answer.json()["error"]
        assert str(tmp_path) not in answer.text


def test_a_source_that_was_moved_is_played_from_where_it_is(own_lake: Lake, opened: Opened, tmp_path: Path) -> None:
    clip = clip_of(own_lake, "plain.mp4")
    review = Review(own_lake, {}, "ann")
    client, whole = opened(review), uri_of(own_lake, clip).read_bytes()
    assert client.get(f"/media/{clip}").content == whole
    (tmp_path / "moved.mp4").write_bytes(whole)
    uri = {"to": str(tmp_path / "moved.mp4")}
    own_lake.amend([("UPDATE source_files SET uri = $to WHERE uri LIKE '%/plain.mp4'", uri)], message="t", author="t")
    (tmp_path / "moved.mp4").write_bytes(whole[:-1])
    review.copies.renew()
    assert "is not the file that was measured" in client.get(f"/media/{clip}").json()["error"]


def test_a_clip_that_is_gone_is_neither_judged_nor_shown_though_it_was_before(own_lake: Lake, opened: Opened) -> None:
    clip, review = clip_of(own_lake, "plain.mp4"), Review(own_lake, {}, "ann")
    client = opened(review)
    assert client.get(f"/picture/{clip}/0").status_code == 200
    own_lake.amend([("DELETE FROM clips WHERE clip_id = $clip", {"clip": clip})], message="t", author="t")
    answer = client.post("/api/verdict", json=verdict(clip))
    assert (answer.status_code, answer.json()["error"]) == (400, "The lake has no clip of that id.")
    assert review.journal.of_clip(clip) == []
    review.copies.renew()
    for path in ("clip/{}", "picture/{}/0", "media/{}"):
        assert client.get("/" + path.format(clip)).status_code == 404


def test_what_is_kept_of_the_lake_is_kept_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    at, made = [100.0], list[int]()
    monkeypatch.setattr("video_assets.review.recent.time.monotonic", lambda: at[0])
    kept: recent.Recent[int] = recent.Recent(2)

    def make() -> int:
        made.append(len(made))
        return made[-1]

    found = []
    for moment in (100.0, 159.0, 161.0, 162.0):
        at[0] = moment
        found.append(kept.get("one", make))
    assert found == [0, 0, 1, 1]


def test_a_clip_that_is_measured_anew_is_encoded_anew(own_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "FRESH_S", -1.0)
    clip, made = clip_of(own_lake, "hevc.mp4"), Encoded(own_lake)

    def width(path: Path) -> int:
        with av.open(str(path)) as file:
            return file.streams.video[0].width

    before = made.file(clip)
    assert made.file(clip) == before
    own_lake.amend(
        [("UPDATE clips SET crop_width = crop_width - 32 WHERE clip_id = $clip", {"clip": clip})],
        message="t",
        author="t",
    )
    after = made.file(clip)
    assert width(before) - width(after) == 32
    assert {before.name[:32], after.name[:32]} == {clip}  # a takedown finds both


def test_what_a_killed_server_was_making_is_removed_and_what_another_makes_is_not(own_lake: Lake) -> None:
    folder = Encoded(own_lake)._folder
    left, at_work = folder / f".making-{'a' * 32}-x1", folder / f".making-{'b' * 32}-x2"
    for making in (left, at_work):
        making.mkdir(parents=True)
        (making / "part.mp4").write_bytes(b"part")
    with (folder / f".{'b' * 32}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Encoded(own_lake)
        assert [making.exists() for making in (left, at_work)] == [False, True]
    Encoded(own_lake)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, None), ("", None), ("bytes=0-9", (0, 9)), ("bytes=5-", (5, 99)), ("bytes=-5", (95, 99)), ("bytes=-500", (0, 99)),
        ("bytes=90-500", (90, 99)), ("bytes=9-5", None), ("bytes=-", None), ("bytes=0-1,5-6", None), ("pages=1-2", None), ("bytes=a-b", None),
    ],
)  # fmt: skip
def test_a_range_is_read_as_http_has_it(asked: str | None, found: tuple[int, int] | None) -> None:
    assert span_of(asked, 100) == found


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=-0", "bytes=900-999"])
def test_a_range_behind_the_end_cannot_be_had(asked: str) -> None:
    with pytest.raises(ValueError, match="range"):
        span_of(asked, 100)


def test_footage_on_s3_is_sent_in_ranges_and_another_object_is_not(review: Review, lake: Lake, server: Server) -> None:
    clip = review.clip(clip_of(lake, "plain.mp4"))
    assert clip is not None
    clip = review.source_of(clip)
    path = Path(str(clip.uri))
    server.upload(path, "review/plain.mp4")
    whole = path.read_bytes()
    from tests.review.streamed import streamed
    from video_assets.lake.s3 import open_s3

    client = open_s3(server.settings).client
    etag = client.head_object(Bucket=server.bucket, Key="review/plain.mp4")["ETag"].strip('"')
    there = replace(clip, uri=server.uri("review/plain.mp4"), content=f"etag:{etag}:{len(whole)}")
    assert streamed(media.source(there, None, server.settings)) == (200, whole)
    assert streamed(media.source(there, "bytes=10-19", server.settings)) == (206, whole[10:20])
    assert streamed(media.source(there, f"bytes={len(whole)}-", server.settings)) == (416, b"")
    client.put_object(Bucket=server.bucket, Key="review/plain.mp4", Body=whole[::-1])
    with pytest.raises(GoneError, match="is not the object that was measured"):
        media.source(there, "bytes=10-19", server.settings)
    client.delete_object(Bucket=server.bucket, Key="review/plain.mp4")
    with pytest.raises(GoneError, match="could not be read"):
        media.source(there, None, server.settings)
