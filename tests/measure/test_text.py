"""Text scores from what was read: made boxes, whose every number follows by hand."""

from __future__ import annotations

import pytest

from video_assets.measure.rectangles import Rectangle
from video_assets.measure.text import (
    ReadPicture,
    TextBox,
    is_line,
    settled,
    static_places,
    subtitle_band,
    text_scores,
)
from video_assets.measure.types import Crop
from video_assets.scorers.text import TEXT_SCORES


def sideways(box: Rectangle, by: float) -> Rectangle:
    return Rectangle(box.left + by, box.top, box.right + by, box.bottom)


FULL_HD = Crop(0, 0, 1920, 1080)
LOGO = Rectangle(0.9, 0.0, 1.0, 0.1)
SUBTITLE = Rectangle(0.25, 0.85, 0.75, 0.9)
WORD = Rectangle(0.47, 0.85, 0.53, 0.91)  # 1.8 times as wide as high in a picture of 16:9
ASIDE = sideways(WORD, 0.4)


def text(place: Rectangle, detection: float = 0.8, recognition: float = 0.9, says: str = "word") -> TextBox:
    return TextBox(place, detection, recognition, says)


def picture(*boxes: TextBox) -> ReadPicture:
    return ReadPicture(boxes)


def test_a_clip_without_text_scores_zero_and_its_crop_is_the_whole_picture() -> None:
    row = text_scores([picture()] * 4, Crop(0, 138, 1920, 804))
    measured = {
        "text_frames": 4,
        "text_score": 0.0,
        "text_read": "",
        "text_boxes": 0,
        "text_share": 0,
        "text_share_max": 0,
        "overlaid_text_boxes": 0,
        "overlaid_text_share": 0,
    }
    overlays = {"static_text": 0, "static_text_share": 0, "clear_share": 1.0}
    crop = {"clear_x": 0, "clear_y": 138, "clear_width": 1920, "clear_height": 804}
    assert row == measured | overlays | crop
    assert set(row) <= set(TEXT_SCORES.table.schema)


def test_the_score_is_the_largest_product_on_any_picture_and_one_picture_is_enough() -> None:
    row = text_scores([picture(), picture(text(LOGO, 0.8, 0.9, "SALE"), text(SUBTITLE, 0.9, 0.5)), picture()], FULL_HD)
    assert (row["text_score"], row["text_read"]) == (pytest.approx(0.72), "SALE")
    assert row["text_boxes"] == 2
    assert row["text_share_max"] == pytest.approx(0.01 + 0.025)
    assert row["text_share"] == pytest.approx(0.035 / 3)


def test_what_cannot_be_read_and_is_no_line_is_no_text() -> None:
    row = text_scores([picture(text(LOGO, 0.9, 0.49), text(ASIDE, 0.9, 0.9, " "))] * 4, FULL_HD)
    assert (row["text_score"], row["text_read"]) == (0, "")
    assert (row["text_boxes"], row["text_share"], row["static_text"], row["clear_share"]) == (0, 0, 0, 1.0)


def test_a_line_that_nobody_can_read_is_text_like_any_other() -> None:
    """Subtitles in a script that the recogniser does not know: it reads nothing, or a word that it does not believe."""
    for recognition, says in ((0.0, ""), (0.3, "35 3")):
        read, unread = (
            text_scores([picture(TextBox(SUBTITLE, 0.7, sure, word, line=True))] * 4, FULL_HD)
            for sure, word in ((0.9, "word"), (recognition, says))
        )
        alike = read.keys() - {"text_score", "text_read"}
        assert {name: unread[name] for name in alike} == {name: read[name] for name in alike}
        assert unread["text_share"] == pytest.approx(SUBTITLE.area)
        assert "subtitle_y" in unread


def test_a_line_is_much_wider_than_high_and_a_part_of_the_picture() -> None:
    assert is_line(285, 40, 360)
    assert is_line(100, 40, 360)
    assert not is_line(76, 40, 360)
    assert not is_line(640, 200, 360)  # most of the picture, in which the recogniser sees one character


