"""Use case: what is kept, how long, and what is held. ``docs/retention.md`` says what each rule means."""

from __future__ import annotations

from gateway.retention.keeper import Keeper
from gateway.retention.sweep import Counts, Sweep

__all__ = ["Counts", "Keeper", "Sweep"]
