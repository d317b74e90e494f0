"""The same bucket for all gateways: it stands in the broker's store, which the embedded form has too.

The store's own clock counts, so gateways need not agree on the time. While the broker is away each gateway
counts for itself, and asks again after a few seconds: a broker that is down makes nobody wait.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import redis

from gateway.custody.errors import CustodyError
from gateway.fhir.rate import RateLimit
from gateway.stored import Clock

KEY = "careloom:rate:"
_SECONDS = 0.2
"""How long the store may take; nothing that waits longer is worth counting."""
_AGAIN = 5_000_000
_BUCKET = """
local time = redis.call('TIME')
local now, rate = time[1] * 1000000 + time[2], tonumber(ARGV[1])
local kept = redis.call('HMGET', KEYS[1], 'level', 'seen')
local gone = now - (tonumber(kept[2]) or now)
local level = math.min(rate, (tonumber(kept[1]) or rate) + gone * rate / 1000000)
local allowed = level >= 1 and 1 or 0
redis.call('HSET', KEYS[1], 'level', tostring(level - allowed), 'seen', now)
redis.call('PEXPIRE', KEYS[1], 2000)
return allowed
"""


class SharedRate:
    """``per_second`` requests of each client, whichever gateway it asks."""

    def __init__(self, url: Callable[[], str], per_second: int, clock: Clock) -> None:
        self._url, self._per_second, self._clock = url, per_second, clock
        self._alone = RateLimit(per_second, clock)
        self._script: Any = None
        self._try_at = 0

    def allows(self, client_id: str) -> bool:
        """Whether this request may be served now; it is counted when it may."""
        if self._clock() < self._try_at:
            return self._alone.allows(client_id)
        try:
            return bool(self._count(sha256(client_id.encode()).hexdigest()[:32]))
        except (redis.RedisError, CustodyError, OSError, ValueError):
            self._script, self._try_at = None, self._clock() + _AGAIN
            return self._alone.allows(client_id)

    def _count(self, name: str) -> int:
        script = self._script
        if script is None:
            # Celery and redis-py name a unix socket differently.
            url = self._url().replace("redis+socket://", "unix://", 1)
            timeouts = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
            script = self._script = redis.Redis.from_url(url, **timeouts).register_script(_BUCKET)
        told: int = script(keys=[KEY + name], args=[self._per_second])
        return told