@pytest.mark.parametrize(
    ("says", "sure", "is_text"),
    [
        ("0", 0.9, False),
        ("20", 0.6, False),
        ("00000", 0.9, False),
        ("A", 0.97, True),
        ("TAXI", 0.6, True),
        ("TAXI", 0.9, True),
    ],
)
def test_what_fills_the_picture_is_text_only_when_it_is_sure_and_a_character_or_two_when_they_are_surer(
    says: str, sure: float, is_text: bool
) -> None:
    most = text(Rectangle(0.0, 0.1, 0.6, 0.9), 0.6, sure, says)
    assert most.seen == is_text
    assert text(WORD, 0.6, sure, says).seen


def test_a_character_that_fills_the_picture_is_on_two_pictures_or_is_none() -> None:
    one = text(Rectangle(0.0, 0.1, 0.6, 0.9), 0.7, 0.97, "S")
    for pictures, boxes in (
        ([picture(one), picture(), picture(), picture()], 0),
        ([picture(one)] * 2, 1),
        ([picture(one)], 1),
    ):
        row = text_scores(pictures, FULL_HD)
        assert (row["text_boxes"], row["text_score"]) == (boxes, pytest.approx(0.679 * boxes))


def test_a_title_that_is_badly_read_stays_in_its_place_or_is_none() -> None:
    title = text(Rectangle(0.3, 0.2, 0.6, 0.55), 0.8, 0.6, "Big Buck")
    for pictures, boxes in (([picture(title), picture(title), picture()], 1), ([picture(title), picture()], 0)):
        assert text_scores(pictures, FULL_HD)["text_boxes"] == boxes


def test_text_that_moves_with_the_scene_counts_as_text_and_not_as_overlaid() -> None:
    sign = TextBox(LOGO, 0.8, 0.9, "OPEN", of_scene=True)
    row = text_scores([picture(sign), picture(sign, text(SUBTITLE))], FULL_HD)
    assert (row["text_boxes"], row["overlaid_text_boxes"]) == (2, 1)
    assert row["text_share"] == pytest.approx(0.01 + 0.025 / 2)
    assert row["overlaid_text_share"] == pytest.approx(0.025 / 2)


def words(pictures: list[ReadPicture]) -> list[int]:
    """How many words each picture has."""
    return [sum(b.word for b in p.boxes) for p in settled(pictures)]


def unread(place: Rectangle) -> TextBox:
    return text(place, recognition=0.3, says="df")


def test_a_short_word_that_nobody_can_read_is_text_in_the_row_of_a_line_on_another_picture() -> None:
    line = picture(TextBox(SUBTITLE, 0.7, 0.0, "", line=True))
    assert words([picture(unread(WORD)), line]) == [1, 0]
    assert words([picture(unread(sideways(WORD, 0.22))), line]) == [1, 0]
    assert words([picture(unread(ASIDE)), line]) == [0, 0]  # too far from its columns
    above = Rectangle(WORD.left, WORD.top - 0.1, WORD.right, WORD.bottom - 0.1)
    assert words([picture(unread(above)), line]) == [0, 0]
    assert words([picture(unread(WORD), text(sideways(WORD, 0.1)))]) == [1]  # read beside it


def test_a_short_word_that_nobody_can_read_is_text_where_subtitles_are_and_on_two_pictures() -> None:
    row = text_scores([picture(), picture(unread(WORD)), picture(), picture(unread(WORD))], FULL_HD)
    assert (row["text_boxes"], row["text_share_max"]) == (1, pytest.approx(WORD.area))
    assert row["text_share"] == pytest.approx(WORD.area / 2)
    assert (row["subtitle_y"], row["subtitle_height"]) == (918, 65)
    assert words([picture(), picture(unread(WORD)), picture()]) == [0, 0, 0]


