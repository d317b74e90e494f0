"""Who comes to the gateway in these tests, and the use cases behind it."""

from __future__ import annotations

from tests.actors import embedded, here
from tests.desk import desk, small_desk

__all__ = ["desk", "embedded", "here", "small_desk"]
