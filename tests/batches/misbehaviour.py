"""What a model can do to its worker."""

from __future__ import annotations

import math
import os
import signal


def misbehave(what: str) -> float:
    """Raise, crash, be killed or hang; else give the score of a model, which is none where that is what goes wrong."""
    match what:
        case "raise":
            raise RuntimeError("no such operator")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            signal.pause()
    return math.nan if what == "not a number" else 0.01
