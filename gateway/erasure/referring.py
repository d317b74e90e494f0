"""The search rows that a reference into an erased compartment would have left, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from sqlalchemy import Connection, select

from gateway.custody import index
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.custody.tables import record
from mappers.r4 import search
from mappers.r4.model import MODEL, Parameter
from mappers.r4.search_terms import Asked


def keys(conn: Connection, index_key: bytes, tenant: Tenant, patient: StoredId) -> set[bytes]:
    """The keys of all rows that say: this resource refers to something of this patient's compartment."""
    mine = select(record.c.type, record.c.id).where(
        record.c.tenant == tenant, record.c.compartment == patient
    )
    refs = {(row.type, StoredId(row.id)) for row in conn.execute(mine)} | {("Patient", patient)}
    texts = ((target, f"{target}/{pseudonym(stored)}") for target, stored in refs)
    return {
        index.token_key(index_key, type_, name, text)
        for target, text in texts
        for type_, name in rows_of(target)
    }


@cache
def rows_of(target: str) -> tuple[tuple[str, str], ...]:
    """The type and the row's name of every search parameter that may point at a type."""
    return tuple(sorted({found for kind in MODEL.search for found in _rows(kind, target)}))


def _rows(kind: str, target: str) -> Iterator[tuple[str, str]]:
    for name, parameter in MODEL.search[kind].items():
        if parameter.type == "reference" and _may_point_at(kind, parameter, target):
            for row, _ in search.query(kind, name, None, f"{target}/1").tokens:
                yield kind, row


def _may_point_at(kind: str, parameter: Parameter, target: str) -> bool:
    asked = Asked(kind, parameter, None)
    for path in parameter.paths:
        if path.target is not None:
            if path.target == target:
                return True
            continue
        element = asked.element(path)
        if element is not None and (not element.targets or target in element.targets):
            return True
    return False
