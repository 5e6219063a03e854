"""rights_signals of a batch: what is read, what is read again, and what a clip's training_signal follows from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.media.video_files import CARPHONE, made_from
from tests.place import Place, look, write_json
from tests.rights.signed import assertion, overwrite, sign
from video_assets.batches.footage import take_in_videos
from video_assets.batches.rights import read_rights_signals
from video_assets.batches.step import Step
from video_assets.lake.lake import Lake, Replacement
from video_assets.lake.plan import plan
from video_assets.lake.schemas import CLIPS, RIGHTS_SIGNALS
from video_assets.measurements import measurements
from video_assets.media import workers
from video_assets.rights import content_credentials

REFUSED = assertion(ai_generative_training="notAllowed")
SIGNALS = """
SELECT file_name, s.n, s.state, s.key, s.value, s.from_ingredient, s.reason
FROM rights_signals AS s JOIN raw_videos AS v ON v.batch = s.batch AND v.video_id = s.video_id ORDER BY file_name, n
"""
KEY = "cawg.ai_generative_training"
SAYS = [
    ("damaged.mp4", 0, "unreadable", None, None, None, None),
    ("edited.mp4", 0, "read", KEY, "notAllowed", "parentOf", None),
    ("held.mkv", 0, "unsupported", None, None, None, None),
    ("permitted.mp4", 0, "read", KEY, "allowed", None, None),
    ("silent.mp4", 0, "none", None, None, None, None),
]


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Give a folder with a video of each kind."""
    folder = tmp_path / "footage"
    folder.mkdir()
    refused = sign(CARPHONE, tmp_path / "refused.mp4", REFUSED)
    sign(refused, folder / "edited.mp4", edited=True)
    sign(CARPHONE, folder / "permitted.mp4", assertion(ai_generative_training="allowed"))
    overwrite(refused, folder / "damaged.mp4", b"jumb", b"jumx")
    made_from(CARPHONE, folder / "held.mkv", "-c", "copy")
    shutil.copy2(CARPHONE, folder / "silent.mp4")
    return folder


def step_over(lake: Lake) -> Step:
    return Step(lake, measurements(lake.settings, {}))


def taken_in(lake: Lake, folder: Path) -> tuple[Step, str]:
    """Give a step over a folder's one batch after it was taken in."""
    (batch,) = look(lake, folder).batches
    step = step_over(lake)
    take_in_videos(step, batch)
    return step, batch


def due(step: Step) -> dict[str, str]:
    """Why each of the two assets is due, in words."""
    wanted = {name: step.order[name] for name in ("raw_videos", "rights_signals")}
    return {d.asset: d.detail for d in plan(step.lake, wanted)}


def told(lake: Lake) -> dict[str, str | None]:
    """Training signal by file, of one clip each."""
    videos = lake.query("SELECT batch, video_id FROM raw_videos")
    rows = [{"clip_id": video, "video_id": video, "batch": batch} for batch, video in videos.iter_rows()]
    lake.commit([Replacement(CLIPS, videos["batch"].unique().to_list(), CLIPS.frame(rows))], [], message="by hand")
    return dict(lake.query("SELECT file_name, training_signal FROM clip_measurements").iter_rows())


def test_each_kind_of_file_says_what_it_says_and_a_clip_s_training_signal_follows(place: Place, footage: Path) -> None:
    lake = place.quick_lake()
    step, batch = taken_in(lake, footage)
    assert due(step) == {"rights_signals": "never made"}
    assert set(told(lake).values()) == {None}
    made = read_rights_signals(step, batch)
    assert (made.rows, made.failures) == (5, 0)
    assert lake.query(SIGNALS).rows() == SAYS
    versions = {content_credentials.reader_version()}
    assert set(lake.read(RIGHTS_SIGNALS)["reader_version"]) == versions
    assert told(lake) == {
        "damaged.mp4": "unreadable", "edited.mp4": "not_allowed", "held.mkv": "unsupported",
        "permitted.mp4": "allowed", "silent.mp4": "none",
    }  # fmt: skip
    assert due(step) == {}


def test_rights_that_are_stated_anew_are_taken_and_no_file_is_opened_for_them(
    place: Place, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = place.quick_lake()
    step, batch = taken_in(lake, footage)
    read_rights_signals(step, batch)

    def refuse(*arguments: object) -> object:
        raise AssertionError("A worker process was started.")

    monkeypatch.setattr(workers, "_run_once", refuse)
    write_json(footage / "silent.json", license="Pexels", consent="yes", expires_on="2027-01-31", tdm_reservation=1)
    write_json(footage / "permitted.json", content_usage="train-ai=n", evidence="contract 17")
    (footage / "held.json").write_text("{")
    assert look(lake, footage).batches == ()
    assert due(step) == {"raw_videos": "source_files changed", "rights_signals": "only if raw_videos changes"}
    take_in_videos(step, batch)
    assert due(step) == {"rights_signals": "raw_videos changed"}
    read_rights_signals(step, batch)
    assert due(step) == {}
    assert lake.query(SIGNALS).rows() == SAYS
    sql = "SELECT licence, licence_as_given, consent, expires_on FROM raw_videos WHERE file_name = 'silent.mp4'"
    assert lake.query(sql).row(0) == ("LicenseRef-Pexels", "Pexels", "yes", "2027-01-31")
    assert told(lake) == {
        "damaged.mp4": "unreadable", "edited.mp4": "not_allowed", "held.mkv": "unreadable",
        "permitted.mp4": "not_allowed", "silent.mp4": "not_allowed",
    }  # fmt: skip


def test_without_the_package_nothing_is_known_and_every_video_is_read_once_it_is_there(
    place: Place, footage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = place.quick_lake()
    with monkeypatch.context() as without:
        without.setattr("video_assets.rights.content_credentials.PACKAGE", "c2pa-python-that-nobody-has")
        step, batch = taken_in(lake, footage)
        read_rights_signals(step, batch)
        assert set(lake.read(RIGHTS_SIGNALS)["state"]) == {"not_available"}
        assert set(told(lake).values()) == {None}
    step = step_over(lake)
    (detail,) = due(step).values()
    assert detail.startswith("version 1-")
    read_rights_signals(step, batch)
    assert lake.query(SIGNALS).rows() == SAYS


def test_a_file_that_is_gone_fails_and_is_read_when_it_is_seen_again(
    place: Place, footage: Path, tmp_path: Path
) -> None:
    lake = place.quick_lake()
    step, batch = taken_in(lake, footage)
    away = (footage / "silent.mp4").rename(tmp_path / "silent.mp4")
    assert read_rights_signals(step, batch).failures == 1
    gone = ("silent.mp4", 0, None, None, None, None, "source_missing")
    assert lake.query(SIGNALS).rows() == [*SAYS[:4], gone]
    assert told(lake)["silent.mp4"] is None
    assert due(step) == {}
    away.rename(footage / "silent.mp4")
    look(lake, footage)
    assert due(step) == {"rights_signals": "1 failed for a passing reason"}
    read_rights_signals(step, batch)
    assert lake.query(SIGNALS).rows() == SAYS
