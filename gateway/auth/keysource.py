"""Where a client's public keys come from: the registered document, or the registered address.

What was fetched is kept no longer than its ``Cache-Control`` says (a day at most, five minutes where it says
nothing), but an unknown ``kid`` may ask again, at most every ten seconds, so that a client can change its
keys at once. No redirect is followed and no large answer is read: an address is a promise of one document.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import requests

from gateway.auth.jwks import Key, KeysRefused, public_keys
from gateway.auth.registry import Client
from gateway.stored import Clock

_DEFAULT_SECONDS = 300
_LONGEST_SECONDS = 86_400
_AGAIN_SECONDS = 10
_MAX_BYTES = 256 * 1024
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document and how long it may be kept."""

    document: bytes
    cache_control: str


Fetch = Callable[[str], Fetched]
Watch = Callable[[Client, Sequence[Key]], None]
"""Who is told of each document that was fetched, before its keys are used."""


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: tuple[Key, ...]
    fetched: int
    until: int


class KeySource:
    """The keys of any client; remembers fetched ones within their time."""

    def __init__(self, fetch: Fetch, clock: Clock, watch: Watch = lambda _client, _keys: None) -> None:
        self._fetch = fetch
        self._watch = watch
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def keys(self, client: Client, kid: str) -> tuple[Key, ...]:
        """The client's keys, fetched where they lie elsewhere. Raises ``KeysRefused``."""
        if client.jwks_url is None:
            return public_keys((client.jwks or "").encode())
        now = self._clock()
        with self._lock:
            kept = self._kept.get(client.jwks_url)
        if kept is not None and now < kept.until:
            known = any(key.kid == kid for key in kept.keys)
            if known or now < kept.fetched + _AGAIN_SECONDS * _SECOND:
                return kept.keys
        return self._refresh(client, client.jwks_url, now)

    def _refresh(self, client: Client, url: str, now: int) -> tuple[Key, ...]:
        fetched = self._fetch(url)
        keys = public_keys(fetched.document)
        self._watch(client, keys)
        with self._lock:
            self._kept[url] = _Kept(keys, now, now + seconds_to_keep(fetched.cache_control) * _SECOND)
        return keys


def seconds_to_keep(cache_control: str) -> int:
    """How long an answer with this ``Cache-Control`` may be used."""
    if re.search(r"\bno-(store|cache)\b", cache_control, re.IGNORECASE):
        return 0
    found = re.search(r"\bmax-age=(\d{1,9})\b", cache_control, re.IGNORECASE)
    return min(int(found[1]), _LONGEST_SECONDS) if found else _DEFAULT_SECONDS


def fetch_over_https(timeout_seconds: int) -> Fetch:
    """A fetch by ``requests``, bounded in time and size."""

    def fetch(url: str) -> Fetched:
        try:
            with requests.get(url, timeout=timeout_seconds, allow_redirects=False, stream=True) as answer:
                document = answer.raw.read(_MAX_BYTES + 1, decode_content=True)
        except (requests.RequestException, OSError):
            raise KeysRefused("the client's jwks_url does not answer") from None
        if answer.status_code != 200 or len(document) > _MAX_BYTES:
            raise KeysRefused("the client's jwks_url does not answer with a JWKS")
        return Fetched(document, answer.headers.get("Cache-Control", ""))

    return fetch
