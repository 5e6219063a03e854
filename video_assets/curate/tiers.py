"""A tier is a SQL file: one SELECT over ``clip_sheet``, ``clip_id`` first, then one boolean column per rule.

This module finds the files, reads them (:mod:`video_assets.curate.tier_text`) and puts parents before children.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from video_assets.curate.sql_file import TierError, listed
from video_assets.curate.tier import NOT_NEAR_BENCHMARK, POLICIES, Rule, Tier
from video_assets.curate.tier_text import parent_line, read_tier

__all__ = ["NOT_NEAR_BENCHMARK", "POLICIES", "Rule", "Tier", "TierError", "load_tier", "load_tiers", "read_tier"]

_NAME = re.compile(r"[A-Za-z0-9_]+/[A-Za-z0-9_]+")


def load_tiers(
    *roots: Path, policies: Sequence[Path] = (), check: Callable[[Tier], None] = lambda _: None
) -> tuple[dict[str, Tier], list[TierError]]:
    """Read every tier under some folders: the good ones, parents before children, and what is wrong with the others.

    A tier whose parent is refused, is not there or descends from the tier itself is refused too.

    Args:
        roots: the folders; a name that an earlier one has already is refused.
        policies: folders of policies, which are tiers of the recipe ``policies``.
        check: raises :class:`TierError` for a tier of which more is wrong than its form.
    """
    files, errors = listed(roots)
    of_policies, others = listed(policies, POLICIES)
    files, errors = [*files, *of_policies], [*errors, *others]
    read: dict[str, Tier] = {}
    for file in files:
        try:
            tier = load_tier(file.path, file.root, file.name)
            check(tier)
            read[tier.name] = tier
        except TierError as error:
            error.name = file.name
            errors.append(error)

    accepted: dict[str, Tier] = {}
    waiting = dict(read)
    while ready := [t for t in waiting.values() if t.parent is None or t.parent in accepted]:
        accepted |= {t.name: waiting.pop(t.name) for t in ready}
    refused = {error.name: error for error in errors}
    errors += [_orphan(tier, read, refused) for tier in waiting.values()]
    return accepted, sorted(errors, key=lambda e: e.path)


def load_tier(path: Path, root: Path, name: str | None = None) -> Tier:
    """Read one tier file of the folder ``root``, by which it is named unless it has a name.

    Raises:
        TierError: the file does not have a tier's form.
    """
    name = name or path.relative_to(root).with_suffix("").as_posix()
    if not _NAME.fullmatch(name):
        mend = "Put it in a folder of its recipe, with letters, digits and underscores in both names."
        raise TierError(path, 1, f"A tier's file is recipe/stage.sql, and this is {name}.sql.", mend)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TierError(path, 1, f"The file cannot be read: {error}.", "Save it as UTF-8 text.") from error
    return read_tier(name, path, text)


def _orphan(tier: Tier, read: Mapping[str, Tier], refused: Mapping[str, TierError]) -> TierError:
    """Say why a tier cannot be placed below its parent, and whose fault that is."""
    line = parent_line(tier.text)
    chain, parent = [tier.name], str(tier.parent)
    while parent in read and parent not in chain:
        chain.append(parent)
        parent = str(read[parent].parent)
    if parent in chain:
        what = f"The parents go in a circle: {' -> '.join([*chain, parent])}."
        return TierError(tier.path, line, what, "Take the parent out of one of these files.", tier.name)
    if fault := refused.get(parent):
        what = f"The parent {tier.parent} was refused."
        return TierError(tier.path, line, what, f"Mend {fault.path}:{fault.line} first: {fault.what}", tier.name)
    if parent != tier.parent:
        what = f"The parent {tier.parent} was refused, as there is no tier {parent}."
        return TierError(tier.path, line, what, f"Mend {read[chain[-1]].path} first.", tier.name)
    return TierError(tier.path, line, f"There is no tier {parent}.", "Add its file, or name another parent.", tier.name)
