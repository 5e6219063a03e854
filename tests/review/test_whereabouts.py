"""In which batch a clip is: a hint, which is no answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.review.footage import clips
from video_assets.lake.lake import Lake
from video_assets.review import whereabouts as module
from video_assets.review.asking import Asked
from video_assets.review.clips import Clip
from video_assets.review.server import Review
from video_assets.review.whereabouts import Whereabouts


def test_the_batch_of_each_clip_is_known_and_ids_are_read_again_once_a_minute_at_most(
    review: Review, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = clips(lake).select("clip_id", "batch").rows()
    there, first = Whereabouts(), known[0][0]
    nobody = "0" * 32
    with review.asking.look() as asked:
        assert there.likely(asked, [clip for clip, _ in known]) == dict(known)
        assert there.likely(asked, []) == {}
        monkeypatch.setattr(there, "_read", lambda _: pytest.fail("ids were read again"))
        assert there.likely(asked, [nobody, first]) == {first: known[0][1]}
        monkeypatch.undo()
        monkeypatch.setattr(module, "_AGAIN_S", -1.0)
        assert there.likely(asked, [nobody]) == {}


def test_a_clip_is_found_though_its_batch_is_another_than_was_thought(review: Review, lake: Lake) -> None:
    first, second = clips(lake)["clip_id"][:2]

    class Wrong(Whereabouts):
        def likely(self, asked: Asked, clips: Sequence[str]) -> dict[str, str]:
            return dict.fromkeys(clips, "b-another")

    review._whereabouts = Wrong()
    found = review.clip(first)
    assert isinstance(found, Clip)
    assert found.clip_id == first
    with review.asking.look() as asked:
        assert review.clips(asked, {second: None}).keys() == {second}
