"""What an erasure does to the data: tombstones, what is found to go, and the mark of one under way.

The mark (a row of ``erasure``) stands from the first transaction to the last, so that an erasure that was
killed is found. Everything here is the gateway's: workers have no right to delete, nor to the mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import cds_cards, purging, records, rulebook, watch_cases
from gateway.custody.database import bulk, in_batches
from gateway.custody.ids import StoredId, Tenant, WriteNo
from gateway.custody.records import Ref, Write
from gateway.custody.tables import (
    erasure,
    job,
    patient_link,
    record,
    search_token,
    tombstone,
    version,
)

PATIENT = "Patient"


@dataclass(frozen=True, slots=True)
class Purged:
    """How many resources and versions were deleted."""

    resources: int = 0
    versions: int = 0


def begin(conn: Connection, tenant: Tenant, patient: StoredId, now: int) -> bool:
    """Close a patient: from the commit on nothing of theirs is found, read or written. False if it is closed
    already. The caller holds the tenant's counter."""
    mine = and_(record.c.tenant == tenant, record.c.compartment == patient)
    refs = [
        (row.type, StoredId(row.id)) for row in conn.execute(select(record.c.type, record.c.id).where(mine))
    ]
    conn.execute(update(record).where(mine).values(deleted=1))
    new = bury(conn, tenant, [(PATIENT, patient), *refs], now)
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    if (PATIENT, patient) in new:
        mark = dialect.insert(erasure).values(tenant=tenant, patient=patient, begun=now)
        conn.execute(mark.on_conflict_do_nothing())
    return (PATIENT, patient) in new


def bury(conn: Connection, tenant: Tenant, refs: Sequence[Ref], now: int) -> list[Ref]:
    """Put a tombstone where there is none yet, and say where."""
    there = records.erased(conn, tenant, refs)
    new = sorted(set(refs) - there)
    bulk(conn, tombstone, [(tenant, type_, id_, now) for type_, id_ in new])
    return new


def forget_jobs(conn: Connection, tenant: Tenant, patient: StoredId) -> int:
    """Delete every job about a patient, cards that were given, and what rules in shadow answered: whoever
    works on a job finds that it is no longer theirs."""
    rulebook.forget_shadow(conn, tenant, patient=patient)
    cds_cards.forget_of(conn, tenant, patient)
    watch_cases.forget_of(conn, tenant, patient)
    return conn.execute(delete(job).where(job.c.tenant == tenant, job.c.patient == patient)).rowcount


def under_way(conn: Connection) -> list[tuple[Tenant, StoredId]]:
    """Whose erasure has begun and not ended."""
    rows = conn.execute(select(erasure.c.tenant, erasure.c.patient).order_by(erasure.c.begun))
    return [(Tenant(row.tenant), StoredId(row.patient)) for row in rows]


def is_under_way(conn: Connection, tenant: Tenant, patient: StoredId) -> bool:
    """Whether this erasure has begun and not ended."""
    this = and_(erasure.c.tenant == tenant, erasure.c.patient == patient)
    return conn.execute(select(erasure.c.begun).where(this)).first() is not None


def end(conn: Connection, tenant: Tenant, patient: StoredId) -> bool:
    """Take the mark away; False where another process has done it."""
    this = and_(erasure.c.tenant == tenant, erasure.c.patient == patient)
    return conn.execute(delete(erasure).where(this)).rowcount > 0


def dead(conn: Connection) -> Mapping[Tenant, list[StoredId]]:
    """Every patient that was ever erased, by tenant."""
    found: dict[Tenant, list[StoredId]] = {}
    for number, id_ in conn.execute(
        select(tombstone.c.tenant, tombstone.c.id).where(tombstone.c.type == PATIENT)
    ):
        found.setdefault(Tenant(number), []).append(StoredId(id_))
    return found


def known(conn: Connection, tenant: Tenant, patient: StoredId) -> bool:
    """Whether anything is kept of a patient, or names them."""
    mine = select(record.c.id).where(record.c.tenant == tenant, record.c.compartment == patient)
    named = select(patient_link.c.write_no).where(
        patient_link.c.tenant == tenant, patient_link.c.patient == patient
    )
    once = select(version.c.write_no).where(version.c.tenant == tenant, version.c.compartment == patient)
    return any(conn.execute(query.limit(1)).first() is not None for query in (mine, named, once))


# --- what else names them --------------------------------------------------------------------------------


def naming(conn: Connection, tenant: Tenant, patient: StoredId) -> set[Ref]:
    """Resources of which a version outside the patient's compartment names the patient."""
    mine = and_(patient_link.c.tenant == tenant, patient_link.c.patient == patient)
    links = select(patient_link.c.write_no).where(mine)
    return _resources(conn, tenant, version.c.write_no.in_(links), patient)


def referring(conn: Connection, tenant: Tenant, patient: StoredId, keys: Iterable[bytes]) -> set[Ref]:
    """Resources outside the patient's compartment with a version that bears one of these token keys."""
    found: set[Ref] = set()
    for batch in in_batches(sorted(set(keys))):
        numbers = select(search_token.c.write_no).where(search_token.c.key.in_(batch))
        found |= _resources(conn, tenant, version.c.write_no.in_(numbers), patient)
    return found


def _resources(conn: Connection, tenant: Tenant, where: ColumnElement[bool], patient: StoredId) -> set[Ref]:
    head = and_(
        record.c.tenant == version.c.tenant, record.c.type == version.c.type, record.c.id == version.c.id
    )
    columns = select(version.c.type, version.c.id).join(record, head)
    query = columns.where(version.c.tenant == tenant, where, record.c.compartment != patient)
    return {(row.type, StoredId(row.id)) for row in conn.execute(query.distinct())}


def put_in_place(conn: Connection, tenant: Tenant, number: WriteNo, write: Write) -> None:
    """Keep this version in the place of the one that bears the number; the withheld half and the names are
    the caller's, whose rows are gone after this."""
    values = {"clinical": write.clinical, "digest": write.digest}
    conn.execute(update(version).where(version.c.write_no == number).values(values))
    purging.delete_beside(conn, [number])
    records.index_rows(conn, tenant, [(number, write)])


# --- deleting --------------------------------------------------------------------------------------------


def purge(conn: Connection, tenant: Tenant, patient: StoredId, limit: int) -> Purged:
    """Delete so many resources of the compartment with all their versions; then versions that lay there once.

    Nothing is left when it answers 0 versions and 0 resources."""
    mine = and_(record.c.tenant == tenant, record.c.compartment == patient)
    rows = conn.execute(select(record.c.type, record.c.id).where(mine).limit(limit))
    refs = [(row.type, StoredId(row.id)) for row in rows]
    if refs:
        return purge_resources(conn, tenant, refs)
    once = and_(version.c.tenant == tenant, version.c.compartment == patient)
    numbers = [WriteNo(n) for n in conn.scalars(select(version.c.write_no).where(once).limit(limit))]
    purging.delete_versions(conn, numbers)
    return Purged(0, len(numbers))


def purge_resources(conn: Connection, tenant: Tenant, refs: Sequence[Ref]) -> Purged:
    """Delete these resources with all their versions, search rows, links and heads."""
    numbers = [n for found in purging.numbers_of(conn, tenant, refs).values() for n in found]
    purging.delete_heads(conn, tenant, refs)
    purging.delete_versions(conn, numbers)
    purging.delete_links(conn, tenant, refs)
    return Purged(len(refs), len(numbers))
