"""Unwrapped data keys, for a bounded time and number.

A cached key counts only beside the wrapped bytes that lie in the key store at that moment: a row that was
destroyed and made anew under the same name never finds its predecessor here. What leaves is overwritten;
what was handed out is a copy, so that nobody ever seals under a key that has just been wiped.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keystore import KeyName

MAX_KEYS = 10_000
MAX_SECONDS = 300.0


@dataclass(frozen=True, slots=True, repr=False)
class _Held:
    blob: bytes
    secret: bytearray
    until: float


class KeyCache:
    """The keys used last. Safe between threads."""

    def __init__(
        self,
        size: int = MAX_KEYS,
        seconds: float = MAX_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._held: OrderedDict[KeyName, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._sweep_at = clock() + seconds

    def get(self, name: KeyName, blob: bytes) -> bytes | None:
        """The key of this name, if it is the one that these wrapped bytes are of."""
        with self._lock:
            held = self._held.get(name)
            if held is None:
                return None
            if held.blob != blob or held.until < self._clock():
                self._drop(name)
                return None
            self._held.move_to_end(name)
            return bytes(held.secret)

    def put(self, name: KeyName, blob: bytes, secret: bytes) -> None:
        """Hold this key; the one that was used longest ago makes room, and so do all that are too old."""
        with self._lock:
            now = self._clock()
            if now > self._sweep_at:
                self._sweep(now)
            self._drop(name)
            self._held[name] = _Held(blob, bytearray(secret), now + self._seconds)
            while len(self._held) > self._size:
                self._drop(next(iter(self._held)))

    def forget(self, tenant: Tenant, subject: StoredId) -> None:
        """Hold nothing of this subject any more."""
        with self._lock:
            for name in [n for n in self._held if (n.tenant, n.subject) == (tenant, subject)]:
                self._drop(name)

    def _sweep(self, now: float) -> None:
        for name in [name for name, held in self._held.items() if held.until < now]:
            self._drop(name)
        self._sweep_at = now + self._seconds

    def _drop(self, name: KeyName) -> None:
        held = self._held.pop(name, None)
        if held is not None:
            held.secret[:] = bytes(len(held.secret))

    def __len__(self) -> int:
        return len(self._held)
