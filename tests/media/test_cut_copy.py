"""Packets are taken as they are only where they are exactly the clip; else it is encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.kinds_of_file import CLOSED, KINDS, MOVING, Whole, made, whole
from tests.media.video_files import ffmpeg, synthetic
from video_assets.media.containers import open_video
from video_assets.media.copy_exact import copy_exact, decoding_times, picture_hash
from video_assets.media.cropping import Region
from video_assets.media.cut import cut_job
from video_assets.media.cut_values import Cut, CutJob, CutSettings
from video_assets.media.limits import Limit, Limits
from video_assets.media.workers import run_guarded
from video_assets.settings import WorkerSettings

SETTINGS = CutSettings(sound=False, preset="ultrafast")
WHOLE = {
    "H.264, closed groups",
    "Matroska",
    "VP9 in WebM",
    "a variable frame rate",
    "H.264, open groups",
    "H.264 without key frames",
    "HEVC, open groups",
}
"""Kinds whose whole file can be copied: the others are cut, turned, in another codec, or of a container without an index."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Whole]:
    return {kind: made(kind, tmp_path_factory.mktemp("kind")) for kind in KINDS}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copy.mp4"


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_copied_where_it_is_one(kind: str, files: dict[str, Whole], target: Path) -> None:
    source = files[kind]
    after = 60 if kind == "two transport streams joined" else len(source.pts)
    wanted = replace(source.cut(0, after), span=replace(source.span(0, after), pieces=None))
    result = copy_exact(source.path, wanted, SETTINGS, target)
    assert (result is not None, target.exists()) == (kind in WHOLE, kind in WHOLE)
    if result:
        found = whole(target)
        assert found.planes == source.planes
        assert [pts * found.time_base for pts in found.pts] == [
            (pts - source.pts[0]) * source.time_base for pts in source.pts
        ]
        assert (result.frames, result.copied, result.time_base) == (len(source.pts), True, found.time_base)


def test_every_copy_out_of_the_middle_has_the_clips_pictures(files: dict[str, Whole], target: Path) -> None:
    copied: dict[str, list[tuple[int, int]]] = {}
    for kind in sorted(WHOLE):
        source = files[kind]
        for first in (0, 15, 16, 30):
            for after in range(first + 1, len(source.pts) + 1):
                if copy_exact(source.path, source.cut(first, after), SETTINGS, target):
                    copied.setdefault(kind, []).append((first, after))
                    assert whole(target).planes == source.planes[first:after]
    # Every end of a clip without B frames, and of one with them only where they are all shown before it.
    assert {(first, after) for first, after in copied["VP9 in WebM"]} == {
        (first, after) for first in (0, 15, 30) for after in range(first + 1, 61)
    }
    with_b_frames = copied["H.264, closed groups"]
    assert {(0, 15), (0, 30), (15, 30), (15, 60)} <= set(with_b_frames)
    assert not {first for first, _ in with_b_frames} - {0, 15, 30}
    assert len(with_b_frames) < 135


def test_an_end_among_b_frames_is_never_copied(files: dict[str, Whole], target: Path) -> None:
    source = files["H.264, closed groups"]
    with open_video(source.path) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    order = [source.pts.index(p.pts or 0) for p in packets]
    for after in range(1, 60):
        seen = order[: max(order.index(frame) for frame in range(after)) + 1]
        exact = max(seen) < after
        assert (copy_exact(source.path, source.cut(0, after), SETTINGS, target) is not None) == exact, after


def test_the_first_picture_of_an_open_group_is_no_start(files: dict[str, Whole], target: Path) -> None:
    source = files["HEVC, open groups"]
    assert copy_exact(source.path, source.cut(15, 60), SETTINGS, target) is None


def test_a_transport_stream_that_begins_once_can_be_copied(files: dict[str, Whole], target: Path) -> None:
    source = files["a transport stream"]
    # A seek in it lands behind the first key frame, and that is no reason to believe another one.
    assert copy_exact(source.path, source.cut(0, 60), SETTINGS, target) is None


Changed = Callable[[Cut, CutSettings], tuple[Cut, CutSettings]]


