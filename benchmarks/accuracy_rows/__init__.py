"""What benchmarks/accuracy.py counts, a module for each subject.

A module has a function ``rows() -> Iterator[Row]`` that makes its footage from packages (with known truth or with labels that
lie beside it in ``labels/``), measures it by the code that the platform runs, and counts right and wrong.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: counts first, shares after them.

    ``right`` of ``of`` cases are right; ``note`` says what else is to be known (false ones, an F1, an error). ``reference`` is
    what another method makes of the same files in the same run, with its name, and ``target`` what ours is held to.
    """

    what: str
    right: int
    of: int
    note: str = ""
    reference: str = ""
    target: str = ""

    def line(self) -> str:
        share = f"{self.right} of {self.of}" + (f" ({self.right / self.of:.3f})" if self.of else "")
        return f"| {self.what} | {share} | {self.note} | {self.reference} | {self.target} |"
