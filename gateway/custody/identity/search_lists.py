"""The lists that sorted searches found, for their later pages: write numbers, sealed, for an hour.

What: numbers under AES-256-GCM with a key that is used once (a fresh salt, HKDF from the index key of the
reader's organization). The associated data name who may go on. What whoever has the table learns: when
somebody sorted, and about how many were found. A list that is gone, or somebody else's, is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select

from gateway.custody.ids import Tenant, WriteNo
from gateway.custody.keyring import derive
from gateway.custody.tables import search_list

KEPT = 3_600 * 1_000_000
"""Microseconds that a list can be followed."""
_SALT_BYTES = _ID_BYTES = 16
_NUMBER_BYTES = 8
# Each key seals one list only, so that the nonce need not vary.
_NONCE = bytes(12)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose list it is: a client of an organization, and what it searched."""

    organization: Tenant
    client_id: str
    type: str


@dataclass(frozen=True, slots=True)
class SearchLists:
    """Keeps lists of numbers and gives them back. ``index_key`` is that of an organization."""

    index_key: Callable[[Tenant], bytes]
    entropy: Callable[[int], bytes]

    def keep(self, conn: Connection, owner: Owner, numbers: Sequence[WriteNo], now: int) -> str:
        """The name of a list that is kept from now on."""
        drawn = self.entropy(_ID_BYTES + _SALT_BYTES)
        name, salt = drawn[:_ID_BYTES], drawn[_ID_BYTES:]
        plain = b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in numbers)
        sealed = salt + self._cipher(owner, salt).encrypt(_NONCE, plain, _bound(owner, name))
        conn.execute(insert(search_list).values(id=name, sealed=sealed, expires=now + KEPT))
        return name.hex()

    def get(self, conn: Connection, owner: Owner, name: str, now: int) -> list[WriteNo] | None:
        """The numbers of a list; None for one that has run out or was never this owner's."""
        raw = bytes.fromhex(name)
        query = select(search_list.c.sealed).where(search_list.c.id == raw, search_list.c.expires > now)
        sealed = conn.scalar(query)
        if sealed is None:
            return None
        salt = sealed[:_SALT_BYTES]
        try:
            plain = self._cipher(owner, salt).decrypt(_NONCE, sealed[_SALT_BYTES:], _bound(owner, raw))
        except InvalidTag:
            return None
        starts = range(0, len(plain), _NUMBER_BYTES)
        return [WriteNo(int.from_bytes(plain[at : at + _NUMBER_BYTES], "big")) for at in starts]

    def _cipher(self, owner: Owner, salt: bytes) -> AESGCM:
        return AESGCM(derive(self.index_key(owner.organization), f"search list {salt.hex()}"))


def forget(conn: Connection, now: int) -> None:
    """Drop the lists that have run out."""
    conn.execute(delete(search_list).where(search_list.c.expires <= now))


def _bound(owner: Owner, name: bytes) -> bytes:
    return f"{owner.client_id}\0{owner.type}\0{name.hex()}".encode()
