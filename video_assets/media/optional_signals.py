"""What a file may say of its frames beside their pixels and times. None of it is worth a frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
Signal = TypeVar("Signal")


class OptionalSignals:
    """Reads optional signals of one video: one that cannot be read is None, and is counted with the first reason."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}

    def read(self, name: str, get: Callable[P, Signal], *arguments: P.args, **keywords: P.kwargs) -> Signal | None:
        """What ``get`` returns, or None when it raises anything but MemoryError, which is a limit of this process."""
        try:
            return get(*arguments, **keywords)
        except MemoryError:
            raise
        except Exception as error:  # whatever a library has against it
            self.unusable(name, f"{type(error).__name__}: {error}")
            return None

    def unusable(self, name: str, why: str) -> None:
        """Count a signal that was read and cannot be used."""
        self._counts[name] += 1
        self._reasons.setdefault(name, why)

    @property
    def unread(self) -> str | None:
        """Which signals could not be read or used, how often, and why at first; None when all could."""
        said = (f"{name} ({_times(count)}: {self._reasons[name]})" for name, count in sorted(self._counts.items()))
        return "; ".join(said) or None


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
