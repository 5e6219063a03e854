"""Loads Arrow so that it takes its memory from the system: import this before anything loads pyarrow.

Arrow's usual allocator maps 1 GiB at its first use (pyarrow 26.0), which counts as the process's memory whether it is used or not. The
choice is made while pyarrow is loaded; ``pyarrow.set_memory_pool`` comes too late for what Arrow does inside.
"""

from __future__ import annotations

import os

os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"

import pyarrow  # noqa: F401
