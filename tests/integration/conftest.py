"""Who comes to the gateway in these tests."""

from __future__ import annotations

from tests.actors import embedded, here

__all__ = ["embedded", "here"]
