"""From a stored id back to the id that the EHR gave, for the EHR alone.

A plan that a worker wrote speaks of ``Patient/<pseudonym>``; its owner is to read ``Patient/mrn-1``. The text
is sealed under the identity key of the compartment that the resource lies in, so erasing a patient takes the
way back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, and_, bindparam, select

from gateway.custody.cipher import Place, seal, unseal
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import IdentityKey
from gateway.custody.prepared import Prepared, Reading, insert_into, listed, one_of
from gateway.custody.records import Ref, by_type
from gateway.custody.tables import link

COLUMN = "link"


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed way back, and the compartment whose key opens it."""

    tenant: Tenant
    type: str
    id: StoredId
    compartment: StoredId
    sealed: bytes


def seal_link(key: IdentityKey, where: tuple[Tenant, StoredId, Ref], text: str, salt: bytes) -> Link:
    """The link to the EHR's own id, of a resource given as tenant, compartment and (type, id)."""
    tenant, compartment, ref = where
    return Link(tenant, *ref, compartment, seal(key, _place(*where), text.encode(), salt))


def open_link(key: IdentityKey, found: Link) -> str:
    """The EHR's own id."""
    place = _place(found.tenant, found.compartment, (found.type, found.id))
    return unseal(key, place, found.sealed).decode()


def _place(tenant: Tenant, compartment: StoredId, ref: Ref) -> Place:
    # A link belongs to no version: there is one, and it is replaced.
    return Place(tenant, compartment, *ref, 0, COLUMN)


def put(conn: Connection, links: Sequence[Link]) -> None:
    """Keep these links; the newest counts, for a resource may have moved to another compartment."""
    rows = ((new.tenant, new.type, new.id, new.compartment, new.sealed) for new in links)
    _PUT.run_each(conn, (dict(zip(link.columns.keys(), row, strict=True)) for row in rows))


def _putting(dialect: Dialect) -> Any:
    first = insert_into(dialect, link)
    return first.on_conflict_do_update(
        index_elements=["tenant", "type", "id"],
        set_={"compartment": first.excluded.compartment, "sealed": first.excluded.sealed},
    )


_PUT = Prepared(_putting)


def get(at: Reading, tenant: Tenant, refs: Iterable[Ref]) -> dict[Ref, Link]:
    """The links of these resources; who has none is absent."""
    return {
        (found.type, found.id): found
        for type_, ids in by_type(refs)
        for count, values in listed("id", ids)
        for found in (Link(*row) for row in _of(count).rows(at, tenant=tenant, type=type_, **values))
    }


@lru_cache(maxsize=16)
def _of(count: int) -> Prepared:
    mine = and_(link.c.tenant == bindparam("tenant"), link.c.type == bindparam("type"))
    return Prepared(select(link).where(mine, one_of(link.c.id, "id", count)))
