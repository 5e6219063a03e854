"""Progress in a run's log: now and then, in sentences."""

from __future__ import annotations

from video_assets import progress


def said(times: list[float], total: int) -> list[str]:
    """What is said of one asset of which a subject is done at each of these times."""
    lines: list[str] = []
    clock = iter(times)
    report = progress.told(lines.append, lambda: next(clock))
    for done in range(1, len(times) + 1):
        report("text_scores", done, total)
    return lines


def test_a_long_step_says_every_twentieth_part_how_far_it_is_and_how_long_it_will_take() -> None:
    lines = said([float(10 * n) for n in range(1, 101)], 100)
    assert len(lines) == 20
    assert lines[0] == "text_scores: 5 of 100 (5%), about 950 s left."
    assert lines[-1] == "text_scores: 100 of 100 (100%)."


def test_a_slow_step_of_few_subjects_says_each() -> None:
    assert said([60.0, 120.0, 180.0], 3) == [
        "text_scores: 2 of 3 (67%), about 60 s left.",
        "text_scores: 3 of 3 (100%).",
    ]


def test_what_is_done_at_once_says_nothing() -> None:
    assert said([0.01 * n for n in range(100)], 100) == []
    assert said([60.0], 1) == []


def test_the_next_batch_begins_anew() -> None:
    lines: list[str] = []
    clock = iter([0.0, 10.0, 100.0, 110.0])
    report = progress.told(lines.append, lambda: next(clock))
    for done in (1, 2, 1, 2):
        report("captions", done, 2)
    assert lines == ["captions: 2 of 2 (100%)."] * 2


def test_several_may_watch() -> None:
    seen: list[tuple[object, ...]] = []
    progress.both(lambda *a: seen.append(("one", *a)), lambda *a: seen.append(("two", *a)))("clips", 1, 2)
    assert seen == [("one", "clips", 1, 2), ("two", "clips", 1, 2)]
