"""From a stored id back to the id that the EHR gave, for the EHR alone.

A plan that a worker wrote speaks of ``Patient/<pseudonym>``; its owner is to read ``Patient/mrn-1``. The text
is sealed under the identity key of the compartment that the resource lies in, so erasing a patient takes the
way back with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.cipher import Place, seal, unseal
from gateway.custody.database import in_batches
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import IdentityKey
from gateway.custody.records import Ref
from gateway.custody.tables import link

COLUMN = "link.sealed"
# A link is written once and has no versions.
_VERSION = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A sealed way back, and the compartment whose key opens it."""

    tenant: Tenant
    type: str
    id: StoredId
    compartment: StoredId
    sealed: bytes

    def place(self) -> Place:
        """Where it belongs."""
        return _place(self.tenant, self.compartment, (self.type, self.id))


def seal_link(key: IdentityKey, place: tuple[Tenant, StoredId, Ref], text: str, salt: bytes) -> Link:
    """The link of a resource, given as tenant, compartment and (type, id), to the EHR's own id."""
    tenant, compartment, (type_, id_) = place
    return Link(tenant, type_, id_, compartment, seal(key, _place(*place), text.encode(), salt))


def open_link(key: IdentityKey, found: Link) -> str:
    """The EHR's own id."""
    return unseal(key, found.place(), found.sealed).decode()


def put(conn: Connection, links: Sequence[Link]) -> None:
    """Keep these links; one that is kept already stays as it is."""
    if not links:
        return
    rows = [
        {
            "tenant": new.tenant,
            "type": new.type,
            "id": new.id,
            "compartment": new.compartment,
            "sealed": new.sealed,
        }
        for new in sorted(links, key=lambda new: (new.tenant, new.type, new.id))
    ]
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    conn.execute(dialect.insert(link).on_conflict_do_nothing(), rows)


def get(conn: Connection, tenant: Tenant, refs: Iterable[Ref]) -> Mapping[Ref, Link]:
    """The links of these resources; who has none is absent."""
    by_type: dict[str, set[StoredId]] = {}
    for type_, id_ in refs:
        by_type.setdefault(type_, set()).add(id_)
    found = (
        Link(*row)
        for type_, ids in by_type.items()
        for batch in in_batches(ids)
        for row in conn.execute(
            select(link).where(and_(link.c.tenant == tenant, link.c.type == type_, link.c.id.in_(batch)))
        )
    )
    return {(one.type, one.id): one for one in found}


def _place(tenant: Tenant, compartment: StoredId, ref: Ref) -> Place:
    return Place(tenant, compartment, ref[0], ref[1], _VERSION, COLUMN)
