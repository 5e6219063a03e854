"""What is told of two pictures 4 s apart that the one between them may be blended of."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from video_assets.measure.long_dissolves import LongDissolves, way_of
from video_assets.measure.mixtures import grey
from video_assets.measure.shot_frames import HEIGHT, WIDTH
from video_assets.measure.types import Picture, Signals

FPS = 25


def scene(seed: int) -> Picture:
    """Soft patches of colour, unlike those of another seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), np.uint8)
    return np.asarray(cv2.resize(patches, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def told(shown: Callable[[float], Picture], seconds: float) -> dict[float, Signals]:
    """What is told of a video, by the time in s at which it is."""
    long = LongDissolves()
    rows = {n / FPS: long.measure(shown(n / FPS), grey(shown(n / FPS)), n / FPS) for n in range(int(seconds * FPS))}
    return {at: row for at, row in rows.items() if row}


def blended(begins: float, ends: float) -> Callable[[float], Picture]:
    one, other = scene(1), scene(2)

    def shown(at: float) -> Picture:
        share = float(np.clip((at - begins) / (ends - begins), 0, 1))
        return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)

    return shown


@pytest.mark.parametrize(("begins", "ends"), [(5.0, 7.0), (4.0, 8.0)])
def test_when_a_dissolve_begins_and_ends_is_told_from_its_middle(begins: float, ends: float) -> None:
    rows = told(blended(begins, ends), 12)
    middle = rows[(begins + ends) / 2 + 2]
    assert middle["long_residual"] == pytest.approx(0, abs=0.03)
    assert middle["long_single"] == pytest.approx(0.5, abs=0.1)
    at = (begins + ends) / 2 + 2
    assert at - float(middle["long_begins_ago"] or 0) == pytest.approx(begins, abs=0.2)
    assert at - float(middle["long_ends_ago"] or 0) == pytest.approx(ends, abs=0.2)


@pytest.mark.parametrize(("begins", "ends"), [(4.5, 5.5), (4.2, 6.2)])
def test_when_a_shorter_transition_begins_and_ends_is_told_once_enough_has_been_seen_behind_it(
    begins: float, ends: float
) -> None:
    """Somebody has found its middle; that of a picture that stands is not told."""
    long, shown, middle = LongDissolves(), blended(begins, ends), (begins + ends) / 2
    rows = {}
    for n in range(10 * FPS):
        at = n / FPS
        found_now = at == round((middle + 0.6) * FPS) / FPS
        rows[at] = long.measure(shown(at), grey(shown(at)), at, middle if found_now else 2.0 if n == 3 * FPS else None)
    told = {at: row for at, row in rows.items() if "mixture_begins_ago" in row}
    assert list(told) == [pytest.approx(middle + 1.5, abs=0.1)]
    ((at, row),) = told.items()
    assert at - float(row["mixture_begins_ago"] or 0) == pytest.approx(begins, abs=0.1)
    assert at - float(row["mixture_ends_ago"] or 0) == pytest.approx(ends, abs=0.1)


def test_a_cut_is_no_blend_and_a_picture_that_stands_tells_nothing() -> None:
    assert told(lambda at: scene(1), 8) == {}
    rows = told(lambda at: scene(1 if at < 5 else 2), 12)
    assert all(float(row["long_single"] or 0) < 0.01 for row in rows.values())


def test_three_scenes_in_a_row_are_no_even_way_from_the_first_to_the_last() -> None:
    rows = told(lambda at: scene(int(at // 2)), 20)
    assert all("long_begins_ago" not in row for row in rows.values())


def test_a_way_is_told_to_a_twentieth_of_the_time() -> None:
    times = np.linspace(10, 14, 41)
    ends = scene(1).astype(np.float32), scene(2).astype(np.float32)
    share = np.clip((times - 11) / 2, 0, 1)[:, None, None, None]
    way = way_of(times, (ends[0] + share * (ends[1] - ends[0])).astype(np.float32))
    assert (way.begins, way.ends) == pytest.approx((11.0, 13.0))
    assert way.off == pytest.approx(0, abs=1e-5)
