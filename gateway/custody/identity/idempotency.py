"""The answers to requests that may come again: the same key and body get the same bytes back.

Written in the transaction of the deed, so a repeat finds either the deed and its answer or neither. A batch,
of which each entry is a transaction of its own, is begun, leaves what each entry was answered as a part, and
ends with the whole answer in their place: whoever dies in between, the same request again finds the parts and
goes on after them. An answer
names the EHR's own ids, so it is sealed under the identity keys of the organization and of every patient that
it concerns (erase one, and it opens no more), and workers have no right to the table. The key itself is kept
as a digest, because clients put what they like into it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import cipher, records
from gateway.custody.errors import Conflict, KeyGone
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import STORED_ID_BYTES, SYSTEM, TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.sharing import opening_key, sealing_key
from gateway.custody.tables import client, idempotency

_COLUMN = "idempotency.answer"
BEGUN = 0
"""Stands in place of a status until the answer is whole."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Record:
    """What was answered to a request: by whom it was made, under which key, and with which body."""

    client_id: str
    key: str
    body_digest: bytes
    status: int
    answer: bytes
    created: int
    patients: Sequence[StoredId] = ()
    """Whom the answer concerns, in a stable order."""


def lookup(conn: Connection, vault: Vault, client_id: str, key: str) -> Record | None:
    """What was answered to this client's key before; raises ``KeyGone`` when it concerned who was erased."""
    mine = (idempotency.c.client_id == client_id, idempotency.c.key_digest == _digest(key))
    row = conn.execute(select(idempotency).where(*mine)).one_or_none()
    return None if row is None else _opened(conn, vault, (client_id, key), row)


def begin(conn: Connection, record: Record) -> bool:
    """Say that a request of several parts is being done; False where that, or its answer, is there."""
    return _added(conn, {**_values(record), "status": BEGUN, "answer": b"", "patients": b""})


def parts(conn: Connection, vault: Vault, client_id: str, keys: Sequence[str]) -> dict[str, Record]:
    """What was answered to those of some keys that were answered; raises ``KeyGone`` as ``lookup`` does."""
    found: dict[str, Record] = {}
    by_digest = {_digest(key): key for key in keys}
    digests = list(by_digest)
    for first in range(0, len(digests), _AT_ONCE):
        some = idempotency.c.key_digest.in_(digests[first : first + _AT_ONCE])
        for row in conn.execute(select(idempotency).where(idempotency.c.client_id == client_id, some)):
            key = by_digest[row.key_digest]
            found[key] = _opened(conn, vault, (client_id, key), row)
    return found


def hold(conn: Connection, client_id: str, key: str) -> None:
    """Keep a request that was begun from ending before this transaction; raises ``Conflict`` when it has.

    Its parts are gone then, and would not show any more that somebody has done them.
    """
    mine = (idempotency.c.client_id == client_id, idempotency.c.key_digest == _digest(key))
    held = update(idempotency).where(*mine, idempotency.c.status == BEGUN).values(status=BEGUN)
    if conn.execute(held).rowcount != 1:
        raise Conflict


def end(conn: Connection, vault: Vault, record: Record, keys: Sequence[str]) -> None:
    """Put the whole answer in the place of its parts; raises as ``store`` does, also when it has ended."""
    mine = (idempotency.c.client_id == record.client_id, idempotency.c.key_digest == _digest(record.key))
    begun = conn.execute(delete(idempotency).where(*mine, idempotency.c.status == BEGUN))
    if begun.rowcount != 1:
        raise Conflict
    digests = [_digest(key) for key in keys]
    for first in range(0, len(digests), _AT_ONCE):
        some = idempotency.c.key_digest.in_(digests[first : first + _AT_ONCE])
        conn.execute(delete(idempotency).where(idempotency.c.client_id == record.client_id, some))
    store(conn, vault, record)


def store(conn: Connection, vault: Vault, record: Record) -> None:
    """Keep an answer; raises ``Conflict`` when the same request was answered meanwhile, and ``KeyGone`` when
    somebody whom it concerns was erased."""
    place = _place(conn, record.client_id, record.key)
    # Who was erased must not be given a new key.
    if records.erased(conn, place.tenant, [("Patient", patient) for patient in record.patients]):
        raise KeyGone
    keys = vault.identity.ensure(place.tenant, (TENANT_COMPARTMENT, *record.patients))
    data_key = sealing_key(keys, TENANT_COMPARTMENT, record.patients)
    sealed = cipher.seal(data_key, place, record.answer, os.urandom(cipher.SALT_BYTES))
    if not _added(conn, {**_values(record), "answer": sealed}):
        raise Conflict


def forget(conn: Connection, before: int) -> int:
    """Drop answers that are older; answers how many."""
    return conn.execute(delete(idempotency).where(idempotency.c.created < before)).rowcount


def blank(conn: Connection, tenant: Tenant, patient: StoredId) -> None:
    """Empty the answers to a tenant's clients that concern a patient, or of which that is not known.

    The row stays until it expires: the same request again must not make the patient anew.
    """
    mine = select(client.c.client_id).where(client.c.organization == tenant)
    place_in = func.pg_catalog.position if conn.dialect.name == "postgresql" else func.instr
    concerned = or_(idempotency.c.patients.is_(None), place_in(idempotency.c.patients, patient) > 0)
    mine_concerned = and_(idempotency.c.client_id.in_(mine), concerned)
    conn.execute(update(idempotency).where(mine_concerned).values(answer=b"", patients=b""))


def _values(record: Record) -> dict[str, object]:
    return {
        "client_id": record.client_id,
        "key_digest": _digest(record.key),
        "body_digest": record.body_digest,
        "status": record.status,
        "created": record.created,
        "patients": b"".join(record.patients),
    }


def _added(conn: Connection, values: dict[str, object]) -> bool:
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    kept = dialect.insert(idempotency).values(values).on_conflict_do_nothing()
    # Asked for a row, because a count is not given for every form of INSERT.
    return conn.execute(kept.returning(idempotency.c.status)).first() is not None


def _opened(conn: Connection, vault: Vault, whose: tuple[str, str], row: Row[Any]) -> Record:
    client_id, key = whose
    if row.status == BEGUN:
        return Record(client_id, key, row.body_digest, BEGUN, b"", row.created)
    if not row.answer:
        raise KeyGone
    place = _place(conn, client_id, key)
    patients = _patients(row.patients or b"")
    keys = vault.identity.fetch(place.tenant, (TENANT_COMPARTMENT, *patients))
    data_key = opening_key(keys, TENANT_COMPARTMENT, patients, row.answer)
    answer = cipher.unseal(data_key, place, row.answer)
    return Record(client_id, key, row.body_digest, row.status, answer, row.created, patients)


def _patients(packed: bytes) -> tuple[StoredId, ...]:
    size = STORED_ID_BYTES
    return tuple(StoredId(packed[at : at + size]) for at in range(0, len(packed), size))


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _place(conn: Connection, client_id: str, key: str) -> cipher.Place:
    organization = conn.scalar(select(client.c.organization).where(client.c.client_id == client_id))
    tenant = SYSTEM if organization is None else Tenant(organization)
    return cipher.Place(tenant, TENANT_COMPARTMENT, "Bundle", StoredId(_digest(key)[:16]), 0, _COLUMN)
