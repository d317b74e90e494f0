"""Names for things that are all bytes or numbers underneath, so that mixing them is a type error."""

from __future__ import annotations

import base64
import binascii
from typing import NewType

Tenant = NewType("Tenant", int)
"""Number of an organization. 0 is Careloom itself: the ``system`` log, never a hospital."""

StoredId = NewType("StoredId", bytes)
"""16 bytes that stand for a resource. Nobody outside the gateway can tell whose they are."""

WriteNo = NewType("WriteNo", int)
"""Order of writes: ``tenant << 40 | count``, so it grows within a tenant and is unique over all."""

SYSTEM = Tenant(0)

TENANT_COMPARTMENT = StoredId(bytes(16))
"""The compartment (and key subject) of resources that belong to no single patient."""

STORED_ID_BYTES = 16
TENANT_SHIFT = 40


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _LETTERS for other in _LETTERS)
_PLACES = range(120, -1, -10)


def pseudonym(stored: StoredId) -> str:
    """The text of a stored id inside clinical halves: 26 lower-case base32 characters."""
    if len(stored) != STORED_ID_BYTES:
        raise ValueError("a stored id has 16 bytes")
    # A search names hundreds: two letters at a time take a third of what ``base64`` takes for them.
    number = int.from_bytes(stored, "big") << 2
    return "".join([_PAIRS[number >> place & 1023] for place in _PLACES])


def parse_pseudonym(text: str) -> StoredId | None:
    """The stored id behind a pseudonym, or None when the text is not one in canonical form."""
    if len(text) != 26 or text != text.lower():
        return None
    try:
        raw = base64.b32decode(text.upper() + "======")
    except (binascii.Error, ValueError):
        return None
    stored = StoredId(raw)
    return stored if pseudonym(stored) == text else None


def write_no(tenant: Tenant, count: int) -> WriteNo:
    """The write number of a tenant's ``count``-th write (counted from 1)."""
    return WriteNo((tenant << TENANT_SHIFT) | count)


def tenant_of(number: WriteNo) -> Tenant:
    """The tenant whose write bears this number."""
    return Tenant(number >> TENANT_SHIFT)
