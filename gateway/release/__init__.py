"""Use case: give out. The source gets its own resources back whole; everyone else, pseudonyms."""

from __future__ import annotations

from gateway.release.service import Release

__all__ = ["Release"]
