"""What is seen of a run while it works."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from tests.place import Place
from tests.terminal import Watched, plain, watch
from video_assets import progress
from video_assets.lake.plan import Due, Why
from video_assets.live import screen
from video_assets.live.remaining import Remaining
from video_assets.live.work import Work


def work(*due: tuple[str, str]) -> Work:
    made = Work(Remaining({}, lambda: 0.0), lambda _: [])
    made.expect([Due(asset, batch, Why.NEW, "") for asset, batch in due])
    return made


def test_one_line_says_what_runs_how_far_it_is_and_how_long_it_will_take() -> None:
    at = work(("shots", "b-1"), ("text_scores", "b-1"), ("shots", "b-2"))
    assert at.sentence() == "Starting"
    at.began("text_scores", ["text_scores"], ["b-1"])
    assert at.sentence() == "batch 1 of 2 · text_scores · no estimate yet"
    at.reached("text_scores", 1200, 4000)
    assert at.sentence() == "batch 1 of 2 · text_scores · 1,200 of 4,000 clips · no estimate yet"
    at.reached("text_scores", 1, 1)
    assert "1,200 of 4,000" in at.sentence()
    at.began("decode", ["decoded_videos", "frame_signals"], ["b-2"])
    at.reached("frame_signals", 3, 60)
    assert at.sentence() == "batch 2 of 2 · decode · 3 of 60 s of footage · no estimate yet"
    at.began("tiers/a/b", ["tiers/a/b"], ["b-1", "b-2"])
    assert at.sentence() == "2 batches · tiers/a/b · no estimate yet"


def test_the_line_fits_a_narrow_terminal_and_keeps_its_numbers() -> None:
    at = work(*((f"tiers/hunyuan_video/fine_tuning_candidates_{n}", f"b-{n}") for n in range(10)))
    at.began("tiers/hunyuan_video/fine_tuning_candidates_7", ["x"], ["b-7"])
    at.reached("x", 10_000, 20_000)
    line = at.sentence(77)
    assert len(line) <= 77
    assert line.startswith("batch 8 of 10 · …")
    assert line.endswith("candidates_7 · 10,000 of 20,000 clips · no estimate yet")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_whatever_runs_takes_three_lines(width: int) -> None:
    at = work(("tiers/hunyuan_video/fine_tuning_candidates", "b-1"), ("shots", "b-2"))
    at.began("tiers/hunyuan_video/fine_tuning_candidates", ["x"], ["b-1"])
    at.reached("x", 1, 2)
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(screen._Bars(at))
    lines = console.export_text().splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= width


def test_what_is_no_terminal_gets_a_line_a_step_and_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    at = work(("shots", "b-1"), ("clips", "b-1"))
    with screen.watching(at):
        for asset in ("shots", "clips"):
            progress.began(asset, [asset], ["b-1"])
            progress.current()(asset, 1, 2)
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == ["shots · no estimate yet", "clips · no estimate yet"]


def test_a_long_step_says_now_and_then_how_far_it_is(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "SECONDS_BETWEEN_LINES", 0.01)
    said = ""
    with screen.busy("Reading", "MiB") as count:
        count(3, 70)
        while "3 of 70" not in said:
            said += capfd.readouterr().err
    assert "Reading · 3 of 70 MiB\n" in said


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Give what is written to a terminal of 80 columns."""
    file = io.StringIO()

    @contextmanager
    def own_console() -> Iterator[Console]:
        yield Console(file=file, width=80, force_terminal=True, _environ={"TERM": "xterm"})

    monkeypatch.setattr(screen, "own_console", own_console)
    return file


def pictures(terminal: io.StringIO, of: str) -> set[str]:
    """The different spinners before a text, as far as they have been written."""
    return set(re.findall(rf"([⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]) {of}", plain(terminal.getvalue())))


def test_what_is_counted_to_its_end_moves_until_it_has_ended(terminal: io.StringIO) -> None:
    with screen.busy("Reading", "MiB") as count:
        count(34, 35)  # a bar that was not full has a total, and its clock would stop at it
        count(35, 35)
        while len(pictures(terminal, r"Reading [^\r\n]*35 of 35 MiB")) < 3:
            """The bars are drawn by a thread of their own."""
        count.goes_on_to("Seeing whether files still change")
        while len(pictures(terminal, "Seeing whether files still change")) < 3:
            """As above."""


def test_a_long_name_is_cut_and_breaks_no_line(terminal: io.StringIO) -> None:
    with screen.busy(f"Reading what is new in {'/a long/path' * 20}", "MiB") as count:
        count(1, 35)
        while "1 of 35 MiB" not in plain(terminal.getvalue()):
            """As above."""
    lines = re.split(r"[\r\n]+", plain(terminal.getvalue()))
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if "path" in line and "Reading" not in line]


@pytest.mark.parametrize(
    ("arguments", "goes_on"),
    [
        (("plan",), "Looking what is due"),
        (("tiers",), "Opening the lake"),
        (("clips",), "Asking the lake"),
        (("sql", "SELECT 1"), "Asking the lake"),
        (("sweep", "--dry-run"), "Looking what is of no use"),
    ],
)
def test_a_command_that_asks_shows_on_a_terminal_that_something_goes_on(
    curated_few: Place, arguments: tuple[str, ...], goes_on: str
) -> None:
    assert goes_on in watch(curated_few, *arguments).screen


CAPTURED = """
import os, sys
from video_assets import progress
from video_assets.lake.plan import Due, Why
from video_assets.live.remaining import Remaining
from video_assets.live.screen import watching
from video_assets.live.work import Work
at = Work(Remaining({}, lambda: 0.0), lambda _: [])
at.expect([Due("shots", "b", Why.NEW, "")])
with watching(at):
    kept = os.dup(1), os.dup(2)
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    progress.began("shots", ["shots"], ["b"])
    os.dup2(kept[0], 1), os.dup2(kept[1], 2)
"""


def test_lines_come_through_although_somebody_has_taken_the_descriptors() -> None:
    ran = subprocess.run([sys.executable, "-c", CAPTURED], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "shots · no estimate yet\n")


def test_on_a_terminal_counts_are_seen_while_their_step_is_at_work(curated_on_terminal: Watched) -> None:
    """Some count between none and all is on the screen before anything that comes after that step is in the lake."""
    between = curated_on_terminal.between
    # Which steps last long enough to be seen half done is the machine's affair; that some do is ours.
    assert between, curated_on_terminal.screen
    for count in between:
        assert {"s of footage": "clips", "clips": "clip_sheet", "frames in doubt": "shots"}[
            count.unit
        ] not in count.made


def test_a_terminal_of_24_lines_shows_the_steps_and_at_last_the_result(curated_on_terminal: Watched) -> None:
    screen = curated_on_terminal.screen
    assert "whether files still change" in screen
    assert "decode · " in screen
    assert "this step" in screen
    assert screen.rindex("Result of") > screen.rindex("this step")
    assert "Traceback" not in screen
