"""ONNX models on one core: the worker processes are what runs at once."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def session(weights: Path | bytes, device: str) -> onnxruntime.InferenceSession:
    """A session of a model (its file, or what is in it) on a device ("cpu" or "cuda"), with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    given = weights if isinstance(weights, bytes) else str(weights)
    return onnxruntime.InferenceSession(given, options, providers=[_PROVIDERS[device]])
