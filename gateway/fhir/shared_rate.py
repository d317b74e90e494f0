"""The same bucket for all gateways: it stands in the broker's store, which the embedded form has too.

The store's own clock counts, so gateways need not agree on the time. While the broker is away each gateway
counts for itself, and asks again after a few seconds: a broker that is down makes nobody wait.

To ask the store at each request would cost more than some requests do. A gateway that a client asks quickly
therefore takes some requests out of the bucket beforehand, at most a hundredth of a second's worth, and
spends them without asking. What is left of them after a tenth of a second is lost: so all gateways together
never allow more than the bucket holds, and a little less where a client stops and goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import redis

from gateway.custody.errors import CustodyError
from gateway.fhir.rate import MOST_CLIENTS, RateLimit
from gateway.stored import Clock

KEY = "careloom:rate:"
_SECONDS = 0.2
"""How long the store may take; nothing that waits longer is worth counting."""
_AGAIN = 5_000_000
_LENT = 100_000
"""How long requests that were taken beforehand may be spent, in microseconds."""
_PORTION = 100
"""Which part of a second's worth may be taken beforehand."""
_BUCKET = """
local time = redis.call('TIME')
local now, rate = time[1] * 1000000 + time[2], tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'level', 'seen')
local gone = now - (tonumber(kept[2]) or now)
local level = math.min(rate, (tonumber(kept[1]) or rate) + gone * rate / 1000000)
local given = math.min(tonumber(ARGV[2]), math.floor(level))
redis.call('HSET', KEYS[1], 'level', tostring(level - given), 'seen', now)
redis.call('PEXPIRE', KEYS[1], 2000)
return given
"""


@dataclass(slots=True)
class _Lent:
    """What was taken out of the bucket for one client, and how much to take the next time."""

    left: int = 0
    until: int = 0
    size: int = 1


class SharedRate:
    """``per_second`` requests of each client, whichever gateway it asks."""

    def __init__(self, url: Callable[[], str], per_second: int, clock: Clock) -> None:
        self._url, self._per_second, self._clock = url, per_second, clock
        self._alone = RateLimit(per_second, clock)
        self._script: Any = None
        self._try_at = 0
        self._lock = threading.Lock()
        self._lent: dict[str, _Lent] = {}

    def allows(self, client_id: str) -> bool:
        """Whether this request may be served now; it is counted when it may."""
        now = self._clock()
        if now < self._try_at:
            return self._alone.allows(client_id)
        size = self._spent(client_id, now)
        if not size:
            return True
        try:
            given = self._take(sha256(client_id.encode()).hexdigest()[:32], size)
        except (redis.RedisError, CustodyError, OSError, ValueError):
            self._script, self._try_at = None, self._clock() + _AGAIN
            return self._alone.allows(client_id)
        self._keep(client_id, given - 1, now)
        return given > 0

    def _spent(self, client_id: str, now: int) -> int:
        """0 when one that was taken beforehand has been spent, else how many to take now."""
        with self._lock:
            if len(self._lent) > MOST_CLIENTS:
                self._lent.clear()
            lent = self._lent.setdefault(client_id, _Lent())
            if lent.left and now < lent.until:
                lent.left -= 1
                return 0
            # Twice as many where all were spent in time, half where some were left.
            size = lent.size * 2 if now < lent.until else lent.size // 2
            lent.size = max(1, min(size, self._per_second // _PORTION))
            return lent.size

    def _keep(self, client_id: str, left: int, now: int) -> None:
        with self._lock:
            lent = self._lent.setdefault(client_id, _Lent())
            # Another thread may have taken some meanwhile; theirs last as long as the younger.
            lent.left, lent.until = max(0, left) + (lent.left if now < lent.until else 0), now + _LENT

    def _take(self, name: str, size: int) -> int:
        script = self._script
        if script is None:
            # Celery and redis-py name a unix socket differently.
            url = self._url().replace("redis+socket://", "unix://", 1)
            timeouts = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
            script = self._script = redis.Redis.from_url(url, **timeouts).register_script(_BUCKET)
        told: int = script(keys=[KEY + name], args=[self._per_second, size])
        return told
