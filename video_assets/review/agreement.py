"""How far raters agree beyond chance, and how quick they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

Ratings = Mapping[str, Mapping[str, str]]
"""Of each clip what each rater says."""


def cohen(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two raters (Cohen 1960): 1 is agreement, 0 is chance; None where chance alone leaves nothing to say.

    Args:
        pairs: what the two say of the clips that both have judged.
    """
    if not pairs:
        return None
    total = len(pairs)
    same = sum(a == b for a, b in pairs) / total
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(first[label] * second[label] for label in first) / total**2
    return None if chance == 1 else (same - chance) / (1 - chance)


def fleiss(ratings: Sequence[Sequence[str]]) -> float | None:
    """Fleiss' kappa (Fleiss 1971) of clips that two or more judged; where their numbers differ, in Fleiss and Cuzick's form.

    Each clip's agreement is weighed by its raters less one, which is Fleiss' own where all have as many.

    Args:
        ratings: of each clip what its raters say; those of fewer than two are left out.
    """
    used = [list(r) for r in ratings if len(r) >= 2]
    if not used:
        return None
    total = sum(map(len, used))
    shares = {label: n / total for label, n in Counter(label for r in used for label in r).items()}
    chance = sum(p * p for p in shares.values())
    if chance == 1:
        return None
    weights = sum(len(r) - 1 for r in used)
    agreed = sum(_agreed(r) * (len(r) - 1) for r in used) / weights
    return (agreed - chance) / (1 - chance)


def _agreed(labels: Sequence[str]) -> float:
    """The share of pairs of a clip's raters who say the same."""
    n = len(labels)
    return sum(count * (count - 1) for count in Counter(labels).values()) / (n * (n - 1))


def pairs_of(ratings: Ratings) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Of each two raters what they say of the clips that both have judged, the most clips first."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for said in ratings.values():
        for a, b in combinations(sorted(said), 2):
            found.setdefault((a, b), []).append((said[a], said[b]))
    return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))
