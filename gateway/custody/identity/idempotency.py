"""The answers to requests that may come again: the same key and body get the same bytes back.

Written in the transaction of the deed, so a repeat finds either the deed and its answer or neither. An answer
names the EHR's own ids, so it is sealed under the organization's identity key, and workers have no right to
the table. The key itself is kept as a digest, because clients put what they like into it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import cipher
from gateway.custody.errors import Conflict
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, TENANT_COMPARTMENT, StoredId, Tenant
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


def lookup(conn: Connection, vault: Vault, client_id: str, key: str) -> Record | None:
    """What was answered to this client's key before."""
    mine = (idempotency.c.client_id == client_id, idempotency.c.key_digest == _digest(key))
    row = conn.execute(select(idempotency).where(*mine)).one_or_none()
    if row is None:
        return None
    place = _place(conn, client_id, key)
    data_key = vault.identity.fetch_one(place.tenant, TENANT_COMPARTMENT)
    answer = cipher.unseal(data_key, place, row.answer)
    return Record(client_id, key, row.body_digest, row.status, answer, row.created)


def store(conn: Connection, vault: Vault, record: Record) -> None:
    """Keep an answer; raises ``Conflict`` when the same request was answered meanwhile."""
    place = _place(conn, record.client_id, record.key)
    data_key = vault.identity.ensure(place.tenant, (TENANT_COMPARTMENT,))[TENANT_COMPARTMENT]
    sealed = cipher.seal(data_key, place, record.answer, os.urandom(cipher.SALT_BYTES))
    values = {
        "client_id": record.client_id,
        "key_digest": _digest(record.key),
        "body_digest": record.body_digest,
        "status": record.status,
        "answer": sealed,
        "created": record.created,
    }
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    kept = dialect.insert(idempotency).values(values).on_conflict_do_nothing()
    # Asked for a row, because a count is not given for every form of INSERT.
    if conn.execute(kept.returning(idempotency.c.status)).first() is None:
        raise Conflict


def forget(conn: Connection, before: int) -> int:
    """Drop answers that are older; answers how many."""
    return conn.execute(delete(idempotency).where(idempotency.c.created < before)).rowcount


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _place(conn: Connection, client_id: str, key: str) -> cipher.Place:
    organization = conn.scalar(select(client.c.organization).where(client.c.client_id == client_id))
    tenant = SYSTEM if organization is None else Tenant(organization)
    return cipher.Place(tenant, TENANT_COMPARTMENT, "Bundle", StoredId(_digest(key)[:16]), 0, _COLUMN)
