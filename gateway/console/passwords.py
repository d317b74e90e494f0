"""Passwords: what one must be, and how it is kept (Argon2id as RFC 9106 has it second: 64 MiB, 3 passes).

Whoever steals the table has to try each guess at that cost. To work one out takes memory and time here too:
at most two are worked out side by side in a process; who comes in between waits, and is turned away when that
takes too long.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gateway.console.asked import Denied

SHORTEST, LONGEST, DIFFERENT = 12, 200, 6
_COMMON = ("password", "passwort", "qwerty", "letmein", "welcome", "careloom", "hospital", "123456", "abcdef")
_LETTERS_BESIDE_COMMON = 8
_AT_ONCE, _PATIENCE_SECONDS = 2, 5.0

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_places = threading.BoundedSemaphore(_AT_ONCE)
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""The hash of no password: so that a log-in name that nobody has takes as long as one that somebody has."""


def faults(password: str, login: str) -> str | None:
    """What is wrong with a new password, in one sentence; None where nothing is."""
    plain = _normal(password)
    lower = plain.casefold()
    if not SHORTEST <= len(plain) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters; a sentence of a few words is a good one."
    if len(set(lower)) < DIFFERENT:
        return "This password repeats too few characters."
    if login in lower:
        return "A password must not contain your log-in name."
    rest = lower
    for word in _COMMON:
        rest = rest.replace(word, "")
    if len(rest) < len(lower) and sum(map(str.isalpha, rest)) < _LETTERS_BESIDE_COMMON:
        return "This password is too close to one that everybody tries first."
    return None


def hashed(password: str) -> str:
    """A password as it is kept."""
    with _place():
        return _hasher.hash(_normal(password))


def holds(kept: str | None, password: str) -> bool:
    """Whether this is the password that is kept; takes the same time where none is."""
    with _place():
        try:
            return _hasher.verify(kept or _NOBODYS, _normal(password)[: LONGEST * 4]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """One form for what keyboards write in several ways (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=_PATIENCE_SECONDS):
        raise Denied(503, "Too many people log in at this moment; try again in a few seconds.")
    try:
        yield
    finally:
        _places.release()
