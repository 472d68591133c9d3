"""Databases and stores beside those of the test."""

from tests.operating.conftest import new_database, other_kind, other_store, store, url

__all__ = ["new_database", "other_kind", "other_store", "store", "url"]
