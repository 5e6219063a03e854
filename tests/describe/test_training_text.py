"""A clip's text in an epoch: the examples in its module are run, and what holds for every caption is searched for."""

from __future__ import annotations

import doctest
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.describe import training_text as module
from video_assets.describe.caption import FIELDS, Caption
from video_assets.describe.training_text import CaptionedClip, training_text
from video_assets.settings.training_text import SaidScore, TrainingTextSettings

NAMES = dict(zip(FIELDS, ("Short", "Dense", "Background", "Style", "Shot", "Light", "Mood"), strict=True))
CLIP = CaptionedClip(
    "a1", Caption(**NAMES), "zoom in", ("own footage", "landscape", "25 fps"), ("sharp",), 23.976,
    {"aesthetic_laion": 5.04, "vmaf_motion": None},
)  # fmt: skip
BESIDE = ("Background", "Style", "Shot", "Light", "Mood", "Own footage, landscape", "Sharp")
SCORES = (
    SaidScore(name="aesthetic score", column="aesthetic_laion"),
    SaidScore(name="motion score", column="vmaf_motion"),
)
BARE = TrainingTextSettings(prefixes=())
EPOCHS = range(2000)

words = st.text(min_size=1, max_size=20).filter(str.strip)
captions = st.builds(
    Caption, short_description=words, dense_description=words, **{name: st.text(max_size=20) for name in FIELDS[2:]}
)
clips = st.builds(
    CaptionedClip, st.text(min_size=1, max_size=32), captions, st.none() | st.just("pan left"), fps=st.none() | st.just(16.0)
)  # fmt: skip
shares = st.floats(0, 1)
chosen = st.builds(
    TrainingTextSettings, short_share=shares, drop=shares,
    prefixes=st.lists(st.sampled_from(["fps", "camera"]), unique=True).map(tuple),
)  # fmt: skip


def test_the_examples_in_the_module_are_true() -> None:
    assert doctest.testmod(module) == doctest.TestResults(failed=0, attempted=7)


@given(clips, st.integers(), st.integers(0), chosen)
def test_a_text_is_never_empty_and_always_the_same(
    clip: CaptionedClip, seed: int, epoch: int, settings: TrainingTextSettings
) -> None:
    text = training_text(clip, seed, epoch, settings)
    assert text == training_text(clip, seed, epoch, settings)
    described = clip.caption.short_description.strip()[1:], clip.caption.dense_description.strip()[1:]
    assert any(part in text for part in described)


@given(clips, st.integers(), st.integers(0), chosen)
def test_whatever_is_dropped_the_description_stays(
    clip: CaptionedClip, seed: int, epoch: int, settings: TrainingTextSettings
) -> None:
    all_dropped = training_text(clip, seed, epoch, settings.model_copy(update={"drop": 1.0, "short_share": 0.0}))
    assert all_dropped.endswith(module._sentence(clip.caption.dense_description))
    nothing_dropped = training_text(clip, seed, epoch, settings.model_copy(update={"drop": 0.0, "short_share": 0.0}))
    said = [getattr(clip.caption, name) for name in FIELDS if name != "short_description"]
    assert all(module._sentence(part) in nothing_dropped for part in said if part.strip())


def test_with_nothing_dropped_every_field_and_tag_is_said_once_in_changing_order() -> None:
    texts = {training_text(CLIP, 0, e, TrainingTextSettings(short_share=0, drop=0, prefixes=())) for e in EPOCHS}
    assert len(texts) > 1900  # of 8! = 40320 orders
    assert {frozenset(text.removesuffix(".").split(". ")) for text in texts} == {frozenset({"Dense", *BESIDE})}


def test_with_everything_dropped_the_dense_description_is_left() -> None:
    settings = TrainingTextSettings(short_share=0, drop=1, prefixes=())
    assert {training_text(CLIP, 0, e, settings) for e in EPOCHS} == {"Dense."}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_share_of_short_texts_is_the_settings(share: float) -> None:
    settings = TrainingTextSettings(short_share=share, prefixes=())
    short = sum(training_text(CLIP, 0, epoch, settings) == "Short." for epoch in EPOCHS)
    # Four standard deviations of a binomial.
    assert short / len(EPOCHS) == pytest.approx(share, abs=4 * (share * (1 - share) / len(EPOCHS)) ** 0.5)


