"""Footage that is turned and mirrored for display is measured as displayed, in each of the eight orientations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.measure.decoding import Decoded, decode
from tests.media.oriented import NAMES, corners, oriented_copy, quarters, shown_by_ffmpeg, shown_by_us
from tests.media.video_files import BUNNY, ffmpeg, made_from, synthetic
from video_assets.media.orientation import ORIENTATIONS, Orientation
from video_assets.media.probe import probe
from video_assets.settings import DecodeSettings

EACH = pytest.mark.parametrize("orientation", ORIENTATIONS, ids=NAMES.values())
LARGEST = DecodeSettings().max_pixels


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_every_corner_is_where_the_ffmpeg_tool_shows_it(suffix: str, tmp_path: Path) -> None:
    coded = synthetic(tmp_path / f"coded.{suffix}", quarters(), "-pix_fmt", "yuv420p")
    ours, theirs = {}, {}
    for orientation, name in NAMES.items():
        path = oriented_copy(coded, tmp_path / f"shown.{suffix}", orientation)
        said = probe(path, LARGEST)
        assert (said.rotation, said.mirrored) == (orientation.rotation, orientation.mirrored)
        assert (said.width, said.height) == ((180, 320) if orientation.turned else (320, 180))
        ours[name] = corners(shown_by_us(decode(path, tmp_path).keyframes["jpeg"][0]))
        theirs[name] = corners(shown_by_ffmpeg(path, (said.width, said.height)))
    assert ours == theirs
    assert len(set(ours.values())) == 8


@pytest.mark.parametrize(
    ("turn", "flip", "expected"),
    [("90", "horizontal", Orientation(90, True)), ("0", "vertical", Orientation(180, True))],
    ids=["a quarter turn and a mirror", "upside down"],
)
def test_a_stream_s_own_orientation_is_kept_where_the_container_has_none(
    turn: str, flip: str, expected: Orientation, tmp_path: Path
) -> None:
    coded = synthetic(tmp_path / "coded.mp4", quarters(), "-pix_fmt", "yuv420p")
    message = f"h264_metadata=display_orientation=insert:rotate={turn}:flip={flip}"
    path = made_from(coded, tmp_path / "shown.ts", "-c", "copy", "-bsf:v", message)
    said = probe(path, LARGEST)
    assert (said.rotation, said.mirrored) == (expected.rotation, expected.mirrored)
    theirs = shown_by_ffmpeg(path, (said.width, said.height))
    assert corners(shown_by_us(decode(path, tmp_path).keyframes["jpeg"][0])) == corners(theirs)


@pytest.fixture(scope="module")
def panned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A textured picture that moves to the right and a little up, with a dark bar at its left."""
    folder = tmp_path_factory.mktemp("panned")
    still = made_from(BUNNY, folder / "still.png", "-frames:v", "1")
    path = folder / "panned.mp4"
    window = "crop=544:360:'400-4*n':'100+2*n',pad=640:360:96:0:black"
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-bf", "0", "-g", "100", "-pix_fmt", "yuv420p"]
    ffmpeg("-loop", "1", "-framerate", "25", "-i", still, "-vf", window, "-frames:v", "30", *encode, path)
    return path


def means(found: Decoded) -> dict[str, float | None]:
    """The mean of every signal that has a direction."""
    directed = ("camera_pan", "camera_tilt", "bar_left", "bar_right", "bar_top", "bar_bottom")
    return found.signals.select(pl.col(directed).cast(pl.Float64).mean()).row(0, named=True)


@EACH
def test_every_picture_and_direction_is_that_of_the_footage_as_the_ffmpeg_tool_shows_it(
    orientation: Orientation, panned: Path, tmp_path: Path
) -> None:
    path = oriented_copy(panned, tmp_path / "oriented.mp4", orientation)
    shown = made_from(path, tmp_path / "shown.mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-bf", "0")
    assert (probe(shown, LARGEST).rotation, probe(shown, LARGEST).mirrored) == (0, False)
    flow = tmp_path / "flow.parquet"
    ours = decode(path, tmp_path, DecodeSettings(doubt_change=0.0), flow)
    flow_ours = pl.read_parquet(flow)
    theirs = decode(shown, tmp_path, DecodeSettings(doubt_change=0.0), flow)
    found, expected = means(ours), means(theirs)
    assert abs(expected["camera_pan"] or 0) + abs(expected["camera_tilt"] or 0) > 0.1
    for name in ("camera_pan", "camera_tilt"):
        assert found[name] == pytest.approx(expected[name], abs=0.02), name
    bars = ("bar_left", "bar_right", "bar_top", "bar_bottom")
    assert [found[b] for b in bars] == pytest.approx([expected[b] for b in bars], abs=0.01)
    # A clip's bars are medians over its frames: in some the picture beside the bar is too dark to tell.
    assert ours.signals.drop_nulls(bars).select(pl.sum_horizontal(bars).median()).item() == pytest.approx(
        0.15, abs=0.01
    )
    for mine, their in ((ours.keyframes, theirs.keyframes), (flow_ours, pl.read_parquet(flow))):
        for a, b in zip(mine["jpeg"], their["jpeg"], strict=True):
            assert np.abs(shown_by_us(a).astype(int) - shown_by_us(b)).mean() < 4
    small, there = (np.frombuffer(b"".join(d.shot_frames["rgb"]), np.uint8).astype(int) for d in (ours, theirs))
    assert np.abs(small - there).mean() < 4
