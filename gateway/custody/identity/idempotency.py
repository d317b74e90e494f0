"""The answers to requests that may come again: the same key and body get the same bytes back.

Written in the transaction of the deed, so a repeat finds either the deed and its answer or neither. An answer
names the EHR's own ids, so it is sealed under the identity keys of the organization and of every patient that
it concerns (erase one, and it opens no more), and workers have no right to the table. The key itself is kept
as a digest, because clients put what they like into it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import cipher, records
from gateway.custody.errors import Conflict, KeyGone
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import STORED_ID_BYTES, SYSTEM, TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.sharing import opening_key, sealing_key
from gateway.custody.tables import client, idempotency

_COLUMN = "idempotency.answer"


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
    if row is None:
        return None
    if not row.answer:
        raise KeyGone
    place = _place(conn, client_id, key)
    patients = _patients(row.patients or b"")
    keys = vault.identity.fetch(place.tenant, (TENANT_COMPARTMENT, *patients))
    data_key = opening_key(keys, TENANT_COMPARTMENT, patients, row.answer)
    answer = cipher.unseal(data_key, place, row.answer)
    return Record(client_id, key, row.body_digest, row.status, answer, row.created, patients)


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
    values = {
        "client_id": record.client_id,
        "key_digest": _digest(record.key),
        "body_digest": record.body_digest,
        "status": record.status,
        "answer": sealed,
        "created": record.created,
        "patients": b"".join(record.patients),
    }
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    kept = dialect.insert(idempotency).values(values).on_conflict_do_nothing()
    # Asked for a row, because a count is not given for every form of INSERT.
    if conn.execute(kept.returning(idempotency.c.status)).first() is None:
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


def _patients(packed: bytes) -> tuple[StoredId, ...]:
    size = STORED_ID_BYTES
    return tuple(StoredId(packed[at : at + size]) for at in range(0, len(packed), size))


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _place(conn: Connection, client_id: str, key: str) -> cipher.Place:
    organization = conn.scalar(select(client.c.organization).where(client.c.client_id == client_id))
    tenant = SYSTEM if organization is None else Tenant(organization)
    return cipher.Place(tenant, TENANT_COMPARTMENT, "Bundle", StoredId(_digest(key)[:16]), 0, _COLUMN)
