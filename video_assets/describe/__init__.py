"""Clips to captions."""
