"""Plain captions from measurements, and the tags that every caption gets: exact words, and nothing that was not measured."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.describe.measured import measured_caption
from video_assets.describe.tags import CAMERA_LABELS, camera_label, quality_tags, source_tags
from video_assets.lake.sheet import sheet_of
from video_assets.settings import Settings

NOTHING: dict[str, Any] = dict.fromkeys(sheet_of(Settings()).schema)


def said(**measured: Any) -> tuple[str, str]:
    caption = measured_caption(NOTHING | measured, 0.7)
    return (caption.short_description, caption.dense_description) if caption else ("", "")


def test_of_a_clip_of_which_nothing_was_measured_nothing_is_said() -> None:
    assert measured_caption(NOTHING, 0.7) is None


def test_everything_that_was_measured_is_said_once_and_in_order() -> None:
    found = said(
        people_max=2, people_frames_share=0.5, faces_max=1, faces_frames_share=0.75, face_share_max=0.04, aspect=16 / 9,
        camera_motion="static", camera_confidence=0.9, object_motion=0.2, luma_mean=200.0, dark_share=0.0, bright_share=0.2,
    )  # fmt: skip
    assert found[0] == "Several persons are seen."
    assert found[1] == (
        "Several persons are seen. It is a medium close-up, by the size of who is seen. The camera stands still. Much of the "
        "picture moves. The picture is bright, with white areas."
    )


def test_a_subject_is_never_told_however_probable() -> None:
    assert said(subjects=[{"subject": "bow_tie", "probability": 0.99}]) == ("", "")
    assert "bow tie" not in said(subjects=[{"subject": "bow_tie", "probability": 0.99}], luma_mean=60.0)[1]


@pytest.mark.parametrize(
    ("measured", "short"),
    [
        ({"faces_max": 1, "faces_frames_share": 1.0}, "A face is seen."),
        # A face that is there throughout is not found in every frame.
        ({"faces_max": 1, "faces_frames_share": 0.5}, "A face is seen."),
        ({"faces_max": 1, "faces_frames_share": 0.25, "luma_mean": 60.0}, "The picture is dim."),
        ({"people_max": 1, "people_frames_share": 0.25, "faces_max": 1, "faces_frames_share": 0.5}, "A face is seen."),
        # Who is turned away or small is not found.
        ({"faces_max": 0, "people_max": 0, "luma_mean": 120.0}, "The picture is medium bright."),
        ({"camera_motion": "pan_left", "camera_confidence": 0.7}, "The camera moves to the left."),
        ({"camera_motion": "pan_left", "camera_confidence": 0.69, "luma_mean": 60.0}, "The picture is dim."),
        ({"camera_motion": "mixed", "camera_confidence": 0.9, "luma_mean": 60.0}, "The picture is dim."),
    ],
)
def test_what_is_not_sure_is_not_told(measured: dict[str, Any], short: str) -> None:
    assert said(**measured)[0] == short


@pytest.mark.parametrize("motion", ["mixed", "roll_left", "roll_right"])
def test_of_a_camera_that_may_go_round_something_nothing_is_said(motion: str) -> None:
    assert said(camera_motion=motion, camera_confidence=1.0, luma_mean=60.0) == said(luma_mean=60.0)


@pytest.mark.parametrize(
    ("motion", "confidence", "amount"),
    [
        ("static", 0.9, "A little of the picture moves."),
        ("static", 0.8, None),
        ("static", 0.04, None),
        (None, 0.0, None),
        ("handheld", 1.0, None),
        ("pan_left", 1.0, None),
        ("mixed", 1.0, None),
    ],
)
def test_how_much_moves_is_told_only_where_the_camera_stands_still_for_nearly_all_steps(
    motion: str | None, confidence: float, amount: str | None
) -> None:
    told = said(camera_motion=motion, camera_confidence=confidence, object_motion=0.01, luma_mean=60.0)[1]
    assert (amount in told) if amount else "of the picture moves" not in told


@pytest.mark.parametrize(
    ("share", "aspect", "size"),
    [
        (0.13, 16 / 9, "close-up"), (0.04, 16 / 9, "medium close-up"), (0.02, 16 / 9, "medium shot"),
        (0.01, 16 / 9, ""), (0.003, 16 / 9, "wide shot"),
        # The same face in an upright picture is less high.
        (0.13, 9 / 16, "medium close-up"),
    ],
)  # fmt: skip
def test_the_shots_size_is_that_of_the_largest_face(share: float, aspect: float, size: str) -> None:
    seen = {"faces_max": 1, "faces_frames_share": 1.0, "face_share_max": share, "aspect": aspect}
    caption = measured_caption(NOTHING | seen, 0.7)
    assert caption
    assert caption.shot_type == size


_SHARES, _COUNTS = st.none() | st.floats(0, 1), st.none() | st.integers(0, 9)


@given(
    st.fixed_dictionaries(
        {
            "faces_max": _COUNTS, "face_share_max": _SHARES, "faces_frames_share": _SHARES, "people_max": _COUNTS,
            "person_share_max": _SHARES, "people_frames_share": _SHARES, "camera_confidence": _SHARES,
            "camera_motion": st.sampled_from([None, "mixed", *CAMERA_LABELS]), "object_motion": _SHARES,
            "luma_mean": st.none() | st.floats(0, 255), "dark_share": _SHARES, "bright_share": _SHARES,
            "aspect": st.none() | st.floats(0.1, 10),
        }
    )
)  # fmt: skip
def test_whatever_was_measured_a_place_a_style_and_a_mood_are_never_claimed(measured: dict[str, Any]) -> None:
    if caption := measured_caption(NOTHING | measured, 0.7):
        assert (caption.background, caption.style, caption.atmosphere) == ("", "", "")
        assert caption.short_description[0].isupper()
        assert all(s.endswith(".") for s in (caption.short_description, caption.dense_description))
        assert "_" not in caption.dense_description


@pytest.mark.parametrize(
    ("motion", "confidence", "label"),
    [
        ("static", 0.7, "static shot"), ("tilt_up", 1.0, "tilt up"), ("handheld", 0.9, "handheld shot"),
        ("static", 0.69, None), ("mixed", 1.0, None), ("roll_left", 1.0, None), (None, None, None),
    ],
)  # fmt: skip
def test_the_camera_has_its_published_name_where_it_is_sure(motion: str, confidence: float, label: str | None) -> None:
    assert camera_label(motion, confidence, 0.7) == label


def test_every_name_of_a_camera_motion_is_one_that_hunyuan_video_publishes_for_it() -> None:
    view = (Settings().sql_folder / "views" / "camera_classes.sql").read_text().rstrip().rstrip(";")
    published = duckdb.sql(f"SELECT camera_motion, label FROM ({view}) WHERE recipe = 'hunyuan_video'").fetchall()
    assert set(CAMERA_LABELS.items()) <= set(published)


def test_tags_are_of_what_is_known() -> None:
    known = {"acquired_how": "licensed", "orientation": "portrait", "min_side": 1080, "fps": 29.97}
    assert source_tags(NOTHING | known) == ["licensed", "portrait", "1080p", "30 fps"]
    assert source_tags(NOTHING | {"acquired_how": "unknown"}) == []
    assert quality_tags(NOTHING) == []
    measured = {"technical_quality": 0.9, "shake": 0.03, "luma_mean": 40.0, "noise": 1.0, "overlaid_share": 0.01}
    assert quality_tags(NOTHING | measured) == ["high technical quality", "dark", "shaky", "overlays"]
