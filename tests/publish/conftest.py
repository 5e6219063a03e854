"""A lake filled by hand, for what only reads tables."""

from tests.curate.conftest import empty_database, lake

__all__ = ["empty_database", "lake"]
