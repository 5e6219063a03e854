"""What a model can do to its worker."""

from __future__ import annotations

import math
import os
import signal
import time


def misbehave(what: str) -> float:
    """Raise, crash, be killed, hang, or need much time or memory; else give the score of a model, which is none where that is what goes wrong."""
    match what:
        case "raise":
            raise RuntimeError("no such operator")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            signal.pause()
        case "toil":
            enough = time.process_time() + 3
            while time.process_time() < enough:
                pass
        case "fill":
            bytearray(2 * 2**30)
        case "fill in torch":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 17179869184 bytes.")
    return math.nan if what == "not a number" else 0.01
