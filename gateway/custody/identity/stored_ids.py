"""From the id that an EHR gave to the sixteen bytes that stand for it inside.

The key is the tenant's own and comes from its ``identity-index`` key, which workers do not hold: nobody
beyond the gateway can test whether an id that he knows is here. The type is part of the hash, so the same
text means two resources as ``Patient/7`` and ``Observation/7``.
"""

from __future__ import annotations

from gateway.custody.ids import STORED_ID_BYTES, StoredId
from gateway.custody.keyring import derive, hashed


def link_key(index_key: bytes) -> bytes:
    """The key that stored ids of a tenant are made with."""
    return derive(index_key, "stored-id")


def stored_id(key: bytes, type_: str, text: str) -> StoredId:
    """The stored id of what an EHR calls by this text."""
    return StoredId(hashed(key, f"{type_}\0{text}".encode())[:STORED_ID_BYTES])
