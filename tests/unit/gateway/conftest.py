"""The use cases, on the embedded database: what a unit test of one step needs around it."""

from __future__ import annotations

from tests.desk import small_desk

__all__ = ["small_desk"]
