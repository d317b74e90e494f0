"""Use case: what counts as knowledge here. ``docs/knowledge.md`` says what each decision means."""

from __future__ import annotations

from gateway.rulebook.desk import Desk
from gateway.rulebook.shelf import Shelf, opened

__all__ = ["Desk", "Shelf", "opened"]