@pytest.mark.parametrize(
    "changed",
    [
        lambda cut, how: (cut, replace(how, fps=Fraction(25))),
        lambda cut, how: (replace(cut, crop=Region(0, 0, 158, 120), width=158), how),
        lambda cut, how: (replace(cut, width=80, height=60), how),
        lambda cut, how: (replace(cut, span=replace(cut.span, pieces=2)), how),
        lambda cut, how: (replace(cut, span=replace(cut.span, frames=59)), how),
        lambda cut, how: (replace(cut, span=replace(cut.span, end_pts=cut.span.end_pts - 1, frames=60)), how),
    ],
    ids=["frame rate", "crop", "size", "pieces", "count", "end of the last frame"],
)
def test_what_a_copy_is_not(changed: Changed, files: dict[str, Whole], target: Path) -> None:
    source = files["H.264, closed groups"]
    wanted, settings = changed(source.cut(0, 60), SETTINGS)
    assert (copy_exact(source.path, wanted, settings, target) is None) == (wanted.span.end_pts % 512 == 0)


def test_pixels_that_are_not_square_are_not_copied(target: Path, tmp_path: Path) -> None:
    path = synthetic(tmp_path / "wide.mp4", MOVING, "-vf", "setsar=4/3", *CLOSED)
    source = whole(path)
    wanted = Cut(source.span(0, 60), (212, 120), Region(0, 0, 212, 120), 212, 120)
    assert copy_exact(path, wanted, SETTINGS, target) is None


def test_ten_bits_are_not_copied(target: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep.mp4"
    params = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")
    synthetic(path, MOVING, *params)
    span = replace(whole(synthetic(tmp_path / "plain.mp4", MOVING, *CLOSED)).span(0, 60), frames=None, start_pts=0)
    wanted = Cut(span, (160, 120), Region(0, 0, 160, 120), 160, 120)
    assert copy_exact(path, wanted, SETTINGS, target) is None
    assert not target.exists()


def test_a_copy_has_the_sound_of_its_time(target: Path, tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    ffmpeg("-f", "lavfi", "-i", MOVING, "-f", "lavfi", "-i", "sine=duration=2.4", *CLOSED, "-c:a", "flac", path)
    source = whole(path)
    result = copy_exact(path, source.cut(15, 60), replace(SETTINGS, sound=True), target)
    assert result is not None
    assert result.sound.kept
    assert whole(target).planes == source.planes[15:]
    with open_video(target) as container:
        assert [(s.type, s.start_time) for s in container.streams] == [("video", 0), ("audio", 0)]
        assert container.streams.audio[0].duration == 48000 * 45 // 25


def test_a_copy_is_the_same_each_time(files: dict[str, Whole], target: Path) -> None:
    source = files["VP9 in WebM"]
    hashes = {copy_exact(source.path, source.cut(15, 40), SETTINGS, target) for _ in range(2)}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("shown", "decoded"),
    [([0, 1, 2], [0, 1, 2]), ([0, 3, 1, 2], [-1, 0, 1, 2]), ([0, 40, 20, 10, 30], [-20, -10, 0, 10, 20]), ([7], [7])],
)
def test_a_picture_is_decoded_no_later_than_it_is_shown(shown: list[int], decoded: list[int]) -> None:
    assert decoding_times(shown) == decoded


def test_two_pictures_hash_alike_when_only_what_pads_their_rows_differs(files: dict[str, Whole]) -> None:
    with open_video(files["H.264, closed groups"].path) as container:
        frames = list(container.decode(video=0))[:3]
    bare = [frame.reformat(format="yuv420p", width=158) for frame in frames]
    assert len({picture_hash(frame) for frame in frames}) == 3
    assert picture_hash(bare[0]) == picture_hash(bare[0].from_ndarray(bare[0].to_ndarray(), format="yuv420p"))


def test_workers_copy_where_they_can_and_encode_the_rest(files: dict[str, Whole], tmp_path: Path) -> None:
    source = files["H.264, closed groups"]
    clips = {"copied": (15, 30), "encoded": (16, 30), "another file's": (16, 30)}
    limits = Limits(Limit(600, "cpu"), Limit(600, "idle"), Limit(4096, "memory"))
    jobs = {}
    for name, (first, after) in clips.items():
        wanted = source.cut(first, after)
        if name == "another file's":
            wanted = replace(wanted, span=replace(wanted.span, start_pts=wanted.span.start_pts + 1))
        jobs[name] = CutJob(source.path, wanted, SETTINGS, tmp_path / f"{name}.mp4", copy=True), limits
    outcomes = run_guarded(cut_job, jobs, WorkerSettings(processes=1), lambda *_: None)
    found = {name: (o.value and o.value.copied, o.reason) for name, o in outcomes.items()}
    assert found == {"copied": (True, None), "encoded": (False, None), "another file's": (None, "cut_mismatch")}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copied.mp4", "encoded.mp4"]
