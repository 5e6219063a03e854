"""Measurements to decisions: tiers as SQL files, verdicts and funnels."""
