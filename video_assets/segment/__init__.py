"""Frames to shots to clips, over tables: nothing here opens a video."""
