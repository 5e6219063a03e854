"""Plain captions from measurements, and the tags that every caption gets: exact words, and nothing that was not measured."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.describe.measured import measured_caption
from video_assets.describe.tags import CAMERA_LABELS, camera_label, quality_tags, source_tags
from video_assets.lake.sheet import sheet_sql, sheet_table
from video_assets.settings import Settings

NOTHING: dict[str, Any] = dict.fromkeys(sheet_table(sheet_sql(Settings())).schema)


def said(**measured: Any) -> tuple[str, str]:
    caption = measured_caption(NOTHING | measured, 0.7)
    return (caption.short_description, caption.dense_description) if caption else ("", "")


def subject(name: str, probability: float) -> dict[str, Any]:
    return {"subject": name, "probability": probability}


def test_of_a_clip_of_which_nothing_was_measured_nothing_is_said() -> None:
    assert measured_caption(NOTHING, 0.7) is None


def test_everything_that_was_measured_is_said_once_and_in_order() -> None:
    found = said(
        subjects=[subject("trailer_truck", 0.8), subject("minivan", 0.1)], people_max=2, people_frames_share=0.5,
        person_share_max=0.3, faces_max=0, camera_motion="pan_left", camera_confidence=0.9, object_motion=0.2,
        luma_mean=200.0, dark_share=0.0, bright_share=0.2,
    )  # fmt: skip
    assert found[0] == "It shows a trailer truck; up to 2 persons are seen for a part of the time."
    assert found[1] == (
        "It shows a trailer truck. Up to 2 persons are seen for a part of the time. It is a medium shot, by the size of who is "
        "seen. The camera moves to the left. The motion is fast. The light is bright, with blown-out highlights."
    )


@pytest.mark.parametrize(
    ("measured", "short"),
    [
        (
            {"subjects": [subject("apron", 0.4), subject("cloak", 0.3), subject("wig", 0.1)]},
            "It may show an apron or a cloak.",
        ),
        ({"subjects": [subject("wig", 0.19)], "luma_mean": 20.0}, "The light is dark."),
        ({"faces_max": 1, "faces_frames_share": 1.0}, "One face is seen."),
        # Persons were not looked for: no face is not nobody.
        ({"faces_max": 0, "luma_mean": 120.0}, "The light is medium bright."),
        ({"faces_max": 0, "people_max": 0}, "Nobody is seen."),
        ({"camera_motion": "pan_left", "camera_confidence": 0.69, "luma_mean": 60.0}, "The light is dim."),
        ({"camera_motion": "mixed", "camera_confidence": 0.9, "luma_mean": 60.0}, "The light is dim."),
        ({"object_motion": 0.0}, "Hardly anything moves."),
    ],
)
def test_what_is_not_sure_is_told_as_such_or_not_at_all(measured: dict[str, Any], short: str) -> None:
    assert said(**measured)[0] == short


@pytest.mark.parametrize(
    ("share", "size"), [(0.3, "close-up"), (0.04, "medium close-up"), (0.02, "medium shot"), (0.001, "wide shot")]
)
def test_the_shots_size_is_that_of_the_largest_face(share: float, size: str) -> None:
    caption = measured_caption(NOTHING | {"faces_max": 1, "face_share_max": share}, 0.7)
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
            "subjects": st.none() | st.lists(st.builds(subject, st.sampled_from(["a_b", "owl"]), st.floats(0, 1)), max_size=3),
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
