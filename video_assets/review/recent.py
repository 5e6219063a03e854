"""What the page keeps in memory of the lake, for a minute: what was taken down, moved or measured anew must not be shown for longer."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

FRESH_S = 60.0
"""For so long something is kept, in s."""
Value = TypeVar("Value")


class Recent(Generic[Value]):
    """The values that were asked for last, so many at most, none for longer than ``FRESH_S``. Safe for several threads at once."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[object, tuple[float, Value]] = OrderedDict()

    def get(self, key: object, make: Callable[[], Value | None]) -> Value | None:
        """The value of a key, made where it is not there; None is not kept."""
        # What is made is as old as the question for it, not as the answer.
        moment = time.monotonic()
        with self._lock:
            if key in self._values:
                made_at, kept = self._values[key]
                if moment - made_at <= FRESH_S:
                    self._values.move_to_end(key)
                    return kept
                del self._values[key]
        if (value := make()) is not None:
            self.keep(key, value, moment)
        return value

    def keep(self, key: object, value: Value, moment: float | None = None) -> None:
        """Keep a value, as of now or as of a moment of the monotonic clock."""
        with self._lock:
            self._values[key] = (time.monotonic() if moment is None else moment, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def forget(self, key: object) -> None:
        """Keep a key's value no longer."""
        with self._lock:
            self._values.pop(key, None)
