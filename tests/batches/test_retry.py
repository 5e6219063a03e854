"""Whatever failed can be tried again by a person, and nothing else is touched by it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from tests.batches import misbehaving
from tests.place import Place, look
from tests.tables import TABLES
from video_assets import cli
from video_assets.batches.footage import decode_videos, take_in_videos
from video_assets.batches.retry import outcome, reason_named, set_aside
from video_assets.batches.step import Step
from video_assets.lake import schemas
from video_assets.lake.again import RETRY
from video_assets.lake.lake import Replacement
from video_assets.lake.ledger import Made
from video_assets.lake.plan import Why, plan
from video_assets.measure import tasks
from video_assets.measurements import measurements
from video_assets.reasons import Reason

BAD, GONE, SOUND, LATER = "bad.mp4", "gone.mp4", "sound.mp4", "later.mp4"
FILES = {"b" * 32: ("here", BAD), "9" * 32: ("here", GONE), "5" * 32: ("here", SOUND), "e" * 32: ("there", LATER)}
IDS = {name: video for video, (_, name) in FILES.items()}
CLIPS = [f"{number}abcdef0" * 4 for number in range(3)]
TWIN = CLIPS[2][:24] + "f" * 8
# By table, what failed of what and why; the reasons are for good, but one.
FAILED: dict[str, dict[str, str]] = {
    "raw_videos": {BAD: "not_a_video", GONE: "source_missing"},
    "decoded_videos": {LATER: "decoder_crashed"},
    "transition_scores": {SOUND: "model_failed"},
    "text_scores": {CLIPS[0]: "model_failed"},
    "captions": {CLIPS[1]: "invalid_caption"},
}
ALL = {(table, what) for table, failed in FAILED.items() for what in failed}


@pytest.fixture
def step(two_batches: Step) -> Iterator[Step]:
    """Give a step over the two batches, and undo what was set aside."""
    yield two_batches
    tables = [table for table, _ in marked(two_batches)]
    undo = [
        (f"UPDATE {t} SET version = $old WHERE version = '{RETRY}'", {"old": two_batches.version(t)}) for t in tables
    ]
    two_batches.lake.amend(undo, message="undone", author="test")


@pytest.fixture(scope="module")
def two_batches(tmp_path_factory: pytest.TempPathFactory) -> Step:
    """Give a step over two batches in which something failed in every kind of table."""
    lake = Place(tmp_path_factory.mktemp("retry")).quick_lake()
    order = measurements(lake.settings, {})
    videos = [
        {"batch": batch, "video_id": video, "content": f"etag:{video}", "file_name": name}
        for video, (batch, name) in FILES.items()
    ]
    rows: dict[str, list[dict[str, object]]] = {
        "source_files": [
            {
                "batch": v["batch"],
                "uri": f"s3://raw/{v['batch']}/{v['file_name']}",
                "content": v["content"],
                "current": True,
            }
            for v in videos
        ],
        "raw_videos": [v | {"reason": FAILED["raw_videos"].get(v["file_name"])} for v in videos],
        "decoded_videos": [{"batch": "there", "video_id": IDS[LATER], "reason": FAILED["decoded_videos"][LATER]}],
        "transition_scores": [
            {"batch": "here", "video_id": IDS[SOUND], "frame": frame, "reason": "model_failed"} for frame in (7, 8)
        ],
        "clips": [{"batch": "here", "clip_id": clip, "video_id": IDS[SOUND]} for clip in (*CLIPS, TWIN)],
    }
    for table in ("text_scores", "captions"):
        reasons = {CLIPS[2]: None, **FAILED[table]}
        rows[table] = [{"batch": "here", "clip_id": c, "video_id": IDS[SOUND], "reason": r} for c, r in reasons.items()]
    frames = {name: TABLES[name].frame(content) for name, content in rows.items()}
    versions = {name: order[name].version if name in order else "1" for name in frames}
    frames = {
        name: frame.with_columns(version=pl.lit(versions[name])) if "version" in frame.columns else frame
        for name, frame in frames.items()
    }
    made = [
        Made(
            name,
            batch,
            versions[name],
            name,
            {i: i for i in order[name].inputs} if name in order else {},
            1,
            failures=frame.filter(pl.col("batch") == batch).height if name in FAILED else 0,
        )
        for name, frame in frames.items()
        for batch in set(frame["batch"])
    ]
    batches = ["here", "there"]
    lake.commit([Replacement(TABLES[n], batches, f) for n, f in frames.items()], made, message="two batches")
    return Step(lake, order)


def marked(step: Step) -> set[tuple[str, str]]:
    """Table and file name or clip of the rows that are set aside."""
    found = set()
    for table in FAILED:
        key = "clip_id" if table in ("text_scores", "captions") else "video_id"
        for (subject,) in step.lake.query(f"SELECT {key} FROM {table} WHERE version = '{RETRY}'").iter_rows():
            found.add((table, FILES[subject][1] if subject in FILES else subject))
    return found


def content(step: Step) -> dict[str, pl.DataFrame]:
    """All rows, whatever their version."""
    found = {}
    for name in FAILED:
        table = TABLES[name]
        found[name] = step.lake.read(table).drop("version").sort([c for c in table.key if c != "version"])
    return found


@pytest.mark.parametrize(
    ("what", "reason", "expected"),
    [
        (BAD, None, {("raw_videos", BAD)}),
        (f"s3://raw/here/{BAD}", None, {("raw_videos", BAD)}),
        (f"there/{LATER}", None, {("decoded_videos", LATER)}),
        ("e" * 8, None, {("decoded_videos", LATER)}),
        ("here", None, ALL - {("decoded_videos", LATER)}),
        (SOUND, None, {("transition_scores", SOUND), ("text_scores", CLIPS[0]), ("captions", CLIPS[1])}),
        (SOUND, Reason.MODEL_FAILED, {("transition_scores", SOUND), ("text_scores", CLIPS[0])}),
        (CLIPS[0], None, {("text_scores", CLIPS[0])}),
        (CLIPS[1][:8], None, {("captions", CLIPS[1])}),
        (None, Reason.NOT_A_VIDEO, {("raw_videos", BAD)}),
        (None, None, ALL),
    ],
)
def test_what_is_named_is_set_aside_and_keeps_its_reason_and_nothing_else_changes(
    step: Step, what: str | None, reason: Reason | None, expected: set[tuple[str, str]]
) -> None:
    before, ledger = content(step), step.lake.made()
    snapshots = step.lake.query("FROM ducklake_snapshots('lake')").height
    found = set_aside(step, what, reason)
    assert marked(step) == expected
    assert found.count == len(expected)
    assert set(found.subjects) == {table for table, _ in expected}
    after = content(step)
    assert all(rows.equals(after[table]) for table, rows in before.items())
    assert step.lake.made() == ledger
    assert step.lake.query("FROM ducklake_snapshots('lake')").height == snapshots + 1


def test_what_is_set_aside_is_due(step: Step) -> None:
    def due() -> dict[str, str]:
        return {d.asset: d.detail for d in plan(step.lake, step.order) if d.why is Why.FAILED}

    assert due() == {"raw_videos": "1 failed for a passing reason"}
    set_aside(step, None, None)
    again = {table: f"{len(failed)} to be tried again" for table, failed in FAILED.items()}
    assert due() == again | {"transition_scores": "2 to be tried again"}


@pytest.mark.parametrize(
    ("what", "reason", "said"),
    [
        ("bda.mp4", None, "There is no file, batch or clip bda.mp4; did you mean bad.mp4?"),
        ("0" * 8, None, "There is no file, batch or clip 00000000. A clip is known by the first eight digits of its id, or more."),
        (CLIPS[2], None, f"Nothing of {CLIPS[2]} failed."),
        (BAD, Reason.NO_FRAMES, f"Nothing of {BAD} failed for no_frames, but for not_a_video."),
        (None, Reason.NO_FRAMES, "Nothing failed for no_frames, but for decoder_crashed, invalid_caption, model_failed, not_a_video, source_missing."),
    ],
)  # fmt: skip
def test_when_nothing_is_found_a_sentence_says_what_there_is(
    step: Step, what: str | None, reason: Reason | None, said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        set_aside(step, what, reason)
    assert marked(step) == set()


def test_digits_that_several_ids_begin_with_are_not_enough(step: Step) -> None:
    said = f"{TWIN[:8]} may be {CLIPS[2]} or {TWIN}; say which by more of its digits."
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        set_aside(step, TWIN[:8], None)


def test_a_reason_that_there_is_not_is_answered_with_those_that_there_are() -> None:
    assert reason_named("decode_timeout") is Reason.DECODE_TIMEOUT
    with pytest.raises(ValueError, match=r"^There is no reason decode_timout; did you mean decode_timeout\?$"):
        reason_named("decode_timout")
    with pytest.raises(ValueError, match=r"^There is no reason 42; there are absurd_dimensions, .*worker_lost"):
        reason_named("42")


def test_failures_for_good_heal_when_they_are_tried_again_and_other_videos_are_left_alone(
    place: Place, few_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, small = "three_shots_fades.mp4", "passenger_qcif_coarse.mp4"
    footage = tmp_path / "footage"
    footage.mkdir()
    for name in (good, small):
        shutil.copy2(few_files / name, footage)
    lake = place.quick_lake()
    look(lake, footage)
    step = Step(lake, measurements(lake.settings, {}))
    batch = str(lake.query("SELECT any_value(batch) FROM source_files").item())

    def state(table: str) -> dict[str, str | None]:
        sql = f"SELECT v.file_name, t.reason FROM {table} AS t JOIN raw_videos AS v USING (batch, video_id)"
        return dict(lake.query(sql).iter_rows())

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "take_in", misbehaving.refuse)
        take_in_videos(step, batch)
    take_in_videos(step, batch)
    assert state("raw_videos") == {good: None, small: "not_a_video"}
    tried = set_aside(step, str(footage / small), None)
    assert outcome(step, tried).row(0) == ("raw_videos", 1, 1, "not_a_video")
    take_in_videos(step, batch)
    assert state("raw_videos") == {good: None, small: None}
    assert outcome(step, tried).row(0) == ("raw_videos", 1, 0, "")

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "decode", misbehaving.crash)
        decode_videos(step, batch)
    assert state("decoded_videos") == {good: None, small: "decoder_crashed"}
    cost = lake.query("SELECT sum(compute_seconds) FROM decoded_videos WHERE reason IS NULL").item()
    set_aside(step, None, Reason.DECODER_CRASHED)
    decode_videos(step, batch)
    assert state("decoded_videos") == {good: None, small: None}
    assert cost in lake.query("SELECT compute_seconds FROM decoded_videos")["compute_seconds"].to_list()
    assert [d for d in plan(lake, step.order) if d.why is Why.FAILED] == []


def test_the_command_tries_again_and_says_what_became_of_it(again: Place) -> None:
    def asked(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli.main, ["retry", *arguments])
        return result.exit_code, result.output

    before = again.lake().read(schemas.CLIPS)
    code, printed = asked("empty.mp4")
    assert code == 1, printed
    assert printed.splitlines()[-1] == "Error: Not all went well: see what failed again above."
    assert "Tried again: 1 in raw_videos." in printed
    assert "0 of 1 are good now." in printed
    assert "empty_file" in printed
    assert again.lake().read(schemas.CLIPS).equals(before)
    assert again.lake().query(f"SELECT count(*) FROM raw_videos WHERE version = '{RETRY}'").item() == 0
    assert asked("emty.mp4") == (1, "Error: There is no file, batch or clip emty.mp4; did you mean empty.mp4?\n")
    code, printed = asked()
    assert code == 2
    assert "Say what to try again: a FILE, a BATCH, a CLIP, a --reason, or --all." in printed
