"""What an errand was sent and what it is answered, sealed.

What: the body under a key that takes the identity keys of the tenant, of the patients whom it names, and one
of its own, which lives until the request is done: whatever copy there is of the row, in a backup too, opens
no more after that. Answers under the keys of the tenant and of all whom they concern, like the answers in
``idempotency``: erase one, and they open no more. What an attacker gains with the rows: who asked, and when.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from gateway.custody import cipher, records
from gateway.custody.errors import KeyGone
from gateway.custody.identity import errands
from gateway.custody.identity.errands import Claim, Errand, Order
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import STORED_ID_BYTES, TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.sharing import opening_key, sealing_key
from gateway.custody.tables import errand, errand_answer

_BODY, _ANSWER = "errand.body", "errand_answer.sealed"


@dataclass(frozen=True, slots=True)
class Part:
    """An answer, or that of one entry of a batch at its place, and whom it concerns in a stable order."""

    answer: bytes
    patients: Sequence[StoredId] = ()
    place: int = 0


def seal_body(vault: Vault, order: Order) -> bytes:
    """The body as it is kept. None of those whom the order names may be erased: who is gets no new key."""
    tenant, subjects = order.asker.tenant, (order.id, *order.patients)
    keys = vault.identity.ensure(tenant, (TENANT_COMPARTMENT, *subjects))
    data_key = sealing_key(keys, TENANT_COMPARTMENT, subjects)
    return cipher.seal(data_key, _place(tenant, order.id, _BODY), order.body, os.urandom(cipher.SALT_BYTES))


def body(conn: Connection, vault: Vault, found: Errand) -> bytes:
    """What was sent; raises ``KeyGone`` when it was ended, or somebody whom it names was erased."""
    row = conn.execute(select(errand.c.body, errand.c.patients).where(errand.c.id == found.id)).one_or_none()
    if row is None or not row.body:
        raise KeyGone
    tenant, subjects = found.asker.tenant, (found.id, *_patients(row.patients))
    keys = vault.identity.fetch(tenant, (TENANT_COMPARTMENT, *subjects))
    data_key = opening_key(keys, TENANT_COMPARTMENT, subjects, row.body)
    return cipher.unseal(data_key, _place(tenant, found.id, _BODY), row.body)


def put(conn: Connection, vault: Vault, claimed: Claim, part: Part) -> None:
    """Keep an answer in the transaction of its deed. Raises ``LostLease``, and ``KeyGone`` when somebody
    whom it concerns was erased."""
    errands.hold(conn, claimed)
    id_, tenant = claimed.errand.id, claimed.errand.asker.tenant
    if records.erased(conn, tenant, [("Patient", patient) for patient in part.patients]):
        raise KeyGone
    keys = vault.identity.ensure(tenant, (TENANT_COMPARTMENT, *part.patients))
    data_key = sealing_key(keys, TENANT_COMPARTMENT, part.patients)
    where = _place(tenant, id_, _ANSWER, part.place)
    sealed = cipher.seal(data_key, where, part.answer, os.urandom(cipher.SALT_BYTES))
    row = {"errand": id_, "place": part.place, "sealed": sealed, "patients": b"".join(part.patients)}
    conn.execute(insert(errand_answer).values(row))


def done(conn: Connection, id_: StoredId) -> frozenset[int]:
    """The places of the entries that are answered."""
    return frozenset(conn.scalars(select(errand_answer.c.place).where(errand_answer.c.errand == id_)))


def answers(conn: Connection, vault: Vault, found: Errand) -> list[Part]:
    """What it is answered, in the entries' order; raises ``KeyGone`` when it concerns who was erased."""
    mine = select(errand_answer).where(errand_answer.c.errand == found.id).order_by(errand_answer.c.place)
    rows = list(conn.execute(mine))
    tenant = found.asker.tenant
    everybody = {patient for row in rows for patient in _patients(row.patients)}
    keys = vault.identity.fetch(tenant, (TENANT_COMPARTMENT, *everybody))
    parts = []
    for row in rows:
        patients = _patients(row.patients)
        data_key = opening_key(keys, TENANT_COMPARTMENT, patients, row.sealed)
        where = _place(tenant, found.id, _ANSWER, row.place)
        parts.append(Part(cipher.unseal(data_key, where, row.sealed), patients, row.place))
    return parts


def shred(vault: Vault, tenant: Tenant, id_: StoredId) -> None:
    """Make the body of what is over unreadable wherever it was copied: its key first, then what is here."""
    vault.identity.destroy(tenant, id_)
    with vault.database.write() as conn:
        conn.execute(update(errand).where(errand.c.id == id_).values(body=b""))


def _place(tenant: Tenant, id_: StoredId, column: str, place: int = 0) -> cipher.Place:
    return cipher.Place(tenant, TENANT_COMPARTMENT, "Bundle", id_, place, column)


def _patients(packed: bytes) -> tuple[StoredId, ...]:
    size = STORED_ID_BYTES
    return tuple(StoredId(packed[at : at + size]) for at in range(0, len(packed), size))
