"""The largest crop without overlays, and when two boxes are the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.measure.rectangles import Rectangle, envelope, largest_clear, overlap

GRID = 8


@st.composite
def on_grid(draw: st.DrawFn) -> Rectangle:
    """Draw a rectangle whose edges are eighths."""
    left, right = sorted(draw(st.lists(st.integers(0, GRID), min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw(st.lists(st.integers(0, GRID), min_size=2, max_size=2, unique=True)))
    return Rectangle(left / GRID, top / GRID, right / GRID, bottom / GRID)


def reaches_into(a: Rectangle, b: Rectangle) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def every_rectangle() -> list[Rectangle]:
    edges = [i / GRID for i in range(GRID + 1)]
    return [Rectangle(x, y, r, b) for x in edges for y in edges for r in edges for b in edges if x < r and y < b]


EVERY = every_rectangle()


@given(st.lists(on_grid(), max_size=5))
def test_no_rectangle_without_an_obstacle_in_it_is_larger_than_the_one_found(obstacles: list[Rectangle]) -> None:
    found = largest_clear(obstacles)
    assert not any(reaches_into(found, o) for o in obstacles)
    clear = (r.area for r in EVERY if not any(reaches_into(r, o) for o in obstacles))
    assert found.area == pytest.approx(max(clear, default=0.0))


def test_without_obstacles_the_whole_picture_is_clear_and_behind_a_full_one_nothing_is() -> None:
    assert largest_clear([]) == (0, 0, 1, 1)
    assert largest_clear([Rectangle(0, 0, 1, 1)]).area == 0


@given(on_grid(), on_grid())
def test_overlap_is_symmetric_and_one_only_for_equal_rectangles(a: Rectangle, b: Rectangle) -> None:
    assert overlap(a, b) == pytest.approx(overlap(b, a))
    assert (overlap(a, b) == pytest.approx(1.0)) == (a == b)
    assert (overlap(a, b) > 0) == reaches_into(a, b)
    assert envelope([a, b]).area >= max(a.area, b.area)
