"""Which resources there are of a patient, by type and id alone: what a walk over all of them follows.

Type and id never change, so a walk that goes on after one meets each other once, whatever is written
meanwhile. What was first written after the walk began is on none of its pages.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo, tenant_of
from gateway.custody.records import Ref
from gateway.custody.tables import patient_link, record, version

_r, _v = record.c, version.c


def of_patient(conn: Connection, patient: StoredId, ceiling: WriteNo, since: int = 0) -> list[Ref]:
    """What lies in the patient's compartment and was written, last, since then (microseconds)."""
    return _refs(conn, _r.compartment == patient, ceiling, since)


def naming(conn: Connection, patient: StoredId, ceiling: WriteNo, since: int = 0) -> list[Ref]:
    """What concerns several patients, this one among them."""
    named = (patient_link.c.tenant == tenant_of(ceiling), patient_link.c.patient == patient)
    links = select(patient_link.c.write_no).where(*named)
    shared = and_(_r.compartment == TENANT_COMPARTMENT, _r.write_no.in_(links))
    return _refs(conn, shared, ceiling, since)


def of_nobody(conn: Connection, refs: set[Ref], tenant: Tenant, since: int = 0) -> list[Ref]:
    """Those of these resources that concern no patient at all, such as a Practitioner."""
    found: list[Ref] = []
    for type_ in {type_ for type_, _ in refs}:
        ids = [id_ for kind, id_ in refs if kind == type_]
        named = exists().where(patient_link.c.tenant == tenant, patient_link.c.write_no == _r.write_no)
        these = and_(_r.type == type_, _r.id.in_(ids), _r.compartment == TENANT_COMPARTMENT, ~named)
        found += _living(conn, and_(_r.tenant == tenant, these), since)
    return found


def _refs(conn: Connection, where: ColumnElement[bool], ceiling: WriteNo, since: int) -> list[Ref]:
    same = and_(_v.tenant == _r.tenant, _v.type == _r.type, _v.id == _r.id)
    known = exists().where(same, _v.write_no <= ceiling)
    return _living(conn, and_(_r.tenant == tenant_of(ceiling), where, known), since)


def _living(conn: Connection, where: ColumnElement[bool], since: int) -> list[Ref]:
    query = select(_r.type, _r.id).where(where, _r.deleted == 0)
    if since:
        newest = version.alias("newest")
        query = query.join(newest, newest.c.write_no == _r.write_no).where(newest.c.written >= since)
    return [(type_, StoredId(id_)) for type_, id_ in conn.execute(query)]
