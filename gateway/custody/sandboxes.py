"""Which organizations are no real ones: the sandbox, partners who try it, and sandboxes that were closed.

The mark stands in the organization's row. Real and unreal never meet: a client belongs to one side, and a
grant joins two of the same side.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection, delete, insert, select, update

from gateway.custody import erasing, purging
from gateway.custody.erasing import Purged
from gateway.custody.ids import StoredId, Tenant, WriteNo
from gateway.custody.tables import (
    client,
    erasure,
    errand,
    errand_answer,
    idempotency,
    job,
    legal_hold,
    organization,
    patient_merge,
    record,
    retention_rule,
    tombstone,
    version,
)

NAME = "Sandbox"
_OF_A_TENANT = (patient_merge, tombstone, erasure, retention_rule, legal_hold, job)


class Side(IntEnum):
    """On which side an organization is."""

    REAL = 0
    SANDBOX = 1
    CLOSED = 2
    """A sandbox of which what is left goes."""
    TRYING = 3
    """A partner's organization that knows the sandbox alone."""


def side_of(conn: Connection, number: Tenant) -> Side:
    """Where an organization belongs; one that is not there would be real."""
    query = select(organization.c.sandbox).where(organization.c.number == number)
    return Side(conn.execute(query).scalar() or 0)


def mark(conn: Connection, number: Tenant, side: Side) -> None:
    """Put an organization that was just made on a side."""
    conn.execute(update(organization).where(organization.c.number == number).values(sandbox=int(side)))


def found(conn: Connection) -> Tenant | None:
    """The sandbox that is open."""
    query = select(organization.c.number).where(organization.c.sandbox == int(Side.SANDBOX))
    number = conn.execute(query).scalar()
    return None if number is None else Tenant(number)


def make(conn: Connection, number: Tenant, now: int) -> None:
    """Make the sandbox's organization, under a number that nobody has."""
    values = {"number": number, "name": NAME, "created": now, "sandbox": int(Side.SANDBOX)}
    conn.execute(insert(organization).values(**values))


def closed(conn: Connection) -> list[Tenant]:
    """Every sandbox that was closed."""
    query = select(organization.c.number).where(organization.c.sandbox == int(Side.CLOSED))
    return [Tenant(number) for number in conn.scalars(query)]


def close(conn: Connection, tenant: Tenant, now: int) -> list[str]:
    """End a sandbox: all who may come into it, and all work about it. Answers whose clients ended."""
    trying = select(organization.c.number).where(organization.c.sandbox == int(Side.TRYING))
    within = client.c.organization.in_(trying) | (client.c.organization == tenant)
    theirs = list(conn.scalars(select(client.c.client_id).where(within)))
    conn.execute(update(client).where(within, client.c.revoked.is_(None)).values(revoked=now))
    # Its number is never given again, so that no process that knew its keys takes them for another's.
    ended = {"name": f"{NAME} {tenant}, closed", "sandbox": int(Side.CLOSED)}
    conn.execute(update(organization).where(organization.c.number == tenant).values(**ended))
    conn.execute(delete(job).where(job.c.tenant == tenant))
    conn.execute(delete(idempotency).where(idempotency.c.client_id.in_(theirs)))
    mine = select(errand.c.id).where(errand.c.tenant == tenant)
    conn.execute(delete(errand_answer).where(errand_answer.c.errand.in_(mine)))
    conn.execute(delete(errand).where(errand.c.tenant == tenant))
    return theirs


def purge(conn: Connection, tenant: Tenant, limit: int) -> Purged:
    """Delete so many resources of a closed sandbox; then whatever else its tables hold."""
    heads = select(record.c.type, record.c.id).where(record.c.tenant == tenant).limit(limit)
    refs = [(row.type, StoredId(row.id)) for row in conn.execute(heads)]
    if refs:
        return erasing.purge_resources(conn, tenant, refs)
    left = select(version.c.write_no).where(version.c.tenant == tenant).limit(limit)
    numbers = [WriteNo(number) for number in conn.scalars(left)]
    purging.delete_versions(conn, numbers)
    for table in _OF_A_TENANT:
        conn.execute(delete(table).where(table.c.tenant == tenant))
    return Purged(0, len(numbers))
