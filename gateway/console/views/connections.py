"""Connections: which systems are let in, when each was last here, what it was refused, and how to end one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from gateway.auth import registry
from gateway.auth.registration import Registration
from gateway.auth.registry import Client, Grant
from gateway.console.asked import Answer, Denied, Desk, Moved, Shown, Visit
from gateway.console.people import ADMINISTRATORS
from gateway.custody import client_seen
from gateway.custody.client_seen import Seen
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.operator import By

HERE = "/console/connections"
TOOL = "console"
OLD_DAYS = 365
_DAY = 86_400 * SECOND
_QUIET = 7 * _DAY


def show(desk: Desk, visit: Visit) -> Answer:
    """The organization's own clients, and the partners that it granted its plans to."""
    tenant, now = visit.person.organization, visit.now
    with desk.vault.database.read() as conn:
        mine, theirs = _clients(conn, tenant)
        seen = client_seen.of(conn, tenant)
        names = registry.organization_names(conn)
    values = {
        "own": [_told(one, seen.get(one.client_id), now) for one in mine],
        "partners": [
            {
                **_told(one, seen.get(one.client_id), now),
                "of": names.get(one.organization, ""),
                "grant": grant,
            }
            for one, grant in theirs
        ],
        "may_revoke": visit.person.role in ADMINISTRATORS,
        "old": OLD_DAYS,
    }
    return Shown("connections.html", values)


def revoke(desk: Desk, visit: Visit) -> Answer:
    """End a client of the organization, or the grant of a partner."""
    tenant, client_id = visit.person.organization, visit.form.get("client", "")
    with desk.vault.database.read() as conn:
        mine, theirs = _clients(conn, tenant)
        name = registry.organization_names(conn).get(tenant, "")
    by = Registration(desk.vault.database, desk.clock, desk.entropy, By(TOOL, visit.person.user))
    if any(one.client_id == client_id and one.revoked is None for one in mine):
        by.revoke_client(client_id)
    elif any(one.client_id == client_id and grant.revoked is None for one, grant in theirs):
        by.revoke_grant(client_id, name)
    else:
        raise Denied(404, "There is no such connection any more.")
    return Moved(HERE, "revoked")


def _clients(conn: Connection, tenant: Tenant) -> tuple[list[Client], list[tuple[Client, Grant]]]:
    every = {one.client_id: one for one in registry.clients(conn)}
    granted = [one for one in registry.grants(conn) if one.tenant == tenant and one.client_id in every]
    mine = [one for one in every.values() if one.organization == tenant]
    return mine, [(every[one.client_id], one) for one in granted]


def _told(one: Client, seen: Seen | None, now: int) -> dict[str, Any]:
    return {
        "id": one.client_id,
        "name": one.name,
        "role": one.role.value,
        "scopes": str(one.scopes),
        "since": one.created,
        "kept": "published at an address" if one.jwks_url else "registered by hand",
        "days": (now - one.created) // _DAY if one.jwks_url is None else None,
        "revoked": one.revoked,
        "seen": seen,
        "quiet": seen is not None and seen.last < now - _QUIET,
    }
