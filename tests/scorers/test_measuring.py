"""What a scorer of one's own is given, and what becomes of what it gives: a failure is a row with a reason, of its clips alone."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.place import Place
from tests.scorers.modules import module, write
from video_assets.batches.scores import score
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake
from video_assets.measurements import measurements
from video_assets.settings import ModelSettings, WorkerSettings

BUNNY = 1280  # The width of bunny_720p.mp4, of which there is one clip.
ON_BUNNY = "if crop.width == 1280:\n    {}\nreturn {{'mine': 1.0}}"


@pytest.fixture
def place(again: Place) -> Place:
    return again


def measure(place: Place, text: str) -> Lake:
    """Measure the batch's clips with this module, in a process limited to 2 s without work and to few of it."""
    write(place.folder, text)
    lake = place.lake(
        workers=WorkerSettings(attempts=1, idle_seconds=2.0, cpu_seconds_base=8.0),
        models=ModelSettings(cpu_seconds_per_picture=1.0),
    )
    step = Step(lake, measurements(lake.settings, {}))
    score(step, "mine_scores", str(lake.query("SELECT any_value(batch) FROM clips").item()))
    return lake


def by_width(lake: Lake) -> dict[int, set[tuple[float | None, str | None, str | None]]]:
    found: dict[int, set[tuple[float | None, str | None, str | None]]] = {}
    sql = "SELECT crop_width, mine, s.reason, s.message FROM mine_scores AS s JOIN clips USING (batch, clip_id)"
    for width, *row in lake.query(sql).iter_rows():
        found.setdefault(width, set()).add((row[0], row[1], row[2]))
    return found


@pytest.mark.parametrize(
    ("line", "reason", "said"),
    [
        ("raise KeyError('no such thing')", "model_failed", "KeyError: 'no such thing'"),
        ("return {'mine': float('nan')}", "model_failed", "mine is nan."),
        ("return {'mine': 11}", "model_failed", "mine is 11, and its range is 0 to 10."),
        ("return {'mine': 'many'}", "model_failed", "mine is 'many', which is no Float64."),
        ("return {'yours': 1.0}", "model_failed", "mine_scores gave yours, which it does not declare; it declares mine."),
        ("return [1.0]", "model_failed", "mine_scores gave list and not a mapping of columns to values."),
        ("return {'mine': pictures[0]}", "model_failed", "mine is an array of shape (360, 640, 3), which is no Float64."),
        ("import os; os._exit(7)", "worker_lost", None),
        ("import time; time.sleep(600)", "model_timeout", None),
        ("while True: pass", "model_timeout", None),
    ],
)  # fmt: skip
def test_what_one_clip_does_costs_that_clip_its_row_and_no_other(
    place: Place, line: str, reason: str, said: str | None
) -> None:
    found = by_width(measure(place, module(ON_BUNNY.format(line))))
    [(value, why, message)] = found.pop(BUNNY)
    assert (value, why) == (None, reason)
    assert message
    assert said is None or message == said
    assert found
    assert {row for rows in found.values() for row in rows} == {(1.0, None, None)}


def test_a_column_that_is_left_out_is_null_and_the_row_is_good(place: Place) -> None:
    assert by_width(measure(place, module(ON_BUNNY.format("return {}"))))[BUNNY] == {(None, None, None)}


def test_numbers_of_numpy_are_numbers(place: Place) -> None:
    text = module("import numpy as np\nreturn {'mine': np.float32(2.5)}")
    assert {row for rows in by_width(measure(place, text)).values() for row in rows} == {(2.5, None, None)}


def test_columns_of_other_measurements_are_read_by_clip(place: Place) -> None:
    body = "motion, = tables\nreturn motion.select('clip_id', mine=motion['vmaf_motion'] / 10)"
    lake = measure(place, module(body, reads="Tables(('motion_scores',))", more=", subject='clip'"))
    rows = lake.query("SELECT mine, vmaf_motion / 10 FROM mine_scores JOIN motion_scores USING (batch, clip_id)").rows()
    assert len(rows) == lake.query("SELECT count(*) FROM clips").item()
    assert [mine for mine, _ in rows] == pytest.approx([other for _, other in rows])


