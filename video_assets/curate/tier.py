"""What a tier is once its file was read: rules in their order, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from video_assets.curate.lineage import Source

POLICIES = "policies"
"""The recipe of rights policies: tiers that ask who allows what, and nothing of the picture."""


@dataclass(frozen=True)
class Rule:
    """One boolean column of a tier.

    Attributes:
        name: The column's alias.
        expression: SQL over ``clip_sheet``, as written in the file.
        source: The comment above and beside it: paper, table or section, and its grade.
        line: Line of the file on which it starts, from 1.
        span: Where the column stands in the file's text, with its alias: first character, and the one after the last.
        reads: What it reads: pairs of ``clip_sheet`` or ``tier_verdicts``, and a column in lower case.
    """

    name: str
    expression: str
    source: str
    line: int
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    reads: tuple[Source, ...] = field(default=(), compare=False)


NOT_NEAR_BENCHMARK = Rule(
    "not_near_benchmark",
    "NOT near_benchmark",
    "No tier keeps a near-duplicate of a clip by which models are compared. Asked of every clip before the file's own rules.",
    line=1,
    reads=(("clip_sheet", "near_benchmark"),),
)


@dataclass(frozen=True)
class Tier:
    """A tier file that was read.

    Attributes:
        name: ``recipe/stage``: the file's path under the folder of tiers, without its ending.
        path: The file.
        title: Header ``-- title:``; the name when there is none.
        description: Header ``-- description:``; comment lines indented by two spaces or more continue a header.
        parent: Header ``-- parent:``: the tier whose verdicts this one reads, or None.
        text: The whole file.
        sql: The file's SELECT, as written.
        line: Line of the file on which the SELECT starts, from 1.
        rules: The file's rules in the order in which they apply; never empty.
        version: Hash of the SELECT's tokens: comments, layout and headers do not count.
        published: Header ``-- published: rule=share ...``: of the paper's pool, the share (0-1) left after a rule.
    """

    name: str
    path: Path
    title: str
    description: str
    parent: str | None
    text: str
    sql: str
    line: int
    rules: tuple[Rule, ...]
    version: str
    published: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_policy(self) -> bool:
        """Whether it is a rights policy."""
        return self.name.startswith(f"{POLICIES}/")

    @property
    def asked(self) -> tuple[Rule, ...]:
        """Every rule that decides on a clip, in order: that of all tiers, and then the file's own."""
        return NOT_NEAR_BENCHMARK, *self.rules
