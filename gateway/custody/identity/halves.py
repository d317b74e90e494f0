"""The withheld halves: who a patient is and what was written in free text, sealed under the identity key.

They lie in a table of their own, which the workers' database role has no right to, under keys that the
workers' root cannot unwrap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from sqlalchemy import Connection, select

from gateway.custody.cipher import Place, seal, unseal
from gateway.custody.database import bulk
from gateway.custody.ids import WriteNo
from gateway.custody.keyring import IdentityKey
from gateway.custody.prepared import Prepared, Reading, listed, one_of
from gateway.custody.records import StoredVersion
from gateway.custody.tables import withheld

COLUMN = "withheld"


def seal_withheld(key: IdentityKey, place: Place, half: bytes, salt: bytes) -> bytes:
    """The sealed half, for a place whose column is ``COLUMN``."""
    return seal(key, place, half, salt)


def open_withheld(key: IdentityKey, stored: StoredVersion, sealed: bytes) -> bytes:
    """The withheld half of this version."""
    place = Place(stored.tenant, stored.compartment, stored.type, stored.id, stored.version, COLUMN)
    return unseal(key, place, sealed)


def put(conn: Connection, rows: Sequence[tuple[WriteNo, bytes]]) -> None:
    """Keep the sealed halves of these writes."""
    bulk(conn, withheld, rows)


def get(at: Reading, numbers: Iterable[WriteNo]) -> dict[WriteNo, bytes]:
    """The sealed halves of these writes; who has none is absent."""
    return {
        WriteNo(number): sealed
        for count, values in listed("no", list(numbers))
        for number, sealed in _of(count).rows(at, **values)
    }


@lru_cache(maxsize=16)
def _of(count: int) -> Prepared:
    columns = select(withheld.c.write_no, withheld.c.sealed)
    return Prepared(columns.where(one_of(withheld.c.write_no, "no", count)))
