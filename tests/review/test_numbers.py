"""Agreement of raters, and scores against labels: by examples that were published or are worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from video_assets.review.agreement import cohen, fleiss, pairs_of
from video_assets.review.cuts import cut_of


def test_cohens_kappa_is_that_of_a_worked_example() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.7, by chance 0.5.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert cohen(pairs) == pytest.approx(0.4)
    assert cohen([("y", "n"), ("n", "y")]) == pytest.approx(-1.0)
    assert cohen([("y", "y")] * 9) is None
    assert cohen([]) is None


def test_fleiss_kappa_is_that_of_his_form() -> None:
    # Fleiss' kappa as on Wikipedia: 10 subjects, 14 raters, 5 categories, 0.210.
    table = [
        (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
        (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
    ]  # fmt: skip
    ratings = [[str(n) for n, count in enumerate(row) for _ in range(count)] for row in table]
    assert fleiss(ratings) == pytest.approx(0.210, abs=5e-4)
    assert fleiss([["y", "y"], ["n", "n"], ["y"]]) == pytest.approx(1.0)
    assert fleiss([["y"], ["n"]]) is None


def test_two_raters_are_compared_on_what_both_have_judged() -> None:
    said = {
        "a": {"ann": "keep", "bob": "drop"},
        "b": {"ann": "keep", "bob": "keep", "cleo": "drop"},
        "c": {"cleo": "keep"},
    }
    assert pairs_of(said) == {
        ("ann", "bob"): [("keep", "drop"), ("keep", "keep")], ("ann", "cleo"): [("keep", "drop")], ("bob", "cleo"): [("keep", "drop")]
    }  # fmt: skip


def test_a_score_that_tells_labels_apart_is_cut_between_them() -> None:
    scores = [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, None]
    keeps = [False] * 4 + [True] * 4 + [True]
    found = cut_of(scores, keeps)
    assert (found.sign, found.area, found.best.cut, found.f1, found.unmeasured) == (">=", 1.0, 0.6, 1.0, 1)
    assert (found.best.precision, found.best.recall, found.best.kept) == (1.0, 1.0, 4)
    assert found.interval[0] >= 0.6
    turned = cut_of([None if s is None else -s for s in scores], keeps)
    assert (turned.sign, turned.best.cut, turned.area) == ("<=", -0.6, 1.0)


def test_precision_and_recall_of_each_cut_are_those_that_are_counted() -> None:
    rng = np.random.default_rng(1)
    scores = [float(s) for s in rng.integers(0, 12, 300)]
    keeps = [bool(k) for k in rng.random(300) < np.array(scores) / 12]
    found = cut_of(scores, keeps)
    for point in found.curve:
        above = [k for s, k in zip(scores, keeps, strict=True) if s >= point.cut]
        assert point.kept == len(above)
        assert point.precision == pytest.approx(sum(above) / len(above))
        assert point.recall == pytest.approx(sum(above) / sum(keeps))
    better = [
        (a > b) + (a == b) / 2
        for a, x in zip(scores, keeps, strict=True)
        if x
        for b, y in zip(scores, keeps, strict=True)
        if not y
    ]
    assert found.area == pytest.approx(sum(better) / len(better))


def test_the_interval_holds_the_cut_of_the_population_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    held = 0
    for n in range(20):
        labels = rng.random(400) < 0.5
        scores = np.where(labels, rng.normal(1, 1, 400), rng.normal(-1, 1, 400))
        low, high = cut_of([float(s) for s in scores], [bool(k) for k in labels], seed=n).interval
        held += low <= -0.19 <= high  # where F1 is largest for two normal distributions of unit width, two apart
    assert held >= 15


def test_too_few_labels_are_no_ground_for_a_cut() -> None:
    with pytest.raises(ValueError, match="people keep 3 and drop 1"):
        cut_of([1, 2, 3, 4], [True, True, True, False])
