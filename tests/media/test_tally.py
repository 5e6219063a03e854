"""How far workers are, by the marks that they leave."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from video_assets.media.tally import Marks, Tally


def tallied(folder: Path, subjects: dict[str, int]) -> tuple[Tally, list[tuple[int, int]]]:
    seen: list[tuple[int, int]] = []
    return Tally(folder, subjects, lambda done, total: seen.append((done, total))), seen


def test_marks_are_counted_while_the_job_is_at_work(tmp_path: Path) -> None:
    tally, seen = tallied(tmp_path, {"a": 10, "b": 1})
    marks = Marks(tally.file("a"))
    with tally:
        marks.up_to(4)
        while not seen:
            pass
    assert seen == [(4, 11)]


def test_a_job_that_ends_counts_as_a_whole_whatever_it_marked(tmp_path: Path) -> None:
    tally, seen = tallied(tmp_path, {"a": 10, "b": 5})
    Marks(tally.file("a")).up_to(3)
    tally.done("a")
    tally.done("b")
    assert seen == [(10, 15), (15, 15)]


def test_a_job_that_is_tried_again_never_counts_for_more_than_it_has(tmp_path: Path) -> None:
    tally, seen = tallied(tmp_path, {"a": 4, "b": 2})
    for _ in range(3):
        Marks(tally.file("a")).up_to(3)
    tally.done("b")
    tally.done("a")
    assert seen == [(6, 6)]


def test_a_late_mark_of_a_worker_that_was_given_up_counts_for_nothing(tmp_path: Path) -> None:
    tally, seen = tallied(tmp_path, {"a": 4, "b": 4})
    tally.done("a")
    Marks(tally.file("a")).up_to(4)
    Marks(tally.file("b")).up_to(1)
    tally.done("b")
    assert seen == [(4, 8), (8, 8)]


@given(st.lists(st.integers(0, 30), max_size=20))
def test_marks_go_up_only_and_each_subject_is_marked_once(counts: list[int]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        marks = Marks(Path(folder) / "marks")
        for count in counts:
            marks.up_to(count)
        written = Path(folder) / "marks"
        assert (written.stat().st_size if written.exists() else 0) == max(counts, default=0)


def test_marks_that_nobody_asks_for_and_those_that_cannot_be_written_cost_nothing(tmp_path: Path) -> None:
    Marks(None).up_to(3)
    Marks(tmp_path / "nowhere" / "marks").up_to(3)
    assert list(tmp_path.iterdir()) == []
