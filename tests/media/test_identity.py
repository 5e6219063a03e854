import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from video_assets.media.identity import clip_id, sha256_of, shot_id, video_id

PTS = st.integers(-(2**40), 2**40)
CROP = st.tuples(*[st.integers(0, 8192)] * 4)


def test_a_video_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 9000  # More than one read.
    first, renamed, other = tmp_path / "a.mp4", tmp_path / "b.mov", tmp_path / "c.mp4"
    first.write_bytes(content)
    renamed.write_bytes(content)
    other.write_bytes(content[:-1])
    assert sha256_of(first) == sha256_of(renamed) == hashlib.sha256(content).hexdigest()
    assert sha256_of(other) != sha256_of(first)


def test_a_video_id_is_the_first_half_of_its_hash() -> None:
    assert video_id("0123456789abcdef" * 4) == "0123456789abcdef" * 2


def test_ids_stay_the_same_from_release_to_release() -> None:
    """A changed encoding would give every clip of every lake a new identity."""
    assert shot_id("v", 0, 0, 100) == "de5cbe2b32873f4e1cd579d777d61a0b"
    assert clip_id("v", 0, 0, 100, (0, 0, 640, 360)) == "8c43922a4686a1de1f228d9551fc0411"


@given(st.text(), st.text(), st.integers(0, 9), st.integers(0, 9), PTS, PTS, PTS, PTS, CROP, CROP)
def test_two_clips_share_an_id_only_if_they_are_the_same(
    video: str,
    other_video: str,
    stream: int,
    other_stream: int,
    start: int,
    other_start: int,
    end: int,
    other_end: int,
    crop: tuple[int, int, int, int],
    other_crop: tuple[int, int, int, int],
) -> None:
    clip, other = (video, stream, start, end, crop), (other_video, other_stream, other_start, other_end, other_crop)
    assert (clip_id(*clip) == clip_id(*other)) == (clip == other)
    assert (shot_id(*clip[:4]) == shot_id(*other[:4])) == (clip[:4] == other[:4])


def test_fields_cannot_run_into_each_other() -> None:
    assert shot_id("v", 1, 12, 3) != shot_id("v", 11, 2, 3)
    assert shot_id('v", 1', 1, 2, 3) != shot_id("v", 1, 1, 2)
    assert clip_id("v", 0, 1, 2, (1, 23, 4, 5)) != clip_id("v", 0, 1, 2, (12, 3, 4, 5))


def test_a_shot_and_a_clip_of_the_same_span_have_different_ids() -> None:
    assert shot_id("v", 0, 1, 2) != clip_id("v", 0, 1, 2, (0, 0, 2, 2))
