"""Links between Patients as they are kept: who goes into whom, who of the two says so, what became of it.

The gateway alone writes them, in the transaction of the write that changes them and behind the tenant's
counter; workers ask whom a job is about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.database import in_batches
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.tables import patient_merge

UNITED, UNDONE = "united", "undone"

_m = patient_merge.c


@dataclass(frozen=True, slots=True)
class Merge:
    """One link that was told, and how it stands. ``since`` is when it came to stand so."""

    patient: StoredId
    successor: StoredId
    replaced_by: bool
    """Whether the record itself says it."""
    replaces: bool
    """Whether the one that it goes into says it."""
    state: str
    reason: str | None
    survivor: StoredId | None
    """The end of the chain, where the two are one person."""
    since: int


@dataclass(frozen=True, slots=True)
class Union:
    """Whose data make a plan: those of the surviving record, and of the others that it stands for.

    For a patient that went into another, ``survivor`` is that other and ``others`` are empty.
    """

    survivor: StoredId
    others: tuple[StoredId, ...] = ()


def union(conn: Connection, tenant: Tenant, patient: StoredId) -> Union:
    """Whom a job for this patient is about."""
    rows = conn.execute(UNION, {"tenant": tenant, "patient": patient}).all()
    for row in rows:
        if row.patient == patient:
            return Union(StoredId(row.survivor))
    return Union(patient, tuple(sorted({StoredId(row.patient) for row in rows})))


def group(conn: Connection, tenant: Tenant, patients: Iterable[StoredId]) -> frozenset[Merge]:
    """Every link that is told now and hangs together with one of these patients."""
    found: set[Merge] = set()
    seen: set[StoredId] = set()
    fresh = set(patients)
    while fresh:
        seen |= fresh
        near = (merge for merge in _touching(conn, tenant, fresh) if merge.state != UNDONE)
        found |= {merge for merge in near if not fresh.isdisjoint((merge.patient, merge.successor))}
        fresh = {one for merge in found for one in (merge.patient, merge.successor)} - seen
    return frozenset(found)


def save(conn: Connection, tenant: Tenant, merges: Sequence[Merge]) -> None:
    """Keep these links as they stand now."""
    if not merges:
        return
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    new = dialect.insert(patient_merge)
    keys = ("tenant", "patient", "successor")
    values = {column.name: new.excluded[column.name] for column in _m if column.name not in keys}
    ordered = sorted(merges, key=lambda merge: (merge.patient, merge.successor))
    conn.execute(
        new.on_conflict_do_update(index_elements=keys, set_=values),
        [_row(tenant, merge) for merge in ordered],
    )


def forget(conn: Connection, tenant: Tenant, patient: StoredId) -> None:
    """Delete every link that names a patient, ended ones too."""
    named = or_(_m.patient == patient, _m.successor == patient)
    conn.execute(delete(patient_merge).where(_m.tenant == tenant, named))


def listing(conn: Connection, tenant: Tenant) -> list[Merge]:
    """Every link that was ever told, the newest change first."""
    query = select(patient_merge).where(_m.tenant == tenant)
    rows = conn.execute(query.order_by(_m.since.desc(), _m.patient, _m.successor))
    return [_merge(row) for row in rows]


# Each half is a search by the key, or by an index that holds all that it needs: of anything else, such as an
# OR, SQLite makes a walk through all of the tenant's rows.
_TENANT = _m.tenant == bindparam("tenant")
_SOME: BindParameter[Any] = bindparam("patients", expanding=True)
_INTO_SOME = select(_m.patient).where(_TENANT, _m.successor.in_(_SOME))
TOUCHING = union_all(
    select(patient_merge).where(_TENANT, _m.patient.in_(_SOME)),
    select(patient_merge).where(_TENANT, _m.patient.in_(_INTO_SOME)),
)
_ENDS = select(_m.patient, _m.survivor).where(_TENANT)
UNION = union_all(
    _ENDS.where(_m.state == UNITED, _m.patient == bindparam("patient")),
    _ENDS.where(_m.survivor == bindparam("patient")),
)


def _touching(conn: Connection, tenant: Tenant, patients: Collection[StoredId]) -> list[Merge]:
    """The links that name one of these, and perhaps more of the records that go into one of them."""
    return [
        _merge(row)
        for batch in in_batches(patients)
        for row in conn.execute(TOUCHING, {"tenant": tenant, "patients": batch})
    ]


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        StoredId(row.patient),
        StoredId(row.successor),
        bool(row.replaced_by),
        bool(row.replaces),
        row.state,
        row.reason,
        None if row.survivor is None else StoredId(row.survivor),
        row.since,
    )


def _row(tenant: Tenant, merge: Merge) -> dict[str, object]:
    return {
        "tenant": tenant,
        "patient": merge.patient,
        "successor": merge.successor,
        "replaced_by": int(merge.replaced_by),
        "replaces": int(merge.replaces),
        "state": merge.state,
        "reason": merge.reason,
        "survivor": merge.survivor,
        "since": merge.since,
    }
