"""Which clips are copies of which: by signatures that are near, with their ink, or by courses in time that go on alike.

Clips of like structure have to go on alike at the same speed. Clips whose structure differs, as a logo, bars, a crop or a
text change it, or of which one is faster, have to go on more alike and show related things: a loop, an even pan or a zoom
goes on like another one of other pictures. And where a course holds few moments, as a camera's that eases from one place to
another does, or little but what an encoder makes, it says nothing by itself: there structure and what a network saw have to say
it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from video_assets.measure.copies import coarse, ink_agrees, mirrored, structures
from video_assets.measure.course import Curves, Shift, at_speed, best_shift, heard_share, moments, seconds
from video_assets.measure.landmarks import alike
from video_assets.measure.near_duplicates import near_pairs

ROUNDING = 1e-6
"""What single precision may take from a number that is compared."""
# Least correlation of two short stretches for the whole courses to be compared. Under it no copy was seen.
_STRETCH = 0.82
# Least cosine of two structures that are alike, and of what shows related things: structures, or what networks saw.
_ALIKE, _RELATED = 0.85, 0.5
# Least sum of the two where a network saw both: copies under a logo, bars or another crop have 1.2 and more, and of unrelated
# photographs one of them may be large by chance.
_BOTH = 1.15
# A course with fewer moments than this is like another by chance (:func:`video_assets.measure.course.moments`): eased moves over
# photographs hold 3 to 4. Copies of clips that go on so evenly had structures of 0.98 and more and were seen as 0.64 and more, and
# where a logo spoilt their ink the two made 1.86; flights over two parts of one city made 1.76.
_FEW, _FEW_ALIKE, _FEW_SEEN, _FEW_BOTH = 5.0, 0.92, 0.6, 1.8
# A course of which less is heard over what an encoder makes goes on like another that was encoded likewise: stills had 0.3, a globe
# that turns slowly 0.33 to 0.4, and what moves 0.88 and more. There structure and what was seen have to make so much.
_HEARD, _UNHEARD_BOTH = 0.6, 1.7
# By chance courses correlate over short stretches. So much they must over 3 s, and from 4.5 s on as the limits say.
_SHORT, _SHORT_S, _LONG_S = 0.95, 3.0, 4.5
# Correlation at the own speed from which on no other is looked for, and under which none is: copies at 0.8 to 1.25 times
# the speed reach 0.7. By how much more another speed must explain to be told.
_SURE, _HOPELESS, _BETTER = 0.95, 0.55, 0.02
# Speeds that are tried, and then finer ones about the best: courses of 4 to 16 s tell 1 to 2 %.
_COARSE, _FINE = (0.8, 0.87, 0.93, 1.07, 1.15, 1.25), (0.965, 0.983, 1.017, 1.035)

# Least correlation of the ink of clips whose signatures are near: copies under a logo, or with 8 % less on each side, had 0.32, other
# stills 0. Where nothing moves there is nothing else to know a clip by: copies of titles and stills had 0.95, titles of like
# layout 0.88.
_INK, _STILL_INK = 0.2, 0.92

Vectors = NDArray[np.float32]
Signatures = NDArray[np.float32]


class Limits(NamedTuple):
    """From which numbers on clips are copies: see ``DuplicateSettings``."""

    cosine: float
    correlation: float
    course: float


class Pair(NamedTuple):
    """Two clips that are copies.

    Attributes:
        clip_id: the one.
        other_id: the other.
        cosine: of their signatures, to 1.
        mirrored: whether the one is the other's mirror image.
        correlation: of their courses, to 1; None where the cosine alone is near enough.
        offset_s: where in the one the other's start is, in s; None as correlation.
        speed: how many times as fast the one goes as the other.
        from_s: from when on in the one both are shown, in s.
        other_from_s: from when on in the other, in its own s.
        shared_s: how long both are shown, in s of the one; None where nobody recorded a course.
    """

    clip_id: str
    other_id: str
    cosine: float
    mirrored: bool
    correlation: float | None = None
    offset_s: float | None = None
    speed: float = 1.0
    from_s: float = 0.0
    other_from_s: float = 0.0
    shared_s: float | None = None


def copy_pairs(
    names: list[str], ours: Signatures, others: list[str], theirs: Signatures,
    courses_of: Callable[[set[str]], Mapping[str, Curves]], limits: Limits,
    vectors_of: Callable[[set[str]], Mapping[str, Vectors]] = lambda _clips: {},
) -> Iterator[Pair]:  # fmt: skip
    """The copies between some clips and others; each pair within both once.

    Args:
        names: ids of the ones.
        ours: their signatures, float32 (clips, n), of length 1.
        others: ids of the others.
        theirs: their signatures, float32 (others, n).
        courses_of: gives the courses of clips that have one, float32 (curves, n), by id.
        limits: from which numbers on clips are copies.
        vectors_of: gives what a network made of clips that it saw, each of length 1, by id. Without it, structures alone say
            whether clips show related things, which a large logo or another crop can hide.
    """
    within = set(names) & set(others)
    courses = courses_of({*names, *others})
    one_of, other_of = dict(zip(names, ours, strict=True)), dict(zip(others, theirs, strict=True))
    near = {
        (one, other): found
        for (one, other), found in _near(names, coarse(ours), others, coarse(theirs), within, limits.cosine).items()
        if ink_agrees(one_of[one], other_of[other], found[1], _least_ink(courses.get(one), courses.get(other)))
    }
    for (one, other), (cosine, mirror) in near.items():
        speed, shared = _lasting(courses.get(one), courses.get(other))
        yield Pair(one, other, cosine, mirror, speed=speed, shared_s=shared)
    alike_ones = _going_alike([*one_of], [*other_of], within, courses)
    going = [pair for pair in sorted(alike_ones) if pair not in near]
    vectors = vectors_of({clip for pair in going for clip in pair})
    for one, other in going:
        like = _likeness(one_of[one], other_of[other])
        seen = float(vectors[one] @ vectors[other]) if one in vectors and other in vectors else None
        if not _related(like.structure, seen):
            continue
        found = _gone_alike(courses[one], courses[other], limits, same=like.structure >= _ALIKE)
        if found and _tells(courses[one], courses[other], *found, like, seen):
            shift, times = found
            yield Pair(
                one, other, like.cosine, like.mirror, shift.correlation, shift.offset_s, times, max(0.0, shift.offset_s),
                max(0.0, -shift.offset_s * times), shift.shared_s,
            )  # fmt: skip


def _going_alike(
    names: list[str], others: list[str], within: set[str], courses: Mapping[str, Curves]
) -> set[tuple[str, str]]:
    """The pairs whose courses are worth comparing, each once."""
    mine, yours = ([clip for clip in clips if clip in courses] for clips in (names, others))
    ones = [courses[clip] for clip in mine]
    compared = ones if mine == yours else [courses[clip] for clip in yours]
    found = {(mine[i], yours[j]) for i, j in alike(ones, compared, _STRETCH)}
    turned = {(min(pair), max(pair)) if pair[1] in within else pair for pair in found}
    return {(one, other) for one, other in turned if one != other}


def _near(
    names: list[str], ours: Signatures, others: list[str], theirs: Signatures, within: set[str], least: float
) -> dict[tuple[str, str], tuple[float, bool]]:
    """Pairs of near signatures, each with the cosine and whether it is mirrored.

    A picture that is its own mirror image is near both ways: the nearer one counts.
    """
    found: dict[tuple[str, str], tuple[float, bool]] = {}
    for mirror, compared in ((False, theirs), (True, mirrored(theirs))):
        for i, j, cosine in near_pairs(ours, compared, least):
            pair = names[i], others[j]
            if pair[1] not in within or pair[0] < pair[1]:
                found[pair] = max(found.get(pair, (-1.0, mirror)), (cosine, mirror), key=lambda f: f[0])
    return found


class _Likeness(NamedTuple):
    """How alike the pictures of two clips are.

    Attributes:
        cosine: of their signatures, to 1.
        structure: of their structures.
        mirror: whether they are nearer in the mirror.
        ink: whether their ink agrees.
    """

    cosine: float
    structure: float
    mirror: bool
    ink: bool


def _likeness(one: Signatures, other: Signatures) -> _Likeness:
    mine, theirs = (coarse(signature[None])[0] for signature in (one, other))
    both = np.stack([theirs, mirrored(theirs[None])[0]])
    cosines = both @ mine
    mirror = bool(cosines[1] > cosines[0])
    structure = float((structures(both) @ structures(mine[None])[0]).max())
    return _Likeness(min(float(cosines[int(mirror)]), 1.0), structure, mirror, ink_agrees(one, other, mirror, _INK))


def _related(structure: float, seen: float | None) -> bool:
    """Whether two clips may show one thing, by the cosines of their structures and of what a network saw."""
    return structure >= _RELATED if seen is None else max(structure, seen) >= _RELATED and structure + seen >= _BOTH


def _tells(one: Curves, other: Curves, shift: Shift, times: float, like: _Likeness, seen: float | None) -> bool:
    """Whether it says anything that two courses go on alike at a shift."""
    same = at_speed(other, times)
    if heard_share(one, same, shift.offset_s) < _HEARD:
        return seen is not None and like.structure + seen >= _UNHEARD_BOTH
    surely = like.ink or (seen is not None and like.structure + seen >= _FEW_BOTH)
    if like.structure >= _FEW_ALIKE and (seen is None or seen >= _FEW_SEEN) and surely:
        return True
    return moments(one, same, shift.offset_s) >= _FEW


def _least_ink(one: Curves | None, other: Curves | None) -> float:
    """How far the ink of two clips of near signatures has to agree, by whether they move."""
    if one is None or other is None:
        return _INK
    return _INK if best_shift(one, other) else _STILL_INK


def _gone_alike(one: Curves, other: Curves, limits: Limits, *, same: bool) -> tuple[Shift, float] | None:
    """Where two courses go on alike, and how many times as fast the one goes; None where they do not.

    Args:
        one: float32 (curves, n).
        other: likewise.
        limits: from which numbers on they do.
        same: whether the two clips are of like structure.
    """
    own = best_shift(one, other)
    if own is None or own.correlation < _HOPELESS:
        return None
    best, times = own, 1.0
    for steps in (_COARSE, _FINE) if own.correlation < _SURE else ():
        around = times
        for step in steps:
            found = best_shift(one, at_speed(other, around * step))
            if found and found.correlation > best.correlation:
                best, times = found, around * step
    if best.correlation > own.correlation + _BETTER and best.correlation >= _least(limits.course, best):
        return best, times
    return (own, 1.0) if own.correlation >= _least(limits.correlation if same else limits.course, own) else None


def _least(limit: float, shift: Shift) -> float:
    """Least correlation over so long an overlap."""
    short = (_LONG_S - shift.shared_s) / (_LONG_S - _SHORT_S)
    return limit + (max(_SHORT, limit) - limit) * min(max(short, 0.0), 1.0)


def _lasting(one: Curves | None, other: Curves | None) -> tuple[float, float | None]:
    """How many times as fast a clip goes as one of near signature, of which all is shown then, and how long it lasts.

    Of copies of two lengths, one is cut a little or goes faster.
    """
    if one is None or other is None or not one.shape[1] or not other.shape[1]:
        return 1.0, None
    ratio = other.shape[1] / one.shape[1]
    own, faster = best_shift(one, other), best_shift(one, at_speed(other, ratio))
    if faster and faster.correlation > (own.correlation if own else 0.0) + _BETTER:
        return ratio, faster.shared_s
    return 1.0, seconds(min(one.shape[1], other.shape[1]))
