"""The audit of a batch of captions: a row for each thing that is wrong, and none for what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from video_assets.describe.audit.findings import FOUND, Kind, Vectors, audit
from video_assets.describe.audit.repeated import Text, jaccard, repetitions, shingled
from video_assets.describe.audit.shifted import shifted
from video_assets.settings.auditing import AuditSettings

SETTINGS = AuditSettings(fewest_words=20)
STREET = (
    "A woman in a red coat walks along a wet cobbled street at dusk, past the lit windows of small shops. She stops to "
    "fold an umbrella, looks over her shoulder and crosses to the other side, where a cyclist swerves around her."
)
POTTER = (
    "A potter leans over a wheel and draws up the wall of a bowl with wet hands, turning the rim between thumb and "
    "finger. Behind him unfired pots stand on rough shelves, and daylight falls through a dusty window on the left."
)
HARBOUR = (
    "Fishing boats lie moored along a stone quay while gulls circle above the masts. Two men in yellow oilskins pass "
    "crates of fish from deck to deck, and a lorry waits with its tail lift down at the end of the pier."
)
OTHERS = {
    "background": "A street", "style": "documentary", "shot_type": "wide shot", "lighting": "dusk", "atmosphere": "calm",
}  # fmt: skip


def caption(clip: str, dense: str, short: str = "A scene.", **changed: object) -> dict[str, Any]:
    known = {
        "clip_id": clip, "captioner": "qwen", "version": "v1", "short_description": short, "dense_description": dense,
        "words": len(dense.split()), "camera_motion": None, "text_boxes": None, "shot_id": f"shot of {clip}",
        "duplicate_group": clip, "video_id": "video", "start_pts": 0,
    }  # fmt: skip
    return OTHERS | known | changed


def found(*rows: dict[str, Any], settings: AuditSettings = SETTINGS, vectors: Vectors | None = None) -> pl.DataFrame:
    return audit(pl.DataFrame(list(rows)), settings, vectors)


def kinds(*rows: dict[str, Any], settings: AuditSettings = SETTINGS) -> list[tuple[str, str, str | None]]:
    listed = found(*rows, settings=settings).select("clip_id", "kind", "other_clip_id").rows()
    return sorted(listed, key=str)


def test_nothing_is_found_in_good_captions() -> None:
    rows = found(caption("a", STREET), caption("b", POTTER), caption("c", HARBOUR))
    assert rows.is_empty()
    assert rows.schema == FOUND


def test_a_finding_says_which_caption_what_kind_how_bad_and_by_which_words() -> None:
    refused = caption("a", f"{STREET} I'm sorry, but I can't describe more.", version="v2")
    doubtful = caption("b", f"{POTTER} The camera pans left.", camera_motion="pan right")
    assert found(refused, doubtful).rows() == [
        ("a", "qwen", "v2", "refusal", "wrong", "I'm sorry", None),
        ("b", "qwen", "v1", "camera_contradiction", "doubtful", "camera pans left (measured: pan right)", None),
    ]


def test_every_field_is_searched_for_refusals_and_frames() -> None:
    spoken = caption("a", STREET, lighting="The image shows soft light.", atmosphere="As an AI, I feel nothing.")
    assert kinds(spoken) == [("a", "mentions_frames", None), ("a", "refusal", None)]


def test_lengths_far_from_the_target_are_found() -> None:
    assert found(caption("a", "A dog runs over a lawn.")).row(0)[3:6] == (
        "length", "doubtful", "6 words; 20 to 250 are wanted",
    )  # fmt: skip
    assert kinds(caption("a", f"{STREET} {POTTER} " * 5)) == [("a", "length", None)]
    assert kinds(caption("a", " ".join(STREET.split()[:20]))) == []


def test_text_that_is_claimed_is_found_only_where_none_was_read() -> None:
    claimed = f'{STREET} A sign above a door reads "Bakery".'
    assert kinds(caption("a", claimed, text_boxes=0)) == [("a", "unread_text", None)]
    assert kinds(caption("a", claimed, text_boxes=1)) == []
    assert kinds(caption("a", claimed, text_boxes=None)) == []


def test_another_language_is_found() -> None:
    german = "Eine Frau in einem roten Mantel geht in der Dämmerung eine nasse Straße entlang. " * 3
    assert kinds(caption("a", german)) == [("a", "wrong_language", None)]
    assert kinds(caption("a", german), settings=AuditSettings(fewest_words=20, language="de")) == []


def test_the_same_words_for_different_clips_are_found_for_each_of_them() -> None:
    again = STREET.upper().replace(",", ";")
    assert kinds(caption("a", STREET), caption("b", POTTER), caption("c", again)) == [
        ("a", "duplicate", "c"),
        ("c", "duplicate", "a"),
    ]


def test_nearly_the_same_words_are_found_with_how_near_they_are() -> None:
    changed = STREET.replace("red coat", "blue coat")
    rows = found(caption("a", STREET), caption("b", changed))
    similar = jaccard(shingled(STREET), shingled(changed))
    assert similar == pytest.approx(38 / 44)
    assert rows.row(0)[3:] == ("near_duplicate", "doubtful", f"0.86: {changed}"[:200], "b")
    assert kinds(caption("a", STREET), caption("b", changed), settings=AuditSettings(least_jaccard=0.9)) == []


def test_clips_of_one_shot_or_of_one_group_of_near_duplicates_may_be_described_alike() -> None:
    assert kinds(caption("a", STREET, shot_id="s"), caption("b", STREET, shot_id="s")) == []
    assert kinds(caption("a", STREET, duplicate_group="a"), caption("b", STREET, duplicate_group="a")) == []
    # The nearest that is no kin counts.
    three = caption("a", STREET, shot_id="s"), caption("b", STREET, shot_id="s"), caption("c", STREET)
    assert kinds(*three) == [("a", "duplicate", "c"), ("b", "duplicate", "c"), ("c", "duplicate", "a")]


def test_two_captioners_may_say_the_same_of_one_clip() -> None:
    assert kinds(caption("a", STREET), caption("a", STREET, captioner="other")) == []


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=3, max_size=12), min_size=2, max_size=8))
def test_repetitions_are_those_of_comparing_every_pair(texts: list[list[str]]) -> None:
    given_texts = [Text(str(i), " ".join(words), frozenset()) for i, words in enumerate(texts)]
    by_hand = {}
    for one in given_texts:
        others = [jaccard(shingled(one.words), shingled(o.words)) for o in given_texts if o.key != one.key]
        if max(others) >= 0.9:
            by_hand[one.key] = max(others)
    assert {r.key: r.jaccard for r in repetitions(given_texts, 0.9)} == by_hand


def at(*degrees: float) -> np.ndarray[Any, np.dtype[np.float32]]:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


CLIPS = at(0, 30, 60, 90, 120, 150, 180, 210)


def test_captions_that_slipped_by_a_row_fit_the_neighbour_better() -> None:
    texts = CLIPS.copy()
    texts[2:6] = CLIPS[3:7]
    rows = list(shifted(texts, CLIPS, 4, 0.02))
    assert [(s.place, s.other) for s in rows] == [(2, 3), (3, 4), (4, 5), (5, 6)]
    assert rows[0].better == pytest.approx(1)
    assert rows[0].own == pytest.approx(np.cos(np.radians(30)))
    texts = CLIPS.copy()
    texts[1:] = CLIPS[:-1]
    assert [(s.place, s.other) for s in shifted(texts, CLIPS, 4, 0.02)] == [(i, i - 1) for i in range(1, 8)]


def test_captions_in_their_place_and_single_ones_that_fit_better_elsewhere_are_not_shifted() -> None:
    assert list(shifted(CLIPS, CLIPS, 2, 0.02)) == []
    swapped = CLIPS.copy()
    swapped[[3, 4]] = CLIPS[[4, 3]]
    assert list(shifted(swapped, CLIPS, 2, 0.02)) == []
    # Neighbours that look alike: the better one is better by nothing.
    alike = at(*np.arange(8) * 0.1)
    assert list(shifted(alike[[1, 2, 3, 4, 5, 6, 7, 7]], alike, 4, 0.02)) == []


def test_shifted_captions_are_found_in_the_order_of_ids_and_in_that_of_time() -> None:
    names = [f"clip {i}" for i in range(8)]
    encoded = {f"What clip {i} shows.": CLIPS[i] for i in range(8)}
    vectors = Vectors(dict(zip(names, CLIPS, strict=True)), encoded.__getitem__)
    words = [f"{STREET} Number {i} of {POTTER.split()[i]}." for i in range(8)]
    loose = AuditSettings(fewest_words=1, least_jaccard=1.0)

    def rows(shown: list[int], starts: list[int]) -> pl.DataFrame:
        captions = [caption(names[i], words[i], f"What clip {shown[i]} shows.", start_pts=starts[i]) for i in range(8)]
        return found(*captions, settings=loose, vectors=vectors)

    shifted_rows = rows([1, 2, 3, 4, 5, 5, 6, 7], starts=[0] * 8)
    assert shifted_rows.select("clip_id", "kind", "severity", "other_clip_id").rows() == [
        (f"clip {i}", "shifted", "wrong", f"clip {i + 1}") for i in range(5)
    ]
    assert shifted_rows["evidence"][0] == (
        "cosine 1.000 with the neighbouring clip, 0.866 with its own: What clip 1 shows."
    )
    # In the order of time 0, 2, 4, 6, 1, 3, 5, 7 each has the caption of the next.
    by_time = rows([2, 3, 4, 5, 6, 7, 1, 7], starts=[0, 4, 1, 5, 2, 6, 3, 7])
    assert by_time["kind"].unique().to_list() == ["shifted"]
    assert dict(by_time.select("clip_id", "other_clip_id").rows()) == {
        f"clip {i}": f"clip {other}" for i, other in enumerate([2, 3, 4, 5, 6, 7, 1])
    }
    assert rows(list(range(8)), starts=[0] * 8).is_empty()


def test_every_kind_is_wrong_or_doubtful() -> None:
    assert {kind for kind in Kind if kind.severity == "wrong"} == {
        Kind.DUPLICATE, Kind.SHIFTED, Kind.REFUSAL, Kind.WRONG_LANGUAGE,
    }  # fmt: skip
