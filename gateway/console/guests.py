"""Use case: whom a provider vouched for comes in. Their seat is what the provider says today, and no more."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.auth import registry
from gateway.console import people
from gateway.console.asked import Denied
from gateway.console.entering import Entrance
from gateway.console.people import Person, Role
from gateway.console.provider import Proven
from gateway.custody.ids import Tenant

_ID_BYTES = 12


def come_in(entrance: Entrance, proven: Proven) -> bytes:
    """The token of a new session. Raises ``Denied`` for who was revoked here."""
    with entrance.desk.vault.database.write() as conn:
        owner = registry.find_organization(conn, proven.seat.organization)
        if owner is None:
            raise Denied(
                403, "The organization of your role is not registered here. Tell who runs this console."
            )
        person = _seated(conn, entrance, proven, owner)
        return entrance.begin(conn, person, "identity provider")


def _seated(conn: Connection, entrance: Entrance, proven: Proven, owner: Tenant) -> Person:
    role, now = Role(proven.seat.role), entrance.where.now
    known = people.find(conn, subject=proven.subject)
    if known is None:
        id_ = entrance.desk.entropy(_ID_BYTES).hex()
        made = Person(id_, proven.login, proven.name, owner, role, now, None, proven.subject, None)
        people.add(conn, made)
        return made
    if known.revoked is not None:
        raise Denied(403, "Your access to this console was revoked.")
    people.change(conn, known.id, role=role.value, organization=owner, name=proven.name)
    found = people.find(conn, id=known.id)
    assert found is not None
    return found
