"""A token bucket per client: whoever asks faster than the setting for longer than a second has to wait.

``RateLimit`` counts in this process, for as long as ``shared_rate`` cannot count for all.
"""

from __future__ import annotations

import threading
from typing import Protocol

from gateway.stored import Clock

_SECOND = 1_000_000
MOST_CLIENTS = 10_000


class Rate(Protocol):
    """Says who may ask now."""

    def allows(self, client_id: str) -> bool:
        """Whether this request may be served now; it is counted when it may."""


class RateLimit:
    """``per_second`` requests of each client, in this process; a second's worth may come at once."""

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, int]] = {}

    def allows(self, client_id: str) -> bool:
        """Whether this request may be served now; it is counted when it may."""
        now = self._clock()
        with self._lock:
            if len(self._buckets) > MOST_CLIENTS:
                self._buckets.clear()
            level, seen = self._buckets.get(client_id, (float(self._per_second), now))
            level = min(self._per_second, level + (now - seen) * self._per_second / _SECOND)
            allowed = level >= 1
            self._buckets[client_id] = (level - allowed, now)
        return allowed
