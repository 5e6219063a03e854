"""Bytes to frames: open, probe, decode, identify, in worker processes."""
