"""What a picture is made of two others by: a blend, one beside the other, one that pushes the other out, or one alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.measure.test_long_dissolves import scene
from video_assets.measure.mixtures import Between, Grey, Mixture, grey
from video_assets.measure.types import Picture

ONE, OTHER = scene(1), scene(2)
WIDTH = ONE.shape[1]


def made(middle: Picture) -> Mixture:
    found = Between(grey(ONE), grey(middle), grey(OTHER)).mixture()
    assert found is not None
    return found


def test_a_blend_is_one_half_of_each() -> None:
    found = made(np.asarray(cv2.addWeighted(ONE, 0.5, OTHER, 0.5, 0), np.uint8))
    assert (found.kind, found.share) == ("blend", 0.5)
    assert found.residual == pytest.approx(0, abs=0.01)
    assert found.single == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("turned", [False, True], ids=["from the side", "from above"])
@pytest.mark.parametrize("share", [0.375, 0.5, 0.625])
def test_a_wipe_tells_the_later_pictures_share(share: float, turned: bool) -> None:
    mask = np.zeros(ONE.shape, bool)
    if turned:
        mask[: round(share * len(ONE))] = True
    else:
        mask[:, : round(share * WIDTH)] = True
    found = made(np.where(mask, OTHER, ONE))
    assert found.kind == "wipe"
    assert found.share == pytest.approx(share, abs=0.06)
    assert found.residual == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize("share", [0.375, 0.5, 0.625])
def test_a_push_holds_the_end_of_the_one_and_the_beginning_of_the_other(share: float) -> None:
    gone = round(share * WIDTH)
    found = made(np.concatenate([ONE[:, gone:], OTHER[:, :gone]], axis=1))
    assert found.kind == "push"
    assert found.share == pytest.approx(share, abs=0.03)
    assert found.residual == pytest.approx(0, abs=0.04)


def test_of_a_picture_that_one_alone_explains_nothing_else_is_told() -> None:
    """It has moved by two pixels of the 24 that are compared."""
    found = made(np.roll(ONE, 4, axis=1))
    assert (found.kind, found.residual, found.share) == (None, None, None)
    assert found.single < 0.2


def test_what_comes_into_a_scene_is_no_wipe() -> None:
    """Half of the picture is another, and a part of that is there already: beside it, the scene stands as it was."""

    def entered(columns: int) -> Grey:
        picture = ONE.copy()
        picture[6:22, WIDTH - columns :] = OTHER[6:22, :columns]
        return grey(picture)

    found = Between(grey(ONE), entered(18), entered(36)).mixture()
    assert found is not None
    assert (found.kind, found.residual, found.share) == (None, None, None)
    assert found.single > 0.2


def test_ends_that_are_the_same_make_nothing() -> None:
    same: Grey = grey(ONE)
    assert Between(same, grey(OTHER), same).mixture() is None
