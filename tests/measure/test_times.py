"""Every frame is counted, and the times of a video are those of its frames, whatever its file declares."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.measure.decoding import Decoded, decode
from tests.media.video_files import ffmpeg, synthetic
from video_assets.segment.clips import cut_clips
from video_assets.segment.shots import find_shots
from video_assets.segment.video_facts import VideoFacts
from video_assets.settings import ClipSettings, ShotSettings

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "25")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "4", "-bf", "2")


def moving(seconds: float, rate: str = "25") -> str:
    return f"testsrc2=size=96x64:rate={rate}:duration={seconds}"


def facts(found: Decoded, path: Path) -> VideoFacts:
    with av.open(str(path)) as container:
        base = container.streams.video[0].time_base
    assert base is not None
    return VideoFacts("video", 0, base, 96, 64, found.video.truncated, found.video.end_pts, 0.0)


def joined(folder: Path, name: str, *seconds: float) -> Path:
    """Files that each begin at the same time, one behind the other, byte for byte."""
    codec = H264 if name.endswith(".ts") else MPEG2
    parts = []
    for number, length in enumerate(seconds):
        part = synthetic(folder / f"{number}_{name}", moving(length), "-vf", f"hue=h={90 * number}", *codec)
        parts.append(part.read_bytes())
    path = folder / name
    path.write_bytes(b"".join(parts))
    return path


def test_a_short_piece_behind_a_long_one_is_no_end_that_is_missing(tmp_path: Path) -> None:
    found = decode(joined(tmp_path, "joined.ts", 6, 1), tmp_path)
    assert (found.video.frames, found.video.pieces, found.video.truncated) == (175, 2, False)
    assert (found.video.missing_end_s, found.video.coverage) == (None, None)


@pytest.mark.parametrize("name", ["joined.ts", "joined.mpg", "joined.vob"])
def test_where_time_starts_again_every_frame_is_decoded_and_a_shot_ends(name: str, tmp_path: Path) -> None:
    path = joined(tmp_path, name, 3, 2, 4)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.pieces, found.video.left_out_frames) == (225, 3, 0)
    assert (found.video.duration_s, found.video.coverage, found.video.variable_frame_rate) == (9.0, None, False)
    broken = found.signals.filter(found.signals["breaks"] == "time")
    assert broken["frame"].to_list() == [75, 125]
    assert found.signals["pts"].diff().drop_nulls().unique().to_list() == [3600]
    # The file's own pts: each piece begins where the first one does.
    own = found.signals["pts"] - found.signals["pts_offset"]
    assert [own[0], own[75], own[125]] == [own[0]] * 3
    shots = find_shots(found.signals, facts(found, path), ShotSettings(network=False))
    assert shots.select("start_frame", "end_frame", "begins", "ends").rows() == [
        (0, 75, "start", "break"), (75, 125, "break", "break"), (125, 225, "break", "end"),
    ]  # fmt: skip
    limits = ClipSettings(min_seconds=1, trim_seconds=0, sharp_start_seconds=0)
    clips = cut_clips(shots, found.signals, facts(found, path), limits)
    assert clips["pts_offset"].to_list() == [found.signals["pts_offset"][frame] for frame in (0, 75, 125)]


def test_frames_that_come_too_late_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "late.ts"
    pictures = synthetic(tmp_path / "whole.mpg", moving(2), "-c:v", "mpeg1video", "-bf", "0", "-g", "1", "-q:v", "4")
    with av.open(str(pictures)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            packet.stream = stream
            packet.time_base = Fraction(1, 90_000)
            packet.dts = 1000 + 3600 * number
            # The tenth says that it is shown after the two that follow it, and the decoder gives it out before them.
            packet.pts = packet.dts + (7500 if number == 9 else 0)
            target.mux(packet)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.left_out_frames, found.video.pieces) == (48, 2, 1)


def with_durations(path: Path, last: int, hole: int = 0) -> Path:
    """2 s at 25/s in MP4, in milliseconds, of which the last frame says that it lasts ``last``, and the 25th ``hole`` longer."""
    whole = synthetic(path.with_name("whole.mp4"), moving(2), *H264, "-bf", "0")
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"video_track_timescale": "1000"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.time_base = Fraction(1, 1000)
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            packet.stream = stream
            packet.time_base = stream.time_base
            packet.pts = packet.dts = 40 * number + (hole if number >= 25 else 0)
            packet.duration = last if number == 49 else 40
            target.mux(packet)
    return path


def test_a_last_frame_that_says_it_lasts_an_hour_ends_as_the_others_do(tmp_path: Path) -> None:
    found = decode(with_durations(tmp_path / "hour.mp4", 3_600_000), tmp_path)
    assert (found.video.frames, found.video.duration_s, found.video.fps) == (50, 2.0, 25.0)
    assert not found.video.variable_frame_rate
    assert found.video.missing_end_s == pytest.approx(3599.96, abs=0.05)


@pytest.mark.parametrize("last", [400, 3_000, 30_000])
def test_a_last_frame_that_stands_for_seconds_is_no_end_that_is_missing(last: int, tmp_path: Path) -> None:
    found = decode(with_durations(tmp_path / "stands.mp4", last), tmp_path)
    assert (found.video.frames, found.video.duration_s, found.video.fps) == (50, 2.0, 25.0)
    assert (found.video.missing_end_s, found.video.coverage, found.video.truncated) == (0.0, 1.0, False)


@pytest.mark.parametrize(("last", "seconds"), [(40, 7.04), (1_500, 8.5), (3_600_000, 16.0)])
def test_a_recording_with_a_picture_every_other_second_ends_where_it_is_played_to(
    last: int, seconds: float, tmp_path: Path
) -> None:
    whole, path = synthetic(tmp_path / "whole.mp4", moving(1), *H264, "-bf", "0"), tmp_path / "screen.mp4"
    starts = [0, 1_000, 4_000, 5_500, 7_000]
    with av.open(str(whole)) as source, av.open(str(path), "w", options={"video_track_timescale": "1000"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.time_base = Fraction(1, 1000)
        for start, end, packet in zip(starts, [*starts[1:], 7_000 + last], source.demux(video=0), strict=False):
            packet.stream = stream
            packet.time_base = stream.time_base
            packet.pts = packet.dts = start
            packet.duration = end - start
            target.mux(packet)
    found = decode(path, tmp_path).video
    assert (found.frames, found.holes, found.duration_s, found.variable_frame_rate) == (5, 0, seconds, True)


def test_an_animation_that_pauses_on_its_last_picture_is_whole(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "pauses.gif", moving(2, "10"), "-final_delay", "300")
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.duration_s) == (20, 2.0)
    assert (found.video.missing_end_s, found.video.truncated) == (0.0, False)


@pytest.mark.parametrize("hole", [500, 3_600_000])
def test_a_hole_in_time_is_no_footage_and_no_part_of_a_shot(hole: int, tmp_path: Path) -> None:
    path = with_durations(tmp_path / "hole.mp4", 40, hole)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.holes, found.video.holes_s) == (50, 1, hole / 1000)
    assert (found.video.duration_s, found.video.fps, found.video.variable_frame_rate) == (2.0, 25.0, False)
    shots = find_shots(found.signals, facts(found, path), ShotSettings(network=False))
    assert shots.select("start_frame", "end_frame", "begins", "ends").rows() == [
        (0, 25, "start", "break"), (25, 50, "break", "end"),
    ]  # fmt: skip


def test_a_picture_that_stands_still_between_two_frames_is_no_hole(tmp_path: Path) -> None:
    # As recorders of screens do: nothing is stored while nothing changes.
    path = synthetic(
        tmp_path / "screen.mkv", "color=gray:size=96x64:rate=25:duration=8", "-vf", "select='lt(n,25)+gt(n,150)'",
        "-fps_mode", "vfr", *H264,
    )  # fmt: skip
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.holes, found.video.duration_s) == (74, 0, 8.0)
    assert found.video.variable_frame_rate


def screen(path: Path, *codec: str) -> Path:
    """Four times a second of changes at 25/s, that stands for 2 s or to the end and then shows another picture; nothing is stored meanwhile."""
    return synthetic(path, moving(12), "-vf", "select='lt(mod(n,75),25)'", "-fps_mode", "vfr", *codec)


def breaks(found: Decoded, path: Path) -> list[int]:
    """The first frames of the shots that begin where something breaks off that is no cut."""
    shots = find_shots(found.signals, facts(found, path), ShotSettings(network=False))
    return shots.filter(begins="break")["start_frame"].to_list()


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("slides.mp4", (*H264, "-g", "250", "-bf", "0")),
        ("slides.mkv", (*H264, "-g", "250")),
        ("page.mp4", (*H264, "-g", "250", "-force_key_frames", "3")),  # One of the pages begins with a key frame.
        ("slides.gif", ()),
    ],
)
def test_a_screen_that_stood_still_and_then_changed_much_has_no_hole(
    name: str, codec: tuple[str, ...], tmp_path: Path
) -> None:
    path = screen(tmp_path / name, *codec)
    found = decode(path, tmp_path)
    at = found.signals.filter(found.signals["time_s"].diff() > 1)
    assert at["frame"].to_list() == [25, 50, 75]
    assert all(difference > 2 for difference in at["frame_difference"])
    assert (found.video.frames, found.video.holes, found.video.coverage) == (100, 0, 1.0)
    assert found.video.duration_s == pytest.approx(10.0, abs=0.02)
    assert found.video.variable_frame_rate
    assert breaks(found, path) == []


def test_a_recording_that_goes_on_with_key_frames_after_each_pause_has_holes(tmp_path: Path) -> None:
    path = screen(tmp_path / "paused.mp4", *H264, "-force_key_frames", "0,3,6,9")
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.holes, found.video.duration_s) == (100, 3, 4.0)
    assert breaks(found, path) == [25, 50, 75]


@pytest.mark.parametrize(
    ("codec", "frames", "missing"),
    [((*H264, "-bf", "0"), 153, 1.88), ((*H264, "-bf", "2"), 160, 1.48), (MPEG2, 160, 1.56)],
)
def test_a_picture_that_a_decoder_made_of_the_last_one_before_a_loss_is_no_still(
    codec: tuple[str, ...], frames: int, missing: float, tmp_path: Path
) -> None:
    # A quiet scene, of which a fifth of the packets was lost: after them hardly anything seems to have changed.
    still = "color=gray:size=320x192:rate=25:duration=8,noise=alls=3:allf=t"
    whole = synthetic(tmp_path / "whole.ts", still, *codec, "-g", "200", "-sc_threshold", "0").read_bytes()
    path = tmp_path / "lost.ts"
    first, after = (188 * (len(whole) * share // 100 // 188) for share in (40, 60))
    path.write_bytes(whole[:first] + whole[after:])
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.pieces, found.video.holes) == (frames, 1, 1)
    assert found.video.holes_s == pytest.approx(missing)
    assert found.video.coverage == pytest.approx(1 - missing / 8)
    at = found.signals["time_s"].diff().arg_max()
    assert at is not None
    assert found.signals["frame_difference"][at] < 0.01
    shots = find_shots(found.signals, facts(found, path), ShotSettings(network=False))
    assert not any(start < at < end for start, end in shots.select("start_frame", "end_frame").rows())


def test_a_key_frame_behind_a_gap_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "later.ts"
    parts = [synthetic(tmp_path / f"{n}.ts", moving(2), *H264, "-output_ts_offset", str(n)) for n in (0, 5)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.holes, found.video.corrupt_frames) == (100, 1, 0)


@pytest.mark.parametrize(("later", "coverage"), [(12, 4 / 14), (5_002, 1.0)])
def test_a_clock_that_is_set_ahead_counts_in_no_duration_and_in_no_coverage(
    later: int, coverage: float, tmp_path: Path
) -> None:
    path = tmp_path / "set.ts"
    parts = [synthetic(tmp_path / f"{n}.ts", moving(2), *H264, "-output_ts_offset", str(n)) for n in (0, later)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.holes, found.video.pieces) == (100, 1, 1)
    assert found.video.holes_s == pytest.approx(later - 2, abs=0.1)
    assert found.video.duration_s == pytest.approx(4.0)
    assert found.video.coverage == pytest.approx(coverage, abs=0.01)
    assert found.video.truncated is False
    assert breaks(found, path) == [50]


@pytest.mark.parametrize("frames_between", ["0", "2"])
def test_frames_before_a_matroska_file_s_zero_are_a_piece_of_their_own(frames_between: str, tmp_path: Path) -> None:
    late = ("-output_ts_offset", "-1", "-avoid_negative_ts", "disabled")
    path = tmp_path / "before.mkv"
    ffmpeg("-f", "lavfi", "-i", moving(4), *H264, "-bf", frames_between, *late, path)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.pieces, found.video.left_out_frames) == (100, 2, 0)
    assert (found.video.duration_s, found.video.variable_frame_rate) == (4.0, False)
    assert found.signals.filter(found.signals["breaks"] == "time")["frame"].to_list() == [25]
    own = found.signals["pts"] - found.signals["pts_offset"]
    assert own[25:30].to_list() == [0, 40, 80, 120, 160]


def test_pictures_without_a_pts_of_their_own_end_with_the_last_of_them(tmp_path: Path) -> None:
    # The codec's delay moves them, and AVI says of each that it lasts one unit of its clock, here 1/600 s.
    source = synthetic(tmp_path / "whole.mp4", moving(9), *H264)
    path = tmp_path / "copied.avi"
    ffmpeg("-i", source, "-c", "copy", path)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.duration_s, found.video.fps) == (225, 9.0, 25.0)


@pytest.mark.parametrize("name", ["sound.flv", "sound.mkv", "sound.mp4", "sound.ts", "sound.avi"])
def test_sound_that_goes_on_after_the_picture_makes_nothing_broken_off(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    ffmpeg("-f", "lavfi", "-i", moving(10), "-f", "lavfi", "-i", "sine=duration=11.6", *H264, "-c:a", "aac", path)
    found = decode(path, tmp_path)
    assert (found.video.frames, found.video.truncated) == (250, False)
    assert found.video.coverage == pytest.approx(1.0, abs=0.01)
    cut = tmp_path / f"cut_{name}"
    cut.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if name.endswith((".flv", ".mkv")):
        assert decode(cut, tmp_path).video.truncated


def test_a_recording_that_begins_between_key_frames_is_whole_from_its_first_picture(tmp_path: Path) -> None:
    whole = synthetic(tmp_path / "whole.ts", moving(8), *H264, "-g", "100", "-sc_threshold", "0")
    packets = whole.read_bytes()
    first = 188 * (len(packets) * 3 // 16 // 188)
    path = tmp_path / "tuned_in.ts"
    # The tables come with the key frames, so the file begins with the first packets, which hold them.
    path.write_bytes(packets[: 3 * 188] + packets[first:])
    found = decode(path, tmp_path)
    assert found.video.missing_start_s is not None
    assert 1.0 < found.video.missing_start_s < 4.0
    assert (found.video.missing_end_s, found.video.truncated) == (0.0, False)


@pytest.mark.parametrize("route", [("mkv",), ("mkv", "mp4"), ("mkv", "ts"), ("flv",), ("mkv", "mov")])
@pytest.mark.parametrize("rate", ["24000/1001", "30000/1001", "60"])
def test_an_even_rate_is_even_through_every_container(route: tuple[str, ...], rate: str, tmp_path: Path) -> None:
    path = synthetic(tmp_path / f"made.{route[0]}", moving(4, rate), *H264)
    for number, suffix in enumerate(route[1:]):
        copied = tmp_path / f"{number}.{suffix}"
        ffmpeg("-i", path, "-c", "copy", *(("-video_track_timescale", "24000") if suffix != "ts" else ()), copied)
        path = copied
    assert not decode(path, tmp_path).video.variable_frame_rate


@pytest.mark.parametrize("name", ["dropped.avi", "dropped.mkv", "dropped.mp4"])
def test_a_rate_at_which_every_fourth_frame_is_missing_is_not_even(name: str, tmp_path: Path) -> None:
    path = synthetic(
        tmp_path / name, moving(4), "-vf", "select='mod(n,4)'", "-fps_mode", "passthrough", "-c:v", "mjpeg", "-q:v", "5",
    )  # fmt: skip
    assert decode(path, tmp_path).video.variable_frame_rate