def test_each_field_is_dropped_as_often_as_set_and_independently_of_the_others() -> None:
    settings = TrainingTextSettings(short_share=0, drop=0.3, prefixes=())
    texts = [training_text(CLIP, 0, epoch, settings) for epoch in EPOCHS]
    kept = {name: [f"{name}." in text for text in texts] for name in BESIDE}
    for name in BESIDE:
        assert sum(kept[name]) / len(EPOCHS) == pytest.approx(0.7, abs=0.041)
    for one, other in permutations(BESIDE, 2):
        both = sum(a and b for a, b in zip(kept[one], kept[other], strict=True))
        assert both / len(EPOCHS) == pytest.approx(0.49, abs=0.045)


@pytest.mark.parametrize("place", [0, -1])
def test_no_field_has_a_place_of_its_own(place: int) -> None:
    settings = TrainingTextSettings(short_share=0, drop=0, prefixes=())
    at = [training_text(CLIP, 0, e, settings).removesuffix(".").split(". ")[place] for e in EPOCHS]
    for part in ("Dense", *BESIDE):
        assert at.count(part) / len(EPOCHS) == pytest.approx(1 / 8, abs=0.03)


@pytest.mark.parametrize("changed", ["clip", "seed", "epoch"])
def test_another_clip_seed_or_epoch_makes_other_texts(changed: str) -> None:
    different = 0
    for i in range(200):
        clip = replace(CLIP, clip_id=f"clip {i}")
        other = replace(clip, clip_id=f"other {i}") if changed == "clip" else clip
        text = training_text(other, 1 if changed == "seed" else 0, 1 if changed == "epoch" else 0, BARE)
        different += text != training_text(clip, 0, 0, BARE)
    # Both are short in 1 of 16 cases.
    assert different > 160


def test_the_frame_rate_is_rounded_and_what_is_not_known_is_not_said() -> None:
    settings = TrainingTextSettings(short_share=1, prefixes=("camera", "fps"))
    assert training_text(CLIP, 0, 0, settings) == "Zoom in. FPS-24. Short."
    assert training_text(replace(CLIP, camera_motion=None, fps=None), 0, 0, settings) == "Short."


def test_scores_end_the_text_where_they_were_measured() -> None:
    asked = TrainingTextSettings(short_share=1, prefixes=("camera",), scores=SCORES)
    assert training_text(CLIP, 0, 0, asked) == "Zoom in. Short. aesthetic score: 5."
    moving = replace(CLIP, scores={"aesthetic_laion": None, "vmaf_motion": 10.0})
    assert training_text(moving, 0, 0, asked) == "Zoom in. Short. motion score: 10."
    without = asked.model_copy(update={"prefixes": ()})
    assert training_text(moving, 0, 0, without) == "Short. motion score: 10, camera motion: zoom in."
    nothing = replace(CLIP, camera_motion=None, scores={})
    assert training_text(nothing, 0, 0, without) == "Short."


def test_a_clip_is_taken_from_a_row_of_captions_with_the_score_columns() -> None:
    row: dict[str, object] = {
        **NAMES,
        "clip_id": "a1",
        "camera_motion": "zoom in",
        "source_tags": ["own footage", "landscape", "25 fps"],
    }
    row |= {"quality_tags": ["sharp"], "aesthetic_laion": 5.04, "vmaf_motion": None, "model": "not asked for"}
    assert CaptionedClip.of(row, 23.976, TrainingTextSettings(scores=SCORES)) == CLIP
    without_tags = row | {"source_tags": None, "quality_tags": None}
    assert CaptionedClip.of(without_tags, None, BARE) == CaptionedClip("a1", CLIP.caption, "zoom in")


def test_a_caption_without_words_is_an_error() -> None:
    blank = replace(CLIP, caption=CLIP.caption.model_copy(update={"short_description": " "}))
    with pytest.raises(ValueError, match=r"^The caption of clip a1 has a blank description; have it written again\.$"):
        training_text(blank, 0, 0, BARE)
