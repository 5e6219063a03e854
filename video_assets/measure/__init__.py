"""Frames to numbers, one module per family."""