@pytest.mark.parametrize(
    "place",
    [ASIDE, Rectangle(0.47, 0.4, 0.53, 0.46), Rectangle(0.4, 0.7, 0.6, 0.9), LOGO],
    ids=["beside the middle", "in the middle of the picture", "high", "in a corner"],
)
def test_what_stands_elsewhere_on_every_picture_is_no_word(place: Rectangle) -> None:
    assert words([picture(unread(place))] * 4) == [0, 0, 0, 0]


def test_a_logo_that_one_picture_of_four_lacks_is_static_and_cropped_away() -> None:
    row = text_scores([picture(text(LOGO)), picture(), picture(text(LOGO)), picture(text(LOGO))], FULL_HD)
    assert (row["static_text"], row["static_text_share"]) == (1, pytest.approx(0.01))
    crop = tuple(row[f"clear_{edge}"] for edge in ("x", "y", "width", "height"))
    assert crop in {(0, 0, 1728, 1080), (0, 108, 1920, 972)}
    assert row["clear_share"] == pytest.approx(0.9)


def test_text_that_moves_with_the_scene_is_not_static() -> None:
    places = [[sideways(Rectangle(0.1, 0.3, 0.3, 0.4), 0.15 * i)] for i in range(4)]
    assert static_places(places) == []


def test_text_on_half_of_the_pictures_is_not_static() -> None:
    assert static_places([[LOGO], [LOGO], [], []]) == []


def test_lines_of_subtitles_that_change_are_one_band_with_both_their_rows() -> None:
    upper, wider = Rectangle(0.3, 0.79, 0.7, 0.84), Rectangle(0.1, 0.85, 0.9, 0.9)
    band = subtitle_band([[SUBTITLE], [upper, wider], [], [SUBTITLE]])
    assert band == (0.1, 0.79, 0.9, 0.9)
    assert static_places([[SUBTITLE], [upper, wider], [], [SUBTITLE]]) == [(0.1, 0.85, 0.9, 0.9)]


def test_subtitles_are_centred_and_a_watermark_in_the_corner_beside_them_is_none() -> None:
    watermark, clock = Rectangle(0.8, 0.85, 0.95, 0.9), Rectangle(0.02, 0.88, 0.12, 0.92)
    assert subtitle_band([[watermark]] * 4) is None
    assert subtitle_band([[clock, watermark]] * 4) is None
    halves = [Rectangle(0.25, 0.85, 0.49, 0.9), Rectangle(0.5, 0.85, 0.75, 0.9)]
    assert subtitle_band([[*halves, watermark], [watermark], [SUBTITLE], []]) == (0.25, 0.85, 0.75, 0.9)


@pytest.mark.parametrize(
    "places",
    [[[LOGO]] * 4, [[SUBTITLE], [], [], []], [[SUBTITLE], [Rectangle(0.25, 0.7, 0.75, 0.75)], [], []], [[]] * 4],
    ids=["at the top", "once", "in other rows", "no text"],
)
def test_other_text_is_no_subtitle(places: list[list[Rectangle]]) -> None:
    assert subtitle_band(places) is None


def test_boxes_are_told_in_display_pixels_of_the_source() -> None:
    row = text_scores([picture(text(SUBTITLE))] * 4, Crop(100, 140, 1000, 800))
    assert tuple(row[f"subtitle_{edge}"] for edge in ("x", "y", "width", "height")) == (350, 820, 500, 40)
    assert tuple(row[f"clear_{edge}"] for edge in ("x", "y", "width", "height")) == (100, 140, 1000, 680)
    assert row["clear_share"] == pytest.approx(0.85)


def test_one_picture_cannot_tell_what_stays() -> None:
    row = text_scores([picture(text(SUBTITLE))], FULL_HD)
    assert "text_score" in row
    assert not {"static_text", "clear_share", "subtitle_y"} & set(row)
