"""Captions that say the same of different clips."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

# Bands and rows: of pairs with a Jaccard similarity of 0.8 all but 5 in 100,000 become candidates (25 x 5).
_BANDS, _ROWS = 25, 5
_WORDS_PER_SHINGLE = 3


@dataclass(frozen=True)
class Text:
    """A caption's text, and what its clip may share a text with.

    Attributes:
        key: which caption it is.
        words: its description.
        kin: what clips that show the same have in common: their shot, their group of near-duplicates.
    """

    key: str
    words: str
    kin: frozenset[Hashable]


@dataclass(frozen=True)
class Repetition:
    """A caption, and the one most like it whose clip shows something else."""

    key: str
    other: str
    jaccard: float

    @property
    def exact(self) -> bool:
        return self.jaccard == 1.0


def repetitions(texts: Sequence[Text], least: float) -> Iterator[Repetition]:
    """Every text that is nearly as another one of a clip that is not its kin; each with the most similar one.

    Similar is the Jaccard index of the sets of three words in a row, with case and punctuation left aside (Broder 1997).
    MinHash and its bands find candidates, of which the index is then computed.

    Args:
        texts: the captions of one captioner.
        least: least Jaccard index, 0.5-1; 1 is the same words in the same order, or nearly.
    """
    from datasketch import MinHash, MinHashLSH

    shingles = [shingled(text.words) for text in texts]
    # Equal texts are found by their shingles: thousands of them would all be each other's candidates.
    alike: dict[frozenset[str], list[int]] = {}
    for i, found in enumerate(shingles):
        alike.setdefault(found, []).append(i)
    different = list(alike)
    index = MinHashLSH(params=(_BANDS, _ROWS), num_perm=_BANDS * _ROWS)
    hashes = [MinHash(num_perm=_BANDS * _ROWS) for _ in different]
    for j, (made, of) in enumerate(zip(hashes, different, strict=True)):
        made.update_batch([shingle.encode() for shingle in sorted(of)])
        index.insert(j, made)
    for j, of in enumerate(different):
        others = sorted((-jaccard(of, different[o]), o) for o in index.query(hashes[j]))
        near = [(-negative, o) for negative, o in others if -negative >= least]
        for i in alike[of]:
            yield from _best(texts, i, ((similar, other) for similar, o in near for other in alike[different[o]]))


def _best(texts: Sequence[Text], i: int, near: Iterable[tuple[float, int]]) -> Iterator[Repetition]:
    """The first that is not the text itself or its kin."""
    for similar, other in near:
        if other != i and not texts[i].kin & texts[other].kin:
            yield Repetition(texts[i].key, texts[other].key, similar)
            return


def shingled(text: str) -> frozenset[str]:
    """The sets of three words in a row, in small letters; of a shorter text, all its words."""
    words = re.findall(r"\w+", text.casefold())
    last = max(len(words) - _WORDS_PER_SHINGLE, 0)
    return frozenset(" ".join(words[i : i + _WORDS_PER_SHINGLE]) for i in range(last + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What two sets share of what they hold together, 0-1."""
    return len(one & other) / len(one | other)