def test_a_teams_own_table_is_joined_by_clip_and_read_anew_when_it_is_another(place: Place, tmp_path: Path) -> None:
    clips = place.lake().query("SELECT clip_id FROM clips ORDER BY clip_id")["clip_id"].to_list()
    rated = tmp_path / "rated.parquet"
    pl.DataFrame({"clip_id": clips[:1], "mine": [4.5]}).write_parquet(rated)
    body = f"return clips.select('clip_id').join(pl.read_parquet({str(rated)!r}), on='clip_id', how='left')"
    hashed = f"lambda settings: {{'table': open({str(rated)!r}, 'rb').read().hex()}}"
    text = module(body, reads="Tables(())", more=f", subject='clip', parameters={hashed}")
    lake = measure(place, text)
    found = dict(lake.query("SELECT clip_id, mine FROM mine_scores").iter_rows())
    assert found == dict.fromkeys(clips) | {clips[0]: 4.5}
    version = measurements(lake.settings, {})["mine_scores"].version
    pl.DataFrame({"clip_id": clips[:1], "mine": [2.0]}).write_parquet(rated)
    assert measurements(lake.settings, {})["mine_scores"].version != version


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return clips.head(0).select('clip_id', mine=pl.lit(1.0))", "mine_scores gave no row for the clip."),
        ("return pl.concat([clips, clips]).select('clip_id', mine=pl.lit(1.0))", "mine_scores gave 2 rows for 1 clips; each clip has one."),
        ("return 3", "mine_scores gave int and not a polars.DataFrame with clip_id."),
        ("return clips.select('clip_id', yours=pl.lit(1.0))", "mine_scores gave yours, which it does not declare; it declares mine."),
        ("return tables[0].select('nothing')", None),
    ],
)  # fmt: skip
def test_what_tables_make_is_looked_at_too(place: Place, body: str, said: str | None) -> None:
    guarded = f"if clips['crop_width'][0] == {BUNNY}:\n    {body}\nreturn clips.select('clip_id', mine=pl.lit(1.0))"
    found = by_width(measure(place, module(guarded, reads="Tables(('motion_scores',))", more=", subject='clip'")))
    [(value, why, message)] = found.pop(BUNNY)
    assert (value, why) == (None, "model_failed")
    assert said is None or message == said
    assert {row for rows in found.values() for row in rows} == {(1.0, None, None)}


def test_keyframes_come_in_order_and_no_more_than_were_asked_for(place: Place) -> None:
    lake = measure(place, module("return {'mine': len(pictures) + pictures[0].shape[2] / 10}", reads="Keyframes(3)"))
    sql = """
        SELECT mine, least(3, (SELECT count(*) FROM keyframes AS k WHERE k.video_id = c.video_id
            AND k.frame BETWEEN c.start_frame AND c.end_frame - 1)) + 0.3::DOUBLE
        FROM mine_scores JOIN clips AS c USING (batch, clip_id)"""
    rows = lake.query(sql).rows()
    assert len(rows) == lake.query("SELECT count(*) FROM candidates WHERE candidate").item()
    assert [mine for mine, _ in rows] == pytest.approx([expected for _, expected in rows])


def test_the_clips_own_frames_are_those_of_ffmpeg(place: Place, few_files: Path) -> None:
    import av
    import cv2

    # Mean luma of the middle frame, as large as the source has it.
    body = "import cv2\nreturn {'mine': float(cv2.cvtColor(pictures[0], cv2.COLOR_BGR2GRAY).mean()) / 30}"
    lake = measure(place, module(body, reads="Frames(1)"))
    [(mine, start, frames)] = lake.query(
        "SELECT mine, start_frame, frames FROM mine_scores JOIN clips USING (batch, clip_id) WHERE crop_width = ?",
        [BUNNY],
    ).rows()
    with av.open(str(few_files / "bunny_720p.mp4")) as container:
        pictures = [f.to_ndarray(format="bgr24", src_colorspace="ITU709") for f in container.decode(video=0)]
    wanted = cv2.cvtColor(pictures[start + frames // 2], cv2.COLOR_BGR2GRAY).mean() / 30
    assert mine == pytest.approx(wanted, abs=0.02)
    others = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).mean() / 30 for p in pictures[start : start + frames : 20]]
    assert max(others) - min(others) > 0.1  # of another frame it would be another number


def test_a_model_is_opened_once_in_a_worker(place: Place) -> None:
    text = (
        module("return {}")
        .replace("measure=measure", "open=open_")
        .replace(
            "scorer = Scorer",
            "def open_(given):\n    opened = []\n    opened.append(1)\n\n    def count(pictures, crop):\n"
            "        opened.append(1)\n        return {'mine': float(len(opened))}\n\n    return count\n\n\nscorer = Scorer",
        )
    )
    lake = measure(place, text)
    counts = sorted(lake.query("SELECT mine FROM mine_scores WHERE mine IS NOT NULL")["mine"].to_list())
    # Three clips of one video follow one another in a worker.
    assert counts[0] == 2
    assert counts[-1] >= 4
